/*
 * Progress: what a delivery reports while it runs
 */
#pragma once

#include "remote/plan.h"
#include "remote/remote.h"

typedef struct Delivery Delivery;

/* How far it is. All counts but n_behind are of this run. */
typedef struct DeliveryProgress {
        uint64_t n_behind; /* sessions whose last change the remote does not have */
        uint64_t rows_sent;
        uint64_t sessions_sent;
        uint64_t sessions_deleted;
        uint64_t n_conflicts;  /* not sent: somebody else has a session with that id there */
        uint64_t n_taken_over; /* sent; before, they came from another machine of the same person */
        uint64_t n_unfit;      /* messages whose ordinal does not fit a remote's column: left out */
        uint64_t last_delivery_usec; /* since the epoch; 0: never */
} DeliveryProgress;

/* Called between two batches, on the thread that runs it. */
typedef void (*DeliveryCallback)(void *userdata, const DeliveryProgress *progress);

typedef enum DeliveryDifference {
        DIFFERENCE_MISSING,   /* here, allowed and delivered, and not there */
        DIFFERENCE_STALE,     /* there, and must not be */
        DIFFERENCE_DIFFERENT, /* other rows than here */
        DIFFERENCE_WAITING,   /* not delivered yet, which is no fault */
} DeliveryDifference;

/* @session_id is "*" for a list as a whole; @n_here, @n_there: rows of @table. */
typedef int (*DeliveryDifferenceCallback)(void *userdata, const char *session_id, RemoteTable table,
                                          DeliveryDifference difference, uint64_t n_here,
                                          uint64_t n_there);
