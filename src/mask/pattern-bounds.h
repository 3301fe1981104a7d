/* Pattern bounds: a pattern without the upper bounds of its repeats */
#pragma once

#include <stddef.h>

#include "base/strbuf.h"

/* An upper bound of this many characters limits the work of one try; no credential's form says it. */
#define WORK_BOUND_MIN 1000

/*
 * Appends @text, where each greedy repeat of a class or an escape between two numbers ("[a-z]{8,40}") has no upper bound, to
 * @ret. Returns how many bounds it had. *@ret_bound: the lowest of them; *@ret_work: the lowest that is a limit of work, SIZE_MAX:
 * none is.
 */
size_t pattern_lift_bounds(const char *text, StrBuf *ret, size_t *ret_bound, size_t *ret_work);
