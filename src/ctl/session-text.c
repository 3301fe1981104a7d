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
        return strdup("");
}

char *value_copy(const Value *v)
{
        char *s;

        if (v->type == VALUE_INTEGER)
                return asprintf(&s, "%" PRId64, v->integer) < 0 ? NULL : s;
        return v->type == VALUE_TEXT ? strndup(v->text, v->size) : strdup("");
}

static int count_matches(Query *q, const char *prefix)
{
        char *ids[2];
        int n = query_find_sessions(q, prefix, ELEMENTSOF(ids), ids);

        for (int i = 0; i < n; i++)
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
                _cleanup_free_ char *prefix = strndup(from, lengths[i]);

                if (!prefix)
                        return NULL;
                if (strlen(from) > lengths[i] && count_matches(q, prefix) == 1)
                        return printable(prefix);
        }
        return printable(id);
}

char *session_shown_id(Query *q, const char *id)
{
        return terminal_is_there() ? session_short_id(q, id) : printable(id);
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
        print_error(_("'%s' is the beginning of several ids; give more of it:"), given);
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *id = printable(ids[i]);

                fprintf(stderr, "  %s\n", id ?: "");
                free(ids[i]);
        }
        return -EEXIST;
}
