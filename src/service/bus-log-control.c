/* org.freedesktop.LogControl1, see its man page; libsystemd has no helper for it before 257 */
#include "service/bus-log-control.h"

#include "service/log.h"

static int property_get_log_level(sd_bus *bus, const char *path, const char *interface,
                                  const char *property, sd_bus_message *reply, void *userdata,
                                  sd_bus_error *error)
{
        return sd_bus_message_append(reply, "s", log_level_name(log_max_level()));
}

static int property_set_log_level(sd_bus *bus, const char *path, const char *interface,
                                  const char *property, sd_bus_message *value, void *userdata,
                                  sd_bus_error *error)
{
        const char *name;
        int r;

        r = sd_bus_message_read(value, "s", &name);
        if (r < 0)
                return r;
        r = log_level_from_name(name);
        if (r < 0)
                return sd_bus_error_set(
                                error, SD_BUS_ERROR_INVALID_ARGS,
                                "The log levels are emerg, alert, crit, err, warning, notice, info, debug.");
        log_set_max_level(r);
        return 0;
}

static int property_get_log_target(sd_bus *bus, const char *path, const char *interface,
                                   const char *property, sd_bus_message *reply, void *userdata,
                                   sd_bus_error *error)
{
        return sd_bus_message_append(reply, "s", log_target_name(log_target()));
}

static int property_set_log_target(sd_bus *bus, const char *path, const char *interface,
                                   const char *property, sd_bus_message *value, void *userdata,
                                   sd_bus_error *error)
{
        const char *name;
        int r;

        r = sd_bus_message_read(value, "s", &name);
        if (r < 0)
                return r;
        r = log_target_from_name(name);
        if (r < 0)
                return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
                                        "The log targets are auto, journal, console, null.");
        log_set_target((LogTarget) r);
        return 0;
}

static int property_get_syslog_identifier(sd_bus *bus, const char *path, const char *interface,
                                          const char *property, sd_bus_message *reply,
                                          void *userdata, sd_bus_error *error)
{
        return sd_bus_message_append(reply, "s", "scrubjayd");
}

/* Open to everybody on the bus: it is the person's own. */
static const sd_bus_vtable log_control_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", property_get_log_level, property_set_log_level, 0,
                                 SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", property_get_log_target, property_set_log_target,
                                 0, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("SyslogIdentifier", "s", property_get_syslog_identifier, 0,
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

int bus_add_log_control(sd_bus *bus)
{
        return sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/LogControl1",
                                        "org.freedesktop.LogControl1", log_control_vtable, NULL);
}
