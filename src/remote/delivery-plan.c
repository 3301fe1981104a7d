/* Delivery: what is to be done with each session */
#include <string.h>

#include "remote/delivery-internal.h"

static bool is_there(const LedgerEntry *entry)
{
        return entry->state == LEDGER_UNKNOWN || entry->state == LEDGER_SHARED ||
               entry->state == LEDGER_METADATA;
}

DeliveryPlan delivery_plan(const RemoteOptions *options, const FeedSession *session,
                           const LedgerEntry *entry, uint64_t now_usec)
{
        Share share = filter_share(options, session->values);
        LedgerState wanted = share == SHARE_ALL ? LEDGER_SHARED : LEDGER_METADATA;
        DeliveryPlan plan = { .metadata_only = share == SHARE_METADATA };

        if (share == SHARE_NOTHING) {
                plan.step = is_there(entry) ? DELIVERY_WITHDRAW : DELIVERY_REFUSE;
                return plan;
        }
        if (entry->state == wanted && entry->change_seq == session->change_seq)
                return plan; /* DELIVERY_KEEP */
        plan.step = is_there(entry) ? DELIVERY_UPDATE : DELIVERY_SEND;
        if (entry->state == LEDGER_SHARED && share == SHARE_METADATA)
                return plan; /* taking text back never waits */
        plan.due_usec = filter_due_usec(options, session->values, session->synced_at_usec);
        if (plan.due_usec > now_usec)
                plan.step = DELIVERY_HOLD;
        return plan;
}

static void note_held(Delivery *d, const FeedSession *session, const DeliveryPlan *plan)
{
        if (session->change_seq < d->held_from)
                d->held_from = session->change_seq;
        if (plan->due_usec < d->next_due)
                d->next_due = plan->due_usec;
}

/* When a held session's time has come, everything from the first held one on is looked at again. */
static void release_held(Delivery *d, uint64_t now)
{
        if (now < d->next_due || d->held_from == INT64_MAX)
                return;
        if (d->held_from <= d->cursor)
                d->cursor = d->held_from - 1;
        d->held_from = INT64_MAX;
        d->next_due = USEC_INFINITY;
}

/* Plans the session that comes next in order of change. Returns 1, 0 (there is none) or a negative errno. */
static int plan_next(Delivery *d, uint64_t now, FeedSession *session, LedgerEntry *entry,
                     DeliveryPlan *plan)
{
        int r = feed_next(d->feed, session);

        if (r <= 0)
                return r < 0 ? delivery_feed_failed(d, r) : 0;
        r = ledger_get(d->ledger, d->options.name, session->values[SESSION_ID].text, entry);
        if (r < 0)
                return delivery_ledger_failed(d, r);
        *plan = delivery_plan(&d->options, session, entry, now);
        return 1;
}

int delivery_advance(Delivery *d)
{
        uint64_t now = now_usec(CLOCK_REALTIME);
        FeedSession session;
        LedgerEntry entry;
        DeliveryPlan plan;
        int r;

        if (!d->state.reconciled)
                d->cursor = 0;
        release_held(d, now);
        r = feed_begin(d->feed);
        if (r >= 0)
                r = feed_seek(d->feed, d->cursor);
        if (r < 0)
                return delivery_feed_failed(d, r);
        while (d->state.reconciled && (r = plan_next(d, now, &session, &entry, &plan)) > 0) {
                if (plan.step == DELIVERY_HOLD)
                        note_held(d, &session, &plan);
                else if (plan.step != DELIVERY_KEEP && plan.step != DELIVERY_REFUSE)
                        break;
                d->cursor = session.change_seq;
        }
        feed_end(d->feed);
        return r < 0 ? r : 0;
}

int delivery_preview(Delivery *d, DeliveryPlanCallback on_session, void *userdata)
{
        uint64_t now = now_usec(CLOCK_REALTIME);
        FeedSession session;
        LedgerEntry entry;
        DeliveryPlan plan;
        int r;

        r = d->feed ? 0 : feed_open(d->options.archive_path, &d->feed, NULL);
        if (r < 0)
                return delivery_fail(d, r, "There is no archive that can be read.");
        if (!d->ledger) /* without one nothing was ever delivered */
                (void) ledger_open_read_only(d->options.archive_path, &d->ledger);
        r = feed_begin(d->feed);
        if (r >= 0)
                r = feed_seek(d->feed, 0);
        if (r < 0)
                return delivery_feed_failed(d, r);
        while ((r = feed_next(d->feed, &session)) > 0) {
                entry = (LedgerEntry){ 0 };
                r = d->ledger ? ledger_get(d->ledger, d->options.name,
                                           session.values[SESSION_ID].text, &entry)
                              : 0;
                if (r < 0)
                        break;
                plan = delivery_plan(&d->options, &session, &entry, now);
                r = on_session(userdata, session.values, &plan);
                if (r < 0)
                        break;
        }
        feed_end(d->feed);
        return r < 0 ? delivery_fail(d, r, "The archive cannot be read.") : 0;
}

/* A batch */

/* What a parcel needs from the plan. */
static int add_parcel(Delivery *d, const FeedSession *session, const LedgerEntry *entry,
                      const DeliveryPlan *plan)
{
        Parcel *p = d->parcels + d->n_parcels;
        LedgerState wanted = plan->metadata_only ? LEDGER_METADATA : LEDGER_SHARED;

        *p = (Parcel){
                .id = strdup(session->values[SESSION_ID].text),
                .entry = *entry,
                .share = plan->metadata_only ? SHARE_METADATA : SHARE_ALL,
                .whole = entry->state != wanted || session->shrunk_seq > entry->change_seq,
                .noted = entry->state == LEDGER_UNKNOWN,
        };
        if (!p->id)
                return delivery_fail(d, -ENOMEM, "There is no memory.");
        d->n_parcels++;
        return 0;
}

/* Sessions to take back, of the batch that is collected. */
typedef struct Withdrawals {
        char *ids[BATCH_SESSIONS];
        size_t n;
} Withdrawals;

static void withdrawals_done(Withdrawals *w)
{
        for (size_t i = 0; i < w->n; i++)
                free(w->ids[i]);
        w->n = 0;
}

int delivery_collect(Delivery *d, int64_t *ret_last)
{
        _cleanup_(withdrawals_done) Withdrawals withdrawals = { .n = 0 };
        uint64_t now = now_usec(CLOCK_REALTIME);
        FeedSession session;
        LedgerEntry entry;
        DeliveryPlan plan;
        int r;

        *ret_last = d->cursor;
        r = feed_seek(d->feed, d->cursor);
        while (r >= 0 && d->n_parcels + withdrawals.n < BATCH_SESSIONS &&
               (r = plan_next(d, now, &session, &entry, &plan)) > 0) {
                if (plan.step == DELIVERY_HOLD)
                        note_held(d, &session, &plan);
                else if (plan.step == DELIVERY_SEND || plan.step == DELIVERY_UPDATE)
                        r = add_parcel(d, &session, &entry, &plan);
                else if (plan.step == DELIVERY_WITHDRAW) {
                        char *id = strdup(session.values[SESSION_ID].text);

                        if (!id)
                                return delivery_fail(d, -ENOMEM, "There is no memory.");
                        withdrawals.ids[withdrawals.n++] = id;
                }
                *ret_last = session.change_seq;
        }
        feed_end(d->feed);
        if (r < 0)
                return r;
        return delivery_delete(d, (const char *const *) withdrawals.ids, withdrawals.n,
                               LEDGER_WITHDRAWN);
}
