/*
 * SQLite, the way this project speaks to it
 *
 * The one place where SQLite's result codes become errnos, and where statements are made.
 */
#pragma once

#include <sqlite3.h>

#include "base/strbuf.h"

DEFINE_CLEANUP(sqlite3_stmt *, sqlite3_finalize)

static inline void sqlite_close(sqlite3 *db)
{
        (void) sqlite3_close_v2(db);
}

DEFINE_CLEANUP(sqlite3 *, sqlite_close)

/* Sets SQLite up for this process, before it is used at all: no statistics of its memory, which take a lock for each
 * allocation. */
void sqlite_setup(void);

/*
 * The errno of a SQLite result code: SQLITE_OK, ROW and DONE are 0; BUSY and LOCKED -EBUSY; CORRUPT -EUCLEAN; NOTADB
 * -EMEDIUMTYPE; FULL -ENOSPC; CANTOPEN -ENOENT; READONLY -EROFS; PERM and AUTH -EACCES; TOOBIG -EFBIG; NOMEM -ENOMEM;
 * IOERR and all others -EIO. @db may be NULL; where it is given, the operating system's own error is preferred.
 */
int sqlite_errno(sqlite3 *db, int code);

/* Why the last call on @db failed, in the system's words where it was the system, else in SQLite's: names and SQL, never
 * row content. What a damaged file says of itself is not repeated, for a page of text can stand where its schema was. */
const char *sqlite_reason(sqlite3 *db);

/* Runs SQL that gives no rows (several statements are fine). Returns 0 or a negative errno. */
int sqlite_run(sqlite3 *db, const char *sql);
int sqlite_runf(sqlite3 *db, const char *format, ...) _printf_(2, 3);

/*
 * Prepares a statement. It may be NULL, and needs no look before it is used: binding to NULL does nothing, and sqlite_step() of
 * it says why this thread's last one could not be made.
 */
sqlite3_stmt *sqlite_make(sqlite3 *db, const char *sql);

/* A table of statements that are kept: makes *@stmt of @sql where it is NULL, else resets it. Returns it. */
sqlite3_stmt *sqlite_keep(sqlite3 *db, const char *sql, sqlite3_stmt **stmt);

/* The same as sqlite_make() for who looks at once. Returns 0 or a negative errno; the caller owns *@ret. */
int sqlite_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret);
int sqlite_preparef(sqlite3 *db, sqlite3_stmt **ret, const char *format, ...) _printf_(3, 4);

void sqlite_reset_all(sqlite3_stmt *const *list, size_t n);
void sqlite_finalize_all(sqlite3_stmt **list, size_t n); /* each is NULL afterwards */

/* Steps: 1 = a row, 0 = done, negative errno = failed. The statement is not reset. */
int sqlite_step(sqlite3_stmt *stmt);

/* Steps it once, and resets it: 1 = there is a row, 0 = none, negative errno = failed. */
int sqlite_exists(sqlite3_stmt *stmt);

/* The same for a statement that gives no rows. Returns 0 or a negative errno. */
int sqlite_execute(sqlite3_stmt *stmt);

/* The first column of the first row of @sql as integer. Returns 1 (there is one), 0 (no row), or a negative errno. */
int sqlite_query_int(sqlite3 *db, const char *sql, int64_t *ret);
int sqlite_query_intf(sqlite3 *db, int64_t *ret, const char *format, ...) _printf_(3, 4);

/* Before a file of others is opened: opening a FIFO in its place, or in that of its -journal, would wait for ever. Returns 0,
 * -ENOENT (no such database), -EISDIR, -EINVAL (not regular files) or what stat() says. */
int sqlite_check_files(const char *path);

/* After a file of others is opened: its schema is not trusted, and there is no memory map (a truncated file would be a SIGBUS).
 * Returns 0 or a negative errno. */
int sqlite_harden(sqlite3 *db);

/* What tells whose file a database is. */
typedef struct SqliteIdentity {
        int64_t application_id;
        int64_t version;   /* PRAGMA user_version */
        int64_t n_objects; /* tables, indexes and the like; 0: it is empty */
} SqliteIdentity;

/* Returns 0 or a negative errno. */
int sqlite_identify(sqlite3 *db, SqliteIdentity *ret);

/* Takes the first column of the rows of @stmt that are still to come, at most @max of them; resets it. The texts are the
 * caller's ("" for NULL). Returns how many, or a negative errno with none. */
int sqlite_take_texts(sqlite3_stmt *stmt, char **ret, size_t max);

/* Binds text that must live until the statement is reset. NULL binds NULL. */
static inline int sqlite_bind_text(sqlite3_stmt *stmt, int index, const char *text, size_t n)
{
        if (!text)
                return sqlite3_bind_null(stmt, index);
        return sqlite3_bind_text64(stmt, index, text, n, SQLITE_STATIC, SQLITE_UTF8);
}
