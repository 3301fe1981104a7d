/*
 * SqueezedText: a text with one blank between any two words
 *
 * A phrase of several words is the same one where the line ends in its midst, is indented or quoted ("> ", "# ").
 */
#pragma once

#include "base/strbuf.h"
#include "mask/offset-map.h"

typedef struct SqueezedText {
        StrBuf bytes;
        OffsetMap map; /* to the text from @base on */
        size_t base;
} SqueezedText;

/* Wipes and frees. */
void squeezed_done(SqueezedText *s);

/* The first blanks in @text at or after @i that are more than one " "; *@ret_end: where they end. @size: there are none. */
size_t squeezed_next(const char *text, size_t size, size_t i, size_t *ret_end);

/* 16 bits of what stands on either side of the blanks at @start..@end: the same wherever these two words stand beside each other. */
uint32_t squeezed_gap(const char *text, size_t size, size_t start, size_t end);

/* Squeezes what stands from @from until @until, and, twice over, @more bytes after it. Returns 1; 0: there is nothing that could
 * be squeezed; or -ENOMEM. */
int squeezed_make(SqueezedText *s, const char *text, size_t size, size_t from, size_t until,
                  size_t more);

/* The range of the text that @start..@end of the squeezed bytes came from. */
void squeezed_range(const SqueezedText *s, size_t start, size_t end, size_t *ret_start,
                    size_t *ret_end);
