/*
 * ClickHouse: deletes what is replaced or removed
 *
 * FINAL shows the newest row of each key. But a row whose key has no newer one would stay visible, and an older text that is
 * masked now would stay on disk. A version that no clock can have given counts as the oldest: no row of ours could ever replace
 * it.
 */
#include <inttypes.h>
#include <string.h>

#include "remote/clickhouse/clickhouse-internal.h"

/* The most rows in one statement: a server parses a list of this size in a few milliseconds. */
#define ROWS_MAX 10000

static int put_list(StrBuf *b, const char *column, const char *const *list, size_t n)
{
        (void) strbuf_printf(b, "%s IN (", column);
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        (void) strbuf_puts(b, ", ");
                (void) clickhouse_quote(b, list[i]);
        }
        return strbuf_putc(b, ')');
}

int clickhouse_names(ClickHouse *c, StrBuf *b, const char *column)
{
        size_t n = 0;

        while (c->us->names[n])
                n++;
        return put_list(b, column, (const char *const *) c->us->names, n);
}

const char *clickhouse_id_column(RemoteTable table)
{
        return remote_table(table)->columns[0].name;
}

static int put_rows(StrBuf *b, const Selection *s)
{
        (void) strbuf_printf(b, "(session_id, %s) IN (",
                             s->table == REMOTE_MESSAGES ? "ordinal" : "message_ordinal");
        for (size_t i = 0; i < s->n_rows; i++) {
                (void) strbuf_puts(b, i > 0 ? ", (" : "(");
                (void) clickhouse_quote(b, s->rows[i].session_id);
                (void) strbuf_printf(b, ", %" PRId64 ")", s->rows[i].ordinal);
        }
        return strbuf_putc(b, ')');
}

void clickhouse_where(ClickHouse *c, StrBuf *b, const Selection *s)
{
        (void) strbuf_puts(b, " WHERE org_id = ");
        (void) clickhouse_quote(b, c->org_id);
        if (s->n_ids > 0 || s->n_rows > 0)
                (void) strbuf_puts(b, " AND ");
        if (s->n_ids > 0)
                (void) put_list(b, clickhouse_id_column(s->table), s->ids, s->n_ids);
        else if (s->n_rows > 0)
                (void) put_rows(b, s);
        if (s->own) {
                (void) strbuf_puts(b, " AND (");
                (void) clickhouse_names(c, b, "origin");
                if (s->unnamed) {
                        (void) strbuf_puts(b, " OR (origin = '' AND user_id = ");
                        (void) clickhouse_quote(b, c->us->user_id);
                        (void) strbuf_putc(b, ')');
                }
                (void) strbuf_putc(b, ')');
        }
        if (s->stamp > 0)
                (void) strbuf_printf(b, " AND (_version < %" PRIu64 " OR _version > %" PRIu64 ")",
                                     s->stamp, c->us->stamp_limit);
}

static bool is_empty(const Selection *s)
{
        return !s->all && s->n_ids == 0 && s->n_rows == 0;
}

static int delete_rows(ClickHouse *c, const Selection *s)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        if (is_empty(s))
                return 0;
        (void) strbuf_puts(&sql, "DELETE FROM ");
        (void) clickhouse_name(&sql, remote_table(s->table)->name);
        clickhouse_where(c, &sql, s);
        (void) strbuf_puts(&sql, " SETTINGS lightweight_deletes_sync = 2");
        return clickhouse_run(c, &sql, NULL, NULL);
}

static int on_stale(void *userdata, char **cells, size_t n_cells)
{
        *(bool *) userdata = true;
        return 0;
}

/* Asking is cheap, deleting is not. */
static int delete_if_there(ClickHouse *c, const Selection *s)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        bool stale = false;
        int r;

        if (is_empty(s))
                return 0;
        (void) strbuf_puts(&sql, "SELECT 1 FROM ");
        (void) clickhouse_name(&sql, remote_table(s->table)->name);
        (void) strbuf_puts(&sql, " FINAL");
        clickhouse_where(c, &sql, s);
        (void) strbuf_puts(&sql, " LIMIT 1");
        r = clickhouse_run(c, &sql, on_stale, &stale);
        return r < 0 || !stale ? r : delete_rows(c, s);
}

/* Sessions of a batch, by what happens to them */

static bool is_removed(const RemoteParcel *p)
{
        return p->kind == REMOTE_REMOVE;
}

static bool is_whole(const RemoteParcel *p)
{
        return p->kind == REMOTE_WHOLE;
}

static bool is_changed(const RemoteParcel *p)
{
        return p->kind == REMOTE_CHANGES;
}

static bool has_old_row(const RemoteParcel *p)
{
        return p->kind == REMOTE_WHOLE || (p->kind == REMOTE_CHANGES && p->wipe);
}

/* Their ids. The caller owns the array, but not the ids. */
static const char **choose(const RemoteBatch *batch, bool (*test)(const RemoteParcel *),
                           size_t *ret_n)
{
        const char **ids = xcalloc(batch->n_parcels + 1, sizeof(*ids));

        *ret_n = 0;
        for (size_t i = 0; i < batch->n_parcels; i++)
                if (test(batch->parcels + i))
                        ids[(*ret_n)++] = batch->parcels[i].id;
        return ids;
}

/* Deletes their rows in @n tables, one after the other. */
static int delete_of(ClickHouse *c, const RemoteBatch *batch, bool (*test)(const RemoteParcel *),
                     const RemoteTable *tables, size_t n, Selection s)
{
        _cleanup_free_ const char **ids = choose(batch, test, &s.n_ids);
        int r = 0;

        s.ids = ids;
        for (size_t i = 0; r >= 0 && i < n; i++) {
                s.table = tables[i];
                r = delete_rows(c, &s);
        }
        return r;
}

int clickhouse_remove(ClickHouse *c, const RemoteBatch *batch)
{
        /* The session's row first, so that readers do not see a session without its messages. Newer rows stay: if this arrives
         * late, the session may be there again. */
        static const RemoteTable tables[] = { REMOTE_SESSIONS, REMOTE_CALLS, REMOTE_MESSAGES,
                                              REMOTE_LINKS };

        return delete_of(c, batch, is_removed, tables, ELEMENTSOF(tables),
                         (Selection){ .own = true, .stamp = batch->stamp });
}

/* Deletes old messages that may hold what is masked now. */
static int delete_secrets(ClickHouse *c, const RemoteBatch *batch)
{
        static const RemoteTable tables[] = { REMOTE_MESSAGES, REMOTE_CALLS };
        _cleanup_free_ RemoteChange *wiped = xcalloc(batch->n_changes + 1, sizeof(*wiped));
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < batch->n_changes; i++)
                if (batch->changes[i].wipe)
                        wiped[n++] = batch->changes[i];
        for (size_t t = 0; t < ELEMENTSOF(tables); t++)
                for (size_t i = 0; r >= 0 && i < n; i += ROWS_MAX)
                        r = delete_rows(c,
                                        &(Selection){ .table = tables[t],
                                                      .rows = wiped + i,
                                                      .n_rows = n - i < ROWS_MAX ? n - i : ROWS_MAX,
                                                      .stamp = batch->stamp });
        return r;
}

/* Deletes the calls and links that a replaced message has lost. */
static int delete_lost(ClickHouse *c, const RemoteBatch *batch)
{
        _cleanup_free_ const char **ids = NULL;
        Selection s = { .stamp = batch->stamp };
        int r = 0;

        if (batch->n_changes == 0)
                return 0;
        for (size_t i = 0; r >= 0 && i < batch->n_changes; i += ROWS_MAX) {
                s.table = REMOTE_CALLS;
                s.rows = batch->changes + i;
                s.n_rows = batch->n_changes - i < ROWS_MAX ? batch->n_changes - i : ROWS_MAX;
                r = delete_if_there(c, &s);
        }
        if (r < 0)
                return r;
        s = (Selection){ .table = REMOTE_LINKS, .stamp = batch->stamp };
        ids = choose(batch, is_changed, &s.n_ids);
        s.ids = ids;
        return delete_if_there(c, &s);
}

/* Do its rows name their user? Then earlier versions may have written some without an origin. */
static bool names_user(RemoteTable table)
{
        const Table *t = remote_table(table);

        for (size_t i = 0; i < t->n_columns; i++)
                if (strcmp(t->columns[i].name, "user_id") == 0)
                        return true;
        return false;
}

int clickhouse_replace_rows(ClickHouse *c, const RemoteBatch *batch)
{
        static const RemoteTable tables[] = { REMOTE_MESSAGES, REMOTE_CALLS, REMOTE_LINKS };
        int r;

        r = delete_of(c, batch, is_whole, tables, ELEMENTSOF(tables),
                      (Selection){ .stamp = batch->stamp });
        if (r >= 0)
                r = delete_secrets(c, batch);
        if (r >= 0)
                r = delete_lost(c, batch);
        for (size_t i = REMOTE_STARS; r >= 0 && i < N_REMOTE_TABLES; i++)
                if (batch->replaces[i])
                        r = delete_rows(c, &(Selection){ .table = (RemoteTable) i,
                                                         .all = true,
                                                         .own = true,
                                                         .unnamed = names_user((RemoteTable) i),
                                                         .stamp = batch->stamp });
        return r;
}

int clickhouse_replace_sessions(ClickHouse *c, const RemoteBatch *batch)
{
        static const RemoteTable tables[] = { REMOTE_SESSIONS };

        return delete_of(c, batch, has_old_row, tables, ELEMENTSOF(tables),
                         (Selection){ .stamp = batch->stamp });
}

int clickhouse_clear_former(ClickHouse *c)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < N_REMOTE_TABLES; i++) {
                _cleanup_(strbuf_done) StrBuf sql = { 0 };

                (void) strbuf_puts(&sql, "DELETE FROM ");
                (void) clickhouse_name(&sql, remote_table((RemoteTable) i)->name);
                (void) strbuf_puts(&sql, " WHERE org_id = '" CLICKHOUSE_FORMER_ORG "' AND ");
                (void) clickhouse_names(c, &sql, "origin");
                (void) strbuf_puts(&sql, " SETTINGS lightweight_deletes_sync = 2");
                r = clickhouse_run(c, &sql, NULL, NULL);
        }
        return r;
}
