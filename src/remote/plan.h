/*
 * Plan: what is to be done with one session
 *
 * Pure: what the archive has, what the ledger says that the remote has, what the settings allow, and the time make the step.
 */
#pragma once

#include "remote/ledger.h"
#include "remote/remote.h"

/* What the next run would do with a session. */
typedef enum DeliveryStep {
        DELIVERY_KEEP,     /* it is there as it is */
        DELIVERY_SEND,     /* for the first time */
        DELIVERY_UPDATE,   /* what changed */
        DELIVERY_WITHDRAW, /* no longer allowed: deleted there */
        DELIVERY_REMOVE,   /* the archive has it no longer: deleted there */
        DELIVERY_HOLD,     /* not yet */
        DELIVERY_REFUSE,   /* never allowed */
} DeliveryStep;

typedef struct DeliveryPlan {
        DeliveryStep step;
        bool metadata_only;
        bool whole;        /* DELIVERY_SEND, DELIVERY_UPDATE: what is there is not relied on */
        uint64_t due_usec; /* DELIVERY_HOLD */
} DeliveryPlan;

/* Is a session of that id there, or deleted there, by somebody else: is nothing of ours to be there? */
bool ledger_entry_is_left(const LedgerEntry *entry);

/* Can the remote have rows of it? */
bool ledger_entry_is_there(const LedgerEntry *entry);

/* Is there anything to do, now? */
bool delivery_step_moves(DeliveryStep step);

/* @session: NULL where the archive has none. */
DeliveryPlan delivery_plan(const RemoteOptions *options, const FeedSession *session,
                           const LedgerEntry *entry, uint64_t now_usec);
