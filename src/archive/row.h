/*
 * Rows: how the archive's statements hand out what is stored
 *
 * For all that reads the archive: the sync itself, people (query.h) and couriers (feed.h).
 */
#pragma once

#include "base/arena.h"
#include "base/sqlite-util.h"
#include "model/value.h"

/* Appends the columns of @table, each after @prefix ("t." or ""), with commas between them. */
void row_put_columns(StrBuf *sql, const Table *table, const char *prefix);

/* The first @n columns of the current row, as they are stored. Borrowed until the next step. Returns 0 or -ENOMEM. */
int row_read(sqlite3_stmt *stmt, size_t n, Value *ret);

/* Steps through all rows, which are of @table; *@ret_n of them are in @arena then. Resets the statement. Returns 0 or a
 * negative errno. */
int row_read_all(sqlite3_stmt *stmt, const Table *table, Arena *arena, Value **ret, size_t *ret_n);

/* One column as text, "" for NULL; borrowed until the next step. */
const char *row_text(sqlite3_stmt *stmt, int index);
