/*
 * PostgreSQL: a backend for the schema that agentsview's own pages read
 */
#include <inttypes.h>
#include <string.h>

#include "base/time-util.h"
#include "remote/password.h"
#include "remote/postgresql/postgresql-internal.h"

static PostgreSql *of(Remote *r)
{
        return (PostgreSql *) r;
}

/* Sessions */

static RemoteOwner owner(const PGresult *result, int row)
{
        char whose = *postgresql_text(result, row, 1);

        return whose == 'o' ? REMOTE_OURS : whose == 'k' ? REMOTE_OURS_ELSEWHERE : REMOTE_FOREIGN;
}

/* Of a session that agentsview itself pushed, only the machine is known. */
static const char *who(const PGresult *result, int row)
{
        const char *user = postgresql_user_of(postgresql_text(result, row, 3));

        return owner(result, row) == REMOTE_FOREIGN && user ? user
                                                            : postgresql_text(result, row, 2);
}

static int see_sessions(PostgreSql *p, const char *ids, RemoteSessionCallback on_session,
                        void *userdata)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        const char *parameters[] = { ids, p->ours, p->kin, NULL };
        int r;

        r = postgresql_runf(
                        p, parameters, &result,
                        "SELECT s.id, CASE WHEN owner_marker = ANY($2::text[]) THEN 'o' WHEN owner_marker = "
                        "ANY($3::text[]) THEN 'k' ELSE '' END, s.machine, c.value FROM %s.sessions s LEFT JOIN "
                        "%s.sync_metadata c ON c.key = s.owner_marker AND c.key LIKE '" PG_MARK
                        "%%' WHERE s.id = ANY($1::text[])",
                        p->schema, p->schema);
        for (int i = 0; r >= 0 && i < pq()->PQntuples(result); i++)
                r = on_session(userdata, &(RemoteSession){ .id = postgresql_text(result, i, 0),
                                                           .owner = owner(result, i),
                                                           .who = who(result, i) });
        return r;
}

/* What was deleted permanently in the pages must not come back. */
static int see_excluded(PostgreSql *p, const char *ids, RemoteSessionCallback on_session,
                        void *userdata)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        const char *parameters[] = { ids, NULL };
        int r;

        if (!p->has_excluded)
                return 0;
        r = postgresql_runf(p, parameters, &result,
                            "SELECT id FROM %s.excluded_sessions WHERE id = ANY($1::text[])",
                            p->schema);
        for (int i = 0; r >= 0 && i < pq()->PQntuples(result); i++)
                r = on_session(userdata, &(RemoteSession){ .id = postgresql_text(result, i, 0),
                                                           .owner = REMOTE_EXCLUDED,
                                                           .who = "" });
        return r;
}

static int postgresql_sessions(Remote *remote, const char *const *ids, size_t n_ids,
                               RemoteSessionCallback on_session, void *userdata)
{
        _cleanup_(strbuf_done) StrBuf list = { 0 };
        PostgreSql *p = postgresql_begin(remote);
        int r;

        for (size_t i = 0; i < n_ids; i++)
                (void) postgresql_add_element(&list, ids[i]);
        if (strbuf_puts(&list, n_ids > 0 ? "}" : "{}") < 0)
                return postgresql_no_memory(p);
        r = see_sessions(p, list.data, on_session, userdata);
        return r < 0 ? r : see_excluded(p, list.data, on_session, userdata);
}

/* Digests */

static int postgresql_digest(Remote *remote, RemoteTable table, const Value *values, uint64_t *ret)
{
        PostgreSql *p = of(remote);
        PgTable there = pg_table_of(table);

        if (there == N_PG_TABLES || !p->has[there][0] || !pg_row_fits(table, values))
                return REMOTE_PUT_NOT;
        return pg_digest(there, p->has[there], values, &p->digested, ret);
}

/* The FROM item with the rows of a session s. */
static void add_rows(const PostgreSql *p, PgTable table, StrBuf *sql)
{
        const PgLayout *l = pg_layout(table);

        if (l->array)
                (void) strbuf_printf(
                                sql,
                                "LATERAL (SELECT x.id AS session_id, e.label FROM %s.sessions x, "
                                "unnest(x.\"%s\") AS e (label) WHERE x.id = s.id)",
                                p->schema, l->array);
        else
                (void) strbuf_printf(sql, "%s.%s", p->schema, l->name);
}

/* The page's sessions are chosen first, so that only their rows are read. */
static int digests_sql(PostgreSql *p, PgTable table, const char *after, size_t max, StrBuf *sql)
{
        const char *id = table == PG_SESSIONS ? "id" : "session_id";

        (void) strbuf_printf(sql, "SELECT s.id, count(t.%s), coalesce(mod(sum(", id);
        (void) pg_digest_sql(table, p->has[table], sql);
        (void) strbuf_printf(
                        sql,
                        ") FILTER (WHERE t.%s IS NOT NULL), 18446744073709551616), 0) FROM (SELECT id "
                        "FROM %s.sessions WHERE owner_marker = ANY($1::text[])%s ORDER BY id COLLATE "
                        "\"C\" LIMIT %zu) s LEFT JOIN ",
                        id, p->schema, after ? " AND id > $2 COLLATE \"C\"" : "", max);
        add_rows(p, table, sql);
        return strbuf_printf(sql, " t ON t.%s = s.id GROUP BY s.id ORDER BY s.id COLLATE \"C\"",
                             id);
}

static int postgresql_digests(Remote *remote, RemoteTable table, const char *after, size_t max,
                              RemoteDigestCallback on_digest, void *userdata)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        _cleanup_(result_clearp) PGresult *result = NULL;
        PostgreSql *p = postgresql_begin(remote);
        const char *parameters[] = { p->ours, after, NULL };
        PgTable there = pg_table_of(table);
        int r;

        if (there == N_PG_TABLES || !p->has[there][0])
                return 0;
        (void) digests_sql(p, there, after, max, &sql);
        r = postgresql_run(p, &sql, parameters, &result);
        for (int i = 0; r >= 0 && i < pq()->PQntuples(result); i++)
                r = on_digest(userdata,
                              &(RemoteDigest){
                                              .session_id = postgresql_text(result, i, 0),
                                              .n_rows = strtoull(postgresql_text(result, i, 1),
                                                                 NULL, 10),
                                              /* a negative number is taken modulo 2^64 */
                                              .digest = strtoull(postgresql_text(result, i, 2),
                                                                 NULL, 10),
                              });
        return r;
}

/* Open and close */

/* Looks for sessions that did not come from scrubjay, and so are not masked: they are reported and left alone. */
static int look_for_plain(PostgreSql *p, RemoteStanding *ret)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        int r;

        r = postgresql_runf(
                        p, NULL, &result,
                        "SELECT count(*), min(id) FROM %s.sessions WHERE owner_marker NOT LIKE '" PG_MARK
                        "%%'",
                        p->schema);
        if (r < 0)
                return r;
        ret->n_plain = strtoull(postgresql_text(result, 0, 0), NULL, 10);
        if (ret->n_plain == 0)
                return 0;
        free(p->plain);
        p->plain = strdup(postgresql_text(result, 0, 1));
        ret->plain = p->plain;
        return p->plain ? 0 : postgresql_no_memory(p);
}

/* Sets every option that we rely on; none is left to a default of the server, the database or the user. If the server has a
 * faster compression of long texts than its oldest one, it is used: that saved a quarter of the server's work. */
static int say_settings(PostgreSql *p)
{
        char msec[24];
        const char *parameters[] = { msec, NULL };
        int r;

        (void) snprintf(msec, sizeof(msec), "%" PRIu64, p->connection.timeout_usec / USEC_PER_MSEC);
        r = postgresql_runf(
                        p, NULL, NULL,
                        "SELECT set_config(name, 'lz4', false) FROM pg_catalog.pg_settings WHERE name = "
                        "'default_toast_compression' AND 'lz4' = ANY(enumvals)");
        if (r < 0)
                return r;
        return postgresql_runf(
                        p, parameters, NULL,
                        "SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $1, "
                        "false), set_config('idle_in_transaction_session_timeout', $1, false), "
                        "set_config('search_path', 'pg_catalog', false), set_config('timezone', 'UTC', false), "
                        "set_config('standard_conforming_strings', 'on', false)");
}

int postgresql_limit_statements(PostgreSql *p, uint64_t usec)
{
        char msec[24];
        const char *parameters[] = { msec, NULL };

        (void) snprintf(msec, sizeof(msec), "%" PRIu64, usec / USEC_PER_MSEC);
        return postgresql_runf(p, parameters, NULL,
                               "SELECT set_config('statement_timeout', $1, false)");
}

/* Tries the servers in order, each with the whole time-out: libpq itself would wait for the first that does not answer. */
static int connect_to_one(PostgreSql *p, const char *password)
{
        const char *keywords[CONNECTION_PARAMETERS_MAX], *values[CONNECTION_PARAMETERS_MAX];
        bool is_final = false;
        int r = -EINVAL;

        for (size_t i = 0; r < 0 && !is_final && i < p->settings.n_servers; i++) {
                connection_close(&p->connection);
                connection_settings_fill(&p->settings, i, password, keywords, values);
                r = connection_open(&p->connection, keywords, values, &is_final);
        }
        return r;
}

static int connect_to(PostgreSql *p)
{
        _cleanup_free_ char *error = NULL;
        char *password = NULL;
        int r;

        r = password_load(p->options->name, p->options->password_file, &password, &error);
        if (r < 0)
                return postgresql_fail(p, -EACCES, "%s", error ?: "The password cannot be read.");
        r = connect_to_one(p, password);
        password = password_free(password);
        return r < 0 ? postgresql_failed(p, r) : say_settings(p);
}

static int open_anew(PostgreSql *p, RemoteStanding *ret)
{
        int r;

        r = connect_to(p);
        if (r >= 0)
                r = postgresql_check_schema(p);
        if (r >= 0 && p->us->names[0])
                r = postgresql_claim(p, &ret->is_new, &ret->stamp);
        if (r >= 0 && p->us->names[0] && !p->us->only_looks)
                r = postgresql_make_staging(p);
        if (r >= 0)
                r = look_for_plain(p, ret);
        ret->left_out = p->left_out;
        return r;
}

static void postgresql_close(Remote *remote)
{
        PostgreSql *p = of(remote);

        connection_close(&p->connection);
        postgresql_drop(p);
        p->is_open = p->is_staged = false;
}

static int postgresql_open(Remote *remote, const RemoteIdentity *us, RemoteStanding *ret)
{
        PostgreSql *p = postgresql_begin(remote);
        int r;

        p->us = us;
        if (p->is_open) {
                r = postgresql_still_ours(p);
                if (r != -ECONNRESET)
                        return r;
                /* the connection broke while idle, so nothing was under way */
        }
        ret->is_fresh = true;
        postgresql_close(remote); /* or one opened before the archive had a name */
        r = open_anew(p, ret);
        p->is_open = r >= 0 && us->names[0] != NULL;
        return r;
}

/* Life */

static void postgresql_free(Remote *remote)
{
        PostgreSql *p = of(remote);

        if (!p)
                return;
        connection_done(&p->connection);
        connection_settings_done(&p->settings);
        postgresql_rows_done(p);
        free(p->schema);
        free(p->left_out);
        free(p->plain);
        free(p->claim);
        free(p->next_claim);
        free(p->ours);
        free(p->kin);
        free(p->base.reason);
        free(p->base.caution);
        free(p);
}

static void postgresql_stop(Remote *remote)
{
        connection_stop(&of(remote)->connection);
}

/* "schema", quoted for SQL. */
static void quote_schema(PostgreSql *p)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        (void) strbuf_putc(&b, '"');
        for (const char *c = p->options->schema ?: PG_DEFAULT_SCHEMA; *c; c++)
                (void) strbuf_puts(&b, (char[]){ *c, *c == '"' ? '"' : '\0', '\0' });
        (void) strbuf_putc(&b, '"');
        (void) strbuf_take(&b, &p->schema);
}

static int set_up(PostgreSql *p, const RemoteOptions *o, char **reterr)
{
        int r;

        p->base.backend = &postgresql_backend;
        p->options = o;
        p->connection.stop_fd = -1;
        r = pq_load(reterr);
        if (r < 0)
                return r;
        r = connection_settings_take(&p->settings, o, reterr);
        if (r < 0)
                return r;
        p->base.caution = TAKE_PTR(p->settings.caution);
        r = connection_init(&p->connection, p->settings.place,
                            o->timeout_usec ?: REMOTE_TIMEOUT_USEC);
        quote_schema(p);
        if (r < 0)
                format_error(reterr, "There is no memory.");
        return r;
}

static int postgresql_show(const RemoteOptions *options, char **ret)
{
        _cleanup_free_ char *error = NULL;
        ConnectionSettings s = { 0 };
        int r = pq_load(&error);

        if (r >= 0)
                r = connection_settings_take(&s, options, &error);
        if (r >= 0)
                *ret = TAKE_PTR(s.url);
        connection_settings_done(&s);
        return r;
}

static int postgresql_make(const RemoteOptions *options, Remote **ret, char **reterr)
{
        PostgreSql *p = xcalloc(1, sizeof(*p));
        int r = set_up(p, options, reterr);

        if (r < 0) {
                postgresql_free(&p->base);
                return r;
        }
        *ret = &p->base;
        return 0;
}

const RemoteBackend postgresql_backend = {
        .scheme = "postgres",
        .show = postgresql_show,
        .make = postgresql_make,
        .free = postgresql_free,
        .stop = postgresql_stop,
        .open = postgresql_open,
        .close = postgresql_close,
        .sessions = postgresql_sessions,
        .put = postgresql_put,
        .send = postgresql_send,
        .digest = postgresql_digest,
        .digests = postgresql_digests,
        .setup = postgresql_setup,
};
