/*
 * A damaged archive: found, kept beside, never written over
 *
 * What is damaged is renamed, with its time, so that a person can look into it; a new archive is built from the source.
 */
#pragma once

#include "base/sqlite-util.h"

/* How many damaged archives may lie beside the one in use. One more is refused: then it is the disk. */
#define ARCHIVE_DAMAGED_MAX 3

typedef enum ArchiveCheck {
        ARCHIVE_CHECK_QUICK, /* PRAGMA quick_check, for as long as a start may take; after that the file counts as whole */
        ARCHIVE_CHECK_FULL, /* PRAGMA integrity_check, to its end */
} ArchiveCheck;

/* Looks for damage in an open archive. Returns 1 (damaged: *@ret_problem says where, in SQLite's words, owned by the
 * caller), 0, or a negative errno. */
int archive_check(sqlite3 *db, ArchiveCheck how, char **ret_problem);

/* What the first page of the file at @path tells before SQLite comes: an archive that was cut, or whose header is gone.
 * Returns 1 (damaged), 0 (whole, or no archive at all), or a negative errno. */
int archive_check_header(const char *path, char **ret_problem);

/* How many damaged archives lie beside the one at @path; or a negative errno. */
int archive_n_damaged(const char *path);

/* Renames the archive at @path, its -wal and -journal too, to "@path.damaged-<time>"; what is derived from it goes. The
 * caller has the lock and no connection. Returns 0 with the new name in *@ret, -EUCLEAN where ARCHIVE_DAMAGED_MAX lie there
 * already, or another negative errno. */
int archive_move_aside(const char *path, char **ret);
