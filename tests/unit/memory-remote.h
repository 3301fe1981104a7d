/*
 * A remote in memory, with every fault at every step
 *
 * Two kinds of server behind the interface of all backends: one without transactions, which keeps the rows of a key by
 * version (as ClickHouse), and one that applies a batch as a whole or not at all (as PostgreSQL). A request can be lost, be
 * carried out without an answer, or be carried out long after it was given up.
 */
#pragma once

#include <xxhash.h>

#include "remote/remote.h"
#include "test.h"

#define MEMORY_TIMEOUT_USEC \
        (5 * USEC_PER_MSEC) /* how long one waits for an answer, and a proxy for a server */

typedef struct MemoryRow {
        RemoteTable table;
        char *session, *key, *origin, *user;
        int64_t ordinal; /* the ordinal of its message; -1: none */
        uint64_t digest, stamp;
        bool is_refused; /* one of its values is */
} MemoryRow;

/* What a request deletes. */
typedef struct MemoryDeletion {
        RemoteTable table;
        char **ids;
        size_t n_ids;
        int64_t ordinal; /* INT64_MIN: any */
        bool all, own;
        uint64_t stamp, limit;
} MemoryDeletion;

/* A request: rows that are added, or a deletion. */
typedef struct MemoryRequest {
        MemoryRow *rows;
        size_t n_rows;
        MemoryDeletion deletion;
        bool is_deletion;
        char *own[8];           /* whose request it is */
        uint64_t deadline_usec; /* for a late one: nobody holds it for longer */
} MemoryRequest;

typedef enum MemoryFault {
        FAULT_LOST,   /* it was not done */
        FAULT_NO_ACK, /* it was done, and nobody knows */
        FAULT_LATE,   /* it is done later */
        N_FAULTS,
} MemoryFault;

typedef struct MemoryServer {
        bool has_transactions, has_tables;
        bool keeps_rows;     /* it refuses to delete, as with a trigger */
        const char *refuses; /* it refuses values with this text; NULL: it accepts all */
        MemoryRow *rows;
        size_t n_rows;
        MemoryRequest *late;
        size_t n_late;
        char claim_archive[64], claim_place[17];
        uint64_t n_requests, n_batches, n_opened, n_digests;

        size_t page_most; /* a survey's page with more sessions takes too long; 0: no limit */

        int fault_after; /* this many requests succeed first; -1: no fault */
        MemoryFault fault;
} MemoryServer;

static MemoryServer memory_server;

typedef struct MemoryRemote {
        Remote base;
        const RemoteIdentity *us;
        MemoryRow *rows; /* put */
        size_t n_rows, n_put;
        bool is_open, stopped;
} MemoryRemote;

/* Rows */

static void memory_row_done(MemoryRow *row)
{
        free(row->session);
        free(row->key);
        free(row->origin);
        free(row->user);
}

static char *memory_text(const Value *v)
{
        char *text = NULL;

        if (v->type == VALUE_TEXT)
                text = strndup(v->text, v->size);
        else if (v->type == VALUE_INTEGER || v->type == VALUE_REAL)
                REQUIRE(asprintf(&text, "%" PRId64, v->integer) > 0);
        else
                text = strdup("");
        REQUIRE(text);
        return text;
}

static int memory_digest(Remote *remote, RemoteTable table, const Value *values, uint64_t *ret)
{
        XXH64_hash_t sum = 17;

        memory_server.n_digests += remote != NULL;
        for (size_t i = 0; i < remote_table(table)->n_columns; i++) {
                _cleanup_free_ char *text = memory_text(values + i);

                sum = XXH64(text, strlen(text), sum);
        }
        *ret = sum;
        return 0;
}

static MemoryRow memory_row(MemoryRemote *m, RemoteTable table, const Value *values, uint64_t stamp)
{
        static const int keys[N_REMOTE_TABLES][3] = {
                [REMOTE_SESSIONS] = { -1, -1, -1 },
                [REMOTE_MESSAGES] = { MESSAGE_ORDINAL, -1, -1 },
                [REMOTE_CALLS] = { CALL_MESSAGE_ORDINAL, CALL_TOOL_USE_ID, -1 },
                [REMOTE_LINKS] = { LINK_COMMIT_SHA, LINK_PR_URL, -1 },
                [REMOTE_STARS] = { STAR_USER_ID, -1, -1 },
                [REMOTE_PINS] = { PIN_MESSAGE_ORDINAL, PIN_USER_ID, -1 },
                [REMOTE_DELETES] = { TOMBSTONE_USER_ID, -1, -1 },
                [REMOTE_USAGE] = { USAGE_EVENT_ID, -1, -1 },
                [REMOTE_LABELS] = { LABEL_LABEL, -1, -1 },
        };
        MemoryRow row = { .table = table, .stamp = stamp, .ordinal = -1 };
        _cleanup_free_ char *more[3] = { NULL };

        row.session = memory_text(values);
        row.origin = strdup(m->us->names[0]);
        row.user = strdup(m->us->user_id);
        (void) memory_digest(NULL, table, values, &row.digest);
        for (size_t i = 0; i < 3; i++)
                more[i] = keys[table][i] >= 0 ? memory_text(values + keys[table][i]) : strdup("");
        REQUIRE(asprintf(&row.key, "%d|%s|%s|%s|%s", (int) table, row.session, more[0], more[1],
                         more[2]) > 0);
        free(more[1]);
        free(more[2]);
        for (size_t i = 0; memory_server.refuses && i < remote_table(table)->n_columns; i++) {
                _cleanup_free_ char *text = memory_text(values + i);

                row.is_refused = row.is_refused || strstr(text, memory_server.refuses);
        }
        if (table == REMOTE_MESSAGES || table == REMOTE_CALLS)
                row.ordinal = values[1].integer;
        return row;
}

static MemoryRow memory_copy(const MemoryRow *row)
{
        MemoryRow copy = *row;

        copy.session = strdup(row->session);
        copy.key = strdup(row->key);
        copy.origin = strdup(row->origin);
        copy.user = strdup(row->user);
        return copy;
}

static void memory_add(MemoryRow **rows, size_t *n, MemoryRow row)
{
        *rows = reallocarray(*rows, *n + 1, sizeof(**rows));
        REQUIRE(*rows);
        (*rows)[(*n)++] = row;
}

/* The row that readers see for its key, or NULL. */
static const MemoryRow *memory_newest(const MemoryRow *row)
{
        const MemoryRow *best = row;

        for (size_t i = 0; i < memory_server.n_rows; i++) {
                const MemoryRow *other = memory_server.rows + i;

                if (strcmp(other->key, row->key) == 0 &&
                    (other->stamp > best->stamp || (other->stamp == best->stamp && other > best)))
                        best = other;
        }
        return best;
}

static bool memory_is_seen(const MemoryRow *row)
{
        return memory_newest(row) == row;
}

static bool is_one_of(char *const *names, const char *name)
{
        for (; names && *names; names++)
                if (strcmp(*names, name) == 0)
                        return true;
        return false;
}

/* Requests */

static bool memory_is_meant(const MemoryRequest *q, const MemoryRow *row)
{
        const MemoryDeletion *d = &q->deletion;
        bool is_meant = d->all;

        if (row->table != d->table)
                return false;
        for (size_t i = 0; i < d->n_ids && !is_meant; i++)
                is_meant = strcmp(d->ids[i], row->session) == 0;
        if (!is_meant || (d->ordinal != INT64_MIN && row->ordinal != d->ordinal))
                return false;
        if (d->own && !is_one_of(q->own, row->origin))
                return false;
        return row->stamp < d->stamp || row->stamp > d->limit;
}

static void memory_do(const MemoryRequest *q)
{
        size_t n = 0;

        for (size_t i = 0; i < q->n_rows; i++)
                memory_add(&memory_server.rows, &memory_server.n_rows, memory_copy(q->rows + i));
        if (!q->is_deletion)
                return;
        for (size_t i = 0; i < memory_server.n_rows; i++) {
                if (memory_is_meant(q, memory_server.rows + i))
                        memory_row_done(memory_server.rows + i);
                else
                        memory_server.rows[n++] = memory_server.rows[i];
        }
        memory_server.n_rows = n;
}

static void memory_request_done(MemoryRequest *q)
{
        for (size_t i = 0; i < q->n_rows; i++)
                memory_row_done(q->rows + i);
        for (size_t i = 0; i < q->deletion.n_ids; i++)
                free(q->deletion.ids[i]);
        for (size_t i = 0; q->own[i]; i++)
                free(q->own[i]);
        free(q->rows);
        free(q->deletion.ids);
        *q = (MemoryRequest){ 0 };
}

/* What was given up arrives: everything, or what must have arrived by now. */
static void memory_arrive(bool all)
{
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        size_t n = 0;

        for (size_t i = 0; i < memory_server.n_late; i++)
                if (all || memory_server.late[i].deadline_usec <= now) {
                        memory_do(memory_server.late + i);
                        memory_request_done(memory_server.late + i);
                } else {
                        memory_server.late[n++] = memory_server.late[i];
                }
        memory_server.n_late = n;
}

static int memory_fail(MemoryRemote *m, int error, const char *reason)
{
        free(m->base.reason);
        m->base.reason = strdup(reason);
        return error;
}

static MemoryRemote *memory_begin(Remote *remote)
{
        MemoryRemote *m = (MemoryRemote *) remote;

        free(m->base.reason);
        m->base.reason = NULL;
        return m;
}

/* Is it this one's turn to fail? */
static bool is_faulty(void)
{
        memory_arrive(false);
        memory_server.n_requests++;
        return memory_server.fault_after >= 0 && memory_server.fault_after-- == 0;
}

/* Asks for something. */
static int memory_ask(MemoryRemote *m)
{
        if (m->stopped)
                return memory_fail(m, -ECANCELED, "It was stopped.");
        return is_faulty() ? memory_fail(m, -ECONNRESET, "The connection broke.") : 0;
}

static bool memory_is_refused(const MemoryRequest *q)
{
        bool is_refused = q->is_deletion && memory_server.keeps_rows;

        for (size_t i = 0; i < q->n_rows; i++)
                is_refused = is_refused || q->rows[i].is_refused;
        return is_refused;
}

/* Runs the requests, as one if the server has transactions; takes ownership. */
static int memory_have_done(MemoryRemote *m, MemoryRequest *list, size_t n)
{
        bool is_late = false;
        int r = 0;

        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; m->us->names[k] && k + 1 < ELEMENTSOF(list[i].own); k++)
                        list[i].own[k] = strdup(m->us->names[k]);
        for (size_t i = 0; r == 0 && i < n; i++)
                if (memory_is_refused(list + i))
                        r = memory_fail(m, -ERANGE, "A value is not taken.");
        if (m->stopped)
                r = memory_fail(m, -ECANCELED, "It was stopped.");
        else if (is_faulty()) {
                r = memory_fail(m, -ECONNRESET, "The connection broke.");
                is_late = memory_server.fault == FAULT_LATE && !memory_server.has_transactions;
        }
        for (size_t i = 0; i < n; i++) {
                if (is_late) {
                        memory_server.late = reallocarray(memory_server.late,
                                                          memory_server.n_late + 1, sizeof(*list));
                        REQUIRE(memory_server.late);
                        list[i].deadline_usec = now_usec(CLOCK_MONOTONIC) + MEMORY_TIMEOUT_USEC;
                        memory_server.late[memory_server.n_late++] = list[i];
                        continue;
                }
                if (r >= 0 || (r == -ECONNRESET && memory_server.fault == FAULT_NO_ACK))
                        memory_do(list + i);
                memory_request_done(list + i);
        }
        return r;
}

/* What waits: session rows, or the others. */
static MemoryRequest take_rows(MemoryRemote *m, bool sessions)
{
        MemoryRequest q = { 0 };
        size_t n = 0;

        for (size_t i = 0; i < m->n_rows; i++)
                if ((m->rows[i].table == REMOTE_SESSIONS) == sessions)
                        memory_add(&q.rows, &q.n_rows, m->rows[i]);
                else
                        m->rows[n++] = m->rows[i];
        m->n_rows = n;
        return q;
}

static MemoryRequest deletion(MemoryRemote *m, RemoteTable table, const RemoteBatch *batch,
                              bool own)
{
        return (MemoryRequest){ .is_deletion = true,
                                .deletion = { .table = table,
                                              .own = own,
                                              .ordinal = INT64_MIN,
                                              .stamp = batch->stamp,
                                              .limit = m->us->stamp_limit } };
}

static MemoryRequest deletion_of(MemoryRemote *m, RemoteTable table, const RemoteBatch *batch,
                                 unsigned kinds, bool own)
{
        MemoryRequest q = deletion(m, table, batch, own);

        q.deletion.ids = calloc(batch->n_parcels + 1, sizeof(*q.deletion.ids));
        REQUIRE(q.deletion.ids);
        for (size_t i = 0; i < batch->n_parcels; i++)
                if (kinds & 1U << batch->parcels[i].kind)
                        q.deletion.ids[q.deletion.n_ids++] = strdup(batch->parcels[i].id);
        return q;
}

static int memory_send_rows(MemoryRemote *m, const RemoteBatch *batch)
{
        MemoryRequest list[2048];
        size_t n = 0;
        int r = 0;

        if (!batch) {
                m->n_put = 0;
                if (memory_server.has_transactions)
                        return memory_ask(m);
                list[0] = take_rows(m, false);
                return memory_have_done(m, list, 1);
        }
        m->n_put = 0;
        for (int i = REMOTE_SESSIONS; i <= REMOTE_LINKS; i++)
                list[n++] = deletion_of(m, (RemoteTable) i, batch, 1U << REMOTE_REMOVE, true);
        list[n++] = take_rows(m, false);
        for (int i = REMOTE_MESSAGES; i <= REMOTE_LINKS; i++)
                list[n++] = deletion_of(m, (RemoteTable) i, batch, 1U << REMOTE_WHOLE, false);
        for (size_t i = 0; i < batch->n_changes && n + 8 < ELEMENTSOF(list); i++) {
                list[n] = deletion(m, REMOTE_CALLS, batch, false);
                list[n].deletion.ids = calloc(1, sizeof(char *));
                list[n].deletion.ids[0] = strdup(batch->changes[i].session_id);
                list[n].deletion.n_ids = 1;
                list[n++].deletion.ordinal = batch->changes[i].ordinal;
        }
        list[n++] = deletion_of(m, REMOTE_LINKS, batch, 1U << REMOTE_CHANGES, false);
        for (int i = REMOTE_STARS; i < N_REMOTE_TABLES; i++)
                if (batch->replaces[i]) {
                        list[n] = deletion(m, (RemoteTable) i, batch, true);
                        list[n++].deletion.all = true;
                }
        list[n++] = take_rows(m, true);
        list[n++] = deletion_of(m, REMOTE_SESSIONS, batch, 1U << REMOTE_WHOLE, false);
        if (memory_server.has_transactions)
                return memory_have_done(m, list, n);
        for (size_t i = 0; i < n; i++) {
                if (r >= 0)
                        r = memory_have_done(m, list + i, 1);
                else
                        memory_request_done(list + i);
        }
        return r;
}

static void memory_forget(MemoryRemote *m)
{
        for (size_t i = 0; i < m->n_rows; i++)
                memory_row_done(m->rows + i);
        m->n_rows = m->n_put = 0;
}

static int memory_send(Remote *remote, const RemoteBatch *batch)
{
        MemoryRemote *m = memory_begin(remote);
        int r = memory_send_rows(m, batch);

        memory_server.n_batches += batch != NULL;
        if (r == -ERANGE)
                memory_forget(m);
        return r;
}

static int memory_put(Remote *remote, RemoteTable table, const Value *values, uint64_t stamp)
{
        MemoryRemote *m = (MemoryRemote *) remote;

        memory_add(&m->rows, &m->n_rows, memory_row(m, table, values, stamp));
        return ++m->n_put >= 5 ? REMOTE_PUT_FULL : 0;
}

/* Looking */

static int memory_sessions(Remote *remote, const char *const *ids, size_t n_ids,
                           RemoteSessionCallback on_session, void *userdata)
{
        MemoryRemote *m = memory_begin(remote);
        int r = memory_ask(m);

        for (size_t i = 0; r >= 0 && i < n_ids; i++)
                for (size_t k = 0; r >= 0 && k < memory_server.n_rows; k++) {
                        const MemoryRow *row = memory_server.rows + k;

                        if (row->table != REMOTE_SESSIONS || strcmp(row->session, ids[i]) != 0 ||
                            !memory_is_seen(row))
                                continue;
                        r = on_session(userdata,
                                       &(RemoteSession){ row->session,
                                                         is_one_of(m->us->names, row->origin)
                                                                         ? REMOTE_OURS
                                                         : strcmp(row->user, m->us->user_id) == 0
                                                                         ? REMOTE_OURS_ELSEWHERE
                                                                         : REMOTE_FOREIGN,
                                                         row->user, row->stamp });
                }
        return r;
}

static int compare_rows(const void *a, const void *b)
{
        return strcmp((*(const MemoryRow *const *) a)->session,
                      (*(const MemoryRow *const *) b)->session);
}

static int memory_digests(Remote *remote, RemoteTable table, const char *after, size_t max,
                          RemoteDigestCallback on_digest, void *userdata)
{
        MemoryRemote *m = memory_begin(remote);
        _cleanup_free_ const MemoryRow **rows = calloc(memory_server.n_rows + 1, sizeof(*rows));
        size_t n = 0, n_told = 0;
        int r = memory_ask(m);

        if (r >= 0 && memory_server.page_most > 0 && max > memory_server.page_most)
                return memory_fail(m, -ETIMEDOUT, "It does not answer in time.");
        for (size_t i = 0; i < memory_server.n_rows; i++) {
                const MemoryRow *row = memory_server.rows + i;

                if (row->table == table && is_one_of(m->us->names, row->origin) &&
                    memory_is_seen(row) && (!after || strcmp(row->session, after) > 0))
                        rows[n++] = row;
        }
        qsort(rows, n, sizeof(*rows), compare_rows);
        for (size_t i = 0; r >= 0 && i < n && n_told < max; n_told++) {
                RemoteDigest sum = { .session_id = rows[i]->session };

                for (; i < n && strcmp(rows[i]->session, sum.session_id) == 0; i++) {
                        sum.n_rows++;
                        sum.digest += rows[i]->stamp > m->us->stamp_limit ? 1 : rows[i]->digest;
                }
                r = on_digest(userdata, &sum);
        }
        return r;
}

/* Life */

static int memory_make(const RemoteOptions *options, Remote **ret, char **reterr)
{
        MemoryRemote *m = calloc(1, sizeof(*m));
        extern const RemoteBackend memory_backend;

        REQUIRE(m);
        m->base.backend = &memory_backend;
        *ret = &m->base;
        return 0;
}

static void memory_close(Remote *remote)
{
        MemoryRemote *m = (MemoryRemote *) remote;

        memory_forget(m);
        m->is_open = false;
}

static void memory_free(Remote *remote)
{
        MemoryRemote *m = (MemoryRemote *) remote;

        memory_close(remote);
        free(m->rows);
        free(m->base.reason);
        free(m);
}

static void memory_stop(Remote *remote)
{
        ((MemoryRemote *) remote)->stopped = true;
}

static int memory_claim(MemoryRemote *m)
{
        MemoryServer *s = &memory_server;

        if (strcmp(s->claim_archive, m->us->archive_id) == 0)
                return 0;
        if (*s->claim_archive && !m->us->insists &&
            (strcmp(s->claim_place, m->us->place) != 0 || m->us->was_there))
                return memory_fail(m, -EEXIST, "Another archive delivers here.");
        if (m->us->only_looks)
                return 0;
        (void) snprintf(s->claim_archive, sizeof(s->claim_archive), "%s", m->us->archive_id);
        (void) snprintf(s->claim_place, sizeof(s->claim_place), "%s", m->us->place);
        return 0;
}

static int memory_open(Remote *remote, const RemoteIdentity *us, RemoteStanding *ret)
{
        MemoryRemote *m = memory_begin(remote);
        int r;

        m->us = us;
        r = memory_ask(m);
        if (r >= 0 && us->names[0])
                r = memory_claim(m);
        if (r < 0 || m->is_open)
                return r;
        ret->is_fresh = true;
        ret->is_new = !memory_server.has_tables;
        memory_server.has_tables = memory_server.has_tables || !us->only_looks;
        for (size_t i = 0; i < memory_server.n_rows; i++) {
                const MemoryRow *row = memory_server.rows + i;

                if (!is_one_of(us->names, row->origin))
                        continue;
                if (row->stamp > us->stamp_limit)
                        ret->has_odd = true;
                else if (row->stamp > ret->stamp)
                        ret->stamp = row->stamp;
        }
        m->is_open = true;
        memory_server.n_opened++;
        return 0;
}

extern const RemoteBackend memory_backend;
const RemoteBackend memory_backend = {
        .scheme = "memory:",
        .make = memory_make,
        .free = memory_free,
        .stop = memory_stop,
        .open = memory_open,
        .close = memory_close,
        .sessions = memory_sessions,
        .put = memory_put,
        .send = memory_send,
        .digest = memory_digest,
        .digests = memory_digests,
};

static void memory_server_reset(bool has_transactions)
{
        memory_arrive(true);
        free(memory_server.late);
        for (size_t i = 0; i < memory_server.n_rows; i++)
                memory_row_done(memory_server.rows + i);
        free(memory_server.rows);
        memory_server = (MemoryServer){ .has_transactions = has_transactions, .fault_after = -1 };
}
