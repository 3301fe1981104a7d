/* Batch: the next sessions, planned, packed, sent and settled */
#include "remote/batch.h"

#include <string.h>

#include "remote/filter.h"
#include "remote/lists.h"

/* What is packed is sent and settled after about this much: an interrupted delivery begins again there, and the list of changes
 * must not grow without limit. */
#define SETTLE_BYTES   ((size_t) 64 * 1024 * 1024)
#define SETTLE_CHANGES 10000

void batch_drop(Delivery *d)
{
        for (size_t i = 0; i < d->n_parcels; i++)
                free(d->parcels[i].id);
        d->n_parcels = d->n_settled = 0;
        d->n_changes = 0;
        d->n_rows = d->n_bytes = 0;
}

/* Plan */

static void note_held(Delivery *d, const FeedSession *session, const DeliveryPlan *plan)
{
        if (session->change_seq < d->held_from)
                d->held_from = session->change_seq;
        if (plan->due_usec < d->next_due)
                d->next_due = plan->due_usec;
}

/* When a hold time is over, everything from the first held session on is planned again. */
static void release_held(Delivery *d, uint64_t now)
{
        if (now < d->next_due || d->held_from == INT64_MAX)
                return;
        if (d->held_from <= d->cursor)
                d->cursor = d->held_from - 1;
        d->held_from = INT64_MAX;
        d->next_due = USEC_INFINITY;
}

/* Plans the session that is next in order of change. Returns 1, 0 (there is none) or a negative errno. */
static int plan_next(Delivery *d, uint64_t now, FeedSession *session, LedgerEntry *entry,
                     DeliveryPlan *plan)
{
        int r = feed_next(d->feed, session);

        if (r <= 0)
                return r < 0 ? link_feed_failed(d, r) : 0;
        r = link_go_on(d);
        if (r >= 0)
                r = link_entry(d, session->values[SESSION_ID].text, entry);
        if (r < 0)
                return r;
        *plan = delivery_plan(&d->options, session, entry, now);
        if (plan->step == DELIVERY_HOLD)
                note_held(d, session, plan);
        return 1;
}

int batch_advance(Delivery *d)
{
        uint64_t now = now_usec(CLOCK_REALTIME);
        FeedSession session;
        LedgerEntry entry;
        DeliveryPlan plan;
        int r;

        if (!d->is_trusted) {
                d->cursor = 0;
                return 0;
        }
        release_held(d, now);
        r = feed_begin(d->feed);
        if (r < 0)
                return link_feed_failed(d, r);
        feed_seek(d->feed, d->cursor);
        while ((r = plan_next(d, now, &session, &entry, &plan)) > 0 &&
               !delivery_step_moves(plan.step))
                d->cursor = session.change_seq;
        feed_end(d->feed);
        return r < 0 ? r : 0;
}

int batch_walk(Delivery *d, int64_t after, DeliveryPlanCallback on_session, void *userdata)
{
        uint64_t now = now_usec(CLOCK_REALTIME);
        FeedSession session;
        LedgerEntry entry;
        DeliveryPlan plan;
        int r = feed_begin(d->feed);

        if (r < 0)
                return link_feed_failed(d, r);
        feed_seek(d->feed, after);
        do {
                r = feed_next(d->feed, &session);
                if (r < 0)
                        r = link_feed_failed(d, r);
                if (r <= 0)
                        break;
                r = link_entry(d, session.values[SESSION_ID].text, &entry);
                if (r < 0)
                        break;
                plan = delivery_plan(&d->options, &session, &entry, now);
                r = on_session(userdata, session.values, &plan);
        } while (r >= 0);
        feed_end(d->feed);
        return r;
}

static int count_moving(void *userdata, const Value *session, const DeliveryPlan *plan)
{
        *(uint64_t *) userdata += delivery_step_moves(plan->step);
        return 0;
}

int batch_count_behind(Delivery *d)
{
        uint64_t n = 0;
        int r = batch_walk(d, d->cursor, count_moving, &n);

        if (r < 0)
                return r;
        d->progress.n_behind = n;
        if (d->on_progress)
                d->on_progress(d->userdata, &d->progress);
        return 0;
}

static void add_parcel(Delivery *d, const char *id, const LedgerEntry *entry, Parcel parcel)
{
        parcel.id = xstrdup(id);
        parcel.had = *entry;
        d->parcels[d->n_parcels++] = parcel;
}

static void add_planned(Delivery *d, const char *id, const LedgerEntry *entry,
                        const DeliveryPlan *plan)
{
        LedgerState gone = LEDGER_WITHDRAWN;

        if (plan->step == DELIVERY_SEND || plan->step == DELIVERY_UPDATE) {
                add_parcel(d, id, entry,
                           (Parcel){ .kind = plan->whole ? REMOTE_WHOLE : REMOTE_CHANGES,
                                     .metadata_only = plan->metadata_only });
                return;
        }
        if (plan->step == DELIVERY_REMOVE && feed_has_tombstone(d->feed, id) > 0)
                gone = LEDGER_GONE;
        add_parcel(d, id, entry,
                   (Parcel){ .kind = REMOTE_REMOVE,
                             .will = { .state = gone, .last_ordinal = -1 },
                             .is_packed = true });
}

/* Makes parcels of the next sessions. *@ret_last: the last change that was planned. */
static int plan_batch(Delivery *d, int64_t *ret_last)
{
        uint64_t now = now_usec(CLOCK_REALTIME);
        FeedSession session;
        LedgerEntry entry;
        DeliveryPlan plan;
        int r;

        *ret_last = d->cursor;
        feed_seek(d->feed, d->cursor);
        while (d->n_parcels < BATCH_SESSIONS) {
                r = plan_next(d, now, &session, &entry, &plan);
                if (r <= 0)
                        return r;
                if (delivery_step_moves(plan.step))
                        add_planned(d, session.values[SESSION_ID].text, &entry, &plan);
                *ret_last = session.change_seq;
        }
        return 0;
}

/* Who owns the sessions there */

typedef struct Owners {
        Delivery *d;
        bool seen[BATCH_SESSIONS];
} Owners;

static int on_session(void *userdata, const RemoteSession *session)
{
        Owners *o = userdata;
        Delivery *d = o->d;
        bool was_seen;
        size_t i = 0;

        while (i < d->n_parcels && strcmp(d->parcels[i].id, session->id) != 0)
                i++;
        if (i == d->n_parcels)
                return 0;
        was_seen = o->seen[i];
        o->seen[i] = true;
        if (session->stamp >= d->state.version && session->stamp <= d->us.stamp_limit)
                d->state.version = session->stamp; /* from a writer whose clock is ahead */
        if (session->owner == REMOTE_OURS)
                return 0;
        d->parcels[i].kind = REMOTE_WHOLE; /* what is there did not come from us */
        if (session->owner == REMOTE_EXCLUDED) {
                d->parcels[i].will = (LedgerEntry){ .state = LEDGER_EXCLUDED, .last_ordinal = -1 };
                if (was_seen) { /* its row is there again */
                        d->parcels[i].kind = REMOTE_REMOVE;
                        d->parcels[i].is_packed = true;
                }
                link_warn(d,
                          "The session '%.100s' is not delivered: somebody has deleted it there "
                          "permanently.",
                          session->id);
                return 0;
        }
        if (session->owner == REMOTE_FOREIGN) {
                d->parcels[i].will = (LedgerEntry){ .state = LEDGER_CONFLICT, .last_ordinal = -1 };
                d->progress.n_conflicts++;
                free(d->warning);
                d->warning = NULL;
                link_warn(d,
                          "The session '%.100s' is not delivered: a session with that id is there "
                          "already, and belongs to the user '%.100s'.",
                          session->id, session->who);
                return 0;
        }
        if (*session->who && d->progress.n_taken_over++ == 0)
                link_warn(d,
                          "The session '%.100s' came from another machine before ('%.100s'); from now on "
                          "it belongs to this one.",
                          session->id, session->who);
        return 0;
}

/* Nothing of it is sent. */
static bool is_left_out(const Parcel *p)
{
        return ledger_entry_is_left(&p->will) || p->will.state == LEDGER_BARRED;
}

static int ask_owners(Delivery *d)
{
        const char *ids[BATCH_SESSIONS];
        Owners o = { .d = d };
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < d->n_parcels; i++)
                if (d->parcels[i].kind != REMOTE_REMOVE)
                        ids[n++] = d->parcels[i].id;
        if (n > 0)
                r = d->remote->backend->sessions(d->remote, ids, n, on_session, &o);
        if (r < 0)
                return link_remote_failed(d, r);
        for (size_t i = 0; i < d->n_parcels; i++) {
                Parcel *p = d->parcels + i;

                if (o.seen[i] || p->kind == REMOTE_REMOVE)
                        continue;
                /* if the session's row is not there (somebody removed it), nothing else is relied on */
                p->kind = ledger_entry_is_there(&p->had) || d->is_unsure ? REMOTE_WHOLE
                                                                         : REMOTE_NEW;
        }
        return 0;
}

/* The ledger */

/* Notes what may be there from now on, before the first row of the parcels that are not settled is sent. Usually once for each
 * batch, since it waits for the disk. */
static int note_begun(Delivery *d)
{
        static const LedgerEntry unknown = { .state = LEDGER_UNKNOWN, .last_ordinal = -1 };
        int r;

        d->stamp = link_next_stamp(d);
        d->state.look_again_usec = LEDGER_UNDER_WAY;
        r = ledger_begin(d->ledger);
        for (size_t i = d->n_settled; r >= 0 && i < d->n_parcels; i++) {
                const Parcel *p = d->parcels + i;

                if ((p->kind == REMOTE_NEW || p->kind == REMOTE_WHOLE) && !is_left_out(p))
                        r = ledger_put(d->ledger, d->options.name, p->id, &unknown);
        }
        return link_end_ledger(d, r);
}

/* Settle: the parcels before @end are there, and all changes up to @cursor (0: unchanged) are done. */
static int settle(Delivery *d, size_t end, int64_t cursor)
{
        int r = ledger_begin(d->ledger);

        for (size_t i = d->n_settled; r >= 0 && i < end; i++) {
                const Parcel *p = d->parcels + i;

                if (p->is_packed || is_left_out(p))
                        r = ledger_put(d->ledger, d->options.name, p->id, &p->will);
        }
        if (cursor > 0)
                d->state.cursor_seq = cursor;
        d->state.look_again_usec = d->look_again_usec;
        r = link_end_ledger(d, r);
        if (r < 0)
                return r;
        for (; d->n_settled < end; d->n_settled++) {
                const Parcel *p = d->parcels + d->n_settled;

                d->progress.sessions_sent += p->is_packed && p->kind != REMOTE_REMOVE;
                d->progress.sessions_deleted += p->kind == REMOTE_REMOVE;
                d->progress.n_behind -= d->progress.n_behind > 0;
        }
        if (d->on_progress)
                d->on_progress(d->userdata, &d->progress);
        return 0;
}

/* Send */

static bool has_tombstones(const Delivery *d, size_t end)
{
        for (size_t i = d->n_settled; i < end; i++)
                if (d->parcels[i].is_packed && d->parcels[i].trashed)
                        return true;
        return false;
}

/* Sends what is packed: the parcels before @end and none after it. @cursor: see settle(). */
static int send(Delivery *d, size_t end, int64_t cursor)
{
        RemoteParcel list[BATCH_SESSIONS];
        RemoteBatch batch = {
                .stamp = d->stamp, .parcels = list, .changes = d->changes, .n_changes = d->n_changes
        };
        int r = 0;

        for (size_t i = d->n_settled; i < end; i++) {
                const Parcel *p = d->parcels + i;

                if (p->is_packed)
                        list[batch.n_parcels++] = (RemoteParcel){ p->id, p->kind, p->wipe };
        }
        if (batch.n_parcels > 0) {
                /* readers must not see a session that is in the trash without its tombstone */
                r = has_tombstones(d, end) ? lists_put(d, REMOTE_DELETES) : 0;
                d->has_list = batch.replaces[REMOTE_DELETES] = r > 0;
                if (r >= 0)
                        r = link_send(d, &batch);
                if (r >= 0 && batch.replaces[REMOTE_DELETES])
                        lists_are_there(d, REMOTE_DELETES);
        }
        d->n_changes = 0;
        return r < 0 ? r : settle(d, end, cursor);
}

/* Pack */

/* Notes a message that is sent and may be there already, in another version. */
static void note_message(Delivery *d, Parcel *p, int64_t ordinal, bool has_findings)
{
        if (ordinal > p->will.last_ordinal)
                p->will.last_ordinal = ordinal;
        if (p->kind == REMOTE_CHANGES && (ordinal <= p->had.last_ordinal || d->is_unsure))
                APPEND(d->changes, d->n_changes, (RemoteChange){ p->id, ordinal, has_findings });
}

static int64_t row_ordinal(RemoteTable table, const Value *values)
{
        return values[table == REMOTE_MESSAGES ? (int) MESSAGE_ORDINAL : (int) CALL_MESSAGE_ORDINAL]
                        .integer;
}

/* Puts rows of messages after *@after until there are no more, or no more room. Returns 1 (continue after *@after), 0 or a
 * negative errno. */
static int put_some(Delivery *d, Parcel *p, RemoteTable table, int64_t *after)
{
        const Table *t = remote_table(table);
        Value values[REMOTE_COLUMNS_MAX];
        bool has_findings, is_full = false;
        int r;

        feed_rows(d->feed, t, p->id, *after, p->kind == REMOTE_CHANGES ? p->had.change_seq : -1);
        while ((r = feed_next_row(d->feed, t, values, &has_findings)) > 0) {
                int64_t ordinal = row_ordinal(table, values);

                if (is_full && ordinal != *after && table != REMOTE_LINKS)
                        return 1;
                *after = ordinal;
                if (table == REMOTE_MESSAGES)
                        note_message(d, p, ordinal, has_findings);
                if (p->metadata_only)
                        filter_strip(t, values);
                r = link_put(d, table, values);
                if (r < 0)
                        return r;
                is_full = is_full || r == REMOTE_PUT_FULL;
        }
        return r < 0 ? link_feed_failed(d, r) : 0;
}

/* When there is no room, the archive is released. What changes in it meanwhile has a later change, and is sent again. */
static int put_rows(Delivery *d, Parcel *p, RemoteTable table)
{
        int64_t after = INT64_MIN;
        int r;

        while ((r = put_some(d, p, table, &after)) > 0) {
                feed_end(d->feed);
                r = link_send(d, NULL);
                if (r < 0)
                        return r;
                r = feed_begin(d->feed);
                if (r < 0)
                        return link_feed_failed(d, r);
        }
        return r;
}

/* The session's own row, and all of its other rows that the remote lacks. */
static int put_session(Delivery *d, Parcel *p)
{
        FeedSession session;
        Share share = p->metadata_only ? SHARE_METADATA : SHARE_ALL;
        int r;

        r = feed_session(d->feed, p->id, &session);
        if (r < 0)
                return link_feed_failed(d, r);
        /* it was deleted, or moved to another project, since it was planned: its new change comes later */
        if (r == 0 || filter_share(&d->options, session.values) != share)
                return 0;
        if (p->kind == REMOTE_CHANGES && session.shrunk_seq > p->had.change_seq)
                return 0;
        p->will = (LedgerEntry){
                .state = p->metadata_only ? LEDGER_METADATA : LEDGER_SHARED,
                .change_seq = session.change_seq,
                .last_ordinal = p->kind == REMOTE_CHANGES ? p->had.last_ordinal : -1,
        };
        p->wipe = session.has_findings;
        p->trashed = feed_has_tombstone(d->feed, p->id) > 0;
        if (p->metadata_only)
                filter_strip(&session_table, session.values);
        r = link_put(d, REMOTE_SESSIONS, session.values);
        if (r >= 0)
                r = put_rows(d, p, REMOTE_MESSAGES);
        if (r >= 0)
                r = put_rows(d, p, REMOTE_CALLS);
        if (r >= 0 && !p->metadata_only)
                r = put_rows(d, p, REMOTE_LINKS);
        p->is_packed = r >= 0;
        return r < 0 ? r : 0;
}

static int pack(Delivery *d, Parcel *p)
{
        int r = feed_begin(d->feed);

        if (r < 0)
                return link_feed_failed(d, r);
        r = put_session(d, p);
        feed_end(d->feed);
        return r;
}

static bool is_much(const Delivery *d)
{
        return d->n_bytes >= SETTLE_BYTES || d->n_changes >= SETTLE_CHANGES;
}

/* Packs, sends and settles the parcels before @end. @cursor: see settle(). */
static int try_parcels(Delivery *d, size_t end, int64_t cursor)
{
        int r = 0;

        d->has_list = false;
        for (size_t i = d->n_settled; r >= 0 && i < end; i++) {
                Parcel *p = d->parcels + i;

                if (!p->is_packed && !is_left_out(p))
                        r = pack(d, p);
                if (r >= 0 && is_much(d))
                        r = send(d, i + 1, 0);
        }
        return r < 0 ? r : send(d, end, cursor);
}

/* What the remote refuses */

static bool is_sent(const Parcel *p)
{
        return p->kind != REMOTE_REMOVE && !is_left_out(p);
}

/* The backend has forgotten what was put, and the remote may have part of it. */
static void unpack(Delivery *d)
{
        for (size_t i = d->n_settled; i < d->n_parcels; i++) {
                Parcel *p = d->parcels + i;

                if (!is_sent(p))
                        continue;
                p->kind = REMOTE_WHOLE;
                p->is_packed = false;
        }
        d->n_changes = 0;
        d->n_rows = d->n_bytes = 0;
}

/* Sending a list may have barred sessions of this batch. */
static int leave_out_barred(Delivery *d)
{
        LedgerEntry entry;
        int r = 0;

        for (size_t i = d->n_settled; r >= 0 && i < d->n_parcels; i++) {
                r = link_entry(d, d->parcels[i].id, &entry);
                if (r >= 0 && entry.state == LEDGER_BARRED && is_sent(d->parcels + i))
                        d->parcels[i].will = entry;
        }
        return r;
}

/* One of the parcels before @end is refused: half of them are tried next; a single one is left out, and noted in the ledger. A
 * parcel that only removes holds no value that could be refused, so no session is at fault. */
static int take_apart(Delivery *d, size_t end, size_t *together)
{
        const Parcel *p = d->parcels + d->n_settled;
        size_t n = end - d->n_settled;
        int r = 0;

        if (n == 1 && !is_sent(p))
                return -ERANGE;
        unpack(d);
        if (d->has_list) /* it may be the list */
                r = lists_send_one(d, REMOTE_DELETES);
        else if (n > 1)
                *together = n / 2;
        else
                r = link_bar(d, p->id, p->will.change_seq);
        if (r >= 0)
                r = leave_out_barred(d);
        return r < 0 ? r : note_begun(d);
}

/* Packs, sends and settles what was planned. */
static int carry_out(Delivery *d, int64_t cursor)
{
        size_t together = d->n_parcels;
        int r;

        if (d->n_parcels == 0)
                return 0;
        r = ask_owners(d);
        if (r >= 0)
                r = note_begun(d);
        while (r >= 0 && d->n_settled < d->n_parcels) {
                size_t left = d->n_parcels - d->n_settled;
                size_t end = d->n_settled + (together < left ? together : left);
                int64_t reached = end == d->n_parcels ? cursor : 0;

                r = try_parcels(d, end, reached);
                if (r == -ERANGE)
                        r = take_apart(d, end, &together);
                else
                        together *= 2;
        }
        return r;
}

static int begin(Delivery *d)
{
        int r;

        batch_drop(d);
        if (!d->parcels)
                d->parcels = xcalloc(BATCH_SESSIONS, sizeof(*d->parcels));
        r = feed_begin(d->feed);
        return r < 0 ? link_feed_failed(d, r) : 0;
}

int batch_send(Delivery *d)
{
        int64_t last;
        int r, more;

        r = begin(d);
        if (r < 0)
                return r;
        r = plan_batch(d, &last);
        feed_end(d->feed);
        if (r >= 0)
                r = carry_out(d, last);
        if (r < 0)
                return r;
        more = last > d->cursor;
        d->cursor = last;
        return more;
}

/* Plans those of @n sessions that the archive no longer has. */
static int plan_gone(Delivery *d, char **ids, int n)
{
        for (int i = 0; i < n; i++) {
                LedgerEntry entry;
                FeedSession session;
                DeliveryPlan plan;
                int r = feed_session(d->feed, ids[i], &session);

                if (r < 0)
                        return link_feed_failed(d, r);
                if (r > 0)
                        continue;
                r = link_entry(d, ids[i], &entry);
                if (r < 0)
                        return r;
                plan = delivery_plan(&d->options, NULL, &entry, 0);
                if (plan.step == DELIVERY_REMOVE)
                        add_planned(d, ids[i], &entry, &plan);
                else if (ledger_entry_is_left(&entry)) { /* it was never ours */
                        r = ledger_remove(d->ledger, d->options.name, ids[i]);
                        r = r < 0 ? link_ledger_failed(d, r) : 0;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

int batch_remove_gone(Delivery *d)
{
        _cleanup_free_ char *after = NULL;
        char *ids[BATCH_SESSIONS];
        int r, n;

        do {
                r = begin(d);
                if (r < 0)
                        return r;
                n = ledger_held(d->ledger, d->options.name, after, BATCH_SESSIONS, ids);
                r = n < 0 ? link_ledger_failed(d, n) : plan_gone(d, ids, n);
                feed_end(d->feed);
                if (n > 0) {
                        free(after);
                        after = TAKE_PTR(ids[n - 1]);
                }
                for (int i = 0; i < n; i++)
                        free(ids[i]);
                if (r >= 0)
                        r = carry_out(d, 0);
        } while (r >= 0 && n == BATCH_SESSIONS);
        return r < 0 ? r : 0;
}
