/* Plan: what to do with one session */
#include "remote/plan.h"

#include "remote/filter.h"

bool ledger_entry_is_there(const LedgerEntry *entry)
{
        return entry->state == LEDGER_UNKNOWN || entry->state == LEDGER_SHARED ||
               entry->state == LEDGER_METADATA || entry->state == LEDGER_BARRED;
}

bool ledger_entry_is_left(const LedgerEntry *entry)
{
        return entry->state == LEDGER_CONFLICT || entry->state == LEDGER_EXCLUDED;
}

bool delivery_step_moves(DeliveryStep step)
{
        return step == DELIVERY_SEND || step == DELIVERY_UPDATE || step == DELIVERY_WITHDRAW ||
               step == DELIVERY_REMOVE;
}

DeliveryPlan delivery_plan(const RemoteOptions *options, const FeedSession *session,
                           const LedgerEntry *entry, uint64_t now_usec)
{
        bool is_there = ledger_entry_is_there(entry);
        DeliveryPlan plan = { .step = DELIVERY_KEEP };
        LedgerState wanted;
        Share share;

        if (!session) {
                plan.step = is_there ? DELIVERY_REMOVE : DELIVERY_KEEP;
                return plan;
        }
        share = filter_share(options, session->values);
        if (share == SHARE_NOTHING) {
                plan.step = is_there ? DELIVERY_WITHDRAW : DELIVERY_REFUSE;
                return plan;
        }
        plan.metadata_only = share == SHARE_METADATA;
        wanted = plan.metadata_only ? LEDGER_METADATA : LEDGER_SHARED;
        if ((entry->state == wanted || entry->state == LEDGER_BARRED) &&
            entry->change_seq == session->change_seq)
                return plan;
        plan.step = is_there ? DELIVERY_UPDATE : DELIVERY_SEND;
        plan.whole = entry->state != wanted || session->shrunk_seq > entry->change_seq ||
                     session->change_seq < entry->change_seq;
        if (entry->state == LEDGER_SHARED && plan.metadata_only)
                return plan; /* removing text never waits */
        plan.due_usec = filter_due_usec(options, session->values, session->synced_at_usec);
        if (plan.due_usec > now_usec)
                plan.step = DELIVERY_HOLD;
        return plan;
}
