/*
 * git: asking a repository
 *
 * Runs the program, with what would make it ask a person, take locks or run programs that a repository names switched
 * off; its environment is ours without what points it elsewhere.
 */
#pragma once

#include "base/strbuf.h"

/*
 * Runs `git -C @cwd @arguments...` (NULL ends them) with @in as standard input (-1: none), and appends what it prints, at
 * most @max bytes, to @output. Returns its exit status (0 to 255), -ETIMEDOUT after @timeout_usec, -EFBIG: it prints more;
 * or another negative errno: it cannot be run, or was killed.
 */
int git_output(const char *cwd, const char *const *arguments, int in, size_t max,
               uint64_t timeout_usec, StrBuf *output);
