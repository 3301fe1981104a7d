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
        for (size_t i = 0; i < e->stuck.n; i++) {
                StuckSession *s = e->stuck.sessions + i;

                s->is_met = s->has_failed = false;
                s->due = STUCK_DUE_NOTHING;
        }
}

/* Has it been stuck too often, just as it is now, it has failed; else it is due. */
static void leave_out(Engine *e, StuckSession *stuck, const Value *id, uint64_t fingerprint,
                      StuckDue due)
{
        _cleanup_free_ char *reason = NULL;

        e->had_errors = true;
        stuck->is_met = true;
        if (stuck->due > due)
                return; /* it does this, too */
        if (stuck->n_times < STUCK_MAX || stuck->version.fingerprint != fingerprint ||
            stuck->version.policy != e->policy) {
                stuck->due = due;
                return;
        }
        stuck->has_failed = true;
        format_error(&reason,
                     "It ended the service %u times: %s. It is tried again when it changes, or with "
                     "`scrubjayctl resync`.",
                     stuck->n_times,
                     stuck->cause == STUCK_MEMORY ? "there was no memory for it"
                                                  : "nothing moved until the watchdog ended it");
        (void) session_failed(e, id, reason);
}

int stuck_leave_out(Engine *e, const SourceSession *s)
{
        const Value *id = s->values + SESSION_ID;
        StuckSession *stuck;
        Cursor cursor;
        int r;

        stuck = id->type == VALUE_TEXT ? stuck_list_find(&e->stuck, id->text, id->size) : NULL;
        if (!stuck)
                return 0;
        r = archive_cursor_get(e->archive, id->text, id->size, &cursor);
        if (r < 0)
                return engine_archive_failed(e, r);
        if (r > 0 && cursor.fingerprint == s->fingerprint && cursor.policy == e->policy)
                return 0; /* in step already: the note is older, or of another work */
        stuck->rowid = s->rowid;
        leave_out(e, stuck, id, s->fingerprint, STUCK_DUE_SYNC);
        return 1;
}

int stuck_leave_out_archived(Engine *e, const Value *id, StuckDue due)
{
        StuckSession *stuck = stuck_list_find(&e->stuck, id->text, id->size);
        Cursor cursor;
        int r;

        if (!stuck)
                return 0;
        r = archive_cursor_get(e->archive, id->text, id->size, &cursor);
        if (r < 0)
                return engine_archive_failed(e, r);
        leave_out(e, stuck, id, r > 0 ? cursor.fingerprint : 0, due);
        return 1;
}

size_t stuck_n_due(const Engine *e)
{
        size_t n = 0;

        for (size_t i = 0; i < e->stuck.n; i++)
                n += e->stuck.sessions[i].due != STUCK_DUE_NOTHING;
        return n;
}

/* The note is of use only to the next start, so that it cannot be written is no failure. */
static void forget(Engine *e, const char *id)
{
        (void) stuck_forget(e->settings.archive_path, id);
        stuck_list_remove(&e->stuck, id);
}

/* From the source, which may not have it any longer. Returns as session_sync(). */
static int sync_again(Engine *e, const StuckSession *stuck, bool *ret_is_gone)
{
        SourceSession s = { .rowid = stuck->rowid };
        const Value *id = s.values + SESSION_ID;
        int r;

        r = read_begin(e);
        if (r >= 0)
                r = reader_list_read(e->reader, &s);
        if (r < 0)
                return engine_source_failed(e, r);
        if (r == 0 || id->type != VALUE_TEXT || id->size != strlen(stuck->version.id) ||
            memcmp(id->text, stuck->version.id, id->size) != 0) {
                read_end(e);
                *ret_is_gone = true;
                return 0;
        }
        r = session_sync(e, &s);
        read_end(e);
        return r;
}

/* One session, in its own batch. */
static int sync_alone(Engine *e, const StuckSession *stuck)
{
        Value id = value_text(stuck->version.id, strlen(stuck->version.id));
        bool is_gone = false;
        int r;

        if (!engine_tick(e))
                return -ECANCELED;
        r = stuck->due == STUCK_DUE_SYNC     ? sync_again(e, stuck, &is_gone)
            : stuck->due == STUCK_DUE_REMASK ? session_remask(e, stuck->version.id)
                                             : session_share(e, &id);
        if (r < 0 && r != -EBADMSG)
                return r;
        if (is_gone) {
                e->stuck_is_left = true; /* the next cycle sees what became of it */
                return 0;
        }
        if (r == -EBADMSG && (e->batch_is_tainted || stuck->due != STUCK_DUE_SYNC))
                batch_rollback(e);
        if (r > 0 || (r == 0 && stuck->due == STUCK_DUE_SHARE)) {
                memcpy(e->last_stuck, stuck->version.id, sizeof(e->last_stuck));
                e->last_cause = stuck->cause;
        }
        e->batch.sessions_synced += r > 0;
        r = batch_commit(e);
        if (r >= 0 && !stuck->has_failed)
                forget(e, stuck->version.id);
        return r;
}

int stuck_sync(Engine *e)
{
        int r;

        e->stuck_is_left = false;
        r = batch_commit(e);
        for (size_t i = 0; r >= 0 && i < e->stuck.n;) {
                StuckSession s = e->stuck.sessions[i];

                e->stuck.sessions[i].due = STUCK_DUE_NOTHING;
                if (s.due != STUCK_DUE_NOTHING)
                        r = sync_alone(e, &s);
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
                     "%s the session '%.200s', and %s. The session has now been synced, alone and "
                     "after all others.",
                     e->last_cause == STUCK_MEMORY ? "There was no memory left for"
                                                   : "The service was stuck in",
                     e->last_stuck,
                     e->last_cause == STUCK_MEMORY ? "the service ended" : "the watchdog ended it");
        e->result->warning_kind = WARNING_SESSION_STUCK;
}
