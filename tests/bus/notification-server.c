/*
 * A notification service that shows nothing: it prints "SUMMARY<tab>BODY" of each notification as a line
 */
#include <systemd/sd-bus.h>

#include "base/cleanup.h"

static int method_notify(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *app, *icon, *summary, *body;
        uint32_t replaces;
        int r;

        r = sd_bus_message_read(m, "susss", &app, &replaces, &icon, &summary, &body);
        if (r < 0)
                return r;
        printf("%s\t%s\n", summary, body);
        fflush(stdout);
        return sd_bus_reply_method_return(m, "u", (uint32_t) 1);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Notify", "susssasa{sv}i", "u", method_notify, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int main(void)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_open_user(&bus);
        if (r >= 0)
                r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/Notifications",
                                             "org.freedesktop.Notifications", vtable, NULL);
        if (r >= 0)
                r = sd_bus_request_name(bus, "org.freedesktop.Notifications", 0);
        if (r >= 0) {
                puts("ready");
                fflush(stdout);
        }
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        return EXIT_FAILURE;
}
