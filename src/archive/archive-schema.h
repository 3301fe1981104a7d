/*
 * The archive's schema: made, checked, migrated
 */
#pragma once

#include "base/sqlite-util.h"

/* Makes the tables in an empty database or checks and migrates what is there, in one transaction.
 * Returns 0; -EPROTONOSUPPORT: a newer schema; -EMEDIUMTYPE: not an archive; both untouched; or a negative errno. */
int archive_schema_prepare(sqlite3 *db);
