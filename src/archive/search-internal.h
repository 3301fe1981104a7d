/* What the files of SearchIndex share */
#pragma once

#include "base/sqlite-util.h"

struct SearchIndex {
        char *path;
        char *archive_path;
        sqlite3 *db; /* the index; the archive is attached as "archive" */
};

/* Appends @text with an invisible space after each character of a script that writes without. Returns 0 or -ENOMEM. */
int search_split_words(StrBuf *b, const char *text, size_t size);

/* Takes these spaces out again, in place. */
void search_join_words(char *text);

/* Makes search_split_words() known to SQL as split_words(). Returns 0 or a negative errno. */
int search_add_functions(sqlite3 *db);

/*
 * A document's number is its time in milliseconds, times this, and a serial number: in the order of numbers they are in
 * the order of time, and a range of time is a range of numbers.
 */
#define SEARCH_DOCS_PER_MSEC (INT64_C(1) << 20)

/* The smallest number of a document of @usec (since the epoch). */
int64_t search_first_docid(uint64_t usec);

/*
 * The texts of the document "d", which is the message "m" of session "s" or, with an ordinal below 0, the session's name.
 * dialogue_text is a copy of content; tool input is taken as it was meant (without JSON's escapes).
 */
#define SEARCH_TEXT                                                                 \
        "CASE WHEN d.ordinal < 0 THEN coalesce(s.display_name, '') || char(10) || " \
        "coalesce(s.session_name, '') ELSE coalesce(m.content, '') END"
#define SEARCH_THINKING "coalesce(m.thinking_text, '')"
#define SEARCH_TOOL                                                                                \
        "coalesce((SELECT group_concat(coalesce(c.tool_name, '') || char(10) || "                  \
        "CASE WHEN json_valid(c.input_json) THEN coalesce((SELECT group_concat(j.atom, char(10)) " \
        "FROM json_tree(c.input_json) j WHERE j.type = 'text'), '') "                              \
        "ELSE coalesce(c.input_json, '') END || char(10) || coalesce(c.result_content, ''), "      \
        "char(10)) FROM archive.tool_calls c WHERE c.session_id = m.session_id AND "               \
        "c.message_ordinal = m.ordinal), '') || char(10) || "                                      \
        "coalesce((SELECT group_concat(coalesce(e.content, ''), char(10)) FROM "                   \
        "archive.tool_result_events e WHERE e.session_id = m.session_id AND "                      \
        "e.message_ordinal = m.ordinal), '')"
