/*
 * ClickHouse: which archive delivers here
 *
 * A row's origin says which person and machine it comes from. Two archives of one person on one machine would have the same
 * origin, and each would remove what only the other one has. So a small table of our own names the archive that delivers; any
 * other one reports an error and sends nothing. An archive that was rebuilt at the same path replaces the one before it.
 */
#include <string.h>

#include "remote/clickhouse/clickhouse-internal.h"

#define TABLE "scrubjay_archives"

/* What the table says about our origin. */
typedef struct Claim {
        bool is_there, is_ours, is_from_our_place;
        const RemoteIdentity *us;
} Claim;

static int on_count(void *userdata, char **cells, size_t n_cells)
{
        *(bool *) userdata = strcmp(cells[0], "0") != 0;
        return 0;
}

static int has_table(ClickHouse *c, bool *ret)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_puts(&sql, "SELECT count() FROM system.tables WHERE name = '" TABLE
                                 "' AND database = ");
        (void) clickhouse_quote(&sql, c->url.database);
        return clickhouse_run(c, &sql, on_count, ret);
}

static int make_table(ClickHouse *c)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_puts(&sql, "CREATE TABLE IF NOT EXISTS " TABLE
                                 " (org_id String, origin String, archive String, place String, "
                                 "claimed_at DateTime64(3), _version UInt64) "
                                 "ENGINE = ReplacingMergeTree(_version) ORDER BY (org_id, origin)");
        return clickhouse_run(c, &sql, NULL, NULL);
}

static int on_claim(void *userdata, char **cells, size_t n_cells)
{
        Claim *claim = userdata;

        if (n_cells != 2)
                return -EBADMSG;
        claim->is_there = true;
        claim->is_ours = strcmp(cells[0], claim->us->archive_id) == 0;
        claim->is_from_our_place = strcmp(cells[1], claim->us->place) == 0;
        return 0;
}

static int read_claim(ClickHouse *c, Claim *ret)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        *ret = (Claim){ .us = c->us };
        (void) strbuf_puts(&sql, "SELECT archive, place FROM " TABLE " FINAL WHERE org_id = ");
        (void) clickhouse_quote(&sql, c->org_id);
        (void) strbuf_puts(&sql, " AND origin = ");
        (void) clickhouse_quote(&sql, c->us->names[0]);
        return clickhouse_run(c, &sql, on_claim, ret);
}

/* The time is the server's, so whoever comes later wins. */
static int write_claim(ClickHouse *c)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_puts(&sql, "INSERT INTO " TABLE
                                 " (org_id, origin, archive, place, claimed_at, _version) SELECT ");
        (void) clickhouse_quote(&sql, c->org_id);
        (void) strbuf_puts(&sql, ", ");
        (void) clickhouse_quote(&sql, c->us->names[0]);
        (void) strbuf_puts(&sql, ", ");
        (void) clickhouse_quote(&sql, c->us->archive_id);
        (void) strbuf_puts(&sql, ", ");
        (void) clickhouse_quote(&sql, c->us->place);
        (void) strbuf_puts(&sql,
                           ", now64(3), toUnixTimestamp64Nano(now64(9)) SETTINGS async_insert = 0");
        return clickhouse_run(c, &sql, NULL, NULL);
}

static int refuse(ClickHouse *c)
{
        return clickhouse_fail(
                        c, -EEXIST,
                        "Another archive of the same person and machine delivers to %s, so nothing "
                        "is sent: each would remove the other's sessions. Give one of them another "
                        "Machine= in [Identity], or run 'scrubjayctl remote resend %s' to let this "
                        "archive take the other's place.",
                        c->place, c->options->name);
}

static bool may_take(const ClickHouse *c, const Claim *claim)
{
        return !claim->is_there || c->us->insists ||
               (claim->is_from_our_place && !c->us->was_there);
}

int clickhouse_claim(ClickHouse *c)
{
        bool is_there = c->is_open;
        Claim claim;
        int r = 0;

        if (!c->is_open)
                r = has_table(c, &is_there);
        if (r >= 0 && !is_there)
                r = c->us->only_looks ? 1 : make_table(c);
        if (r != 0)
                return r < 0 ? r : 0;
        r = read_claim(c, &claim);
        if (r < 0 || claim.is_ours)
                return r;
        if (!may_take(c, &claim))
                return refuse(c);
        if (c->us->only_looks)
                return 0;
        r = write_claim(c);
        if (r >= 0) /* two may do this at once: the table names one of them */
                r = read_claim(c, &claim);
        return r < 0 || claim.is_ours ? r : refuse(c);
}
