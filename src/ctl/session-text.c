/* A session's names, as people read and type them */
#include "ctl/session-text.h"

#include <inttypes.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/places.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

#define AMBIGUOUS_SHOWN 5

char *session_title(const Value *values)
{
        static const int columns[] = { SESSION_DISPLAY_NAME, SESSION_SESSION_NAME,
                                       SESSION_FIRST_MESSAGE };

        for (size_t i = 0; i < ELEMENTSOF(columns); i++)
                if (values[columns[i]].type == VALUE_TEXT && values[columns[i]].size > 0)
                        return printable_value(values + columns[i]);
        return xstrdup("");
}

const char *session_mark(const SessionRow *s)
{
        if (s->trashed)
                return s->starred ? _("★ [in the trash] ") : _("[in the trash] ");
        return s->starred ? "★ " : "";
}

const Value *session_last_activity(const Value *values)
{
        const Value *ended = values + SESSION_ENDED_AT;

        return ended->type == VALUE_TEXT && ended->size > 0 ? ended : values + SESSION_STARTED_AT;
}

static bool has_text(const Value *v)
{
        return v->type == VALUE_TEXT && v->size > 0;
}

Value message_words(const Message *m)
{
        Value words = m->values[MESSAGE_DIALOGUE_TEXT];

        if (words.type != VALUE_TEXT)
                return m->values[MESSAGE_CONTENT];
        for (; words.size > 0 && *words.text == '\n'; words.text++)
                words.size--;
        while (words.size > 0 && words.text[words.size - 1] == '\n')
                words.size--;
        /* without anything else to show, what there is is shown */
        return words.size > 0 || m->n_calls > 0 || has_text(m->values + MESSAGE_THINKING_TEXT)
                               ? words
                               : m->values[MESSAGE_CONTENT];
}

char *value_copy(const Value *v)
{
        if (v->type == VALUE_INTEGER)
                return xasprintf("%" PRId64, v->integer);
        return v->type == VALUE_TEXT ? xstrndup(v->text, v->size) : xstrdup("");
}

static int count_matches(Query *q, const char *prefix)
{
        char *ids[2] = { NULL };
        int n = query_find_sessions(q, prefix, ELEMENTSOF(ids), ids);

        for (size_t i = 0; i < ELEMENTSOF(ids); i++)
                free(ids[i]);
        return n;
}

/* The shortest handy beginning of @id that "show" takes. */
static char *session_short_id(Query *q, const char *id)
{
        static const size_t lengths[] = { 8, 13, 18 }; /* the first groups of a UUID */
        const char *colon = strchr(id, ':');
        const char *from = colon && colon[1] ? colon + 1 : id;

        for (size_t i = 0; i < ELEMENTSOF(lengths); i++) {
                _cleanup_free_ char *prefix = xstrndup(from, lengths[i]);

                if (strlen(from) > lengths[i] && count_matches(q, prefix) == 1)
                        return printable(prefix);
        }
        return printable(id);
}

char *session_shown_id(Query *q, const char *id)
{
        return terminal_is_there() ? session_short_id(q, id) : printable(id);
}

void session_print_line(Query *q, const SessionRow *s, size_t used)
{
        _cleanup_free_ char *id = value_copy(s->values + SESSION_ID), *cut = NULL,
                            *shown = session_shown_id(q, id), *title = session_title(s->values),
                            *project = printable_value(s->values + SESSION_PROJECT),
                            *agent = printable_value(s->values + SESSION_AGENT_TYPE);
        size_t width = terminal_width();

        used += text_width(shown) + text_width(project) + text_width(agent) +
                text_width(session_mark(s)) + 6;
        cut = text_cut(title, width == 0 ? SIZE_MAX : width > used ? width - used : 1);
        printf("%s%s%s  %s  %s  %s%s\n", style_on(STYLE_ACCENT), shown, style_off(), project, agent,
               session_mark(s), cut);
}

void session_print_command(const char *shown_id, int64_t ordinal, const char *indent)
{
        printf("%s%s%s %s", indent, style_on(STYLE_DIM), "scrubjayctl show", shown_id);
        if (ordinal >= 0)
                printf(" --message %" PRId64, ordinal);
        printf("%s\n", style_off());
}

bool commit_is_plausible(const char *s)
{
        size_t n = strspn(s, "0123456789abcdef");

        return n >= 4 && !s[n];
}

int session_find(Query *q, const char *given, char **ret)
{
        char *ids[AMBIGUOUS_SHOWN] = { NULL };
        int n;

        n = query_find_sessions(q, given, ELEMENTSOF(ids), ids);
        if (n < 0) {
                (void) query_failed(q, n);
                return n;
        }
        if (n == 1) {
                *ret = ids[0];
                return 0;
        }
        if (n == 0) {
                print_error(_("There is no session '%s'. See 'scrubjayctl sessions'."), given);
                return -ENOENT;
        }
        print_error(_("Several ids begin with '%s'; give more characters:"), given);
        for (size_t i = 0; i < ELEMENTSOF(ids) && ids[i]; i++) {
                _cleanup_free_ char *id = printable(ids[i]);

                fprintf(stderr, "  %s\n", id);
                free(ids[i]);
        }
        return -EEXIST;
}
