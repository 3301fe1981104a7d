/* Archive: the masked database, its cursors and its change sequence; opening, transactions, meta, sessions */
#include "archive/archive.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "archive/archive-damage.h"
#include "archive/archive-internal.h"
#include "archive/archive-schema.h"
#include "archive/search-index.h"
#include "base/file-util.h"
#include "base/time-util.h"

static const char *const query_sql[N_ARCHIVE_QUERIES] = {
        [ARCHIVE_BEGIN] = "BEGIN IMMEDIATE",
        [ARCHIVE_COMMIT] = "COMMIT",
        [ARCHIVE_META_GET] = "SELECT value FROM meta WHERE key = ?1",
        [ARCHIVE_META_SET] = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO "
                             "UPDATE SET value = excluded.value",
        [ARCHIVE_CURSOR_GET] =
                        "SELECT source_rowid, fingerprint, policy, last_ordinal FROM cursors "
                        "WHERE session_id = ?1",
        /* its place is the source's row, unless another session has it (after a swap of the source) */
        [ARCHIVE_CURSOR_PUT] =
                        "INSERT INTO cursors (session_id, source_rowid, fingerprint, policy, "
                        "last_ordinal, file_hash, synced_at) VALUES (?1, CASE WHEN EXISTS "
                        "(SELECT 1 FROM cursors WHERE source_rowid = ?2) THEN NULL ELSE ?2 "
                        "END, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (session_id) DO UPDATE SET "
                        "fingerprint = ?3, policy = ?4, last_ordinal = ?5, file_hash = ?6, "
                        "synced_at = ?7",
        [ARCHIVE_CURSOR_LIST] = "SELECT source_rowid, fingerprint, policy FROM cursors "
                                "WHERE source_rowid > ?1 ORDER BY source_rowid",
        [ARCHIVE_HAS_SESSION] = "SELECT 1 FROM sessions WHERE id = ?1",
        [ARCHIVE_CURSOR_REMOVE] = "DELETE FROM cursors WHERE session_id = ?1",
        [ARCHIVE_STALE] = "SELECT id FROM sessions WHERE id > ?1 AND NOT EXISTS (SELECT 1 FROM "
                          "cursors WHERE session_id = id AND policy = ?3) ORDER BY id LIMIT ?2",
        [ARCHIVE_SESSION_REMOVE] = "DELETE FROM sessions WHERE id = ?1",
        [ARCHIVE_MESSAGES] = "SELECT ordinal, fingerprint, EXISTS (SELECT 1 FROM findings f WHERE "
                             "f.session_id = ?1 AND f.ordinal = m.ordinal) FROM messages m "
                             "WHERE session_id = ?1 AND ordinal >= ?2 ORDER BY ordinal",
        [ARCHIVE_MESSAGE_REMOVE] = "DELETE FROM messages WHERE session_id = ?1 AND ordinal = ?2",
        [ARCHIVE_CALLS_REMOVE] = "DELETE FROM tool_calls WHERE session_id = ?1 AND "
                                 "message_ordinal = ?2",
        [ARCHIVE_EVENTS_REMOVE] = "DELETE FROM tool_result_events WHERE session_id = ?1 AND "
                                  "message_ordinal = ?2",
        [ARCHIVE_LINKS_REMOVE] = "DELETE FROM git_links WHERE session_id = ?1 AND "
                                 "message_ordinal = ?2",
        [ARCHIVE_FINDINGS_REMOVE] = "DELETE FROM findings WHERE session_id = ?1 AND ordinal IS ?2",
        [ARCHIVE_FINDING_PUT] = "INSERT INTO findings (session_id, ordinal, field, rule, "
                                "fingerprint, found_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        [ARCHIVE_FINDING_KNOWN] = "SELECT 1 FROM findings WHERE session_id = ?1 AND "
                                  "fingerprint = ?2 LIMIT 1",
        [ARCHIVE_FINDING_ANYWHERE] = "SELECT 1 FROM findings WHERE fingerprint = ?1 LIMIT 1",
        [ARCHIVE_FINDING_COUNT] = "SELECT count(*) FROM findings WHERE session_id = ?1 AND "
                                  "ordinal = ?2",
        [ARCHIVE_TOMBSTONE_GET] = "SELECT cause FROM session_deletes WHERE session_id = ?1",
        [ARCHIVE_TOMBSTONE_PUT] = "INSERT OR REPLACE INTO session_deletes (session_id, user_id, "
                                  "project, cause, created_at, change_seq) "
                                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        [ARCHIVE_TOMBSTONE_REMOVE] = "DELETE FROM session_deletes WHERE session_id = ?1",
};

sqlite3_stmt *archive_query(Archive *a, ArchiveQuery query)
{
        if (!a->queries[query])
                a->last_error = sqlite_prepare(a->db, query_sql[query], a->queries + query);
        return a->queries[query];
}

int archive_query_for(Archive *a, ArchiveQuery query, const char *id, size_t size,
                      sqlite3_stmt **ret)
{
        sqlite3_stmt *stmt = archive_query(a, query);

        if (!stmt)
                return a->last_error;
        (void) sqlite3_reset(stmt);
        (void) sqlite_bind_text(stmt, 1, id, size);
        *ret = stmt;
        return 0;
}

int archive_run_for(Archive *a, ArchiveQuery query, const char *id, size_t size)
{
        sqlite3_stmt *stmt;
        int r;

        r = archive_query_for(a, query, id, size, &stmt);
        return r < 0 ? r : sqlite_execute(stmt);
}

/* Opening */

/* What the lock file says after its holder's end: empty, it was closed well; this, it is to be checked whole; else it
 * was not closed. */
#define LOCK_SUSPECT "check"

static int write_lock(Archive *a, const char *text)
{
        if (ftruncate(a->lock_fd, 0) < 0)
                return -errno;
        errno = EIO;
        return pwrite(a->lock_fd, text, strlen(text), 0) == (ssize_t) strlen(text) ? 0 : -errno;
}

static int take_lock(Archive *a, const char *path, char **reterr)
{
        _cleanup_free_ char *lock_path = NULL, *text = NULL;
        _cleanup_close_ int fd = -1;
        char pid[32];
        int r;

        if (asprintf(&lock_path, "%s.lock", path) < 0) {
                lock_path = NULL;
                return -ENOMEM;
        }
        fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
                int saved = errno;

                format_error(reterr, "Cannot make the lock file '%s': %s.", lock_path,
                             strerror(saved));
                return -saved;
        }
        r = flock(fd, LOCK_EX | LOCK_NB);
        (void) file_read(lock_path, 64, &text, NULL);
        if (r < 0) {
                format_error(reterr,
                             "The archive '%s' is in use by another scrubjayd (process %.20s). Ask "
                             "that one (scrubjayctl sync), or stop it first.",
                             path, text && *text ? text : "unknown");
                return -EBUSY;
        }
        a->lock_fd = TAKE_FD(fd);
        a->suspect = text && strcmp(text, LOCK_SUSPECT) == 0;
        a->unclean = !text || *text;
        (void) snprintf(pid, sizeof(pid), "%d", (int) getpid());
        r = write_lock(a, pid);
        if (r < 0)
                format_error(reterr, "Cannot write the lock file '%s': %s.", lock_path,
                             strerror(-r));
        return r;
}

static int load_key(Archive *a, const char *path, char **reterr)
{
        _cleanup_free_ char *folder = path_folder(path);
        _cleanup_free_ char *key_path = folder ? path_join(folder, "fingerprint.key") : NULL;
        int r;

        if (!key_path)
                return -ENOMEM;
        r = key_file_load(key_path, &a->key);
        if (r == -EBADMSG)
                format_error(reterr,
                             "'%s' is not a key of 16 bytes. Move it aside; a new one is made, and "
                             "every session is masked again.",
                             key_path);
        else if (r < 0)
                format_error(reterr, "Cannot use the key file '%s': %s.", key_path, strerror(-r));
        return r < 0 ? r : 0;
}

/* Made with 0600 before SQLite comes, so that its -wal and -shm are as private, whatever the umask. */
static int make_private(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        if ((st.st_mode & 0077) != 0 && fchmod(fd, 0600) < 0)
                return -errno;
        return 0;
}

/* Returns 1 if @sql, which asks for the journal mode or sets it, answers with @mode; 0 or a negative errno. */
static int has_journal_mode(sqlite3 *db, const char *sql, const char *mode)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        int r;

        r = sqlite_prepare(db, sql, &stmt);
        if (r >= 0)
                r = sqlite_step(stmt);
        if (r <= 0)
                return r;
        return strcmp((const char *) sqlite3_column_text(stmt, 0) ?: "", mode) == 0;
}

static void close_database(Archive *a)
{
        for (size_t i = 0; i < N_ARCHIVE_QUERIES; i++)
                (void) sqlite3_finalize(TAKE_PTR(a->queries[i]));
        for (size_t i = 0; i < N_ARCHIVE_INSERTS; i++)
                (void) sqlite3_finalize(TAKE_PTR(a->inserts[i]));
        for (size_t i = 0; i < N_ARCHIVE_INSERTS; i++)
                (void) sqlite3_finalize(TAKE_PTR(a->selects[i]));
        if (a->db)
                sqlite_close(a->db);
        a->db = NULL;
}

static int open_database(Archive *a)
{
        int code, r;

        code = sqlite3_open_v2(a->path, &a->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
        if (code != SQLITE_OK)
                return sqlite_errno(a->db, code);
        (void) sqlite3_extended_result_codes(a->db, 1);
        (void) sqlite3_busy_timeout(a->db, 5000);
        r = archive_schema_prepare(a->db);
        if (r >= 0)
                r = sqlite_run(a->db, "PRAGMA cache_size = -10240; PRAGMA temp_store = MEMORY; "
                                      "PRAGMA trusted_schema = 0; PRAGMA secure_delete = 1; "
                                      "PRAGMA wal_autocheckpoint = 2000; "
                                      "PRAGMA journal_size_limit = 33554432");
        if (r >= 0)
                r = has_journal_mode(a->db, "PRAGMA journal_mode", "wal");
        if (r < 0)
                return r;
        a->filling = r == 0;
        return sqlite_run(a->db, a->filling ? "PRAGMA journal_mode = TRUNCATE; "
                                              "PRAGMA synchronous = FULL"
                                            : "PRAGMA synchronous = NORMAL");
}

static int describe_failure(const Archive *a, int error, char **reterr)
{
        if (error == -EPROTONOSUPPORT)
                format_error(reterr,
                             "The archive '%s' was made by a newer scrubjay (its schema is newer than "
                             "%d). It was left untouched: upgrade scrubjay, or set another [Archive] "
                             "Path=.",
                             a->path, ARCHIVE_SCHEMA_VERSION);
        else if (error == -EMEDIUMTYPE)
                format_error(reterr,
                             "'%s' is not a scrubjay archive. It was left untouched: set another "
                             "[Archive] Path=.",
                             a->path);
        else
                format_error(reterr, "Cannot use the archive '%s': %s.", a->path,
                             a->db ? sqlite_reason(a->db) : strerror(-error));
        return error;
}

/* What is remembered of the archive while it is open. */
static int load_state(Archive *a)
{
        int64_t has_tombstones;
        struct stat st;
        int r;

        if (stat(a->path, &st) < 0)
                return -errno;
        a->device = st.st_dev;
        a->inode = st.st_ino;
        r = sqlite_query_int(a->db, "SELECT value FROM meta WHERE key = 'change_seq'", &a->change);
        if (r >= 0) /* noted; counting a million takes milliseconds */
                r = sqlite_query_int(a->db, "SELECT value FROM meta WHERE key = 'n_cursors'",
                                     &a->n_cursors);
        if (r == 0)
                r = sqlite_query_int(a->db, "SELECT count(*) FROM cursors", &a->n_cursors);
        free(TAKE_PTR(a->moved_aside)); /* of the one that turned out to be damaged */
        if (r >= 0)
                r = archive_meta_get(a, "moved_aside", &a->moved_aside);
        if (r >= 0)
                r = sqlite_query_int(a->db, "SELECT EXISTS (SELECT 1 FROM session_deletes)",
                                     &has_tombstones);
        if (r >= 0)
                a->has_tombstones = has_tombstones != 0;
        return r < 0 ? r : 0;
}

/* Opens the file and looks for damage. Returns 1 (damaged: *@ret_problem says where), 0, or a negative errno. */
static int open_checked(Archive *a, char **ret_problem, char **reterr)
{
        int r;

        r = make_private(a->path);
        if (r < 0) {
                format_error(reterr, "Cannot open the archive '%s': %s.", a->path,
                             r == -EINVAL ? "not a regular file" : strerror(-r));
                return r;
        }
        r = archive_check_header(a->path, ret_problem);
        if (r > 0)
                return r;
        if (r >= 0)
                r = open_database(a);
        if (r >= 0 && (a->suspect || a->unclean))
                r = archive_check(a->db, a->suspect ? ARCHIVE_CHECK_FULL : ARCHIVE_CHECK_QUICK,
                                  ret_problem);
        if (r == 0)
                r = load_state(a);
        if (r == -EUCLEAN) {
                format_error(ret_problem, "%s", sqlite_reason(a->db));
                return 1;
        }
        return r < 0 ? describe_failure(a, r, reterr) : r;
}

/* The damaged file goes aside, and a new one takes its place. */
static int replace_damaged(Archive *a, const char *problem, char **reterr)
{
        _cleanup_free_ char *moved = NULL;
        int r;

        close_database(a);
        r = archive_move_aside(a->path, &moved);
        if (r == -EUCLEAN)
                format_error(reterr,
                             "The archive '%s' is damaged (%s), and %d damaged ones lie beside it "
                             "already. Check the disk and the memory, then move these away; it is "
                             "built anew from the source.",
                             a->path, problem, ARCHIVE_DAMAGED_MAX);
        else if (r < 0)
                format_error(reterr,
                             "The archive '%s' is damaged (%s) and cannot be moved aside: %s.",
                             a->path, problem, strerror(-r));
        if (r < 0)
                return r;
        r = make_private(a->path);
        if (r >= 0)
                r = open_database(a);
        if (r < 0)
                return describe_failure(a, r, reterr);
        a->change = (int64_t) now_usec(
                        CLOCK_REALTIME); /* more than changes can be made in the time */
        r = archive_meta_set_int(a, "change_seq", a->change);
        if (r >= 0)
                r = archive_meta_set(a, "moved_aside", moved);
        if (r >= 0)
                r = load_state(a);
        return r < 0 ? describe_failure(a, r, reterr) : 0;
}

int archive_open(const char *path, Archive **ret, char **reterr)
{
        _cleanup_(archive_closep) Archive *a = calloc(1, sizeof(*a));
        _cleanup_free_ char *problem = NULL;
        int r, damaged;

        if (!a)
                return -ENOMEM;
        a->lock_fd = -1;
        a->path = strdup(path);
        if (!a->path)
                return -ENOMEM;
        r = folder_make_parent(path);
        if (r < 0) {
                format_error(reterr, "Cannot make the folder of the archive '%s': %s.", path,
                             strerror(-r));
                return r;
        }
        r = take_lock(a, path, reterr);
        if (r < 0)
                return r;
        r = load_key(a, path, reterr);
        if (r < 0)
                return r;
        damaged = open_checked(a, &problem, reterr);
        if (damaged < 0)
                return damaged;
        if (damaged > 0) {
                r = replace_damaged(a, problem ?: "it cannot be read", reterr);
                if (r < 0)
                        return r;
        }
        a->suspect = a->unclean = false;
        *ret = TAKE_PTR(a);
        return damaged;
}

Archive *archive_close(Archive *a)
{
        if (!a)
                return NULL;
        close_database(a);
        arena_done(&a->arena);
        arena_done(&a->kept_texts);
        free(a->kept);
        free(a->moved_aside);
        if (a->lock_fd >= 0 && (a->suspect || !a->unclean))
                (void) write_lock(a, a->suspect ? LOCK_SUSPECT : "");
        a->lock_fd = fd_close(a->lock_fd);
        explicit_bzero(&a->key, sizeof(a->key));
        free(a->path);
        free(a);
        return NULL;
}

void archive_suspect(Archive *a)
{
        a->suspect = true;
}

bool archive_is_in_place(const Archive *a)
{
        struct stat st;

        return stat(a->path, &st) == 0 && st.st_dev == a->device && st.st_ino == a->inode;
}

const char *archive_moved_aside(const Archive *a)
{
        return a->moved_aside && access(a->moved_aside, F_OK) == 0 ? a->moved_aside : NULL;
}

const HashKey *archive_key(const Archive *a)
{
        return &a->key;
}

const char *archive_reason(Archive *a)
{
        return sqlite_reason(a->db);
}

/* Transactions */

int archive_begin(Archive *a)
{
        sqlite3_stmt *stmt = archive_query(a, ARCHIVE_BEGIN);

        a->change_at_begin = a->change;
        a->n_cursors_at_begin = a->n_cursors;
        return stmt ? sqlite_execute(stmt) : a->last_error;
}

int archive_commit(Archive *a)
{
        sqlite3_stmt *stmt = archive_query(a, ARCHIVE_COMMIT);
        int r = 0;

        if (a->n_kept > 0)
                r = archive_cursors_flush(a);
        if (r >= 0 && a->change != a->change_at_begin)
                r = archive_meta_set_int(a, "change_seq", a->change);
        if (r >= 0 && a->n_cursors != a->n_cursors_at_begin)
                r = archive_meta_set_int(a, "n_cursors", a->n_cursors);
        if (r < 0 || !stmt)
                return r < 0 ? r : a->last_error;
        return sqlite_execute(stmt);
}

void archive_rollback(Archive *a)
{
        archive_cursors_drop(a);
        if (sqlite3_get_autocommit(a->db))
                return;
        for (size_t i = 0; i < N_ARCHIVE_QUERIES; i++)
                (void) sqlite3_reset(a->queries[i]);
        (void) sqlite_run(a->db, "ROLLBACK");
        a->change = a->change_at_begin;
        a->n_cursors = a->n_cursors_at_begin;
}

bool archive_in_transaction(const Archive *a)
{
        return !sqlite3_get_autocommit(a->db);
}

int archive_wipe_traces(Archive *a)
{
        const char *path = sqlite3_db_filename(a->db, "main");
        int code = sqlite3_wal_checkpoint_v2(a->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        int r = sqlite_errno(a->db, code);

        return r < 0 ? r : search_index_remove(path);
}

int archive_end_filling(Archive *a)
{
        int r;

        if (!a->filling)
                return 0;
        r = has_journal_mode(a->db, "PRAGMA journal_mode = WAL", "wal");
        if (r > 0)
                r = sqlite_run(a->db, "PRAGMA synchronous = NORMAL");
        a->filling = r < 0;
        return r == -EBUSY ? 0 : r;
}

int archive_share(Archive *a)
{
        int r;

        if (a->shared)
                return 0;
        r = archive_end_filling(a);
        if (r >= 0)
                r = sqlite_run(a->db, "CREATE INDEX IF NOT EXISTS sessions_by_change ON sessions "
                                      "(change_seq)");
        a->shared = r >= 0 && !a->filling;
        return r;
}

void archive_release_memory(Archive *a)
{
        (void) sqlite3_db_release_memory(a->db);
        arena_done(&a->arena);
}

int64_t archive_n_changes(const Archive *a)
{
        return sqlite3_total_changes64(a->db);
}

int64_t archive_next_change(Archive *a)
{
        return ++a->change;
}

/* meta */

int archive_meta_get(Archive *a, const char *key, char **ret)
{
        sqlite3_stmt *stmt = NULL;
        int r;

        r = archive_query_for(a, ARCHIVE_META_GET, key, strlen(key), &stmt);
        if (r < 0)
                return r;
        r = sqlite_step(stmt);
        if (r > 0) {
                const char *text = (const char *) sqlite3_column_text(stmt, 0);
                char *copy = strdup(text ?: "");

                if (copy)
                        *ret = copy;
                else
                        r = -ENOMEM;
        }
        (void) sqlite3_reset(stmt);
        return r;
}

int64_t archive_meta_get_int(Archive *a, const char *key, int64_t fallback)
{
        sqlite3_stmt *stmt = NULL;

        if (archive_query_for(a, ARCHIVE_META_GET, key, strlen(key), &stmt) < 0)
                return fallback;
        if (sqlite_step(stmt) > 0)
                fallback = sqlite3_column_int64(stmt, 0);
        (void) sqlite3_reset(stmt);
        return fallback;
}

int archive_meta_set(Archive *a, const char *key, const char *value)
{
        sqlite3_stmt *stmt = NULL;
        int r;

        r = archive_query_for(a, ARCHIVE_META_SET, key, strlen(key), &stmt);
        if (r < 0)
                return r;
        (void) sqlite_bind_text(stmt, 2, value, strlen(value));
        return sqlite_execute(stmt);
}

int archive_meta_set_int(Archive *a, const char *key, int64_t value)
{
        sqlite3_stmt *stmt = NULL;
        int r;

        r = archive_query_for(a, ARCHIVE_META_SET, key, strlen(key), &stmt);
        if (r < 0)
                return r;
        (void) sqlite3_bind_int64(stmt, 2, value);
        return sqlite_execute(stmt);
}
