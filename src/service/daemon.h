/*
 * Daemon: the event loop and everything on it
 *
 * It owns the loop, the watch on the source, the timers, the signals and the worker; starts cycles when they are due;
 * keeps everything that Status returns in memory, so that it can answer at any time; and talks to the service manager. It
 * never touches a database or the network. Faces (the bus) query it, and learn of changes through a listener.
 */
#pragma once

#include <systemd/sd-event.h>

#include "service/couriers.h"
#include "service/settings-load.h"
#include "service/worker.h"

typedef struct Daemon Daemon;

/* What on_changed() tells has changed. */
enum {
        DAEMON_LAST_SYNC_AT = 1 << 0,
        DAEMON_TOTALS = 1 << 1,
        DAEMON_LAST_ERROR = 1 << 2,
        DAEMON_RUNNING = 1 << 3,
        DAEMON_SYNCING = 1 << 4,
        DAEMON_SOURCE = 1 << 5,
        DAEMON_ARCHIVE = 1 << 6,
        DAEMON_REMOTES = 1 << 7,
        DAEMON_LAST_VERIFIED_AT = 1 << 8,
};

/* Called on the loop; each may be NULL. What they get is borrowed. */
typedef struct DaemonListener {
        void *userdata;
        void (*on_changed)(void *userdata, unsigned what);
        void (*on_sync_started)(void *userdata);
        void (*on_sync_completed)(void *userdata, const CycleResult *result);
        void (*on_secrets_found)(void *userdata, const SessionSecrets *secrets);
        void (*on_pasted)(void *userdata,
                          const SessionSecrets *secrets); /* where the settings want it */
} DaemonListener;

/* Everything that Status returns. Strings belong to the daemon, and are valid until the loop continues. */
typedef struct Snapshot {
        EngineTotals totals;
        const char *last_error; /* "" when all is well */
        bool running;           /* false once it stops */
        bool syncing;
        uint64_t sessions_pending;
        const char *source, *archive, *version;
        const RemoteSnapshot *remotes;
        size_t n_remotes;
} Snapshot;

/* Takes references to @settings and copies nothing of @options, which must stay: a reload reads by them. The watch, the
 * timers and the worker stand when it returns. Returns 0 or a negative errno. */
int daemon_new(Settings *settings, const SettingsOptions *options, Daemon **ret);

/* Waits for the current session, stops everything. The bus must have left the loop before. */
Daemon *daemon_free(Daemon *d);
DEFINE_CLEANUP(Daemon *, daemon_free)

/* The loop (borrowed), and who is told of changes (one listener, copied). */
sd_event *daemon_event(Daemon *d);
void daemon_set_listener(Daemon *d, const DaemonListener *listener);

/* The bus name is owned, or there is no bus for now: one half of being ready. */
void daemon_bus_settled(Daemon *d);

/* The bus name belongs to another process that does the same work: ends after the current session, with exit status 1. */
void daemon_name_taken(Daemon *d);

/* Runs until a signal ends it. Returns the exit status of the process, or a negative errno. */
int daemon_run(Daemon *d);

/* What Status shows, as of now. Borrowed until the loop turns again. */
void daemon_snapshot(const Daemon *d, Snapshot *ret);

/* Called once: with the result of a cycle that began after it was asked for, or NULL when there will be none, because
 * the daemon stops. */
typedef void (*CycleWaiter)(void *userdata, const CycleResult *result);

/* Asks for a cycle; concurrent requests share one. Returns 0; -ESHUTDOWN: it stops; -EAGAIN: too many are
 * waiting; or -ENOMEM. In these cases @waiter is not called. */
int daemon_run_once(Daemon *d, CycleWaiter waiter, void *userdata);

/* Brings every remote up to date now. Returns 0; -ESHUTDOWN: it stops; -EAGAIN: too many are waiting; or -ENOMEM. In
 * these cases @waiter is not called. */
int daemon_deliver(Daemon *d, CouriersWaiter waiter, void *userdata);

/* Lets the next cycle sync everything again, and asks for one; while such a cycle runs it is that one. Returns 0 or -ESHUTDOWN. */
int daemon_force_resync(Daemon *d, Resync resync);
