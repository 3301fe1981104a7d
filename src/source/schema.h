/*
 * What the source's tables look like today
 *
 * Builds SELECT lists in which a column that the source lacks is NULL, so that older and newer files read alike.
 */
#pragma once

#include "base/sqlite-util.h"
#include "model/value.h"

/* Whether the source has @table (or a view of that name). Returns 1, 0, or a negative errno. */
int schema_has_table(sqlite3 *db, const char *table);

/* Whether @table has @column. Returns 1, 0, or a negative errno. */
int schema_has_column(sqlite3 *db, const char *table, const char *column);

/* Appends @column of @table, quoted, or NULL where it is missing. Returns 0 or a negative errno. */
int schema_put_column(StrBuf *sql, sqlite3 *db, const char *table, const char *column);

/* Appends the source columns of @table in the order of its list, comma-separated; those not read from the source are
 * NULL. Returns 0 or a negative errno. */
int schema_put_columns(StrBuf *sql, sqlite3 *db, const Table *table);

/* Reads the columns of the current row from index @first on into @values, each by its column's kind: numbers as
 * integers, everything else as text (a blob's bytes too). Borrowed until the next step. */
void schema_read_row(sqlite3_stmt *stmt, int first, const Table *table, Value *values);

/* One column as text, or as NULL. */
Value schema_read_text(sqlite3_stmt *stmt, int index);

/* One column as integer: text is read as a number, what is none is NULL. */
Value schema_read_integer(sqlite3_stmt *stmt, int index);
