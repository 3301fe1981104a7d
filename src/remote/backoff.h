/*
 * Back-off: when to try a remote again
 *
 * Pure: it is told what happened, the time and a random number. Waits double from a second to five minutes, each of them
 * somewhere between half and all of it, so that many daemons do not come back at the same moment. Where only a person can
 * help (a password, a right, a wrong table) it waits the longest at once.
 */
#pragma once

#include "base/time-util.h"

#define BACKOFF_MIN_USEC (1 * USEC_PER_SEC)
#define BACKOFF_MAX_USEC (5 * USEC_PER_MIN)

/* What a server may ask for; more than that is its mistake. */
#define BACKOFF_ASKED_MAX_USEC (1 * USEC_PER_HOUR)

typedef struct Backoff {
        unsigned n_failures; /* in a row */
        uint64_t until_usec; /* CLOCK_MONOTONIC; 0: no need to wait */
} Backoff;

/* @error as a RemoteBackend gives it; @asked_usec: what the server asked for (0: nothing); @random: any number. */
void backoff_failed(Backoff *b, int error, uint64_t asked_usec, uint64_t now, uint64_t random);

/* The remote is up to date: the next failure waits the shortest again. */
void backoff_succeeded(Backoff *b);

/* Can a person alone help? */
bool backoff_is_slow(int error);
