/* Archive: the rows of sessions and messages */
#include <string.h>

#include "archive/archive-internal.h"
#include "archive/archive-secrets.h"
#include "archive/row.h"
#include "base/time-util.h"

static const struct {
        const Table *table;
        const char *more[3]; /* columns beyond the model's */
        const char *conflict; /* what happens when the key is there; NULL: the row takes the new values */
} inserts[N_ARCHIVE_INSERTS] = {
        [INSERT_SESSION] = { &session_table,
                             { "metadata_only", "change_seq", "shrunk_seq" },
                             NULL },
        [INSERT_MESSAGE] = { &message_table, { "fingerprint", "change_seq" }, NULL },
        [INSERT_CALL] = { &call_table, { NULL }, NULL },
        [INSERT_EVENT] = { &event_table, { NULL }, NULL },
        /* of the places that name a link, a certain one wins, else the first */
        [INSERT_LINK] = { &link_table,
                          { NULL },
                          "message_ordinal = excluded.message_ordinal, confidence = "
                          "excluded.confidence, detected_at = excluded.detected_at WHERE "
                          "excluded.confidence = 'high' AND git_links.confidence <> 'high'" },
        [INSERT_STAR] = { &star_table, { NULL }, NULL },
        [INSERT_PIN] = { &pin_table, { NULL }, NULL },
        [INSERT_LABEL] = { &label_table, { NULL }, NULL },
        [INSERT_PARENT] = { &parent_table, { NULL }, NULL },
        [INSERT_USAGE] = { &usage_table, { NULL }, NULL },
};

/* Is @name one of the columns in "a, b"? */
static bool is_in_key(const char *key, const char *name)
{
        size_t n = strlen(name);

        for (const char *p = key; (p = strstr(p, name)); p += n)
                if ((p == key || p[-1] == ' ') && (p[n] == 0 || p[n] == ','))
                        return true;
        return false;
}

/* The columns of a table, as a list of names or of assignments from the row that could not be inserted. These leave the
 * key out: it is the same, but SQLite would write its index again. */
static void put_columns(StrBuf *sql, ArchiveInsert which, bool as_update)
{
        const Table *table = inserts[which].table;
        const char *comma = "";

        for (size_t i = 0; i < table->n_columns + ELEMENTSOF(inserts[which].more); i++) {
                const char *name = i < table->n_columns ? table->columns[i].name
                                                        : inserts[which].more[i - table->n_columns];

                if (!name)
                        break;
                if (as_update && is_in_key(table->key, name))
                        continue;
                (void) strbuf_printf(sql, "%s%s", comma, name);
                if (as_update && strcmp(name, "shrunk_seq") == 0) /* when it shrank last */
                        (void) strbuf_puts(sql, " = max(shrunk_seq, excluded.shrunk_seq)");
                else if (as_update)
                        (void) strbuf_printf(sql, " = excluded.%s", name);
                comma = ", ";
        }
}

/* An upsert: a row whose key is there keeps its place, so that its index entries need not be written again. */
static int prepare_insert(Archive *a, ArchiveInsert which)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        size_t n = inserts[which].table->n_columns;

        for (size_t i = 0; i < ELEMENTSOF(inserts[which].more) && inserts[which].more[i]; i++)
                n++;
        (void) strbuf_printf(&sql, "INSERT INTO %s (", inserts[which].table->name);
        put_columns(&sql, which, false);
        (void) strbuf_puts(&sql, ") VALUES (?");
        for (size_t i = 1; i < n; i++)
                (void) strbuf_puts(&sql, ", ?");
        (void) strbuf_puts(&sql, ") ON CONFLICT DO UPDATE SET ");
        if (inserts[which].conflict)
                (void) strbuf_puts(&sql, inserts[which].conflict);
        else
                put_columns(&sql, which, true);
        return sqlite_prepare(a->db, sql.data, a->inserts + which);
}

/* The statement that inserts into a table, with @values bound from index 1 on. */
static int bind_insert(Archive *a, ArchiveInsert which, const Value *values, sqlite3_stmt **ret)
{
        sqlite3_stmt *stmt;
        int r;

        if (!a->inserts[which]) {
                r = prepare_insert(a, which);
                if (r < 0)
                        return r;
        }
        stmt = a->inserts[which];
        (void) sqlite3_reset(stmt);
        for (size_t i = 0; i < inserts[which].table->n_columns; i++) {
                int code = SQLITE_OK, index = (int) i + 1;

                switch (values[i].type) {
                case VALUE_NULL:
                        code = sqlite3_bind_null(stmt, index);
                        break;
                case VALUE_INTEGER:
                        code = sqlite3_bind_int64(stmt, index, values[i].integer);
                        break;
                case VALUE_REAL:
                        code = sqlite3_bind_double(stmt, index, values[i].real);
                        break;
                case VALUE_TEXT:
                        code = sqlite_bind_text(stmt, index, values[i].text, values[i].size);
                        break;
                }
                if (code != SQLITE_OK)
                        return sqlite_errno(a->db, code);
        }
        *ret = stmt;
        return 0;
}

static int put_row(Archive *a, ArchiveInsert which, const Value *values)
{
        sqlite3_stmt *stmt;
        int r;

        r = bind_insert(a, which, values, &stmt);
        return r < 0 ? r : sqlite_execute(stmt);
}

int archive_session_put(Archive *a, const Value *values, int64_t change, bool shrunk,
                        bool metadata_only)
{
        sqlite3_stmt *stmt;
        int r;

        r = bind_insert(a, INSERT_SESSION, values, &stmt);
        if (r < 0)
                return r;
        (void) sqlite3_bind_int(stmt, N_SESSION_COLUMNS + 1, metadata_only);
        (void) sqlite3_bind_int64(stmt, N_SESSION_COLUMNS + 2, change);
        (void) sqlite3_bind_int64(stmt, N_SESSION_COLUMNS + 3, shrunk ? change : 0);
        return sqlite_execute(stmt);
}

int archive_messages(Archive *a, const char *id, size_t size, int64_t from_ordinal,
                     ArchivedMessage *ret, size_t max, size_t *ret_n)
{
        sqlite3_stmt *stmt = archive_query_for(a, ARCHIVE_MESSAGES, id, size);
        size_t n = 0;
        int r = 0;

        (void) sqlite3_bind_int64(stmt, 2, from_ordinal);
        while (n < max && (r = sqlite_step(stmt)) > 0)
                ret[n++] = (ArchivedMessage){
                        .ordinal = sqlite3_column_int64(stmt, 0),
                        .fingerprint = (uint64_t) sqlite3_column_int64(stmt, 1),
                        .has_findings = sqlite3_column_int(stmt, 2) != 0,
                };
        (void) sqlite3_reset(stmt);
        if (r < 0)
                return r;
        *ret_n = n;
        return 0;
}

/* A query of (session, ordinal). */
static sqlite3_stmt *query_for_message(Archive *a, ArchiveQuery query, const char *id, size_t size,
                                       int64_t ordinal)
{
        sqlite3_stmt *stmt = archive_query_for(a, query, id, size);

        if (ordinal == ARCHIVE_NO_ORDINAL) /* NULL in findings; no other table has such rows */
                (void) sqlite3_bind_null(stmt, 2);
        else
                (void) sqlite3_bind_int64(stmt, 2, ordinal);
        return stmt;
}

static int run_for_message(Archive *a, ArchiveQuery query, const char *id, size_t size,
                           int64_t ordinal)
{
        return sqlite_execute(query_for_message(a, query, id, size, ordinal));
}

/* Removes what hangs on a message, not the message. */
static int remove_children(Archive *a, const char *id, size_t size, int64_t ordinal)
{
        static const ArchiveQuery queries[] = { ARCHIVE_CALLS_REMOVE, ARCHIVE_EVENTS_REMOVE,
                                                ARCHIVE_LINKS_REMOVE, ARCHIVE_FINDINGS_REMOVE };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(queries); i++)
                r = run_for_message(a, queries[i], id, size, ordinal);
        return r;
}

int archive_message_put(Archive *a, const Message *m, int64_t change, bool replaces)
{
        const Value *id = m->values + MESSAGE_SESSION_ID;
        sqlite3_stmt *stmt;
        int r;

        if (replaces) {
                r = remove_children(a, id->text, id->size, m->values[MESSAGE_ORDINAL].integer);
                if (r < 0)
                        return r;
        }
        r = bind_insert(a, INSERT_MESSAGE, m->values, &stmt);
        if (r < 0)
                return r;
        (void) sqlite3_bind_int64(stmt, N_MESSAGE_COLUMNS + 1, (int64_t) m->fingerprint);
        (void) sqlite3_bind_int64(stmt, N_MESSAGE_COLUMNS + 2, change);
        r = sqlite_execute(stmt);
        for (size_t i = 0; r >= 0 && i < m->n_calls; i++)
                r = put_row(a, INSERT_CALL, m->calls[i]);
        for (size_t i = 0; r >= 0 && i < m->n_events; i++)
                r = put_row(a, INSERT_EVENT, m->events[i]);
        return r;
}

int archive_message_remove(Archive *a, const char *id, size_t size, int64_t ordinal)
{
        int r;

        r = remove_children(a, id, size, ordinal);
        return r < 0 ? r : run_for_message(a, ARCHIVE_MESSAGE_REMOVE, id, size, ordinal);
}

/* Findings and links */

static int note_seen(Archive *a, uint64_t fingerprint, const char *time)
{
        sqlite3_stmt *stmt = archive_query(a, ARCHIVE_SEEN_PUT);

        (void) sqlite3_bind_int64(stmt, 1, (int64_t) fingerprint);
        (void) sqlite_bind_text(stmt, 2, time, strlen(time));
        return sqlite_execute(stmt);
}

int archive_finding_put(Archive *a, const char *id, size_t size, const ArchivedFinding *finding)
{
        sqlite3_stmt *stmt = query_for_message(a, ARCHIVE_FINDING_PUT, id, size, finding->ordinal);
        int r;

        (void) sqlite_bind_text(stmt, 3, finding->field, strlen(finding->field));
        (void) sqlite_bind_text(stmt, 4, finding->rule, strlen(finding->rule));
        (void) sqlite3_bind_int64(stmt, 5, (int64_t) finding->fingerprint);
        (void) sqlite_bind_text(stmt, 6, finding->seen_at, strlen(finding->seen_at));
        r = sqlite_execute(stmt);
        return r < 0 ? r : note_seen(a, finding->fingerprint, finding->seen_at);
}

int archive_findings_count(Archive *a, const char *id, size_t size, int64_t ordinal, uint64_t *ret)
{
        sqlite3_stmt *stmt = query_for_message(a, ARCHIVE_FINDINGS_COUNT, id, size, ordinal);
        int r = sqlite_step(stmt);

        if (r > 0)
                *ret = (uint64_t) sqlite3_column_int64(stmt, 0);
        (void) sqlite3_reset(stmt);
        return r < 0 ? r : 0;
}

int archive_findings_remove(Archive *a, const char *id, size_t size, int64_t ordinal)
{
        return run_for_message(a, ARCHIVE_FINDINGS_REMOVE, id, size, ordinal);
}

int archive_link_put(Archive *a, const Value *values)
{
        return put_row(a, INSERT_LINK, values);
}

int archive_session_purge(Archive *a, const char *id, size_t size)
{
        static const char *const tables[] = {
                "messages",     "tool_calls",     "tool_result_events",
                "git_links",    "session_stars",  "message_pins",
                "findings",     "session_labels", "session_external_parents",
                "usage_events",
        };
        int r, n;

        for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
                _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
                char sql[80];

                (void) snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE session_id = ?1",
                                tables[i]);
                stmt = sqlite_make(a->db, sql);
                (void) sqlite_bind_text(stmt, 1, id, size);
                r = sqlite_execute(stmt);
                if (r < 0)
                        return r;
        }
        r = archive_run_for(a, ARCHIVE_SESSION_REMOVE, id, size);
        n = sqlite3_changes(a->db);
        if (r >= 0)
                r = archive_run_for(a, ARCHIVE_CURSOR_REMOVE, id, size);
        if (r >= 0)
                a->n_cursors -= sqlite3_changes(a->db);
        if (r >= 0)
                r = archive_conversation_leave(a, id, size);
        return r < 0 ? r : n > 0;
}

int archive_rows_clear(Archive *a, const Table *table)
{
        return sqlite_runf(a->db, "DELETE FROM %s", table->name);
}

int archive_row_put(Archive *a, const Table *table, const Value *values)
{
        for (size_t i = 0; i < N_ARCHIVE_INSERTS; i++)
                if (inserts[i].table == table)
                        return put_row(a, (ArchiveInsert) i, values);
        return -EINVAL;
}

/* Reading back */

static int prepare_select(Archive *a, ArchiveInsert which, const char *tail)
{
        const Table *table = inserts[which].table;
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        if (a->selects[which]) {
                (void) sqlite3_reset(a->selects[which]);
                return 0;
        }
        (void) strbuf_puts(&sql, "SELECT ");
        put_columns(&sql, which, false);
        (void) strbuf_printf(&sql, " FROM %s WHERE %s", table->name, tail);
        return sqlite_prepare(a->db, sql.data, a->selects + which);
}

/* The current row of @table, its texts copied into the arena. */
static int copy_row(Archive *a, sqlite3_stmt *stmt, const Table *table, Value *values)
{
        int r = row_read(stmt, table->n_columns, values);

        return r < 0 ? r : values_copy(&a->arena, values, table->n_columns, values);
}

int archive_session_get(Archive *a, const char *id, size_t size, Value *values,
                        bool *ret_metadata_only)
{
        sqlite3_stmt *stmt;
        int r;

        r = prepare_select(a, INSERT_SESSION, "id = ?1");
        if (r < 0)
                return r;
        arena_clear(&a->arena);
        stmt = a->selects[INSERT_SESSION];
        (void) sqlite_bind_text(stmt, 1, id, size);
        r = sqlite_step(stmt);
        if (r > 0) {
                int k = copy_row(a, stmt, &session_table, values);

                *ret_metadata_only = sqlite3_column_int(stmt, N_SESSION_COLUMNS) != 0;
                r = k < 0 ? k : r;
        }
        (void) sqlite3_reset(stmt);
        return r;
}

/* All rows of @which that hang on a message. */
static int read_children(Archive *a, ArchiveInsert which, const char *id, size_t size,
                         int64_t ordinal, Value **ret, size_t *ret_n)
{
        int r;

        r = prepare_select(a, which, "session_id = ?1 AND message_ordinal = ?2");
        if (r < 0)
                return r;
        (void) sqlite_bind_text(a->selects[which], 1, id, size);
        (void) sqlite3_bind_int64(a->selects[which], 2, ordinal);
        return row_read_all(a->selects[which], inserts[which].table, &a->arena, ret, ret_n);
}

int archive_message_get(Archive *a, const char *id, size_t size, int64_t ordinal, Message *ret)
{
        Message m = { 0 };
        sqlite3_stmt *stmt;
        Value *rows;
        int r, found;

        r = prepare_select(a, INSERT_MESSAGE, "session_id = ?1 AND ordinal = ?2");
        if (r < 0)
                return r;
        arena_clear(&a->arena);
        stmt = a->selects[INSERT_MESSAGE];
        (void) sqlite_bind_text(stmt, 1, id, size);
        (void) sqlite3_bind_int64(stmt, 2, ordinal);
        found = sqlite_step(stmt);
        r = found > 0 ? copy_row(a, stmt, &message_table, m.values) : found;
        m.fingerprint = found > 0 ? (uint64_t) sqlite3_column_int64(stmt, N_MESSAGE_COLUMNS) : 0;
        (void) sqlite3_reset(stmt);
        if (r < 0 || found == 0)
                return r;
        r = read_children(a, INSERT_CALL, id, size, ordinal, &rows, &m.n_calls);
        if (r < 0)
                return r;
        m.calls = (Value(*)[N_CALL_COLUMNS]) rows;
        r = read_children(a, INSERT_EVENT, id, size, ordinal, &rows, &m.n_events);
        if (r < 0)
                return r;
        m.events = (Value(*)[N_EVENT_COLUMNS]) rows;
        *ret = m;
        return 1;
}
