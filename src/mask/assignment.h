/*
 * Assignments: keyword, operator, value
 *
 * What looks like nothing by itself is a secret by its name: `DB_PASSWORD=...`, `"api_key": "..."`, `--token ...`,
 * `setSecret("...")`, `<password>...</password>`. The search starts at the keyword, reads the name round it, the
 * operator and the value, each within bounds, and then judges name and value: most of what stands there in code and
 * logs is no secret at all.
 */
#pragma once

#include "mask/view.h"

typedef struct Assignment {
        size_t name_start, name_end;
        size_t keyword_start, keyword_end; /* in the name */
        size_t start, end;                 /* of the value, without quotes */
        bool quoted;
        bool call; /* an argument, or behind one; only ever quoted */
        bool line; /* NAME=value as a line of its own, as shells and .env files have it */
} Assignment;

/* Reads the assignment whose name has a keyword at @start..@end of @v. Returns 1, or 0: there is none. */
int assignment_find(const View *v, size_t start, size_t end, Assignment *ret);

/* Is the value a secret, as far as name and value tell? For rules that do not know its form. */
bool assignment_is_secret(const View *v, const Assignment *a);

/* Where the value ends that starts at @i with a quote just before it: at the quote that is escaped as that one is.
 * Returns 0: not on this line. */
size_t assignment_quoted_end(const View *v, size_t i);
