/*
 * PostgreSQL: stores what was put
 *
 * It uses short transactions of whole sessions. Each begins with the claim (postgresql-claim.c), writes session rows first,
 * since all others refer to them, and sets a session's updated_at to the server's time, which open pages watch. Equal rows are
 * not written: with the indexes for searching, that is a hundred times less work.
 */
#include <inttypes.h>
#include <string.h>

#include "remote/postgresql/postgresql-internal.h"

/* INSERT ... SELECT ... ON CONFLICT */

/* The value of a column that is not sent with the row. $2: our mark, $3: the new revision. */
static const char *constant(const PgColumn *column)
{
        switch (column->use) {
        case PG_OWNER:
                return "$2";
        case PG_REVISION:
                return "$3";
        default:
                return "clock_timestamp()";
        }
}

/* The next column that exists there, from *@i on; NULL: there is none. */
static const PgColumn *next_column(const PostgreSql *p, PgTable table, size_t *i)
{
        const PgLayout *l = pg_layout(table);

        while (*i < l->n_columns && !p->has[table][*i])
                (*i)++;
        return *i < l->n_columns ? l->columns + (*i)++ : NULL;
}

static const char *comma(size_t n)
{
        return n > 0 ? ", " : "";
}

/* @side: the alias of the row, with a dot; or "". */
static void add_names(const PostgreSql *p, PgTable table, const char *side, StrBuf *sql)
{
        const PgColumn *c;

        for (size_t i = 0, n = 0; (c = next_column(p, table, &i)); n++)
                (void) strbuf_printf(sql, "%s%s\"%s\"", comma(n), side, c->name);
}

static void add_values(const PostgreSql *p, PgTable table, StrBuf *sql)
{
        const PgColumn *c;

        for (size_t i = 0, n = 0; (c = next_column(p, table, &i)); n++) {
                if (pg_column_is_sent(c))
                        (void) strbuf_printf(sql, "%st.\"%s\"", comma(n), c->name);
                else
                        (void) strbuf_printf(sql, "%s%s", comma(n), constant(c));
        }
}

/* A name or a deletion that somebody set in agentsview's pages stays: then the column differs from what we last sent. $4:
 * sessions whose text changed. */
static void add_change(StrBuf *sql, const PgColumn *c)
{
        if (c->use == PG_KEPT)
                (void) strbuf_printf(
                                sql,
                                "\"%s\" = CASE WHEN o.\"%s\" IS DISTINCT FROM o.\"%s\" THEN o.\"%s\" ELSE "
                                "excluded.\"%s\" END",
                                c->name, c->name, c->shadow, c->name, c->name);
        else if (c->use == PG_REVISION)
                (void) strbuf_printf(
                                sql,
                                "\"%s\" = CASE WHEN o.id = ANY($4::text[]) THEN excluded.\"%s\" ELSE "
                                "o.\"%s\" END",
                                c->name, c->name, c->name);
        else
                (void) strbuf_printf(sql, "\"%s\" = excluded.\"%s\"", c->name, c->name);
}

static void add_changes(const PostgreSql *p, PgTable table, StrBuf *sql)
{
        const PgColumn *c;

        for (size_t i = 0, n = 0; (c = next_column(p, table, &i)); n++) {
                (void) strbuf_puts(sql, comma(n));
                add_change(sql, c);
        }
}

/* A session that somebody deletes permanently while its rows are being sent must not come back. */
static void add_not_excluded(const PostgreSql *p, StrBuf *sql)
{
        if (p->has_excluded)
                (void) strbuf_printf(
                                sql,
                                " AND NOT EXISTS (SELECT 1 FROM %s.excluded_sessions x WHERE x.id = t.id)",
                                p->schema);
}

/* True only if a row differs. */
static void add_difference(const PostgreSql *p, PgTable table, StrBuf *sql)
{
        (void) strbuf_putc(sql, '(');
        add_names(p, table, "o.", sql);
        (void) strbuf_puts(sql, ") IS DISTINCT FROM (");
        add_names(p, table, "excluded.", sql);
        (void) strbuf_putc(sql, ')');
}

/* Each column of a key, with @side (an alias and a dot) before it. */
static void add_key(StrBuf *sql, const char *side, const char *key)
{
        (void) strbuf_puts(sql, side);
        for (; *key; key++) {
                (void) strbuf_putc(sql, *key);
                if (*key == ' ')
                        (void) strbuf_puts(sql, side);
        }
}

/* @where: follows the temporary table t. */
static void add_upsert(const PostgreSql *p, PgTable table, const char *where, StrBuf *sql)
{
        const PgLayout *l = pg_layout(table);

        (void) strbuf_printf(sql, "INSERT INTO %s.%s AS o (", p->schema, l->name);
        add_names(p, table, "", sql);
        (void) strbuf_puts(sql, ") SELECT ");
        add_values(p, table, sql);
        (void) strbuf_printf(sql, " FROM " PG_STAGING "%s t %s ON CONFLICT (%s)", l->name, where,
                             l->key);
        if (l->among)
                (void) strbuf_printf(sql, " WHERE %s", l->among);
        (void) strbuf_puts(sql, " DO UPDATE SET ");
        add_changes(p, table, sql);
        (void) strbuf_puts(sql, " WHERE ");
        if (table == PG_SESSIONS)
                (void) strbuf_puts(sql, "o.owner_marker = ANY($5::text[])");
        else
                add_difference(p, table, sql);
}

/* Sessions of a group */

typedef struct Group {
        size_t n, n_changed;
        StrBuf ids, whole, changed,
                        with_text; /* arrays; whole and changed are empty if there are none */
        char from[24], to[24];     /* slices, as text */
        size_t first_slice, end_slice;
} Group;

static void group_done(Group *g)
{
        strbuf_done(&g->ids);
        strbuf_done(&g->whole);
        strbuf_done(&g->changed);
        strbuf_done(&g->with_text);
}

static const char *array(const StrBuf *elements)
{
        return elements->size > 0 ? elements->data : "{}";
}

static int close_arrays(Group *g)
{
        StrBuf *const all[] = { &g->ids, &g->whole, &g->changed, &g->with_text };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(all); i++)
                if (all[i]->size > 0)
                        r = strbuf_putc(all[i], '}');
        return r;
}

/* The kind of a session that was put; parcels are in the order in which they were put. */
static RemoteParcelKind kind_of(const RemoteBatch *batch, size_t *parcel, const char *id)
{
        while (*parcel < batch->n_parcels && strcmp(batch->parcels[*parcel].id, id) != 0)
                (*parcel)++;
        return *parcel < batch->n_parcels ? batch->parcels[*parcel].kind : REMOTE_WHOLE;
}

/* Collects the sessions from *@at on that belong to group @index. */
static int gather(PostgreSql *p, const RemoteBatch *batch, size_t index, size_t *at, size_t *parcel,
                  Group *ret)
{
        ret->first_slice = p->groups[index].first_slice;
        ret->end_slice = index + 1 < p->n_groups ? p->groups[index + 1].first_slice : p->slice + 1;
        (void) snprintf(ret->from, sizeof(ret->from), "%zu", ret->first_slice);
        (void) snprintf(ret->to, sizeof(ret->to), "%zu", ret->end_slice);
        for (; *at < p->n_sessions && p->sessions[*at].group == index; (*at)++, ret->n++) {
                const PgSession *s = p->sessions + *at;
                RemoteParcelKind kind = kind_of(batch, parcel, s->id);

                (void) postgresql_add_element(&ret->ids, s->id);
                ret->n_changed += kind == REMOTE_CHANGES;
                if (kind != REMOTE_NEW)
                        (void) postgresql_add_element(
                                        kind == REMOTE_WHOLE ? &ret->whole : &ret->changed, s->id);
                if (s->has_text || kind == REMOTE_WHOLE)
                        (void) postgresql_add_element(&ret->with_text, s->id);
        }
        return close_arrays(ret) < 0 ? postgresql_no_memory(p) : 0;
}

static int session_moved(PostgreSql *p)
{
        return postgresql_fail(
                        p, -EBUSY,
                        "Somebody else has added or deleted a session on %s while it was being sent; the "
                        "delivery will be tried again.",
                        p->settings.place);
}

/* From here on, whoever deletes one of the rows waits for us, and then deletes what we wrote as well; whoever did so before is
 * seen by the next statement in excluded_sessions. If a session is sent in part, its row must exist: a new row would promise
 * messages that are not there. */
static int lock_sessions(PostgreSql *p, const Group *g)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        const char *parameters[] = { array(&g->ids), array(&g->changed), NULL };
        size_t n_changed = 0;
        int r;

        r = postgresql_runf(
                        p, parameters, &result,
                        "SELECT id = ANY($2::text[]) FROM %s.sessions WHERE id = ANY($1::text[]) ORDER BY id "
                        "FOR UPDATE",
                        p->schema);
        for (int i = 0; r >= 0 && i < pq()->PQntuples(result); i++)
                n_changed += strcmp(postgresql_text(result, i, 0), "t") == 0;
        return r < 0 || n_changed == g->n_changed ? r : session_moved(p);
}

static int send_sessions(PostgreSql *p, const Group *g, uint64_t stamp)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 }, where = { 0 };
        _cleanup_(result_clearp) PGresult *result = NULL;
        char mark[64], revision[24];
        const char *parameters[] = { g->from, mark,  revision, array(&g->with_text),
                                     p->kin,  g->to, NULL };
        int r = lock_sessions(p, g);

        (void) snprintf(mark, sizeof(mark), PG_MARK "%s", p->us->names[0]);
        (void) snprintf(revision, sizeof(revision), "%" PRIu64, stamp);
        (void) strbuf_puts(&where,
                           "WHERE t.scrubjay_slice >= $1::int AND t.scrubjay_slice < $6::int");
        add_not_excluded(p, &where);
        if (r >= 0 && where.failed)
                r = postgresql_no_memory(p);
        if (r >= 0) {
                add_upsert(p, PG_SESSIONS, where.data, &sql);
                r = postgresql_run(p, &sql, parameters, &result);
        }
        if (r < 0 || strtoull(pq()->PQcmdTuples(result), NULL, 10) == g->n)
                return r;
        return session_moved(p);
}

static int send_slices(PostgreSql *p, const Group *g, PgTable table)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        int r = 0;

        add_upsert(p, table, "WHERE t.scrubjay_slice = $1::int", &sql);
        for (size_t slice = g->first_slice; r >= 0 && slice < g->end_slice; slice++) {
                char number[24];
                const char *parameters[] = { number, NULL };

                (void) snprintf(number, sizeof(number), "%zu", slice);
                r = postgresql_run(p, &sql, parameters, NULL);
        }
        return r;
}

/* Deletes what sessions had that were put whole, and that was not put. */
static int delete_rest(PostgreSql *p, const Group *g)
{
        const char *parameters[] = { array(&g->whole), NULL };
        int r;

        if (g->whole.size == 0)
                return 0;
        r = postgresql_runf(p, parameters, NULL,
                            "DELETE FROM %s.tool_result_events WHERE session_id = ANY($1::text[])",
                            p->schema);
        if (r >= 0)
                r = postgresql_runf(
                                p, parameters, NULL,
                                "DELETE FROM %s.tool_calls c WHERE c.session_id = ANY($1::text[]) AND NOT "
                                "EXISTS (SELECT 1 FROM " PG_STAGING
                                "tool_calls t WHERE t.session_id = c.session_id AND t.message_ordinal = "
                                "c.message_ordinal AND t.call_index = c.call_index)",
                                p->schema);
        if (r >= 0)
                r = postgresql_runf(
                                p, parameters, NULL,
                                "DELETE FROM %s.messages m WHERE m.session_id = ANY($1::text[]) AND NOT "
                                "EXISTS (SELECT 1 FROM " PG_STAGING
                                "messages t WHERE t.session_id = m.session_id AND t.ordinal = m.ordinal)",
                                p->schema);
        return r;
}

/* Deletes the calls that a replaced message has lost. */
static int delete_lost(PostgreSql *p, const Group *g)
{
        const char *parameters[] = { array(&g->changed), NULL };

        if (g->changed.size == 0)
                return 0;
        return postgresql_runf(
                        p, parameters, NULL,
                        "DELETE FROM %s.tool_calls c USING " PG_STAGING
                        "messages m WHERE m.session_id = ANY($1::text[]) AND c.session_id = m.session_id AND "
                        "c.message_ordinal = m.ordinal AND NOT EXISTS (SELECT 1 FROM " PG_STAGING
                        "tool_calls t WHERE t.session_id = c.session_id AND t.message_ordinal = "
                        "c.message_ordinal AND t.call_index = c.call_index)",
                        p->schema);
}

static int flag_tools(PostgreSql *p, const Group *g)
{
        const char *parameters[] = { array(&g->ids), NULL };

        if (!p->has_tool_flag)
                return 0;
        return postgresql_runf(
                        p, parameters, NULL,
                        "UPDATE %s.sessions s SET has_tool_calls = NOT has_tool_calls WHERE s.id = "
                        "ANY($1::text[]) AND s.has_tool_calls <> EXISTS (SELECT 1 FROM %s.tool_calls c WHERE "
                        "c.session_id = s.id)",
                        p->schema, p->schema);
}

static int send_group(PostgreSql *p, const RemoteBatch *batch, const Group *g)
{
        int r = postgresql_begin_work(p, batch->stamp);

        if (r >= 0)
                r = send_sessions(p, g, batch->stamp);
        if (r >= 0)
                r = delete_rest(p, g);
        if (r >= 0)
                r = delete_lost(p, g);
        if (r >= 0)
                r = send_slices(p, g, PG_MESSAGES);
        if (r >= 0)
                r = send_slices(p, g, PG_CALLS);
        if (r >= 0)
                r = flag_tools(p, g);
        return r < 0 ? r : postgresql_commit(p);
}

static int send_groups(PostgreSql *p, const RemoteBatch *batch)
{
        size_t at = 0, parcel = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < p->n_groups; i++) {
                _cleanup_(group_done) Group g = { 0 };

                r = gather(p, batch, i, &at, &parcel, &g);
                if (r >= 0)
                        r = send_group(p, batch, &g);
        }
        return r;
}

/* Deleting a session's row deletes all that belongs to it. */
static int remove_sessions(PostgreSql *p, const RemoteBatch *batch)
{
        _cleanup_(strbuf_done) StrBuf ids = { 0 };
        const char *parameters[] = { NULL, p->ours, NULL };
        int r = 0;

        for (size_t i = 0; i < batch->n_parcels; i++)
                if (batch->parcels[i].kind == REMOTE_REMOVE)
                        (void) postgresql_add_element(&ids, batch->parcels[i].id);
        if (ids.size == 0)
                return 0;
        if (strbuf_putc(&ids, '}') < 0)
                return postgresql_no_memory(p);
        parameters[0] = ids.data;
        r = postgresql_begin_work(p, batch->stamp);
        if (r >= 0)
                r = postgresql_runf(
                                p, parameters, NULL,
                                "DELETE FROM %s.sessions WHERE id = ANY($1::text[]) AND owner_marker = "
                                "ANY($2::text[])",
                                p->schema);
        return r < 0 ? r : postgresql_commit(p);
}

/* Deletes the rows of a list that were not put. */
static int delete_unlisted(PostgreSql *p, PgTable table)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        const PgLayout *l = pg_layout(table);
        const char *parameters[] = { p->ours, NULL };

        (void) strbuf_printf(
                        &sql,
                        "DELETE FROM %s.%s o USING %s.sessions s WHERE s.id = o.session_id AND "
                        "s.owner_marker = ANY($1::text[]) AND (",
                        p->schema, l->name, p->schema);
        add_key(&sql, "o.", l->key);
        (void) strbuf_puts(&sql, ") NOT IN (SELECT ");
        add_key(&sql, "t.", l->key);
        (void) strbuf_printf(&sql, " FROM " PG_STAGING "%s t)", l->name);
        return postgresql_run(p, &sql, parameters, NULL);
}

/* Sets the array of each of our sessions (unless @replaces, only of those that have rows), and the time that open pages
 * watch. */
static int send_arrays(PostgreSql *p, PgTable table, bool replaces)
{
        const PgLayout *l = pg_layout(table);
        const char *parameters[] = { p->ours, NULL };

        return postgresql_runf(
                        p, parameters, NULL,
                        "UPDATE %s.sessions s SET \"%s\" = n.list, updated_at = clock_timestamp() FROM (SELECT "
                        "x.id, coalesce(array_agg(t.label ORDER BY t.label COLLATE \"C\") FILTER (WHERE "
                        "t.session_id IS NOT NULL), '{}') AS list FROM %s.sessions x %s JOIN " PG_STAGING
                        "%s t ON t.session_id = x.id WHERE x.owner_marker = ANY($1::text[]) GROUP BY x.id) n "
                        "WHERE s.id = n.id AND s.\"%s\" IS DISTINCT FROM n.list",
                        p->schema, l->array, p->schema, replaces ? "LEFT" : "", l->name, l->array);
}

static int send_rows(PostgreSql *p, PgTable table, bool replaces)
{
        _cleanup_(strbuf_done) StrBuf where = { 0 }, upsert = { 0 };
        const char *parameters[] = { p->ours, NULL };
        int r = 0;

        (void) strbuf_printf(&where,
                             "JOIN %s.sessions s ON s.id = t.session_id WHERE s.owner_marker = "
                             "ANY($1::text[])",
                             p->schema);
        if (where.failed)
                return postgresql_no_memory(p);
        add_upsert(p, table, where.data, &upsert);
        if (replaces)
                r = delete_unlisted(p, table);
        return r < 0 ? r : postgresql_run(p, &upsert, parameters, NULL);
}

/* Stars, pins, events and labels of our sessions; with @replaces, others are deleted. */
static int send_list(PostgreSql *p, PgTable table, bool replaces, uint64_t stamp)
{
        int r = postgresql_begin_work(p, stamp);

        if (r >= 0)
                r = pg_layout(table)->array ? send_arrays(p, table, replaces)
                                            : send_rows(p, table, replaces);
        return r < 0 ? r : postgresql_commit(p);
}

static int send_lists(PostgreSql *p, const RemoteBatch *batch)
{
        int r = 0;

        for (PgTable t = PG_STARS; r >= 0 && t < N_PG_TABLES; t++) {
                bool replaces = batch->replaces[pg_layout(t)->table] && p->has[t][0];

                if (replaces || p->has_put[t])
                        r = send_list(p, t, replaces, batch->stamp);
        }
        return r;
}

static int empty_staging(PostgreSql *p)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        if (!p->is_staged)
                return 0;
        p->is_staged = false;
        for (PgTable t = 0; t < N_PG_TABLES; t++)
                (void) strbuf_printf(&sql, "%s" PG_STAGING "%s", t > 0 ? ", " : "TRUNCATE ",
                                     pg_layout(t)->name);
        return postgresql_run(p, &sql, NULL, NULL);
}

/* What was put is no longer needed, refused or not. */
static int end_batch(PostgreSql *p)
{
        int r = empty_staging(p);

        postgresql_drop(p);
        return r;
}

static int send_batch(PostgreSql *p, const RemoteBatch *batch)
{
        int r = remove_sessions(p, batch);

        if (r >= 0)
                r = send_groups(p, batch);
        return r < 0 ? r : send_lists(p, batch);
}

int postgresql_send(Remote *remote, const RemoteBatch *batch)
{
        PostgreSql *p = postgresql_begin(remote);
        int r, refused = 0;

        r = postgresql_stage(p, batch != NULL);
        if (r >= 0 && !batch)
                return 0;
        if (r >= 0)
                r = send_batch(p, batch);
        if (r == -ERANGE) {
                refused = r;
                r = postgresql_roll_back(p);
        }
        if (r >= 0)
                r = end_batch(p);
        return r < 0 ? r : refused;
}
