/* What the source's tables look like today */
#include "source/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* All that anything is read from. */
static const char *const tables[] = {
        "sessions",
        "messages",
        "tool_calls",
        "tool_result_events",
        "starred_sessions",
        "pinned_messages",
        "excluded_sessions",
        "session_deletion_changes",
        "conversation_session_changes",
        "session_labels",
        "session_external_parents",
        "usage_events",
};

/* SQLite's own rules of column affinity (https://sqlite.org/datatype3.html, 3.1), where a column without one may hold
 * anything. */
static SchemaType type_of(const char *declared)
{
        static const struct {
                const char *word;
                SchemaType type;
        } words[] = {
                { "INT", SCHEMA_NUMBER }, { "CHAR", SCHEMA_TEXT }, { "CLOB", SCHEMA_TEXT },
                { "TEXT", SCHEMA_TEXT },  { "BLOB", SCHEMA_BLOB },
        };

        if (!declared || !*declared)
                return SCHEMA_ANY;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strcasestr(declared, words[i].word))
                        return words[i].type;
        return SCHEMA_NUMBER;
}

static int add_column(Schema *s, const char *table, const char *name, const char *declared)
{
        name = name ? arena_copy(&s->names, name, strlen(name) + 1) : NULL;
        if (!name)
                return -ENOMEM;
        APPEND(s->columns, s->n_columns, (SchemaColumn){ table, name, type_of(declared) });
        return 0;
}

int schema_read(Schema *s, sqlite3 *db)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        int r;

        arena_clear(&s->names);
        s->n_columns = 0;
        r = sqlite_query_int(db, "PRAGMA user_version", &s->data_version);
        if (r >= 0)
                r = sqlite_prepare(
                                db,
                                /* SQLite 3.41 says BLOB of a view's column that has no type */
                                "SELECT name, CASE WHEN type = 'BLOB' AND EXISTS (SELECT 1 FROM "
                                "sqlite_schema s WHERE s.type = 'view' AND s.name = ?1 COLLATE NOCASE) "
                                "THEN '' ELSE type END FROM pragma_table_xinfo(?1)",
                                &stmt);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(tables); i++) {
                (void) sqlite3_reset(stmt);
                (void) sqlite3_bind_text(stmt, 1, tables[i], -1, SQLITE_STATIC);
                while (r >= 0 && (r = sqlite_step(stmt)) > 0)
                        r = add_column(s, tables[i], (const char *) sqlite3_column_text(stmt, 0),
                                       (const char *) sqlite3_column_text(stmt, 1));
        }
        return r < 0 ? r : 0;
}

void schema_done(Schema *s)
{
        arena_done(&s->names);
        free(s->columns);
        *s = (Schema){ 0 };
}

bool schema_has_table(const Schema *s, const char *table)
{
        for (size_t i = 0; i < s->n_columns; i++)
                if (strcmp(s->columns[i].table, table) == 0)
                        return true;
        return false;
}

const SchemaColumn *schema_column(const Schema *s, const char *table, const char *column)
{
        for (size_t i = 0; i < s->n_columns; i++)
                if (strcmp(s->columns[i].table, table) == 0 &&
                    strcasecmp(s->columns[i].name, column) == 0)
                        return s->columns + i;
        return NULL;
}

void schema_put_column(StrBuf *sql, const Schema *s, const char *table, const char *column)
{
        if (column && schema_column(s, table, column))
                (void) strbuf_printf(sql, "\"%s\"", column);
        else
                (void) strbuf_puts(sql, "NULL");
}

void schema_put_columns(StrBuf *sql, const Schema *s, const Table *table)
{
        for (size_t i = 0; i < table->n_columns; i++) {
                (void) strbuf_puts(sql, i > 0 ? ", " : "");
                schema_put_column(sql, s, table->source, table->columns[i].source);
        }
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
