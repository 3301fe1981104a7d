/*
 * A line of mask --jsonl, read and written without a tree: {"id": ..., "text": "..."}
 */
#pragma once

#include "base/strbuf.h"

typedef struct MaskLine {
        const char *id; /* within the line, unchanged; "null" if there is none */
        size_t id_size;
        StrBuf text; /* its memory is kept from line to line */
} MaskLine;

/* Reads a line. Returns 1; 0: it is no object with a string "text", and all that may be known of it is its id; or -ENOMEM. */
int mask_line_read(MaskLine *l, const char *line, size_t size);

/* Appends @text, valid UTF-8, as a JSON string that is safe for a terminal, as json_print_line() writes it. */
void mask_line_put_string(StrBuf *out, const char *text, size_t size);
