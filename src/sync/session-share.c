/* What a session told, passed on to the rest of its conversation */
#include <string.h>

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

/* All sessions of one conversation that were not masked with all that it knows now. */
static int share_conversation(Engine *e, const Value *name)
{
        _cleanup_(arena_done) Arena arena = { 0 };
        Value unused;
        int n, r;

        r = archive_conversation_get(e->archive, &arena, name, &unused, NULL);
        if (r <= 0) /* a session without relatives: a note of its own told it */
                return r < 0 ? engine_archive_failed(e, r) : session_share(e, name);
        do {
                char *ids[64] = { NULL };

                n = archive_late_sessions(e->archive, name, ELEMENTSOF(ids), ids);
                if (n < 0)
                        return engine_archive_failed(e, n);
                for (int i = 0; i < n; i++) {
                        Value id = value_text(ids[i], strlen(ids[i]));

                        if (r >= 0 && !engine_tick(e))
                                r = -ECANCELED;
                        if (r >= 0)
                                r = session_share(e, &id);
                        if (r >= 0)
                                r = batch_commit_if_due(e);
                        free(ids[i]);
                }
        } while (r >= 0 && n > 0);
        return r;
}

int conversations_share(Engine *e)
{
        _cleanup_(arena_done) Arena arena = { 0 };
        Value name;
        int r;

        while ((r = archive_due_get(e->archive, &arena, &name)) > 0) {
                r = share_conversation(e, &name);
                if (r >= 0)
                        r = batch_begin(e);
                if (r < 0)
                        return r;
                r = archive_due_remove(e->archive, &name);
                if (r < 0)
                        break;
                arena_clear(&arena);
        }
        return r < 0 ? engine_archive_failed(e, r) : 0;
}
