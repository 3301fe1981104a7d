/* Budget: how much work one text may take */
#include "mask/budget.h"

/* Some milliseconds; and how often anybody is told. */
#define LOOK_STEPS ((uint64_t) 256 * 1024)
#define TELL_USEC  (100 * USEC_PER_MSEC)

void budget_begin(Budget *b, size_t size)
{
        b->steps = 0;
        b->next_look = LOOK_STEPS;
        b->exceeded = false;
        b->until_usec = 0;
        b->size = size;
}

bool budget_look(Budget *b)
{
        uint64_t now = now_usec(CLOCK_THREAD_CPUTIME_ID);

        b->next_look = b->steps + LOOK_STEPS;
        if (b->until_usec == 0) {
                /* Few texts come this far, and the others need not ask the kernel what time it is. */
                b->until_usec = now + BUDGET_USEC + b->size / 1024 * BUDGET_USEC_PER_MB / 1024;
                b->next_told_usec = now + TELL_USEC;
        }
        if (b->progress && now >= b->next_told_usec) {
                b->next_told_usec = now + TELL_USEC;
                b->progress(b->userdata);
        }
        if (now > b->until_usec)
                b->exceeded = true;
        return !b->exceeded;
}
