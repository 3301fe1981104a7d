/* What a session revealed, passed on to the rest of its conversation */
#include <string.h>

#include "base/strv.h"
#include "sync/engine-internal.h"

int pins_are_due(Engine *e, const Value *id)
{
        int r = archive_has_pins(e->archive, id);

        if (r <= 0)
                return r < 0 ? engine_archive_failed(e, r) : 0;
        r = archive_meta_set_int(e->archive, "pins_fingerprint", 0);
        if (r >= 0)
                r = engine_note_traces(e);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

int session_settle(Engine *e, int64_t change, bool keeps)
{
        Conversation *c = &e->conversation;
        int r, learned;

        learned = conversation_settle(c, e->archive, e->policy, change, keeps);
        r = learned > 0 ? pins_are_due(e, &c->id) : learned;
        if (r >= 0 && learned > 0 && c->has_relatives)
                r = archive_due_put(e->archive, &c->name);
        if (r >= 0 && c->has_relatives)
                r = archive_conversation_applied(e->archive, &c->id, change);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* One session. There may be no memory for it: it is left as it is then, and tried again by the next cycle. After that each is
 * committed, so that the next one that fails takes nothing with it. Returns 1 (it is left), 0, or a negative errno. */
static int share_session(Engine *e, const Value *id)
{
        int r;

        if (!engine_tick(e))
                return -ECANCELED;
        for (char **p = e->unshared; p && *p; p++)
                if (strcmp(*p, id->text) == 0)
                        return 1;
        r = stuck_leave_out_archived(e, id, STUCK_DUE_SHARE);
        if (r != 0)
                return r;
        r = session_share(e, id);
        if (r == -EBADMSG) {
                e->had_errors = true;
                strv_take(&e->unshared, xstrndup(id->text, id->size));
                batch_rollback(e);
                return 1;
        }
        if (r >= 0)
                r = e->unshared ? batch_commit(e) : batch_commit_if_due(e);
        return r < 0 ? r : 0;
}

/* One pass through the sessions of a conversation that were not masked with everything that it knows now. Each may reveal
 * something to those before it, so the caller repeats this until none is late. */
static int share_late_sessions(Engine *e, const Value *name, bool *ret_shared, bool *ret_left)
{
        _cleanup_free_ char *after = NULL;
        int n, r = 0;

        *ret_shared = *ret_left = false;
        do {
                char *ids[64] = { NULL };

                n = archive_late_sessions(e->archive, name, after, ELEMENTSOF(ids), ids);
                if (n < 0)
                        return engine_archive_failed(e, n);
                for (int i = 0; i < n; i++) {
                        Value id = value_text(ids[i], strlen(ids[i]));

                        if (r >= 0)
                                r = share_session(e, &id);
                        *ret_left = *ret_left || r > 0;
                        *ret_shared = *ret_shared || r == 0;
                        free(after);
                        after = ids[i];
                }
        } while (r >= 0 && n > 0);
        return r < 0 ? r : 0;
}

/* Returns 1 (one is left), 0, or a negative errno. */
static int share_conversation(Engine *e, const Value *name)
{
        _cleanup_(arena_done) Arena arena = { 0 };
        bool shared, left;
        Value unused;
        int r;

        r = archive_conversation_get(e->archive, &arena, name, &unused, NULL);
        if (r <= 0) /* a session without relatives: one of its notes revealed it */
                return r < 0 ? engine_archive_failed(e, r) : share_session(e, name);
        do {
                r = share_late_sessions(e, name, &shared, &left);
        } while (r >= 0 && shared);
        return r < 0 ? r : left;
}

/* One pass through the list. A conversation of which a session is left stays in it. */
static int share_all(Engine *e)
{
        _cleanup_(arena_done) Arena arena = { 0 };
        Value name = value_text("", 0);
        bool any = false;
        int r;

        while ((r = archive_due_next(e->archive, &arena, &name)) > 0) {
                if (!any) /* a session that fails takes nothing of the walk's with it */
                        r = batch_commit(e);
                any = true;
                if (r >= 0)
                        r = share_conversation(e, &name);
                if (r > 0)
                        continue;
                if (r == 0)
                        r = batch_begin(e);
                if (r < 0)
                        return r;
                r = archive_due_remove(e->archive, &name);
                if (r < 0)
                        break;
        }
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

static size_t n_unshared(const Engine *e)
{
        size_t n = 0;

        while (e->unshared && e->unshared[n])
                n++;
        return n;
}

int conversations_share(Engine *e)
{
        size_t n;
        int r;

        do { /* what was shared before one failed may have been rolled back with it */
                n = n_unshared(e);
                r = share_all(e);
        } while (r >= 0 && n_unshared(e) > n);
        return r;
}
