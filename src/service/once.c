/* scrubjayd --once: one cycle without bus and service manager */
#include "service/once.h"

#include <signal.h>
#include <string.h>

#include "base/terminal-text.h"
#include "remote/courier.h"
#include "service/log.h"
#include "service/once-delivery.h"
#include "service/worker.h"

#define EXIT_UNUSABLE 2

static volatile sig_atomic_t stop_wanted;

static void on_signal(int number)
{
        stop_wanted = 1;
}

static bool is_stopping(void)
{
        return stop_wanted;
}

static bool on_progress(void *userdata, const Progress *progress)
{
        once_delivery_progress(userdata, progress->bytes_read);
        return !stop_wanted;
}

static void add_number(struct json_object *object, const char *key, uint64_t number)
{
        json_add(object, key, json_object_new_int64((int64_t) number));
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

/* SIGINT and SIGTERM end it after the session in hand. */
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

int run_once(const Settings *settings)
{
        _cleanup_(cycle_result_done) CycleResult result = { 0 };
        _cleanup_(json_object_putp) struct json_object *remotes = json_new();
        EngineSettings engine_settings = settings_for_engine(settings);
        OnceDelivery *delivery = once_delivery_new(settings);
        _cleanup_(engine_freep) Engine *engine = engine_new(
                        &engine_settings,
                        &(EngineHooks){ .userdata = delivery, .on_progress = on_progress });
        /* ends before the engine does, which then is the last to close the archive: that takes the write-ahead log away */
        _cleanup_(once_delivery_freep) OnceDelivery *couriers = delivery;
        bool remote_failed = false;

        catch_signals();
        if (settings->n_remotes > 0)
                courier_check_archive(settings->archive_path);
        engine_cycle(engine, CYCLE_AUDIT, &result); /* who asks once wants to be sure of all */
        if (result.failure != CYCLE_OK)
                log_text(LOG_ERR, "%s", result.sentence ?: "The cycle could not run.");
        if (result.mended)
                log_text(LOG_WARNING, "Others had access to '%s'; now only you have.",
                         result.mended);
        if (result.warning)
                log_text(LOG_WARNING, "%s", result.warning);
        for (size_t i = 0; i < result.n_errors; i++)
                log_text(LOG_WARNING, "The session '%s' could not be synced: %s",
                         result.errors[i].session_id, result.errors[i].reason);
        if (result.failure == CYCLE_OK)
                remote_failed = once_delivery_finish(couriers, is_stopping, remotes);
        if ((result.failure == CYCLE_OK || result.failure == CYCLE_STOPPING) &&
            print_result(&result, remotes) < 0) {
                log_text(LOG_ERR, "The result could not be written to stdout.");
                return EXIT_FAILURE;
        }
        return exit_status(&result, remote_failed);
}
