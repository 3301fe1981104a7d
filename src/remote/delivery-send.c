/*
 * Delivery: sessions into blocks, blocks to the remote
 *
 * The order of a flush is what makes it safe: the ledger learns that something may be there; rows; deletions of
 * what the rows replaced; tombstones; session rows; the ledger learns that it is there.
 */
#include <inttypes.h>
#include <string.h>

#include "remote/delivery-internal.h"
#include "remote/wire.h"

void delivery_drop_batch(Delivery *d)
{
        for (size_t i = 0; i < d->n_parcels; i++)
                free(d->parcels[i].id);
        d->n_parcels = d->n_sent = 0;
        d->replaced.n = d->secret.n = 0;
        d->remote->backend->drop(d->remote);
        memset(d->block_bytes, 0, sizeof(d->block_bytes));
        memset(d->block_rows, 0, sizeof(d->block_rows));
}

static int no_memory(Delivery *d)
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
        return d->warning ? 0 : no_memory(d);
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

static int ask_owners(Delivery *d)
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
        int r = d->remote->backend->send(d->remote, table);

        if (r < 0)
                return delivery_remote_failed(d, r);
        d->progress.rows_sent += d->block_rows[table];
        d->block_rows[table] = d->block_bytes[table] = 0;
        return 0;
}

static bool blocks_are_full(const Delivery *d)
{
        size_t bytes = 0;

        for (size_t i = 0; i < N_REMOTE_TABLES; i++) {
                bytes += d->block_bytes[i];
                if (d->block_rows[i] >= BLOCK_ROWS)
                        return true;
        }
        return bytes >= BLOCK_BYTES;
}

static int add_row(RowList *l, const char *id, int64_t ordinal)
{
        if (l->n == l->allocated) {
                size_t n = l->allocated > 0 ? l->allocated * 2 : 64;
                RemoteRow *grown = reallocarray(l->rows, n, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                l->rows = grown;
                l->allocated = n;
        }
        l->rows[l->n++] = (RemoteRow){ id, ordinal };
        return 0;
}

/* What must happen before the first row of a session goes. */
static int note_begun(Delivery *d)
{
        int r = ledger_begin(d->ledger);

        for (size_t i = d->n_sent; r >= 0 && i < d->n_parcels; i++) {
                Parcel *p = d->parcels + i;

                if (p->noted || p->conflict || !p->whole)
                        continue;
                r = ledger_put(d->ledger, d->options.name, p->id,
                               &(LedgerEntry){ .state = LEDGER_UNKNOWN, .last_ordinal = -1 });
                p->noted = true;
        }
        if (r >= 0)
                r = ledger_remote_put(d->ledger, d->options.name, &d->state);
        if (r >= 0)
                r = ledger_commit(d->ledger);
        if (r < 0) {
                ledger_rollback(d->ledger);
                return delivery_ledger_failed(d, r);
        }
        return 0;
}

static int note_done(Delivery *d, size_t end, int64_t cursor)
{
        int r = ledger_begin(d->ledger);

        for (size_t i = d->n_sent; r >= 0 && i < end; i++)
                if (d->parcels[i].packed || d->parcels[i].conflict)
                        r = ledger_put(d->ledger, d->options.name, d->parcels[i].id,
                                       &d->parcels[i].next);
        if (cursor > 0)
                d->state.cursor_seq = cursor;
        if (r >= 0)
                r = ledger_remote_put(d->ledger, d->options.name, &d->state);
        if (r >= 0)
                r = ledger_commit(d->ledger);
        if (r < 0) {
                ledger_rollback(d->ledger);
                return delivery_ledger_failed(d, r);
        }
        for (; d->n_sent < end; d->n_sent++)
                d->progress.sessions_sent += d->parcels[d->n_sent].packed;
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

static int delete_below(Delivery *d, RemoteTable table, const char *const *ids, size_t n_ids,
                        const RowList *rows)
{
        RemoteSelection s = {
                .table = table,
                .ids = ids,
                .n_ids = n_ids,
                .rows = rows ? rows->rows : NULL,
                .n_rows = rows ? rows->n : 0,
                .below_version = d->version,
        };
        int r = d->remote->backend->delete (d->remote, &s);

        return r < 0 ? delivery_remote_failed(d, r) : 0;
}

static int on_stale(void *userdata, const char *id)
{
        *(bool *) userdata = true;
        return 0;
}

static int has_stale(Delivery *d, RemoteTable table, const char *const *ids, size_t n_ids,
                     const RowList *rows, bool *ret)
{
        RemoteSelection s = {
                .table = table,
                .ids = ids,
                .n_ids = n_ids,
                .rows = rows ? rows->rows : NULL,
                .n_rows = rows ? rows->n : 0,
                .below_version = d->version,
        };
        int r;

        *ret = false;
        r = d->remote->backend->select(d->remote, &s, on_stale, ret);
        return r < 0 ? delivery_remote_failed(d, r) : 0;
}

/* A message that was replaced may have lost calls and links. Asking is cheap, deleting is not. */
static int delete_lost(Delivery *d, size_t end)
{
        const char *ids[BATCH_SESSIONS];
        size_t n = choose(d, end, is_update, ids);
        bool stale;
        int r;

        if (d->replaced.n == 0)
                return 0;
        r = has_stale(d, REMOTE_CALLS, NULL, 0, &d->replaced, &stale);
        if (r >= 0 && stale)
                r = delete_below(d, REMOTE_CALLS, NULL, 0, &d->replaced);
        if (r >= 0)
                r = has_stale(d, REMOTE_LINKS, ids, n, NULL, &stale);
        if (r >= 0 && stale)
                r = delete_below(d, REMOTE_LINKS, ids, n, NULL);
        return r;
}

static int delete_stale(Delivery *d, size_t end)
{
        const char *ids[BATCH_SESSIONS];
        size_t n = choose(d, end, is_resent, ids);
        int r;

        r = delete_below(d, REMOTE_MESSAGES, ids, n, &d->secret);
        if (r >= 0)
                r = delete_below(d, REMOTE_CALLS, ids, n, &d->secret);
        if (r >= 0)
                r = delete_below(d, REMOTE_LINKS, ids, n, NULL);
        if (r >= 0)
                r = delete_lost(d, end);
        d->replaced.n = d->secret.n = 0;
        return r;
}

/*
 * Sends what is in the blocks. The parcels before @end are packed; @inside: one behind them is partly packed, and goes
 * on being read.
 */
static int flush(Delivery *d, size_t end, bool inside)
{
        const char *ids[BATCH_SESSIONS];
        int r;

        if (!inside)
                feed_end(d->feed);
        if (end == d->n_sent && !inside)
                return 0;
        r = note_begun(d);
        for (size_t i = REMOTE_MESSAGES; r >= 0 && i <= REMOTE_LINKS; i++)
                r = delivery_send(d, (RemoteTable) i);
        if (r < 0 || end == d->n_sent)
                return r;
        if (!inside) /* the lists of rows are also of the session that goes on */
                r = delete_stale(d, end);
        if (r >= 0 && choose(d, end, has_tombstone, ids) > 0)
                r = delivery_send_list(d, REMOTE_DELETES);
        if (r >= 0)
                r = delivery_send(d, REMOTE_SESSIONS);
        if (r >= 0)
                r = delete_below(d, REMOTE_SESSIONS, ids, choose(d, end, has_old_row, ids), NULL);
        return r < 0 ? r : note_done(d, end, 0);
}

/* Packing */

static bool fits(Delivery *d, RemoteTable table, const Value *values)
{
        if (wire_key_fits(table, values))
                return true;
        d->progress.n_unfit += table == REMOTE_MESSAGES;
        return false;
}

/* A message that the remote may have in another version. */
static int note_replaced(Delivery *d, const Parcel *p, int64_t ordinal, bool has_findings)
{
        int r;

        if (p->whole || ordinal > p->entry.last_ordinal)
                return 0;
        r = add_row(&d->replaced, p->id, ordinal);
        if (r >= 0 && has_findings)
                r = add_row(&d->secret, p->id, ordinal);
        return r < 0 ? no_memory(d) : 0;
}

static int pack_rows(Delivery *d, Parcel *p, RemoteTable table)
{
        Value values[REMOTE_COLUMNS_MAX];
        bool has_findings;
        int r;

        r = feed_rows(d->feed, table, p->id, p->whole ? -1 : p->entry.change_seq);
        while (r >= 0 && (r = feed_next_row(d->feed, table, values, &has_findings)) > 0) {
                if (!fits(d, table, values))
                        continue;
                if (table == REMOTE_MESSAGES) {
                        int64_t ordinal = values[MESSAGE_ORDINAL].integer;

                        if (note_replaced(d, p, ordinal, has_findings) < 0)
                                return -ENOMEM;
                        if (ordinal > p->next.last_ordinal)
                                p->next.last_ordinal = ordinal;
                }
                if (p->share == SHARE_METADATA)
                        filter_strip(remote_table(table), values);
                r = delivery_put(d, table, values, d->version);
                if (r >= 0 && blocks_are_full(d))
                        r = flush(d, d->n_sent, true);
                if (r < 0)
                        return r;
        }
        return r < 0 ? delivery_feed_failed(d, r) : 0;
}

/* All of a session that the remote lacks, its own row last. */
static int pack(Delivery *d, Parcel *p)
{
        FeedSession session;
        int r;

        r = feed_begin(d->feed);
        if (r >= 0)
                r = feed_session(d->feed, p->id, &session);
        if (r < 0)
                return delivery_feed_failed(d, r);
        /* it went, or moved to another project, since it was planned: its new change comes later */
        if (r == 0 || filter_share(&d->options, session.values) != p->share)
                return 0;
        if (session.shrunk_seq > p->entry.change_seq)
                p->whole = true;
        p->next = (LedgerEntry){
                .state = p->share == SHARE_ALL ? LEDGER_SHARED : LEDGER_METADATA,
                .change_seq = session.change_seq,
                .last_ordinal = p->whole ? -1 : p->entry.last_ordinal,
        };
        p->row_had_secrets = session.has_findings;
        p->tombstone = feed_has_tombstone(d->feed, p->id) > 0;
        if (p->share == SHARE_METADATA)
                filter_strip(&session_table, session.values);
        r = delivery_put(d, REMOTE_SESSIONS, session.values, d->version);
        if (r >= 0)
                r = pack_rows(d, p, REMOTE_MESSAGES);
        if (r >= 0)
                r = pack_rows(d, p, REMOTE_CALLS);
        if (r >= 0 && p->share == SHARE_ALL)
                r = pack_rows(d, p, REMOTE_LINKS);
        p->packed = r >= 0;
        return r;
}

static int pack_all(Delivery *d)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < d->n_parcels; i++) {
                Parcel *p = d->parcels + i;

                if (p->conflict) {
                        p->next = (LedgerEntry){ .state = LEDGER_CONFLICT, .last_ordinal = -1 };
                        continue;
                }
                r = pack(d, p);
                if (r >= 0 && blocks_are_full(d))
                        r = flush(d, i + 1, false);
        }
        return r < 0 ? r : flush(d, d->n_parcels, false);
}

int delivery_send_batch(Delivery *d)
{
        int64_t last;
        int r;

        if (!d->parcels) {
                d->parcels = calloc(BATCH_SESSIONS, sizeof(*d->parcels));
                if (!d->parcels)
                        return no_memory(d);
        }
        delivery_drop_batch(d);
        r = feed_begin(d->feed);
        if (r < 0)
                return delivery_feed_failed(d, r);
        r = delivery_collect(d, &last);
        if (r < 0)
                return r;
        if (d->n_parcels > 0) {
                r = ask_owners(d);
                d->version = delivery_next_version(d);
                if (r >= 0)
                        r = pack_all(d);
        }
        if (r < 0)
                return r;
        r = last > d->cursor;
        d->cursor = last;
        if (d->n_parcels > 0)
                return note_done(d, d->n_sent, last) < 0 ? -EIO : r;
        return r;
}
