/* Worker: the thread beside the loop that owns the engine */
#include "service/worker.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/strbuf.h"
#include "remote/courier.h"

struct Worker {
        pthread_t thread;
        bool has_thread;
        int event_fd;

        pthread_mutex_t mutex; /* guards all below */
        pthread_cond_t wanted; /* there is a request, or the end */
        Settings *settings;    /* new ones, that the thread has not taken yet; or NULL */
        CycleKind kind;
        bool requested;
        Resync resync;
        bool stopping; /* cycles end early */
        bool ending;   /* the thread returns */
        bool told;     /* the eventfd is set, and nothing was taken since */
        uint64_t n_ticks;
        SessionVersion session; /* in hand */
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

/* Under the mutex: wakes the loop, once for all that it has not taken yet. */
static void tell(Worker *w)
{
        static const uint64_t one = 1;

        if (w->told)
                return;
        w->told = true;
        /* cannot fail: the counter is far from its limit */
        (void) !write(w->event_fd, &one, sizeof(one));
}

static bool on_progress(void *userdata, const Progress *progress)
{
        Worker *w = userdata;
        bool go_on;

        pthread_mutex_lock(&w->mutex);
        w->n_ticks++;
        w->report.progress = *progress;
        go_on = !w->stopping;
        tell(w);
        pthread_mutex_unlock(&w->mutex);
        return go_on;
}

static void on_session(void *userdata, const SessionVersion *version)
{
        Worker *w = userdata;

        pthread_mutex_lock(&w->mutex);
        w->n_ticks++;
        if (version) {
                (void) strcpy(w->session.id, version->id); /* the same array */
                w->session.fingerprint = version->fingerprint;
                w->session.policy = version->policy;
        } else {
                w->session.id[0] = 0;
        }
        pthread_mutex_unlock(&w->mutex);
}

static void on_secrets(void *userdata, SessionSecrets *secrets)
{
        Worker *w = userdata;

        pthread_mutex_lock(&w->mutex);
        APPEND(w->report.secrets, w->report.n_secrets, TAKE_STRUCT(*secrets));
        tell(w);
        pthread_mutex_unlock(&w->mutex);
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

        pthread_mutex_lock(&w->mutex);
        while (!w->requested && !w->ending)
                pthread_cond_wait(&w->wanted, &w->mutex);
        go_on = !w->ending;
        if (go_on) {
                w->requested = false;
                w->n_ticks++;
                *ret_settings = TAKE_PTR(w->settings);
                *ret_kind = w->kind;
                *ret_resync = w->resync;
        }
        pthread_mutex_unlock(&w->mutex);
        return go_on;
}

static void report_totals(Worker *w, Engine *engine, CycleResult *result)
{
        EngineTotals totals;

        engine_totals(engine, &totals);
        pthread_mutex_lock(&w->mutex);
        w->n_ticks++;
        w->report.totals = totals;
        if (result) {
                w->report.result = *result;
                w->report.finished = true;
        }
        tell(w);
        pthread_mutex_unlock(&w->mutex);
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
        /* what is wrong with the archive the first cycle says */
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

/* The thread gets no signals: they are the loop's. */
static int start_thread(Worker *w, ThreadStart *start)
{
        sigset_t all, before;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&w->thread, NULL, worker_main, start);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                return -r;
        w->has_thread = true;
        (void) pthread_setname_np(w->thread, "sync-writer");
        return 0;
}

int worker_new(Settings *settings, Worker **ret)
{
        _cleanup_(worker_freep) Worker *w = xcalloc(1, sizeof(*w));
        _cleanup_(engine_freep) Engine *engine = NULL;
        _cleanup_free_ ThreadStart *start = xmalloc(sizeof(*start));
        EngineSettings engine_settings = settings_for_engine(settings);
        int r;

        (void) pthread_mutex_init(&w->mutex, NULL);
        (void) pthread_cond_init(&w->wanted, NULL);
        w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (w->event_fd < 0)
                return -errno;
        engine = engine_new(&engine_settings, &(EngineHooks){ .userdata = w,
                                                              .on_progress = on_progress,
                                                              .on_session = on_session,
                                                              .on_secrets = on_secrets });
        *start = (ThreadStart){ .worker = w, .engine = engine, .settings = settings_ref(settings) };
        r = start_thread(w, start);
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
        if (w->has_thread) {
                pthread_mutex_lock(&w->mutex);
                w->stopping = w->ending = true;
                pthread_cond_signal(&w->wanted);
                pthread_mutex_unlock(&w->mutex);
                (void) pthread_join(w->thread, NULL);
        }
        worker_report_done(&w->report);
        settings_unref(w->settings);
        (void) pthread_cond_destroy(&w->wanted);
        (void) pthread_mutex_destroy(&w->mutex);
        (void) fd_close(w->event_fd);
        free(w);
        return NULL;
}

int worker_fd(const Worker *w)
{
        return w->event_fd;
}

void worker_start(Worker *w, CycleKind kind, Resync resync)
{
        pthread_mutex_lock(&w->mutex);
        w->kind = kind;
        w->resync = resync;
        w->requested = true;
        w->report.progress = (Progress){ 0 };
        pthread_cond_signal(&w->wanted);
        pthread_mutex_unlock(&w->mutex);
}

void worker_stop(Worker *w)
{
        pthread_mutex_lock(&w->mutex);
        w->stopping = true;
        pthread_mutex_unlock(&w->mutex);
}

void worker_set_settings(Worker *w, Settings *settings)
{
        pthread_mutex_lock(&w->mutex);
        settings_unref(w->settings);
        w->settings = settings_ref(settings);
        pthread_mutex_unlock(&w->mutex);
}

void worker_take(Worker *w, WorkerReport *ret)
{
        EngineTotals totals;
        Progress progress;
        uint64_t count;

        pthread_mutex_lock(&w->mutex);
        (void) !read(w->event_fd, &count, sizeof(count));
        w->told = false;
        totals = w->report.totals;
        progress = w->report.progress;
        *ret = w->report;
        w->report = (WorkerReport){ .totals = totals, .progress = progress };
        pthread_mutex_unlock(&w->mutex);
}

uint64_t worker_ticks(Worker *w)
{
        uint64_t n;

        pthread_mutex_lock(&w->mutex);
        n = w->n_ticks;
        pthread_mutex_unlock(&w->mutex);
        return n;
}

bool worker_session(Worker *w, SessionVersion *ret)
{
        bool is_there;

        pthread_mutex_lock(&w->mutex);
        is_there = w->session.id[0] != 0;
        if (is_there)
                *ret = w->session;
        pthread_mutex_unlock(&w->mutex);
        return is_there;
}
