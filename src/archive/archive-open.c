/* Opening the archive: its lock, its key, damage, how it is filled; and closing */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "archive/archive-damage.h"
#include "archive/archive-internal.h"
#include "archive/archive-key.h"
#include "archive/archive-schema.h"
#include "base/file-util.h"
#include "base/time-util.h"

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
        _cleanup_free_ char *lock_path = xasprintf("%s.lock", path), *text = NULL;
        _cleanup_close_ int fd = -1;
        char pid[32];
        int r;

        fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
                int saved = errno;

                format_error(reterr, "Cannot create the lock file '%s': %s.", lock_path,
                             strerror(saved));
                return -saved;
        }
        r = flock(fd, LOCK_EX | LOCK_NB);
        (void) file_read(lock_path, 64, &text, NULL);
        if (r < 0) {
                format_error(reterr,
                             "The archive '%s' is in use by another scrubjayd (process %.20s). Use "
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

/* Keeps others out of @path, which is ours; a file that does not exist is fine. */
static int make_private(Archive *a, const char *path)
{
        int r = path_make_private(path);

        if (r > 0 && !a->mended)
                a->mended = xstrdup(path);
        return r == -ENOENT || r > 0 ? 0 : r;
}

static int load_key(Archive *a, const char *path, char **reterr)
{
        _cleanup_free_ char *key_path = archive_key_path(path);
        int r;

        r = key_file_load(key_path, &a->key);
        if (r >= 0)
                r = make_private(a, key_path);
        if (r == -EBADMSG)
                format_error(reterr,
                             "'%s' is not a key of 16 bytes. Move it aside: a new key is made, and "
                             "every session is masked again.",
                             key_path);
        else if (r < 0)
                format_error(reterr, "Cannot use the key file '%s': %s.", key_path, strerror(-r));
        return r < 0 ? r : 0;
}

/* Created with mode 0600 before SQLite opens it, so that its -wal and -shm are just as private, whatever the umask. An existing
 * one was checked before, see look_first(). */
static int make_files(Archive *a)
{
        static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
        _cleanup_close_ int fd = open(a->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        int r = fd < 0 ? -errno : 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(suffixes); i++) {
                _cleanup_free_ char *file = xasprintf("%s%s", a->path, suffixes[i]);

                r = make_private(a, file);
        }
        return r;
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

/* Whose file is it? Asked of a connection that cannot write. Returns 1 (ours), 0 (nobody's: it is empty), -EMEDIUMTYPE
 * (somebody else's) or another negative errno. */
static int identify(const char *path)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;
        SqliteIdentity is;
        int r;

        r = sqlite_errno(NULL, sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL));
        if (r >= 0)
                r = sqlite_identify(db, &is);
        if (r < 0)
                return r;
        if (is.application_id == 0 && is.n_objects == 0)
                return 0;
        return is.application_id == ARCHIVE_APPLICATION_ID ? 1 : -EMEDIUMTYPE;
}

/*
 * Nothing of what lies at @path or beside it is touched before this says that it is an archive, or nothing yet: it may be
 * agentsview's own database. An empty file with a second name may be that of a database whose content is still in its
 * log, which SQLite looks for beside the other name.
 */
static int look_first(const Archive *a, char **reterr)
{
        _cleanup_free_ char *problem = NULL;
        struct stat st;
        int r;

        if (stat(a->path, &st) < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        if (!S_ISREG(st.st_mode)) {
                format_error(reterr, "Cannot open the archive '%s': not a regular file.", a->path);
                return -EINVAL;
        }
        r = identify(a->path);
        if (r == 0 && st.st_nlink > 1) {
                format_error(reterr,
                             "The file '%s' is empty and has another name (a hard link), so it may "
                             "belong to somebody else. It was left untouched: set another [Archive] Path=.",
                             a->path);
                return -EMLINK;
        }
        if (r != -EMEDIUMTYPE || archive_check_header(a->path, &problem) > 0)
                return 0; /* ours, or damaged: whoever opens it says so */
        return describe_failure(a, r, reterr);
}

/* Keeps others out of the folder, which holds the key, too, and the search index. */
static int close_folder(Archive *a, char **reterr)
{
        _cleanup_free_ char *folder = path_folder(a->path);
        int r;

        r = folder_make_private(folder);
        if (r > 0)
                a->mended = TAKE_PTR(folder);
        if (r == -EPERM)
                format_error(reterr,
                             "Others have access to the folder '%s' of the archive, and it is your "
                             "home folder or not yours alone: set [Archive] Path= to a file in a "
                             "folder of its own.",
                             folder);
        else if (r < 0)
                format_error(reterr,
                             "Cannot keep others out of the folder of the archive '%s': %s.",
                             a->path, strerror(-r));
        return r < 0 ? r : 0;
}

/* Returns 1 if @sql, which asks for the journal mode or sets it, answers with @mode; 0 or a negative errno. */
static int has_journal_mode(sqlite3 *db, const char *sql, const char *mode)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(db, sql);
        int r = sqlite_step(stmt);

        if (r <= 0)
                return r;
        return strcmp((const char *) sqlite3_column_text(stmt, 0) ?: "", mode) == 0;
}

static void close_database(Archive *a)
{
        sqlite_finalize_all(a->queries, ELEMENTSOF(a->queries));
        sqlite_finalize_all(a->inserts, ELEMENTSOF(a->inserts));
        sqlite_finalize_all(a->selects, ELEMENTSOF(a->selects));
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

/* What is remembered of the archive while it is open. */
static int load_state(Archive *a)
{
        int64_t has_tombstones = 0;
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

        r = make_files(a);
        if (r < 0) {
                format_error(reterr, "Cannot open the archive '%s': %s.", a->path, strerror(-r));
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

/* The damaged file is moved aside, and a new one replaces it. */
static int replace_damaged(Archive *a, const char *problem, char **reterr)
{
        _cleanup_free_ char *moved = NULL;
        int r;

        close_database(a);
        r = archive_move_aside(a->path, &moved);
        if (r == -EUCLEAN)
                format_error(reterr,
                             "The archive '%s' is damaged (%s), and there are already %d damaged "
                             "ones beside it. Check the disk and the memory, then move these away; "
                             "the archive is then rebuilt from the source.",
                             a->path, problem, ARCHIVE_DAMAGED_MAX);
        else if (r < 0)
                format_error(reterr,
                             "The archive '%s' is damaged (%s) and cannot be moved aside: %s.",
                             a->path, problem, strerror(-r));
        if (r < 0)
                return r;
        r = make_files(a);
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
        _cleanup_(archive_closep) Archive *a = xcalloc(1, sizeof(*a));
        _cleanup_free_ char *problem = NULL;
        int r, damaged;

        a->lock_fd = -1;
        a->path = xstrdup(path);
        r = look_first(a, reterr);
        if (r < 0)
                return r;
        r = folder_make_parent(path);
        if (r < 0) {
                format_error(reterr, "Cannot create the folder of the archive '%s': %s.", path,
                             strerror(-r));
                return r;
        }
        r = close_folder(a, reterr);
        if (r >= 0)
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
        free(a->mended);
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

char *archive_take_mended(Archive *a)
{
        return TAKE_PTR(a->mended);
}

const HashKey *archive_key(const Archive *a)
{
        return &a->key;
}

const char *archive_reason(Archive *a)
{
        return sqlite_reason(a->db);
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
