/*
 * A whole session, written out: for the terminal, as Markdown, as JSON
 *
 * Messages are read and written one by one.
 */
#pragma once

#include "archive/query.h"
#include "base/cleanup.h"

typedef enum ToolsShown {
        TOOLS_ALL,   /* with input and results */
        TOOLS_NAMES, /* that they were called */
        TOOLS_NONE,
} ToolsShown;

typedef struct RenderOptions {
        const MessageRange *range; /* NULL: all messages */
        ToolsShown tools;
} RenderOptions;

/* Each writes the session @id to @f. @options NULL: all of it. Returns 0, -ENOENT (no such session) or a negative errno. */

/* For a person at a terminal: colours, masked places highlighted. */
int render_terminal(Query *q, const char *id, const RenderOptions *options, FILE *f);

/* Markdown, readable in a terminal, too. */
int render_markdown(Query *q, const char *id, const RenderOptions *options, FILE *f);

/* One line: the session's row with "starred", "git_links", "pins", "children" (ids) and "messages", each with its
 * "tool_calls". */
int render_json(Query *q, const char *id, const RenderOptions *options, FILE *f);
