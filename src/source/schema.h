/*
 * What the source's tables look like today
 *
 * Read once for each schema. Builds SELECT lists in which a column that the source lacks is NULL, so that older and newer files
 * read alike; whether it may be lacking at all is said in contract.h.
 */
#pragma once

#include <math.h>

#include "base/arena.h"
#include "base/sqlite-util.h"
#include "model/value.h"

typedef enum SchemaType {
        SCHEMA_ANY, /* none is declared, as in a view */
        SCHEMA_TEXT,
        SCHEMA_NUMBER,
        SCHEMA_BLOB,
} SchemaType;

typedef struct SchemaColumn {
        const char *table, *name;
        SchemaType type;
} SchemaColumn;

typedef struct Schema {
        int64_t data_version; /* of agentsview's data: PRAGMA user_version */
        Arena names;
        SchemaColumn *columns; /* of the tables that are read here */
        size_t n_columns;
} Schema;

/* Reads what the database has now, in the place of what @s held. Returns 0 or a negative errno. */
int schema_read(Schema *s, sqlite3 *db);
void schema_done(Schema *s);

/* Whether the source has @table (or a view of that name). */
bool schema_has_table(const Schema *s, const char *table);

/* @column of @table, or NULL. */
const SchemaColumn *schema_column(const Schema *s, const char *table, const char *column);

/* Appends @column of @table, quoted, or NULL if it is missing. */
void schema_put_column(StrBuf *sql, const Schema *s, const char *table, const char *column);

/* Appends the source columns of @table in the order of its list, comma-separated; those not read from the source are
 * NULL. */
void schema_put_columns(StrBuf *sql, const Schema *s, const Table *table);

/* A text that should be a number: the one that it begins with, or NULL. */
Value schema_text_as_integer(sqlite3_value *v);

/* A value as its column's kind has it: a number as integer (a text is read as one, and is NULL if it is not one), one with a
 * fraction as it is (a text is NULL, and so is what is infinite: JSON has no word for it), everything else as text (a blob's
 * bytes too). Borrowed. Here, since an audit asks for it thirty times for each session. */
static inline Value schema_value(sqlite3_value *v, ColumnKind kind)
{
        int type = sqlite3_value_type(v);

        if (type == SQLITE_NULL || (kind == COLUMN_NUMBER && type == SQLITE_BLOB))
                return (Value){ 0 };
        if (kind == COLUMN_REAL)
                return (type == SQLITE_FLOAT || type == SQLITE_INTEGER) &&
                                                       isfinite(sqlite3_value_double(v))
                                       ? value_real(sqlite3_value_double(v))
                                       : (Value){ 0 };
        if (kind == COLUMN_NUMBER)
                return type == SQLITE_TEXT ? schema_text_as_integer(v)
                                           : value_integer(sqlite3_value_int64(v));
        return value_text((type == SQLITE_BLOB ? (const char *) sqlite3_value_blob(v)
                                               : (const char *) sqlite3_value_text(v))
                                          ?: "",
                          (size_t) sqlite3_value_bytes(v));
}

/* Reads the columns of the current row from index @first on into @values, each by its column's kind. Borrowed until the
 * next step. (SQLite asks for a copy of such values where several threads use a connection; ours belongs to one.) */
void schema_read_row(sqlite3_stmt *stmt, int first, const Table *table, Value *values);

/* One column as text, or as NULL. */
Value schema_read_text(sqlite3_stmt *stmt, int index);
