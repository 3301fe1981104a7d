/*
 * Delivery: sessions into blocks
 */
#include <string.h>

#include "remote/clickhouse/wire.h"
#include "remote/delivery-internal.h"

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
        return r < 0 ? delivery_no_memory(d) : 0;
}

static int pack_rows(Delivery *d, Parcel *p, RemoteTable table)
{
        Value values[REMOTE_COLUMNS_MAX];
        bool has_findings;
        int r;

        r = feed_rows(d->feed, remote_table(table), p->id, p->whole ? -1 : p->entry.change_seq);
        while (r >= 0 &&
               (r = feed_next_row(d->feed, remote_table(table), values, &has_findings)) > 0) {
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
                if (r >= 0)
                        r = delivery_make_room(d, table);
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

/* Is it time to settle what is packed? An interrupted delivery begins again there, and lists must not grow for ever. */
static bool is_much(const Delivery *d)
{
        return d->unsettled_bytes + d->block_bytes[REMOTE_SESSIONS] >= SETTLE_BYTES ||
               d->replaced.n >= BLOCK_ROWS;
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
                feed_end(d->feed);
                if (r >= 0 && is_much(d))
                        r = delivery_settle(d, i + 1);
        }
        return r < 0 ? r : delivery_settle(d, d->n_parcels);
}

int delivery_send_batch(Delivery *d)
{
        int64_t last;
        int r;

        if (!d->parcels) {
                d->parcels = calloc(BATCH_SESSIONS, sizeof(*d->parcels));
                if (!d->parcels)
                        return delivery_no_memory(d);
        }
        delivery_drop_batch(d);
        r = feed_begin(d->feed);
        if (r < 0)
                return delivery_feed_failed(d, r);
        r = delivery_count_behind(d);
        if (r >= 0)
                r = delivery_collect(d, &last);
        if (r < 0)
                return r;
        if (d->n_parcels > 0) {
                r = delivery_ask_owners(d);
                d->version = delivery_next_version(d);
                if (r >= 0)
                        r = pack_all(d);
        }
        if (r < 0)
                return r;
        r = last > d->cursor;
        d->cursor = last;
        if (d->n_parcels > 0)
                return delivery_note_done(d, d->n_sent, last) < 0 ? -EIO : r;
        return r;
}
