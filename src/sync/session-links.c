/* Git links of a message: found in its masked text, put beside it */
#include <string.h>

#include "enrich/gitlink.h"
#include "sync/engine-internal.h"

typedef struct LinkContext {
        Engine *e;
        const Value *id, *user_id, *detected_at;
        int64_t ordinal;
} LinkContext;

static int on_link(void *userdata, const GitLink *link)
{
        LinkContext *c = userdata;
        const char *type = link->is_pull_request ? "pr" : "commit";
        const char *confidence = link->is_certain ? "high" : "medium";
        Value text = value_text(link->text, link->size), empty = value_text("", 0);
        Value values[N_LINK_COLUMNS] = {
                [LINK_SESSION_ID] = *c->id,
                [LINK_USER_ID] = *c->user_id,
                [LINK_MESSAGE_ORDINAL] = value_integer(c->ordinal),
                [LINK_COMMIT_SHA] = link->is_pull_request ? empty : text,
                [LINK_PR_URL] = link->is_pull_request ? text : empty,
                [LINK_LINK_TYPE] = value_text(type, strlen(type)),
                [LINK_CONFIDENCE] = value_text(confidence, strlen(confidence)),
                [LINK_DETECTED_AT] = *c->detected_at,
        };
        int r = archive_link_put(c->e->archive, values);

        return r < 0 ? engine_archive_failed(c->e, r) : 0;
}

/* Searches one output of the call at @index of a masked message. */
static int link_output(LinkContext *c, const Message *m, int64_t call_index, const Value *output)
{
        if (output->type != VALUE_TEXT || output->size == 0)
                return 0;
        for (size_t i = 0; i < m->n_calls; i++) {
                const Value *call = m->calls[i], *input = call + CALL_INPUT_JSON;

                if (call[CALL_CALL_INDEX].integer != call_index)
                        continue;
                if (!gitlink_is_shell(call[CALL_TOOL_CATEGORY].text, call[CALL_TOOL_CATEGORY].size,
                                      call[CALL_TOOL_NAME].text, call[CALL_TOOL_NAME].size))
                        break;
                return gitlink_search_output(input->text, input->size, output->text, output->size,
                                             on_link, c);
        }
        return gitlink_search_text(output->text, output->size, false, on_link, c);
}

int session_put_links(Engine *e, const Value *session, const Message *m)
{
        LinkContext c = {
                .e = e,
                .id = session + SESSION_ID,
                .user_id = session + SESSION_USER_ID,
                .detected_at = m->values + MESSAGE_TIMESTAMP,
                .ordinal = m->values[MESSAGE_ORDINAL].integer,
        };
        const Value *content = m->values + MESSAGE_CONTENT;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < m->n_calls; i++)
                r = link_output(&c, m, m->calls[i][CALL_CALL_INDEX].integer,
                                &m->calls[i][CALL_RESULT_CONTENT]);
        for (size_t i = 0; r >= 0 && i < m->n_events; i++)
                r = link_output(&c, m, m->events[i][EVENT_CALL_INDEX].integer,
                                &m->events[i][EVENT_CONTENT]);
        if (r >= 0 && content->type == VALUE_TEXT)
                r = gitlink_search_text(content->text, content->size, false, on_link, &c);
        return r;
}
