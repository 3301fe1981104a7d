/* scrubjayctl watch: cycles and found secrets as they happen */
#include <inttypes.h>
#include <string.h>

#include "base/time-util.h"
#include "ctl/command.h"
#include "ctl/daemon-client.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/options.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

#define LINES_PER_SECOND 5 /* about found secrets; as many as can be read */

static bool as_json;

/* What was found beyond that in the second that began then. */
static struct {
        uint64_t began_usec;
        unsigned n_lines;
        uint64_t n_sessions, n_secrets;
} folded;

/* "14:03:22 " on a line for people; an object with time and event for programs, NULL otherwise. */
static struct json_object *event_begin(const char *event)
{
        uint64_t now = now_usec(CLOCK_REALTIME);
        time_t t = (time_t) (now / USEC_PER_SEC);
        struct json_object *o;
        char text[16] = "";
        struct tm tm;

        if (as_json) {
                o = json_new();
                json_add_time(o, "at", now);
                json_add_text(o, "event", event);
                return o;
        }
        if (localtime_r(&t, &tm))
                (void) strftime(text, sizeof(text), "%H:%M:%S", &tm);
        printf("%s%s%s  ", style_on(STYLE_DIM), text, style_off());
        return NULL;
}

/* Ends the line of what event_begin() gave. */
static void event_end(struct json_object *o)
{
        if (o)
                (void) json_print_line(stdout, o);
        else
                putchar('\n');
        fflush(stdout);
}

static void say(const char *event, Style style, const char *text)
{
        struct json_object *o = event_begin(event);

        if (!o)
                printf("%s%s%s", style_on(style), text, style_off());
        event_end(o);
}

static int on_started(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        say("sync-started", STYLE_DIM, _("sync started"));
        return 0;
}

static void on_error(void *userdata, const char *session_id, const char *reason)
{
        json_add_text(userdata, session_id, reason);
}

static void print_errors(struct json_object *errors)
{
        json_object_object_foreach(errors, key, reason)
        {
                _cleanup_free_ char *id = printable(key);
                _cleanup_free_ char *text = printable(json_object_get_string(reason));

                printf("\n          %s%s%s: %s", style_on(STYLE_BAD), id, style_off(), text);
        }
}

/* Prints the rest as one line, at the end of a second or before the next event. */
static void flush_folded(void)
{
        if (folded.n_sessions == 0)
                return;
        (void) event_begin("secrets-found");
        printf("%s%s%s ", style_on(STYLE_MASKED), _("secrets found"), style_off());
        printf(P_("in %" PRIu64 " more session: %" PRIu64 ". Rotate them.",
                  "in %" PRIu64 " more sessions: %" PRIu64 ". Rotate them.", folded.n_sessions),
               folded.n_sessions, folded.n_secrets);
        event_end(NULL);
        folded.n_sessions = folded.n_secrets = 0;
}

static int on_completed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        _cleanup_(json_object_putp) struct json_object *errors = json_new();
        struct json_object *o;
        CycleNumbers n;

        if (daemon_read_numbers(m, &n, on_error, errors) < 0)
                return 0;
        flush_folded();
        o = event_begin("sync-completed");
        if (o) {
                json_add_count(o, "sessions_synced", n.n_synced);
                json_add_count(o, "sessions_skipped", n.n_skipped);
                json_add_count(o, "secrets_detected", n.n_secrets);
                json_add(o, "errors", TAKE_PTR(errors));
        } else {
                printf(P_("%" PRIu64 " session synced", "%" PRIu64 " sessions synced", n.n_synced),
                       n.n_synced);
                printf(", ");
                printf(P_("%" PRIu64 " secret masked", "%" PRIu64 " secrets masked", n.n_secrets),
                       n.n_secrets);
                print_errors(errors);
        }
        event_end(o);
        return 0;
}

/* Does this session get its own line? For a first sync's thousands, people get a sum; programs get all. */
static bool has_own_line(uint64_t n_secrets)
{
        uint64_t now = now_usec(CLOCK_MONOTONIC);

        if (as_json)
                return true;
        if (now - folded.began_usec >= USEC_PER_SEC) {
                flush_folded();
                folded.began_usec = now;
                folded.n_lines = 0;
        }
        if (folded.n_lines++ < LINES_PER_SECOND)
                return true;
        folded.n_sessions++;
        folded.n_secrets += n_secrets;
        return false;
}

static int on_secrets(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        _cleanup_(json_object_putp) struct json_object *rules = json_new();
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        _cleanup_free_ char *session = NULL;
        struct json_object *o;
        uint64_t n_secrets = 0;
        const char *id, *rule;
        uint32_t n;
        int r;

        r = sd_bus_message_read(m, "s", &id);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{su}");
        if (r < 0)
                return 0;
        while (sd_bus_message_read(m, "{su}", &rule, &n) > 0) {
                json_add_count(rules, rule, n);
                (void) strbuf_printf(&text, "%s%" PRIu32 " ", text.size > 0 ? ", " : "", n);
                (void) put_printable(&text, PRINTABLE_LINE, rule, strlen(rule));
                n_secrets += n;
        }
        if (!has_own_line(n_secrets))
                return 0;
        o = event_begin("secrets-found");
        if (o) {
                json_add_text(o, "session", id);
                json_add(o, "rules", TAKE_PTR(rules));
        } else {
                session = printable(id);
                printf("%s%s%s ", style_on(STYLE_MASKED), _("secrets found"), style_off());
                printf(_("in session %s: %s. Rotate them."), session, text.data ?: "");
        }
        event_end(o);
        return 0;
}

static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *name, *before, *after;

        if (sd_bus_message_read(m, "sss", &name, &before, &after) < 0)
                return 0;
        if (*after)
                say("daemon-started", STYLE_GOOD, _("scrubjayd is running"));
        else
                say("daemon-stopped", STYLE_WARNING, _("scrubjayd has stopped"));
        return 0;
}

static int follow(sd_bus *bus)
{
        static const struct {
                const char *name;
                sd_bus_message_handler_t on_signal;
        } signals[] = {
                { "SyncStarted", on_started },
                { "SyncCompleted", on_completed },
                { "SecretsFound", on_secrets },
        };
        _cleanup_(daemon_status_done) DaemonStatus s = { 0 };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(signals); i++)
                r = sd_bus_match_signal(bus, NULL, DAEMON_NAME, DAEMON_PATH, DAEMON_INTERFACE,
                                        signals[i].name, signals[i].on_signal, NULL);
        if (r >= 0)
                r = sd_bus_add_match(bus, NULL,
                                     "type='signal',sender='org.freedesktop.DBus',"
                                     "member='NameOwnerChanged',arg0='" DAEMON_NAME "'",
                                     on_owner, NULL);
        if (r >= 0)
                r = daemon_get_status(bus, false, &s);
        if (r == 0)
                say("daemon-stopped", STYLE_WARNING,
                    _("scrubjayd is not running; waiting for it (Ctrl-C ends this)"));
        else if (r > 0)
                say("watching", STYLE_DIM, _("watching; Ctrl-C ends this"));
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, folded.n_sessions > 0 ? USEC_PER_SEC : UINT64_MAX);
                if (now_usec(CLOCK_MONOTONIC) - folded.began_usec >= USEC_PER_SEC)
                        flush_folded();
        }
        return r;
}

int command_watch(int argc, char *argv[])
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        const Option options[] = {
                { "json", NULL, N_("print one JSON object per line"), OPTION_FLAG, &as_json },
        };
        const Usage usage = {
                .summary = N_("Shows syncs and new secrets as they happen, until Ctrl-C."),
                .example = "scrubjayctl watch --json | jq .rules",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };
        int r;

        (void) options_parse(&usage, argc, argv);
        r = daemon_connect(&bus);
        if (r < 0)
                return daemon_no_bus(r);
        r = follow(bus);
        print_error(_("The connection to the user bus was lost: %s."), strerror(-r));
        return STATUS_FAILED;
}
