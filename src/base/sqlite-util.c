/* SQLite, the way this project speaks to it */
#include "base/sqlite-util.h"

#include <string.h>
#include <sys/stat.h>

void sqlite_setup(void)
{
        (void) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int file_error(sqlite3_file *file)
{
        int error = 0;

        if (!file || !file->pMethods ||
            file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error) != SQLITE_OK)
                return 0;
        return error;
}

/* The operating system's error that an I/O error comes from. SQLite forgets it when a commit fails; its files remember. */
static int system_error_of(sqlite3 *db, int code)
{
        sqlite3_file *file = NULL;
        int error;

        if (!db || ((code & 0xff) != SQLITE_IOERR && (code & 0xff) != SQLITE_CANTOPEN))
                return 0;
        error = sqlite3_system_errno(db);
        if (error > 0 || (code & 0xff) != SQLITE_IOERR)
                return error;
        if (sqlite3_file_control(db, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK)
                error = file_error(file);
        if (error == 0 &&
            sqlite3_file_control(db, NULL, SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK)
                error = file_error(file);
        return error;
}

int sqlite_errno(sqlite3 *db, int code)
{
        int system_error = system_error_of(db, code);

        switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_CORRUPT:
        case SQLITE_FORMAT:
                return -EUCLEAN;
        case SQLITE_NOTADB:
                return -EMEDIUMTYPE;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_CANTOPEN:
                return system_error > 0 ? -system_error : -ENOENT;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_TOOBIG:
                return -EFBIG;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_INTERRUPT:
        case SQLITE_ABORT:
                return -ECANCELED;
        case SQLITE_CONSTRAINT:
                return -EEXIST;
        case SQLITE_IOERR:
                return system_error > 0 ? -system_error : -EIO;
        default:
                return -EIO;
        }
}

/* SQLite quotes names from the file's schema; in a broken or hostile file these can be anything. */
static bool is_plain(const char *text)
{
        size_t n = 0;

        for (; text[n]; n++)
                if (text[n] < ' ' || text[n] > '~' || n >= 200)
                        return false;
        return n > 0;
}

const char *sqlite_reason(sqlite3 *db)
{
        int error, code;

        if (!db)
                return "out of memory";
        code = sqlite3_errcode(db);
        error = system_error_of(db, code);
        if (error > 0)
                return strerror(error);
        if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB ||
            !is_plain(sqlite3_errmsg(db)))
                return sqlite3_errstr(code);
        return sqlite3_errmsg(db);
}

int sqlite_run(sqlite3 *db, const char *sql)
{
        return sqlite_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int sqlite_runf(sqlite3 *db, const char *format, ...)
{
        _cleanup_free_ char *sql = NULL;
        va_list ap;

        va_start(ap, format);
        sql = xvasprintf(format, ap);
        va_end(ap);
        return sqlite_run(db, sql);
}

/* Why the last statement that is NULL could not be made. */
static _Thread_local int why_not_made = -EINVAL;

sqlite3_stmt *sqlite_make(sqlite3 *db, const char *sql)
{
        sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);

        if (code != SQLITE_OK)
                why_not_made = sqlite_errno(db, code);
        return stmt;
}

int sqlite_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
        *ret = sqlite_make(db, sql);
        return *ret ? 0 : why_not_made;
}

int sqlite_preparef(sqlite3 *db, sqlite3_stmt **ret, const char *format, ...)
{
        _cleanup_free_ char *sql = NULL;
        va_list ap;

        va_start(ap, format);
        sql = xvasprintf(format, ap);
        va_end(ap);
        return sqlite_prepare(db, sql, ret);
}

sqlite3_stmt *sqlite_keep(sqlite3 *db, const char *sql, sqlite3_stmt **stmt)
{
        if (*stmt)
                (void) sqlite3_reset(*stmt);
        else
                *stmt = sqlite_make(db, sql);
        return *stmt;
}

void sqlite_reset_all(sqlite3_stmt *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                (void) sqlite3_reset(list[i]);
}

void sqlite_finalize_all(sqlite3_stmt **list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                (void) sqlite3_finalize(TAKE_PTR(list[i]));
}

int sqlite_step(sqlite3_stmt *stmt)
{
        int code;

        if (!stmt)
                return why_not_made;
        code = sqlite3_step(stmt);
        if (code == SQLITE_ROW)
                return 1;
        if (code == SQLITE_DONE)
                return 0;
        return sqlite_errno(sqlite3_db_handle(stmt), code);
}

int sqlite_exists(sqlite3_stmt *stmt)
{
        int r = sqlite_step(stmt);

        (void) sqlite3_reset(stmt);
        return r;
}

int sqlite_execute(sqlite3_stmt *stmt)
{
        int r = sqlite_exists(stmt);

        return r < 0 ? r : 0;
}

int sqlite_query_int(sqlite3 *db, const char *sql, int64_t *ret)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(db, sql);
        int r = sqlite_step(stmt);

        if (r > 0)
                *ret = sqlite3_column_int64(stmt, 0);
        return r;
}

int sqlite_query_intf(sqlite3 *db, int64_t *ret, const char *format, ...)
{
        _cleanup_free_ char *sql = NULL;
        va_list ap;

        va_start(ap, format);
        sql = xvasprintf(format, ap);
        va_end(ap);
        return sqlite_query_int(db, sql, ret);
}

static int check_file(const char *path, const char *suffix)
{
        _cleanup_free_ char *file = xasprintf("%s%s", path, suffix);
        struct stat st;

        if (stat(file, &st) < 0)
                return errno == ENOENT && *suffix ? 0 : -errno;
        if (S_ISREG(st.st_mode))
                return 0;
        return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
}

int sqlite_check_files(const char *path)
{
        static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(suffixes); i++)
                r = check_file(path, suffixes[i]);
        return r;
}

int sqlite_harden(sqlite3 *db)
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
        return sqlite_run(db, "PRAGMA mmap_size = 0; PRAGMA cell_size_check = 1");
}

int sqlite_identify(sqlite3 *db, SqliteIdentity *ret)
{
        SqliteIdentity found = { 0 };
        int r;

        r = sqlite_query_int(db, "PRAGMA application_id", &found.application_id);
        if (r >= 0)
                r = sqlite_query_int(db, "PRAGMA user_version", &found.version);
        if (r >= 0)
                r = sqlite_query_int(db, "SELECT count(*) FROM sqlite_schema", &found.n_objects);
        if (r < 0)
                return r;
        *ret = found;
        return 0;
}

int sqlite_take_texts(sqlite3_stmt *stmt, char **ret, size_t max)
{
        size_t n = 0;
        int r = 0;

        while (n < max && (r = sqlite_step(stmt)) > 0) {
                const char *text = (const char *) sqlite3_column_text(stmt, 0);

                ret[n++] = xstrdup(text ?: "");
        }
        (void) sqlite3_reset(stmt);
        if (r >= 0)
                return (int) n;
        while (n > 0)
                free(ret[--n]);
        return r;
}
