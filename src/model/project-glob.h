/*
 * Project globs: which sessions a setting like Exclude= means
 */
#pragma once

#include <stdbool.h>

#include "model/value.h"

/*
 * Does one of @globs (NULL-terminated; NULL: none) match the session's project, its name, its id or its folder? "~"
 * or "~/" at the start of a glob stands for @home (NULL: "~" alone, as it is in what has no home folder). @values is a row of session_table. Without memory the answer is
 * true: rather shut out too much.
 */
bool project_glob_matches(const char *const *globs, const char *home, const Value *values);
