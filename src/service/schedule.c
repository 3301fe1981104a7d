/* When to run next */
#include "service/schedule.h"

/* @a + @b, where "never" stays never. */
static uint64_t later(uint64_t a, uint64_t b)
{
        uint64_t sum;

        return __builtin_add_overflow(a, b, &sum) ? USEC_INFINITY : sum;
}

static uint64_t earlier_of(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

void schedule_init(Schedule *s, const ScheduleSettings *settings, uint64_t now)
{
        *s = (Schedule){
                .settings = *settings,
                .first_event = USEC_INFINITY,
                .last_event = USEC_INFINITY,
                .next_reconcile = later(now, settings->reconcile_usec),
                .next_audit = later(now, settings->audit_usec),
                .retry = USEC_INFINITY,
                .last_look = USEC_INFINITY,
                .asked = true,
        };
}

void schedule_set_settings(Schedule *s, const ScheduleSettings *settings, uint64_t now)
{
        s->settings = *settings;
        s->next_reconcile = later(now, settings->reconcile_usec);
        s->next_audit = later(now, settings->audit_usec);
}

void schedule_event(Schedule *s, uint64_t now)
{
        if (s->first_event == USEC_INFINITY)
                s->first_event = now;
        s->last_event = now;
        s->last_look = USEC_INFINITY; /* it comes after the cycle that follows */
}

void schedule_ask(Schedule *s)
{
        s->asked = true;
}

/* When the events that came are due. */
static uint64_t events_due(const Schedule *s)
{
        uint64_t due;

        if (s->first_event == USEC_INFINITY)
                return USEC_INFINITY;
        due = earlier_of(later(s->last_event, s->settings.quiet_usec),
                         later(s->first_event, s->settings.max_delay_usec));
        if (s->events_wait && due < s->retry)
                return s->retry;
        return due;
}

uint64_t schedule_next(const Schedule *s)
{
        uint64_t due;

        if (s->asked)
                return 0;
        due = earlier_of(events_due(s), s->retry);
        /* while waiting after a failure the timers wait too: the retry looks anyway */
        if (s->retry == USEC_INFINITY)
                due = earlier_of(earlier_of(due, s->last_look),
                                 earlier_of(s->next_reconcile, s->next_audit));
        return due;
}

bool schedule_is_due(const Schedule *s, uint64_t now, CycleKind *ret_kind)
{
        if (schedule_next(s) > now)
                return false;
        if (now >= s->next_audit)
                *ret_kind = CYCLE_AUDIT;
        else if (s->asked || now >= s->retry || now >= s->next_reconcile)
                *ret_kind = CYCLE_LOOK;
        else
                *ret_kind = CYCLE_NORMAL;
        return true;
}

void schedule_began(Schedule *s, CycleKind kind, uint64_t now)
{
        s->last_look = s->first_event == USEC_INFINITY ? USEC_INFINITY
                                                       : later(now, SCHEDULE_LAST_LOOK_USEC);
        s->asked = false;
        s->first_event = s->last_event = USEC_INFINITY;
        s->retry = USEC_INFINITY;
        s->events_wait = false;
        if (kind != CYCLE_NORMAL)
                s->next_reconcile = later(now, s->settings.reconcile_usec);
        if (kind == CYCLE_AUDIT)
                s->next_audit = later(now, s->settings.audit_usec);
}

void schedule_ended(Schedule *s, CycleEnd end, uint64_t now)
{
        uint64_t wait = SCHEDULE_RETRY_MIN_USEC;

        if (end == CYCLE_END_DONE) {
                s->n_failures = 0;
                return;
        }
        for (unsigned i = 0; i < s->n_failures && wait < SCHEDULE_RETRY_MAX_USEC; i++)
                wait *= 2;
        s->n_failures++;
        s->retry = later(now, earlier_of(wait, SCHEDULE_RETRY_MAX_USEC));
        s->events_wait = end == CYCLE_END_FAILED;
}
