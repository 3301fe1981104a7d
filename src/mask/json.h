/*
 * JSON, walked and never built
 *
 * A document is checked once; after that it is enough to step over its strings and numbers. Nothing here allocates,
 * and depth costs nothing.
 */
#pragma once

#include "base/cleanup.h"

/* Is @text one JSON document (RFC 8259), white space round it allowed? */
bool json_is_valid(const char *text, size_t size);

typedef enum JsonKind {
        JSON_STRING, /* what stands between the quotes */
        JSON_NUMBER,
} JsonKind;

typedef struct JsonToken {
        JsonKind kind;
        size_t start, end;
} JsonToken;

/* The next string or number of a valid document at or after @*at, which moves behind it. Returns 1, or 0 at the end. */
int json_next(const char *text, size_t size, size_t *at, JsonToken *ret);

/* Moves @at, in the content of the string that starts at @start, back to the start of the escape that holds it. */
size_t json_unit_start(const char *text, size_t start, size_t at);

/* Moves @at forward to the end of the escape that it would cut, at most to @end. */
size_t json_unit_end(const char *text, size_t start, size_t at, size_t end);
