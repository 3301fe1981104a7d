/* A session as Markdown */
#include <inttypes.h>
#include <string.h>

#include "ctl/i18n.h"
#include "ctl/markdown-text.h"
#include "ctl/render.h"
#include "ctl/session-text.h"
#include "ctl/text.h"
#include "ctl/tool-text.h"

/* A block of code. Its fence is longer than any run of backticks in it. */
static void write_code(FILE *f, const char *text, size_t size)
{
        int longest = 2, run = 0;

        for (size_t i = 0; i < size; i++) {
                run = text[i] == '`' ? run + 1 : 0;
                if (run > longest)
                        longest = run;
        }
        for (int i = 0; i <= longest; i++)
                fputc('`', f);
        fputc('\n', f);
        fwrite(text, 1, size, f);
        if (size > 0 && text[size - 1] != '\n')
                fputc('\n', f);
        for (int i = 0; i <= longest; i++)
                fputc('`', f);
        fputs("\n\n", f);
}

static int write_code_value(FILE *f, const Value *v)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        if (v->type != VALUE_TEXT || v->size == 0)
                return 0;
        if (put_printable(&b, PRINTABLE_TEXT, v->text, v->size) < 0)
                return -ENOMEM;
        write_code(f, b.data, b.size);
        return 0;
}

static int write_text(FILE *f, const char *before, const Value *v)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        if (v->type != VALUE_TEXT || v->size == 0)
                return 0;
        if (put_printable(&b, PRINTABLE_TEXT, v->text, v->size) < 0)
                return -ENOMEM;
        markdown_write_quoted(f, before, b.data);
        return 0;
}

static void write_fact(FILE *f, const char *label, const Value *v)
{
        _cleanup_free_ char *text = printable_value(v);

        if (v->type != VALUE_NULL && *text) {
                fprintf(f, "- %s: ", label);
                markdown_write_inline(f, text);
                fputc('\n', f);
        }
}

static int on_session(void *userdata, const SessionRow *s)
{
        _cleanup_free_ char *title = session_title(s->values),
                            *id = printable_value(s->values + SESSION_ID);
        FILE *f = userdata;

        fputs("# ", f);
        markdown_write_inline(f, session_mark(s));
        markdown_write_inline(f, *title ? title : id);
        fputs("\n\n", f);
        write_fact(f, _("Session"), s->values + SESSION_ID);
        write_fact(f, _("Project"), s->values + SESSION_PROJECT);
        write_fact(f, _("Branch"), s->values + SESSION_GIT_BRANCH);
        write_fact(f, _("Agent"), s->values + SESSION_AGENT_TYPE);
        write_fact(f, _("Started"), s->values + SESSION_STARTED_AT);
        write_fact(f, _("Ended"), s->values + SESSION_ENDED_AT);
        write_fact(f, _("Parent"), s->values + SESSION_PARENT_SESSION_ID);
        return 0;
}

static int on_link(void *userdata, const Value *values)
{
        FILE *f = userdata;

        write_fact(f, _("Commit"), values + LINK_COMMIT_SHA);
        write_fact(f, _("Pull request"), values + LINK_PR_URL);
        return 0;
}

/* What is written, and where. */
typedef struct Writer {
        Query *q;
        FILE *f;
        ToolsShown tools;
} Writer;

static int write_call(const Writer *w, const Message *m, const Value *call)
{
        _cleanup_(strbuf_done) StrBuf input = { 0 };
        _cleanup_free_ char *name = printable_value(call + CALL_TOOL_NAME);
        FILE *f = w->f;
        int r;

        r = put_tool_input(&input, call + CALL_INPUT_JSON);
        if (r < 0)
                return r;
        fputs("**", f);
        markdown_write_inline(f, name);
        fputs("**\n\n", f);
        if (w->tools == TOOLS_NAMES)
                return 0;
        if (input.size > 0)
                write_code(f, input.data, input.size);
        r = write_code_value(f, call + CALL_RESULT_CONTENT);
        for (size_t i = 0; r >= 0 && i < m->n_events; i++)
                if (m->events[i][EVENT_CALL_INDEX].integer == call[CALL_CALL_INDEX].integer)
                        r = write_code_value(f, m->events[i] + EVENT_CONTENT);
        return r;
}

static int on_message(void *userdata, const Message *m)
{
        const Writer *w = userdata;
        _cleanup_free_ char *role = printable_value(m->values + MESSAGE_ROLE);
        _cleanup_free_ char *time = printable_value(m->values + MESSAGE_TIMESTAMP);
        Value words = message_words(m);
        FILE *f = w->f;
        int r;

        fprintf(f, "\n## %" PRId64 ". ", m->values[MESSAGE_ORDINAL].integer);
        markdown_write_inline(f, role);
        fputs(*time ? ", " : "", f);
        markdown_write_inline(f, time);
        fputs("\n\n", f);
        r = write_text(f, "> > ", m->values + MESSAGE_THINKING_TEXT);
        if (r >= 0)
                r = write_text(f, "> ", &words);
        for (size_t i = 0; r >= 0 && i < m->n_calls && w->tools != TOOLS_NONE; i++)
                r = write_call(w, m, m->calls[i]);
        return r < 0 ? r : ferror(f) ? -EPIPE : 0;
}

static int on_child(void *userdata, const SessionRow *s)
{
        FILE *f = userdata;

        write_fact(f, _("Child"), s->values + SESSION_ID);
        return 0;
}

int render_markdown(Query *q, const char *id, const RenderOptions *options, FILE *f)
{
        Writer w = { q, f, options ? options->tools : TOOLS_ALL };
        int r;

        r = query_session(q, id, on_session, f);
        if (r == 0)
                return -ENOENT;
        if (r >= 0)
                r = query_rows(q, &link_table, id, on_link, f);
        if (r >= 0)
                r = query_children(q, id, on_child, f);
        return r < 0 ? r : query_messages(q, id, options ? options->range : NULL, on_message, &w);
}
