/* schedule: what is due when */
#include "service/schedule.h"
#include "test.h"

#define MS  USEC_PER_MSEC
#define SEC USEC_PER_SEC

static const ScheduleSettings usual = {
        .quiet_usec = 500 * USEC_PER_MSEC,
        .max_delay_usec = 2 * USEC_PER_SEC,
        .reconcile_usec = 5 * USEC_PER_MIN,
        .audit_usec = USEC_PER_HOUR,
};

static void run(Schedule *s, CycleKind kind, CycleEnd end, uint64_t now)
{
        schedule_began(s, kind, now);
        schedule_ended(s, end, now);
}

/* A schedule whose first cycle is done at 0. */
static Schedule idle(void)
{
        Schedule s;

        schedule_init(&s, &usual, 0);
        run(&s, CYCLE_LOOK, CYCLE_END_DONE, 0);
        return s;
}

TEST(the_first_cycle_is_due_at_once)
{
        CycleKind kind = CYCLE_AUDIT;
        Schedule s;

        schedule_init(&s, &usual, 77 * SEC);
        CHECK(schedule_is_due(&s, 77 * SEC, &kind));
        CHECK_INT(kind, CYCLE_LOOK);
        run(&s, kind, CYCLE_END_DONE, 77 * SEC);
        CHECK(!schedule_is_due(&s, 78 * SEC, &kind));
        CHECK_INT(schedule_next(&s), 77 * SEC + 5 * USEC_PER_MIN);
}

TEST(an_event_waits_for_quiet)
{
        Schedule s = idle();
        CycleKind kind = CYCLE_AUDIT;

        schedule_event(&s, 10 * SEC);
        CHECK_INT(schedule_next(&s), 10 * SEC + 500 * MS);
        schedule_event(&s, 10 * SEC + 400 * MS);
        CHECK_INT(schedule_next(&s), 10 * SEC + 900 * MS);
        CHECK(!schedule_is_due(&s, 10 * SEC + 899 * MS, &kind));
        CHECK(schedule_is_due(&s, 10 * SEC + 900 * MS, &kind));
        CHECK_INT(kind, CYCLE_NORMAL);
        run(&s, kind, CYCLE_END_DONE, 11 * SEC);
        CHECK_INT(schedule_next(&s), 16 * SEC); /* for a commit that becomes visible late */
        CHECK(schedule_is_due(&s, 16 * SEC, &kind));
        CHECK_INT(kind, CYCLE_NORMAL);
        run(&s, kind, CYCLE_END_DONE, 16 * SEC);
        CHECK_INT(schedule_next(&s), 5 * USEC_PER_MIN);
}

TEST(the_last_look_comes_after_the_last_events)
{
        Schedule s = idle();

        schedule_event(&s, 10 * SEC);
        schedule_began(&s, CYCLE_NORMAL, 11 * SEC);
        schedule_event(&s, 12 * SEC);
        schedule_ended(&s, CYCLE_END_DONE, 15 * SEC);
        CHECK_INT(schedule_next(&s), 12 * SEC + 500 * MS);
        run(&s, CYCLE_NORMAL, CYCLE_END_FAILED, 15 * SEC);
        CHECK_INT(schedule_next(&s), 15 * SEC + SCHEDULE_RETRY_MIN_USEC);
        run(&s, CYCLE_LOOK, CYCLE_END_DONE, 16 * SEC); /* it was late enough */
        CHECK_INT(schedule_next(&s), 16 * SEC + 5 * USEC_PER_MIN);
}

TEST(a_steady_writer_cannot_starve_it)
{
        Schedule s = idle();

        for (uint64_t t = 10 * SEC; t <= 13 * SEC; t += 100 * MS)
                schedule_event(&s, t);
        CHECK_INT(schedule_next(&s), 12 * SEC);
}

TEST(events_during_a_cycle_lead_to_another)
{
        Schedule s = idle();

        schedule_began(&s, CYCLE_NORMAL, 10 * SEC);
        schedule_event(&s, 11 * SEC);
        schedule_ended(&s, CYCLE_END_DONE, 20 * SEC);
        CHECK_INT(schedule_next(&s), 11 * SEC + 500 * MS);
}

TEST(reconcile_looks_and_audit_compares)
{
        Schedule s = idle();
        CycleKind kind = CYCLE_NORMAL;
        unsigned n_looks = 0, n_audits = 0;

        for (uint64_t now = 0; now <= 2 * USEC_PER_HOUR; now = schedule_next(&s)) {
                if (!schedule_is_due(&s, now, &kind))
                        continue;
                if (kind == CYCLE_AUDIT)
                        n_audits++;
                else
                        n_looks++;
                CHECK(kind != CYCLE_NORMAL);
                run(&s, kind, CYCLE_END_DONE, now);
        }
        CHECK_INT(n_audits, 2);
        CHECK_INT(n_looks, 22); /* 24 times 5 min, two of them are the audits */
}

TEST(an_event_cycle_does_not_put_off_the_reconcile)
{
        Schedule s = idle();

        run(&s, CYCLE_NORMAL, CYCLE_END_DONE, 4 * USEC_PER_MIN);
        CHECK_INT(schedule_next(&s), 5 * USEC_PER_MIN);
        run(&s, CYCLE_LOOK, CYCLE_END_DONE, 4 * USEC_PER_MIN);
        CHECK_INT(schedule_next(&s), 9 * USEC_PER_MIN);
}

TEST(after_failures_it_waits_longer_each_time)
{
        static const uint64_t waits[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
        Schedule s = idle();
        CycleKind kind = CYCLE_NORMAL;
        uint64_t now = 10 * SEC;

        for (size_t i = 0; i < ELEMENTSOF(waits); i++) {
                run(&s, CYCLE_LOOK, CYCLE_END_FAILED, now);
                CHECK_INT(schedule_next(&s), now + waits[i] * SEC);
                now = schedule_next(&s);
                CHECK(schedule_is_due(&s, now, &kind));
                CHECK_INT(kind, CYCLE_LOOK);
        }
        run(&s, CYCLE_LOOK, CYCLE_END_DONE, now);
        CHECK_INT(schedule_next(&s), now + 5 * USEC_PER_MIN);
        run(&s, CYCLE_LOOK, CYCLE_END_FAILED, now);
        CHECK_INT(schedule_next(&s), now + SEC);
}

TEST(events_cut_the_wait_only_where_they_may_help)
{
        Schedule s = idle();

        for (int i = 0; i < 5; i++)
                run(&s, CYCLE_LOOK, CYCLE_END_FAILED, 10 * SEC);
        schedule_event(&s, 11 * SEC);
        CHECK_INT(schedule_next(&s), 26 * SEC);

        for (int i = 0; i < 5; i++)
                run(&s, CYCLE_LOOK, CYCLE_END_SOURCE_FAILED, 100 * SEC);
        schedule_event(&s, 101 * SEC);
        CHECK_INT(schedule_next(&s), 101 * SEC + 500 * MS);
}

TEST(who_asks_does_not_wait)
{
        Schedule s = idle();
        CycleKind kind = CYCLE_NORMAL;

        for (int i = 0; i < 5; i++)
                run(&s, CYCLE_LOOK, CYCLE_END_FAILED, 10 * SEC);
        schedule_ask(&s);
        CHECK(schedule_is_due(&s, 10 * SEC, &kind));
        CHECK_INT(kind, CYCLE_LOOK);
}

TEST(intervals_may_be_off)
{
        ScheduleSettings never = usual;
        Schedule s;

        never.reconcile_usec = never.audit_usec = USEC_INFINITY;
        schedule_init(&s, &never, 5);
        run(&s, CYCLE_LOOK, CYCLE_END_DONE, 5);
        CHECK(schedule_next(&s) == USEC_INFINITY);
        schedule_set_settings(&s, &usual, 10 * SEC);
        CHECK_INT(schedule_next(&s), 10 * SEC + 5 * USEC_PER_MIN);
}

TEST(the_clock_may_stand_still)
{
        ScheduleSettings eager = { 0, 0, SEC, SEC };
        CycleKind kind = CYCLE_NORMAL;
        Schedule s;

        schedule_init(&s, &eager, 0);
        run(&s, CYCLE_LOOK, CYCLE_END_DONE, 0);
        schedule_event(&s, 0);
        CHECK(schedule_is_due(&s, 0, &kind));
        CHECK_INT(kind, CYCLE_NORMAL);
}
