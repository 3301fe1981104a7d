/* scrubjayctl log-level: how much the daemon writes to the journal, without a restart */
#include <string.h>

#include "ctl/command.h"
#include "ctl/daemon-client.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/options.h"
#include "ctl/text.h"

#define LOG_PATH      "/org/freedesktop/LogControl1"
#define LOG_INTERFACE "org.freedesktop.LogControl1"

static const char *const levels[] = { "emerg",   "alert",  "crit", "err",
                                      "warning", "notice", "info", "debug" };

static bool is_level(const char *name)
{
        for (size_t i = 0; i < ELEMENTSOF(levels); i++)
                if (strcmp(levels[i], name) == 0)
                        return true;
        return false;
}

static int show(sd_bus *bus, bool json)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *level = NULL, *text = NULL;
        int r;

        r = sd_bus_get_property_string(bus, DAEMON_NAME, LOG_PATH, LOG_INTERFACE, "LogLevel",
                                       &error, &level);
        if (r < 0)
                return daemon_failed(&error, r);
        if (json) {
                struct json_object *o = json_new();

                json_add_text(o, "log_level", level);
                return json_print(o) < 0 ? STATUS_FAILED : STATUS_DONE;
        }
        text = printable(level);
        puts(text);
        return STATUS_DONE;
}

static int set(sd_bus *bus, const char *level)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_set_property(bus, DAEMON_NAME, LOG_PATH, LOG_INTERFACE, "LogLevel", &error, "s",
                                level);
        return r < 0 ? daemon_failed(&error, r) : STATUS_DONE;
}

int command_log_level(int argc, char *argv[])
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        bool json = false;
        const Option options[] = {
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &json },
        };
        const Usage usage = {
                .arguments = N_("[LEVEL]"),
                .summary = N_("Shows the log level of scrubjayd, or sets it until scrubjayd ends. "
                              "Levels: emerg, alert, crit, err, warning, notice, info, debug."),
                .example = "scrubjayctl log-level debug",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .max_arguments = 1,
        };
        int first = options_parse(&usage, argc, argv);
        int r;

        if (first < argc && !is_level(argv[first])) {
                print_error(_("'%s' is not a log level. See 'scrubjayctl log-level --help'."),
                            argv[first]);
                return STATUS_USAGE;
        }
        r = daemon_connect(&bus);
        if (r < 0)
                return daemon_no_bus(r);
        return first < argc ? set(bus, argv[first]) : show(bus, json);
}
