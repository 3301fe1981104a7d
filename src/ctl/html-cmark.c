/* HTML from Markdown, with GitHub's cmark */
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <string.h>

#include "ctl/html.h"

/* A longer text is a dump: it is shown as it is. Bounds what a hostile one can cost. */
#define MARKDOWN_MAX ((size_t) 256 << 10)

DEFINE_CLEANUP(cmark_parser *, cmark_parser_free)
DEFINE_CLEANUP(cmark_node *, cmark_node_free)
DEFINE_CLEANUP(cmark_iter *, cmark_iter_free)

/* Only these are followed; the library itself refuses script and data. */
static bool leads_to_the_web(const char *url)
{
        static const char *const beginnings[] = { "https://", "http://", "mailto:", "#" };

        for (size_t i = 0; url && i < ELEMENTSOF(beginnings); i++)
                if (strncasecmp(url, beginnings[i], strlen(beginnings[i])) == 0)
                        return true;
        return false;
}

/* Makes @node one of @type with the same text. */
static void become(cmark_node *node, cmark_node_type type)
{
        cmark_node *new = cmark_node_new(type);

        if (!new)
                return;
        (void) cmark_node_set_literal(new, cmark_node_get_literal(node) ?: "");
        if (cmark_node_replace(node, new))
                cmark_node_free(node);
        else
                cmark_node_free(new);
}

/* A link or a picture: a link with its text, or the text alone. */
static void tame_link(cmark_node *node)
{
        const char *url = cmark_node_get_url(node);
        cmark_node *link = cmark_node_new(leads_to_the_web(url) ? CMARK_NODE_LINK
                                                                : CMARK_NODE_EMPH);
        cmark_node *child;

        if (!link)
                return;
        if (leads_to_the_web(url))
                (void) cmark_node_set_url(link, url);
        while ((child = cmark_node_first_child(node)))
                (void) cmark_node_append_child(link, child);
        if (!cmark_node_first_child(link)) {
                cmark_node *text = cmark_node_new(CMARK_NODE_TEXT);

                if (text) {
                        (void) cmark_node_set_literal(text, url ?: "");
                        (void) cmark_node_append_child(link, text);
                }
        }
        if (cmark_node_replace(node, link))
                cmark_node_free(node);
        else
                cmark_node_free(link);
}

/* What would be HTML, a request or a step out of the page becomes text and links. */
static void tame(cmark_node *document)
{
        _cleanup_(cmark_iter_freep) cmark_iter *iter = cmark_iter_new(document);
        cmark_event_type event;

        while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
                cmark_node *node = cmark_iter_get_node(iter);
                cmark_node_type type = cmark_node_get_type(node);

                if (type == CMARK_NODE_HTML_BLOCK)
                        become(node, CMARK_NODE_CODE_BLOCK);
                else if (type == CMARK_NODE_HTML_INLINE)
                        become(node, CMARK_NODE_CODE);
                else if (event == CMARK_EVENT_EXIT &&
                         (type == CMARK_NODE_IMAGE ||
                          (type == CMARK_NODE_LINK && !leads_to_the_web(cmark_node_get_url(node)))))
                        tame_link(node);
        }
}

static void attach_extensions(cmark_parser *parser)
{
        static const char *const names[] = { "table", "strikethrough", "tasklist" };

        cmark_gfm_core_extensions_ensure_registered();
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                cmark_syntax_extension *e = cmark_find_syntax_extension(names[i]);

                if (e)
                        (void) cmark_parser_attach_syntax_extension(parser, e);
        }
}

int put_html_markdown(StrBuf *b, const char *text, size_t size)
{
        _cleanup_(cmark_parser_freep) cmark_parser *parser = NULL;
        _cleanup_(cmark_node_freep) cmark_node *document = NULL;
        _cleanup_free_ char *html = NULL;

        if (size > MARKDOWN_MAX)
                return put_html_as_written(b, text, size);
        parser = cmark_parser_new(CMARK_OPT_DEFAULT);
        if (!parser)
                return -ENOMEM;
        attach_extensions(parser);
        cmark_parser_feed(parser, text, size);
        document = cmark_parser_finish(parser);
        if (!document)
                return -ENOMEM;
        tame(document);
        html = cmark_render_html(document, CMARK_OPT_DEFAULT,
                                 cmark_parser_get_syntax_extensions(parser));
        return html ? put_html_marked(b, html, strlen(html)) : -ENOMEM;
}
