/* HTML from what a session holds */
#include "ctl/html.h"

#include <string.h>

#define MARK "[REDACTED:"

static void escape(StrBuf *b, const char *text, size_t size)
{
        for (size_t i = 0; i < size; i++)
                switch (text[i]) {
                case '&':
                        (void) strbuf_puts(b, "&amp;");
                        break;
                case '<':
                        (void) strbuf_puts(b, "&lt;");
                        break;
                case '>':
                        (void) strbuf_puts(b, "&gt;");
                        break;
                case '"':
                        (void) strbuf_puts(b, "&quot;");
                        break;
                default:
                        (void) strbuf_putc(b, text[i]);
                }
}

int put_html_attribute(StrBuf *b, const char *text, size_t size)
{
        escape(b, text, size);
        return b->failed ? -ENOMEM : 0;
}

int put_html_text(StrBuf *b, const char *text, size_t size)
{
        _cleanup_(strbuf_done) StrBuf escaped = { 0 };

        escape(&escaped, text, size);
        if (escaped.failed)
                return -ENOMEM;
        return put_html_marked(b, escaped.data ?: "", escaped.size);
}

int put_html_as_written(StrBuf *b, const char *text, size_t size)
{
        (void) strbuf_puts(b, "<pre>");
        (void) put_html_text(b, text, size);
        return strbuf_puts(b, "</pre>\n");
}

/* The length of the mark that begins at @html; 0: there is none. */
static size_t mark_length(const char *html, size_t size)
{
        size_t n = strlen(MARK);

        if (size < n || memcmp(html, MARK, n) != 0)
                return 0;
        while (n < size && ((html[n] >= 'a' && html[n] <= 'z') ||
                            (html[n] >= '0' && html[n] <= '9') || html[n] == '-'))
                n++;
        return n < size && html[n] == ']' ? n + 1 : 0;
}

int put_html_marked(StrBuf *b, const char *html, size_t size)
{
        bool in_tag = false; /* '<' and '>' of a text are escaped, so each of them is a tag's */
        size_t from = 0;

        for (size_t i = 0; i < size; i++) {
                size_t n;

                if (html[i] == '<')
                        in_tag = true;
                else if (html[i] == '>')
                        in_tag = false;
                n = html[i] == '[' && !in_tag ? mark_length(html + i, size - i) : 0;
                if (n == 0)
                        continue;
                (void) strbuf_append(b, html + from, i - from);
                (void) strbuf_puts(b, "<mark>");
                (void) strbuf_append(b, html + i, n);
                (void) strbuf_puts(b, "</mark>");
                from = i + n;
                i = from - 1;
        }
        return strbuf_append(b, html + from, size - from);
}
