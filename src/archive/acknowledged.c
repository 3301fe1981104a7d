/* Acknowledged: the secrets that a person has dealt with */
#include "archive/acknowledged.h"

#include <fcntl.h>
#include <string.h>

#include "base/file-util.h"
#include "base/sqlite-util.h"
#include "base/time-util.h"

#define APPLICATION_ID 0x534a4143 /* "SJAC" */
#define VERSION        1
#define BUSY_MSEC      5000

#define COLUMNS "(fingerprint INTEGER PRIMARY KEY, acknowledged_at TEXT, note TEXT)"

struct Acknowledged {
        sqlite3 *db;
        sqlite3_stmt *put, *remove;
};

static char *list_path(const char *archive_path)
{
        char *path;

        return asprintf(&path, "%s.acknowledged", archive_path) < 0 ? NULL : path;
}

/* Opens the list at @path. Returns 1 (it is one), 0 (an empty file), -ENOENT, -EMEDIUMTYPE, -EPROTONOSUPPORT, -EUCLEAN or
 * another negative errno. */
static int open_list(const char *path, int flags, const char *begin, sqlite3 **ret)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;
        SqliteIdentity is;
        int64_t is_whole = 0;
        int r;

        r = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
        if (r != SQLITE_OK)
                return sqlite_errno(db, r);
        (void) sqlite3_busy_timeout(db, BUSY_MSEC);
        r = sqlite_run(db, begin);
        if (r >= 0)
                r = sqlite_identify(db, &is);
        if (r < 0) /* a -journal that a kill left waits for somebody who may write */
                return sqlite3_extended_errcode(db) == SQLITE_READONLY_ROLLBACK ? -EINPROGRESS : r;
        if (is.n_objects > 0 && is.application_id != APPLICATION_ID)
                return -EMEDIUMTYPE;
        if (is.version > VERSION)
                return -EPROTONOSUPPORT;
        /* it is small; and what a damaged page says must not close anything */
        r = sqlite_query_int(db, "SELECT quick_check = 'ok' FROM pragma_quick_check(1)", &is_whole);
        if (r < 0 || !is_whole)
                return r < 0 ? r : -EUCLEAN;
        *ret = TAKE_PTR(db);
        return is.n_objects > 0;
}

static void explain(char **reterr, const char *path, int r)
{
        format_error(reterr, "The list of acknowledged secrets '%s' cannot be used: %s.", path,
                     r == -EMEDIUMTYPE       ? "it is another file"
                     : r == -EPROTONOSUPPORT ? "a newer scrubjay made it"
                     : r == -EUCLEAN         ? "it is damaged"
                     : r == -EBUSY           ? "another program has it locked"
                                             : strerror(-r));
}

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
                for (int i = 0; i < 3; i++)
                        (void) sqlite3_bind_value(insert, i + 1, sqlite3_column_value(select, i));
                r = sqlite_execute(insert);
        }
        return r;
}

/* Copies the list: no reader keeps a writer waiting. Returns 0, -ENOENT or another negative errno. */
static int load(const char *path, sqlite3 *db)
{
        _cleanup_(sqlite_closep) sqlite3 *list = NULL;
        int r;

        r = open_list(path, SQLITE_OPEN_READONLY, "BEGIN", &list);
        if (r == -EINPROGRESS)
                r = open_list(path, SQLITE_OPEN_READWRITE, "BEGIN", &list);
        return r > 0 ? copy_rows(list, db) : r;
}

int acknowledged_attach(sqlite3 *db, const char *archive_path, char **reterr)
{
        _cleanup_free_ char *path = list_path(archive_path);
        int r;

        if (!path)
                return -ENOMEM;
        r = sqlite_run(db, "PRAGMA temp_store = MEMORY; CREATE TEMP TABLE acknowledged " COLUMNS);
        if (r < 0 || access(path, F_OK) < 0)
                return r;
        r = sqlite_run(db, "SAVEPOINT acknowledged");
        if (r < 0)
                return r;
        r = load(path, db);
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
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        int r = fd < 0 ? -errno : path_make_private(path);

        return r < 0 ? r : 0;
}

int acknowledged_open(const char *archive_path, Acknowledged **ret, char **reterr)
{
        _cleanup_(acknowledged_closep) Acknowledged *l = calloc(1, sizeof(*l));
        _cleanup_free_ char *path = list_path(archive_path);
        int r;

        if (!l || !path)
                return -ENOMEM;
        r = make_file(path);
        if (r >= 0)
                r = open_list(path, SQLITE_OPEN_READWRITE, "BEGIN IMMEDIATE", &l->db);
        if (r == 0)
                r = sqlite_runf(l->db,
                                "CREATE TABLE acknowledged " COLUMNS
                                "; PRAGMA application_id = %d; PRAGMA user_version = %d",
                                APPLICATION_ID, VERSION);
        if (r >= 0)
                r = sqlite_prepare(l->db, "INSERT OR REPLACE INTO acknowledged VALUES (?1, ?2, ?3)",
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

        (void) format_timestamp(now, now_usec(CLOCK_REALTIME));
        (void) sqlite3_bind_int64(l->put, 1, (int64_t) fingerprint);
        (void) sqlite_bind_text(l->put, 2, now, strlen(now));
        (void) sqlite_bind_text(l->put, 3, note, note ? strlen(note) : 0);
        return sqlite_execute(l->put);
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
