/*
 * HTML from what a session holds
 *
 * Whatever the text is, what comes out is text, its structure as Markdown means it, and nothing that is run or fetched: HTML in
 * it is shown as it was written, a picture becomes a link to it, and links go to the web only.
 */
#pragma once

#include "base/strbuf.h"

/* Appends printable text, with "[REDACTED:...]" marked. Returns 0 or -ENOMEM. */
int put_html_text(StrBuf *b, const char *text, size_t size);

/* The same for the value of an attribute in double quotes; nothing is marked. */
int put_html_attribute(StrBuf *b, const char *text, size_t size);

/* The same as a separate block, line by line. */
int put_html_as_written(StrBuf *b, const char *text, size_t size);

/* Appends printable Markdown as HTML. Without the library that reads Markdown, and for very long texts, as it was written. */
int put_html_markdown(StrBuf *b, const char *text, size_t size);

/* Appends HTML, with "[REDACTED:...]" in its texts marked. For put_html_markdown(). */
int put_html_marked(StrBuf *b, const char *html, size_t size);
