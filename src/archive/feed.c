/* Feed: the archive as those read it who bring it elsewhere */
#include "archive/feed.h"

#include <string.h>
#include <sys/stat.h>

#include "archive/archive-schema.h"
#include "archive/row.h"
#include "base/sqlite-util.h"
#include "base/time-util.h"

enum {
        QUERY_META,
        QUERY_USER,
        QUERY_AFTER,
        QUERY_IDS,
        QUERY_SESSION,
        QUERY_LAST_ORDINAL,
        QUERY_TOMBSTONE,
        N_QUERIES,
};

static const Column tombstone_columns[N_TOMBSTONE_COLUMNS] = {
        [TOMBSTONE_SESSION_ID] = { "session_id", COLUMN_ID, NULL },
        [TOMBSTONE_USER_ID] = { "user_id", COLUMN_WORD, NULL },
        [TOMBSTONE_CREATED_AT] = { "created_at", COLUMN_TIME, NULL },
        [TOMBSTONE_CAUSE] = { "cause", COLUMN_WORD, NULL },
};

const Table tombstone_table = { "session_deletes", NULL, tombstone_columns, N_TOMBSTONE_COLUMNS,
                                "session_id, user_id" };

/* The tables whose rows are read, and where from. */
static const struct {
        const Table *table;
        const char *prefix, *from;
} row_queries[] = {
        { &message_table, "",
          ", EXISTS (SELECT 1 FROM findings f WHERE f.session_id = t.session_id AND f.ordinal = t.ordinal) "
          "FROM messages t WHERE session_id = ?1 AND ordinal > ?2 AND change_seq > ?3 ORDER BY ordinal" },
        { &call_table, "c.",
          " FROM messages m JOIN tool_calls c ON c.session_id = m.session_id AND c.message_ordinal = "
          "m.ordinal WHERE m.session_id = ?1 AND m.ordinal > ?2 AND m.change_seq > ?3 ORDER BY "
          "c.message_ordinal, c.call_index" },
        { &link_table, "", " FROM git_links t WHERE session_id = ?1" },
        { &star_table, "", " FROM session_stars t" },
        { &pin_table, "", " FROM message_pins t" },
        { &usage_table, "", " FROM usage_events t" },
        { &label_table, "", " FROM session_labels t" },
        { &tombstone_table, "", " FROM session_deletes t WHERE cause <> 'excluded'" },
};

struct Feed {
        sqlite3 *db;
        char *path;
        dev_t device;
        ino_t inode;
        sqlite3_stmt *queries[N_QUERIES];
        sqlite3_stmt *rows[ELEMENTSOF(row_queries)];
        sqlite3_stmt *sessions; /* QUERY_AFTER or QUERY_IDS */
        sqlite3_stmt *reading;  /* of rows: feed_next_row()'s */
};

/* What follows a session's columns. */
#define SESSION_MORE                                                                              \
        "metadata_only, change_seq, shrunk_seq, (SELECT synced_at FROM cursors WHERE session_id " \
        "= s.id), EXISTS (SELECT 1 FROM findings f WHERE f.session_id = s.id AND f.ordinal IS NULL)"

/* A single event is the result if agentsview keeps no other; several are joined. */
#define RESULT_CONTENT                                                                             \
        "coalesce(result_content, (SELECT group_concat(content, char(10)) FROM (SELECT e.content " \
        "FROM tool_result_events e WHERE e.session_id = c.session_id AND e.message_ordinal = "     \
        "c.message_ordinal AND e.call_index = c.call_index ORDER BY e.event_index)))"

/* The id is part of the key there, and hostile sources repeat it. */
#define TOOL_USE_ID                                                                           \
        "CASE WHEN EXISTS (SELECT 1 FROM tool_calls d WHERE d.session_id = c.session_id AND " \
        "d.message_ordinal = c.message_ordinal AND d.tool_use_id = c.tool_use_id AND "        \
        "d.call_index < c.call_index) THEN tool_use_id || '#' || call_index ELSE tool_use_id END"

static void add_columns(StrBuf *sql, const Table *table, const char *prefix)
{
        for (size_t i = 0; i < table->n_columns; i++) {
                const char *name = table->columns[i].name;

                if (i > 0)
                        (void) strbuf_puts(sql, ", ");
                if (table == &call_table && i == CALL_RESULT_CONTENT)
                        (void) strbuf_puts(sql, RESULT_CONTENT);
                else if (table == &call_table && i == CALL_TOOL_USE_ID)
                        (void) strbuf_puts(sql, TOOL_USE_ID);
                else
                        (void) strbuf_printf(sql, "%s%s", prefix, name);
        }
}

static int prepare_sessions(Feed *f, int query, const char *tail)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        if (f->queries[query])
                return 0;
        (void) strbuf_puts(&sql, "SELECT ");
        add_columns(&sql, &session_table, "");
        (void) strbuf_printf(&sql, ", " SESSION_MORE " FROM sessions s WHERE %s", tail);
        return sqlite_prepare(f->db, sql.data, f->queries + query);
}

static int prepare_rows(Feed *f, size_t index)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_puts(&sql, "SELECT ");
        add_columns(&sql, row_queries[index].table, row_queries[index].prefix);
        (void) strbuf_puts(&sql, row_queries[index].from);
        return sqlite_prepare(f->db, sql.data, f->rows + index);
}

static int prepare(Feed *f)
{
        static const char *const sql[N_QUERIES] = {
                [QUERY_META] = "SELECT value FROM meta WHERE key = ?1",
                [QUERY_USER] = "SELECT user_id FROM sessions ORDER BY change_seq DESC LIMIT 1",
                [QUERY_LAST_ORDINAL] = "SELECT max(ordinal) FROM messages WHERE session_id = ?1",
                [QUERY_TOMBSTONE] = ("SELECT 1 FROM session_deletes "
                                     "WHERE session_id = ?1 AND cause <> 'excluded'"),
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < N_QUERIES; i++)
                if (sql[i])
                        r = sqlite_prepare(f->db, sql[i], f->queries + i);
        if (r >= 0)
                r = prepare_sessions(f, QUERY_AFTER, "change_seq > ?1 ORDER BY change_seq");
        if (r >= 0)
                r = prepare_sessions(f, QUERY_IDS,
                                     "id > ?1 AND (?2 IS NULL OR id <= ?2) ORDER BY id");
        if (r >= 0)
                r = prepare_sessions(f, QUERY_SESSION, "id = ?1");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(row_queries); i++)
                r = prepare_rows(f, i);
        return r;
}

static int check(Feed *f)
{
        struct stat st;
        int r;

        r = archive_schema_check(f->db);
        if (r != 0)
                return r < 0 ? r : -ESTALE;
        if (stat(f->path, &st) < 0)
                return -errno;
        f->device = st.st_dev;
        f->inode = st.st_ino;
        return 0;
}

bool feed_is_in_place(const Feed *f)
{
        struct stat st;

        return stat(f->path, &st) >= 0 && st.st_dev == f->device && st.st_ino == f->inode;
}

int feed_open(const char *archive_path, Feed **ret, char **reterr)
{
        _cleanup_(feed_closep) Feed *f = xcalloc(1, sizeof(*f));
        int r;

        f->path = xstrdup(archive_path);
        r = sqlite_errno(NULL, sqlite3_open_v2(archive_path, &f->db,
                                               SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));
        if (r >= 0) {
                (void) sqlite3_busy_timeout(f->db, 5000);
                r = check(f);
        }
        if (r >= 0)
                r = sqlite_run(f->db, "PRAGMA query_only = 1; PRAGMA cache_size = -2048; "
                                      "PRAGMA trusted_schema = 0");
        if (r >= 0)
                r = prepare(f);
        if (r < 0 && r != -ENOENT)
                format_error(reterr, "The archive '%s' cannot be read: %s.", archive_path,
                             r == -ESTALE ? "it has an older version until the next sync"
                             : f->db      ? sqlite_reason(f->db)
                                          : strerror(-r));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(f);
        return 0;
}

Feed *feed_close(Feed *f)
{
        if (!f)
                return NULL;
        sqlite_finalize_all(f->queries, ELEMENTSOF(f->queries));
        sqlite_finalize_all(f->rows, ELEMENTSOF(f->rows));
        if (f->db)
                sqlite_close(f->db);
        free(f->path);
        free(f);
        return NULL;
}

const char *feed_reason(Feed *f)
{
        return sqlite_reason(f->db);
}

int feed_begin(Feed *f)
{
        return sqlite3_get_autocommit(f->db) ? sqlite_run(f->db, "BEGIN") : 0;
}

void feed_end(Feed *f)
{
        sqlite_reset_all(f->queries, ELEMENTSOF(f->queries));
        sqlite_reset_all(f->rows, ELEMENTSOF(f->rows));
        if (!sqlite3_get_autocommit(f->db))
                (void) sqlite_run(f->db, "COMMIT");
}

/* A query, reset, with text or a number bound. */
static sqlite3_stmt *query_text(Feed *f, int query, const char *text)
{
        sqlite3_stmt *stmt = f->queries[query];

        (void) sqlite3_reset(stmt);
        (void) sqlite_bind_text(stmt, 1, text, strlen(text));
        return stmt;
}

static sqlite3_stmt *query_number(Feed *f, int query, int64_t number)
{
        sqlite3_stmt *stmt = f->queries[query];

        (void) sqlite3_reset(stmt);
        (void) sqlite3_bind_int64(stmt, 1, number);
        return stmt;
}

int64_t feed_meta(Feed *f, const char *key)
{
        sqlite3_stmt *stmt = query_text(f, QUERY_META, key);
        int64_t value = sqlite_step(stmt) > 0 ? sqlite3_column_int64(stmt, 0) : 0;

        (void) sqlite3_reset(stmt);
        return value;
}

/* The first column of the first row, copied; 1, 0 or a negative errno. */
static int copy_first(sqlite3_stmt *stmt, char **ret)
{
        int r = sqlite_step(stmt);

        if (r > 0)
                *ret = xstrdup((const char *) sqlite3_column_text(stmt, 0) ?: "");
        (void) sqlite3_reset(stmt);
        return r;
}

int feed_archive_id(Feed *f, char **ret)
{
        int r = copy_first(query_text(f, QUERY_META, "archive_id"), ret);

        if (r == 0)
                *ret = xstrdup("");
        return r < 0 ? r : 0;
}

int feed_user_id(Feed *f, char **ret)
{
        (void) sqlite3_reset(f->queries[QUERY_USER]);
        return copy_first(f->queries[QUERY_USER], ret);
}

static int read_session(sqlite3_stmt *stmt, FeedSession *ret)
{
        int r = sqlite_step(stmt);
        const char *at;

        if (r <= 0) {
                (void) sqlite3_reset(stmt);
                return r;
        }
        *ret = (FeedSession){ 0 };
        r = row_read(stmt, N_SESSION_COLUMNS, ret->values);
        if (r < 0)
                return r;
        ret->metadata_only = sqlite3_column_int(stmt, N_SESSION_COLUMNS) != 0;
        ret->change_seq = sqlite3_column_int64(stmt, N_SESSION_COLUMNS + 1);
        ret->shrunk_seq = sqlite3_column_int64(stmt, N_SESSION_COLUMNS + 2);
        at = (const char *) sqlite3_column_text(stmt, N_SESSION_COLUMNS + 3);
        if (!at || parse_timestamp(at, &ret->synced_at_usec) < 0)
                ret->synced_at_usec = 0;
        ret->has_findings = sqlite3_column_int(stmt, N_SESSION_COLUMNS + 4) != 0;
        return 1;
}

void feed_seek(Feed *f, int64_t change)
{
        f->sessions = query_number(f, QUERY_AFTER, change);
}

void feed_seek_ids(Feed *f, const char *after, const char *last)
{
        f->sessions = query_text(f, QUERY_IDS, after ?: "");
        (void) sqlite_bind_text(f->sessions, 2, last, last ? strlen(last) : 0);
}

int feed_next(Feed *f, FeedSession *ret)
{
        return read_session(f->sessions, ret);
}

int feed_session(Feed *f, const char *id, FeedSession *ret)
{
        return read_session(query_text(f, QUERY_SESSION, id), ret);
}

int feed_has_tombstone(Feed *f, const char *id)
{
        sqlite3_stmt *stmt = query_text(f, QUERY_TOMBSTONE, id);
        int r = sqlite_step(stmt);

        (void) sqlite3_reset(stmt);
        return r;
}

int feed_last_ordinal(Feed *f, const char *id, int64_t *ret)
{
        sqlite3_stmt *stmt = query_text(f, QUERY_LAST_ORDINAL, id);
        int r = sqlite_step(stmt);

        if (r > 0)
                *ret = sqlite3_column_type(stmt, 0) == SQLITE_NULL ? -1
                                                                   : sqlite3_column_int64(stmt, 0);
        (void) sqlite3_reset(stmt);
        return r < 0 ? r : 0;
}

void feed_rows(Feed *f, const Table *table, const char *id, int64_t after, int64_t change)
{
        size_t i = 0;

        while (row_queries[i].table != table)
                i++;
        f->reading = f->rows[i];
        (void) sqlite3_reset(f->reading);
        if (id)
                (void) sqlite_bind_text(f->reading, 1, id, strlen(id));
        if (sqlite3_bind_parameter_count(f->reading) > 1) {
                (void) sqlite3_bind_int64(f->reading, 2, after);
                (void) sqlite3_bind_int64(f->reading, 3, change);
        }
}

int feed_next_row(Feed *f, const Table *table, Value *values, bool *ret_has_findings)
{
        int r = sqlite_step(f->reading);

        if (r <= 0) {
                (void) sqlite3_reset(f->reading);
                return r;
        }
        r = row_read(f->reading, table->n_columns, values);
        if (r < 0)
                return r;
        if (ret_has_findings)
                *ret_has_findings = table == &message_table &&
                                    sqlite3_column_int(f->reading, (int) table->n_columns) != 0;
        return 1;
}
