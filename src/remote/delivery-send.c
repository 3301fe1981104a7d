/*
 * Delivery: blocks to the remote, and what they replace away from it
 *
 * The order of a settlement is what makes it safe: the ledger learns that something may be there; rows; deletions of
 * what the rows replaced; tombstones; session rows; the ledger learns that it is there.
 */
#include <string.h>

#include "remote/delivery-internal.h"

void delivery_drop_batch(Delivery *d)
{
        for (size_t i = 0; i < d->n_parcels; i++)
                free(d->parcels[i].id);
        d->n_parcels = d->n_sent = 0;
        d->replaced.n = d->secret.n = 0;
        d->unsettled_bytes = d->rows_under_way = 0;
        d->remote->backend->drop(d->remote);
        memset(d->block_bytes, 0, sizeof(d->block_bytes));
        memset(d->block_rows, 0, sizeof(d->block_rows));
}

int delivery_no_memory(Delivery *d)
{
        return delivery_fail(d, -ENOMEM, "There is no memory.");
}

/* Whose the sessions are */

static int warn(Delivery *d, const char *format, const char *id, const char *who)
{
        free(d->warning);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        if (asprintf(&d->warning, format, id, who) < 0)
                d->warning = NULL;
#pragma GCC diagnostic pop
        return d->warning ? 0 : delivery_no_memory(d);
}

static bool is_ours(const Delivery *d, const char *origin)
{
        for (char **o = d->remote->origins; *o; o++)
                if (strcmp(*o, origin) == 0)
                        return true;
        return false;
}

typedef struct Ownership {
        Delivery *d;
        char *user; /* we */
        bool seen[BATCH_SESSIONS];
} Ownership;

static int on_owner(void *userdata, const RemoteOwner *owner)
{
        Ownership *o = userdata;
        Delivery *d = o->d;
        size_t i = 0;

        while (i < d->n_parcels && strcmp(d->parcels[i].id, owner->session_id) != 0)
                i++;
        if (i == d->n_parcels)
                return 0;
        o->seen[i] = true;
        if (owner->version >= d->state.version) /* of a writer whose clock is ahead */
                d->state.version = owner->version;
        if (is_ours(d, owner->origin))
                return 0;
        d->parcels[i].whole = true; /* what is there came from somebody else */
        if (o->user && strcmp(o->user, owner->user_id) != 0) {
                d->parcels[i].conflict = true;
                d->progress.n_conflicts++;
                return warn(d,
                            "The session '%.100s' is not delivered: there is one of that id there already, "
                            "of the user '%.100s'.",
                            owner->session_id, owner->user_id);
        }
        if (!*owner->origin || d->progress.n_taken_over++ > 0 || d->warning)
                return 0;
        return warn(d,
                    "The session '%.100s' had come from another machine before ('%.100s'); from now on it is "
                    "this one's.",
                    owner->session_id, owner->machine);
}

int delivery_ask_owners(Delivery *d)
{
        const char *ids[BATCH_SESSIONS];
        Ownership o = { .d = d };
        int r;

        for (size_t i = 0; i < d->n_parcels; i++)
                ids[i] = d->parcels[i].id;
        r = feed_user_id(d->feed, &o.user);
        if (r < 0)
                return delivery_feed_failed(d, r);
        r = d->remote->backend->owners(d->remote, ids, d->n_parcels, on_owner, &o);
        free(o.user);
        if (r < 0)
                return delivery_remote_failed(d, r);
        for (size_t i = 0; i < d->n_parcels; i++) {
                Parcel *p = d->parcels + i;

                if (o.seen[i])
                        continue;
                /* where the session row is not there (somebody removed it), nothing else is relied on */
                p->fresh = p->entry.state != LEDGER_UNKNOWN && p->entry.state != LEDGER_SHARED &&
                           p->entry.state != LEDGER_METADATA;
                p->whole = true;
        }
        return 0;
}

/* Blocks */

int delivery_put(Delivery *d, RemoteTable table, const Value *values, uint64_t version)
{
        int r = d->remote->backend->put(d->remote, table, values, version, d->block_bytes + table);

        if (r < 0)
                return delivery_remote_failed(d, r);
        d->block_rows[table]++;
        return 0;
}

int delivery_send(Delivery *d, RemoteTable table)
{
        int r;

        if (d->block_rows[table] == 0)
                return 0;
        r = d->remote->backend->send(d->remote, table);
        if (r < 0)
                return delivery_remote_failed(d, r);
        /* what was under way before is acknowledged */
        d->progress.rows_sent += d->rows_under_way;
        d->rows_under_way = d->block_rows[table];
        d->unsettled_bytes += d->block_bytes[table];
        d->block_rows[table] = d->block_bytes[table] = 0;
        return 0;
}

int delivery_finish(Delivery *d)
{
        int r = d->remote->backend->finish(d->remote);

        if (r < 0)
                return delivery_remote_failed(d, r);
        d->progress.rows_sent += d->rows_under_way;
        d->rows_under_way = 0;
        return 0;
}

static bool is_to_be_noted(const Parcel *p)
{
        return p->whole && !p->noted && !p->conflict;
}

static bool is_noted(const Delivery *d)
{
        for (size_t i = d->n_sent; i < d->n_parcels; i++)
                if (is_to_be_noted(d->parcels + i))
                        return false;
        return d->noted_version == d->version && d->state.look_again_usec == LEDGER_UNDER_WAY;
}

/* What must happen before the first row of a session goes: once for a batch, since each time waits for the disk. */
static int note_begun(Delivery *d)
{
        int r;

        if (is_noted(d))
                return 0;
        d->state.look_again_usec = LEDGER_UNDER_WAY;
        r = ledger_begin(d->ledger);
        for (size_t i = d->n_sent; r >= 0 && i < d->n_parcels; i++) {
                Parcel *p = d->parcels + i;

                if (!is_to_be_noted(p))
                        continue;
                r = ledger_put(d->ledger, d->options.name, p->id,
                               &(LedgerEntry){ .state = LEDGER_UNKNOWN, .last_ordinal = -1 });
                p->noted = true;
        }
        r = delivery_ledger_end(d, r);
        if (r < 0)
                return r;
        d->noted_version = d->version;
        return 0;
}

int delivery_note_done(Delivery *d, size_t end, int64_t cursor)
{
        int r = ledger_begin(d->ledger);

        for (size_t i = d->n_sent; r >= 0 && i < end; i++)
                if (d->parcels[i].packed || d->parcels[i].conflict)
                        r = ledger_put(d->ledger, d->options.name, d->parcels[i].id,
                                       &d->parcels[i].next);
        if (cursor > 0)
                d->state.cursor_seq = cursor;
        d->state.look_again_usec = d->look_again;
        r = delivery_ledger_end(d, r);
        if (r < 0)
                return r;
        for (; d->n_sent < end; d->n_sent++) {
                d->progress.sessions_sent += d->parcels[d->n_sent].packed;
                d->progress.n_behind -= d->progress.n_behind > 0;
        }
        if (d->on_progress)
                d->on_progress(d->userdata, &d->progress);
        return 0;
}

/* Deleting what was replaced */

/* Ids of packed parcels in [n_sent, end) that @test says yes to. */
static size_t choose(const Delivery *d, size_t end, bool (*test)(const Parcel *), const char **ids)
{
        size_t n = 0;

        for (size_t i = d->n_sent; i < end; i++)
                if (d->parcels[i].packed && test(d->parcels + i))
                        ids[n++] = d->parcels[i].id;
        return n;
}

static bool is_resent(const Parcel *p)
{
        return p->whole && !p->fresh;
}

static bool has_tombstone(const Parcel *p)
{
        return p->tombstone;
}

/* FINAL shows the newest row of a key only; but an older one with what is masked today must not lie there either. */
static bool has_old_row(const Parcel *p)
{
        return !p->fresh && (p->whole || p->row_had_secrets);
}

static bool is_update(const Parcel *p)
{
        return !p->whole;
}

/* Rows of one statement: a server parses a list of this size in some milliseconds. */
#define ROWS_MAX 10000

/* Rows of these sessions and messages that were there before this batch. */
static RemoteSelection older(const Delivery *d, RemoteTable table, const char *const *ids,
                             size_t n_ids)
{
        return (RemoteSelection){
                .table = table,
                .ids = ids,
                .n_ids = n_ids,
                .below_version = d->version,
        };
}

static int delete_older(Delivery *d, const RemoteSelection *s)
{
        int r = d->remote->backend->delete (d->remote, s);

        return r < 0 ? delivery_remote_failed(d, r) : 0;
}

static int delete_below(Delivery *d, RemoteTable table, const char *const *ids, size_t n_ids)
{
        RemoteSelection s = older(d, table, ids, n_ids);

        return delete_older(d, &s);
}

static int delete_secret(Delivery *d, RemoteTable table)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < d->secret.n; i += ROWS_MAX) {
                RemoteSelection s = older(d, table, NULL, 0);

                s.rows = d->secret.rows + i;
                s.n_rows = d->secret.n - i < ROWS_MAX ? d->secret.n - i : ROWS_MAX;
                r = delete_older(d, &s);
        }
        return r;
}

static int on_stale(void *userdata, const char *id)
{
        *(bool *) userdata = true;
        return 0;
}

/* Asking is cheap, deleting is not. */
static int delete_if_there(Delivery *d, const RemoteSelection *s)
{
        bool stale = false;
        int r = d->remote->backend->select(d->remote, s, on_stale, &stale);

        if (r < 0)
                return delivery_remote_failed(d, r);
        return stale ? delete_older(d, s) : 0;
}

/* A message that was replaced may have lost calls and links. */
static int delete_lost(Delivery *d, size_t end)
{
        const char *ids[BATCH_SESSIONS];
        RemoteSelection s;
        int r = 0;

        if (d->replaced.n == 0)
                return 0;
        for (size_t i = 0; r >= 0 && i < d->replaced.n; i += ROWS_MAX) {
                s = older(d, REMOTE_CALLS, NULL, 0);
                s.rows = d->replaced.rows + i;
                s.n_rows = d->replaced.n - i < ROWS_MAX ? d->replaced.n - i : ROWS_MAX;
                r = delete_if_there(d, &s);
        }
        if (r < 0)
                return r;
        s = older(d, REMOTE_LINKS, ids, choose(d, end, is_update, ids));
        return delete_if_there(d, &s);
}

static int delete_stale(Delivery *d, size_t end)
{
        const char *ids[BATCH_SESSIONS];
        size_t n = choose(d, end, is_resent, ids);
        int r;

        r = delete_below(d, REMOTE_MESSAGES, ids, n);
        if (r >= 0)
                r = delete_secret(d, REMOTE_MESSAGES);
        if (r >= 0)
                r = delete_below(d, REMOTE_CALLS, ids, n);
        if (r >= 0)
                r = delete_secret(d, REMOTE_CALLS);
        if (r >= 0)
                r = delete_below(d, REMOTE_LINKS, ids, n);
        if (r >= 0)
                r = delete_lost(d, end);
        d->replaced.n = d->secret.n = 0;
        return r;
}

/* Sending */

static bool is_full(const Delivery *d, RemoteTable table)
{
        return d->block_rows[table] >= BLOCK_ROWS || d->block_bytes[table] >= BLOCK_BYTES;
}

/* The largest of those that may go at any time: all but the session rows. */
static RemoteTable largest_block(const Delivery *d)
{
        RemoteTable largest = REMOTE_MESSAGES;

        for (size_t i = REMOTE_CALLS; i <= REMOTE_LINKS; i++)
                if (d->block_bytes[i] > d->block_bytes[largest])
                        largest = (RemoteTable) i;
        return largest;
}

static bool is_crowded(const Delivery *d)
{
        return d->block_bytes[REMOTE_MESSAGES] + d->block_bytes[REMOTE_CALLS] +
                               d->block_bytes[REMOTE_LINKS] >=
               BLOCKS_BYTES;
}

int delivery_make_room(Delivery *d, RemoteTable table)
{
        int r;

        if (!is_full(d, table) && !is_crowded(d))
                return 0;
        r = note_begun(d);
        return r < 0 ? r : delivery_send(d, is_full(d, table) ? table : largest_block(d));
}

int delivery_settle(Delivery *d, size_t end)
{
        const char *ids[BATCH_SESSIONS];
        int r;

        if (end == d->n_sent)
                return 0;
        r = note_begun(d);
        for (size_t i = REMOTE_MESSAGES; r >= 0 && i <= REMOTE_LINKS; i++)
                r = delivery_send(d, (RemoteTable) i);
        if (r >= 0)
                r = delivery_finish(d);
        if (r >= 0)
                r = delete_stale(d, end);
        if (r >= 0 && choose(d, end, has_tombstone, ids) > 0)
                r = delivery_send_list(d, REMOTE_DELETES);
        if (r >= 0)
                r = delivery_send(d, REMOTE_SESSIONS);
        if (r >= 0)
                r = delivery_finish(d);
        if (r >= 0)
                r = delete_below(d, REMOTE_SESSIONS, ids, choose(d, end, has_old_row, ids));
        d->unsettled_bytes = 0;
        return r < 0 ? r : delivery_note_done(d, end, 0);
}
