/* A session as one HTML page, to give away */
#include "ctl/render-html.h"

#include <inttypes.h>
#include <string.h>

#include "config.h"
#include "ctl/html.h"
#include "ctl/i18n.h"
#include "ctl/session-text.h"
#include "ctl/share-style.h"
#include "ctl/text.h"
#include "ctl/tool-text.h"

/* Of a tool's input, in the line that is shown when it is folded. */
#define SUMMARY_MAX 100

typedef struct Page {
        Query *q;
        Masker *masker;
        FILE *f; /* NULL: only looking */
        StrBuf out;
        uint64_t n_found;
        PageSummary *summary;
} Page;

/* Masks a value once more, and appends it printable. */
static int put_masked(Page *p, StrBuf *b, const Value *v, bool json)
{
        Masked masked;
        int r;

        if (v->type != VALUE_TEXT || v->size == 0)
                return 0;
        r = masker_mask(p->masker, json ? MASK_JSON : MASK_TEXT, v->text, v->size, &masked);
        if (r < 0)
                return r;
        p->n_found += masked.n_findings;
        if (json) {
                Value input = value_text(masked.text, masked.size);

                return put_tool_input(b, &input);
        }
        return put_printable(b, PRINTABLE_TEXT, masked.text, masked.size);
}

static int flush(Page *p)
{
        if (p->out.failed)
                return -ENOMEM;
        if (p->f)
                fwrite(p->out.data ?: "", 1, p->out.size, p->f);
        strbuf_clear(&p->out);
        return p->f && ferror(p->f) ? -EIO : 0;
}

static void put_escaped(StrBuf *b, const char *text)
{
        (void) put_html_text(b, text, strlen(text));
}

static int put_fact(Page *p, const char *label, const Value *v)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        int r = put_masked(p, &text, v, false);

        if (r < 0 || text.size == 0)
                return r;
        (void) strbuf_puts(&p->out, "<dt>");
        put_escaped(&p->out, label);
        (void) strbuf_puts(&p->out, "</dt><dd>");
        (void) put_html_text(&p->out, text.data, text.size);
        return strbuf_puts(&p->out, "</dd>\n");
}

static int put_time(Page *p, const char *label, const Value *v)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };

        if (v->type != VALUE_TEXT || v->size == 0)
                return 0;
        if (put_local_iso(&text, v) < 0)
                return -ENOMEM;
        (void) strbuf_puts(&p->out, "<dt>");
        put_escaped(&p->out, label);
        (void) strbuf_puts(&p->out, "</dt><dd>");
        (void) put_html_text(&p->out, text.data, text.size);
        return strbuf_puts(&p->out, "</dd>\n");
}

/* The first of its names that it has, masked. */
static int put_title(Page *p, StrBuf *b, const Value *values)
{
        static const int columns[] = { SESSION_DISPLAY_NAME, SESSION_SESSION_NAME,
                                       SESSION_FIRST_MESSAGE, SESSION_ID };
        int r = 0;

        for (size_t i = 0; r >= 0 && b->size == 0 && i < ELEMENTSOF(columns); i++)
                r = put_masked(p, b, values + columns[i], false);
        for (size_t i = 0; i < b->size; i++)
                if (b->data[i] == '\n')
                        b->data[i] = ' ';
        return r;
}

static int on_session(void *userdata, const SessionRow *s)
{
        _cleanup_(strbuf_done) StrBuf title = { 0 };
        Page *p = userdata;
        StrBuf *b = &p->out;
        int r;

        p->summary->n_masked = s->n_findings;
        r = put_title(p, &title, s->values);
        if (r < 0)
                return r;
        (void) strbuf_puts(
                        b,
                        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                        "'" SHARE_STYLE_HASH "'; base-uri 'none'; form-action 'none'\">\n"
                        "<meta name=\"referrer\" content=\"no-referrer\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
        (void) put_html_attribute(b, title.data ?: "", title.size);
        (void) strbuf_puts(b, "</title>\n<style>" SHARE_STYLE
                              "</style>\n</head>\n<body>\n<header>\n<h1>");
        (void) put_html_text(b, title.data ?: "", title.size);
        (void) strbuf_puts(b, "</h1>\n<dl>\n");
        if ((r = put_fact(p, _("Project"), s->values + SESSION_PROJECT)) < 0 ||
            (r = put_fact(p, _("Branch"), s->values + SESSION_GIT_BRANCH)) < 0 ||
            (r = put_fact(p, _("Agent"), s->values + SESSION_AGENT_TYPE)) < 0 ||
            (r = put_time(p, _("Started"), s->values + SESSION_STARTED_AT)) < 0 ||
            (r = put_time(p, _("Ended"), s->values + SESSION_ENDED_AT)) < 0)
                return r;
        return flush(p);
}

static int on_link(void *userdata, const Value *values)
{
        Page *p = userdata;
        int r = put_fact(p, _("Commit"), values + LINK_COMMIT_SHA);

        return r < 0 ? r : put_fact(p, _("Pull request"), values + LINK_PR_URL);
}

static int on_rule(void *userdata, const FindingGroupRow *g)
{
        Page *p = userdata;

        (void) strbuf_puts(&p->out, "<li>");
        put_escaped(&p->out, g->key);
        return strbuf_printf(&p->out, ": %" PRIu64 "</li>\n", g->n_findings);
}

/* The box that says what is missing. */
static int put_masked_box(Page *p, const char *id)
{
        FindingFilter filter = { .session_id = id };
        uint64_t n = p->summary->n_masked + p->summary->n_found;
        int r;

        (void) strbuf_puts(&p->out, "</dl>\n<aside>\n<p>");
        if (n == 0)
                put_escaped(&p->out, _("No secret was found in this session."));
        else {
                (void) strbuf_printf(&p->out,
                                     P_("A secret is masked in %" PRIu64 " place:",
                                        "Secrets are masked in %" PRIu64 " places:", n),
                                     n);
        }
        (void) strbuf_puts(&p->out, "</p>\n<ul>\n");
        r = query_finding_groups(p->q, &filter, GROUP_RULE, on_rule, p);
        if (p->summary->n_found > 0)
                (void) strbuf_printf(&p->out,
                                     P_("<li>%" PRIu64 " more by the current rules</li>\n",
                                        "<li>%" PRIu64 " more by the current rules</li>\n",
                                        p->summary->n_found),
                                     p->summary->n_found);
        (void) strbuf_puts(&p->out, "</ul>\n</aside>\n</header>\n<main>\n");
        return r < 0 ? r : flush(p);
}

static int put_block(Page *p, const Value *v)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        int r = put_masked(p, &text, v, false);

        if (r < 0 || text.size == 0)
                return r;
        return put_html_as_written(&p->out, text.data, text.size);
}

static int put_call(Page *p, const Message *m, const Value *call)
{
        _cleanup_(strbuf_done) StrBuf input = { 0 }, name = { 0 };
        _cleanup_free_ char *line = NULL, *cut = NULL;
        int r;

        r = put_masked(p, &input, call + CALL_INPUT_JSON, true);
        if (r >= 0)
                r = put_masked(p, &name, call + CALL_TOOL_NAME, false);
        if (r < 0)
                return r;
        line = strndup(input.data ?: "", input.data ? strcspn(input.data, "\n") : 0);
        if (!line)
                return -ENOMEM; /* it may be long */
        cut = text_cut(line, SUMMARY_MAX);
        (void) strbuf_puts(&p->out, "<details><summary>");
        (void) put_html_text(&p->out, name.data ?: "", name.size);
        (void) strbuf_puts(&p->out, " <code>");
        put_escaped(&p->out, cut);
        (void) strbuf_puts(&p->out, "</code></summary>\n");
        (void) put_html_as_written(&p->out, input.data ?: "", input.size);
        r = put_block(p, call + CALL_RESULT_CONTENT);
        for (size_t i = 0; r >= 0 && i < m->n_events; i++)
                if (m->events[i][EVENT_CALL_INDEX].integer == call[CALL_CALL_INDEX].integer)
                        r = put_block(p, m->events[i] + EVENT_CONTENT);
        (void) strbuf_puts(&p->out, "</details>\n");
        return r < 0 ? r : flush(p);
}

static int put_thinking(Page *p, const Value *thinking)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        int r = put_masked(p, &text, thinking, false);

        if (r < 0 || text.size == 0)
                return r;
        (void) strbuf_puts(&p->out, "<details><summary>");
        put_escaped(&p->out, _("Thinking"));
        (void) strbuf_puts(&p->out, "</summary>\n");
        (void) put_html_markdown(&p->out, text.data, text.size);
        return strbuf_puts(&p->out, "</details>\n");
}

static int on_message(void *userdata, const Message *m)
{
        _cleanup_(strbuf_done) StrBuf role = { 0 }, text = { 0 }, time = { 0 };
        int64_t ordinal = m->values[MESSAGE_ORDINAL].integer;
        Value words = message_words(m);
        Page *p = userdata;
        int r;

        p->summary->n_messages++;
        p->summary->n_calls += m->n_calls;
        if ((r = put_masked(p, &role, m->values + MESSAGE_ROLE, false)) < 0 ||
            (r = put_masked(p, &text, &words, false)) < 0 ||
            (r = put_local_iso(&time, m->values + MESSAGE_TIMESTAMP)) < 0)
                return r;
        (void) strbuf_printf(&p->out,
                             "<article class=\"%s\" id=\"m%" PRId64 "\">\n<h2><a href=\"#m%" PRId64
                             "\">",
                             role.size == 4 && memcmp(role.data, "user", 4) == 0 ? "user" : "other",
                             ordinal, ordinal);
        (void) put_html_text(&p->out, role.data ?: "", role.size);
        (void) strbuf_puts(&p->out, " · ");
        (void) put_html_text(&p->out, time.data ?: "", time.size);
        (void) strbuf_puts(&p->out, "</a></h2>\n");
        r = put_thinking(p, m->values + MESSAGE_THINKING_TEXT);
        if (r >= 0 && text.size > 0) {
                (void) strbuf_puts(&p->out, "<div class=\"text\">\n");
                r = put_html_markdown(&p->out, text.data, text.size);
                (void) strbuf_puts(&p->out, "</div>\n");
        }
        for (size_t i = 0; r >= 0 && i < m->n_calls; i++)
                r = put_call(p, m, m->calls[i]);
        (void) strbuf_puts(&p->out, "</article>\n");
        return r < 0 ? r : flush(p);
}

static int walk(Page *p, const char *id)
{
        int r;

        p->summary->n_messages = p->summary->n_calls = 0;
        r = query_session(p->q, id, on_session, p);
        if (r <= 0)
                return r;
        r = query_rows(p->q, &link_table, id, on_link, p);
        if (r >= 0)
                r = put_masked_box(p, id);
        if (r >= 0)
                r = query_messages(p->q, id, NULL, on_message, p);
        if (r < 0)
                return r;
        (void) strbuf_puts(&p->out, "</main>\n<footer>");
        put_escaped(&p->out, _("Masked and written by scrubjay"));
        (void) strbuf_puts(&p->out, " ");
        (void) strbuf_puts(&p->out, SCRUBJAY_VERSION);
        (void) strbuf_puts(&p->out, "</footer>\n</body>\n</html>\n");
        r = flush(p);
        return r < 0 ? r : 1;
}

int render_html_prepare(Query *q, const char *id, Masker *masker, PageSummary *ret)
{
        Page p = { .q = q, .masker = masker, .summary = ret };
        int r;

        *ret = (PageSummary){ 0 };
        masker_forget(masker);
        r = walk(&p, id);
        if (r > 0 && p.n_found > 0) {
                /* what was learned at the end is masked at the beginning, too */
                p.n_found = 0;
                r = walk(&p, id);
        }
        strbuf_done(&p.out);
        ret->n_found = p.n_found;
        return r;
}

int render_html(Query *q, const char *id, Masker *masker, const PageSummary *summary, FILE *f)
{
        PageSummary copy = *summary;
        Page p = { .q = q, .masker = masker, .f = f, .summary = &copy };
        int r = walk(&p, id);

        strbuf_done(&p.out);
        return r < 0 ? r : r == 0 ? -ENOENT : 0;
}
