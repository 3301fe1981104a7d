/*
 * Encoded: text that stands in a text as base64
 *
 * A credential file or a token that went through `base64` is read as what it was. Which runs of such characters are text is
 * told by their first bytes: words, paths and random tokens are nothing when they are decoded.
 */
#pragma once

#include "base/strbuf.h"

/* A run of base64, without its padding; it may go on from one full line to the next. */
typedef struct Encoded {
        size_t start, end; /* in the text */
        size_t n, at;      /* its n-th character is at @at: where encoded_range() was last */
} Encoded;

/* The next run at or after *@at that is text when it is decoded; *@at moves after it. @decoded is that text. Returns 1, 0 (there
 * is none) or -ENOMEM. */
int encoded_next(const char *text, size_t size, size_t *at, Encoded *ret, StrBuf *decoded);

/* What @size characters of base64 at @text are, as far as they are text; @decoded begins anew. Returns 0 or -ENOMEM. */
int encoded_decode(const char *text, size_t size, StrBuf *decoded);

/* The characters of the run in @text that bytes @start..@end of what it decodes to come from, whole groups of four. To be
 * asked for in ascending order. */
void encoded_range(const char *text, Encoded *e, size_t start, size_t end, size_t *ret_start,
                   size_t *ret_end);
