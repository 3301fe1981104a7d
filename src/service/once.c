/* scrubjayd --once: one cycle without bus and service manager */
#include "service/once.h"

#include <signal.h>
#include <string.h>

#include "base/json.h"
#include "base/terminal-text.h"
#include "remote/courier.h"
#include "service/couriers.h"
#include "service/log.h"
#include "service/worker.h"

#define EXIT_UNUSABLE 2

/* What is worth a separate delivery while the cycle continues. */
#define BYTES_EACH ((uint64_t) 8 * 1024 * 1024)

/* How soon a signal that came at a bad moment is seen. */
#define LOOK_USEC (250 * USEC_PER_MSEC)

typedef struct Once {
        Settings *settings;
        sd_event *event;
        Couriers *couriers; /* NULL: a small cycle is delivered when it is done */
        uint64_t bytes_told;
        struct json_object *remotes; /* what came of each */
        bool answered, remote_failed;
} Once;

static void once_done(Once *o)
{
        (void) sd_event_unref(o->event);
        (void) json_object_put(o->remotes);
}

static volatile sig_atomic_t stop_wanted;

static void on_signal(int number)
{
        stop_wanted = 1;
}

static void on_changed(void *userdata)
{
}

static void start_couriers(Once *o)
{
        if (!o->couriers && o->settings->n_remotes > 0)
                o->couriers = couriers_new(o->settings, o->event, on_changed, NULL);
}

static void add_number(struct json_object *object, const char *key, uint64_t number)
{
        json_add(object, key, json_object_new_int64((int64_t) number));
}

static bool on_progress(void *userdata, const Progress *progress)
{
        Once *o = userdata;

        if (progress->bytes_read >= o->bytes_told + BYTES_EACH) {
                o->bytes_told = progress->bytes_read;
                start_couriers(o);
                if (o->couriers)
                        couriers_poke(o->couriers);
        }
        return !stop_wanted;
}

static void on_delivered(void *userdata, const RemoteSnapshot *remotes, size_t n_remotes)
{
        Once *o = userdata;

        o->answered = true;
        for (size_t i = 0; i < o->settings->n_remotes; i++) {
                const char *error = remotes ? remotes[i].last_error : "It was stopped.";
                struct json_object *entry = json_new();

                add_number(entry, "rows_sent", remotes ? remotes[i].rows_sent : 0);
                json_add(entry, "error", json_object_new_string(error));
                json_add(o->remotes, settings_for_remote(o->settings, i).name, entry);
                o->remote_failed = o->remote_failed || *error;
        }
}

/* Every remote gets what the archive holds now. */
static void deliver(Once *o)
{
        start_couriers(o);
        if (!o->couriers)
                return;
        (void) couriers_deliver(o->couriers, on_delivered, o);
        while (!o->answered && !stop_wanted && sd_event_run(o->event, LOOK_USEC) >= 0)
                ;
}

static struct json_object *errors_of(const CycleResult *result)
{
        struct json_object *errors = json_new();

        for (size_t i = 0; i < result->n_errors; i++)
                json_add(errors, result->errors[i].session_id,
                         json_object_new_string(result->errors[i].reason));
        return errors;
}

static int print_result(const CycleResult *result, struct json_object *remotes)
{
        _cleanup_(json_object_putp) struct json_object *object = json_new();
        _cleanup_(strbuf_done) StrBuf safe = { 0 };
        const char *text;

        add_number(object, "sessions_synced", result->sessions_synced);
        add_number(object, "sessions_skipped", result->sessions_skipped);
        add_number(object, "secrets_detected", result->secrets_detected);
        json_add(object, "errors", errors_of(result));
        add_number(object, "secrets_new", result->secrets_new);
        add_number(object, "messages_written", result->messages_written);
        add_number(object, "bytes_read", result->bytes_read);
        add_number(object, "elapsed_usec", result->elapsed_usec);
        add_number(object, "cpu_usec", result->cpu_usec);
        json_add(object, "remotes", json_object_get(remotes));
        text = json_object_to_json_string_ext(object,
                                              JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                              JSON_C_TO_STRING_NOSLASHESCAPE);
        if (!text || put_safe_json(&safe, text, strlen(text)) < 0 || puts(safe.data) < 0 ||
            fflush(stdout) != 0)
                return -EIO;
        return 0;
}

/* SIGINT and SIGTERM end it after the current session. */
static void catch_signals(void)
{
        struct sigaction action = { .sa_handler = on_signal,
                                    .sa_flags = SA_RESTART | SA_RESETHAND };

        (void) sigaction(SIGINT, &action, NULL);
        (void) sigaction(SIGTERM, &action, NULL);
}

static int exit_status(const CycleResult *result, bool remote_failed)
{
        if (result->failure == CYCLE_OK)
                return result->n_errors > 0 || remote_failed ? EXIT_FAILURE : EXIT_SUCCESS;
        return result->failure == CYCLE_STOPPING ? EXIT_FAILURE : EXIT_UNUSABLE;
}

int run_once(Settings *settings)
{
        _cleanup_(cycle_result_done) CycleResult result = { 0 };
        _cleanup_(once_done) Once o = { .settings = settings, .remotes = json_new() };
        EngineSettings engine_settings = settings_for_engine(settings);
        _cleanup_(engine_freep) Engine *engine = engine_new(
                        &engine_settings,
                        &(EngineHooks){ .userdata = &o, .on_progress = on_progress });
        int r;

        r = sd_event_new(&o.event);
        if (r < 0) {
                log_text(LOG_ERR, "There is no event loop: %s.", strerror(-r));
                return EXIT_FAILURE;
        }
        catch_signals();
        if (settings->n_remotes > 0)
                courier_check_archive(settings->archive_path);
        engine_cycle(engine, CYCLE_SURE, &result);
        if (result.failure != CYCLE_OK)
                log_text(LOG_ERR, "%s", result.sentence ?: "The cycle could not run.");
        if (result.mended)
                log_text(LOG_WARNING, "Others had access to '%s'; now only you have access.",
                         result.mended);
        if (result.warning)
                log_text(LOG_WARNING, "%s", result.warning);
        for (size_t i = 0; i < result.n_errors; i++)
                log_text(LOG_WARNING, "The session '%s' could not be synced: %s",
                         result.errors[i].session_id, result.errors[i].reason);
        if (result.failure == CYCLE_OK)
                deliver(&o);
        /* Who still waits is told. Before the engine, which then is the last to close the archive: that takes the write-ahead
         * log away. */
        o.couriers = couriers_free(o.couriers);
        if ((result.failure == CYCLE_OK || result.failure == CYCLE_STOPPING) &&
            print_result(&result, o.remotes) < 0) {
                log_text(LOG_ERR, "The result could not be written to stdout.");
                return EXIT_FAILURE;
        }
        return exit_status(&result, o.remote_failed);
}
