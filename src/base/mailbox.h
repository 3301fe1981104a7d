/*
 * Mailbox: a thread, and what it shares with its owner
 *
 * Both read and write the shared things under the mutex. The owner wakes the thread when there is something to do; the thread
 * tells the owner, through a descriptor for its loop, that there is something to take. It gets no signals: they are the owner's.
 */
#pragma once

#include <pthread.h>

#include "base/time-util.h"

typedef struct Mailbox {
        pthread_mutex_t mutex;
        pthread_cond_t wanted;
        pthread_t thread;
        bool has_thread;
        bool told;    /* the descriptor is readable, and nothing was taken since */
        int event_fd; /* readable when there is something to take */
} Mailbox;

/* Returns 0 or a negative errno; mailbox_done() is needed in any case. */
int mailbox_init(Mailbox *m);

/* Starts the thread. Returns 0 or a negative errno. */
int mailbox_start(Mailbox *m, const char *name, void *(*func)(void *userdata), void *userdata);

/* Waits for the thread to return, which the owner has told it, and frees. */
void mailbox_done(Mailbox *m);

/* The mutex. */
void mailbox_lock(Mailbox *m);
void mailbox_unlock(Mailbox *m);

/* Under the mutex, on the thread: waits to be woken, until @until_usec (CLOCK_MONOTONIC; USEC_INFINITY: for ever) at most. */
void mailbox_wait(Mailbox *m, uint64_t until_usec);

/* Under the mutex: wakes the thread. */
void mailbox_wake(Mailbox *m);

/* Under the mutex: wakes the owner, once for all that it has not taken yet. */
void mailbox_tell(Mailbox *m);

/* Under the mutex: the owner takes what there is. */
void mailbox_take(Mailbox *m);
