/*
 * The inside of the daemon, shared by its files and nobody else
 *
 * daemon.c puts it together and has the watch, the signals and the settings; daemon-cycle.c runs cycles and ends them.
 */
#pragma once

#include "base/time-util.h"
#include "service/cycle-journal.h"
#include "service/daemon.h"
#include "service/schedule.h"
#include "service/text-utf8.h"
#include "service/watch.h"

typedef struct Waiter {
        uint64_t cycle; /* the first one that counts */
        CycleWaiter call;
        void *userdata;
} Waiter;

struct Daemon {
        Settings *settings;
        const SettingsOptions *options;
        DaemonListener listener;

        sd_event *event;
        sd_event_source *due_timer, *watch_timer, *watchdog_timer, *stop_timer;
        sd_event_source *watch_source, *other_watch_source, *worker_source;
        sd_event_source *signal_sources[3];
        Watch *watch; /* NULL: it is not established, and is tried again */
        Watch *other_watch; /* on settings->other_source_path; NULL: there is none, or it cannot be watched */
        Worker *worker;

        Schedule schedule;
        CycleJournal journal;
        char *settings_error; /* why the settings could not be read again; NULL: the last ones read are in force */
        EngineTotals totals;
        Progress progress;
        char *source_shown, *archive_shown; /* the settings' paths, as valid UTF-8 */
        Couriers *couriers;
        uint64_t poked_usec; /* when the couriers were last told about changes */

        uint64_t n_cycles; /* begun so far */
        uint64_t cycle_began_usec;
        bool syncing;
        Resync resync_wanted;  /* by the next cycle */
        Resync resync_in_hand; /* by the running one */
        Waiter *waiters;
        size_t n_waiters;

        bool bus_settled, ready, stopping;
        bool folder_was_missing; /* at some time since the sandbox was made */
        bool other_folder_was_missing;
        int exit_status;
        uint64_t stop_by_usec, status_usec;
        uint64_t watchdog_usec;              /* 0: there is none */
        uint64_t watchdog_ticks, stop_ticks; /* of the worker, at the last check */
        unsigned n_watchdog_misses;          /* looks since the watchdog was fed */
        char *stuck_id;                      /* the session that is noted as stuck; NULL: none */
};

/* The time of this turn of the loop, CLOCK_MONOTONIC. */
uint64_t daemon_now(const Daemon *d);

/* Tells the listener. */
void daemon_changed(Daemon *d, unsigned what);

/* What Status shows as the last error; NULL: all is well. */
const char *daemon_last_error(const Daemon *d);

/* Tells the service manager in plain words what it is doing. */
void daemon_tell_status(Daemon *d);

/* Arms the timer for the next cycle; to be called after each change of the schedule. */
void daemon_set_due_timer(Daemon *d);

/* Answers those who wait for cycle @number or an earlier one; all of them where @result is NULL. */
void daemon_answer_waiters(Daemon *d, uint64_t number, const CycleResult *result);

/* Begins to stop: new work is refused, the cycle in hand is finished if that fits. The second call ends it after the
 * session in hand. */
void daemon_begin_stop(Daemon *d, int exit_status);

/* The source is missing: takes the other place over, if it is there. */
void daemon_look_elsewhere(Daemon *d);

/* Adds the timers and the worker's eventfd to the loop. Returns 0 or a negative errno. */
int daemon_add_cycle_sources(Daemon *d);

/* A timer on CLOCK_MONOTONIC that is off. Returns 0 or a negative errno. */
int daemon_add_timer(Daemon *d, sd_event_source **ret, sd_event_time_handler_t handler,
                     const char *description);

/* Lets @timer run once at @usec. */
void daemon_arm_timer(sd_event_source *timer, uint64_t usec);
