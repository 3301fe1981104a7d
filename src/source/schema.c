/* What the source's tables look like today */
#include "source/schema.h"

#include <errno.h>
#include <stdlib.h>

int schema_has_table(sqlite3 *db, const char *table)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        int r;

        r = sqlite_prepare(db,
                           "SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE AND "
                           "type IN ('table', 'view')",
                           &stmt);
        if (r < 0)
                return r;
        (void) sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
        return sqlite_step(stmt);
}

int schema_has_column(sqlite3 *db, const char *table, const char *column)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        int r;

        r = sqlite_prepare(db,
                           "SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ?2 COLLATE NOCASE",
                           &stmt);
        if (r < 0)
                return r;
        (void) sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 2, column, -1, SQLITE_STATIC);
        return sqlite_step(stmt);
}

int schema_put_column(StrBuf *sql, sqlite3 *db, const char *table, const char *column)
{
        int r = column ? schema_has_column(db, table, column) : 0;

        if (r < 0)
                return r;
        return r > 0 ? strbuf_printf(sql, "\"%s\"", column) : strbuf_puts(sql, "NULL");
}

int schema_put_columns(StrBuf *sql, sqlite3 *db, const Table *table)
{
        int r;

        for (size_t i = 0; i < table->n_columns; i++) {
                (void) strbuf_puts(sql, i > 0 ? ", " : "");
                r = schema_put_column(sql, db, table->source, table->columns[i].source);
                if (r < 0)
                        return r;
        }
        return 0;
}

Value schema_text_as_integer(sqlite3_value *v)
{
        const char *text = (const char *) sqlite3_value_text(v);
        char *end;
        int64_t i;

        errno = 0;
        i = text ? strtoll(text, &end, 10) : 0;
        return text && end != text && errno == 0 ? value_integer(i) : (Value){ 0 };
}

Value schema_read_text(sqlite3_stmt *stmt, int index)
{
        return schema_value(sqlite3_column_value(stmt, index), COLUMN_TEXT);
}

void schema_read_row(sqlite3_stmt *stmt, int first, const Table *table, Value *values)
{
        for (size_t i = 0; i < table->n_columns; i++)
                values[i] = schema_value(sqlite3_column_value(stmt, first + (int) i),
                                         table->columns[i].kind);
}
