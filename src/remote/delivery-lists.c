/*
 * Delivery: stars, pins and tombstones
 *
 * One person's are replaced as a whole: small lists, and of what was taken out of them nothing else tells. A digest of what
 * was sent last says whether there is anything to do.
 */
#include <string.h>

#include "remote/clickhouse/wire.h"
#include "remote/delivery-internal.h"

/* May others know of it? Of a tombstone also when the session itself has gone. */
static bool state_is_listed(RemoteTable table, LedgerState state)
{
        return state == LEDGER_SHARED || state == LEDGER_METADATA ||
               (table == REMOTE_DELETES && (state == LEDGER_GONE || state == LEDGER_UNKNOWN));
}

/* Is the row one that the remote may have? It is stripped where only metadata may go. 1, 0 or a negative errno. */
static int check_row(Delivery *d, RemoteTable table, Value *values)
{
        _cleanup_free_ char *id = strndup(values[0].text ?: "", values[0].size);
        LedgerEntry entry;
        int r;

        if (!id)
                return delivery_fail(d, -ENOMEM, "There is no memory.");
        r = ledger_get(d->ledger, d->options.name, id, &entry);
        if (r < 0)
                return delivery_ledger_failed(d, r);
        if (!state_is_listed(table, entry.state) || !wire_key_fits(table, values))
                return 0;
        if (entry.state == LEDGER_METADATA)
                filter_strip(remote_table(table), values);
        return 1;
}

/* Hands over each row that may go. */
static int for_each_row(Delivery *d, RemoteTable table,
                        int (*func)(Delivery *, RemoteTable, const Value *, uint64_t *),
                        uint64_t *argument)
{
        Value values[REMOTE_COLUMNS_MAX];
        int r = feed_rows(d->feed, remote_table(table), NULL, 0);

        while (r >= 0 && (r = feed_next_row(d->feed, remote_table(table), values, NULL)) > 0) {
                r = check_row(d, table, values);
                if (r > 0)
                        r = func(d, table, values, argument);
                if (r < 0)
                        return r;
        }
        return r < 0 ? delivery_feed_failed(d, r) : 0;
}

static int add_digest(Delivery *d, RemoteTable table, const Value *values, uint64_t *sums)
{
        _cleanup_(strbuf_done) StrBuf scratch = { 0 };
        uint64_t digest;

        if (wire_digest(table, values, &scratch, &digest) < 0)
                return delivery_fail(d, -ENOMEM, "There is no memory.");
        sums[0]++;
        sums[1] += digest;
        return 0;
}

int delivery_list_digest(Delivery *d, RemoteTable table, uint64_t *ret_n, uint64_t *ret_digest)
{
        uint64_t sums[2] = { 0 };
        int r = for_each_row(d, table, add_digest, sums);

        *ret_n = sums[0];
        *ret_digest = sums[1];
        return r;
}

static int add_to_block(Delivery *d, RemoteTable table, const Value *values, uint64_t *version)
{
        int r = delivery_put(d, table, values, *version);

        if (r >= 0 && (d->block_rows[table] >= BLOCK_ROWS || d->block_bytes[table] >= BLOCK_BYTES))
                r = delivery_send(d, table);
        return r;
}

static int replace(Delivery *d, RemoteTable table, uint64_t *digest)
{
        _cleanup_free_ char *user = NULL;
        uint64_t version = delivery_next_version(d), sum = *digest;
        uint64_t before = d->state.look_again_usec;
        RemoteSelection older = {
                .table = table, .all = true, .own = true, .below_version = version
        };
        int r;

        *digest = 0; /* not known, until it is done */
        d->state.look_again_usec = LEDGER_UNDER_WAY;
        r = delivery_save(d);
        if (r >= 0)
                r = for_each_row(d, table, add_to_block, &version);
        if (r >= 0)
                r = delivery_send(d, table);
        if (r >= 0)
                r = delivery_finish(d);
        if (r < 0)
                return r;
        r = feed_user_id(d->feed, &user);
        if (r < 0)
                return delivery_feed_failed(d, r);
        older.user_id = user;
        r = d->remote->backend->delete (d->remote, &older);
        if (r < 0)
                return delivery_remote_failed(d, r);
        *digest = sum;
        d->state.look_again_usec = before;
        return delivery_save(d);
}

int delivery_send_list(Delivery *d, RemoteTable table)
{
        uint64_t *known = d->state.list_digests + (table - REMOTE_STARS);
        uint64_t n, sum;
        int r;

        r = feed_begin(d->feed);
        if (r < 0)
                return delivery_feed_failed(d, r);
        r = delivery_list_digest(d, table, &n, &sum);
        sum += n + 1; /* an empty list is not an unknown one */
        if (r >= 0 && sum != *known) {
                *known = sum;
                r = replace(d, table, known);
        }
        feed_end(d->feed);
        return r;
}
