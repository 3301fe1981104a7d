/*
 * Delivery: what the remote holds, compared with the archive
 *
 * The server counts and sums the digests of each session's rows, and so do we; no row travels.
 */
#include <string.h>

#include "remote/clickhouse/wire.h"
#include "remote/delivery-internal.h"

/* Two lists in order of session id, ours and the remote's, walked side by side. */
typedef struct Comparison {
        Delivery *d;
        RemoteTable table;
        DeliveryDifferenceCallback on_difference;
        void *userdata;
        StrBuf scratch;

        bool has_session; /* the next of ours is in the fields below */
        char *id;
        bool waiting;
        uint64_t n_rows, digest;
} Comparison;

static int differ(Comparison *c, const char *id, DeliveryDifference difference, uint64_t n_here,
                  uint64_t n_there)
{
        return c->on_difference(c->userdata, id, c->table, difference, n_here, n_there);
}

static int add_row(Comparison *c, const Value *values)
{
        uint64_t digest;

        if (wire_digest(c->table, values, &c->scratch, &digest) < 0)
                return delivery_fail(c->d, -ENOMEM, "There is no memory.");
        c->n_rows++;
        c->digest += digest;
        return 0;
}

static int add_rows(Comparison *c, bool metadata_only)
{
        Value values[REMOTE_COLUMNS_MAX];
        int r;

        if (c->table == REMOTE_LINKS && metadata_only)
                return 0;
        r = feed_rows(c->d->feed, remote_table(c->table), c->id, -1);
        while (r >= 0 &&
               (r = feed_next_row(c->d->feed, remote_table(c->table), values, NULL)) > 0) {
                if (!wire_key_fits(c->table, values))
                        continue;
                if (metadata_only)
                        filter_strip(remote_table(c->table), values);
                r = add_row(c, values);
                if (r < 0)
                        return r;
        }
        return r < 0 ? delivery_feed_failed(c->d, r) : 0;
}

/* Counts one session of ours, whose row is @session. */
static int count(Comparison *c, FeedSession *session, bool metadata_only)
{
        c->n_rows = c->digest = 0;
        if (c->table != REMOTE_SESSIONS)
                return add_rows(c, metadata_only);
        if (metadata_only)
                filter_strip(&session_table, session->values);
        return add_row(c, session->values);
}

/* The next session of ours that the remote has, or is to have. */
static int next_session(Comparison *c)
{
        uint64_t now = now_usec(CLOCK_REALTIME);
        Delivery *d = c->d;
        FeedSession session;
        LedgerEntry entry;
        int r;

        c->has_session = false;
        while ((r = feed_next(d->feed, &session)) > 0) {
                DeliveryPlan plan;

                free(c->id);
                c->id = strdup(session.values[SESSION_ID].text);
                if (!c->id)
                        return delivery_fail(d, -ENOMEM, "There is no memory.");
                r = ledger_get(d->ledger, d->options.name, c->id, &entry);
                if (r < 0)
                        return delivery_ledger_failed(d, r);
                plan = delivery_plan(&d->options, &session, &entry, now);
                if (plan.step == DELIVERY_REFUSE || entry.state == LEDGER_CONFLICT)
                        continue;
                c->has_session = true;
                c->waiting = plan.step != DELIVERY_KEEP;
                return count(c, &session, plan.metadata_only);
        }
        return r < 0 ? delivery_feed_failed(d, r) : 0;
}

/* The one in hand is not there at all. */
static int missing(Comparison *c)
{
        if (c->waiting)
                return c->table == REMOTE_SESSIONS
                                       ? differ(c, c->id, DIFFERENCE_WAITING, c->n_rows, 0)
                                       : 0;
        return c->n_rows > 0 ? differ(c, c->id, DIFFERENCE_MISSING, c->n_rows, 0) : 0;
}

static int compare(Comparison *c, const RemoteDigest *there)
{
        if (c->waiting)
                return c->table == REMOTE_SESSIONS ? differ(c, c->id, DIFFERENCE_WAITING, c->n_rows,
                                                            there->n_rows)
                                                   : 0;
        if (c->n_rows == there->n_rows && c->digest == there->digest)
                return 0;
        return differ(c, c->id, c->n_rows == 0 ? DIFFERENCE_STALE : DIFFERENCE_DIFFERENT, c->n_rows,
                      there->n_rows);
}

static int on_digest(void *userdata, const RemoteDigest *there)
{
        Comparison *c = userdata;
        int r = 0, order = -1;

        while (r >= 0 && c->has_session && (order = strcmp(c->id, there->session_id)) < 0) {
                r = missing(c);
                if (r >= 0)
                        r = next_session(c);
        }
        if (r < 0)
                return r;
        if (!c->has_session || order > 0)
                return differ(c, there->session_id, DIFFERENCE_STALE, 0, there->n_rows);
        r = compare(c, there);
        return r < 0 ? r : next_session(c);
}

static int compare_table(Comparison *c)
{
        Delivery *d = c->d;
        int r, failed;

        r = feed_seek_ids(d->feed, NULL, NULL);
        if (r >= 0)
                r = next_session(c);
        if (r < 0)
                return r;
        failed = d->remote->backend->digests(d->remote, c->table, on_digest, c);
        if (failed < 0)
                return d->remote->reason ? delivery_remote_failed(d, failed) : failed;
        while (r >= 0 && c->has_session) {
                r = missing(c);
                if (r >= 0)
                        r = next_session(c);
        }
        return r;
}

static int add_there(void *userdata, const RemoteDigest *there)
{
        uint64_t *sums = userdata;

        sums[0] += there->n_rows;
        sums[1] += there->digest;
        return 0;
}

static int compare_list(Comparison *c)
{
        uint64_t there[2] = { 0 }, n, digest;
        Delivery *d = c->d;
        int r;

        r = delivery_list_digest(d, c->table, &n, &digest);
        if (r < 0)
                return r;
        r = d->remote->backend->digests(d->remote, c->table, add_there, there);
        if (r < 0)
                return delivery_remote_failed(d, r);
        if (there[0] == n && there[1] == digest)
                return 0;
        return differ(c, "*", DIFFERENCE_DIFFERENT, n, there[0]);
}

int delivery_compare(Delivery *d, DeliveryDifferenceCallback on_difference, void *userdata)
{
        int r = feed_begin(d->feed);

        for (size_t i = 0; r >= 0 && i < N_REMOTE_TABLES; i++) {
                Comparison c = {
                        .d = d,
                        .table = (RemoteTable) i,
                        .on_difference = on_difference,
                        .userdata = userdata,
                };

                r = i < REMOTE_STARS ? compare_table(&c) : compare_list(&c);
                free(c.id);
                strbuf_done(&c.scratch);
        }
        feed_end(d->feed);
        return r;
}

int delivery_check(Delivery *d, DeliveryDifferenceCallback on_difference, void *userdata)
{
        bool made;
        int r;

        r = delivery_open(d);
        if (r >= 0)
                r = delivery_identify(d);
        if (r >= 0) {
                r = d->remote->backend->prepare(d->remote, &made);
                r = r < 0 ? delivery_remote_failed(d, r) : delivery_set_origins(d);
        }
        return r <= 0 ? r : delivery_compare(d, on_difference, userdata);
}
