/* Worker: the thread beside the loop that owns the engine */
#include "service/worker.h"

#include <string.h>

#include "base/mailbox.h"
#include "base/strbuf.h"
#include "remote/courier.h"

struct Worker {
        Mailbox mailbox;    /* guards all below */
        Settings *settings; /* new ones, that the thread has not taken yet; or NULL */
        CycleKind kind;
        bool requested;
        Resync resync;
        bool stopping; /* cycles end early */
        bool ending;   /* the thread returns */
        uint64_t n_ticks;
        WorkerReport report;
};

void worker_report_done(WorkerReport *report)
{
        cycle_result_done(&report->result);
        for (size_t i = 0; i < report->n_secrets; i++)
                session_secrets_done(report->secrets + i);
        free(report->secrets);
        *report = (WorkerReport){ 0 };
}

EngineSettings settings_for_engine(const Settings *s)
{
        return (EngineSettings){
                .source_path = s->source_path,
                .archive_path = s->archive_path,
                .rules_folders = (const char *const *) s->rules_folders,
                .rules_disable = (const char *const *) s->rules_disable,
                .caution = s->caution,
                .cache = s->cache,
                .known_files = (const char *const *) s->known_files,
                .max_message_bytes = s->max_message_bytes,
                .exclude = (const char *const *) s->exclude,
                .metadata_only = (const char *const *) s->metadata_only,
                .home = s->home,
                .mask_home = s->mask_home ? s->home : NULL,
                .archive_is_shared = s->n_remotes > 0,
                .keep_deleted_sessions = s->keep_deleted_sessions,
                .user_id = s->user_id,
                .user_name = s->user_name,
                .machine = s->machine,
        };
}

static bool on_progress(void *userdata, const Progress *progress)
{
        Worker *w = userdata;
        bool go_on;

        mailbox_lock(&w->mailbox);
        w->n_ticks++;
        w->report.progress = *progress;
        go_on = !w->stopping;
        mailbox_tell(&w->mailbox);
        mailbox_unlock(&w->mailbox);
        return go_on;
}

static void on_secrets(void *userdata, SessionSecrets *secrets)
{
        Worker *w = userdata;

        mailbox_lock(&w->mailbox);
        APPEND(w->report.secrets, w->report.n_secrets, TAKE_STRUCT(*secrets));
        mailbox_tell(&w->mailbox);
        mailbox_unlock(&w->mailbox);
}

/* One request, on the thread, without the mutex. */
static void run_cycle(Engine *engine, CycleKind kind, Resync resync, CycleResult *ret)
{
        *ret = (CycleResult){ 0 };
        if (resync != RESYNC_NONE && engine_reset(engine, resync, &ret->sentence) < 0) {
                ret->failure = CYCLE_ARCHIVE_UNAVAILABLE;
                return;
        }
        engine_cycle(engine, kind, ret);
}

/* Waits for a request and takes it. Returns false at the end. */
static bool next_request(Worker *w, Settings **ret_settings, CycleKind *ret_kind,
                         Resync *ret_resync)
{
        bool go_on;

        mailbox_lock(&w->mailbox);
        while (!w->requested && !w->ending)
                mailbox_wait(&w->mailbox, USEC_INFINITY);
        go_on = !w->ending;
        if (go_on) {
                w->requested = false;
                w->n_ticks++;
                *ret_settings = TAKE_PTR(w->settings);
                *ret_kind = w->kind;
                *ret_resync = w->resync;
        }
        mailbox_unlock(&w->mailbox);
        return go_on;
}

static void report_totals(Worker *w, Engine *engine, CycleResult *result)
{
        EngineTotals totals;

        engine_totals(engine, &totals);
        mailbox_lock(&w->mailbox);
        w->n_ticks++;
        w->report.totals = totals;
        if (result) {
                w->report.result = *result;
                w->report.finished = true;
        }
        mailbox_tell(&w->mailbox);
        mailbox_unlock(&w->mailbox);
}

typedef struct ThreadStart {
        Worker *worker;
        Engine *engine;
        Settings *settings;
} ThreadStart;

static void *worker_main(void *userdata)
{
        ThreadStart start = *(ThreadStart *) userdata;
        Worker *w = start.worker;
        _cleanup_(settings_unrefp) Settings *settings =
                        start.settings; /* the engine borrows its texts */
        _cleanup_(engine_freep) Engine *engine = start.engine;
        CycleKind kind;
        Resync resync;

        free(userdata);
        if (settings->n_remotes > 0) /* before anything is written */
                courier_check_archive(settings->archive_path);
        /* the first cycle reports what is wrong with the archive */
        (void) engine_open_archive(engine, NULL);
        report_totals(w, engine, NULL);
        for (Settings *changed; next_request(w, &changed, &kind, &resync);) {
                CycleResult result;

                if (changed) {
                        EngineSettings of_engine = settings_for_engine(changed);

                        engine_set_settings(engine, &of_engine);
                        settings_unref(settings);
                        settings = changed;
                }
                run_cycle(engine, kind, resync, &result);
                report_totals(w, engine, &result);
        }
        return NULL;
}

int worker_new(Settings *settings, Worker **ret)
{
        _cleanup_(worker_freep) Worker *w = xcalloc(1, sizeof(*w));
        _cleanup_(engine_freep) Engine *engine = NULL;
        _cleanup_free_ ThreadStart *start = xmalloc(sizeof(*start));
        EngineSettings engine_settings = settings_for_engine(settings);
        int r;

        r = mailbox_init(&w->mailbox);
        if (r < 0)
                return r;
        engine = engine_new(&engine_settings, &(EngineHooks){ .userdata = w,
                                                              .on_progress = on_progress,
                                                              .on_secrets = on_secrets });
        *start = (ThreadStart){ .worker = w, .engine = engine, .settings = settings_ref(settings) };
        r = mailbox_start(&w->mailbox, "sync-writer", worker_main, start);
        if (r < 0) {
                settings_unref(start->settings);
                return r;
        }
        TAKE_PTR(start);
        TAKE_PTR(engine);
        *ret = TAKE_PTR(w);
        return 0;
}

Worker *worker_free(Worker *w)
{
        if (!w)
                return NULL;
        mailbox_lock(&w->mailbox);
        w->stopping = w->ending = true;
        mailbox_wake(&w->mailbox);
        mailbox_unlock(&w->mailbox);
        mailbox_done(&w->mailbox);
        worker_report_done(&w->report);
        settings_unref(w->settings);
        free(w);
        return NULL;
}

int worker_fd(const Worker *w)
{
        return w->mailbox.event_fd;
}

void worker_start(Worker *w, CycleKind kind, Resync resync)
{
        mailbox_lock(&w->mailbox);
        w->kind = kind;
        w->resync = resync;
        w->requested = true;
        w->report.progress = (Progress){ 0 };
        mailbox_wake(&w->mailbox);
        mailbox_unlock(&w->mailbox);
}

void worker_stop(Worker *w)
{
        mailbox_lock(&w->mailbox);
        w->stopping = true;
        mailbox_unlock(&w->mailbox);
}

void worker_set_settings(Worker *w, Settings *settings)
{
        mailbox_lock(&w->mailbox);
        settings_unref(w->settings);
        w->settings = settings_ref(settings);
        mailbox_unlock(&w->mailbox);
}

void worker_take(Worker *w, WorkerReport *ret)
{
        EngineTotals totals;
        Progress progress;

        mailbox_lock(&w->mailbox);
        mailbox_take(&w->mailbox);
        totals = w->report.totals;
        progress = w->report.progress;
        *ret = w->report;
        w->report = (WorkerReport){ .totals = totals, .progress = progress };
        mailbox_unlock(&w->mailbox);
}

uint64_t worker_ticks(Worker *w)
{
        uint64_t n;

        mailbox_lock(&w->mailbox);
        n = w->n_ticks;
        mailbox_unlock(&w->mailbox);
        return n;
}
