/* A session as JSON */
#include "ctl/json-out.h"
#include "ctl/render.h"

typedef struct Writer {
        FILE *f;
        ToolsShown tools;
        struct json_object *session; /* until its row is written */
        struct json_object *rows;    /* of the table being read */
        const Table *table;
        uint64_t n_messages;
} Writer;

static int on_session(void *userdata, const SessionRow *s)
{
        Writer *w = userdata;

        json_add_row(w->session, &session_table, s->values);
        json_add_bool(w->session, "starred", s->starred);
        json_add_bool(w->session, "trashed", s->trashed);
        json_add_bool(w->session, "metadata_only", s->metadata_only);
        json_add_count(w->session, "findings", s->n_findings);
        return 0;
}

static int on_row(void *userdata, const Value *values)
{
        Writer *w = userdata;
        struct json_object *o = json_new();

        json_add_row(o, w->table, values);
        json_append(w->rows, o);
        return 0;
}

static int add_rows(Writer *w, Query *q, const Table *table, const char *key, const char *id)
{
        int r;

        w->rows = json_new_array();
        w->table = table;
        r = query_rows(q, table, id, on_row, w);
        json_add(w->session, key, w->rows);
        return r;
}

static struct json_object *call_object(const Message *m, size_t i, ToolsShown tools)
{
        struct json_object *o = json_new(), *events;

        if (tools == TOOLS_NAMES) {
                json_add_value(o, "tool_name", m->calls[i] + CALL_TOOL_NAME);
                return o;
        }
        json_add_row(o, &call_table, m->calls[i]);
        events = json_new_array();
        for (size_t k = 0; k < m->n_events; k++) {
                struct json_object *event;

                if (m->events[k][EVENT_CALL_INDEX].integer != m->calls[i][CALL_CALL_INDEX].integer)
                        continue;
                event = json_new();
                json_add_row(event, &event_table, m->events[k]);
                json_append(events, event);
        }
        json_add(o, "result_events", events);
        return o;
}

static int on_message(void *userdata, const Message *m)
{
        Writer *w = userdata;
        struct json_object *o = json_new(), *calls = json_new_array();

        json_add_row(o, &message_table, m->values);
        for (size_t i = 0; i < m->n_calls && w->tools != TOOLS_NONE; i++)
                json_append(calls, call_object(m, i, w->tools));
        json_add(o, "tool_calls", calls);
        if (w->n_messages++ > 0)
                fputc(',', w->f);
        return json_print_part(w->f, o, 0);
}

static int on_child(void *userdata, const SessionRow *s)
{
        Writer *w = userdata;
        struct json_object *o = json_new();

        json_add_value(o, "id", s->values + SESSION_ID);
        json_add_value(o, "relationship_type", s->values + SESSION_RELATIONSHIP_TYPE);
        json_append(w->rows, o);
        return 0;
}

static int add_children(Writer *w, Query *q, const char *id)
{
        int r;

        w->rows = json_new_array();
        r = query_children(q, id, on_child, w);
        json_add(w->session, "children", w->rows);
        return r;
}

int render_json(Query *q, const char *id, const RenderOptions *options, FILE *f)
{
        _cleanup_(json_object_putp) struct json_object *session = json_new();
        Writer w = { .f = f, .session = session, .tools = options ? options->tools : TOOLS_ALL };
        int r;

        r = query_session(q, id, on_session, &w);
        if (r == 0)
                return -ENOENT;
        if (r < 0 || (r = add_rows(&w, q, &link_table, "git_links", id)) < 0 ||
            (r = add_rows(&w, q, &pin_table, "pins", id)) < 0 ||
            (r = add_rows(&w, q, &label_table, "labels", id)) < 0 ||
            (r = add_rows(&w, q, &parent_table, "external_parents", id)) < 0 ||
            (r = add_children(&w, q, id)) < 0)
                return r;
        /* the closing brace is left off: the messages are written as they are read */
        r = json_print_part(f, TAKE_PTR(session), 1);
        if (r < 0)
                return r;
        fputs(",\"messages\":[", f);
        r = query_messages(q, id, options ? options->range : NULL, on_message, &w);
        fputs("]}\n", f);
        return r;
}
