/*
 * scrubjayctl sync, resync: a cycle now, and its progress
 *
 * The daemon does the work; this only watches. Ctrl-C ends the watching, never the work.
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/time-util.h"
#include "ctl/bar.h"
#include "ctl/command.h"
#include "ctl/daemon-client.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/options.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

#define POLL_USEC (200 * USEC_PER_MSEC)

typedef struct Run {
        sd_bus *bus;
        bool is_answered;
        int result;                   /* 0 or a negative errno, once answered */
        sd_bus_error error;           /* why, or empty */
        CycleNumbers numbers;         /* of the cycle that answered */
        struct json_object *errors;   /* session id -> reason */
        uint64_t n_synced, n_secrets; /* of every cycle that ended meanwhile */
        bool has_seen_cycle;
        uint64_t began_usec;
} Run;

static void run_done(Run *run)
{
        sd_bus_error_free(&run->error);
        (void) json_object_put(run->errors);
        (void) sd_bus_flush_close_unref(run->bus);
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
        interrupted = 1;
}

static void on_error(void *userdata, const char *session_id, const char *reason)
{
        json_add_text(userdata, session_id, reason);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Run *run = userdata;

        run->is_answered = true;
        if (sd_bus_message_is_method_error(m, NULL)) {
                run->result = -sd_bus_message_get_errno(m);
                (void) sd_bus_error_copy(&run->error, sd_bus_message_get_error(m));
                return 0;
        }
        run->result = daemon_read_numbers(m, &run->numbers, on_error, run->errors);
        return 0;
}

static int on_completed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        CycleNumbers numbers;
        Run *run = userdata;

        if (daemon_read_numbers(m, &numbers, NULL, NULL) >= 0) {
                run->n_synced += numbers.n_synced;
                run->n_secrets += numbers.n_secrets;
                run->has_seen_cycle = true;
        }
        return 0;
}

/* @method resets: ForceResync or ResyncIdentity, which answer at once. */
static int reset(Run *run, const char *method)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(run->bus, DAEMON_NAME, DAEMON_PATH, DAEMON_INTERFACE, method, &error,
                               NULL, "");
        if (r < 0)
                (void) daemon_failed(&error, r);
        return r < 0 ? r : 0;
}

static int begin(Run *run, const char *resync)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_match_signal(run->bus, NULL, DAEMON_NAME, DAEMON_PATH, DAEMON_INTERFACE,
                                "SyncCompleted", on_completed, run);
        if (r >= 0 && resync) {
                r = reset(run, resync);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = daemon_new_call(run->bus, "RunOnce", &call);
        /* it answers when the cycle is done, however long that takes */
        if (r >= 0)
                r = sd_bus_call_async(run->bus, NULL, call, on_answer, run, UINT64_MAX);
        if (r < 0)
                (void) daemon_failed(NULL, r);
        return r < 0 ? r : 0;
}

static void show_progress(Run *run, Bar *bar)
{
        _cleanup_(daemon_status_done) DaemonStatus s = { 0 };

        /* blocks for a moment: Status always answers at once */
        if (daemon_get_status(run->bus, false, &s) > 0 && s.syncing)
                bar_update(bar, s.n_pending, now_usec(CLOCK_MONOTONIC));
}

/* Until the answer comes. Returns 0, -EINTR (Ctrl-C), or a negative errno after saying why. */
static int wait_for_answer(Run *run, bool quiet)
{
        _cleanup_(bar_freep) Bar *bar = quiet ? NULL : bar_new();
        uint64_t polled = 0;
        int r;

        while (!run->is_answered) {
                uint64_t now = now_usec(CLOCK_MONOTONIC);

                if (interrupted)
                        return -EINTR;
                r = sd_bus_process(run->bus, NULL);
                if (r > 0)
                        continue;
                if (r >= 0 && bar && now - polled >= POLL_USEC) {
                        polled = now;
                        show_progress(run, bar);
                }
                if (r >= 0)
                        r = sd_bus_wait(run->bus, POLL_USEC);
                if (r < 0 && r != -EINTR) {
                        bar_clear(bar);
                        (void) daemon_failed(NULL, r);
                        return r;
                }
        }
        return 0;
}

static void print_errors(const Run *run)
{
        json_object_object_foreach(run->errors, key, reason)
        {
                _cleanup_free_ char *id = printable(key);
                _cleanup_free_ char *text = printable(json_object_get_string(reason));

                printf("  %s%s%s: %s\n", style_on(STYLE_BAD), id, style_off(), text);
        }
}

static void print_result(const Run *run, uint64_t n_synced, uint64_t n_secrets)
{
        uint64_t elapsed = now_usec(CLOCK_MONOTONIC) - run->began_usec;

        printf(P_("%" PRIu64 " session synced", "%" PRIu64 " sessions synced", n_synced), n_synced);
        printf(", ");
        printf(P_("%" PRIu64 " secret masked", "%" PRIu64 " secrets masked", n_secrets), n_secrets);
        printf(" (%.1f s).\n", (double) elapsed / (double) USEC_PER_SEC);
        if (run->numbers.n_errors == 0)
                return;
        printf(P_("%" PRIu64 " session failed:", "%" PRIu64 " sessions failed:",
                  run->numbers.n_errors),
               run->numbers.n_errors);
        putchar('\n');
        print_errors(run);
}

static int finish(Run *run, bool json)
{
        /* the work may have been done by a cycle that was under way before the one that answered */
        uint64_t n_synced = run->has_seen_cycle ? run->n_synced : run->numbers.n_synced;
        uint64_t n_secrets = run->has_seen_cycle ? run->n_secrets : run->numbers.n_secrets;

        if (run->result < 0)
                return daemon_failed(sd_bus_error_is_set(&run->error) ? &run->error : NULL,
                                     run->result);
        if (json) {
                struct json_object *o = json_new();

                json_add_count(o, "sessions_synced", n_synced);
                json_add_count(o, "sessions_skipped", run->numbers.n_skipped);
                json_add_count(o, "secrets_detected", n_secrets);
                json_add(o, "errors", json_object_get(run->errors));
                if (json_print(o) < 0)
                        return STATUS_FAILED;
        } else
                print_result(run, n_synced, n_secrets);
        return run->numbers.n_errors > 0 ? STATUS_FAILED : STATUS_DONE;
}

/* @resync: the method that resets first; NULL: none. */
static int run_and_wait(const char *resync, bool json)
{
        const struct sigaction action = { .sa_handler = on_interrupt };
        _cleanup_(run_done) Run run = { .error = SD_BUS_ERROR_NULL,
                                        .errors = json_new(),
                                        .began_usec = now_usec(CLOCK_MONOTONIC) };
        int r;

        r = daemon_connect(&run.bus);
        if (r < 0)
                return daemon_no_bus(r);
        (void) sigaction(SIGINT, &action, NULL);
        if (begin(&run, resync) < 0)
                return STATUS_FAILED;
        r = wait_for_answer(&run, json);
        if (r == -EINTR) {
                fprintf(stderr, "%s\n",
                        _("No longer waiting; scrubjayd continues. See 'scrubjayctl status'."));
                (void) signal(SIGINT, SIG_DFL);
                (void) raise(SIGINT);
        }
        return r < 0 ? STATUS_FAILED : finish(&run, json);
}

int command_sync(int argc, char *argv[])
{
        bool json = false;
        const Option options[] = {
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &json },
        };
        const Usage usage = {
                .summary = N_("Syncs all changes now, and waits until they are in the archive. "
                              "Ctrl-C only stops the waiting."),
                .example = "scrubjayctl sync && scrubjayctl sessions --since today",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };

        (void) options_parse(&usage, argc, argv);
        return run_and_wait(NULL, json);
}

int command_resync(int argc, char *argv[])
{
        bool json = false, no_wait = false, identity = false;
        const Option options[] = {
                { "identity", NULL, N_("give earlier sessions the current user and machine"),
                  OPTION_FLAG, &identity },
                { "no-wait", NULL, N_("return once it has started"), OPTION_FLAG, &no_wait },
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &json },
        };
        const Usage usage = {
                .summary = N_("Reads, masks and writes every session again. Nothing is lost; it takes "
                              "as long as the first sync."),
                .example = "scrubjayctl resync --no-wait",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };
        const char *method;
        int r;

        (void) options_parse(&usage, argc, argv);
        method = identity ? "ResyncIdentity" : "ForceResync";
        if (no_wait) {
                _cleanup_(run_done) Run run = { .error = SD_BUS_ERROR_NULL };

                r = daemon_connect(&run.bus);
                if (r < 0)
                        return daemon_no_bus(r);
                return reset(&run, method) < 0 ? STATUS_FAILED : STATUS_DONE;
        }
        return run_and_wait(method, json);
}
