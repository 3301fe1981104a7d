/*
 * PostgreSQL: checks the tables, which are agentsview's
 *
 * They are created and migrated by its own `pg serve`, as their owner, or by an administrator with `scrubjayctl remote setup`;
 * we only write rows. An older schema lacks columns of ours: their values are left out, which is reported. A newer one may
 * require a column that we do not know: then nothing is sent.
 */
#include <string.h>

#include "remote/postgresql/postgresql-internal.h"

#define SETUP_ADVICE                                                                       \
        "An administrator creates what is missing: 'scrubjayctl remote setup %s --print' " \
        "shows how."

/* What we need of each table. */
static const struct {
        const char *table, *rights, *sequence;
        bool is_optional;
} needs[] = {
        { "sessions", "{SELECT,INSERT,UPDATE,DELETE}", NULL, false },
        { "messages", "{SELECT,INSERT,UPDATE,DELETE}", NULL, false },
        { "tool_calls", "{SELECT,INSERT,UPDATE,DELETE}", "id", false },
        { "tool_result_events", "{SELECT,DELETE}", NULL, false },
        { "starred_sessions", "{SELECT,INSERT,UPDATE,DELETE}", NULL, false },
        { "pinned_messages", "{SELECT,INSERT,UPDATE,DELETE}", "id", false },
        { "usage_events", "{SELECT,INSERT,UPDATE,DELETE}", "id", false },
        { "sync_metadata", "{SELECT,INSERT,UPDATE}", NULL, false },
        { "excluded_sessions", "{SELECT}", NULL, true },
};

static const char *schema_name(const PostgreSql *p)
{
        return p->options->schema ?: PG_DEFAULT_SCHEMA;
}

static int check_server(PostgreSql *p)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        const char *parameters[] = { schema_name(p), NULL };
        int r;

        r = postgresql_runf(
                        p, parameters, &result,
                        "SELECT current_setting('server_encoding'), "
                        "current_setting('transaction_read_only'), "
                        "(SELECT has_schema_privilege(oid, 'USAGE') FROM pg_catalog.pg_namespace "
                        "WHERE nspname = $1)");
        if (r < 0)
                return r;
        if (strcmp(postgresql_text(result, 0, 0), "UTF8") != 0)
                return postgresql_fail(
                                p, -EPROTOTYPE,
                                "The database '%s' on %s has the encoding %.20s instead of UTF8.",
                                p->settings.database, p->settings.place,
                                postgresql_text(result, 0, 0));
        if (!p->us->only_looks && strcmp(postgresql_text(result, 0, 1), "off") != 0) {
                memcpy(p->connection.sqlstate, "25006", sizeof(p->connection.sqlstate));
                return postgresql_failed(p, -EPROTO);
        }
        if (pq()->PQgetisnull(result, 0, 2))
                return postgresql_fail(
                                p, -EPROTOTYPE,
                                "There is no schema '%s' in the database '%s' on %s. " SETUP_ADVICE,
                                schema_name(p), p->settings.database, p->settings.place,
                                p->options->name);
        if (strcmp(postgresql_text(result, 0, 2), "t") != 0)
                return postgresql_fail(
                                p, -EACCES,
                                "The user '%s' may not use the schema '%s' on %s. " SETUP_ADVICE,
                                p->settings.user, schema_name(p), p->settings.place,
                                p->options->name);
        return 0;
}

/* Columns */

static PgTable table_of(const char *name)
{
        PgTable i = 0;

        while (i < N_PG_TABLES && strcmp(pg_layout(i)->name, name) != 0)
                i++;
        return i;
}

/* Notes a column. @is_needed: each row must have a value in it. */
static int take_column(PostgreSql *p, const char *table, const char *column, bool is_needed)
{
        PgTable t = table_of(table);
        const PgLayout *l;

        if (strcmp(table, "excluded_sessions") == 0)
                p->has_excluded = true;
        if (t == N_PG_TABLES)
                return 0;
        if (t == PG_SESSIONS && strcmp(column, "has_tool_calls") == 0)
                p->has_tool_flag = true;
        for (PgTable other = 0; t == PG_SESSIONS && other < N_PG_TABLES; other++) {
                l = pg_layout(other);
                if (l->array && strcmp(column, l->array) == 0)
                        memset(p->has[other], true, l->n_columns * sizeof(*p->has[other]));
        }
        l = pg_layout(t);
        for (size_t i = 0; i < l->n_columns; i++)
                if (strcmp(l->columns[i].name, column) == 0) {
                        p->has[t][i] = true;
                        return 0;
                }
        if (!is_needed)
                return 0;
        return postgresql_fail(
                        p, -EPROTOTYPE,
                        "The schema '%s' on %s is newer than this version of scrubjay: its table %s "
                        "requires a value in the unknown column %.63s. Update scrubjay.",
                        schema_name(p), p->settings.place, table, column);
}

/* Core columns must exist; others that do not are reported. */
static int check_columns(PostgreSql *p)
{
        _cleanup_(strbuf_done) StrBuf left_out = { 0 };

        for (PgTable t = 0; t < N_PG_TABLES; t++) {
                const PgLayout *l = pg_layout(t);

                for (size_t i = 0; i < l->n_columns; i++) {
                        if (p->has[t][i])
                                continue;
                        if (l->columns[i].is_core)
                                return postgresql_fail(
                                                p, -EPROTOTYPE,
                                                "The schema '%s' on %s is not one that agentsview reads: its "
                                                "table %s has no column %s. " SETUP_ADVICE,
                                                schema_name(p), p->settings.place, l->name,
                                                l->columns[i].name, p->options->name);
                        (void) strbuf_printf(&left_out, "%s%s.%s", left_out.size > 0 ? ", " : "",
                                             l->array ? "sessions" : l->name,
                                             l->array ?: l->columns[i].name);
                        if (l->array)
                                break;
                }
        }
        free(p->left_out);
        p->left_out = NULL;
        if (left_out.failed || (left_out.size > 0 && strbuf_take(&left_out, &p->left_out) < 0))
                return postgresql_no_memory(p);
        return 0;
}

static int read_columns(PostgreSql *p)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        _cleanup_(strbuf_done) StrBuf tables = { 0 };
        const char *parameters[] = { schema_name(p), NULL, NULL };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(needs); i++)
                r = postgresql_add_element(&tables, needs[i].table);
        if (r < 0 || strbuf_putc(&tables, '}') < 0)
                return postgresql_no_memory(p);
        parameters[1] = tables.data;
        memset(p->has, 0, sizeof(p->has));
        p->has_excluded = p->has_tool_flag = false;
        r = postgresql_runf(
                        p, parameters, &result,
                        "SELECT c.relname, a.attname, a.attnotnull AND NOT a.atthasdef AND "
                        "a.attidentity = '' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON "
                        "n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid "
                        "WHERE n.nspname = $1 AND c.relname = ANY($2::text[]) AND a.attnum > 0 AND NOT "
                        "a.attisdropped AND c.relkind IN ('r', 'p')");
        for (int i = 0; r >= 0 && i < pq()->PQntuples(result); i++)
                r = take_column(p, postgresql_text(result, i, 0), postgresql_text(result, i, 1),
                                strcmp(postgresql_text(result, i, 2), "t") == 0);
        return r < 0 ? r : check_columns(p);
}

/* Rights */

static int check_right(PostgreSql *p, size_t need)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        const char *parameters[] = { schema_name(p), needs[need].table,
                                     p->us->only_looks ? "{SELECT}" : needs[need].rights,
                                     p->us->only_looks ? "" : needs[need].sequence ?: "", NULL };
        int r;

        r = postgresql_runf(
                        p, parameters, &result,
                        "SELECT coalesce((SELECT string_agg(r, ', ') FROM unnest($3::text[]) r WHERE NOT "
                        "has_table_privilege(c.oid, r)), CASE WHEN $4 <> '' AND NOT has_sequence_privilege("
                        "pg_get_serial_sequence(format('%%I.%%I', n.nspname, c.relname), $4), 'USAGE') "
                        "THEN 'USAGE of its sequence' END) FROM pg_catalog.pg_class c JOIN "
                        "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND "
                        "c.relname = $2");
        if (r < 0)
                return r;
        if (pq()->PQntuples(result) == 0)
                return needs[need].is_optional
                                       ? 0
                                       : postgresql_fail(p, -EPROTOTYPE,
                                                         "The schema '%s' on %s has no table %s. " SETUP_ADVICE,
                                                         schema_name(p), p->settings.place,
                                                         needs[need].table, p->options->name);
        if (pq()->PQgetisnull(result, 0, 0))
                return 0;
        return postgresql_fail(
                        p, -EACCES,
                        "The user '%s' lacks rights on the table %s.%s on %s: %.60s. "
                        "'scrubjayctl remote setup %s --print' shows what an administrator grants.",
                        p->settings.user, schema_name(p), needs[need].table, p->settings.place,
                        postgresql_text(result, 0, 0), p->options->name);
}

int postgresql_check_schema(PostgreSql *p)
{
        int r;

        r = check_server(p);
        if (r >= 0)
                r = read_columns(p);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(needs); i++)
                r = check_right(p, i);
        return r;
}

/* Staging */

static const char *type_name(PgType type)
{
        static const char *const names[] = {
                [PG_TEXT] = "text", [PG_INT] = "int",          [PG_LONG] = "bigint",
                [PG_BOOL] = "bool", [PG_TIME] = "timestamptz", [PG_REAL] = "float8",
        };

        return names[type];
}

/* Columns are in the order of pg_layout(), after the slice. */
static int make_table(PostgreSql *p, PgTable table)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        const PgLayout *l = pg_layout(table);

        (void) strbuf_printf(&sql, "CREATE TEMPORARY TABLE scrubjay_%s (scrubjay_slice int",
                             l->name);
        for (size_t i = 0; i < l->n_columns; i++)
                if (p->has[table][i] && pg_column_is_sent(l->columns + i))
                        (void) strbuf_printf(&sql, ", \"%s\" %s", l->columns[i].name,
                                             type_name(l->columns[i].type));
        if (l->key)
                (void) strbuf_printf(&sql, ", PRIMARY KEY (%s)", l->key);
        (void) strbuf_putc(&sql, ')');
        return postgresql_run(p, &sql, NULL, NULL);
}

int postgresql_make_staging(PostgreSql *p)
{
        int r = 0;

        for (PgTable t = 0; r >= 0 && t < N_PG_TABLES; t++)
                r = make_table(p, t);
        for (PgTable t = 0; r >= 0 && t < PG_STARS; t++)
                r = postgresql_runf(p, NULL, NULL,
                                    "CREATE INDEX ON " PG_STAGING "%s (scrubjay_slice)",
                                    pg_layout(t)->name);
        return r;
}
