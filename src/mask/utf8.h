/*
 * UTF-8: checked fast, repaired where broken
 */
#pragma once

#include "base/strbuf.h"
#include "mask/offset-map.h"

/* How many bytes of @text, from its start, are valid UTF-8: @size when all is well. */
size_t utf8_valid_length(const char *text, size_t size);

/* Appends @text to @out with U+FFFD for each broken piece (as Unicode recommends: the longest start of a valid
 * sequence is one piece), and to @map where offsets moved. Returns 0; -EOVERFLOW: it has more than a million of them and is
 * no text; or -ENOMEM. */
int utf8_repair(const char *text, size_t size, StrBuf *out, OffsetMap *map);
