/* Ledger: what was delivered to which remote */
#include "remote/ledger.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sqlite-util.h"
#include "base/time-util.h"

#define LEDGER_APPLICATION_ID 0x534a4c47 /* "SJLG" */
#define LEDGER_VERSION        6

enum {
        QUERY_REMOTE_GET,
        QUERY_REMOTE_PUT,
        QUERY_REMOTE_KNOWN,
        QUERY_GET,
        QUERY_PUT,
        QUERY_REMOVE,
        QUERY_CLEAR,
        QUERY_HELD,
        QUERY_CONFLICT,
        QUERY_BARRED,
        QUERY_CHECK_ARCHIVE,
        N_QUERIES,
};

static const char *const query_sql[N_QUERIES] = {
        [QUERY_REMOTE_GET] =
                        "SELECT target, archive_id, origins, reconciled, cursor_seq, version, stars, pins, "
                        "deletes, last_delivery_at, last_error, look_again_at, claimed, acknowledged, "
                        "usage, labels FROM remotes WHERE name = ?1",
        [QUERY_REMOTE_PUT] =
                        "INSERT INTO remotes (name, target, archive_id, origins, reconciled, cursor_seq, "
                        "version, stars, pins, deletes, last_delivery_at, last_error, look_again_at, claimed, acknowledged, "
                        "usage, labels) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) "
                        "ON CONFLICT (name) DO UPDATE SET target = ?2, archive_id = ?3, origins = ?4, "
                        "cursor_seq = ?5, version = ?6, stars = ?7, pins = ?8, deletes = ?9, "
                        "last_delivery_at = ?10, last_error = ?11, look_again_at = ?12, claimed = ?13, "
                        "acknowledged = ?14, usage = ?15, labels = ?16",
        [QUERY_REMOTE_KNOWN] = "UPDATE remotes SET reconciled = ?2 WHERE name = ?1",
        [QUERY_GET] = "SELECT state, change_seq, last_ordinal FROM deliveries WHERE remote = ?1 AND "
                      "session_id = ?2",
        [QUERY_PUT] = "INSERT OR REPLACE INTO deliveries (remote, session_id, state, change_seq, "
                      "last_ordinal) VALUES (?1, ?2, ?3, ?4, ?5)",
        [QUERY_REMOVE] = "DELETE FROM deliveries WHERE remote = ?1 AND session_id = ?2",
        [QUERY_CLEAR] = "DELETE FROM deliveries WHERE remote = ?1",
        [QUERY_HELD] = "SELECT session_id FROM deliveries WHERE remote = ?1 AND session_id > ?2 AND "
                       "state IN ('unknown', 'shared', 'metadata', 'conflict', 'excluded', 'barred') ORDER BY session_id LIMIT ?3",
        [QUERY_CONFLICT] =
                        "SELECT 1 FROM deliveries WHERE remote = ?1 AND state = 'conflict' LIMIT 1",
        [QUERY_BARRED] = "SELECT min(session_id), count(*) FROM deliveries WHERE remote = ?1 AND "
                         "state = 'barred' HAVING count(*) > 0",
        [QUERY_CHECK_ARCHIVE] = "UPDATE remotes SET reconciled = 0 WHERE reconciled = 1 AND "
                                "(archive_id IS NOT ?1 OR cursor_seq > ?2)",
};

static const char *const state_names[] = {
        [LEDGER_NONE] = "none",           [LEDGER_UNKNOWN] = "unknown",
        [LEDGER_SHARED] = "shared",       [LEDGER_METADATA] = "metadata",
        [LEDGER_WITHDRAWN] = "withdrawn", [LEDGER_GONE] = "gone",
        [LEDGER_CONFLICT] = "conflict",   [LEDGER_EXCLUDED] = "excluded",
        [LEDGER_BARRED] = "barred",
};

struct Ledger {
        sqlite3 *db;
        char *path;
        dev_t device;
        ino_t inode;
        sqlite3_stmt *queries[N_QUERIES];
};

void ledger_remote_done(LedgerRemote *r)
{
        free(r->target);
        free(r->archive_id);
        free(r->origins);
        free(r->claimed);
        free(r->last_error);
        *r = (LedgerRemote){ 0 };
}

char *ledger_path(const char *archive_path)
{
        return xasprintf("%s.remotes", archive_path);
}

static const char schema[] =
                "CREATE TABLE remotes (name TEXT PRIMARY KEY, target TEXT, archive_id TEXT, origins TEXT, "
                "reconciled INTEGER NOT NULL, cursor_seq INTEGER NOT NULL, version INTEGER NOT NULL, "
                "stars INTEGER NOT NULL, pins INTEGER NOT NULL, deletes INTEGER NOT NULL, "
                "last_delivery_at TEXT, last_error TEXT, look_again_at INTEGER NOT NULL DEFAULT 0, "
                "claimed TEXT, acknowledged INTEGER NOT NULL DEFAULT 0, "
                "usage INTEGER NOT NULL DEFAULT 0, labels INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
                "CREATE TABLE deliveries (remote TEXT NOT NULL, session_id TEXT NOT NULL, state TEXT NOT "
                "NULL, change_seq INTEGER NOT NULL, last_ordinal INTEGER NOT NULL, "
                "PRIMARY KEY (remote, session_id)) WITHOUT ROWID;";

/* Columns that the tables of earlier versions lack. */
static const struct {
        const char *name, *declaration;
} newer_columns[] = {
        { "look_again_at", "look_again_at INTEGER NOT NULL DEFAULT 0" }, /* 2 */
        { "claimed", "claimed TEXT" },                                   /* 3 */
        { "acknowledged", "acknowledged INTEGER NOT NULL DEFAULT 0" },   /* 4 */
        { "usage", "usage INTEGER NOT NULL DEFAULT 0" },                 /* 5 */
        { "labels", "labels INTEGER NOT NULL DEFAULT 0" },               /* 6 */
};

static int migrate(sqlite3 *db)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(newer_columns); i++) {
                _cleanup_(strbuf_done) StrBuf sql = { 0 };
                int64_t n = 0;

                r = strbuf_printf(
                                &sql,
                                "SELECT count(*) FROM pragma_table_info('remotes') WHERE name = '%s'",
                                newer_columns[i].name);
                if (r >= 0)
                        r = sqlite_query_int(db, sql.data, &n);
                if (r >= 0 && n == 0)
                        r = sqlite_runf(db, "ALTER TABLE remotes ADD COLUMN %s",
                                        newer_columns[i].declaration);
        }
        return r < 0 ? r : sqlite_runf(db, "PRAGMA user_version = %d", LEDGER_VERSION);
}

static int make(sqlite3 *db)
{
        int r = sqlite_run(db, schema);

        return r < 0 ? r
                     : sqlite_runf(db, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                                   LEDGER_APPLICATION_ID, LEDGER_VERSION);
}

/* Checks and creates in one transaction: the couriers of two remotes may do this at the same moment. */
static int prepare_schema(sqlite3 *db)
{
        SqliteIdentity is;
        int r;

        r = sqlite_run(db, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;
        r = sqlite_identify(db, &is);
        if (r >= 0 && is.application_id == 0 && is.n_objects == 0)
                r = make(db);
        else if (r >= 0 &&
                 (is.application_id != LEDGER_APPLICATION_ID || is.version > LEDGER_VERSION))
                r = -EMEDIUMTYPE;
        else if (r >= 0 && is.version < LEDGER_VERSION)
                r = migrate(db);
        if (r >= 0)
                r = sqlite_run(db, "COMMIT");
        if (r < 0) {
                (void) sqlite_run(db, "ROLLBACK");
                return r;
        }
        r = sqlite_run(db, "PRAGMA journal_mode = WAL");
        return r == -EBUSY ? 0 : r; /* the other courier does it */
}

static int remember_file(Ledger *l)
{
        struct stat st;

        if (stat(l->path, &st) < 0)
                return -errno;
        l->device = st.st_dev;
        l->inode = st.st_ino;
        return 0;
}

bool ledger_is_in_place(const Ledger *l)
{
        struct stat st;

        return stat(l->path, &st) >= 0 && st.st_dev == l->device && st.st_ino == l->inode;
}

static int open_at(const char *path, int flags, Ledger **ret)
{
        _cleanup_(ledger_closep) Ledger *l = xcalloc(1, sizeof(*l));
        int r;

        l->path = xstrdup(path);
        r = sqlite_errno(NULL, sqlite3_open_v2(path, &l->db, flags | SQLITE_OPEN_NOMUTEX, NULL));
        if (r < 0)
                return r;
        (void) sqlite3_busy_timeout(l->db, 5000);
        if (flags & SQLITE_OPEN_READWRITE) {
                r = prepare_schema(l->db);
                /* what it records has been sent over the network, so a power cut must not lose it */
                if (r >= 0)
                        r = sqlite_run(l->db,
                                       "PRAGMA synchronous = FULL; PRAGMA cache_size = -2048; "
                                       "PRAGMA trusted_schema = 0");
                if (r < 0)
                        return r;
        }
        r = remember_file(l);
        if (r < 0)
                return r;
        if (!(flags & SQLITE_OPEN_READWRITE)) {
                SqliteIdentity is;

                r = sqlite_identify(l->db, &is);
                if (r >= 0 && is.application_id == LEDGER_APPLICATION_ID &&
                    is.version < LEDGER_VERSION)
                        r = -ESTALE;
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

/* Created with mode 0600 before SQLite opens it, so that its -wal and -shm are just as private. */
static int make_private(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        return fd < 0 ? -errno : 0;
}

static int move_aside(const char *path)
{
        static const char *const ends[] = { "", "-wal", "-shm" };

        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                _cleanup_free_ char *from = xasprintf("%s%s", path, ends[i]),
                                    *to = xasprintf("%s.broken%s", path, ends[i]);

                if (rename(from, to) < 0 && errno != ENOENT)
                        return -errno;
        }
        return 0;
}

int ledger_open(const char *archive_path, Ledger **ret, char **reterr)
{
        _cleanup_free_ char *path = ledger_path(archive_path);
        int r = 0;

        for (int i = 0; i < 2; i++) {
                r = make_private(path);
                if (r >= 0)
                        r = open_at(path, SQLITE_OPEN_READWRITE, ret);
                if (r != -EMEDIUMTYPE && r != -EUCLEAN)
                        break;
                if (move_aside(path) < 0)
                        break;
        }
        if (r < 0)
                format_error(reterr, "The record of what was delivered, '%s', cannot be used: %s.",
                             path, strerror(-r));
        return r;
}

int ledger_open_read_only(const char *archive_path, Ledger **ret)
{
        _cleanup_free_ char *path = ledger_path(archive_path);
        int r = access(path, F_OK) < 0 ? -errno : open_at(path, SQLITE_OPEN_READONLY, ret);

        return r == -ESTALE ? ledger_open(archive_path, ret, NULL) : r; /* of an earlier version */
}

Ledger *ledger_close(Ledger *l)
{
        if (!l)
                return NULL;
        sqlite_finalize_all(l->queries, ELEMENTSOF(l->queries));
        if (l->db)
                sqlite_close(l->db);
        free(l->path);
        free(l);
        return NULL;
}

const char *ledger_reason(Ledger *l)
{
        return sqlite_reason(l->db);
}

int ledger_begin(Ledger *l)
{
        return sqlite_run(l->db, "BEGIN IMMEDIATE");
}

int ledger_commit(Ledger *l)
{
        return sqlite_run(l->db, "COMMIT");
}

void ledger_rollback(Ledger *l)
{
        if (!sqlite3_get_autocommit(l->db))
                (void) sqlite_run(l->db, "ROLLBACK");
}

/* A query, with the remote's name and a session's id (if not NULL) bound. */
static sqlite3_stmt *query_for(Ledger *l, int query, const char *name, const char *id)
{
        sqlite3_stmt *stmt = sqlite_keep(l->db, query_sql[query], l->queries + query);

        (void) sqlite_bind_text(stmt, 1, name, strlen(name));
        if (id)
                (void) sqlite_bind_text(stmt, 2, id, strlen(id));
        return stmt;
}

static char *column_copy(sqlite3_stmt *stmt, int column)
{
        return xstrdup((const char *) sqlite3_column_text(stmt, column));
}

int ledger_remote_get(Ledger *l, const char *name, LedgerRemote *ret)
{
        _cleanup_(ledger_remote_done) LedgerRemote found = { 0 };
        sqlite3_stmt *stmt;
        int r;

        *ret = (LedgerRemote){ 0 };
        stmt = query_for(l, QUERY_REMOTE_GET, name, NULL);
        r = sqlite_step(stmt);
        if (r > 0) {
                const char *at = (const char *) sqlite3_column_text(stmt, 9);

                found.target = column_copy(stmt, 0);
                found.archive_id = column_copy(stmt, 1);
                found.origins = column_copy(stmt, 2);
                found.last_error = column_copy(stmt, 10);
                found.claimed = column_copy(stmt, 12);
                found.known = (LedgerKnown) sqlite3_column_int(stmt, 3);
                found.cursor_seq = sqlite3_column_int64(stmt, 4);
                found.version = (uint64_t) sqlite3_column_int64(stmt, 5);
                for (int i = 0; i < LEDGER_LISTS; i++)
                        found.list_digests[i] = (uint64_t) sqlite3_column_int64(
                                        stmt, i < 3 ? 6 + i : 11 + i);
                if (at)
                        (void) parse_timestamp(at, &found.last_delivery_usec);
                found.look_again_usec = (uint64_t) sqlite3_column_int64(stmt, 11);
                found.acknowledged = (uint64_t) sqlite3_column_int64(stmt, 13);
        }
        (void) sqlite3_reset(stmt);
        if (r <= 0)
                return r;
        *ret = TAKE_STRUCT(found);
        return 1;
}

static void bind_copy(sqlite3_stmt *stmt, int index, const char *text)
{
        (void) sqlite_bind_text(stmt, index, text, text ? strlen(text) : 0);
}

int ledger_remote_put(Ledger *l, const char *name, const LedgerRemote *remote)
{
        char at[TIMESTAMP_MAX];
        sqlite3_stmt *stmt = query_for(l, QUERY_REMOTE_PUT, name, NULL);

        bind_copy(stmt, 2, remote->target);
        bind_copy(stmt, 3, remote->archive_id);
        bind_copy(stmt, 4, remote->origins);
        (void) sqlite3_bind_int64(stmt, 5, remote->cursor_seq);
        (void) sqlite3_bind_int64(stmt, 6, (int64_t) remote->version);
        for (int i = 0; i < LEDGER_LISTS; i++)
                (void) sqlite3_bind_int64(stmt, i < 3 ? 7 + i : 12 + i,
                                          (int64_t) remote->list_digests[i]);
        bind_copy(stmt, 10,
                  remote->last_delivery_usec > 0 ? format_timestamp(at, remote->last_delivery_usec)
                                                 : NULL);
        bind_copy(stmt, 11, remote->last_error);
        (void) sqlite3_bind_int64(stmt, 12, (int64_t) remote->look_again_usec);
        bind_copy(stmt, 13, remote->claimed);
        (void) sqlite3_bind_int64(stmt, 14, (int64_t) remote->acknowledged);
        return sqlite_execute(stmt);
}

int ledger_remote_set_known(Ledger *l, const char *name, LedgerKnown known)
{
        sqlite3_stmt *stmt = query_for(l, QUERY_REMOTE_KNOWN, name, NULL);

        (void) sqlite3_bind_int(stmt, 2, (int) known);
        return sqlite_execute(stmt);
}

static LedgerState state_from_name(const char *name)
{
        for (size_t i = 0; name && i < ELEMENTSOF(state_names); i++)
                if (strcmp(name, state_names[i]) == 0)
                        return (LedgerState) i;
        return LEDGER_UNKNOWN;
}

int ledger_get(Ledger *l, const char *name, const char *id, LedgerEntry *ret)
{
        LedgerEntry entry = { .state = LEDGER_NONE, .last_ordinal = -1 };
        sqlite3_stmt *stmt = query_for(l, QUERY_GET, name, id);
        int r = sqlite_step(stmt);

        if (r > 0)
                entry = (LedgerEntry){
                        .state = state_from_name((const char *) sqlite3_column_text(stmt, 0)),
                        .change_seq = sqlite3_column_int64(stmt, 1),
                        .last_ordinal = sqlite3_column_int64(stmt, 2),
                };
        (void) sqlite3_reset(stmt);
        if (r < 0)
                return r;
        *ret = entry;
        return 0;
}

int ledger_put(Ledger *l, const char *name, const char *id, const LedgerEntry *entry)
{
        sqlite3_stmt *stmt = query_for(l, QUERY_PUT, name, id);

        bind_copy(stmt, 3, state_names[entry->state]);
        (void) sqlite3_bind_int64(stmt, 4, entry->change_seq);
        (void) sqlite3_bind_int64(stmt, 5, entry->last_ordinal);
        return sqlite_execute(stmt);
}

int ledger_remove(Ledger *l, const char *name, const char *id)
{
        return sqlite_execute(query_for(l, QUERY_REMOVE, name, id));
}

int ledger_clear(Ledger *l, const char *name)
{
        return sqlite_execute(query_for(l, QUERY_CLEAR, name, NULL));
}

int ledger_held(Ledger *l, const char *name, const char *after, size_t max, char **ret)
{
        sqlite3_stmt *stmt = query_for(l, QUERY_HELD, name, after ?: "");

        (void) sqlite3_bind_int64(stmt, 3, (int64_t) max);
        return sqlite_take_texts(stmt, ret, max);
}

int ledger_barred(Ledger *l, const char *name, char **ret, uint64_t *ret_n)
{
        sqlite3_stmt *stmt = query_for(l, QUERY_BARRED, name, NULL);
        int r = sqlite_step(stmt);

        if (r > 0) {
                *ret = column_copy(stmt, 0);
                *ret_n = (uint64_t) sqlite3_column_int64(stmt, 1);
        }
        (void) sqlite3_reset(stmt);
        return r;
}

int ledger_has_conflicts(Ledger *l, const char *name, bool *ret)
{
        sqlite3_stmt *stmt = query_for(l, QUERY_CONFLICT, name, NULL);
        int r = sqlite_exists(stmt);

        if (r < 0)
                return r;
        *ret = r > 0;
        return 0;
}

int ledger_check_archive(Ledger *l, const char *archive_id, int64_t change_seq)
{
        sqlite3_stmt *stmt = query_for(l, QUERY_CHECK_ARCHIVE, archive_id, NULL);

        (void) sqlite3_bind_int64(stmt, 2, change_seq);
        return sqlite_execute(stmt);
}
