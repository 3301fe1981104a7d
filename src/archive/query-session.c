/* Query: sessions and their messages */
#include <string.h>

#include "archive/query-internal.h"
#include "archive/query.h"
#include "base/arena.h"
#include "base/time-util.h"

static void bind_optional(sqlite3_stmt *stmt, int index, const char *text)
{
        (void) sqlite_bind_text(stmt, index, text, text ? strlen(text) : 0);
}

#define IS_TRASHED                                                           \
        "EXISTS (SELECT 1 FROM session_deletes d WHERE d.session_id = s.id " \
        "AND d.cause = 'trash')"

static int prepare_sessions(sqlite3 *db, const char *where, sqlite3_stmt **ret)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_puts(&sql, "SELECT ");
        row_put_columns(&sql, &session_table, "s.");
        (void) strbuf_printf(&sql,
                             ", EXISTS (SELECT 1 FROM session_stars t WHERE t.session_id = s.id), "
                             "s.metadata_only, " IS_TRASHED ", "
                             "(SELECT count(*) FROM findings f WHERE f.session_id = s.id) "
                             "FROM sessions s WHERE %s",
                             where);
        return sqlite_prepare(db, sql.data, ret);
}

/* Hands every row over. Returns how the callback or the query ended; *@ret_n is the number of rows. */
static int step_sessions(sqlite3_stmt *stmt, SessionCallback on_session, void *userdata,
                         uint64_t *ret_n)
{
        SessionRow row;
        int r;

        *ret_n = 0;
        while ((r = sqlite_step(stmt)) > 0) {
                r = row_read(stmt, N_SESSION_COLUMNS, row.values);
                if (r < 0)
                        return r;
                row.starred = sqlite3_column_int(stmt, N_SESSION_COLUMNS) != 0;
                row.metadata_only = sqlite3_column_int(stmt, N_SESSION_COLUMNS + 1) != 0;
                row.trashed = sqlite3_column_int(stmt, N_SESSION_COLUMNS + 2) != 0;
                row.n_findings = (uint64_t) sqlite3_column_int64(stmt, N_SESSION_COLUMNS + 3);
                (*ret_n)++;
                r = on_session(userdata, &row);
                if (r != 0)
                        return r;
        }
        return r;
}

/* A resumed session may say that it ended before it was resumed. */
#define LAST_ACTIVITY "max(coalesce(s.ended_at, ''), coalesce(s.started_at, ''))"

static const char filters[] = PROJECT_MATCHES(
                1) " AND (?2 IS NULL OR s.agent_type GLOB ?2) "
                   "AND (?3 = '' OR " LAST_ACTIVITY " >= ?3) "
                   "AND (NOT ?4 OR s.id IN (SELECT session_id FROM session_stars)) "
                   "AND (?6 IS NULL OR s.id IN (SELECT session_id FROM git_links WHERE "
                   "link_type = 'commit' AND "
                   "substr(commit_sha, 1, min(length(commit_sha), length(?6))) = "
                   "substr(?6, 1, min(length(commit_sha), length(?6))))) "
                   "AND (?7 IS NULL OR s.id IN (SELECT session_id FROM git_links WHERE "
                   "link_type = 'pr' AND (pr_url = ?7 OR (?7 NOT GLOB '*[^0-9]*' AND "
                   "pr_url LIKE '%/' || ?7))))";

static const char *const sorts[] = {
        [SORT_ACTIVITY] = LAST_ACTIVITY,
        [SORT_STARTED] = "coalesce(s.started_at, '')",
        [SORT_MESSAGES] = "s.message_count",
        [SORT_MASKED] = "(SELECT count(*) FROM findings f WHERE f.session_id = s.id)",
};

int query_sessions(Query *q, const SessionFilter *filter, SessionCallback on_session,
                   void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        _cleanup_(strbuf_done) StrBuf where = { 0 };
        char since[TIMESTAMP_MAX] = "";
        uint64_t n;
        int r;

        /* they are sorted by their ids: whole rows are large, and most of them may be beyond the limit */
        (void) strbuf_printf(
                        &where,
                        "s.rowid IN (SELECT s.rowid FROM sessions s WHERE %s ORDER BY %s DESC, s.id "
                        "LIMIT ?5) ORDER BY %s DESC, s.id",
                        filters, sorts[filter->sort], sorts[filter->sort]);
        r = prepare_sessions(query_database(q), where.data, &stmt);
        if (r < 0)
                return r;
        if (filter->since_usec > 0)
                (void) format_timestamp(since, filter->since_usec);
        bind_optional(stmt, 1, filter->project);
        bind_optional(stmt, 2, filter->agent);
        bind_optional(stmt, 3, since);
        (void) sqlite3_bind_int(stmt, 4, filter->starred);
        (void) sqlite3_bind_int64(stmt, 5, filter->limit > 0 ? (int64_t) filter->limit : -1);
        bind_optional(stmt, 6, filter->commit);
        bind_optional(stmt, 7, filter->pr);
        return step_sessions(stmt, on_session, userdata, &n);
}

int query_commits(Query *q, LinkCallback on_link, void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(
                        query_database(q),
                        "SELECT session_id, message_ordinal, commit_sha, pr_url, confidence "
                        "FROM git_links WHERE link_type = 'commit' ORDER BY commit_sha");
        int r;

        while ((r = sqlite_step(stmt)) > 0) {
                LinkRow row = { .session_id = row_text(stmt, 0),
                                .ordinal = sqlite3_column_int64(stmt, 1),
                                .commit_sha = row_text(stmt, 2),
                                .pr_url = row_text(stmt, 3),
                                .confidence = row_text(stmt, 4) };

                r = on_link(userdata, &row);
                if (r != 0)
                        return r;
        }
        return r;
}

int query_session(Query *q, const char *id, SessionCallback on_session, void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        uint64_t n;
        int r;

        r = prepare_sessions(query_database(q), "s.id = ?1", &stmt);
        if (r < 0)
                return r;
        bind_optional(stmt, 1, id);
        r = step_sessions(stmt, on_session, userdata, &n);
        return r == 0 && n > 0 ? 1 : r;
}

int query_children(Query *q, const char *id, SessionCallback on_session, void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        uint64_t n;
        int r;

        r = prepare_sessions(query_database(q),
                             "s.parent_session_id = ?1 AND s.id <> ?1 ORDER BY s.started_at, s.id",
                             &stmt);
        if (r < 0)
                return r;
        bind_optional(stmt, 1, id);
        return step_sessions(stmt, on_session, userdata, &n);
}

/* Up to @max ids of a query with one parameter, after the *@n that are there. */
static int collect_ids(sqlite3 *db, const char *sql, const char *parameter, size_t max, char **ids,
                       size_t *n)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(db, sql);
        int r = 0;

        bind_optional(stmt, 1, parameter);
        while (*n < max && (r = sqlite_step(stmt)) > 0) {
                ids[*n] = xstrdup(row_text(stmt, 0));
                (*n)++;
        }
        return r < 0 ? r : 0;
}

int query_find_sessions(Query *q, const char *prefix, size_t max, char **ret)
{
        /* each is tried only if those before found nothing; the last one has to read the whole index */
        static const char *const ways[] = {
                "SELECT id FROM sessions WHERE id = ?1",
                "SELECT id FROM sessions WHERE id >= ?1 AND id < ?1 || char(0x10ffff) ORDER BY id",
                ("SELECT id FROM sessions WHERE instr(id, ':') > 0 AND "
                 "substr(id, instr(id, ':') + 1, length(?1)) = ?1 ORDER BY id"),
        };
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(ways) && n == 0; i++) {
                int r = collect_ids(query_database(q), ways[i], prefix, max, ret, &n);

                if (r < 0) {
                        while (n > 0) {
                                free(ret[--n]);
                                ret[n] = NULL;
                        }
                        return r;
                }
        }
        return (int) n;
}

/* All rows of @table that hang on a message. */
static int read_attached(sqlite3_stmt *stmt, const Table *table, const char *session_id,
                         int64_t ordinal, Arena *arena, Value **ret, size_t *ret_n)
{
        bind_optional(stmt, 1, session_id);
        (void) sqlite3_bind_int64(stmt, 2, ordinal);
        return row_read_all(stmt, table, arena, ret, ret_n);
}

static int prepare_attached(sqlite3 *db, const Table *table, sqlite3_stmt **ret)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_puts(&sql, "SELECT ");
        row_put_columns(&sql, table, "t.");
        (void) strbuf_printf(&sql,
                             " FROM %s t WHERE session_id = ? AND message_ordinal = ? ORDER BY %s",
                             table->name, table->key);
        return sqlite_prepare(db, sql.data, ret);
}

static int prepare_messages(sqlite3 *db, sqlite3_stmt **ret)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_puts(&sql, "SELECT ");
        row_put_columns(&sql, &message_table, "t.");
        (void) strbuf_puts(&sql, ", fingerprint FROM messages t WHERE session_id = ? AND "
                                 "ordinal BETWEEN ? AND ? ORDER BY ordinal");
        return sqlite_prepare(db, sql.data, ret);
}

int query_message_range(Query *q, const char *session_id, int64_t ordinal, uint64_t n_around,
                        MessageRange *ret)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(
                        query_database(q),
                        "SELECT (SELECT min(ordinal) FROM (SELECT ordinal FROM messages WHERE "
                        "session_id = ?1 AND ordinal < ?2 ORDER BY ordinal DESC LIMIT ?3)), "
                        "(SELECT max(ordinal) FROM (SELECT ordinal FROM messages WHERE "
                        "session_id = ?1 AND ordinal > ?2 ORDER BY ordinal LIMIT ?3)) "
                        "FROM messages WHERE session_id = ?1 AND ordinal = ?2");
        int r;

        bind_optional(stmt, 1, session_id);
        (void) sqlite3_bind_int64(stmt, 2, ordinal);
        (void) sqlite3_bind_int64(stmt, 3, n_around < INT64_MAX ? (int64_t) n_around : INT64_MAX);
        r = sqlite_step(stmt);
        if (r <= 0)
                return r;
        ret->first = sqlite3_column_type(stmt, 0) == SQLITE_NULL ? ordinal
                                                                 : sqlite3_column_int64(stmt, 0);
        ret->last = sqlite3_column_type(stmt, 1) == SQLITE_NULL ? ordinal
                                                                : sqlite3_column_int64(stmt, 1);
        return 1;
}

int query_messages(Query *q, const char *session_id, const MessageRange *range,
                   MessageCallback on_message, void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *messages = NULL, *calls = NULL, *events = NULL;
        _cleanup_(arena_done) Arena arena = { 0 };
        Value *call_rows = NULL, *event_rows = NULL;
        sqlite3 *db = query_database(q);
        int r;

        if ((r = prepare_messages(db, &messages)) < 0 ||
            (r = prepare_attached(db, &call_table, &calls)) < 0 ||
            (r = prepare_attached(db, &event_table, &events)) < 0)
                return r;
        bind_optional(messages, 1, session_id);
        (void) sqlite3_bind_int64(messages, 2, range ? range->first : INT64_MIN);
        (void) sqlite3_bind_int64(messages, 3, range ? range->last : INT64_MAX);
        while ((r = sqlite_step(messages)) > 0) {
                Message m = { 0 };

                r = row_read(messages, N_MESSAGE_COLUMNS, m.values);
                if (r < 0)
                        return r;
                m.fingerprint = (uint64_t) sqlite3_column_int64(messages, N_MESSAGE_COLUMNS);
                arena_clear(&arena);
                r = read_attached(calls, &call_table, session_id, m.values[MESSAGE_ORDINAL].integer,
                                  &arena, &call_rows, &m.n_calls);
                if (r >= 0)
                        r = read_attached(events, &event_table, session_id,
                                          m.values[MESSAGE_ORDINAL].integer, &arena, &event_rows,
                                          &m.n_events);
                if (r < 0)
                        return r;
                m.calls = (Value(*)[N_CALL_COLUMNS]) call_rows;
                m.events = (Value(*)[N_EVENT_COLUMNS]) event_rows;
                r = on_message(userdata, &m);
                if (r != 0)
                        return r;
        }
        return r;
}
