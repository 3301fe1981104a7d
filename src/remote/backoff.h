/*
 * Back-off: when to try a remote again
 *
 * Pure: it is given what happened, the time and a random number. Waits double from one second to five minutes, and each is
 * randomly shortened by up to half, so that many daemons do not return at the same moment. If only a person can help (a
 * password, a right, a wrong table), the first wait is already the longest.
 */
#pragma once

#include "base/time-util.h"

#define BACKOFF_MIN_USEC (1 * USEC_PER_SEC)
#define BACKOFF_MAX_USEC (5 * USEC_PER_MIN)

/* The longest wait that a server may ask for; more is taken as its mistake. */
#define BACKOFF_ASKED_MAX_USEC (1 * USEC_PER_HOUR)

typedef struct Backoff {
        unsigned n_failures; /* in succession */
        uint64_t until_usec; /* CLOCK_MONOTONIC; 0: no need to wait */
} Backoff;

/* @error: as a RemoteBackend returns it; @asked_usec: the wait that the server asked for (0: none); @random: any number. */
void backoff_failed(Backoff *b, int error, uint64_t asked_usec, uint64_t now, uint64_t random);

/* The remote is up to date: after the next failure, waits begin with the shortest again. */
void backoff_succeeded(Backoff *b);

/* Can only a person help? */
bool backoff_is_slow(int error);
