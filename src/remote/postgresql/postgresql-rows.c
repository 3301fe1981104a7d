/*
 * PostgreSQL: packs rows in blocks, and sends the blocks to temporary tables
 *
 * It uses COPY in binary format: nothing is escaped here, and no text is parsed there. Temporary tables belong to the
 * connection, so none of agentsview's tables is locked while rows are being sent; single statements on the server then move the
 * rows.
 */
#include <string.h>

#include "remote/postgresql/postgresql-internal.h"

/* When rows are sent to the server, so that memory is bounded however long a session is. */
#define BLOCKS_BYTES ((size_t) 4 * 1024 * 1024)

/* The size of one statement, and of one transaction. Both are short: others may wait for them (a migration of agentsview's, and
 * all readers after it), and a statement must end within the time-out even if the indexes for searching make it slow (256
 * rows/s, measured). */
#define SLICE_ROWS  500
#define SLICE_BYTES ((size_t) 1024 * 1024)
#define GROUP_ROWS  2000
#define GROUP_BYTES ((size_t) 4 * 1024 * 1024)

/* PostgreSQL's years begin in 2000. */
#define EPOCH_USEC INT64_C(946684800000000)

static int put_number(StrBuf *b, uint64_t number, size_t n_bytes)
{
        char bytes[8] = { 0 };

        for (size_t i = 0; i < n_bytes; i++)
                bytes[n_bytes - 1 - i] = (char) (number >> (8 * i));
        return strbuf_append(b, bytes, n_bytes);
}

static int put_field(StrBuf *b, uint64_t number, size_t n_bytes)
{
        (void) put_number(b, n_bytes, 4);
        return put_number(b, number, n_bytes);
}

static int put_cell(StrBuf *b, PgType type, const PgCell *cell)
{
        if (cell->is_null)
                return put_number(b, UINT32_MAX, 4);
        switch (type) {
        case PG_TEXT:
                (void) put_number(b, cell->size, 4);
                return strbuf_append(b, cell->text, cell->size);
        case PG_INT:
                return put_field(b, (uint64_t) cell->number, 4);
        case PG_LONG:
        case PG_REAL:
                return put_field(b, (uint64_t) cell->number, 8);
        case PG_BOOL:
                return put_field(b, cell->number != 0, 1);
        case PG_TIME:
                return put_field(b, (uint64_t) (cell->number - EPOCH_USEC), 8);
        }
        return -EINVAL;
}

static size_t n_sent(const PostgreSql *p, PgTable table)
{
        const PgLayout *l = pg_layout(table);
        size_t n = 0;

        for (size_t i = 0; i < l->n_columns; i++)
                n += p->has[table][i] && pg_column_is_sent(l->columns + i);
        return n;
}

static int put_row(PostgreSql *p, PgTable table, const Value *values)
{
        static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
        const PgLayout *l = pg_layout(table);
        StrBuf *b = p->blocks + table;
        int r;

        if (b->size == 0)
                (void) strbuf_append(b, head, sizeof(head)); /* and the last zero */
        (void) put_number(b, n_sent(p, table) + 1, 2);
        r = put_field(b, p->slice, 4);
        for (size_t i = 0; r >= 0 && i < l->n_columns; i++) {
                PgCell cell;

                if (!p->has[table][i] || !pg_column_is_sent(l->columns + i))
                        continue;
                strbuf_clear(&p->scratch);
                r = pg_cell(l->columns + i, values, &p->scratch, &cell);
                if (r >= 0)
                        r = put_cell(b, l->columns[i].type, &cell);
        }
        p->n_rows[table] += r >= 0;
        p->has_put[table] = true;
        return r;
}

/* Groups and slices */

static void begin_slice(PostgreSql *p)
{
        p->slice++;
        p->slice_rows = p->slice_bytes = 0;
}

static void begin_session(PostgreSql *p, const Value *id)
{
        const PgGroup *group = p->n_groups > 0 ? p->groups + p->n_groups - 1 : NULL;

        if (!group || group->n_rows >= GROUP_ROWS || group->n_bytes >= GROUP_BYTES) {
                begin_slice(p);
                APPEND(p->groups, p->n_groups, (PgGroup){ .first_slice = p->slice });
        }
        APPEND(p->sessions, p->n_sessions,
               (PgSession){ .id = xstrndup(id->text, id->size), .group = p->n_groups - 1 });
}

static void count(PostgreSql *p, RemoteTable table, size_t n_bytes)
{
        PgGroup *group = p->groups + p->n_groups - 1;

        group->n_rows++;
        group->n_bytes += n_bytes;
        if (table == REMOTE_SESSIONS)
                return;
        p->slice_rows++;
        p->slice_bytes += n_bytes;
        p->sessions[p->n_sessions - 1].has_text = true;
}

int postgresql_put(Remote *remote, RemoteTable table, const Value *values, uint64_t stamp)
{
        PostgreSql *p = (PostgreSql *) remote;
        PgTable there = pg_table_of(table);
        size_t before, all = 0;
        int r;

        if (there == N_PG_TABLES || !p->has[there][0] || !pg_row_fits(table, values))
                return REMOTE_PUT_NOT;
        if (table == REMOTE_SESSIONS)
                begin_session(p, values + SESSION_ID);
        else if (p->slice_rows >= SLICE_ROWS || p->slice_bytes >= SLICE_BYTES)
                begin_slice(p);
        before = p->blocks[there].size;
        r = put_row(p, there, values);
        if (r < 0)
                return r;
        if (table < REMOTE_STARS)
                count(p, table, p->blocks[there].size - before);
        for (PgTable t = PG_MESSAGES; t < N_PG_TABLES; t++)
                all += p->blocks[t].size;
        return all >= BLOCKS_BYTES ? REMOTE_PUT_FULL : 0;
}

/* Staging */

static int stage_table(PostgreSql *p, PgTable table)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        StrBuf *b = p->blocks + table;
        int r;

        if (p->n_rows[table] == 0)
                return 0;
        (void) strbuf_printf(&sql, "COPY " PG_STAGING "%s FROM STDIN (FORMAT binary)",
                             pg_layout(table)->name);
        if (put_number(b, UINT16_MAX, 2) < 0 || sql.failed)
                return postgresql_no_memory(p);
        p->is_staged = true;
        r = connection_copy(&p->connection, sql.data, b->data, b->size);
        strbuf_clear(b);
        p->n_rows[table] = 0;
        return r < 0 ? postgresql_failed(p, r) : 0;
}

/* How long rows take depends on the line, not on the server, so we check ourselves whether they move. */
int postgresql_stage(PostgreSql *p, bool all)
{
        int r;

        r = postgresql_limit_statements(p, 0);
        for (PgTable t = all ? PG_SESSIONS : PG_MESSAGES; r >= 0 && t < N_PG_TABLES; t++)
                r = stage_table(p, t);
        return r < 0 ? r : postgresql_limit_statements(p, p->connection.timeout_usec);
}

void postgresql_drop(PostgreSql *p)
{
        for (PgTable t = 0; t < N_PG_TABLES; t++) {
                strbuf_clear(p->blocks + t);
                p->blocks[t].failed = false;
                p->n_rows[t] = 0;
                p->has_put[t] = false;
        }
        for (size_t i = 0; i < p->n_sessions; i++)
                free(p->sessions[i].id);
        p->n_sessions = p->n_groups = 0;
        p->slice = p->slice_rows = p->slice_bytes = 0;
}

void postgresql_rows_done(PostgreSql *p)
{
        postgresql_drop(p);
        for (PgTable t = 0; t < N_PG_TABLES; t++)
                strbuf_done(p->blocks + t);
        free(p->sessions);
        free(p->groups);
        strbuf_done(&p->scratch);
        strbuf_done(&p->digested);
}
