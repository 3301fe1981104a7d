/*
 * The archive's schema: declared, made, checked, migrated
 *
 * There is one declaration. An empty database gets all of it; an archive of an older version gets what it lacks of it:
 * tables, columns, indexes. So a migration is nothing that anybody writes.
 */
#pragma once

#include "base/sqlite-util.h"

/* Makes what is missing, in one transaction; an archive of this version is only looked at.
 * Returns 0; -EPROTONOSUPPORT: a newer schema; -EMEDIUMTYPE: not an archive; both untouched; or a negative errno. */
int archive_schema_prepare(sqlite3 *db);
