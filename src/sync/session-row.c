/* Whose a session is: said when it was archived, and changed only when a person wants it */
#include "sync/session-internal.h"

void session_take_identity(Engine *e, Value *values)
{
        Identity *identity = engine_identity(e);
        Arena *arena = &e->session_arena;

        values[SESSION_USER_ID] = session_text_value(arena, identity_user_id(identity));
        values[SESSION_USER_NAME] = session_text_value(arena, identity_user_name(identity));
        if (e->settings.machine)
                values[SESSION_MACHINE] = session_text_value(arena, e->settings.machine);
}

void session_identify(Engine *e, Value *values)
{
        const Value *cwd = values + SESSION_CWD;
        Project project = identity_project(engine_identity(e), cwd->text,
                                           cwd->type == VALUE_TEXT ? cwd->size : 0);

        session_take_identity(e, values);
        values[SESSION_PROJECT_ID] = session_text_value(&e->session_arena, project.id);
        values[SESSION_PROJECT_NAME] = *project.name ? session_text_value(&e->session_arena,
                                                                          project.name)
                                                     : values[SESSION_PROJECT];
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
        for (size_t i = 0; r > 0 && i < ELEMENTSOF(columns); i++)
                if (columns[i] != SESSION_MACHINE || e->settings.machine) /* else agentsview's */
                        r = values_copy(&e->session_arena, archived + columns[i], 1,
                                        values + columns[i]) < 0
                                            ? -ENOMEM
                                            : r;
        return r < 0 ? engine_archive_failed(e, r) : 0;
}
