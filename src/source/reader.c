/* Reader: agentsview's database, read and never written */
#include "source/reader.h"

#include <string.h>
#include <sys/stat.h>

#include "source/contract.h"
#include "source/reader-internal.h"

/* How long we wait for a lock that agentsview holds. Its own patience is 5 s; ours is shorter, the next cycle comes. */
#define BUSY_TIMEOUT_MSEC 2000

/*
 * A single step may not run for ever (a view can hold an endless recursion): it is interrupted after so many virtual
 * machine instructions, which is a few seconds, far more than any honest row takes.
 */
#define TICK_INSTRUCTIONS  10000
#define TICKS_MAX_PER_STEP 20000

static int on_tick(void *userdata)
{
        Reader *r = userdata;

        return ++r->ticks > TICKS_MAX_PER_STEP;
}

int reader_step_statement(Reader *r, sqlite3_stmt *stmt)
{
        r->ticks = 0;
        return sqlite_step(stmt);
}

int reader_step(Reader *r, Query query)
{
        return reader_step_statement(r, r->queries[query]);
}

Reader *reader_new(const char *path, const HashKey *key)
{
        Reader *r = xcalloc(1, sizeof(*r));

        r->seen_version = -1;
        r->max_bytes = READER_MAX_BYTES;
        r->path = xstrdup(path);
        r->hasher = hasher_new(key);
        return r;
}

void reader_close(Reader *r)
{
        sqlite_finalize_all(r->queries, N_QUERIES);
        sqlite_finalize_all(r->lists, READER_N_LISTS);
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
        schema_done(&r->schema);
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

/* Read-only; nothing in the file's schema is trusted. */
static int harden(sqlite3 *db)
{
        int r = sqlite_harden(db);

        (void) sqlite3_busy_timeout(db, BUSY_TIMEOUT_MSEC);
        return r < 0 ? r : sqlite_run(db, "PRAGMA query_only = 1; PRAGMA cache_size = -4096");
}

#define IS_UTF8 "SELECT encoding = 'UTF-8' FROM pragma_encoding"

/* Reads the schema of today and prepares against it. */
static int learn_schema(Reader *r, char **reterr)
{
        int64_t is_utf8 = 0;
        int k;

        sqlite_finalize_all(r->queries, N_QUERIES);
        sqlite_finalize_all(r->lists, READER_N_LISTS);
        r->is_utf8 = sqlite_query_int(r->db, IS_UTF8, &is_utf8) > 0 && is_utf8 != 0;
        k = sqlite_query_int(r->db, "PRAGMA schema_version", &r->schema_version);
        if (k >= 0)
                k = schema_read(&r->schema, r->db);
        if (k >= 0)
                k = contract_check(&r->schema, r->expected_version, r->path, reterr);
        if (k == -EPROTO)
                return k;
        if (k >= 0)
                k = reader_prepare(r);
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
                             "'%s' is damaged (%s). Run `agentsview sync --full` to rebuild it.",
                             r->path, sqlite_reason(r->db));
        else if (k < 0)
                format_error(reterr, "Cannot read '%s': %s.", r->path, sqlite_reason(r->db));
        return k == -ENOENT ? -EIO
                            : k; /* it is there; SQLite cannot make what it needs beside it */
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
        reader_apply_max(r);
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
                                     "'%s' does not exist yet; waiting for agentsview to create it.",
                                     r->path);
                        return -ENOENT;
                }
                format_error(reterr, "Cannot check '%s': %s.", r->path, strerror(-k));
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

int64_t reader_data_version(const Reader *r)
{
        return r->schema.data_version;
}

void reader_expect(Reader *r, int64_t data_version)
{
        r->expected_version = data_version;
}

char *reader_identity(const Reader *r)
{
        return xasprintf("%ju:%ju", (uintmax_t) r->device, (uintmax_t) r->inode);
}

static int64_t data_version(Reader *r)
{
        sqlite3_stmt *stmt = r->queries[QUERY_DATA_VERSION];
        int64_t version;
        int k;

        k = reader_step(r, QUERY_DATA_VERSION);
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
        sqlite_reset_all(r->queries, N_QUERIES);
        sqlite_reset_all(r->lists, READER_N_LISTS);
        (void) sqlite_execute(r->queries[QUERY_END]);
}

void reader_release_memory(Reader *r)
{
        if (r->db)
                (void) sqlite3_db_release_memory(r->db);
        arena_done(&r->arena);
}

bool reader_in_transaction(const Reader *r)
{
        return r->db && !sqlite3_get_autocommit(r->db);
}

bool reader_has_markers(const Reader *r)
{
        return r->has_markers;
}

static void read_session(Reader *r, sqlite3_stmt *stmt, SourceSession *ret)
{
        Value extras[N_READER_EXTRAS];

        ret->rowid = sqlite3_column_int64(stmt, 0);
        schema_read_row(stmt, 1, &session_table, ret->values);
        schema_read_row(stmt, 1 + N_SESSION_COLUMNS, &reader_extra_table, extras);
        ret->file_hash = extras[READER_EXTRA_FILE_HASH];
        ret->fingerprint = reader_fingerprint(r, ret->values, extras);
        ret->is_read = true;
        arena_clear(&r->arena);
        reader_allow_row(r);
        reader_take_row(r, &session_table, ret->values);
}

/* A session with a text that SQLite does not hand out with its row. */
static int read_large_session(Reader *r, int64_t rowid, SourceSession *ret)
{
        Value extras[N_READER_EXTRAS];
        int k;

        arena_clear(&r->arena);
        reader_allow_row(r);
        ret->rowid = rowid;
        k = reader_read_large_row(r, &reader_extra_table, rowid, extras);
        if (k >= 0)
                k = reader_read_large_row(r, &session_table, rowid, ret->values);
        if (k < 0)
                return k;
        ret->file_hash = extras[READER_EXTRA_FILE_HASH];
        ret->fingerprint = reader_fingerprint(r, ret->values, extras);
        ret->is_read = true;
        return 1;
}

int reader_list(Reader *r, const ReaderFrom *from)
{
        bool by_marker = from->marker && r->has_markers;
        sqlite3_stmt *stmt;

        /* By marker, too: those rows are sorted, anew wherever the list goes on after a pause. */
        r->by_row = from->by_row || by_marker;
        if (from->by_id)
                r->list = QUERY_LIST_BY_ID;
        else if (r->by_row)
                r->list = by_marker ? QUERY_ROWS_MARKER : QUERY_ROWS_ALL;
        else
                r->list = QUERY_LIST_ALL;
        stmt = r->queries[r->list];
        (void) sqlite3_reset(stmt);
        if (from->by_id)
                (void) sqlite3_bind_text64(stmt, 1, from->after_id, from->after_id_size,
                                           SQLITE_TRANSIENT, SQLITE_UTF8);
        else
                (void) sqlite3_bind_int64(stmt, 1, from->after_rowid);
        if (r->list == QUERY_ROWS_MARKER) {
                (void) sqlite3_bind_text(stmt, 2, from->marker, -1, SQLITE_TRANSIENT);
                (void) sqlite3_bind_int64(stmt, 3, from->new_rowid);
        }
        return 0;
}

int reader_ids_are_plain(Reader *r)
{
        sqlite3_stmt *stmt = r->queries[QUERY_ODD_IDS];
        int k;

        k = reader_step(r, QUERY_ODD_IDS);
        if (k > 0)
                k = sqlite3_column_int(stmt, 0) == 0;
        (void) sqlite3_reset(stmt);
        return k;
}

void reader_list_end(Reader *r)
{
        (void) sqlite3_reset(r->queries[r->list]);
        (void) sqlite3_reset(r->queries[QUERY_SESSION]);
}

int reader_list_read(Reader *r, SourceSession *s)
{
        sqlite3_stmt *stmt = r->queries[QUERY_SESSION];
        int k;

        (void) sqlite3_reset(stmt);
        (void) sqlite3_bind_int64(stmt, 1, s->rowid);
        k = reader_step(r, QUERY_SESSION);
        if (k > 0) {
                read_session(r, stmt, s);
                return k;
        }
        (void) sqlite3_reset(stmt);
        return k == -EFBIG ? read_large_session(r, s->rowid, s) : k;
}

int reader_list_next(Reader *r, SourceSession *ret)
{
        int k = reader_step(r, r->list);
        sqlite3_stmt *stmt = r->queries[r->list];

        if (k <= 0) {
                reader_list_end(r);
                return k;
        }
        if (r->list == QUERY_LIST_BY_ID) {
                read_session(r, stmt, ret);
                return k;
        }
        ret->rowid = sqlite3_column_int64(stmt, 0);
        if (r->by_row)
                return reader_list_read(r, ret);
        ret->fingerprint = (uint64_t) sqlite3_column_int64(stmt, 1);
        ret->is_read = false;
        return 1;
}

/* Whether a query of a session has a row; one that was not prepared has none. */
static int asks(Reader *r, Query query, const char *id, size_t size)
{
        sqlite3_stmt *stmt = r->queries[query];
        int k;

        if (!stmt)
                return 0;
        (void) sqlite3_bind_text64(stmt, 1, id, size, SQLITE_STATIC, SQLITE_UTF8);
        k = reader_step(r, query);
        (void) sqlite3_reset(stmt);
        return k;
}

int reader_has_session(Reader *r, const char *id, size_t size)
{
        return asks(r, QUERY_HAS_SESSION, id, size);
}

int reader_leaves_out_text(Reader *r, const char *id, size_t size)
{
        return asks(r, QUERY_LEFT_OUT, id, size);
}

int reader_has_text(Reader *r, const char *id, size_t size)
{
        int k = asks(r, QUERY_HAS_TEXT, id, size);

        return k == -EFBIG ? 1 : k; /* then there is a large one */
}

int reader_count_textless(Reader *r, uint64_t *ret)
{
        int64_t n;
        int k;

        k = sqlite_query_int(
                        r->db,
                        "SELECT count(*) FROM sessions s WHERE s.message_count > 0 AND NOT EXISTS "
                        "(SELECT 1 FROM messages m WHERE m.session_id = s.id AND m.content <> '')",
                        &n);
        if (k < 0)
                return k;
        *ret = (uint64_t) n;
        return 0;
}

int reader_lost_rows(Reader *r)
{
        int k = r->has_lost_rows;

        /* the count is of all of the session's, and the reading may have begun in its middle */
        if (k == 0 && r->n_calls_left > 0)
                k = asks(r, QUERY_LOST_CALLS, r->session_id, r->session_id_size);
        return k;
}

int reader_count(Reader *r, uint64_t *ret)
{
        sqlite3_stmt *stmt = r->queries[QUERY_COUNT];
        int k;

        k = reader_step(r, QUERY_COUNT);
        if (k > 0)
                *ret = (uint64_t) sqlite3_column_int64(stmt, 0);
        (void) sqlite3_reset(stmt);
        return k < 0 ? k : 0;
}

/* Rows handed to a caller one by one. */
typedef struct RowWalk {
        const Table *table;
        ReaderRowFunc func;
        void *userdata;
        uint64_t n_done, n_seen;
} RowWalk;

static int hand_over(Reader *r, RowWalk *w, Value *values)
{
        reader_take_row(r, w->table, values);
        w->n_done++;
        return w->func(w->userdata, values);
}

/* One of the rows that were not handed over before SQLite refused one of them. */
static int on_large_row(Reader *r, int64_t rowid, void *userdata)
{
        Value values[N_SESSION_COLUMNS];
        RowWalk *w = userdata;
        int k;

        if (w->n_seen++ < w->n_done)
                return 0;
        arena_clear(&r->arena);
        reader_allow_row(r);
        k = reader_read_large_row(r, w->table, rowid, values);
        return k < 0 ? k : hand_over(r, w, values);
}

static int for_each_row(Reader *r, size_t list, ReaderRowFunc func, void *userdata)
{
        const Table *table = reader_lists[list].table;
        RowWalk w = { .table = table, .func = func, .userdata = userdata };
        sqlite3_stmt *stmt = r->lists[list];
        Value values[N_SESSION_COLUMNS];
        int k, result = 0;

        if (!stmt)
                return 0;
        while (result >= 0 && (k = reader_step_statement(r, stmt)) > 0) {
                arena_clear(&r->arena);
                reader_allow_row(r);
                schema_read_row(stmt, 1, table, values);
                result = hand_over(r, &w, values);
        }
        (void) sqlite3_reset(stmt);
        if (result >= 0 && k == -EFBIG)
                return reader_list_rows(r, table, reader_lists[list].tail, 0, on_large_row, &w);
        return result < 0 ? result : k;
}

int reader_rows(Reader *r, const Table *table, ReaderRowFunc func, void *userdata)
{
        size_t i = 0;

        while (reader_lists[i].table != table)
                i++;
        return for_each_row(r, i, func, userdata);
}

int reader_usage_extent(Reader *r, int64_t ret[static 2])
{
        sqlite3_stmt *stmt = r->queries[QUERY_USAGE_EXTENT];
        int k;

        ret[0] = ret[1] = 0;
        if (!stmt)
                return 0;
        k = reader_step(r, QUERY_USAGE_EXTENT);
        for (int i = 0; k > 0 && i < 2; i++)
                ret[i] = sqlite3_column_int64(stmt, i);
        (void) sqlite3_reset(stmt);
        return k < 0 ? k : 0;
}

int reader_has_usage(Reader *r, const char *id, size_t size)
{
        return asks(r, QUERY_HAS_USAGE, id, size);
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
        while (result >= 0 && (k = reader_step(r, query)) > 0) {
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
