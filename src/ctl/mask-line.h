/*
 * A line of mask --jsonl, read and written without a tree: {"id": ..., "text": "..."}
 *
 * Only what nearly all lines are is read here; for the rest there is json-c, and the answer to both has the same bytes.
 */
#pragma once

#include "base/strbuf.h"

typedef struct MaskLine {
        const char *id; /* within the line: a number or a string, to be written as it stands */
        size_t id_size;
        StrBuf text; /* its memory is kept from line to line */
} MaskLine;

/* Reads a line. Returns 1; 0: it is another object, or none, and json-c has to say; or -ENOMEM. */
int mask_line_read(MaskLine *l, const char *line, size_t size);

/* Appends @text, valid UTF-8, as a JSON string that is safe for a terminal, as json_print_line() writes it. */
void mask_line_put_string(StrBuf *out, const char *text, size_t size);
