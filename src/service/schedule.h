/*
 * When to run next
 *
 * Pure: its inputs are events and the time, and it says when a cycle is due and of which kind. All times are
 * microseconds of one clock that never goes back; USEC_INFINITY is "never".
 *
 * A cycle is due: at once at the start and on request; a quiet time after the last event of the source, but no later
 * than a maximum delay after the first one, so that a steady writer cannot starve it; every reconcile interval, even if
 * there was no event; every audit interval, comparing everything. After a failure it waits, longer each time. After events
 * were handled, it looks one last time: SQLite's writers make a commit visible in shared memory, a moment after the last
 * write that can be watched, and on a busy machine that moment is longer than any quiet time.
 */
#pragma once

#include <stdint.h>

#include "base/time-util.h"
#include "sync/engine.h"

#define SCHEDULE_RETRY_MIN_USEC (1 * USEC_PER_SEC)
#define SCHEDULE_RETRY_MAX_USEC (1 * USEC_PER_MIN)
#define SCHEDULE_LAST_LOOK_USEC (5 * USEC_PER_SEC)

typedef struct ScheduleSettings {
        uint64_t quiet_usec, max_delay_usec, reconcile_usec, audit_usec;
} ScheduleSettings;

/* How a cycle ended, as far as it matters here. */
typedef enum CycleEnd {
        CYCLE_END_DONE,
        CYCLE_END_SOURCE_FAILED, /* tried again after a while, and when the source moves */
        CYCLE_END_FAILED,        /* tried again after a while; the source moving does not help */
} CycleEnd;

/* Open, so that it can live in its owner; nobody else looks into it. */
typedef struct Schedule {
        ScheduleSettings settings;
        uint64_t first_event, last_event; /* since the last cycle began; INFINITY: none */
        uint64_t next_reconcile, next_audit;
        uint64_t retry;     /* after a failure; INFINITY: there was none */
        uint64_t last_look; /* after events; INFINITY: it was done */
        unsigned n_failures;
        bool asked;
        bool events_wait; /* for the retry */
} Schedule;

/* The first cycle is due at once. */
void schedule_init(Schedule *s, const ScheduleSettings *settings, uint64_t now);

/* Applies new settings; the reconcile and audit intervals begin again at @now. */
void schedule_set_settings(Schedule *s, const ScheduleSettings *settings, uint64_t now);

/* Something happened to the source. */
void schedule_event(Schedule *s, uint64_t now);

/* Somebody asks for a cycle: due at once, whatever failed before. */
void schedule_ask(Schedule *s);

/* When the next cycle is due. */
uint64_t schedule_next(const Schedule *s);

/* Is one due at @now? Returns true with its kind. Nothing changes until schedule_began(). */
bool schedule_is_due(const Schedule *s, uint64_t now, CycleKind *ret_kind);

/* A cycle of @kind begins: it covers all events until now. */
void schedule_began(Schedule *s, CycleKind kind, uint64_t now);

/* It ended. */
void schedule_ended(Schedule *s, CycleEnd end, uint64_t now);
