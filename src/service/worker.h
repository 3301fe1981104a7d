/*
 * Worker: the thread beside the loop that owns the engine
 *
 * One request goes in at a time; progress, secrets found and the result come out. Both sides share one struct under one
 * mutex, and one eventfd that says "there is something to take". The thread never touches anything of the loop, and the
 * loop never waits for the thread, however long a read, an fsync or a lock of the source takes.
 */
#pragma once

#include "service/settings.h"
#include "sync/engine.h"

typedef struct Worker Worker;

/* What happened since the last one was taken. */
typedef struct WorkerReport {
        bool finished; /* the cycle ended: result is set, and the next one may be started */
        CycleResult result;
        EngineTotals totals;
        Progress progress; /* of the running cycle */
        SessionSecrets *secrets;
        size_t n_secrets;
} WorkerReport;

void worker_report_done(WorkerReport *report);

/* Starts the thread; it opens the archive for the totals, and then waits. Takes a reference to @settings.
 * Returns 0 or a negative errno. */
int worker_new(Settings *settings, Worker **ret);

/* Lets a cycle end after the current session, waits for the thread, frees. Takes NULL; returns NULL. */
Worker *worker_free(Worker *w);
DEFINE_CLEANUP(Worker *, worker_free)

/* Readable when there is something to take. Owned by the worker. */
int worker_fd(const Worker *w);

/* Starts a cycle; with @resync every session is synced again. Only when none runs. */
void worker_start(Worker *w, CycleKind kind, Resync resync);

/* Asks a running cycle to end after the current session, and every later one at once. */
void worker_stop(Worker *w);

/* New settings, in force from the next cycle on. Takes a reference. */
void worker_set_settings(Worker *w, Settings *settings);

/* Takes the current report, without waiting. Ends with worker_report_done(). */
void worker_take(Worker *w, WorkerReport *ret);

/* A number that grows while the thread makes progress; it does not change while the thread is stuck or idle. */
uint64_t worker_ticks(Worker *w);

/* The settings as the engine takes them; everything is borrowed from @settings. */
EngineSettings settings_for_engine(const Settings *settings);
