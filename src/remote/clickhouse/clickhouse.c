/*
 * ClickHouse: a backend over its HTTP interface
 *
 * Everything that this relies on is said with each request, never left to a default.
 */
#include <inttypes.h>
#include <string.h>

#include "base/time-util.h"
#include "remote/clickhouse/clickhouse-internal.h"
#include "remote/password.h"

static ClickHouse *of(Remote *r)
{
        return (ClickHouse *) r;
}

/* Selections */

static int put_list(StrBuf *b, const char *column, const char *const *list, size_t n)
{
        (void) strbuf_printf(b, "%s IN (", column);
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        (void) strbuf_puts(b, ", ");
                (void) clickhouse_quote(b, list[i]);
        }
        return strbuf_putc(b, ')');
}

static int put_origins(ClickHouse *c, StrBuf *b)
{
        size_t n = 0;

        while (c->base.origins[n])
                n++;
        return put_list(b, "origin", (const char *const *) c->base.origins, n);
}

static const char *id_column(RemoteTable table)
{
        return remote_table(table)->columns[0].name;
}

static int put_rows(StrBuf *b, const RemoteSelection *s)
{
        (void) strbuf_printf(b, "(session_id, %s) IN (",
                             s->table == REMOTE_MESSAGES ? "ordinal" : "message_ordinal");
        for (size_t i = 0; i < s->n_rows; i++) {
                (void) strbuf_puts(b, i > 0 ? ", (" : "(");
                (void) clickhouse_quote(b, s->rows[i].session_id);
                (void) strbuf_printf(b, ", %" PRId64 ")", s->rows[i].ordinal);
        }
        return strbuf_putc(b, ')');
}

static int put_where(ClickHouse *c, StrBuf *b, const RemoteSelection *s)
{
        (void) strbuf_puts(b, " WHERE org_id = ");
        (void) clickhouse_quote(b, c->org_id);
        if (s->n_ids > 0 || s->n_rows > 0)
                (void) strbuf_puts(b, " AND (");
        if (s->n_ids > 0)
                (void) put_list(b, id_column(s->table), s->ids, s->n_ids);
        if (s->n_ids > 0 && s->n_rows > 0)
                (void) strbuf_puts(b, " OR ");
        if (s->n_rows > 0)
                (void) put_rows(b, s);
        if (s->n_ids > 0 || s->n_rows > 0)
                (void) strbuf_putc(b, ')');
        if (s->own) {
                (void) strbuf_puts(b, " AND (");
                (void) put_origins(c, b);
                if (s->user_id) {
                        (void) strbuf_puts(b, " OR (origin = '' AND user_id = ");
                        (void) clickhouse_quote(b, s->user_id);
                        (void) strbuf_putc(b, ')');
                }
                (void) strbuf_putc(b, ')');
        }
        if (s->below_version > 0)
                (void) strbuf_printf(b, " AND _version < %" PRIu64, s->below_version);
        return b->failed ? -ENOMEM : 0;
}

static bool is_empty(const RemoteSelection *s)
{
        return !s->all && s->n_ids == 0 && s->n_rows == 0;
}

static int clickhouse_delete(Remote *remote, const RemoteSelection *s)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        ClickHouse *c = of(remote);

        if (is_empty(s))
                return 0;
        (void) strbuf_puts(&sql, "DELETE FROM ");
        (void) clickhouse_name(&sql, remote_table(s->table)->name);
        if (put_where(c, &sql, s) < 0 ||
            strbuf_puts(&sql, " SETTINGS lightweight_deletes_sync = 2") < 0)
                return clickhouse_fail(c, -ENOMEM, "There is no memory.");
        return clickhouse_run(c, sql.data, NULL, NULL);
}

typedef struct IdRows {
        RemoteIdCallback on_id;
        void *userdata;
} IdRows;

static int on_id_row(void *userdata, char **cells, size_t n_cells)
{
        IdRows *i = userdata;

        return i->on_id(i->userdata, cells[0]);
}

static int clickhouse_select(Remote *remote, const RemoteSelection *s, RemoteIdCallback on_id,
                             void *userdata)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        ClickHouse *c = of(remote);
        IdRows rows = { on_id, userdata };

        if (is_empty(s))
                return 0;
        (void) strbuf_printf(&sql, "SELECT DISTINCT %s FROM ", id_column(s->table));
        (void) clickhouse_name(&sql, remote_table(s->table)->name);
        (void) strbuf_puts(&sql, " FINAL");
        if (put_where(c, &sql, s) < 0)
                return clickhouse_fail(c, -ENOMEM, "There is no memory.");
        return clickhouse_run(c, sql.data, on_id_row, &rows);
}

/* Owners, versions, digests */

typedef struct OwnerRows {
        RemoteOwnerCallback on_owner;
        void *userdata;
} OwnerRows;

static int on_owner_row(void *userdata, char **cells, size_t n_cells)
{
        OwnerRows *rows = userdata;

        if (n_cells != 5)
                return -EBADMSG;
        return rows->on_owner(rows->userdata,
                              &(RemoteOwner){
                                              .session_id = cells[0],
                                              .user_id = cells[1],
                                              .origin = cells[2],
                                              .machine = cells[3],
                                              .version = strtoull(cells[4], NULL, 10),
                              });
}

static int clickhouse_owners(Remote *remote, const char *const *ids, size_t n_ids,
                             RemoteOwnerCallback on_owner, void *userdata)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        RemoteSelection s = { .table = REMOTE_SESSIONS, .ids = ids, .n_ids = n_ids };
        OwnerRows rows = { on_owner, userdata };
        ClickHouse *c = of(remote);

        if (n_ids == 0)
                return 0;
        (void) strbuf_puts(&sql,
                           "SELECT id, user_id, origin, machine, _version FROM sessions FINAL");
        if (put_where(c, &sql, &s) < 0)
                return clickhouse_fail(c, -ENOMEM, "There is no memory.");
        return clickhouse_run(c, sql.data, on_owner_row, &rows);
}

static int on_version(void *userdata, char **cells, size_t n_cells)
{
        *(uint64_t *) userdata = strtoull(cells[0], NULL, 10);
        return 0;
}

static int clickhouse_version(Remote *remote, uint64_t *ret)
{
        RemoteSelection s = { .all = true, .own = true };
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        ClickHouse *c = of(remote);

        *ret = 0;
        (void) strbuf_puts(&sql, "SELECT max(v) FROM (");
        for (size_t i = 0; i < N_REMOTE_TABLES; i++) {
                (void) strbuf_printf(&sql, "%sSELECT max(_version) AS v FROM ",
                                     i > 0 ? " UNION ALL " : "");
                (void) clickhouse_name(&sql, remote_table((RemoteTable) i)->name);
                if (put_where(c, &sql, &s) < 0)
                        return clickhouse_fail(c, -ENOMEM, "There is no memory.");
        }
        if (strbuf_putc(&sql, ')') < 0)
                return clickhouse_fail(c, -ENOMEM, "There is no memory.");
        return clickhouse_run(c, sql.data, on_version, ret);
}

typedef struct DigestRows {
        RemoteDigestCallback on_digest;
        void *userdata;
} DigestRows;

static int on_digest_row(void *userdata, char **cells, size_t n_cells)
{
        DigestRows *rows = userdata;

        if (n_cells != 3)
                return -EBADMSG;
        return rows->on_digest(rows->userdata,
                               &(RemoteDigest){
                                               .session_id = cells[0],
                                               .n_rows = strtoull(cells[1], NULL, 10),
                                               .digest = strtoull(cells[2], NULL, 10),
                               });
}

static int clickhouse_digests(Remote *remote, RemoteTable table, RemoteDigestCallback on_digest,
                              void *userdata)
{
        RemoteSelection s = { .table = table, .all = true, .own = true };
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        DigestRows rows = { on_digest, userdata };
        ClickHouse *c = of(remote);

        (void) strbuf_printf(&sql, "SELECT %s AS k, count(), sum(", id_column(table));
        (void) clickhouse_digest_sql(table, &sql);
        (void) strbuf_puts(&sql, ") FROM ");
        (void) clickhouse_name(&sql, remote_table(table)->name);
        (void) strbuf_puts(&sql, " FINAL");
        (void) put_where(c, &sql, &s);
        if (strbuf_puts(&sql, " GROUP BY k ORDER BY k") < 0)
                return clickhouse_fail(c, -ENOMEM, "There is no memory.");
        return clickhouse_run(c, sql.data, on_digest_row, &rows);
}

/* Life */

static int clickhouse_prepare(Remote *remote, bool *ret_made)
{
        _cleanup_free_ char *error = NULL;
        ClickHouse *c = of(remote);
        char *password = NULL;
        int r;

        r = password_load(c->name, c->password_file, &password, &error);
        if (r < 0)
                return clickhouse_fail(c, -EACCES, "%s", error ?: "The password cannot be read.");
        r = http_set_login(c->http, c->url.user, password ?: c->url.password);
        password = password_free(password);
        if (r < 0)
                return clickhouse_fail(c, r, "There is no memory.");
        return clickhouse_prepare_tables(c, ret_made);
}

static void clickhouse_free(Remote *remote)
{
        ClickHouse *c = of(remote);

        if (!c)
                return;
        http_free(c->http);
        clickhouse_blocks_done(c);
        remote_url_done(&c->url);
        free(c->name);
        free(c->org_id);
        free(c->password_file);
        free(c->place);
        free(c->base.reason);
        free(c);
}

static void clickhouse_stop(Remote *remote)
{
        http_stop(of(remote)->http);
}

static int copy_settings(ClickHouse *c, const RemoteOptions *o)
{
        c->name = strdup(o->name);
        c->org_id = strdup(o->org_id && *o->org_id ? o->org_id : "default");
        c->password_file = o->password_file ? strdup(o->password_file) : NULL;
        c->gzip = o->compression == REMOTE_COMPRESSION_GZIP ||
                  (o->compression == REMOTE_COMPRESSION_AUTO && !remote_url_is_local(&c->url));
        if (asprintf(&c->place, "%s:%u", c->url.host, c->url.port) < 0)
                c->place = NULL;
        if (!c->name || !c->org_id || !c->place || (o->password_file && !c->password_file))
                return -ENOMEM;
        return clickhouse_put_text(&c->row_head, c->org_id, strlen(c->org_id));
}

static int set_up(ClickHouse *c, const RemoteOptions *o, char **reterr)
{
        int r;

        c->base.backend = &clickhouse_backend;
        r = remote_url_parse(o->url, &c->url, reterr);
        if (r < 0)
                return r;
        if (c->url.password && o->url_is_seen) {
                format_error(reterr,
                             "The URL on the command line holds a password, which everybody on this "
                             "machine can see. Put it into a file of mode 0600: "
                             "~/.config/scrubjay/remote-%s-password.",
                             o->name);
                return -EINVAL;
        }
        r = copy_settings(c, o);
        if (r < 0) {
                format_error(reterr, "There is no memory.");
                return r;
        }
        return http_new(&(HttpServer){ .host = c->url.host,
                                       .port = c->url.port,
                                       .tls = c->url.tls,
                                       .ca_file = o->ca_file,
                                       .client_certificate = o->client_certificate,
                                       .client_key = o->client_key,
                                       .timeout_usec = o->timeout_usec ?: REMOTE_TIMEOUT_USEC },
                        &c->http, reterr);
}

static int clickhouse_new(const RemoteOptions *options, Remote **ret, char **reterr)
{
        ClickHouse *c = calloc(1, sizeof(*c));
        int r = -ENOMEM;

        if (c)
                r = set_up(c, options, reterr);
        if (r < 0) {
                clickhouse_free(c ? &c->base : NULL);
                return r;
        }
        *ret = &c->base;
        return 0;
}

static int clickhouse_finish_sent(Remote *remote)
{
        return clickhouse_settle(of(remote));
}

const RemoteBackend clickhouse_backend = {
        .scheme = "clickhouse",
        .new = clickhouse_new,
        .free = clickhouse_free,
        .stop = clickhouse_stop,
        .prepare = clickhouse_prepare,
        .put = clickhouse_put,
        .send = clickhouse_send,
        .finish = clickhouse_finish_sent,
        .drop = clickhouse_drop,
        .delete = clickhouse_delete,
        .select = clickhouse_select,
        .owners = clickhouse_owners,
        .version = clickhouse_version,
        .digests = clickhouse_digests,
};
