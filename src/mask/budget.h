/*
 * Budget: how much work one text may take
 *
 * Work is counted in steps of a few nanoseconds; now and then the time it took is checked. So a hostile text is given up
 * after a few seconds, and whoever waits learns that work is under way.
 */
#pragma once

#include "base/time-util.h"

/* Called now and then while a text is worked on, on the masker's thread. */
typedef void (*MaskProgress)(void *userdata);

/* Real text takes a few milliseconds a megabyte, on slow machines some tens. */
#define BUDGET_USEC        (3 * USEC_PER_SEC)
#define BUDGET_USEC_PER_MB (200 * USEC_PER_MSEC)

typedef struct Budget {
        uint64_t steps, next_look;
        uint64_t until_usec,
                        next_told_usec; /* of this thread's CPU time; 0: it was not looked at yet */
        size_t size;                    /* of the text */
        bool exceeded;
        MaskProgress progress; /* may be NULL */
        void *userdata;
} Budget;

/* A text of @size bytes begins. */
void budget_begin(Budget *b, size_t size);

/* What budget_spend() does when it is time. */
bool budget_look(Budget *b);

/* Counts @steps. Returns false when the text has to be given up. */
static inline bool budget_spend(Budget *b, uint64_t steps)
{
        b->steps += steps;
        return b->steps < b->next_look ? !b->exceeded : budget_look(b);
}
