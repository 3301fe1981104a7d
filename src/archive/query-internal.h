/* What the files of Query share */
#pragma once

#include "archive/row.h"

/* Whether the database that is attached as @schema has a table @name: an archive that its service has not opened since an update
 * may lack it. Returns 1, 0, or a negative errno. */
int query_has_table(sqlite3 *db, const char *schema, const char *name);

/* Makes the archive at @path the schema "archive" of a connection that was opened with SQLITE_OPEN_URI; read-only.
 * Returns 0 or a negative errno. */
int query_attach_archive(sqlite3 *db, const char *path);

/* SQL that is true when the secret of a finding was not acknowledged: there is something to do. */
#define IS_OPEN "fingerprint NOT IN (SELECT fingerprint FROM acknowledged)"

/* SQL that is true when the session "s" is of the project bound as parameter number @n, or that is NULL. */
#define PROJECT_MATCHES(n)                                                       \
        "(?" #n " IS NULL OR s.project GLOB ?" #n " OR s.project_name GLOB ?" #n \
        " OR s.project_id GLOB ?" #n " OR s.project_path GLOB ?" #n ")"
