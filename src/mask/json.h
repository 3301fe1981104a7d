/*
 * JSON, walked and never built
 *
 * A document is checked, and its strings and numbers stepped over, in whatever pieces it comes. Nothing here allocates, and depth
 * costs nothing.
 */
#pragma once

#include "base/cleanup.h"

/* Is @text one JSON document (RFC 8259), white space round it allowed? */
bool json_is_valid(const char *text, size_t size);

/* How long the value is that @text begins with, "NaN" and "Infinity" among them; 0: none is whole. */
size_t json_value_length(const char *text, size_t size);

typedef enum JsonKind {
        JSON_STRING, /* what stands between the quotes */
        JSON_NUMBER,
        JSON_TEXT, /* no JSON */
} JsonKind;

typedef struct JsonToken {
        JsonKind kind;
        size_t start, end;
} JsonToken;

typedef enum JsonMode {
        JSON_LINES,    /* text, or JSON, or both: see below */
        JSON_DOCUMENT, /* one document (RFC 8259), and nothing else */
} JsonMode;

#define JSON_DEPTH_MAX 4096

/*
 * Where one stands in a text: what comes next of it may be in other memory. Among lines of text those are JSON that begin with
 * "{" or "[" and continue as JSON to the line's end, or the document's, as far as JSON_AHEAD; the text itself may begin with any
 * value. A plain value, empty: the text begins. Its members are its own.
 */
typedef struct JsonLexer {
        JsonMode mode;
        uint8_t state;
        bool name;        /* the string is a member's */
        uint8_t n_digits; /* of \u to come */
        const char *word; /* what has yet to come of "true" */
        size_t n_text;    /* bytes to come that are no JSON */
        size_t depth;
        uint64_t objects[JSON_DEPTH_MAX / 64]; /* a bit a level: an object, not an array */
} JsonLexer;

/* For a document that is known to be valid. */
JsonLexer json_lexer_document(void);

/* How much after a place the lexer looks at, at most, to say that JSON begins there. */
#define JSON_AHEAD ((size_t) 32768)

/*
 * The next string, number or text that is no JSON, at or after @*at, which moves after it; one that goes on at @until ends
 * there, and begins there next time. Returns 1; 0: there is none before @until.
 */
int json_lexer_next(JsonLexer *l, const char *text, size_t size, size_t until, size_t *at,
                    JsonToken *ret);

/* What comes next belongs to a number that has begun; to an escape that has. */
bool json_lexer_in_number(const JsonLexer *l);
bool json_lexer_in_escape(const JsonLexer *l);

/* Moves @at, in the content of the string that starts at @start, back to the start of the escape that holds it. */
size_t json_unit_start(const char *text, size_t start, size_t at);

/* Moves @at forward to the end of the escape that it would cut, at most to @end. */
size_t json_unit_end(const char *text, size_t start, size_t at, size_t end);
