/* Lists: stars, pins, tombstones, usage events, labels */
#include "remote/lists.h"

#include <assert.h>
#include <string.h>

#include "remote/filter.h"

static const char *const change_keys[N_REMOTE_LISTS] = { "stars_change_seq", "pins_change_seq",
                                                         "deletes_change_seq", "usage_change_seq",
                                                         "labels_change_seq" };

static_assert(N_REMOTE_LISTS == LEDGER_LISTS, "the ledger keeps a digest of each");

/* May others know of the session? Of its tombstone even when the session itself is gone. */
static bool state_is_listed(RemoteTable table, LedgerState state)
{
        return state == LEDGER_SHARED || state == LEDGER_METADATA ||
               (table == REMOTE_DELETES && (state == LEDGER_GONE || state == LEDGER_UNKNOWN));
}

/* May the remote have the row? It is stripped if only metadata may be sent. 1, 0 or a negative errno. */
static int check_row(Delivery *d, RemoteTable table, Value *values)
{
        _cleanup_free_ char *id = xstrndup(values[0].text ?: "", values[0].size);
        LedgerEntry entry;
        int r;

        r = link_entry(d, id, &entry);
        if (r < 0)
                return r;
        if (!state_is_listed(table, entry.state))
                return 0;
        if (entry.state == LEDGER_METADATA) {
                if (table == REMOTE_LABELS)
                        return 0; /* a label is only text */
                filter_strip(remote_table(table), values);
        }
        return 1;
}

typedef int (*RowCallback)(Delivery *d, RemoteTable table, const Value *values, void *userdata);

/* Calls @func for each row that may be sent; the archive is read as of one moment. */
static int for_each_row(Delivery *d, RemoteTable table, RowCallback func, void *userdata)
{
        Value values[REMOTE_COLUMNS_MAX];
        int r = feed_begin(d->feed), failed = 0;

        if (r < 0)
                return link_feed_failed(d, r);
        feed_rows(d->feed, remote_table(table), NULL, 0, 0);
        while (failed >= 0 && (r = feed_next_row(d->feed, remote_table(table), values, NULL)) > 0) {
                failed = check_row(d, table, values);
                if (failed > 0)
                        failed = func(d, table, values, userdata);
        }
        if (r < 0)
                failed = link_feed_failed(d, r);
        feed_end(d->feed);
        return failed < 0 ? failed : 0;
}

static int add_digest(Delivery *d, RemoteTable table, const Value *values, void *userdata)
{
        uint64_t *sums = userdata, digest;
        int r = d->remote->backend->digest(d->remote, table, values, &digest);

        if (r != 0)
                return r < 0 ? link_no_memory(d) : 0;
        sums[0]++;
        sums[1] += digest;
        return 0;
}

int lists_digest(Delivery *d, RemoteTable table, uint64_t *ret_n, uint64_t *ret_digest)
{
        uint64_t sums[2] = { 0 };
        int r = for_each_row(d, table, add_digest, sums);

        *ret_n = sums[0];
        *ret_digest = sums[1];
        return r;
}

/* All rows are put before any room is made: lists are small. */
static int put_row(Delivery *d, RemoteTable table, const Value *values, void *userdata)
{
        int r = link_put(d, table, values);

        return r < 0 ? r : add_digest(d, table, values, userdata);
}

static uint64_t *known_digest(Delivery *d, RemoteTable table)
{
        return d->state.list_digests + (table - REMOTE_STARS);
}

/* As the ledger keeps it: an empty list must not look like an unknown one (0). */
static uint64_t list_sum(uint64_t n, uint64_t digest)
{
        return digest + n + 1;
}

bool lists_is_delivered(Delivery *d, RemoteTable table, uint64_t n, uint64_t digest)
{
        return *known_digest(d, table) == list_sum(n, digest);
}

int lists_put(Delivery *d, RemoteTable table)
{
        uint64_t sums[2] = { 0 };
        int r = for_each_row(d, table, add_digest, sums);

        if (r < 0 || lists_is_delivered(d, table, sums[0], sums[1]))
                return r;
        *known_digest(d, table) = 0; /* unknown until it is done */
        d->state.look_again_usec = LEDGER_UNDER_WAY;
        r = link_save(d);
        memset(sums, 0, sizeof(sums));
        if (r >= 0)
                r = for_each_row(d, table, put_row, sums);
        if (r < 0)
                return r;
        d->lists_put[table - REMOTE_STARS] = list_sum(sums[0], sums[1]);
        return 1;
}

void lists_are_there(Delivery *d, RemoteTable table)
{
        *known_digest(d, table) = d->lists_put[table - REMOTE_STARS];
}

/* The rows of a session come and go with it, so lists are also checked after sessions were sent or removed. */
static bool is_to_be_seen(Delivery *d, size_t list)
{
        return d->progress.sessions_sent > 0 || d->progress.sessions_deleted > 0 ||
               d->n_barred > 0 || d->state.list_digests[list] == 0 ||
               d->lists_seen[list] != feed_meta(d->feed, change_keys[list]);
}

bool lists_moved(Delivery *d)
{
        for (size_t i = 0; i < N_REMOTE_LISTS; i++)
                if (is_to_be_seen(d, i))
                        return true;
        return false;
}

static int send_whole(Delivery *d, RemoteTable table)
{
        RemoteBatch batch = { 0 };
        int r;

        d->stamp = link_next_stamp(d);
        r = lists_put(d, table);
        if (r <= 0)
                return r;
        batch.stamp = d->stamp;
        batch.replaces[table] = true;
        r = link_send(d, &batch);
        if (r < 0)
                return r;
        lists_are_there(d, table);
        d->state.look_again_usec = d->look_again_usec;
        return link_save(d);
}

/* Rows of a list that are tried together. */
typedef struct Slice {
        size_t first, n_max; /* which are wanted */
        size_t n_seen, n_put;
        char *id; /* the session of the last one that was put */
} Slice;

static int put_slice(Delivery *d, RemoteTable table, const Value *values, void *userdata)
{
        Slice *s = userdata;

        if (s->n_seen++ < s->first || s->n_put == s->n_max)
                return 0;
        s->n_put++;
        free(s->id);
        s->id = xstrndup(values[0].text ?: "", values[0].size);
        return link_put(d, table, values);
}

static int try_slice(Delivery *d, RemoteTable table, Slice *s)
{
        RemoteBatch batch = { 0 };
        int r = link_begin_sending(d);

        s->n_seen = s->n_put = 0;
        if (r >= 0)
                r = for_each_row(d, table, put_slice, s);
        batch.stamp = d->stamp;
        return r < 0 || s->n_put == 0 ? r : link_send(d, &batch);
}

/* The session's current change; 0 if the archive no longer has it. */
static int see_change(Delivery *d, const char *id, int64_t *ret)
{
        FeedSession session = { 0 };
        int r = feed_begin(d->feed);

        *ret = 0;
        if (r >= 0)
                r = feed_session(d->feed, id, &session);
        if (r > 0)
                *ret = session.change_seq;
        feed_end(d->feed);
        return r < 0 ? link_feed_failed(d, r) : 0;
}

static int bar_session(Delivery *d, const char *id)
{
        int64_t change_seq;
        int r = see_change(d, id, &change_seq);

        return r < 0 ? r : link_bar(d, id, change_seq);
}

/* Bars the sessions whose rows the remote refuses, so that the list no longer has those. What is there stays meanwhile. */
static int bar_refused(Delivery *d, RemoteTable table)
{
        Slice s = { .n_max = SIZE_MAX };
        int r;

        do {
                r = try_slice(d, table, &s);
                if (r >= 0) {
                        s.first += s.n_put;
                        s.n_max = s.n_put * 2;
                } else if (r == -ERANGE && s.n_put > 1) {
                        s.n_max = s.n_put / 2;
                        r = 0;
                } else if (r == -ERANGE && s.n_put == 1) {
                        r = bar_session(d, s.id);
                        s.first = 0; /* the list is now without its rows */
                }
        } while (r >= 0 && s.n_put > 0);
        free(s.id);
        return r;
}

int lists_send_one(Delivery *d, RemoteTable table)
{
        int r = send_whole(d, table);

        if (r != -ERANGE)
                return r;
        r = bar_refused(d, table);
        return r < 0 ? r : send_whole(d, table);
}

int lists_send(Delivery *d)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < N_REMOTE_LISTS; i++) {
                int64_t seen = feed_meta(d->feed, change_keys[i]);

                if (!is_to_be_seen(d, i))
                        continue;
                d->lists_seen[i] = -1;
                r = lists_send_one(d, (RemoteTable) (REMOTE_STARS + i));
                if (r >= 0)
                        d->lists_seen[i] = seen;
        }
        return r;
}
