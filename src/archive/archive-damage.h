/*
 * A damaged archive is found, moved aside, and never overwritten
 *
 * It is renamed, with the time in its name, so that a person can examine it; a new archive is built from the source.
 */
#pragma once

#include "base/sqlite-util.h"

/* How many damaged archives may be beside the one in use. One more is refused, since the disk must then be the cause. */
#define ARCHIVE_DAMAGED_MAX 3

typedef enum ArchiveCheck {
        ARCHIVE_CHECK_QUICK, /* PRAGMA quick_check, for as long as a start may take; after that the file counts as whole */
        ARCHIVE_CHECK_FULL, /* PRAGMA integrity_check, to its end */
} ArchiveCheck;

/* Looks for damage in an open archive. Returns 1 (damaged: *@ret_problem says where, in SQLite's words, owned by the
 * caller), 0, or a negative errno. */
int archive_check(sqlite3 *db, ArchiveCheck how, char **ret_problem);

/* Checks the first page of the file at @path before SQLite opens it: an archive may be cut off, or have lost its header.
 * Returns 1 (damaged), 0 (whole, or not an archive), or a negative errno. */
int archive_check_header(const char *path, char **ret_problem);

/* How many damaged archives are beside the one at @path; or a negative errno. */
int archive_n_damaged(const char *path);

/* Renames the archive at @path, with its -wal and -journal, to "@path.damaged-<time>", and removes what is derived from it. The
 * caller has the lock and no connection. Returns 0 with the new name in *@ret, -EUCLEAN if there are ARCHIVE_DAMAGED_MAX
 * already, or another negative errno. */
int archive_move_aside(const char *path, char **ret);
