/* The D-Bus interface as XML, without a bus: the vtable that answers there is asked over a pair of sockets */
#include <string.h>
#include <sys/socket.h>

#include "service/bus.h"

/* A connection over @fd, without a bus between. */
static int open_peer(int fd, bool is_server, sd_bus **ret)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        sd_id128_t id;
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        if (is_server) {
                r = sd_id128_randomize(&id);
                if (r >= 0)
                        r = sd_bus_set_server(bus, true, id);
        }
        if (r >= 0)
                r = sd_bus_set_anonymous(bus, true);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

static int on_xml(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        char **xml = userdata;
        const char *text;
        int r;

        r = sd_bus_message_read(m, "s", &text);
        if (r >= 0)
                *xml = xstrdup(text);
        return r < 0 ? r : 1;
}

/* Lets both ends of a connection work, in turns, until the answer is there. */
static int exchange(sd_bus *server, sd_bus *client, char **xml)
{
        for (int i = 0; i < 1000 && !*xml; i++) {
                int a = sd_bus_process(server, NULL), b = sd_bus_process(client, NULL);

                if (a < 0 || b < 0)
                        return a < 0 ? a : b;
        }
        return *xml ? 0 : -ETIMEDOUT;
}

int bus_introspect(char **ret)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *server = NULL, *client = NULL;
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        _cleanup_free_ char *xml = NULL;
        int fds[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return -errno;
        r = open_peer(fds[0], true, &server);
        if (r < 0) {
                (void) close(fds[1]);
                return r;
        }
        r = open_peer(fds[1], false, &client);
        if (r >= 0)
                r = bus_add_interface(server, NULL, NULL);
        if (r >= 0)
                r = sd_bus_call_method_async(client, &slot, NULL, BUS_PATH,
                                             "org.freedesktop.DBus.Introspectable", "Introspect",
                                             on_xml, &xml, NULL);
        if (r >= 0)
                r = exchange(server, client, &xml);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(xml);
        return 0;
}
