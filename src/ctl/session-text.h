/*
 * A session's names, as people read and type them
 */
#pragma once

#include "archive/query.h"

/* What a session is called: its display name, its name, or its first message; printable. */
char *session_title(const Value *values);

/* What is before its title: a star, and that it is in the trash; "" for most. Borrowed. */
const char *session_mark(const SessionRow *s);

/* The time of its last activity: its end, or its start if it has none. Borrowed. */
const Value *session_last_activity(const Value *values);

/* The id as it is shown: short on a terminal, whole in a pipe; printable. */
char *session_shown_id(Query *q, const char *id);

/* Prints a line that names the session: id, project, agent, title, cut at the terminal's width, of which @used columns are
 * taken. */
void session_print_line(Query *q, const SessionRow *s, size_t used);

/* Prints the command that opens the session, or its message @ordinal (below 0: none), after @indent. */
void session_print_command(const char *shown_id, int64_t ordinal, const char *indent);

/* What was said in a message. agentsview repeats thinking and calls of tools as text in a message's content, and keeps the rest
 * apart, where it tells them apart. Borrowed. */
Value message_words(const Message *m);

/* A value as a separate string, byte for byte; "" for NULL. */
char *value_copy(const Value *v);

/* Four hexadecimal digits or more: what git itself takes as a commit's id. */
bool commit_is_plausible(const char *s);

/*
 * The one session that @given means: an id or the unique beginning of one. Returns 0 (*@ret is the caller's), or
 * -ENOENT or -EEXIST or another negative errno, after saying why.
 */
int session_find(Query *q, const char *given, char **ret);
