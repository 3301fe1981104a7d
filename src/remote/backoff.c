/* Back-off: when to try a remote again */
#include "remote/backoff.h"

bool backoff_is_slow(int error)
{
        switch (error) {
        case -EACCES:
        case -EEXIST:
        case -EPROTOTYPE:
        case -EBADMSG:
        case -EKEYREJECTED:
        case -EINVAL:
        case -ERANGE:
        case -EPROTONOSUPPORT:
                return true;
        default:
                return false;
        }
}

void backoff_failed(Backoff *b, int error, uint64_t asked_usec, uint64_t now, uint64_t random)
{
        uint64_t wait = BACKOFF_MAX_USEC;

        if (!backoff_is_slow(error) && b->n_failures < 9) /* 2^9 seconds are past the maximum */
                wait = BACKOFF_MIN_USEC << b->n_failures;
        if (wait > BACKOFF_MAX_USEC)
                wait = BACKOFF_MAX_USEC;
        b->n_failures++;
        wait = wait / 2 + random % (wait / 2 + 1);
        if (asked_usec > BACKOFF_ASKED_MAX_USEC)
                asked_usec = BACKOFF_ASKED_MAX_USEC;
        b->until_usec = now + (asked_usec > wait ? asked_usec : wait);
}

void backoff_succeeded(Backoff *b)
{
        *b = (Backoff){ 0 };
}
