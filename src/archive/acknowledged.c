/* Acknowledged: the secrets that a person has dealt with */
#include "archive/acknowledged.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/archive-key.h"
#include "base/file-util.h"
#include "base/sqlite-util.h"
#include "base/time-util.h"

#define APPLICATION_ID 0x534a4143 /* "SJAC" */
#define VERSION        2
#define BUSY_MSEC      5000

/* Of a million secrets. */
#define SIZE_MAX_BYTES ((off_t) 64 * 1024 * 1024)

#define COLUMNS      "(fingerprint INTEGER PRIMARY KEY, acknowledged_at TEXT, note TEXT)"
#define ACKNOWLEDGED "CREATE TABLE acknowledged " COLUMNS
#define MADE_WITH    "CREATE TABLE made_with (key INTEGER)"

struct Acknowledged {
        sqlite3 *db;
        sqlite3_stmt *put, *remove;
};

static char *list_path(const char *archive_path)
{
        return xasprintf("%s.acknowledged", archive_path);
}

/* The file there may be anybody's. Returns 0, -ENOENT, -ELOOP, -EISDIR, -EINVAL, -EFBIG or another negative errno. */
static int check_file(const char *path)
{
        struct stat st;
        int r = sqlite_check_files(path);

        if (r < 0)
                return r;
        if (lstat(path, &st) < 0)
                return -errno;
        return S_ISLNK(st.st_mode) ? -ELOOP : st.st_size > SIZE_MAX_BYTES ? -EFBIG : 0;
}

/* Only what we made ourselves is read: a view, a trigger, a check are SQL of another's, and may never end. Returns the version,
 * 0 (it is empty), -EMEDIUMTYPE, -EPROTONOSUPPORT or another negative errno. */
static int check_schema(sqlite3 *db)
{
        SqliteIdentity is;
        int64_t n_known = 0;
        int r;

        r = sqlite_identify(db, &is);
        if (r < 0)
                return r;
        if (is.n_objects == 0)
                return 0;
        if (is.application_id != APPLICATION_ID)
                return -EMEDIUMTYPE;
        if (is.version > VERSION)
                return -EPROTONOSUPPORT;
        r = sqlite_query_int(db,
                             "SELECT count(*) FROM sqlite_schema WHERE sql IN ('" ACKNOWLEDGED
                             "', '" MADE_WITH "')",
                             &n_known);
        if (r < 0)
                return r;
        return is.version > 0 && n_known == is.n_objects && is.n_objects == is.version
                               ? (int) is.version
                               : -EMEDIUMTYPE;
}

/* Fingerprints mean nothing beside a key that did not make them. Returns 0, -EXDEV or another negative errno. */
static int check_key(sqlite3 *db, int version, const char *archive_path, int64_t *ret_mark)
{
        HashKey key;
        int64_t mark = 0;
        int r = archive_read_key(archive_path, &key);

        if (r < 0)
                return r == -ENOENT || r == -EACCES ? 0 : r; /* an archive that was given away */
        *ret_mark = (int64_t) hash_bytes(&key, "acknowledged", strlen("acknowledged"));
        explicit_bzero(&key, sizeof(key));
        if (version < 2)
                return 0;
        r = sqlite_query_int(db, "SELECT key FROM made_with", &mark);
        return r < 0 ? r : r > 0 && mark && mark != *ret_mark ? -EXDEV : 0;
}

/* Opens the list at @path. Returns its version, 0 (an empty file), -ENOENT, -EMEDIUMTYPE, -EPROTONOSUPPORT, -EUCLEAN or
 * another negative errno. */
static int open_list(const char *path, int flags, const char *begin, sqlite3 **ret)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;
        int64_t is_whole = 0;
        int version, r;

        r = check_file(path);
        if (r < 0)
                return r;
        r = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
        if (r != SQLITE_OK)
                return sqlite_errno(db, r);
        (void) sqlite3_busy_timeout(db, BUSY_MSEC);
        r = sqlite_harden(db);
        if (r >= 0)
                r = sqlite_run(db, begin);
        version = r >= 0 ? check_schema(db) : r;
        if (version < 0) /* a -journal that a kill left waits for somebody who may write */
                return sqlite3_extended_errcode(db) == SQLITE_READONLY_ROLLBACK ? -EINPROGRESS
                                                                                : version;
        /* it is small; and what a damaged page says must not close anything */
        r = sqlite_query_int(db, "SELECT quick_check = 'ok' FROM pragma_quick_check LIMIT 1",
                             &is_whole);
        if (r < 0 || !is_whole)
                return r < 0 ? r : -EUCLEAN;
        *ret = TAKE_PTR(db);
        return version;
}

static void explain(char **reterr, const char *path, int r)
{
        format_error(reterr, "The list of acknowledged secrets '%s' cannot be used: %s.", path,
                     r == -EMEDIUMTYPE       ? "it is another file"
                     : r == -EPROTONOSUPPORT ? "a newer scrubjay made it"
                     : r == -EUCLEAN         ? "it is damaged"
                     : r == -EBUSY           ? "another program has it locked"
                     : r == -ELOOP           ? "it is a symbolic link"
                     : r == -EINVAL          ? "it is not a regular file"
                     : r == -EXDEV ? "it was made with another fingerprint.key, for another archive"
                                   : strerror(-r));
}

/* Returns 0; -EUCLEAN: a row is not one that we write. */
static int copy_rows(sqlite3 *from, sqlite3 *to)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *select = NULL, *insert = NULL;
        int r;

        r = sqlite_prepare(from, "SELECT fingerprint, acknowledged_at, note FROM acknowledged",
                           &select);
        if (r >= 0)
                r = sqlite_prepare(to, "INSERT INTO temp.acknowledged VALUES (?1, ?2, ?3)",
                                   &insert);
        while (r >= 0 && (r = sqlite_step(select)) > 0) {
                const char *at = (const char *) sqlite3_column_text(select, 1);
                uint64_t usec;

                if (!at || parse_timestamp(at, &usec) < 0 ||
                    sqlite3_column_type(select, 2) == SQLITE_BLOB)
                        return -EUCLEAN;
                for (int i = 0; i < 3; i++)
                        (void) sqlite3_bind_value(insert, i + 1, sqlite3_column_value(select, i));
                r = sqlite_execute(insert);
        }
        return r;
}

/* Copies the list: no reader keeps a writer waiting. Returns 0, -ENOENT or another negative errno. */
static int load(const char *archive_path, const char *path, sqlite3 *db)
{
        _cleanup_(sqlite_closep) sqlite3 *list = NULL;
        int64_t mark = 0;
        int version, r;

        version = open_list(path, SQLITE_OPEN_READONLY, "BEGIN", &list);
        if (version == -EINPROGRESS)
                version = open_list(path, SQLITE_OPEN_READWRITE, "BEGIN", &list);
        if (version <= 0)
                return version;
        r = check_key(list, version, archive_path, &mark);
        return r < 0 ? r : copy_rows(list, db);
}

int acknowledged_attach(sqlite3 *db, const char *archive_path, char **reterr)
{
        _cleanup_free_ char *path = list_path(archive_path);
        int r;

        r = sqlite_run(db, "PRAGMA temp_store = MEMORY; CREATE TEMP TABLE acknowledged " COLUMNS);
        if (r >= 0)
                r = sqlite_run(db, "SAVEPOINT acknowledged");
        if (r < 0)
                return r;
        r = load(archive_path, path, db);
        if (r < 0) {
                (void) sqlite_run(db, "ROLLBACK TO acknowledged");
                if (r != -ENOENT && r != -ENOMEM)
                        explain(reterr, path, r);
        }
        (void) sqlite_run(db, "RELEASE acknowledged");
        return r == -ENOMEM ? r : 0;
}

/* Made private before SQLite comes, so that its -journal is, too. */
static int make_file(const char *path)
{
        _cleanup_close_ int fd = -1;
        int r = check_file(path);

        if (r == -ENOENT) {
                fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
                r = fd < 0 ? -errno : 0;
        }
        if (r >= 0)
                r = path_make_private(path);
        return r < 0 ? r : 0;
}

/* Makes of @version what we write today. */
static int bring_up(sqlite3 *db, int version, int64_t mark)
{
        int r = 0;

        if (version == 0)
                r = sqlite_run(db, ACKNOWLEDGED);
        if (r >= 0 && version < 2)
                r = sqlite_runf(db, MADE_WITH "; INSERT INTO made_with VALUES (%" PRId64 ")", mark);
        if (r >= 0 && version < VERSION)
                r = sqlite_runf(db, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                                APPLICATION_ID, VERSION);
        return r;
}

int acknowledged_open(const char *archive_path, Acknowledged **ret, char **reterr)
{
        _cleanup_(acknowledged_closep) Acknowledged *l = xcalloc(1, sizeof(*l));
        _cleanup_free_ char *path = list_path(archive_path);
        int64_t mark = 0;
        int version = 0, r;

        r = make_file(path);
        if (r >= 0)
                r = version = open_list(path, SQLITE_OPEN_READWRITE, "BEGIN IMMEDIATE", &l->db);
        if (r >= 0)
                r = check_key(l->db, version, archive_path, &mark);
        if (r >= 0)
                r = bring_up(l->db, version, mark);
        if (r >= 0)
                r = sqlite_prepare(
                                l->db,
                                "INSERT INTO acknowledged VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET note = excluded.note "
                                "WHERE excluded.note IS NOT NULL AND excluded.note IS NOT note",
                                &l->put);
        if (r >= 0)
                r = sqlite_prepare(l->db, "DELETE FROM acknowledged WHERE fingerprint = ?1",
                                   &l->remove);
        if (r < 0) {
                explain(reterr, path, r);
                return r;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

Acknowledged *acknowledged_close(Acknowledged *l)
{
        if (!l)
                return NULL;
        (void) sqlite3_finalize(l->put);
        (void) sqlite3_finalize(l->remove);
        sqlite_close(l->db);
        free(l);
        return NULL;
}

int acknowledged_put(Acknowledged *l, uint64_t fingerprint, const char *note)
{
        char now[TIMESTAMP_MAX];
        int r;

        (void) format_timestamp(now, now_usec(CLOCK_REALTIME));
        (void) sqlite3_bind_int64(l->put, 1, (int64_t) fingerprint);
        (void) sqlite_bind_text(l->put, 2, now, strlen(now));
        (void) sqlite_bind_text(l->put, 3, note, note ? strlen(note) : 0);
        r = sqlite_execute(l->put);
        return r < 0 ? r : sqlite3_changes(l->db) > 0;
}

int acknowledged_remove(Acknowledged *l, uint64_t fingerprint)
{
        int r;

        (void) sqlite3_bind_int64(l->remove, 1, (int64_t) fingerprint);
        r = sqlite_execute(l->remove);
        return r < 0 ? r : sqlite3_changes(l->db) > 0;
}

int acknowledged_commit(Acknowledged *l)
{
        return sqlite_run(l->db, "COMMIT");
}

const char *acknowledged_reason(Acknowledged *l)
{
        return sqlite_reason(l->db);
}
