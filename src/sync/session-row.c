/* Whose a session is: said when it was archived, and changed only when a person wants it */
#include "sync/session-internal.h"

int session_take_identity(Engine *e, Value *values)
{
        Arena *arena = &e->session_arena;
        int r = engine_need_identity(e);

        if (r < 0)
                return r;
        values[SESSION_USER_ID] = session_text_value(arena, identity_user_id(e->identity));
        values[SESSION_USER_NAME] = session_text_value(arena, identity_user_name(e->identity));
        if (e->settings.machine)
                values[SESSION_MACHINE] = session_text_value(arena, e->settings.machine);
        return 0;
}

int session_keep_identity(Engine *e, const Value *id, Value *values)
{
        static const size_t columns[] = { SESSION_USER_ID, SESSION_USER_NAME, SESSION_MACHINE };
        Value archived[N_SESSION_COLUMNS];
        bool metadata_only;
        int r;

        if (e->takes_identity)
                return 0;
        r = archive_session_get(e->archive, id->text, id->size, archived, &metadata_only);
        for (size_t i = 0; r > 0 && i < ELEMENTSOF(columns); i++) {
                if (columns[i] == SESSION_MACHINE && !e->settings.machine)
                        continue; /* it is agentsview's */
                if (session_copy_values(&e->session_arena, archived + columns[i], 1,
                                        values + columns[i]) < 0)
                        r = -ENOMEM;
        }
        return r < 0 ? engine_archive_failed(e, r) : 0;
}
