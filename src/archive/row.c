/* Rows: how the archive's statements return what is stored */
#include "archive/row.h"

#include <string.h>

void row_put_columns(StrBuf *sql, const Table *table, const char *prefix)
{
        for (size_t i = 0; i < table->n_columns; i++)
                (void) strbuf_printf(sql, "%s%s%s", i > 0 ? ", " : "", prefix,
                                     table->columns[i].name);
}

int row_read(sqlite3_stmt *stmt, size_t n, Value *ret)
{
        for (size_t i = 0; i < n; i++) {
                int index = (int) i, type = sqlite3_column_type(stmt, index);
                const char *text;

                if (type == SQLITE_NULL) {
                        ret[i] = (Value){ 0 };
                } else if (type == SQLITE_INTEGER) {
                        ret[i] = value_integer(sqlite3_column_int64(stmt, index));
                } else if (type == SQLITE_FLOAT) {
                        ret[i] = value_real(sqlite3_column_double(stmt, index));
                } else {
                        text = (const char *) sqlite3_column_text(stmt, index);
                        if (!text && type == SQLITE_TEXT)
                                return -ENOMEM;
                        ret[i] = value_text(text ?: "", (size_t) sqlite3_column_bytes(stmt, index));
                }
        }
        return 0;
}

int row_read_all(sqlite3_stmt *stmt, const Table *table, Arena *arena, Value **ret, size_t *ret_n)
{
        size_t width = table->n_columns, n = 0, allocated = 0;
        Value *rows = NULL;
        int r;

        while ((r = sqlite_step(stmt)) > 0) {
                rows = arena_grow(arena, rows, n, &allocated, width * sizeof(*rows));
                r = rows ? row_read(stmt, width, rows + n * width) : -ENOMEM;
                if (r >= 0)
                        r = values_copy(arena, rows + n * width, width, rows + n * width);
                if (r < 0)
                        break;
                n++;
        }
        (void) sqlite3_reset(stmt);
        if (r < 0)
                return r;
        *ret = rows;
        *ret_n = n;
        return 0;
}

const char *row_text(sqlite3_stmt *stmt, int index)
{
        return (const char *) sqlite3_column_text(stmt, index) ?: "";
}
