/*
 * Delivery: brings one remote up to what the archive holds, once
 *
 * Sessions go in the order in which they changed, in blocks that stay small: messages, tool calls and links first, then what
 * must vanish is deleted, then tombstones, and the session's own row last; so wherever a session row is, everything that it
 * stands for is there. It is told by the ledger what the remote has, writes there before and after, and may
 * be killed at any instant: what is repeated replaces itself.
 *
 * It does not wait and does not try again (but for a block whose acknowledgement got lost); courier.h does.
 */
#pragma once

#include "remote/remote.h"

typedef struct Delivery Delivery;

/* How far it is. All counts are of this run, but for the first and the last. */
typedef struct DeliveryProgress {
        uint64_t n_behind; /* sessions whose last change the remote does not have */
        uint64_t rows_sent;
        uint64_t sessions_sent;
        uint64_t sessions_deleted;
        uint64_t n_conflicts; /* not sent: somebody else has a session of that id there */
        uint64_t n_taken_over; /* sent, and had come from another machine of the same person before */
        uint64_t n_unfit;      /* messages whose ordinal does not fit a remote's column: left out */
        uint64_t last_delivery_usec; /* since the epoch; 0: never */
} DeliveryProgress;

/* Called between two blocks, on the thread that runs it. */
typedef void (*DeliveryCallback)(void *userdata, const DeliveryProgress *progress);

/* Copies @options. Touches nothing. Returns 0, or a negative errno with *@reterr. */
int delivery_new(const RemoteOptions *options, DeliveryCallback on_progress, void *userdata,
                 Delivery **ret, char **reterr);
Delivery *delivery_free(Delivery *d);
DEFINE_CLEANUP(Delivery *, delivery_free)

/* Ends a run in hand, and all later ones, with -ECANCELED. From any thread. */
void delivery_stop(Delivery *d);

/*
 * Runs. Returns 0: the remote has everything that it may have; -ENOENT: there is no archive yet; or a negative errno as a
 * RemoteBackend has them, with delivery_reason() and delivery_retry_after().
 */
int delivery_run(Delivery *d);

/* Why the last run failed: a sentence. Borrowed until the next run. */
const char *delivery_reason(const Delivery *d);
/* What the server asked for then; 0: nothing. */
uint64_t delivery_retry_after(const Delivery *d);
/* How far the last run got. Borrowed. */
const DeliveryProgress *delivery_progress(const Delivery *d);

/* What a person should know though the run succeeded: sessions of others in the way. NULL: nothing. */
const char *delivery_warning(const Delivery *d);

/* When the next session's HoldTime= is over, microseconds since the epoch; USEC_INFINITY: none is held. */
uint64_t delivery_next_due(const Delivery *d);

/* Looks again how far behind it is, without speaking to the remote. */
void delivery_look(Delivery *d);

/* Keeps why it fails in the ledger, for those who ask when no daemon runs. NULL: it does not. */
void delivery_note_error(Delivery *d, const char *reason);

/* What the next run would do with a session. */
typedef enum DeliveryStep {
        DELIVERY_KEEP,     /* it is there as it is */
        DELIVERY_SEND,     /* for the first time */
        DELIVERY_UPDATE,   /* what changed */
        DELIVERY_WITHDRAW, /* no longer allowed: deleted there */
        DELIVERY_HOLD,     /* not yet */
        DELIVERY_REFUSE,   /* never allowed */
} DeliveryStep;

typedef struct DeliveryPlan {
        DeliveryStep step;
        bool metadata_only;
        uint64_t due_usec; /* DELIVERY_HOLD */
} DeliveryPlan;

/* Sessions in the order in which they would go. A negative result of @on_session ends it. Speaks to nobody. */
typedef int (*DeliveryPlanCallback)(void *userdata, const Value *session, const DeliveryPlan *plan);
int delivery_preview(Delivery *d, DeliveryPlanCallback on_session, void *userdata);

typedef enum DeliveryDifference {
        DIFFERENCE_MISSING,   /* here, allowed and delivered, and not there */
        DIFFERENCE_STALE,     /* there, and must not be */
        DIFFERENCE_DIFFERENT, /* other rows than here */
        DIFFERENCE_WAITING,   /* not delivered yet; no fault */
} DeliveryDifference;

/* @table: where it was seen; @n_here, @n_there: rows. */
typedef int (*DeliveryDifferenceCallback)(void *userdata, const char *session_id, RemoteTable table,
                                          DeliveryDifference difference, uint64_t n_here,
                                          uint64_t n_there);

/* Compares all that the remote holds of ours with the archive. Returns 0 or as delivery_run(). */
int delivery_check(Delivery *d, DeliveryDifferenceCallback on_difference, void *userdata);
