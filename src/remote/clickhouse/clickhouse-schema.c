/*
 * ClickHouse: creates missing tables, and checks existing ones
 *
 * Readers rely on their names and on the columns that the shared archive has always had; later columns come after those. A
 * table that somebody else created is used as it is, unless it would change our rows.
 */
#include <string.h>

#include "remote/clickhouse/clickhouse-internal.h"

/* Columns that our tables have in addition to the model's. */
#define ORG_COLUMN     "org_id"
#define ORIGIN_COLUMN  "origin"
#define VERSION_COLUMN "_version"

/* After a lost acknowledgement the same block is sent again. The server remembers this many blocks, and drops repeated ones. */
#define DEDUPLICATION_WINDOW 1000

static const char *type_name(WireType type)
{
        switch (type) {
        case WIRE_TEXT:
                return "String";
        case WIRE_UINT32:
                return "UInt32";
        case WIRE_UINT32_OR_NULL:
                return "Nullable(UInt32)";
        case WIRE_UINT64_OR_NULL:
                return "Nullable(UInt64)";
        case WIRE_REAL_OR_NULL:
                return "Nullable(Float64)";
        case WIRE_BOOL:
                return "Bool";
        case WIRE_TIME:
                return "DateTime64(3)";
        case WIRE_TIME_OR_NULL:
                return "Nullable(DateTime64(3))";
        }
        return "String";
}

/* The key of a table after org_id, as SQL. */
static const char *table_key(RemoteTable table)
{
        static const char *const keys[N_REMOTE_TABLES] = {
                [REMOTE_SESSIONS] = "id",
                [REMOTE_MESSAGES] = "session_id, ordinal",
                [REMOTE_CALLS] = "session_id, message_ordinal, tool_use_id",
                [REMOTE_LINKS] = "session_id, commit_sha, pr_url",
                [REMOTE_STARS] = "session_id, user_id",
                [REMOTE_PINS] = "session_id, message_ordinal, user_id",
                [REMOTE_DELETES] = "session_id, user_id",
                [REMOTE_USAGE] = "session_id, event_id",
                [REMOTE_LABELS] = "session_id, label",
        };

        return keys[table];
}

int clickhouse_digest_sql(RemoteTable table, StrBuf *b)
{
        const Table *t = remote_table(table);

        (void) strbuf_puts(b, "xxHash64(concat(");
        for (size_t i = 0; i < t->n_columns; i++) {
                const char *name = t->columns[i].name, *format = "%s%s, '\\x1f'";

                switch (wire_type(table, i)) {
                case WIRE_TEXT:
                        break;
                case WIRE_UINT32:
                case WIRE_UINT32_OR_NULL:
                case WIRE_UINT64_OR_NULL:
                        format = "%sifNull(toString(%s), ''), '\\x1f'";
                        break;
                case WIRE_REAL_OR_NULL:
                        format = "%sifNull(toString(reinterpretAsUInt64(%s)), ''), '\\x1f'";
                        break;
                case WIRE_BOOL:
                        format = "%stoString(toUInt8(%s)), '\\x1f'";
                        break;
                case WIRE_TIME:
                case WIRE_TIME_OR_NULL:
                        format = "%sifNull(toString(toUnixTimestamp64Milli(%s)), ''), '\\x1f'";
                        break;
                }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                (void) strbuf_printf(b, format, i > 0 ? ", " : "", name);
#pragma GCC diagnostic pop
        }
        return strbuf_puts(b, "))");
}

static int make_table(ClickHouse *c, RemoteTable table)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        const Table *t = remote_table(table);

        (void) strbuf_puts(&sql, "CREATE TABLE IF NOT EXISTS ");
        (void) clickhouse_name(&sql, t->name);
        (void) strbuf_puts(&sql, " (" ORG_COLUMN " String");
        for (size_t i = 0; i < t->n_columns; i++)
                (void) strbuf_printf(&sql, ", %s %s", t->columns[i].name,
                                     type_name(wire_type(table, i)));
        (void) strbuf_printf(&sql,
                             ", " ORIGIN_COLUMN " String, " VERSION_COLUMN
                             " UInt64) ENGINE = ReplacingMergeTree(" VERSION_COLUMN
                             ") PARTITION BY " ORG_COLUMN " ORDER BY (" ORG_COLUMN ", %s) "
                             "SETTINGS non_replicated_deduplication_window = %d",
                             table_key(table), DEDUPLICATION_WINDOW);
        return clickhouse_run(c, &sql, NULL, NULL);
}

/* Is a column of type @have as good as @want? Then the bytes that we send are the same for both. */
static bool type_fits(const char *want, const char *have)
{
        size_t n = strlen(want);

        if (strcmp(want, have) == 0)
                return true;
        if (strcmp(want, "String") == 0)
                return strcmp(have, "LowCardinality(String)") == 0;
        if (strcmp(want, "Bool") == 0)
                return strcmp(have, "UInt8") == 0;
        if (strcmp(want, "DateTime64(3)") == 0) /* with a time zone */
                return strncmp(have, "DateTime64(3,", 13) == 0;
        if (strcmp(want, "Nullable(DateTime64(3))") == 0)
                return strncmp(have, want, n - 2) == 0;
        return false;
}

/* What was found out about one table. */
typedef struct Found {
        ClickHouse *c;
        RemoteTable table;
        bool exists;
        bool columns[REMOTE_COLUMNS_MAX];
        bool org, origin, version;
} Found;

/* The entry of the table with this name; NULL: it is not one of ours. */
static Found *find(Found *all, const char *name)
{
        for (size_t i = 0; i < N_REMOTE_TABLES; i++)
                if (strcmp(remote_table((RemoteTable) i)->name, name) == 0)
                        return all + i;
        return NULL;
}

static int wrong_type(Found *f, const char *column, const char *have, const char *want)
{
        return clickhouse_fail(
                        f->c, -EPROTOTYPE,
                        "The column %s.%s on %s has the type %.100s instead of %s. Change or "
                        "rename the table; nothing is sent until then.",
                        remote_table(f->table)->name, column, f->c->place, have, want);
}

static int check_own(Found *f, const char *column, const char *have, const char *want, bool *found)
{
        *found = true;
        return type_fits(want, have) ? 0 : wrong_type(f, column, have, want);
}

static int on_column(void *userdata, char **cells, size_t n_cells)
{
        Found *f = n_cells == 3 ? find(userdata, cells[0]) : NULL;
        const Table *t;

        if (!f)
                return 0;
        t = remote_table(f->table);
        if (strcmp(cells[1], ORG_COLUMN) == 0)
                return check_own(f, ORG_COLUMN, cells[2], "String", &f->org);
        if (strcmp(cells[1], ORIGIN_COLUMN) == 0)
                return check_own(f, ORIGIN_COLUMN, cells[2], "String", &f->origin);
        if (strcmp(cells[1], VERSION_COLUMN) == 0)
                return check_own(f, VERSION_COLUMN, cells[2], "UInt64", &f->version);
        for (size_t i = 0; i < t->n_columns; i++)
                if (strcmp(cells[1], t->columns[i].name) == 0)
                        return check_own(f, t->columns[i].name, cells[2],
                                         type_name(wire_type(f->table, i)), f->columns + i);
        return 0;
}

static int on_table(void *userdata, char **cells, size_t n_cells)
{
        Found *f = n_cells == 4 ? find(userdata, cells[0]) : NULL;
        _cleanup_(strbuf_done) StrBuf key = { 0 };
        size_t n;

        if (!f)
                return 0;
        f->exists = true;
        n = strlen(cells[1]);
        if (n < strlen("ReplacingMergeTree") ||
            strcmp(cells[1] + n - strlen("ReplacingMergeTree"), "ReplacingMergeTree") != 0)
                return clickhouse_fail(f->c, -EPROTOTYPE,
                                       "The table %s on %s has the engine %.50s instead of "
                                       "ReplacingMergeTree(" VERSION_COLUMN ").",
                                       remote_table(f->table)->name, f->c->place, cells[1]);
        if (!strstr(cells[3], "ReplacingMergeTree(") || !strstr(cells[3], VERSION_COLUMN ")"))
                return clickhouse_fail(f->c, -EPROTOTYPE,
                                       "The table %s on %s does not replace rows by " VERSION_COLUMN
                                       ": its engine must be ReplacingMergeTree(" VERSION_COLUMN
                                       ").",
                                       remote_table(f->table)->name, f->c->place);
        (void) strbuf_printf(&key, ORG_COLUMN ", %s", table_key(f->table));
        if (strcmp(cells[2], key.data) != 0)
                return clickhouse_fail(
                                f->c, -EPROTOTYPE,
                                "The table %s on %s is ordered by (%.200s) instead of (%s), so "
                                "its rows would replace each other.",
                                remote_table(f->table)->name, f->c->place, cells[2], key.data);
        return 0;
}

/* Asks one of the server's system tables about all of our tables at once. */
static int describe(ClickHouse *c, Found *all, const char *columns, const char *from,
                    const char *name_column, ClickHouseRowCallback on_row)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_printf(&sql, "SELECT %s, %s FROM system.%s WHERE database = ", name_column,
                             columns, from);
        (void) clickhouse_quote(&sql, c->url.database);
        (void) strbuf_printf(&sql, " AND %s IN (", name_column);
        for (size_t i = 0; i < N_REMOTE_TABLES; i++) {
                (void) strbuf_puts(&sql, i > 0 ? ", " : "");
                (void) clickhouse_quote(&sql, remote_table((RemoteTable) i)->name);
        }
        (void) strbuf_putc(&sql, ')');
        return clickhouse_run(c, &sql, on_row, all);
}

static int add_column(Found *f, const char *name, const char *type)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_puts(&sql, "ALTER TABLE ");
        (void) clickhouse_name(&sql, remote_table(f->table)->name);
        (void) strbuf_printf(&sql, " ADD COLUMN IF NOT EXISTS %s %s", name, type);
        return clickhouse_run(f->c, &sql, NULL, NULL);
}

static int not_there(Found *f)
{
        return clickhouse_fail(f->c, -EPROTOTYPE,
                               "The table %s on %s is missing or lacks columns. The next delivery "
                               "creates them; until then, there is nothing to compare.",
                               remote_table(f->table)->name, f->c->place);
}

static int add_missing(Found *f)
{
        const Table *t = remote_table(f->table);
        int r = 0;

        if (!f->org || !f->version)
                return clickhouse_fail(
                                f->c, -EPROTOTYPE,
                                "The table %s on %s has no column %s, so it does not belong to a "
                                "shared archive. Choose another database.",
                                t->name, f->c->place, f->org ? VERSION_COLUMN : ORG_COLUMN);
        for (size_t i = 0; r >= 0 && i < t->n_columns; i++)
                if (!f->columns[i])
                        r = f->c->us->only_looks ? not_there(f)
                                                 : add_column(f, t->columns[i].name,
                                                              type_name(wire_type(f->table, i)));
        if (r >= 0 && !f->origin)
                r = f->c->us->only_looks ? not_there(f) : add_column(f, ORIGIN_COLUMN, "String");
        return r;
}

int clickhouse_prepare_tables(ClickHouse *c, bool *ret_made)
{
        Found all[N_REMOTE_TABLES] = { 0 };
        int r;

        *ret_made = false;
        for (size_t i = 0; i < N_REMOTE_TABLES; i++)
                all[i] = (Found){ .c = c, .table = (RemoteTable) i };
        r = describe(c, all, "engine, sorting_key, engine_full", "tables", "name", on_table);
        if (r >= 0)
                r = describe(c, all, "name, type", "columns", "table", on_column);
        for (size_t i = 0; r >= 0 && i < N_REMOTE_TABLES; i++) {
                if (all[i].exists) {
                        r = add_missing(all + i);
                        continue;
                }
                r = c->us->only_looks ? not_there(all + i) : make_table(c, (RemoteTable) i);
                *ret_made = !c->us->only_looks;
        }
        return r;
}
