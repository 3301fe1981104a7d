/* Daemon: cycles, who waits for them, and how the last one ends */
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/file-util.h"
#include "service/daemon-internal.h"
#include "service/log.h"
#include "sync/stuck.h"

#define EXIT_RESTART 75 /* EX_TEMPFAIL: the unit starts us again, in a new sandbox */

/* Looks of the watchdog's timer without a move until the current session counts as stuck: half of its time. */
#define WATCHDOG_MISSES_MAX 2

#define WAITERS_MAX       1024 /* far beyond what people and scripts have open at once */
#define STATUS_EVERY_USEC (1 * USEC_PER_SEC)
#define POKE_EVERY_USEC \
        (5 * USEC_PER_SEC) /* in a long cycle, archived sessions are sent in large blocks */

/* A cycle may go on this long after SIGTERM when it can be done by then; user managers are given two minutes for all. */
#define STOP_PATIENCE_USEC (30 * USEC_PER_SEC)
#define STOP_LOOK_USEC     (2 * USEC_PER_SEC)
#define STOP_EXTEND_USEC   (10 * USEC_PER_SEC)

void daemon_tell_status(Daemon *d)
{
        d->status_usec = daemon_now(d);
        if (d->stopping)
                (void) sd_notify(0, "STATUS=Stopping once the current sync is committed.");
        else if (d->syncing && d->progress.sessions_pending > 0)
                (void) sd_notifyf(0,
                                  "STATUS=Syncing: %" PRIu64 " session%s done, %" PRIu64 " to go.",
                                  d->progress.sessions_done, PLURAL(d->progress.sessions_done),
                                  d->progress.sessions_pending);
        else if (d->syncing)
                (void) sd_notify(0, "STATUS=Syncing.");
        else if (daemon_last_error(d))
                (void) sd_notifyf(0, "STATUS=%s", daemon_last_error(d));
        else
                (void) sd_notifyf(0,
                                  "STATUS=Up to date: %" PRIu64 " session%s synced and %" PRIu64
                                  " secret%s masked so far, watching '%s'.",
                                  d->totals.total_synced, PLURAL(d->totals.total_synced),
                                  d->totals.total_secrets, PLURAL(d->totals.total_secrets),
                                  d->source_shown ?: "");
}

void daemon_set_due_timer(Daemon *d)
{
        uint64_t due = d->syncing || d->stopping ? USEC_INFINITY : schedule_next(&d->schedule);

        if (due == USEC_INFINITY)
                (void) sd_event_source_set_enabled(d->due_timer, SD_EVENT_OFF);
        else
                daemon_arm_timer(d->due_timer, due);
}

static int on_due(sd_event_source *source, uint64_t usec, void *userdata)
{
        Daemon *d = userdata;
        uint64_t now = daemon_now(d);
        CycleKind kind;

        if (d->syncing || d->stopping || !schedule_is_due(&d->schedule, now, &kind)) {
                daemon_set_due_timer(d);
                return 0;
        }
        schedule_began(&d->schedule, kind, now);
        d->n_cycles++;
        d->syncing = true;
        d->cycle_began_usec = now;
        d->progress = (Progress){ 0 };
        d->resync_in_hand = d->resync_wanted;
        d->resync_wanted = RESYNC_NONE;
        worker_start(d->worker, kind, d->resync_in_hand);
        daemon_set_due_timer(d);
        daemon_changed(d, DAEMON_SYNCING);
        if (d->listener.on_sync_started)
                d->listener.on_sync_started(d->listener.userdata);
        return 0;
}

void daemon_answer_waiters(Daemon *d, uint64_t number, const CycleResult *result)
{
        size_t n_kept = 0;

        for (size_t i = 0; i < d->n_waiters; i++) {
                Waiter waiter = d->waiters[i];

                if (!result || waiter.cycle <= number)
                        waiter.call(waiter.userdata, result);
                else
                        d->waiters[n_kept++] = waiter;
        }
        d->n_waiters = n_kept;
}

static void on_couriers_stopped(void *userdata)
{
        Daemon *d = userdata;

        log_event(LOG_INFO, MESSAGE_STOPPED, NULL, "Stopped.");
        (void) sd_event_exit(d->event, d->exit_status);
}

/* Who waits is answered while there is a bus. */
static void leave(Daemon *d)
{
        daemon_answer_waiters(d, 0, NULL);
        if (d->couriers)
                couriers_stop(d->couriers, on_couriers_stopped, d);
        else
                on_couriers_stopped(d);
}

/* Judging by its speed until now, can the running cycle be done within @usec? */
static bool cycle_fits(const Daemon *d, uint64_t usec)
{
        double elapsed = (double) (daemon_now(d) - d->cycle_began_usec);

        if (d->progress.sessions_done == 0 || d->progress.sessions_pending == 0)
                return true; /* not known: it is given the time */
        return elapsed / (double) d->progress.sessions_done *
                               (double) d->progress.sessions_pending <=
               (double) usec;
}

void daemon_begin_stop(Daemon *d, int exit_status)
{
        uint64_t now = daemon_now(d);

        if (d->stopping) {
                worker_stop(d->worker);
                return;
        }
        d->stopping = true;
        d->exit_status = exit_status;
        (void) sd_notify(0, "STOPPING=1");
        daemon_tell_status(d);
        daemon_changed(d, DAEMON_RUNNING);
        daemon_set_due_timer(d);
        if (!d->syncing) {
                leave(d);
                return;
        }
        d->stop_by_usec = now + STOP_PATIENCE_USEC;
        d->stop_ticks = worker_ticks(d->worker);
        (void) sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIu64, STOP_EXTEND_USEC);
        if (exit_status != EXIT_SUCCESS || !cycle_fits(d, STOP_PATIENCE_USEC))
                worker_stop(d->worker);
        daemon_arm_timer(d->stop_timer, now + STOP_LOOK_USEC);
}

/* While stopping: asks for more time as long as the worker gets on. A stuck one is the service manager's to end. */
static int on_stop_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Daemon *d = userdata;
        uint64_t now = daemon_now(d), ticks = worker_ticks(d->worker);

        if (ticks != d->stop_ticks)
                (void) sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIu64, STOP_EXTEND_USEC);
        d->stop_ticks = ticks;
        if (now >= d->stop_by_usec || !cycle_fits(d, d->stop_by_usec - now))
                worker_stop(d->worker);
        daemon_arm_timer(source, now + STOP_LOOK_USEC);
        return 0;
}

/* Is the folder that @path lies or will lie in read-only? Its permissions are another matter. */
static bool is_read_only(const char *path)
{
        _cleanup_free_ char *folder = path_folder(path);

        while (folder && access(folder, W_OK) < 0) {
                char *parent;

                if (errno == EROFS)
                        return true;
                if ((errno != ENOENT && errno != ENOTDIR) || strcmp(folder, "/") == 0)
                        return false;
                parent = path_folder(folder);
                free(folder);
                folder = parent;
        }
        return false;
}

/*
 * Is it the sandbox that keeps a folder from us? It was made before us, and a folder that appeared later is read-only in
 * it: another start helps (returns true). One that it does not know a person has to add, which the sentence then says.
 */
static bool explain_read_only(Daemon *d, CycleResult *result)
{
        bool is_source = result->failure == CYCLE_SOURCE_UNAVAILABLE;
        const char *path = is_source ? d->settings->source_path : d->settings->archive_path;
        _cleanup_free_ char *folder = NULL;

        if ((!is_source && result->failure != CYCLE_ARCHIVE_UNAVAILABLE) || !is_read_only(path))
                return false;
        folder = path_folder(path);
        free(result->sentence);
        result->sentence = NULL;
        if (is_source && d->folder_was_missing && getenv("NOTIFY_SOCKET") &&
            getenv("INVOCATION_ID")) {
                format_error(&result->sentence,
                             "The folder '%s' appeared after the service's sandbox was made: "
                             "restarting to include it.",
                             folder);
                return true;
        }
        format_error(&result->sentence,
                     "The folder '%s' is read-only for the service: create it if it does not exist, "
                     "add ReadWritePaths=%s to [Service] of the unit (systemctl --user edit "
                     "scrubjay), and restart the service.",
                     folder, folder);
        return false;
}

static CycleEnd cycle_end(const CycleResult *result)
{
        switch (result->failure) {
        case CYCLE_SOURCE_UNAVAILABLE:
                return CYCLE_END_SOURCE_FAILED;
        case CYCLE_ARCHIVE_UNAVAILABLE:
        case CYCLE_RULES_INVALID:
                return CYCLE_END_FAILED;
        case CYCLE_OK:
        case CYCLE_STOPPING:
        case CYCLE_SOURCE_MISSING: /* the watch reports when it appears */
                break;
        }
        return CYCLE_END_DONE;
}

/* What people read about it goes over the bus, which accepts UTF-8 only. */
static void make_readable(CycleResult *result)
{
        text_make_utf8(&result->sentence);
        text_make_utf8(&result->warning);
        for (size_t i = 0; i < result->n_errors; i++)
                text_make_utf8(&result->errors[i].reason);
}

/* There may be something to deliver. */
static void poke_couriers(Daemon *d)
{
        d->poked_usec = daemon_now(d);
        if (d->couriers)
                couriers_poke(d->couriers);
}

static void finish_cycle(Daemon *d, CycleResult *result)
{
        bool needs_restart = explain_read_only(d, result);
        unsigned what = DAEMON_SYNCING;

        make_readable(result);
        d->syncing = false;
        d->progress = (Progress){ 0 };
        if (d->resync_in_hand > d->resync_wanted && result->failure == CYCLE_ARCHIVE_UNAVAILABLE)
                d->resync_wanted = d->resync_in_hand;
        schedule_ended(&d->schedule, cycle_end(result), daemon_now(d));
        if (cycle_journal_add(&d->journal, d->settings, d->totals.total_synced, result) > 0)
                what |= DAEMON_LAST_ERROR;
        poke_couriers(d);
        daemon_changed(d, what);
        if (d->listener.on_sync_completed)
                d->listener.on_sync_completed(d->listener.userdata, result);
        daemon_answer_waiters(d, d->n_cycles, result);
        if (d->stopping) {
                leave(d);
                return;
        }
        if (result->failure == CYCLE_SOURCE_MISSING)
                daemon_look_elsewhere(d);
        daemon_tell_status(d);
        daemon_set_due_timer(d);
        if (needs_restart) {
                log_event(LOG_NOTICE, MESSAGE_SOURCE_READ_ONLY,
                          LOG_FIELDS({ "SCRUBJAY_SOURCE", d->settings->source_path }),
                          "Restarting in a sandbox that includes the folder of '%s'.",
                          d->settings->source_path);
                daemon_begin_stop(d, EXIT_RESTART);
        }
}

static void tell_secrets(Daemon *d, const SessionSecrets *secrets)
{
        if (d->listener.on_secrets_found)
                d->listener.on_secrets_found(d->listener.userdata, secrets);
        if (d->listener.on_pasted && d->settings->notify && secrets->n_pasted > 0)
                d->listener.on_pasted(d->listener.userdata, secrets);
}

static int on_worker(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Daemon *d = userdata;
        _cleanup_(worker_report_done) WorkerReport report;
        unsigned what = 0;

        worker_take(d->worker, &report);
        if (report.totals.last_sync_at_usec != d->totals.last_sync_at_usec)
                what |= DAEMON_LAST_SYNC_AT;
        if (report.totals.last_verified_at_usec != d->totals.last_verified_at_usec)
                what |= DAEMON_LAST_VERIFIED_AT;
        if (report.totals.total_synced != d->totals.total_synced ||
            report.totals.total_secrets != d->totals.total_secrets)
                what |= DAEMON_TOTALS;
        d->totals = report.totals;
        d->progress = report.progress;
        if (what != 0)
                daemon_changed(d, what);
        for (size_t i = 0; i < report.n_secrets; i++)
                tell_secrets(d, report.secrets + i);
        if (report.finished)
                finish_cycle(d, &report.result);
        else if (daemon_now(d) - d->status_usec >= STATUS_EVERY_USEC)
                daemon_tell_status(d);
        if (d->syncing && daemon_now(d) - d->poked_usec >= POKE_EVERY_USEC)
                poke_couriers(d);
        return 0;
}

/* The watchdog is about to end the service: the next start has to know in which session. This writes a small file on the main
 * thread, which has nothing to answer for then that would not end with it. */
static void note_stuck(Daemon *d)
{
        SessionVersion version;
        unsigned n_times = 0;
        int r;

        if (!stuck_held(&version))
                return;
        r = stuck_note(d->settings->archive_path, &version, STUCK_WATCHDOG, &n_times);
        if (r >= 0)
                d->stuck_id = xstrdup(version.id);
        log_event(LOG_WARNING, MESSAGE_SESSION_STUCK,
                  LOG_FIELDS({ "SCRUBJAY_SESSION", version.id },
                             { "SCRUBJAY_COUNT", .number = n_times }),
                  "The service is stuck in the session '%s' and will be restarted by the watchdog. "
                  "After that, %s.",
                  version.id,
                  r < 0 ? "the session is synced in its usual order, since no note of it could be written"
                  : n_times < STUCK_MAX ? "the session is synced last and alone"
                                        : "the session is left out until it changes");
}

/* It got on after all. */
static void take_stuck_back(Daemon *d)
{
        (void) stuck_take_back(d->settings->archive_path, d->stuck_id);
        free(TAKE_PTR(d->stuck_id));
}

/* Fed only while the worker gets on, or has nothing to do. */
static int on_watchdog_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Daemon *d = userdata;
        uint64_t ticks = worker_ticks(d->worker);

        if (!d->syncing || ticks != d->watchdog_ticks) {
                (void) sd_notify(0, "WATCHDOG=1");
                d->n_watchdog_misses = 0;
                if (d->stuck_id)
                        take_stuck_back(d);
        } else if (++d->n_watchdog_misses == WATCHDOG_MISSES_MAX) {
                note_stuck(d);
        }
        d->watchdog_ticks = ticks;
        daemon_arm_timer(source, daemon_now(d) + d->watchdog_usec / 4);
        return 0;
}

int daemon_add_cycle_sources(Daemon *d)
{
        int r;

        r = sd_event_add_io(d->event, &d->worker_source, worker_fd(d->worker), EPOLLIN, on_worker,
                            d);
        if (r >= 0)
                r = sd_event_source_set_description(d->worker_source, "worker");
        if (r >= 0)
                r = daemon_add_timer(d, &d->due_timer, on_due, "cycle-due");
        if (r >= 0)
                r = daemon_add_timer(d, &d->stop_timer, on_stop_timer, "stop");
        if (r < 0)
                return r;
        if (sd_watchdog_enabled(0, &d->watchdog_usec) <= 0) {
                d->watchdog_usec = 0;
                return 0;
        }
        r = daemon_add_timer(d, &d->watchdog_timer, on_watchdog_timer, "watchdog");
        if (r >= 0)
                daemon_arm_timer(d->watchdog_timer, daemon_now(d));
        return r;
}

int daemon_run_once(Daemon *d, CycleWaiter waiter, void *userdata)
{
        if (d->stopping)
                return -ESHUTDOWN;
        if (d->n_waiters >= WAITERS_MAX)
                return -EAGAIN;
        APPEND(d->waiters, d->n_waiters,
               (Waiter){ .cycle = d->n_cycles + 1, .call = waiter, .userdata = userdata });
        schedule_ask(&d->schedule);
        daemon_set_due_timer(d);
        return 0;
}

int daemon_force_resync(Daemon *d, Resync resync)
{
        if (d->stopping)
                return -ESHUTDOWN;
        if (d->syncing && d->resync_in_hand >= resync)
                return 0; /* the running cycle does this already; else a caller in a loop would make it write for ever */
        if (resync > d->resync_wanted)
                d->resync_wanted = resync;
        schedule_ask(&d->schedule);
        daemon_set_due_timer(d);
        return 0;
}
