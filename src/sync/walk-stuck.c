/*
 * Sessions that ended the service: a walk leaves them out; each is synced alone when all others are committed
 *
 * So the next restart, if there is one, has lost nothing but the session it was stuck in.
 */
#include <inttypes.h>
#include <string.h>

#include "sync/session-internal.h"

void stuck_begin(Engine *e)
{
        for (size_t i = 0; i < e->stuck.n; i++)
                e->stuck.sessions[i].is_met = e->stuck.sessions[i].is_due = false;
}

/* Has it been stuck too often, just as it is now? Returns 1, 0 or a negative errno. */
static int has_failed(Engine *e, const StuckSession *stuck, const SourceSession *s)
{
        const char *id = stuck->version.id;
        Cursor cursor;
        int r;

        if (stuck->n_times < STUCK_MAX || stuck->version.fingerprint != s->fingerprint ||
            stuck->version.policy != e->policy)
                return 0;
        r = archive_cursor_get(e->archive, id, strlen(id), &cursor);
        if (r < 0)
                return engine_archive_failed(e, r);
        /* in step already: the note is older than that */
        return r == 0 || cursor.fingerprint != s->fingerprint || cursor.policy != e->policy;
}

int stuck_leave_out(Engine *e, const SourceSession *s)
{
        const Value *id = s->values + SESSION_ID;
        _cleanup_free_ char *reason = NULL;
        StuckSession *stuck;
        int r;

        stuck = id->type == VALUE_TEXT ? stuck_list_find(&e->stuck, id->text, id->size) : NULL;
        if (!stuck)
                return 0;
        r = has_failed(e, stuck, s);
        if (r < 0)
                return r;
        e->had_errors = true;
        stuck->rowid = s->rowid;
        stuck->is_due = r == 0;
        if (r > 0 && !stuck->is_met) {
                format_error(&reason,
                             "It ended the service %u times: %s. It is tried again when it changes, "
                             "or at `scrubjayctl resync`.",
                             stuck->n_times,
                             stuck->cause == STUCK_MEMORY
                                             ? "there was no memory for it"
                                             : "nothing moved until the watchdog ended it");
                (void) session_failed(e, id, reason);
        }
        stuck->is_met = true;
        return 1;
}

size_t stuck_n_due(const Engine *e)
{
        size_t n = 0;

        for (size_t i = 0; i < e->stuck.n; i++)
                n += e->stuck.sessions[i].is_due;
        return n;
}

/* The note is of use only to the next start, so that it cannot be written is no failure. */
static void forget(Engine *e, const char *id)
{
        (void) stuck_forget(e->settings.archive_path, id);
        stuck_list_remove(&e->stuck, id);
}

/* One session, in a batch of its own. */
static int sync_alone(Engine *e, const SessionVersion *version, StuckCause cause, int64_t rowid)
{
        SourceSession s = { .rowid = rowid };
        const Value *id = s.values + SESSION_ID;
        int r;

        if (!engine_tick(e))
                return -ECANCELED;
        r = read_begin(e);
        if (r >= 0)
                r = reader_list_read(e->reader, &s);
        if (r < 0)
                return engine_source_failed(e, r);
        if (r == 0 || id->type != VALUE_TEXT || id->size != strlen(version->id) ||
            memcmp(id->text, version->id, id->size) != 0) {
                read_end(e);
                e->stuck_is_left =
                                true; /* it went meanwhile; the next cycle sees what became of it */
                return 0;
        }
        r = session_sync(e, &s);
        read_end(e);
        if (r < 0 && r != -EBADMSG)
                return r;
        if (r == -EBADMSG && e->batch_is_tainted)
                batch_rollback(e);
        e->batch.sessions_synced += r > 0;
        if (r > 0) {
                memcpy(e->last_stuck, version->id, sizeof(e->last_stuck));
                e->last_cause = cause;
        }
        r = batch_commit(e);
        if (r >= 0)
                forget(e, version->id);
        return r;
}

int stuck_sync(Engine *e)
{
        int r = 0;

        e->stuck_is_left = false;
        for (size_t i = 0; r >= 0 && i < e->stuck.n;) {
                StuckSession s = e->stuck.sessions[i];

                e->stuck.sessions[i].is_due = false;
                if (s.is_due)
                        r = sync_alone(e, &s.version, s.cause, s.rowid);
                /* the next one may have moved to its place */
                i += i < e->stuck.n && strcmp(e->stuck.sessions[i].version.id, s.version.id) == 0;
        }
        e->had_errors = e->stuck_is_left || e->result->n_errors > 0;
        return r < 0 ? r : conversations_share(e);
}

void stuck_forget_unmet(Engine *e)
{
        for (size_t i = e->stuck.n; i > 0; i--) {
                const StuckSession *s = e->stuck.sessions + i - 1;
                SessionVersion version = s->version;

                if (!s->is_met)
                        forget(e, version.id);
        }
}

void stuck_warn(Engine *e)
{
        if (!e->last_stuck[0] || e->result->warning)
                return;
        format_error(&e->result->warning,
                     "%s the session '%.200s', and %s. The session was synced now, alone and after all "
                     "others.",
                     e->last_cause == STUCK_MEMORY ? "There was no memory left for"
                                                   : "The service was stuck in",
                     e->last_stuck,
                     e->last_cause == STUCK_MEMORY ? "the service ended" : "the watchdog ended it");
        e->result->warning_kind = WARNING_SESSION_STUCK;
}
