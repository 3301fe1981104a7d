/* The reader's statements, made for the schema of today */
#include "source/reader-internal.h"

/* What a session's fingerprint knows beside the columns that are mirrored. Left out on purpose: what agentsview moves
 * without changing the session (sync_marker, local_modified_at, file_mtime, created_at of `sync --full`). */
static const Column extra_columns[N_READER_EXTRAS] = {
        [READER_EXTRA_FILE_HASH] = { "file_hash", COLUMN_TEXT, "file_hash" },
        { "file_size", COLUMN_TEXT, "file_size" },
        { "transcript_revision", COLUMN_TEXT, "transcript_revision" },
        { "data_version", COLUMN_TEXT, "data_version" },
        { "next_ordinal", COLUMN_TEXT, "next_ordinal" },
        { "last_entry_uuid", COLUMN_TEXT, "last_entry_uuid" },
};

const Table reader_extra_table = { "extras", "sessions", extra_columns, N_READER_EXTRAS, NULL };

/* The fingerprint tells the same for a row that SQLite reads as for one that the reader does: of these, in this order. */
static bool is_fingerprinted(size_t i)
{
        return session_table.columns[i].source && i != SESSION_SOURCE_CREATED_AT &&
               i != SESSION_PROJECT_PATH;
}

uint64_t reader_fingerprint(Reader *r, const Value *values, const Value *extras)
{
        hasher_begin(r->hasher);
        for (size_t i = 0; i < N_SESSION_COLUMNS; i++)
                if (is_fingerprinted(i))
                        reader_hash_value(r->hasher, values + i);
        for (size_t i = 0; i < N_READER_EXTRAS; i++)
                reader_hash_value(r->hasher, extras + i);
        return hasher_end(r->hasher);
}

/* fingerprint(...) in SQL: an audit asks nothing else of a row, and so hands out nothing else. */
static void on_fingerprint(sqlite3_context *context, _unused_ int n, sqlite3_value **arguments)
{
        Reader *r = sqlite3_user_data(context);

        hasher_begin(r->hasher);
        for (size_t i = 0; i < N_SESSION_COLUMNS; i++)
                if (is_fingerprinted(i)) {
                        Value v = schema_value(*arguments++, session_table.columns[i].kind);

                        reader_hash_value(r->hasher, &v);
                }
        for (size_t i = 0; i < N_READER_EXTRAS; i++) {
                Value v = schema_value(*arguments++, reader_extra_table.columns[i].kind);

                reader_hash_value(r->hasher, &v);
        }
        sqlite3_result_int64(context, (int64_t) hasher_end(r->hasher));
}

/* "SELECT rowid, fingerprint(...)" */
static int put_fingerprint(Reader *r, StrBuf *sql)
{
        int k, n = 0;

        (void) strbuf_puts(sql, "SELECT rowid, fingerprint(");
        for (size_t i = 0; i < N_SESSION_COLUMNS; i++)
                if (is_fingerprinted(i)) {
                        (void) strbuf_puts(sql, n++ > 0 ? ", " : "");
                        schema_put_column(sql, &r->schema, "sessions",
                                          session_table.columns[i].source);
                }
        (void) strbuf_puts(sql, ", ");
        schema_put_columns(sql, &r->schema, &reader_extra_table);
        (void) strbuf_puts(sql, ")");
        k = sqlite3_create_function_v2(r->db, "fingerprint", n + N_READER_EXTRAS,
                                       SQLITE_UTF8 | SQLITE_DIRECTONLY, r, on_fingerprint, NULL,
                                       NULL, NULL);
        return sqlite_errno(r->db, k);
}

/* "sessions", or, where that has no rowid (a view, a table without), the same with a number in order of id. */
static int find_sessions(sqlite3 *db, const char **ret)
{
        int64_t n;
        int r;

        r = sqlite_query_int(db,
                             "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND "
                             "name = 'sessions' COLLATE NOCASE AND type = 'table' AND wr = 0",
                             &n);
        if (r >= 0)
                *ret = n > 0 ? "sessions"
                             : "(SELECT row_number() OVER (ORDER BY id) AS rowid, * FROM sessions)";
        return r;
}

static int prepare_sessions(Reader *r)
{
        /* +rowid: the planner shall walk the index on sync_marker, and sort the few it finds */
        static const char
                        all[] = "WHERE rowid > ?1 ORDER BY rowid",
                        marked[] = "WHERE (sync_marker >= ?2 OR sync_marker = '' OR sync_marker IS "
                                   "NULL OR rowid > ?3) AND +rowid > ?1 ORDER BY +rowid";
        _cleanup_(strbuf_done) StrBuf row = { 0 }, fingerprint = { 0 };
        const char *from;
        const struct {
                Query query;
                const StrBuf *head; /* NULL: the row's number */
                const char *tail;
        } variants[] = {
                { QUERY_LIST_ALL, &fingerprint, all },
                { QUERY_LIST_BY_ID, &row, "WHERE id > ?1 ORDER BY id" },
                { QUERY_ROWS_ALL, NULL, all },
                { QUERY_ROWS_MARKER, NULL, marked },
                { QUERY_SESSION, &row, "WHERE rowid = ?1" },
        };
        int k;

        k = find_sessions(r->db, &from);
        if (k >= 0)
                k = put_fingerprint(r, &fingerprint);
        if (k < 0)
                return k;
        (void) strbuf_puts(&row, "SELECT rowid, ");
        schema_put_columns(&row, &r->schema, &session_table);
        (void) strbuf_puts(&row, ", ");
        schema_put_columns(&row, &r->schema, &reader_extra_table);
        for (size_t i = 0; k >= 0 && i < ELEMENTSOF(variants); i++)
                if (variants[i].tail != marked || r->has_markers)
                        k = sqlite_preparef(r->db, r->queries + variants[i].query, "%s FROM %s %s",
                                            variants[i].head ? variants[i].head->data
                                                             : "SELECT rowid",
                                            from, variants[i].tail);
        return k;
}

/* SELECT <first>, the columns of @table FROM it <tail>; nothing where the source has no such table. */
static int prepare_table(Reader *r, sqlite3_stmt **ret, const Table *table, const char *first,
                         const char *tail)
{
        _cleanup_(strbuf_done) StrBuf columns = { 0 };

        if (!schema_has_table(&r->schema, table->source))
                return 0;
        schema_put_columns(&columns, &r->schema, table);
        return sqlite_preparef(r->db, ret, "SELECT %s, %s FROM %s %s", first, columns.data,
                               table->source, tail);
}

/* Labels and parents outlive their sessions. EXISTS asks for each of their rows; IN would read all sessions first. */
const ReaderList reader_lists[READER_N_LISTS] = {
        { &star_table, "ORDER BY session_id" },
        { &pin_table, "ORDER BY session_id, ordinal" },
        { &label_table,
          "WHERE EXISTS (SELECT 1 FROM sessions s WHERE s.id = session_labels.session_id) "
          "ORDER BY session_id, label" },
        { &parent_table,
          "WHERE EXISTS (SELECT 1 FROM sessions s WHERE s.id = session_external_parents.session_id) "
          "ORDER BY session_id" },
        { &usage_table, "ORDER BY session_id, id" },
};

static int prepare_lists(Reader *r)
{
        int k = 0;

        for (size_t i = 0; k >= 0 && i < READER_N_LISTS; i++)
                k = prepare_table(r, r->lists + i, reader_lists[i].table, "1",
                                  reader_lists[i].tail);
        return k;
}

static int prepare_events(Reader *r)
{
        _cleanup_free_ char *tail = xasprintf(
                        "WHERE session_id = ?1 AND tool_call_message_ordinal >= ?2 "
                        "ORDER BY tool_call_message_ordinal, %s",
                        r->event_order);

        return prepare_table(r, r->queries + QUERY_EVENTS, &event_table,
                             "tool_call_message_ordinal", tail);
}

/* What needs no column that older files lack; some need a table that a file may lack. */
static const struct {
        Query query;
        const char *table, *sql;
} statements[] = {
        { QUERY_BEGIN, NULL, "BEGIN" },
        { QUERY_END, NULL, "ROLLBACK" },
        { QUERY_DATA_VERSION, NULL, "PRAGMA data_version" },
        { QUERY_HAS_SESSION, NULL, "SELECT 1 FROM sessions WHERE id = ?1 LIMIT 1" },
        { QUERY_COUNT, NULL, "SELECT count(*) FROM sessions" },
        /* three looks into the index of ids: NULL sorts first, then numbers, text, bytes */
        { QUERY_ODD_IDS, NULL,
          "SELECT EXISTS (SELECT 1 FROM sessions WHERE id IS NULL) OR "
          "EXISTS (SELECT 1 FROM sessions WHERE id <= '') OR "
          "EXISTS (SELECT 1 FROM sessions WHERE id >= x'')" },
        { QUERY_CALL_COUNT, "tool_calls", "SELECT count(*) FROM tool_calls WHERE session_id = ?1" },
        { QUERY_LOST_CALLS, "tool_calls",
          "SELECT 1 FROM tool_calls WHERE session_id = ?1 AND message_id "
          "NOT IN (SELECT id FROM messages WHERE session_id = ?1) LIMIT 1" },
        { QUERY_USAGE_EXTENT, "usage_events", "SELECT count(*), max(rowid) FROM usage_events" },
        { QUERY_HAS_USAGE, "usage_events",
          "SELECT 1 FROM usage_events WHERE session_id = ?1 LIMIT 1" },
        { QUERY_DELETED, "session_deletion_changes",
          "SELECT session_id, revision FROM session_deletion_changes "
          "WHERE revision > ?1 AND deleted = 1 AND session_id NOT IN "
          "(SELECT id FROM sessions) ORDER BY revision" },
        { QUERY_EXCLUDED, "excluded_sessions",
          "SELECT id, 0 FROM excluded_sessions WHERE id NOT IN (SELECT id FROM sessions)" },
};

/* Whether a session has text, and whether some was left out. */
static int prepare_text_questions(Reader *r)
{
        int k;

        k = sqlite_prepare(r->db,
                           schema_column(&r->schema, "messages", "thinking_text")
                                           ? "SELECT 1 FROM messages WHERE session_id = ?1 AND "
                                             "(content <> '' OR thinking_text <> '') LIMIT 1"
                                           : "SELECT 1 FROM messages WHERE session_id = ?1 AND "
                                             "content <> '' LIMIT 1",
                           r->queries + QUERY_HAS_TEXT);
        if (k >= 0 && schema_column(&r->schema, "conversation_session_changes", "gap"))
                k = sqlite_prepare(
                                r->db,
                                "SELECT 1 FROM conversation_session_changes WHERE session_id = ?1 "
                                "AND gap = 'archive_content_excluded'",
                                r->queries + QUERY_LEFT_OUT);
        return k;
}

/* Prepares what today's schema allows. The tail that sorts by event_index needs that column; older files lack it. */
int reader_prepare(Reader *r)
{
        int k = 0;

        r->has_markers = schema_column(&r->schema, "sessions", "sync_marker");
        r->event_order = schema_column(&r->schema, "tool_result_events", "event_index")
                                         ? "call_index, event_index, id"
                                         : "id";

        for (size_t i = 0; k >= 0 && i < ELEMENTSOF(statements); i++)
                if (!statements[i].table || schema_has_table(&r->schema, statements[i].table))
                        k = sqlite_prepare(r->db, statements[i].sql,
                                           r->queries + statements[i].query);
        if (k >= 0)
                k = prepare_sessions(r);
        if (k >= 0)
                k = prepare_table(r, r->queries + QUERY_MESSAGES, &message_table, "id",
                                  "WHERE session_id = ?1 AND ordinal >= ?2 ORDER BY ordinal");
        if (k >= 0)
                k = prepare_table(r, r->queries + QUERY_CALLS, &call_table, "message_id",
                                  "WHERE message_id = ?1 ORDER BY id");
        if (k >= 0)
                k = prepare_events(r);
        if (k >= 0)
                k = prepare_lists(r);
        if (k >= 0)
                k = prepare_text_questions(r);
        return k < 0 ? k : 0;
}
