/*
 * Plan: what to do with one session
 *
 * Pure: the step follows from what the archive has, what the remote has according to the ledger, what the settings allow, and
 * the time.
 */
#pragma once

#include "remote/ledger.h"
#include "remote/remote.h"

/* What the next run would do with a session. */
typedef enum DeliveryStep {
        DELIVERY_KEEP,     /* nothing: it is there */
        DELIVERY_SEND,     /* for the first time */
        DELIVERY_UPDATE,   /* send what changed */
        DELIVERY_WITHDRAW, /* no longer allowed: deleted there */
        DELIVERY_REMOVE,   /* no longer in the archive: deleted there */
        DELIVERY_HOLD,     /* not yet */
        DELIVERY_REFUSE,   /* never allowed */
} DeliveryStep;

typedef struct DeliveryPlan {
        DeliveryStep step;
        bool metadata_only;
        bool whole;        /* DELIVERY_SEND, DELIVERY_UPDATE: all of it, whatever is there */
        uint64_t due_usec; /* DELIVERY_HOLD */
} DeliveryPlan;

/* Did somebody else bring, or delete, a session with that id there, so that nothing of ours may be there? */
bool ledger_entry_is_left(const LedgerEntry *entry);

/* May the remote have rows of it? */
bool ledger_entry_is_there(const LedgerEntry *entry);

/* Is there anything to do, now? */
bool delivery_step_moves(DeliveryStep step);

/* @session: NULL if the archive has none. */
DeliveryPlan delivery_plan(const RemoteOptions *options, const FeedSession *session,
                           const LedgerEntry *entry, uint64_t now_usec);

/* What is planned for a session, whose row is @session. */
typedef int (*DeliveryPlanCallback)(void *userdata, const Value *session, const DeliveryPlan *plan);
