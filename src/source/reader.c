/* Reader: agentsview's database, read and never written */
#include "source/reader.h"

#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/sqlite-util.h"
#include "source/schema.h"

/* How long we wait for a lock that agentsview holds. Its own patience is 5 s; ours is shorter, the next cycle comes. */
#define BUSY_TIMEOUT_MSEC 2000

/*
 * A single step may not run for ever (a view can hold an endless recursion): it is interrupted after so many virtual
 * machine instructions, which is some seconds, far more than any honest row takes.
 */
#define TICK_INSTRUCTIONS  10000
#define TICKS_MAX_PER_STEP 20000

/* What a session's fingerprint knows beside the columns that are mirrored. Left out on purpose: what agentsview moves
 * without changing the session (sync_marker, local_modified_at, file_mtime, created_at of `sync --full`). */
static const char *const extra_columns[] = {
        "file_hash",    "sync_marker",  "file_size",       "transcript_revision",
        "data_version", "next_ordinal", "last_entry_uuid",
};
enum {
        EXTRA_FILE_HASH,
        EXTRA_SYNC_MARKER,
        N_EXTRAS = ELEMENTSOF(extra_columns),
};

typedef enum Query {
        QUERY_BEGIN,
        QUERY_END,
        QUERY_DATA_VERSION,
        QUERY_LIST_ALL,
        QUERY_LIST_MARKER,
        QUERY_SESSION,
        QUERY_HAS_SESSION,
        QUERY_COUNT,
        QUERY_MESSAGES,
        QUERY_CALL_COUNT,
        QUERY_CALLS,
        QUERY_EVENTS,
        QUERY_STARS,
        QUERY_PINS,
        QUERY_DELETED,
        QUERY_EXCLUDED,
        N_QUERIES,
} Query;

struct Reader {
        char *path;
        dev_t device;
        ino_t inode;
        sqlite3 *db;
        sqlite3_stmt *queries[N_QUERIES]; /* NULL: the source has no such table */
        Query list;
        bool has_markers;
        int64_t schema_version;
        int64_t seen_version; /* data_version at reader_mark_seen(); -1: nothing seen */
        unsigned ticks;

        Hasher *hasher;
        Arena arena;      /* a message's calls and events */
        char *session_id; /* of the messages under way */
        size_t session_id_size;
        int64_t n_calls_left;
};

static int on_tick(void *userdata)
{
        Reader *r = userdata;

        return ++r->ticks > TICKS_MAX_PER_STEP;
}

static int step(Reader *r, Query query)
{
        r->ticks = 0;
        return sqlite_step(r->queries[query]);
}

/* Resets all statements, so that none holds the transaction or borrows text that the caller has given up. */
static void reset_queries(Reader *r)
{
        for (size_t i = 0; i < N_QUERIES; i++)
                if (r->queries[i])
                        (void) sqlite3_reset(r->queries[i]);
}

static void finalize_queries(Reader *r)
{
        for (size_t i = 0; i < N_QUERIES; i++) {
                (void) sqlite3_finalize(r->queries[i]);
                r->queries[i] = NULL;
        }
}

int reader_new(const char *path, const HashKey *key, Reader **ret)
{
        Reader *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->seen_version = -1;
        r->path = strdup(path);
        r->hasher = hasher_new(key);
        if (!r->path || !r->hasher) {
                (void) reader_free(r);
                return -ENOMEM;
        }
        *ret = r;
        return 0;
}

void reader_close(Reader *r)
{
        finalize_queries(r);
        if (r->db)
                sqlite_close(r->db);
        r->db = NULL;
        r->seen_version = -1;
}

Reader *reader_free(Reader *r)
{
        if (!r)
                return NULL;
        reader_close(r);
        arena_done(&r->arena);
        (void) hasher_free(r->hasher);
        free(r->session_id);
        free(r->path);
        free(r);
        return NULL;
}

const char *reader_reason(Reader *r)
{
        return sqlite_reason(r->db);
}

/* Read-only, nothing in the file's schema is trusted, no memory map (a truncated file would be a SIGBUS). */
static int harden(sqlite3 *db)
{
        static const struct {
                int option, value;
        } options[] = {
                { SQLITE_DBCONFIG_DEFENSIVE, 1 },
                { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
                { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
                { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(options); i++)
                if (sqlite3_db_config(db, options[i].option, options[i].value, NULL) != SQLITE_OK)
                        return -EIO;
        (void) sqlite3_busy_timeout(db, BUSY_TIMEOUT_MSEC);
        return sqlite_run(db, "PRAGMA query_only = 1; PRAGMA mmap_size = 0; "
                              "PRAGMA cell_size_check = 1; PRAGMA cache_size = -4096");
}

/* "sessions", or, where that has no rowid (a view, a table without), the same with a number in order of id. */
static int put_sessions_from(StrBuf *sql, sqlite3 *db)
{
        int64_t n;
        int r;

        r = sqlite_query_int(db,
                             "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND "
                             "name = 'sessions' COLLATE NOCASE AND type = 'table' AND wr = 0",
                             &n);
        if (r < 0)
                return r;
        return strbuf_puts(sql, n > 0 ? "sessions"
                                      : "(SELECT row_number() OVER (ORDER BY id) AS rowid, * "
                                        "FROM sessions)");
}

static int prepare_sessions(Reader *r)
{
        static const struct {
                Query query;
                const char *tail;
        } variants[] = {
                { QUERY_LIST_ALL, "WHERE rowid > ?1 ORDER BY rowid" },
                /* +rowid: the planner shall walk the index on sync_marker, and sort the few it finds */
                { QUERY_LIST_MARKER, "WHERE (sync_marker >= ?2 OR sync_marker = '' OR "
                                     "sync_marker IS NULL) AND +rowid > ?1 ORDER BY +rowid" },
                { QUERY_SESSION, "WHERE rowid = ?1" },
        };
        _cleanup_(strbuf_done) StrBuf head = { 0 };
        int k;

        (void) strbuf_puts(&head, "SELECT rowid, ");
        k = schema_put_columns(&head, r->db, &session_table);
        for (size_t i = 0; k >= 0 && i < N_EXTRAS; i++) {
                (void) strbuf_puts(&head, ", ");
                k = schema_put_column(&head, r->db, "sessions", extra_columns[i]);
        }
        (void) strbuf_puts(&head, " FROM ");
        if (k >= 0)
                k = put_sessions_from(&head, r->db);
        if (k < 0)
                return k;
        for (size_t i = 0; i < ELEMENTSOF(variants); i++) {
                _cleanup_(strbuf_done) StrBuf sql = { 0 };

                if (variants[i].query == QUERY_LIST_MARKER && !r->has_markers)
                        continue;
                k = strbuf_printf(&sql, "%s %s", head.data, variants[i].tail);
                if (k >= 0)
                        k = sqlite_prepare(r->db, sql.data, r->queries + variants[i].query);
                if (k < 0)
                        return k;
        }
        return 0;
}

/* SELECT <first>, the columns of @table FROM it <tail>; nothing where the source has no such table. */
static int prepare_table(Reader *r, Query query, const Table *table, const char *first,
                         const char *tail)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        int k;

        k = schema_has_table(r->db, table->source);
        if (k <= 0)
                return k;
        (void) strbuf_printf(&sql, "SELECT %s, ", first);
        k = schema_put_columns(&sql, r->db, table);
        if (k < 0)
                return k;
        k = strbuf_printf(&sql, " FROM %s %s", table->source, tail);
        return k < 0 ? k : sqlite_prepare(r->db, sql.data, r->queries + query);
}

static int prepare_if_table(Reader *r, Query query, const char *table, const char *sql)
{
        int k = schema_has_table(r->db, table);

        return k <= 0 ? k : sqlite_prepare(r->db, sql, r->queries + query);
}

/* Prepares what today's schema allows. The tail that sorts by call_index needs that column; older files lack it. */
static int prepare_queries(Reader *r)
{
        int k, has_index, has_event_index;

        k = schema_has_column(r->db, "sessions", "sync_marker");
        if (k < 0)
                return k;
        r->has_markers = k > 0;
        has_index = schema_has_column(r->db, "tool_calls", "call_index");
        has_event_index = schema_has_column(r->db, "tool_result_events", "event_index");
        if (has_index < 0 || has_event_index < 0)
                return has_index < 0 ? has_index : has_event_index;

        k = sqlite_prepare(r->db, "BEGIN", r->queries + QUERY_BEGIN);
        if (k >= 0)
                k = sqlite_prepare(r->db, "ROLLBACK", r->queries + QUERY_END);
        if (k >= 0)
                k = sqlite_prepare(r->db, "PRAGMA data_version", r->queries + QUERY_DATA_VERSION);
        if (k >= 0)
                k = prepare_sessions(r);
        if (k >= 0)
                k = sqlite_prepare(r->db, "SELECT 1 FROM sessions WHERE id = ?1 LIMIT 1",
                                   r->queries + QUERY_HAS_SESSION);
        if (k >= 0)
                k = sqlite_prepare(r->db, "SELECT count(*) FROM sessions",
                                   r->queries + QUERY_COUNT);
        if (k >= 0)
                k = prepare_table(r, QUERY_MESSAGES, &message_table, "id",
                                  "WHERE session_id = ?1 AND ordinal >= ?2 ORDER BY ordinal");
        if (k >= 0)
                k = prepare_if_table(r, QUERY_CALL_COUNT, "tool_calls",
                                     "SELECT count(*) FROM tool_calls WHERE session_id = ?1");
        if (k >= 0)
                k = prepare_table(r, QUERY_CALLS, &call_table, "message_id",
                                  has_index ? "WHERE message_id = ?1 ORDER BY call_index, id"
                                            : "WHERE message_id = ?1 ORDER BY id");
        if (k >= 0)
                k = prepare_table(
                                r, QUERY_EVENTS, &event_table, "1",
                                has_event_index ? "WHERE session_id = ?1 AND tool_call_message_ordinal = "
                                                  "?2 ORDER BY call_index, event_index, id"
                                                : "WHERE session_id = ?1 AND tool_call_message_ordinal = "
                                                  "?2 ORDER BY id");
        if (k >= 0)
                k = prepare_table(r, QUERY_STARS, &star_table, "1", "ORDER BY session_id");
        if (k >= 0)
                k = prepare_table(r, QUERY_PINS, &pin_table, "1", "ORDER BY session_id, ordinal");
        if (k >= 0)
                k = prepare_if_table(r, QUERY_DELETED, "session_deletion_changes",
                                     "SELECT session_id, revision FROM session_deletion_changes "
                                     "WHERE revision > ?1 AND deleted = 1 AND session_id NOT IN "
                                     "(SELECT id FROM sessions) ORDER BY revision");
        if (k >= 0)
                k = prepare_if_table(r, QUERY_EXCLUDED, "excluded_sessions",
                                     "SELECT id, 0 FROM excluded_sessions "
                                     "WHERE id NOT IN (SELECT id FROM sessions)");
        return k < 0 ? k : 0;
}

/* Reads the schema of today and prepares against it. */
static int learn_schema(Reader *r, char **reterr)
{
        int k, has_sessions;

        finalize_queries(r);
        k = sqlite_query_int(r->db, "PRAGMA schema_version", &r->schema_version);
        has_sessions = k < 0 ? k : schema_has_column(r->db, "sessions", "id");
        if (has_sessions < 0) {
                k = has_sessions;
        } else if (has_sessions == 0) {
                format_error(reterr,
                             "'%s' is not an agentsview database: it has no table 'sessions' with a "
                             "column 'id'. Check [Source] Path=.",
                             r->path);
                return -EPROTO;
        } else {
                k = prepare_queries(r);
        }
        if (k == -EMEDIUMTYPE)
                format_error(reterr,
                             "'%s' is not a SQLite database. Check [Source] Path=; agentsview's file "
                             "is called sessions.db.",
                             r->path);
        else if (k == -EBUSY)
                format_error(reterr, "'%s' is locked by another program; trying again later.",
                             r->path);
        else if (k == -EUCLEAN)
                format_error(reterr,
                             "'%s' is damaged (%s). Run `agentsview sync --full` to build it anew.",
                             r->path, sqlite_reason(r->db));
        else if (k < 0)
                format_error(reterr, "Cannot read '%s': %s.", r->path, sqlite_reason(r->db));
        return k;
}

static int open_anew(Reader *r, const struct stat *st, char **reterr)
{
        int code, k;

        reader_close(r);
        code = sqlite3_open_v2(r->path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
        if (code != SQLITE_OK) {
                k = sqlite_errno(r->db, code);
                format_error(reterr, "Cannot open '%s': %s.", r->path,
                             k == -EIO ? sqlite_reason(r->db) : strerror(-k));
                return k == -ENOENT ? -EIO : k; /* it was there a moment ago */
        }
        (void) sqlite3_extended_result_codes(r->db, 1);
        sqlite3_progress_handler(r->db, TICK_INSTRUCTIONS, on_tick, r);
        (void) harden(r->db); /* each of these can only fail on a file that the next call refuses with its reason */
        r->device = st->st_dev;
        r->inode = st->st_ino;
        return learn_schema(r, reterr);
}

int reader_open(Reader *r, char **reterr)
{
        struct stat st;
        int64_t version;
        int k;

        if (stat(r->path, &st) < 0) {
                k = -errno;
                reader_close(r);
                if (k == -ENOENT || k == -ENOTDIR) {
                        format_error(reterr,
                                     "'%s' does not exist yet; waiting for agentsview to make it.",
                                     r->path);
                        return -ENOENT;
                }
                format_error(reterr, "Cannot look at '%s': %s.", r->path, strerror(-k));
                return k;
        }
        if (!S_ISREG(st.st_mode)) {
                reader_close(r);
                format_error(reterr, "'%s' is not a regular file. Check [Source] Path=.", r->path);
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        }
        if (!r->db || st.st_dev != r->device || st.st_ino != r->inode) {
                k = open_anew(r, &st, reterr);
                if (k < 0) {
                        reader_close(r);
                        return k;
                }
                return 1;
        }
        if (reader_changed(r) == 0)
                return 0;
        k = sqlite_query_int(r->db, "PRAGMA schema_version", &version);
        if (k >= 0 && version == r->schema_version)
                return 0;
        k = learn_schema(r, reterr);
        if (k < 0)
                reader_close(r);
        return k;
}

int reader_identity(const Reader *r, char **ret)
{
        return asprintf(ret, "%ju:%ju", (uintmax_t) r->device, (uintmax_t) r->inode) < 0 ? -ENOMEM
                                                                                         : 0;
}

static int64_t data_version(Reader *r)
{
        sqlite3_stmt *stmt = r->queries[QUERY_DATA_VERSION];
        int64_t version;
        int k;

        k = step(r, QUERY_DATA_VERSION);
        version = k > 0 ? sqlite3_column_int64(stmt, 0) : k;
        (void) sqlite3_reset(stmt);
        return version;
}

int reader_changed(Reader *r)
{
        int64_t version = data_version(r);

        if (version < 0)
                return (int) version;
        return version != r->seen_version;
}

void reader_mark_seen(Reader *r)
{
        r->seen_version = data_version(r);
}

int reader_begin(Reader *r)
{
        return sqlite_execute(r->queries[QUERY_BEGIN]);
}

void reader_end(Reader *r)
{
        if (!r->db || sqlite3_get_autocommit(r->db))
                return;
        reset_queries(r);
        (void) sqlite_execute(r->queries[QUERY_END]);
}

bool reader_in_transaction(const Reader *r)
{
        return r->db && !sqlite3_get_autocommit(r->db);
}

bool reader_has_markers(const Reader *r)
{
        return r->has_markers;
}

static void hash_value(Hasher *h, const Value *v)
{
        switch (v->type) {
        case VALUE_NULL:
                hasher_add_null(h);
                break;
        case VALUE_INTEGER:
                hasher_add_int(h, v->integer);
                break;
        case VALUE_TEXT:
                hasher_add_bytes(h, v->text, v->size);
                break;
        }
}

static void hash_row(Hasher *h, const Value *values, size_t n)
{
        for (size_t i = 0; i < n; i++)
                hash_value(h, values + i);
}

static uint64_t hash_session(Reader *r, const SourceSession *s, const Value *extras)
{
        hasher_begin(r->hasher);
        for (size_t i = 0; i < N_SESSION_COLUMNS; i++)
                if (session_table.columns[i].source && i != SESSION_SOURCE_CREATED_AT &&
                    i != SESSION_PROJECT_PATH)
                        hash_value(r->hasher, s->values + i);
        for (size_t i = 0; i < N_EXTRAS; i++)
                if (i != EXTRA_SYNC_MARKER)
                        hash_value(r->hasher, extras + i);
        return hasher_end(r->hasher);
}

static void read_session(Reader *r, sqlite3_stmt *stmt, SourceSession *ret)
{
        Value extras[N_EXTRAS];

        ret->rowid = sqlite3_column_int64(stmt, 0);
        schema_read_row(stmt, 1, &session_table, ret->values);
        for (int i = 0; i < (int) N_EXTRAS; i++)
                extras[i] = schema_read_text(stmt, 1 + N_SESSION_COLUMNS + i);
        ret->file_hash = extras[EXTRA_FILE_HASH];
        ret->sync_marker = extras[EXTRA_SYNC_MARKER];
        ret->fingerprint = hash_session(r, ret, extras);
}

int reader_list(Reader *r, const ReaderFrom *from)
{
        sqlite3_stmt *stmt;

        r->list = from->marker && r->has_markers ? QUERY_LIST_MARKER : QUERY_LIST_ALL;
        stmt = r->queries[r->list];
        (void) sqlite3_reset(stmt);
        (void) sqlite3_bind_int64(stmt, 1, from->after_rowid);
        if (r->list == QUERY_LIST_MARKER)
                (void) sqlite3_bind_text(stmt, 2, from->marker, -1, SQLITE_TRANSIENT);
        return 0;
}

int reader_list_next(Reader *r, SourceSession *ret)
{
        int k = step(r, r->list);

        if (k > 0)
                read_session(r, r->queries[r->list], ret);
        else
                (void) sqlite3_reset(r->queries[r->list]);
        return k;
}

void reader_list_end(Reader *r)
{
        (void) sqlite3_reset(r->queries[r->list]);
}

int reader_session(Reader *r, int64_t rowid, SourceSession *ret)
{
        sqlite3_stmt *stmt = r->queries[QUERY_SESSION];
        int k;

        (void) sqlite3_reset(stmt);
        (void) sqlite3_bind_int64(stmt, 1, rowid);
        k = step(r, QUERY_SESSION);
        if (k > 0)
                read_session(r, stmt, ret);
        return k;
}

int reader_has_session(Reader *r, const char *id, size_t size)
{
        sqlite3_stmt *stmt = r->queries[QUERY_HAS_SESSION];
        int k;

        (void) sqlite3_bind_text64(stmt, 1, id, size, SQLITE_STATIC, SQLITE_UTF8);
        k = step(r, QUERY_HAS_SESSION);
        (void) sqlite3_reset(stmt);
        return k;
}

int reader_count(Reader *r, uint64_t *ret)
{
        sqlite3_stmt *stmt = r->queries[QUERY_COUNT];
        int k;

        k = step(r, QUERY_COUNT);
        if (k > 0)
                *ret = (uint64_t) sqlite3_column_int64(stmt, 0);
        (void) sqlite3_reset(stmt);
        return k < 0 ? k : 0;
}

int reader_messages(Reader *r, const char *session_id, size_t size, int64_t from_ordinal)
{
        sqlite3_stmt *stmt = r->queries[QUERY_MESSAGES], *count = r->queries[QUERY_CALL_COUNT];
        char *copy;
        int k;

        copy = malloc(size + 1);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, session_id, size);
        copy[size] = 0;
        free(r->session_id);
        r->session_id = copy;
        r->session_id_size = size;
        r->n_calls_left = 0;
        if (!stmt)
                return 0;

        (void) sqlite3_reset(stmt);
        (void) sqlite_bind_text(stmt, 1, copy, size);
        (void) sqlite3_bind_int64(stmt, 2, from_ordinal);
        if (!count || !r->queries[QUERY_CALLS])
                return 0;
        (void) sqlite_bind_text(count, 1, copy, size);
        k = step(r, QUERY_CALL_COUNT);
        if (k > 0)
                r->n_calls_left = sqlite3_column_int64(count, 0);
        (void) sqlite3_reset(count);
        return k < 0 ? k : 0;
}

/* Copies the texts of a row into the arena, since its statement moves on. */
static int keep_row(Arena *arena, Value *values, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (values[i].type != VALUE_TEXT)
                        continue;
                values[i].text = arena_copy(arena, values[i].text, values[i].size);
                if (!values[i].text)
                        return -ENOMEM;
        }
        return 0;
}

/*
 * All rows of @query as an array of rows of @table in the arena. The array grows by doubling within the arena: a
 * message has few calls, and what is left behind goes with the message.
 */
static int read_children(Reader *r, Query query, const Table *table, Value **ret, size_t *ret_n)
{
        sqlite3_stmt *stmt = r->queries[query];
        size_t width = table->n_columns, allocated = 0, n = 0;
        Value *rows = NULL;
        int k;

        while ((k = step(r, query)) > 0) {
                if (n == allocated) {
                        Value *grown;

                        allocated = allocated > 0 ? allocated * 2 : 4;
                        grown = arena_alloc(&r->arena, allocated * width * sizeof(*grown));
                        if (!grown) {
                                k = -ENOMEM;
                                break;
                        }
                        if (n > 0)
                                memcpy(grown, rows, n * width * sizeof(*grown));
                        rows = grown;
                }
                schema_read_row(stmt, 1, table, rows + n * width);
                k = keep_row(&r->arena, rows + n * width, width);
                if (k < 0)
                        break;
                n++;
        }
        (void) sqlite3_reset(stmt);
        if (k < 0)
                return k;
        *ret = rows;
        *ret_n = n;
        return 0;
}

/* The calls of the message in row @message_id: numbered from 0 where the source has no numbers or says one twice. */
static int read_calls(Reader *r, int64_t message_id, Message *m)
{
        Value *rows;
        int64_t last = -1;
        int k;

        (void) sqlite3_bind_int64(r->queries[QUERY_CALLS], 1, message_id);
        k = read_children(r, QUERY_CALLS, &call_table, &rows, &m->n_calls);
        if (k < 0)
                return k;
        m->calls = (Value(*)[N_CALL_COLUMNS]) rows;
        for (size_t i = 0; i < m->n_calls; i++) {
                Value *index = &m->calls[i][CALL_CALL_INDEX];

                if (index->type != VALUE_INTEGER || index->integer <= last)
                        *index = value_integer(last + 1);
                last = index->integer;
                m->calls[i][CALL_MESSAGE_ORDINAL] = m->values[MESSAGE_ORDINAL];
        }
        r->n_calls_left -= (int64_t) m->n_calls;
        return 0;
}

static int read_events(Reader *r, Message *m)
{
        sqlite3_stmt *stmt = r->queries[QUERY_EVENTS];
        int64_t last_call = -1, last_event = -1;
        Value *rows;
        int k;

        (void) sqlite_bind_text(stmt, 1, r->session_id, r->session_id_size);
        (void) sqlite3_bind_int64(stmt, 2, m->values[MESSAGE_ORDINAL].integer);
        k = read_children(r, QUERY_EVENTS, &event_table, &rows, &m->n_events);
        if (k < 0)
                return k;
        m->events = (Value(*)[N_EVENT_COLUMNS]) rows;
        for (size_t i = 0; i < m->n_events; i++) {
                Value *call = &m->events[i][EVENT_CALL_INDEX];
                Value *event = &m->events[i][EVENT_EVENT_INDEX];

                if (call->type != VALUE_INTEGER)
                        *call = value_integer(0);
                if (call->integer != last_call)
                        last_event = -1;
                if (event->type != VALUE_INTEGER || event->integer <= last_event)
                        *event = value_integer(last_event + 1);
                last_call = call->integer;
                last_event = event->integer;
        }
        return 0;
}

static uint64_t row_bytes(const Value *values, size_t n)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < n; i++)
                if (values[i].type == VALUE_TEXT)
                        sum += values[i].size;
        return sum;
}

static void finish_message(Reader *r, Message *m)
{
        hasher_begin(r->hasher);
        hash_row(r->hasher, m->values, N_MESSAGE_COLUMNS);
        m->n_bytes = row_bytes(m->values, N_MESSAGE_COLUMNS);
        for (size_t i = 0; i < m->n_calls; i++) {
                hash_row(r->hasher, m->calls[i], N_CALL_COLUMNS);
                m->n_bytes += row_bytes(m->calls[i], N_CALL_COLUMNS);
        }
        for (size_t i = 0; i < m->n_events; i++) {
                hash_row(r->hasher, m->events[i], N_EVENT_COLUMNS);
                m->n_bytes += row_bytes(m->events[i], N_EVENT_COLUMNS);
        }
        m->fingerprint = hasher_end(r->hasher);
}

int reader_message_next(Reader *r, Message *ret)
{
        sqlite3_stmt *stmt = r->queries[QUERY_MESSAGES];
        Message m = { 0 };
        int64_t message_id;
        int k;

        if (!stmt)
                return 0;
        arena_clear(&r->arena);
        k = step(r, QUERY_MESSAGES);
        if (k <= 0) {
                (void) sqlite3_reset(stmt);
                return k;
        }
        message_id = sqlite3_column_int64(stmt, 0);
        schema_read_row(stmt, 1, &message_table, m.values);
        if (m.values[MESSAGE_ORDINAL].type != VALUE_INTEGER)
                m.values[MESSAGE_ORDINAL] = value_integer(0);
        if (r->n_calls_left > 0) {
                k = read_calls(r, message_id, &m);
                if (k < 0)
                        return k;
        }
        if (r->queries[QUERY_EVENTS]) {
                k = read_events(r, &m);
                if (k < 0)
                        return k;
        }
        finish_message(r, &m);
        *ret = m;
        return 1;
}

static int for_each_row(Reader *r, Query query, const Table *table, ReaderRowFunc func,
                        void *userdata)
{
        sqlite3_stmt *stmt = r->queries[query];
        Value values[N_SESSION_COLUMNS];
        int k, result = 0;

        if (!stmt)
                return 0;
        while (result >= 0 && (k = step(r, query)) > 0) {
                schema_read_row(stmt, 1, table, values);
                result = func(userdata, values);
        }
        (void) sqlite3_reset(stmt);
        return result < 0 ? result : k;
}

int reader_stars(Reader *r, ReaderRowFunc func, void *userdata)
{
        return for_each_row(r, QUERY_STARS, &star_table, func, userdata);
}

int reader_pins(Reader *r, ReaderRowFunc func, void *userdata)
{
        return for_each_row(r, QUERY_PINS, &pin_table, func, userdata);
}

static int for_each_deletion(Reader *r, Query query, int64_t *revision, ReaderRowFunc func,
                             void *userdata)
{
        sqlite3_stmt *stmt = r->queries[query];
        int64_t last = *revision;
        int k, result = 0;

        if (!stmt)
                return 0;
        if (query == QUERY_DELETED)
                (void) sqlite3_bind_int64(stmt, 1, *revision);
        while (result >= 0 && (k = step(r, query)) > 0) {
                Value id = schema_read_text(stmt, 0);

                if (sqlite3_column_int64(stmt, 1) > last)
                        last = sqlite3_column_int64(stmt, 1);
                if (id.type == VALUE_TEXT)
                        result = func(userdata, &id);
        }
        (void) sqlite3_reset(stmt);
        if (result < 0 || k < 0)
                return result < 0 ? result : k;
        *revision = last;
        return 0;
}

int reader_deletions(Reader *r, int64_t *revision, ReaderRowFunc func, void *userdata)
{
        int64_t ignored = 0;
        int k;

        k = for_each_deletion(r, QUERY_DELETED, revision, func, userdata);
        if (k < 0)
                return k;
        return for_each_deletion(r, QUERY_EXCLUDED, &ignored, func, userdata);
}
