/*
 * Large texts: taken as far as there is room, and left out beyond it
 *
 * A row comes from SQLite with all its texts at once, so a single text of it may be much smaller than what a message may hold
 * (SQLite refuses the row before it reads it). Such a row is read here a second time: first without its large texts, then each
 * of them whose size fits, with a sentence in the place of one that does not. Memory follows the limit, whatever the rows hold.
 */
#include <inttypes.h>
#include <string.h>

#include "source/reader-internal.h"

/* The part of the limit that one text of a quickly read row may have; a row has a dozen. */
#define QUICK_PART ((size_t) 16)
#define QUICK_MIN \
        ((size_t) 1024 * 1024) /* SQLite's limit holds for statements and the schema, too */

#define COLUMNS_MAX 64

void reader_set_max(Reader *r, size_t max_bytes)
{
        r->max_bytes = max_bytes;
        reader_apply_max(r);
}

static size_t quick_max(const Reader *r)
{
        size_t part = r->max_bytes / QUICK_PART;

        return part > QUICK_MIN ? part : QUICK_MIN;
}

void reader_apply_max(Reader *r)
{
        size_t quick = quick_max(r);

        if (r->db)
                (void) sqlite3_limit(r->db, SQLITE_LIMIT_LENGTH,
                                     quick < INT32_MAX ? (int) quick : INT32_MAX);
}

void reader_allow_message(Reader *r)
{
        r->left = r->max_bytes;
        r->n_left_out = 0;
}

void reader_allow_row(Reader *r)
{
        size_t quick = quick_max(r);

        r->left = r->max_bytes < quick ? r->max_bytes : quick;
}

static void put_size(StrBuf *b, uint64_t size)
{
        static const char *const units[] = { "bytes", "kB", "MB", "GB" };
        double value = (double) size;
        size_t unit = 0;

        for (; value >= 1000 && unit + 1 < ELEMENTSOF(units); unit++)
                value /= 1000;
        (void) strbuf_printf(b, unit > 0 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* Replaces a text; in JSON it is a string. A key or a time becomes empty. */
static void leave_out(Reader *r, const Column *column, uint64_t size, Value *ret)
{
        const char *quote = column->kind == COLUMN_JSON ? "\"" : "";
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        r->n_left_out++;
        *ret = (Value){ 0 };
        if (!column_is_masked(column))
                return;
        (void) strbuf_printf(&b, "%s[left out: a text of ", quote);
        put_size(&b, size);
        (void) strbuf_printf(&b, ", more than MaxMessageSize= takes]%s", quote);
        *ret = value_text(arena_copy(&r->arena, b.data, b.size), b.size);
        if (!ret->text)
                *ret = *quote ? value_text("\"[left out]\"", 12) : value_text("[left out]", 10);
}

void reader_take_row(Reader *r, const Table *table, Value *values)
{
        for (size_t i = 0; i < table->n_columns; i++) {
                if (values[i].type != VALUE_TEXT)
                        continue;
                if (values[i].size <= r->left)
                        r->left -= values[i].size;
                else
                        leave_out(r, table->columns + i, values[i].size, values + i);
        }
}

static int open_text(Reader *r, const Table *table, size_t column, int64_t rowid,
                     sqlite3_blob **ret)
{
        return sqlite3_blob_open(r->db, "main", table->source, table->columns[column].source, rowid,
                                 0, ret);
}

/* Does the column hold a text that is too large for a statement? Only its size is read. */
static bool is_large(Reader *r, const Table *table, size_t column, int64_t rowid)
{
        sqlite3_blob *blob = NULL;
        bool large;

        if (!table->columns[column].source || column_is_number(table->columns + column) ||
            open_text(r, table, column, rowid, &blob) != SQLITE_OK)
                return false;
        large = (size_t) sqlite3_blob_bytes(blob) > quick_max(r);
        (void) sqlite3_blob_close(blob);
        return large;
}

/* A large text, read into memory of its very size. */
static int read_large_text(Reader *r, const Table *table, size_t column, int64_t rowid, Value *ret)
{
        sqlite3_blob *blob = NULL;
        char *text = NULL;
        size_t size;
        int code;

        code = open_text(r, table, column, rowid, &blob);
        if (code != SQLITE_OK)
                return sqlite_errno(r->db, code);
        size = (size_t) sqlite3_blob_bytes(blob);
        if (size > r->left || !r->is_utf8) {
                (void) sqlite3_blob_close(blob);
                leave_out(r, table->columns + column, size, ret);
                return 0;
        }
        text = arena_alloc(&r->arena, size + 1);
        if (text)
                code = sqlite3_blob_read(blob, text, (int) size, 0);
        (void) sqlite3_blob_close(blob);
        if (!text || code != SQLITE_OK)
                return text ? sqlite_errno(r->db, code) : -ENOMEM;
        text[size] = 0;
        r->left -= size;
        *ret = value_text(text, size);
        return 0;
}

/* The columns of a row that are not large; the others are NULL. */
static int read_small_texts(Reader *r, const Table *table, const bool *large, int64_t rowid,
                            Value *values)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        int k;

        (void) strbuf_puts(&sql, "SELECT ");
        for (size_t i = 0; i < table->n_columns; i++) {
                (void) strbuf_puts(&sql, i > 0 ? ", " : "");
                schema_put_column(&sql, &r->schema, table->source,
                                  large[i] ? NULL : table->columns[i].source);
        }
        (void) strbuf_printf(&sql, " FROM \"%s\" WHERE rowid = ?1", table->source);
        stmt = sqlite_make(r->db, sql.data);
        (void) sqlite3_bind_int64(stmt, 1, rowid);
        r->ticks = 0;
        k = sqlite_step(stmt);
        if (k <= 0)
                return k < 0 ? k : -ENOENT;
        schema_read_row(stmt, 0, table, values);
        reader_take_row(r, table, values);
        return values_copy(&r->arena, values, table->n_columns, values);
}

int reader_read_large_row(Reader *r, const Table *table, int64_t rowid, Value *values)
{
        bool large[COLUMNS_MAX] = { false };
        int k;

        for (size_t i = 0; i < table->n_columns; i++)
                large[i] = is_large(r, table, i, rowid);
        k = read_small_texts(r, table, large, rowid, values);
        for (size_t i = 0; k >= 0 && i < table->n_columns; i++)
                if (large[i])
                        k = read_large_text(r, table, i, rowid, values + i);
        return k;
}

int reader_list_rows(Reader *r, const Table *table, const char *tail, int64_t number,
                     ReaderRowidFunc func, void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        int k;

        k = sqlite_preparef(r->db, &stmt, "SELECT rowid FROM \"%s\" %s", table->source, tail);
        if (k < 0)
                return k;
        (void) sqlite_bind_text(stmt, 1, r->session_id, r->session_id_size);
        (void) sqlite3_bind_int64(stmt, 2, number);
        do {
                r->ticks = 0;
                k = sqlite_step(stmt);
                if (k > 0) {
                        int result = func(r, sqlite3_column_int64(stmt, 0), userdata);

                        k = result < 0 ? result : k;
                }
        } while (k > 0);
        return k;
}
