/*
 * A session as one HTML page, to give away
 *
 * No script, no request to anywhere. All of it is masked once more on the way out.
 */
#pragma once

#include "archive/query.h"
#include "mask/masker.h"

/* What the page holds. */
typedef struct PageSummary {
        uint64_t n_messages;
        uint64_t n_calls;
        uint64_t n_masked; /* places that were masked when the session was archived */
        uint64_t n_found;  /* places that today's rules mask beyond those */
} PageSummary;

/* Reads the whole session first, so that what one text reveals is masked in all of them. Returns 1, 0 (there is no such
 * session), or a negative errno. */
int render_html_prepare(Query *q, const char *id, Masker *masker, PageSummary *ret);

/* Writes the page to @f, after render_html_prepare() with the same masker. Returns 0 or a negative errno. */
int render_html(Query *q, const char *id, Masker *masker, const PageSummary *summary, FILE *f);
