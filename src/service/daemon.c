/* Daemon: the event loop and everything on it */
#include "service/daemon.h"

#include <config.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "service/daemon-internal.h"
#include "service/log.h"

#define WATCH_RETRY_USEC (10 * USEC_PER_SEC)

uint64_t daemon_now(const Daemon *d)
{
        uint64_t now;

        return sd_event_now(d->event, CLOCK_MONOTONIC, &now) < 0 ? now_usec(CLOCK_MONOTONIC) : now;
}

void daemon_changed(Daemon *d, unsigned what)
{
        if (d->listener.on_changed)
                d->listener.on_changed(d->listener.userdata, what);
}

/* READY=1 once both halves are ready. */
static void tell_ready(Daemon *d)
{
        if (d->ready || d->stopping || !d->bus_settled || !d->watch)
                return;
        d->ready = true;
        (void) sd_notify(0, "READY=1");
        daemon_tell_status(d);
        log_event(LOG_INFO, MESSAGE_STARTED,
                  LOG_FIELDS({ "SCRUBJAY_SOURCE", d->settings->source_path },
                             { "SCRUBJAY_ARCHIVE", d->settings->archive_path }),
                  "Started: watching '%s', writing '%s'.", d->settings->source_path,
                  d->settings->archive_path);
}

int daemon_add_timer(Daemon *d, sd_event_source **ret, sd_event_time_handler_t handler,
                     const char *description)
{
        int r;

        /* to the millisecond: people wait for it, and it does not fire often */
        r = sd_event_add_time(d->event, ret, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, handler, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_description(*ret, description);
        return r < 0 ? r : 0;
}

void daemon_arm_timer(sd_event_source *timer, uint64_t usec)
{
        (void) sd_event_source_set_time(timer, usec);
        (void) sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static int on_watch(sd_event_source *source, int fd, uint32_t events, void *userdata);

static int make_watch(Daemon *d)
{
        int r;

        r = watch_new(d->settings->source_path, &d->watch);
        if (r < 0)
                return r;
        d->folder_was_missing = d->folder_was_missing || !watch_has_folder(d->watch);
        r = sd_event_add_io(d->event, &d->watch_source, watch_fd(d->watch), EPOLLIN, on_watch, d);
        return r < 0 ? r : sd_event_source_set_description(d->watch_source, "watch");
}

static void drop_watch(Daemon *d)
{
        d->watch_source = sd_event_source_disable_unref(d->watch_source);
        d->watch = watch_free(d->watch);
}

static void drop_other_watch(Daemon *d)
{
        d->other_watch_source = sd_event_source_disable_unref(d->other_watch_source);
        d->other_watch = watch_free(d->other_watch);
}

/* Watches the source, or tries again after a while: until then the timer has to do. */
static void renew_watch(Daemon *d, bool is_retry)
{
        int r;

        drop_watch(d);
        r = make_watch(d);
        if (r >= 0) {
                tell_ready(d);
                return;
        }
        drop_watch(d);
        if (!is_retry)
                log_event(LOG_WARNING, MESSAGE_WATCH_FAILED,
                          LOG_FIELDS({ "SCRUBJAY_SOURCE", d->settings->source_path }),
                          "Changes of '%s' cannot be watched, so the timer starts each sync until "
                          "they can: %s",
                          d->settings->source_path, strerror(-r));
        daemon_arm_timer(d->watch_timer, daemon_now(d) + WATCH_RETRY_USEC);
}

/* The source may have changed. */
static void take_event(Daemon *d)
{
        schedule_event(&d->schedule, daemon_now(d));
        daemon_set_due_timer(d);
}

static int on_watch(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Daemon *d = userdata;
        int r = watch_dispatch(d->watch);

        if (r < 0) {
                renew_watch(d, false);
                take_event(d);
                return 0;
        }
        d->folder_was_missing = d->folder_was_missing || !watch_has_folder(d->watch);
        if (r > 0)
                take_event(d);
        return 0;
}

static int on_watch_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Daemon *d = userdata;

        renew_watch(d, true);
        take_event(d);
        return 0;
}

static int on_other_watch(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Daemon *d = userdata;
        int r = watch_dispatch(d->other_watch);

        if (r < 0)
                drop_other_watch(d);
        else if (!watch_has_folder(d->other_watch))
                d->other_folder_was_missing = true;
        if (r != 0)
                daemon_look_elsewhere(d);
        return 0;
}

/* Where the source may appear as well. If it cannot be watched, each cycle looks there. */
static void renew_other_watch(Daemon *d)
{
        const char *path = d->settings->other_source_path;
        int r;

        drop_other_watch(d);
        if (!path)
                return;
        r = watch_new(path, &d->other_watch);
        if (r < 0)
                return;
        d->other_folder_was_missing = d->other_folder_was_missing ||
                                      !watch_has_folder(d->other_watch);
        r = sd_event_add_io(d->event, &d->other_watch_source, watch_fd(d->other_watch), EPOLLIN,
                            on_other_watch, d);
        if (r >= 0)
                r = sd_event_source_set_description(d->other_watch_source, "other-watch");
        if (r < 0)
                drop_other_watch(d);
}

static ScheduleSettings schedule_settings(const Settings *s)
{
        return (ScheduleSettings){
                .quiet_usec = s->quiet_usec,
                .max_delay_usec = s->max_delay_usec,
                .reconcile_usec = s->reconcile_usec,
                .audit_usec = s->audit_usec,
        };
}

static void log_warnings(const Settings *s)
{
        for (size_t i = 0; s->warnings && s->warnings[i]; i++)
                log_event(LOG_WARNING, MESSAGE_SETTINGS_BAD, NULL, "%s", s->warnings[i]);
}

static void forget_shown(Daemon *d)
{
        free(d->source_shown);
        free(d->archive_shown);
        d->source_shown = d->archive_shown = NULL;
}

/* What Status shows of the settings. */
static void make_shown(Daemon *d)
{
        forget_shown(d);
        d->source_shown = xstrdup(d->settings->source_path);
        d->archive_shown = xstrdup(d->settings->archive_path);
        text_make_utf8(&d->source_shown);
        text_make_utf8(&d->archive_shown);
}

static void on_couriers_changed(void *userdata)
{
        daemon_changed(userdata, DAEMON_REMOTES);
}

/* New settings, new couriers: what they had delivered is written down. */
static void make_couriers(Daemon *d)
{
        if (d->couriers)
                couriers_set_settings(d->couriers, d->settings);
        else
                d->couriers = couriers_new(d->settings, d->event, on_couriers_changed, d);
        couriers_poke(d->couriers);
}

static void use_settings(Daemon *d, Settings *settings)
{
        bool moved = strcmp(d->settings->source_path, settings->source_path) != 0;
        ScheduleSettings times = schedule_settings(settings);

        settings_unref(d->settings);
        d->settings = settings_ref(settings);
        free(d->settings_error);
        d->settings_error = NULL;
        make_shown(d);
        make_couriers(d);
        worker_set_settings(d->worker, settings);
        schedule_set_settings(&d->schedule, &times, daemon_now(d));
        schedule_ask(&d->schedule);
        daemon_set_due_timer(d);
        if (moved) {
                d->folder_was_missing = false;
                renew_watch(d, false);
        }
        renew_other_watch(d);
        log_warnings(settings);
        daemon_changed(d, DAEMON_SOURCE | DAEMON_ARCHIVE | DAEMON_REMOTES | DAEMON_LAST_ERROR);
}

void daemon_look_elsewhere(Daemon *d)
{
        const char *path = d->settings->other_source_path;
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        bool was_missing = d->other_folder_was_missing;

        /* settings that are loaded now find the other folder */
        if (!path || d->stopping || access(path, F_OK) < 0 ||
            settings_load(d->options, &settings, NULL) < 0)
                return;
        use_settings(d, settings);
        d->folder_was_missing = d->folder_was_missing || was_missing;
}

static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *info,
                            void *userdata)
{
        Daemon *d = userdata;
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        _cleanup_free_ char *why = NULL;

        if (d->stopping)
                return 0;
        (void) sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_usec(CLOCK_MONOTONIC));
        if (settings_load(d->options, &settings, &why) < 0) {
                free(d->settings_error);
                d->settings_error = xasprintf("%s The previous settings stay in force.",
                                              why ?: "No memory.");
                log_event(LOG_ERR, MESSAGE_SETTINGS_BAD, NULL, "%s", d->settings_error);
                daemon_changed(d, DAEMON_LAST_ERROR);
        } else {
                use_settings(d, settings);
                log_event(LOG_INFO, MESSAGE_SETTINGS_RELOADED, NULL,
                          "The settings were read again.");
        }
        if (d->ready)
                (void) sd_notify(0, "READY=1");
        daemon_tell_status(d);
        return 0;
}

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *info,
                          void *userdata)
{
        daemon_begin_stop(userdata, EXIT_SUCCESS);
        return 0;
}

static int add_signals(Daemon *d)
{
        static const struct {
                int signal;
                sd_event_signal_handler_t handler;
                const char *description;
        } handlers[] = {
                { SIGTERM, on_stop_signal, "sigterm" },
                { SIGINT, on_stop_signal, "sigint" },
                { SIGHUP, on_reload_signal, "sighup" },
        };
        sigset_t mask;

        sigemptyset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(handlers); i++)
                sigaddset(&mask, handlers[i].signal);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(handlers); i++) {
                int r = sd_event_add_signal(d->event, d->signal_sources + i, handlers[i].signal,
                                            handlers[i].handler, d);

                if (r >= 0)
                        r = sd_event_source_set_priority(d->signal_sources[i],
                                                         SD_EVENT_PRIORITY_IMPORTANT);
                if (r >= 0)
                        r = sd_event_source_set_description(d->signal_sources[i],
                                                            handlers[i].description);
                if (r < 0)
                        return r;
        }
        return 0;
}

int daemon_new(Settings *settings, const SettingsOptions *options, Daemon **ret)
{
        _cleanup_(daemon_freep) Daemon *d = xcalloc(1, sizeof(*d));
        ScheduleSettings times = schedule_settings(settings);
        int r;

        d->settings = settings_ref(settings);
        d->options = options;
        make_shown(d);
        r = sd_event_new(&d->event);
        if (r >= 0)
                r = add_signals(d); /* before the threads, which must not get them */
        if (r >= 0)
                r = worker_new(settings, &d->worker);
        if (r >= 0)
                make_couriers(d);
        if (r >= 0)
                r = daemon_add_cycle_sources(d);
        if (r >= 0)
                r = daemon_add_timer(d, &d->watch_timer, on_watch_timer, "watch-retry");
        if (r < 0)
                return r;
        log_warnings(settings);
        schedule_init(&d->schedule, &times, daemon_now(d));
        renew_watch(d, false);
        renew_other_watch(d);
        daemon_set_due_timer(d);
        *ret = TAKE_PTR(d);
        return 0;
}

Daemon *daemon_free(Daemon *d)
{
        if (!d)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(d->signal_sources); i++)
                sd_event_source_disable_unref(d->signal_sources[i]);
        sd_event_source_disable_unref(d->due_timer);
        sd_event_source_disable_unref(d->watch_timer);
        sd_event_source_disable_unref(d->watchdog_timer);
        sd_event_source_disable_unref(d->stop_timer);
        sd_event_source_disable_unref(d->worker_source);
        drop_watch(d);
        drop_other_watch(d);
        couriers_free(d->couriers);
        worker_free(d->worker);
        daemon_answer_waiters(d, 0, NULL); /* what they hold is theirs to free */
        sd_event_unref(d->event);
        cycle_journal_done(&d->journal);
        free(d->settings_error);
        forget_shown(d);
        free(d->waiters);
        free(d->stuck_id);
        settings_unref(d->settings);
        free(d);
        return NULL;
}

sd_event *daemon_event(Daemon *d)
{
        return d->event;
}

void daemon_set_listener(Daemon *d, const DaemonListener *listener)
{
        d->listener = *listener;
}

void daemon_bus_settled(Daemon *d)
{
        d->bus_settled = true;
        tell_ready(d);
}

void daemon_name_taken(Daemon *d)
{
        daemon_begin_stop(d, EXIT_FAILURE);
}

int daemon_run(Daemon *d)
{
        return sd_event_loop(d->event);
}

int daemon_deliver(Daemon *d, CouriersWaiter waiter, void *userdata)
{
        if (d->stopping)
                return -ESHUTDOWN;
        return couriers_deliver(d->couriers, waiter, userdata);
}

const char *daemon_last_error(const Daemon *d)
{
        return d->settings_error ?: d->journal.last_error;
}

void daemon_snapshot(const Daemon *d, Snapshot *ret)
{
        size_t n_remotes;
        const RemoteSnapshot *remotes = couriers_snapshot(d->couriers, &n_remotes);

        *ret = (Snapshot){
                .totals = d->totals,
                .last_error = daemon_last_error(d) ?: "",
                .running = !d->stopping,
                .syncing = d->syncing,
                .sessions_pending = d->progress.sessions_pending,
                .source = d->source_shown,
                .archive = d->archive_shown,
                .version = SCRUBJAY_VERSION,
                .remotes = remotes,
                .n_remotes = n_remotes,
        };
}
