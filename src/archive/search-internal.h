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

/* All text of the message "m", tool input as it was meant (without JSON's escapes). dialogue_text is a copy of content. */
#define SEARCH_TEXT                                                                                \
        "coalesce(m.content, '') || char(10) || coalesce(m.thinking_text, '') || char(10) || "     \
        "coalesce((SELECT group_concat(coalesce(c.tool_name, '') || char(10) || "                  \
        "CASE WHEN json_valid(c.input_json) THEN coalesce((SELECT group_concat(j.atom, char(10)) " \
        "FROM json_tree(c.input_json) j WHERE j.type = 'text'), '') "                              \
        "ELSE coalesce(c.input_json, '') END || char(10) || coalesce(c.result_content, ''), "      \
        "char(10)) FROM archive.tool_calls c WHERE c.session_id = m.session_id AND "               \
        "c.message_ordinal = m.ordinal), '') || char(10) || "                                      \
        "coalesce((SELECT group_concat(coalesce(e.content, ''), char(10)) FROM "                   \
        "archive.tool_result_events e WHERE e.session_id = m.session_id AND "                      \
        "e.message_ordinal = m.ordinal), '')"
