/* A session for a person at a terminal */
#include <inttypes.h>
#include <string.h>

#include "ctl/i18n.h"
#include "ctl/render.h"
#include "ctl/session-text.h"
#include "ctl/terminal.h"
#include "ctl/text.h"
#include "ctl/tool-text.h"

#define MARK "[REDACTED:"

/* Of another session's title. */
#define TITLE_WIDTH 60

/* One line in @style, with the marks of masked places highlighted. */
static void write_line(FILE *f, const char *indent, Style style, const char *line, size_t size)
{
        const char *end = line + size;

        fprintf(f, "%s%s", indent, style_on(style));
        while (line < end) {
                const char *mark = memmem(line, (size_t) (end - line), MARK, strlen(MARK));
                const char *stop = mark ? memchr(mark, ']', (size_t) (end - mark)) : NULL;

                if (!stop)
                        break;
                fwrite(line, 1, (size_t) (mark - line), f);
                fprintf(f, "%s%.*s%s%s", style_on(STYLE_MASKED), (int) (stop + 1 - mark), mark,
                        style_off(), style_on(style));
                line = stop + 1;
        }
        fwrite(line, 1, (size_t) (end - line), f);
        fprintf(f, "%s\n", style == STYLE_NONE ? "" : style_off());
}

/* Lines of text that is printable already. */
static void write_lines(FILE *f, const char *indent, Style style, const char *text, size_t size)
{
        while (size > 0) {
                const char *newline = memchr(text, '\n', size);
                size_t n = newline ? (size_t) (newline - text) : size;

                write_line(f, indent, style, text, n);
                n += newline != NULL;
                text += n;
                size -= n;
        }
}

static int write_value(FILE *f, const char *indent, Style style, const Value *v)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        if (v->type != VALUE_TEXT || v->size == 0)
                return 0;
        if (put_printable(&b, PRINTABLE_TEXT, v->text, v->size) < 0)
                return -ENOMEM;
        write_lines(f, indent, style, b.data, b.size);
        return 0;
}

static void write_fact(FILE *f, const char *label, const Value *v)
{
        _cleanup_free_ char *text = printable_value(v);

        if (v->type != VALUE_NULL && *text)
                fprintf(f, "%s%s:%s %s\n", style_on(STYLE_DIM), label, style_off(), text);
}

static void write_time(FILE *f, const char *label, const Value *v)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        if (v->type == VALUE_TEXT && put_local_iso(&b, v) >= 0)
                fprintf(f, "%s%s:%s %s\n", style_on(STYLE_DIM), label, style_off(), b.data);
}

/* What is written, and where. */
typedef struct Writer {
        Query *q;
        FILE *f;
        ToolsShown tools;
} Writer;

/* The other end of a link between sessions: its short id, how they are related, its title. */
static void write_relative(const Writer *w, const char *label, const Value *relationship,
                           const Value *id, const Value *other)
{
        _cleanup_free_ char *whole = value_copy(id), *shown = session_shown_id(w->q, whole),
                            *how = printable_value(relationship),
                            *title = other ? session_title(other) : xstrdup(""),
                            *cut = text_cut(title, TITLE_WIDTH);

        fprintf(w->f, "%s%s:%s %s%s%s%s%s%s%s\n", style_on(STYLE_DIM), label, style_off(),
                style_on(STYLE_ACCENT), shown, style_off(), *how ? "  " : "", how, *cut ? "  " : "",
                cut);
}

static int on_child(void *userdata, const SessionRow *s)
{
        write_relative(userdata, _("Child"), s->values + SESSION_RELATIONSHIP_TYPE,
                       s->values + SESSION_ID, s->values);
        return 0;
}

typedef struct Child {
        const Writer *w;
        const SessionRow *row;
} Child;

static int on_parent(void *userdata, const SessionRow *s)
{
        const Child *child = userdata;

        write_relative(child->w, _("Parent"), child->row->values + SESSION_RELATIONSHIP_TYPE,
                       s->values + SESSION_ID, s->values);
        return 0;
}

/* Its parent, which the archive may lack. */
static int write_parent(const Writer *w, const SessionRow *s)
{
        const Value *id = s->values + SESSION_PARENT_SESSION_ID;
        _cleanup_free_ char *parent = value_copy(id);
        Child child = { w, s };
        int r;

        if (!*parent)
                return 0;
        r = query_session(w->q, parent, on_parent, &child);
        if (r == 0)
                write_relative(w, _("Parent"), s->values + SESSION_RELATIONSHIP_TYPE, id, NULL);
        return r;
}

static int on_session(void *userdata, const SessionRow *s)
{
        _cleanup_free_ char *title = session_title(s->values);
        _cleanup_(strbuf_done) StrBuf places = { 0 };
        const Writer *w = userdata;
        FILE *f = w->f;

        write_line(f, session_mark(s), STYLE_BOLD, title, strlen(title));
        write_fact(f, _("Session"), s->values + SESSION_ID);
        write_fact(f, _("Project"), s->values + SESSION_PROJECT);
        write_fact(f, _("Folder"), s->values + SESSION_CWD);
        write_fact(f, _("Branch"), s->values + SESSION_GIT_BRANCH);
        write_fact(f, _("Agent"), s->values + SESSION_AGENT_TYPE);
        write_time(f, _("Started"), s->values + SESSION_STARTED_AT);
        write_time(f, _("Ended"), s->values + SESSION_ENDED_AT);
        if (s->n_findings > 0) {
                (void) strbuf_printf(&places,
                                     P_("%" PRIu64 " place", "%" PRIu64 " places", s->n_findings),
                                     s->n_findings);
                fprintf(f, "%s%s:%s %s\n", style_on(STYLE_DIM), _("Masked"), style_off(),
                        places.data ?: "");
        }
        if (s->metadata_only)
                fprintf(f, "%s\n", _("Only metadata of this project is archived."));
        return write_parent(w, s);
}

static int on_link(void *userdata, const Value *values)
{
        FILE *f = userdata;

        write_fact(f, _("Commit"), values + LINK_COMMIT_SHA);
        write_fact(f, _("Pull request"), values + LINK_PR_URL);
        return 0;
}

static int write_call(const Writer *w, const Message *m, const Value *call)
{
        _cleanup_(strbuf_done) StrBuf input = { 0 };
        _cleanup_free_ char *name = printable_value(call + CALL_TOOL_NAME);
        FILE *f = w->f;
        int r;

        r = put_tool_input(&input, call + CALL_INPUT_JSON);
        if (r < 0)
                return r;
        fprintf(f, "  %s▸ %s%s\n", style_on(STYLE_ACCENT), name, style_off());
        if (w->tools == TOOLS_NAMES)
                return 0;
        write_lines(f, "    ", STYLE_NONE, input.data, input.size);
        r = write_value(f, "    │ ", STYLE_DIM, call + CALL_RESULT_CONTENT);
        for (size_t i = 0; r >= 0 && i < m->n_events; i++)
                if (m->events[i][EVENT_CALL_INDEX].integer == call[CALL_CALL_INDEX].integer)
                        r = write_value(f, "    │ ", STYLE_DIM, m->events[i] + EVENT_CONTENT);
        return r;
}

static int on_message(void *userdata, const Message *m)
{
        const Writer *w = userdata;
        _cleanup_free_ char *role = printable_value(m->values + MESSAGE_ROLE);
        _cleanup_free_ char *model = printable_value(m->values + MESSAGE_MODEL);
        _cleanup_(strbuf_done) StrBuf time = { 0 };
        Value words = message_words(m);
        bool is_user;
        FILE *f = w->f;
        int r;

        r = put_local_iso(&time, m->values + MESSAGE_TIMESTAMP);
        if (r < 0)
                return r;
        is_user = strcmp(role, "user") == 0;
        fprintf(f, "\n%s── %s%s%s", style_on(is_user ? STYLE_GOOD : STYLE_BOLD), role, style_off(),
                style_on(STYLE_DIM));
        fprintf(f, "%s%s · %s · %" PRId64 "%s\n", *model ? " · " : "", model, time.data,
                m->values[MESSAGE_ORDINAL].integer, style_off());
        r = write_value(f, "  ┊ ", STYLE_DIM, m->values + MESSAGE_THINKING_TEXT);
        if (r >= 0)
                r = write_value(f, "", STYLE_NONE, &words);
        for (size_t i = 0; r >= 0 && i < m->n_calls && w->tools != TOOLS_NONE; i++)
                r = write_call(w, m, m->calls[i]);
        /* a person who leaves the pager has seen enough */
        return r < 0 ? r : ferror(f) ? -EPIPE : 0;
}

int render_terminal(Query *q, const char *id, const RenderOptions *options, FILE *f)
{
        Writer w = { q, f, options ? options->tools : TOOLS_ALL };
        int r;

        r = query_session(q, id, on_session, &w);
        if (r == 0)
                return -ENOENT;
        if (r >= 0)
                r = query_rows(q, &link_table, id, on_link, f);
        if (r >= 0)
                r = query_children(q, id, on_child, &w);
        if (r >= 0)
                r = query_messages(q, id, options ? options->range : NULL, on_message, &w);
        return r == -EPIPE ? 0 : r;
}
