/*
 * ClickHouse: a backend over its HTTP interface
 *
 * Each request sets every option that we rely on; none is left to a default.
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

ClickHouse *clickhouse_begin(Remote *remote)
{
        free(remote->reason);
        remote->reason = NULL;
        remote->retry_after_usec = 0;
        return of(remote);
}

/* Sessions */

typedef struct SessionRows {
        ClickHouse *c;
        RemoteSessionCallback on_session;
        void *userdata;
} SessionRows;

static bool is_our_name(const ClickHouse *c, const char *origin)
{
        for (char **name = c->us->names; *name; name++)
                if (strcmp(*name, origin) == 0)
                        return true;
        return false;
}

/* id, user, origin, machine, version. A row without an origin comes from a writer that had none. */
static int on_session_row(void *userdata, char **cells, size_t n_cells)
{
        SessionRows *rows = userdata;
        RemoteSession session = { .owner = REMOTE_OURS, .who = "" };

        if (n_cells != 5)
                return -EBADMSG;
        session.id = cells[0];
        session.stamp = strtoull(cells[4], NULL, 10);
        if (!is_our_name(rows->c, cells[2])) {
                bool is_foreign = strcmp(cells[1], rows->c->us->user_id) != 0;

                session.owner = is_foreign ? REMOTE_FOREIGN : REMOTE_OURS_ELSEWHERE;
                session.who = is_foreign  ? cells[1]
                              : *cells[2] ? (*cells[3] ? cells[3] : cells[2])
                                          : "";
        }
        return rows->on_session(rows->userdata, &session);
}

static int clickhouse_sessions(Remote *remote, const char *const *ids, size_t n_ids,
                               RemoteSessionCallback on_session, void *userdata)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        ClickHouse *c = clickhouse_begin(remote);
        SessionRows rows = { c, on_session, userdata };

        (void) strbuf_puts(&sql,
                           "SELECT id, user_id, origin, machine, _version FROM sessions FINAL");
        clickhouse_where(c, &sql,
                         &(Selection){ .table = REMOTE_SESSIONS, .ids = ids, .n_ids = n_ids });
        return clickhouse_run(c, &sql, on_session_row, &rows);
}

/* Digests */

static int clickhouse_digest(Remote *remote, RemoteTable table, const Value *values, uint64_t *ret)
{
        if (!wire_key_fits(table, values))
                return REMOTE_PUT_NOT;
        return wire_digest(table, values, &of(remote)->scratch, ret);
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

/* A row whose version no clock can have given (digest 1) never equals one of ours, so that it is removed. */
static void add_rows_after(ClickHouse *c, StrBuf *sql, RemoteTable table, const char *after)
{
        (void) strbuf_puts(sql, " FROM ");
        (void) clickhouse_name(sql, remote_table(table)->name);
        (void) strbuf_puts(sql, " FINAL");
        clickhouse_where(c, sql, &(Selection){ .table = table, .all = true, .own = true });
        if (!after)
                return;
        (void) strbuf_printf(sql, " AND %s > ", clickhouse_id_column(table));
        (void) clickhouse_quote(sql, after);
}

/* The page's sessions are chosen first, so that only their rows are read. */
static int clickhouse_digests(Remote *remote, RemoteTable table, const char *after, size_t max,
                              RemoteDigestCallback on_digest, void *userdata)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        ClickHouse *c = clickhouse_begin(remote);
        DigestRows rows = { on_digest, userdata };
        const char *id = clickhouse_id_column(table);

        (void) strbuf_printf(&sql,
                             "SELECT %s AS k, count(), sum(if(_version > %" PRIu64
                             ", toUInt64(1), ",
                             id, c->us->stamp_limit);
        (void) clickhouse_digest_sql(table, &sql);
        (void) strbuf_puts(&sql, "))");
        add_rows_after(c, &sql, table, after);
        (void) strbuf_printf(&sql, " AND %s IN (SELECT DISTINCT %s", id, id);
        add_rows_after(c, &sql, table, after);
        (void) strbuf_printf(&sql, " ORDER BY %s LIMIT %zu) GROUP BY k ORDER BY k", id, max);
        return clickhouse_run(c, &sql, on_digest_row, &rows);
}

/* Open and close */

static int on_standing(void *userdata, char **cells, size_t n_cells)
{
        RemoteStanding *standing = userdata;

        if (n_cells != 2)
                return -EBADMSG;
        standing->stamp = strtoull(cells[0], NULL, 10);
        standing->has_odd = strtoull(cells[1], NULL, 10) > 0;
        return 0;
}

static int find_stamp(ClickHouse *c, RemoteStanding *ret)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_puts(&sql, "SELECT max(v), sum(odd) FROM (");
        for (size_t i = 0; i < N_REMOTE_TABLES; i++) {
                (void) strbuf_printf(&sql,
                                     "%sSELECT maxIf(_version, _version <= %" PRIu64
                                     ") AS v, countIf(_version > %" PRIu64 ") AS odd FROM ",
                                     i > 0 ? " UNION ALL " : "", c->us->stamp_limit,
                                     c->us->stamp_limit);
                (void) clickhouse_name(&sql, remote_table((RemoteTable) i)->name);
                clickhouse_where(c, &sql, &(Selection){ .all = true, .own = true });
        }
        (void) strbuf_putc(&sql, ')');
        return clickhouse_run(c, &sql, on_standing, ret);
}

static int on_former(void *userdata, char **cells, size_t n_cells)
{
        *(bool *) userdata = true;
        return 0;
}

/* Without OrgId=, earlier versions delivered under another name. */
static int find_former(ClickHouse *c, bool *ret)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        if (*c->org_id)
                return 0;
        for (size_t i = 0; i < N_REMOTE_TABLES; i++) {
                (void) strbuf_printf(&sql, "%s(SELECT 1 FROM ", i > 0 ? " UNION ALL " : "");
                (void) clickhouse_name(&sql, remote_table((RemoteTable) i)->name);
                (void) strbuf_puts(&sql, " WHERE org_id = '" CLICKHOUSE_FORMER_ORG "' AND ");
                (void) clickhouse_names(c, &sql, "origin");
                (void) strbuf_puts(&sql, " LIMIT 1)");
        }
        return clickhouse_run(c, &sql, on_former, ret);
}

static int connect_to(ClickHouse *c, RemoteStanding *ret)
{
        _cleanup_free_ char *error = NULL;
        char *password = NULL;
        int r;

        r = password_load(c->options->name, c->options->password_file, &password, &error);
        if (r < 0)
                return clickhouse_fail(c, -EACCES, "%s", error ?: "The password cannot be read.");
        http_set_login(c->http, c->url.user, password ?: c->url.password);
        password = password_free(password);
        return clickhouse_prepare_tables(c, &ret->is_new);
}

static int clickhouse_open(Remote *remote, const RemoteIdentity *us, RemoteStanding *ret)
{
        ClickHouse *c = clickhouse_begin(remote);
        int r = 0;

        c->us = us;
        ret->is_fresh = !c->is_open;
        if (!c->is_open)
                r = connect_to(c, ret);
        if (r >= 0 && us->names[0])
                r = clickhouse_claim(c);
        if (r >= 0 && us->names[0] && !c->is_open)
                r = find_stamp(c, ret);
        if (r >= 0 && us->names[0] && !c->is_open)
                r = find_former(c, &ret->has_former);
        if (r >= 0)
                c->is_open = us->names[0] != NULL;
        return r;
}

static void clickhouse_close(Remote *remote)
{
        ClickHouse *c = of(remote);

        clickhouse_drop(c);
        c->is_open = false;
}

/* Life */

static void clickhouse_free(Remote *remote)
{
        ClickHouse *c = of(remote);

        if (!c)
                return;
        http_free(c->http);
        clickhouse_blocks_done(c);
        remote_url_done(&c->url);
        strbuf_done(&c->scratch);
        free(c->place);
        free(c->base.reason);
        free(c->base.caution);
        free(c);
}

static void clickhouse_stop(Remote *remote)
{
        http_stop(of(remote)->http);
}

static void take_settings(ClickHouse *c, const RemoteOptions *o)
{
        bool is_local = remote_url_is_local(&c->url);

        c->options = o;
        c->org_id = o->org_id ?: "";
        c->gzip = o->compression == REMOTE_COMPRESSION_GZIP ||
                  (o->compression == REMOTE_COMPRESSION_AUTO && !is_local);
        c->place = xasprintf("%s:%u", c->url.host, c->url.port);
        if (!c->url.tls && !is_local)
                format_error(&c->base.caution,
                             "Password and archive are sent to %s in plain text: its URL says http. Use "
                             "https, so that nobody on the way can read them.",
                             c->place);
        (void) clickhouse_put_text(&c->row_head, c->org_id, strlen(c->org_id));
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
                             "machine can see. Put it in a file with mode 0600: "
                             "~/.config/scrubjay/remote-%s-password.",
                             o->name);
                return -EINVAL;
        }
        take_settings(c, o);
        return http_new(&(HttpServer){ .host = c->url.host,
                                       .port = c->url.port,
                                       .tls = c->url.tls,
                                       .ca_file = o->ca_file,
                                       .client_certificate = o->client_certificate,
                                       .client_key = o->client_key,
                                       .timeout_usec = o->timeout_usec ?: REMOTE_TIMEOUT_USEC },
                        &c->http, reterr);
}

static int clickhouse_make(const RemoteOptions *options, Remote **ret, char **reterr)
{
        ClickHouse *c = xcalloc(1, sizeof(*c));
        int r = set_up(c, options, reterr);

        if (r < 0) {
                clickhouse_free(&c->base);
                return r;
        }
        *ret = &c->base;
        return 0;
}

const RemoteBackend clickhouse_backend = {
        .scheme = "clickhouse+",
        .make = clickhouse_make,
        .free = clickhouse_free,
        .stop = clickhouse_stop,
        .open = clickhouse_open,
        .close = clickhouse_close,
        .sessions = clickhouse_sessions,
        .put = clickhouse_put,
        .send = clickhouse_send,
        .digest = clickhouse_digest,
        .digests = clickhouse_digests,
};
