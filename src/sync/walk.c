/*
 * Walk: the sessions that may have to be synced, one after the other
 *
 * Also those that only the archive has, when the rules changed.
 */
#include <string.h>

#include "sync/engine-internal.h"

/* The session that a walk has come to. */
typedef struct Place {
        int64_t rowid; /* INT64_MIN: none yet */
        StrBuf id;     /* in a walk by id */
} Place;

static int place_set(Place *p, int64_t rowid, const char *id, size_t size)
{
        p->rowid = rowid;
        if (size == 0 && p->id.size == 0)
                return 0; /* in an audit, for each session */
        strbuf_clear(&p->id);
        return strbuf_append(&p->id, id, size);
}

static void place_swap(Place *a, Place *b)
{
        Place was = *a;

        *a = *b;
        *b = was;
}

/*
 * A walk through sessions of the source: in row order; or by id, where all are written: the archive's indexes of random
 * ids are then filled from left to right, instead of each batch writing nearly all their pages (at 100,000 small sessions
 * that is a tenth of the bytes and less than half the CPU, measured).
 */
typedef struct Walk {
        const char *marker; /* only sessions marked since; NULL: all */
        bool by_id;
        bool by_row;        /* a session has a large text: each is read for itself */
        Place now, after;   /* the current session; the last one dealt with */
        int64_t last_rowid; /* the largest one seen */
        uint64_t n_total;   /* in sessions, if it is known; otherwise 0 */

        Cursor cursor; /* in a walk through all in row order: the one at or after the current session */
        bool at_end; /* of the cursors */

        Place batch_after;   /* `after` when the batch began */
        uint64_t batch_done; /* sessions dealt with until then */
        int64_t bad; /* row of the session because of which the batch was rolled back; INT64_MIN: none */
} Walk;

static void walk_done(Walk *w)
{
        strbuf_done(&w->now.id);
        strbuf_done(&w->after.id);
        strbuf_done(&w->batch_after.id);
}

static int walk_next_cursor(Engine *e, Walk *w)
{
        int r = archive_cursor_list_next(e->archive, &w->cursor);

        w->at_end = r <= 0;
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* Begins, or continues after w->after, in a read transaction. */
static int walk_begin(Engine *e, Walk *w)
{
        ReaderFrom from = { .marker = w->marker,
                            .after_rowid = w->after.rowid,
                            .new_rowid = e->seen_rowid,
                            .by_id = w->by_id,
                            .by_row = w->by_row,
                            .after_id = w->after.id.data ?: "",
                            .after_id_size = w->after.id.size };
        int r;

        r = read_begin(e);
        if (r >= 0)
                r = reader_list(e->reader, &from);
        if (r < 0)
                return engine_source_failed(e, r);
        if (w->marker || w->by_id)
                return 0;
        archive_cursor_list(e->archive, w->after.rowid);
        return walk_next_cursor(e, w);
}

/* A session is too large for the list: begins again with a list that reads each session separately, in order of rows, which a
 * large id cannot disturb; what was written is up to date by then. Returns 1, or a negative errno. */
static int walk_by_row(Engine *e, Walk *w)
{
        int r;

        if (w->by_row)
                return engine_source_failed(e, -EFBIG);
        w->by_row = true;
        if (!w->by_id)
                return 1;
        w->by_id = false;
        e->progress.sessions_done = 0;
        r = archive_keep_cursors(e->archive, false);
        r = r < 0 ? engine_archive_failed(e, r) : batch_commit(e);
        if (r >= 0)
                r = place_set(&w->after, INT64_MIN, "", 0);
        if (r >= 0)
                r = place_set(&w->batch_after, INT64_MIN, "", 0);
        w->batch_done = 0;
        return r < 0 ? r : 1;
}

/* The cursor in the session's own place says of most sessions that they are in step, and saves the look-up by id. */
static int walk_in_step(Engine *e, Walk *w, const SourceSession *s)
{
        int r = 0;

        if (w->marker || w->by_id)
                return 0;
        while (!w->at_end && w->cursor.source_rowid < s->rowid && r >= 0)
                r = walk_next_cursor(e, w);
        if (r < 0 || w->at_end || w->cursor.source_rowid != s->rowid)
                return r;
        return w->cursor.fingerprint == s->fingerprint && w->cursor.policy == e->policy;
}

/*
 * A session is bad. If part of it is already written, its batch is rolled back, and the walk returns to the batch's beginning,
 * repeats it up to the bad session, and commits there: so each session is synced at most twice, however many bad ones there are.
 * Returns 1 (returned), 0, or a negative errno.
 */
static int walk_leave_out(Engine *e, Walk *w, int64_t rowid)
{
        int r;

        e->had_errors = true;
        if (!e->batch_is_tainted)
                return 0;
        w->bad = rowid;
        batch_rollback(e);
        r = place_set(&w->after, w->batch_after.rowid, w->batch_after.id.data ?: "",
                      w->batch_after.id.size);
        if (r < 0)
                return r;
        e->progress.sessions_done = w->batch_done;
        return 1;
}

/* A session that may be out of step. Returns 1 (it was left out, and the walk has gone back), 0, or a negative errno. */
static int walk_out_of_step(Engine *e, Walk *w, SourceSession *s)
{
        int64_t rowid = s->rowid;
        int r;

        if (!s->is_read) {
                r = reader_list_read(e->reader, s);
                if (r <= 0)
                        return r < 0 ? engine_source_failed(e, r) : 0;
        }
        if (!engine_tick(e))
                return -ECANCELED;
        if (e->usage_is_seen) {
                r = reader_has_usage(e->reader, s->values[SESSION_ID].text,
                                     s->values[SESSION_ID].size);
                if (r < 0)
                        return engine_source_failed(e, r);
                e->usage_is_seen = r == 0;
        }
        r = stuck_leave_out(e, s);
        if (r != 0)
                return r < 0 ? r : 0;
        r = session_sync(e, s);
        e->batch.sessions_synced += r > 0;
        if (r == -EBADMSG)
                return walk_leave_out(e, w, rowid);
        return r < 0 ? r : 0;
}

/* One session of the walk. Returns 1 if the walk must begin again after w->after, 0, or a negative errno. */
static int walk_session(Engine *e, Walk *w, SourceSession *s)
{
        int64_t rowid = s->rowid;
        int r;

        r = walk_in_step(e, w, s);
        if (r < 0)
                return r;
        if (r > 0) {
                w->after.rowid = rowid;
        } else {
                /* noted now: what @s borrows may be gone when its session is synced */
                r = w->by_id ? place_set(&w->now, rowid, s->values[SESSION_ID].text,
                                         s->values[SESSION_ID].size)
                             : place_set(&w->now, rowid, "", 0);
                if (r >= 0 && w->bad != rowid)
                        r = walk_out_of_step(e, w, s);
                if (r != 0)
                        return r;
                place_swap(&w->after, &w->now);
        }
        if (rowid > w->last_rowid)
                w->last_rowid = rowid;
        e->progress.sessions_done++;
        e->progress.sessions_pending = w->n_total > e->progress.sessions_done
                                                       ? w->n_total - e->progress.sessions_done
                                                       : 0;
        if (w->bad == rowid) {
                w->bad = INT64_MIN;
                r = batch_commit(e);
        } else {
                r = batch_commit_if_due(e);
        }
        if (r > 0 || (r == 0 && !archive_in_transaction(e->archive))) {
                int k = place_set(&w->batch_after, w->after.rowid, w->after.id.data ?: "",
                                  w->after.id.size);

                w->batch_done = e->progress.sessions_done;
                r = k < 0 ? k : r;
        }
        return r;
}

/* Syncs all sessions of a walk. Returns 0, or a negative errno that ends the cycle. */
int walk_sessions(Engine *e, const char *marker)
{
        _cleanup_(walk_done) Walk w = { .marker = marker,
                                        .after = { .rowid = INT64_MIN },
                                        .batch_after = { .rowid = INT64_MIN },
                                        .last_rowid = INT64_MIN,
                                        .bad = INT64_MIN };
        SourceSession s;
        unsigned n = 0, serial;
        int r = 0, k;

        if (!marker) {
                r = reader_count(e->reader, &w.n_total);
                if (r >= 0 && e->result->full)
                        r = reader_ids_are_plain(e->reader);
                if (r < 0)
                        return engine_source_failed(e, r);
                w.by_id = r > 0;
        }
        (void) archive_keep_cursors(e->archive, w.by_id);
        do {
                r = walk_begin(e, &w);
                serial = e->read_serial;
                while (r == 0 && (k = reader_list_next(e->reader, &s)) != 0) {
                        if (k == -EFBIG)
                                r = walk_by_row(e, &w);
                        else
                                r = k < 0 ? engine_source_failed(e, k) : walk_session(e, &w, &s);
                        /* the transaction was left meanwhile, or shall be (the clock is not asked for each session) */
                        if (r == 0 &&
                            (!reader_in_transaction(e->reader) || serial != e->read_serial ||
                             (++n % 64 == 0 && read_is_due(e))))
                                r = 1;
                }
                archive_cursor_list_end(e->archive);
                if (e->reader)
                        reader_list_end(e->reader);
                if (r > 0)
                        read_end(e);
        } while (r > 0);
        k = archive_keep_cursors(e->archive, false);
        if (r < 0 && r != -ECANCELED)
                return r;
        if (k < 0)
                return engine_archive_failed(e, k);
        if (r < 0)
                return r;
        if (!e->had_errors && w.last_rowid > e->seen_rowid)
                e->seen_rowid = w.last_rowid;
        return 0; /* an open batch joins the end of the cycle: one commit less for the common small change */
}

/*
 * Sessions that the archive has under an older policy and the source no longer has: masked again from the archive. With
 * @has_source, those that the source has are left alone: they failed just now, and will be tried again.
 */
int walk_stale(Engine *e, bool has_source)
{
        _cleanup_free_ char *after = NULL;
        bool alone = false; /* each is committed: one of them cannot be masked */
        bool is_left = false;
        int n, r = 0;

        do {
                char *ids[64] = { NULL };
                bool again = false;

                n = archive_stale_sessions(e->archive, e->policy, after, ELEMENTSOF(ids), ids);
                if (n < 0)
                        return engine_archive_failed(e, n);
                if (n > 0 && !after &&
                    !alone) /* a session that fails here takes nothing of the walk's with it */
                        r = batch_commit(e);
                for (int i = 0; i < n; i++) {
                        bool skip = r < 0 || again;

                        if (!skip && !engine_tick(e))
                                r = -ECANCELED;
                        if (r >= 0 && has_source) {
                                int k = reader_has_session(e->reader, ids[i], strlen(ids[i]));

                                r = k < 0 ? engine_source_failed(e, k) : r;
                                skip = k > 0;
                        }
                        if (r >= 0 && !skip) {
                                Value id = value_text(ids[i], strlen(ids[i]));

                                r = stuck_leave_out_archived(e, &id, STUCK_DUE_REMASK);
                                skip = r > 0;
                                is_left = is_left || skip;
                        }
                        if (r >= 0 && !skip) {
                                r = session_remask(e, ids[i]);
                                e->batch.sessions_synced += r > 0;
                                if (r >= 0)
                                        r = alone ? batch_commit(e) : batch_commit_if_due(e);
                        }
                        if (r == -EBADMSG) {
                                e->had_errors = true;
                                batch_rollback(e);
                                again = !alone; /* those before it */
                                r = 0;
                        }
                        free(after);
                        after = ids[i];
                }
                if (again) {
                        alone = true;
                        free(TAKE_PTR(after));
                }
        } while (r >= 0 && n > 0);
        return r < 0 ? r : alone || is_left;
}
