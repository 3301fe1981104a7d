/* Query: the archive as people look at it, strictly read-only */
#include "archive/query.h"

#include <inttypes.h>
#include <string.h>

#include "archive/acknowledged.h"
#include "archive/archive-schema.h"
#include "archive/query-internal.h"
#include "base/sqlite-util.h"
#include "base/time-util.h"

/* The daemon's transactions are short; this is for a full disk or a stopped process that holds the lock. */
#define BUSY_MSEC 5000

struct Query {
        sqlite3 *db;
        char *warning;
};

sqlite3 *query_database(Query *q)
{
        return q->db;
}

const char *query_reason(Query *q)
{
        return sqlite_reason(q->db);
}

/* An archive that its service has not opened since an update has no such table. */
static int provide_secrets_seen(sqlite3 *db)
{
        int r = query_has_table(db, "main", "secrets_seen");

        if (r != 0)
                return r < 0 ? r : 0;
        return sqlite_run(db, "CREATE TEMP TABLE secrets_seen (fingerprint INTEGER PRIMARY KEY, "
                              "first_seen TEXT)");
}

int query_open(const char *path, Query **ret)
{
        _cleanup_(query_closep) Query *q = NULL;
        int r = sqlite_check_files(path);

        if (r < 0)
                return r;
        q = xcalloc(1, sizeof(*q));
        r = sqlite3_open_v2(path, &q->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
        if (r != SQLITE_OK)
                return sqlite_errno(q->db, r);
        (void) sqlite3_busy_timeout(q->db, BUSY_MSEC);
        r = archive_schema_check(q->db);
        if (r < 0) /* a -journal waits for somebody who may write */
                return sqlite3_extended_errcode(q->db) == SQLITE_READONLY_ROLLBACK ? -EINPROGRESS
                                                                                   : r;
        r = acknowledged_attach(q->db, path, &q->warning);
        if (r >= 0)
                r = provide_secrets_seen(q->db);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(q);
        return 0;
}

const char *query_warning(const Query *q)
{
        return q->warning;
}

Query *query_close(Query *q)
{
        if (!q)
                return NULL;
        sqlite_close(q->db);
        free(q->warning);
        free(q);
        return NULL;
}

int query_begin(Query *q)
{
        return sqlite_run(q->db, "BEGIN");
}

int query_end(Query *q)
{
        return sqlite_run(q->db, "COMMIT");
}

int query_attach_archive(sqlite3 *db, const char *path)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        _cleanup_(strbuf_done) StrBuf uri = { 0 };

        (void) strbuf_puts(&uri, "file:");
        for (const char *p = path; *p; p++)
                (void) (strchr("%?#", *p) ? strbuf_printf(&uri, "%%%02X", (unsigned char) *p)
                                          : strbuf_putc(&uri, *p));
        (void) strbuf_puts(&uri, "?mode=ro");
        stmt = sqlite_make(db, "ATTACH ? AS archive");
        (void) sqlite_bind_text(stmt, 1, uri.data, uri.size);
        return sqlite_execute(stmt);
}

/* Each ran on 50,000 sessions of 20 messages in a few milliseconds: along an index, or of few rows. */
#define STALE                                                                              \
        "SELECT count(*) FROM cursors c WHERE policy <> "                                  \
        "coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'policy'), 0) AND " \
        "EXISTS (SELECT 1 FROM sessions s WHERE s.id = c.session_id)"

/* Different secrets, each with the number of its places. */
#define BY_SECRET "(SELECT fingerprint, count(*) AS n FROM findings GROUP BY fingerprint)"

static int count_all(sqlite3 *db, ArchiveSummary *s)
{
        const struct {
                const char *sql;
                uint64_t *ret;
        } counts[] = {
                { "SELECT count(*) FROM sessions", &s->n_sessions },
                { "SELECT count(*) FROM messages", &s->n_messages },
                { "SELECT count(*) FROM findings", &s->n_findings },
                { "SELECT count(*) FROM " BY_SECRET, &s->n_secrets },
                { "SELECT total(n) FROM " BY_SECRET " WHERE " IS_OPEN, &s->n_open_findings },
                { "SELECT count(*) FROM " BY_SECRET " WHERE " IS_OPEN, &s->n_open_secrets },
                { "SELECT count(DISTINCT session_id) FROM session_stars", &s->n_starred },
                { "SELECT count(*) FROM session_deletes WHERE cause = 'trash'", &s->n_trashed },
                { "SELECT count(*) FROM session_deletes WHERE cause = 'deleted'", &s->n_deleted },
                { "SELECT count(*) FROM sessions WHERE metadata_only", &s->n_metadata_only },
                { STALE, &s->n_stale },
                { "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'total_synced'",
                  &s->total_synced },
                { "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'total_masked'",
                  &s->total_masked },
                /* not the file's size: recent commits are in the log beside it */
                { "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                  &s->n_bytes },
        };

        for (size_t i = 0; i < ELEMENTSOF(counts); i++) {
                int64_t n = 0;
                int r = sqlite_query_int(db, counts[i].sql, &n);

                if (r < 0)
                        return r;
                *counts[i].ret = n > 0 ? (uint64_t) n : 0;
        }
        return 0;
}

/* The times in meta; missing ones stay 0. */
static int read_times(sqlite3 *db, ArchiveSummary *s)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(
                        db, "SELECT value FROM meta WHERE key = ?1");
        const struct {
                const char *key;
                uint64_t *ret;
        } times[] = {
                { "last_synced_at", &s->last_synced_at_usec },
                { "last_verified_at", &s->last_verified_at_usec },
                { "began_anew_at", &s->began_anew_at_usec },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(times); i++) {
                (void) sqlite3_reset(stmt);
                (void) sqlite_bind_text(stmt, 1, times[i].key, strlen(times[i].key));
                r = sqlite_step(stmt);
                if (r > 0)
                        (void) parse_timestamp(row_text(stmt, 0), times[i].ret);
        }
        return r;
}

int query_summary(Query *q, ArchiveSummary *ret)
{
        ArchiveSummary s = { 0 };
        int r;

        r = count_all(q->db, &s);
        if (r >= 0)
                r = read_times(q->db, &s);
        if (r < 0)
                return r;
        *ret = s;
        return 0;
}

int query_rules(Query *q, RuleCallback on_rule, void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(
                        q->db,
                        "SELECT rule, sum(n), count(*), total(n) FILTER (WHERE open), count(*) "
                        "FILTER (WHERE open) FROM (SELECT rule, count(*) AS n, " IS_OPEN
                        " AS open FROM findings GROUP BY fingerprint, rule) GROUP BY rule "
                        "ORDER BY 4 DESC, 2 DESC, 1");
        int r;

        while ((r = sqlite_step(stmt)) > 0) {
                const RuleFindings rule = {
                        .rule = row_text(stmt, 0),
                        .n_findings = (uint64_t) sqlite3_column_int64(stmt, 1),
                        .n_secrets = (uint64_t) sqlite3_column_int64(stmt, 2),
                        .n_open_findings = (uint64_t) sqlite3_column_int64(stmt, 3),
                        .n_open_secrets = (uint64_t) sqlite3_column_int64(stmt, 4),
                };

                r = on_rule(userdata, &rule);
                if (r != 0)
                        return r;
        }
        return r;
}

int query_has_table(sqlite3 *db, const char *schema, const char *name)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        char sql[80];

        (void) snprintf(sql, sizeof(sql), "SELECT 1 FROM %s.sqlite_schema WHERE name = ?1", schema);
        stmt = sqlite_make(db, sql);
        (void) sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
        return sqlite_step(stmt);
}

int query_rows(Query *q, const Table *table, const char *session_id, RowCallback on_row,
               void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        Value values[N_SESSION_COLUMNS]; /* the widest table */
        int r;

        r = query_has_table(q->db, "main", table->name);
        if (r <= 0)
                return r;
        (void) strbuf_puts(&sql, "SELECT ");
        row_put_columns(&sql, table, "t.");
        (void) strbuf_printf(&sql, " FROM %s t WHERE session_id = ? ORDER BY %s", table->name,
                             table->key);
        stmt = sqlite_make(q->db, sql.data);
        (void) sqlite_bind_text(stmt, 1, session_id, strlen(session_id));
        while ((r = sqlite_step(stmt)) > 0) {
                r = row_read(stmt, table->n_columns, values);
                if (r >= 0)
                        r = on_row(userdata, values);
                if (r != 0)
                        return r;
        }
        return r;
}
