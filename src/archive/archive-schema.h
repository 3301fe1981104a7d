/*
 * The archive's schema: declared, made, checked
 *
 * There is one declaration. An empty database gets all of it, and an archive of an older version gets what it lacks:
 * tables, columns, indexes. So nobody writes a migration.
 */
#pragma once

#include "base/sqlite-util.h"

/* PRAGMA application_id of an archive ("SJAY") and the version of its schema (PRAGMA user_version). */
#define ARCHIVE_APPLICATION_ID 0x534a4159
#define ARCHIVE_SCHEMA_VERSION 6

/* Is this an archive that this version can read? Returns 0; 1: it is older than this version; -ENOENT: it is still empty;
 * -EPROTONOSUPPORT: a newer schema; -EMEDIUMTYPE: not an archive; or another negative errno. */
int archive_schema_check(sqlite3 *db);

/* Creates what is missing, in one transaction; an archive of this version is only checked.
 * Returns 0; -EPROTONOSUPPORT: a newer schema; -EMEDIUMTYPE: not an archive; both untouched; or a negative errno. */
int archive_schema_prepare(sqlite3 *db);
