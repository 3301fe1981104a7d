/* Left out: texts that the source had, and keeps no longer */
#include "sync/left-out.h"

#include <string.h>

static bool is_empty(const Value *v)
{
        return v->type != VALUE_TEXT || v->size == 0;
}

/* Whether two rows at one place are of one thing: places change hands when entries before them are removed. */
static bool is_same(const Value *a, const Value *b)
{
        return is_empty(a) ||
               (a->type == b->type && a->size == b->size && memcmp(a->text, b->text, a->size) == 0);
}

static bool has_length(const Value *v)
{
        return v->type == VALUE_INTEGER && v->integer > 0;
}

/* Its own text; a message that calls a tool may be without one. */
static bool lacks_text(const Message *m)
{
        return m->n_calls == 0 && is_empty(m->values + MESSAGE_CONTENT) &&
               is_empty(m->values + MESSAGE_THINKING_TEXT);
}

static bool lacks_input(const Value *call)
{
        return is_empty(call + CALL_INPUT_JSON);
}

/* A result in one piece is in its call, otherwise in events. */
static bool lacks_result(const Value *call)
{
        return is_empty(call + CALL_RESULT_CONTENT) &&
               has_length(call + CALL_RESULT_CONTENT_LENGTH);
}

static bool lacks_content(const Value *event)
{
        return is_empty(event + EVENT_CONTENT) && has_length(event + EVENT_CONTENT_LENGTH);
}

bool left_out_maybe(const Message *m)
{
        if (lacks_text(m))
                return true;
        for (size_t i = 0; i < m->n_calls; i++)
                if (lacks_input(m->calls[i]) || lacks_result(m->calls[i]))
                        return true;
        for (size_t i = 0; i < m->n_events; i++)
                if (lacks_content(m->events[i]))
                        return true;
        return false;
}

static bool calls_had_text(const Message *m, const Message *archived)
{
        size_t k = 0, e = 0;

        for (size_t i = 0; i < m->n_calls; i++) {
                const Value *call = m->calls[i], *was;
                int64_t index = call[CALL_CALL_INDEX].integer;

                while (k < archived->n_calls && archived->calls[k][CALL_CALL_INDEX].integer < index)
                        k++;
                while (e < m->n_events && m->events[e][EVENT_CALL_INDEX].integer < index)
                        e++;
                if (k == archived->n_calls || archived->calls[k][CALL_CALL_INDEX].integer != index)
                        continue;
                was = archived->calls[k];
                if (!is_same(call + CALL_TOOL_USE_ID, was + CALL_TOOL_USE_ID))
                        continue;
                if (lacks_input(call) && !is_empty(was + CALL_INPUT_JSON))
                        return true;
                if (lacks_result(call) && !is_empty(was + CALL_RESULT_CONTENT) &&
                    (e == m->n_events || m->events[e][EVENT_CALL_INDEX].integer != index))
                        return true;
        }
        return false;
}

/* The order of events in a message. */
static int compare_events(const Value *a, const Value *b)
{
        int64_t x = a[EVENT_CALL_INDEX].integer, y = b[EVENT_CALL_INDEX].integer;

        if (x == y) {
                x = a[EVENT_EVENT_INDEX].integer;
                y = b[EVENT_EVENT_INDEX].integer;
        }
        return (x > y) - (x < y);
}

static bool events_had_text(const Message *m, const Message *archived)
{
        size_t k = 0;

        for (size_t i = 0; i < m->n_events; i++) {
                const Value *event = m->events[i], *was;

                while (k < archived->n_events && compare_events(archived->events[k], event) < 0)
                        k++;
                if (k == archived->n_events || compare_events(archived->events[k], event) != 0)
                        continue;
                was = archived->events[k];
                if (lacks_content(event) && !is_empty(was + EVENT_CONTENT) &&
                    is_same(event + EVENT_TOOL_USE_ID, was + EVENT_TOOL_USE_ID))
                        return true;
        }
        return false;
}

bool left_out_from(const Message *m, const Message *archived)
{
        if (lacks_text(m) && is_same(m->values + MESSAGE_ROLE, archived->values + MESSAGE_ROLE) &&
            is_same(m->values + MESSAGE_TIMESTAMP, archived->values + MESSAGE_TIMESTAMP) &&
            (!is_empty(archived->values + MESSAGE_CONTENT) ||
             !is_empty(archived->values + MESSAGE_THINKING_TEXT)))
                return true;
        return calls_had_text(m, archived) || events_had_text(m, archived);
}
