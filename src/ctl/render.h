/*
 * A whole session, written out: for the terminal, as Markdown, as JSON
 *
 * Messages are read and written one by one.
 */
#pragma once

#include "archive/query.h"
#include "base/cleanup.h"

/* Each writes the session @id to @f. Returns 0, -ENOENT (no such session) or a negative errno. */

/* For a person at a terminal: colours, masked places highlighted. */
int render_terminal(Query *q, const char *id, FILE *f);

/* Markdown, fit to be looked at in a terminal too. */
int render_markdown(Query *q, const char *id, FILE *f);

/* One line: the session's row with "starred", "git_links", "pins" and "messages", each with its "tool_calls". */
int render_json(Query *q, const char *id, FILE *f);
