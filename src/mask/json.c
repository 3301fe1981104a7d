/* JSON, walked and never built */
#include "mask/json.h"

#include <string.h>

#include "base/vector.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

typedef enum State {
        START, /* of the text */
        LINE,  /* of text, which begins */
        TEXT,
        VALUE,
        FIRST_VALUE, /* or the end of an array */
        NAME,
        FIRST_NAME, /* or the end of an object */
        COLON,
        AFTER, /* a value */
        WORD,
        STRING,
        ESCAPE,
        HEX,
        /* of numbers, in order: what has been read last */
        NUMBER,
        MINUS,
        ZERO,
        INTEGER,
        POINT,
        FRACTION,
        EXPONENT,
        SIGN,
        POWER,
} State;

static bool is_space(char c)
{
        return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
        return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* How many bytes of this block come before the first quote, backslash or control character. */
static size_t plain_length(const char *p)
{
        Bytes bytes, special;

        memcpy(&bytes, p, sizeof(bytes));
        special = (Bytes) (bytes == '"') | (Bytes) (bytes == '\\') | (Bytes) (bytes < 0x20);
        return vector_first(special);
}

/* The next byte of a string that is not plain. */
static size_t skip_plain(const char *text, size_t until, size_t at)
{
        while (until - at >= VECTOR) {
                size_t n = plain_length(text + at);

                at += n;
                if (n < VECTOR)
                        return at;
        }
        while (at < until && text[at] != '"' && text[at] != '\\' && (unsigned char) text[at] >= ' ')
                at++;
        return at;
}

/* Reads on in a string, to its end or to @until. Returns where its content ends. */
static size_t read_string(JsonLexer *l, const char *text, size_t until, size_t *at)
{
        while (*at < until) {
                char c;

                if (l->state == STRING)
                        *at = skip_plain(text, until, *at);
                if (*at == until)
                        break;
                c = text[*at];
                if (l->state == STRING && c == '"') {
                        l->state = l->name ? COLON : AFTER;
                        return (*at)++;
                }
                if (l->state == STRING && c == '\\') {
                        l->state = ESCAPE;
                } else if (l->state == ESCAPE && c == 'u') {
                        l->state = HEX;
                        l->n_digits = 4;
                } else if (l->state == ESCAPE && c && strchr("\"\\/bfnrt", c)) {
                        l->state = STRING;
                } else if (l->state == HEX && is_hex(c)) {
                        l->state = --l->n_digits > 0 ? HEX : STRING;
                } else {
                        l->state = TEXT;
                        break;
                }
                (*at)++;
        }
        return *at;
}

/* What is read of a number when @c comes after @state; AFTER: it ends before. */
static State after_digit(State state, char c)
{
        switch (state) {
        case NUMBER:
                if (c == '-')
                        return MINUS;
                /* fall through */
        case MINUS:
                return c == '0' ? ZERO : is_digit(c) ? INTEGER : TEXT;
        case INTEGER:
                if (is_digit(c))
                        return INTEGER;
                /* fall through */
        case ZERO:
                return c == '.' ? POINT : (c | 0x20) == 'e' ? EXPONENT : AFTER;
        case POINT:
                return is_digit(c) ? FRACTION : TEXT;
        case FRACTION:
                return is_digit(c) ? FRACTION : (c | 0x20) == 'e' ? EXPONENT : AFTER;
        case EXPONENT:
                if (c == '+' || c == '-')
                        return SIGN;
                /* fall through */
        case SIGN:
                return is_digit(c) ? POWER : TEXT;
        default:
                return is_digit(c) ? POWER : AFTER;
        }
}

/* What Python writes for numbers that are none is read in lines of all kinds, but makes no document. */
static State begin_word(JsonLexer *l, char c)
{
        static const char *const words[] = { "true", "false", "null", "NaN", "Infinity" };

        for (size_t i = 0; i < (l->mode == JSON_DOCUMENT ? 3 : ELEMENTSOF(words)); i++)
                if (c == words[i][0]) {
                        l->word = words[i] + 1;
                        return WORD;
                }
        return TEXT;
}

static void read_number(JsonLexer *l, const char *text, size_t until, size_t *at)
{
        for (; *at < until; (*at)++) {
                char c = text[*at];
                State state = l->state == MINUS && c == 'I' ? begin_word(l, c)
                                                            : after_digit(l->state, c);

                l->state = (uint8_t) state;
                if (state == AFTER || state == TEXT)
                        return;
                if (state == WORD) {
                        (*at)++;
                        return;
                }
        }
}

static bool in_object(const JsonLexer *l)
{
        return l->objects[(l->depth - 1) / 64] >> ((l->depth - 1) % 64) & 1;
}

static State open_level(JsonLexer *l, bool object)
{
        uint64_t bit = UINT64_C(1) << (l->depth % 64);

        if (l->depth == JSON_DEPTH_MAX)
                return TEXT;
        if (object)
                l->objects[l->depth / 64] |= bit;
        else
                l->objects[l->depth / 64] &= ~bit;
        l->depth++;
        return object ? FIRST_NAME : FIRST_VALUE;
}

/* @c begins a value. */
static State begin_value(JsonLexer *l, char c)
{
        l->name = false;
        if (c == '{' || c == '[')
                return open_level(l, c == '{');
        if (c == '"')
                return STRING;
        return begin_word(l, c);
}

static State after_value(JsonLexer *l, char c)
{
        if (l->depth == 0) {
                if (is_space(c))
                        return c == '\n' && l->mode != JSON_DOCUMENT ? LINE : AFTER;
                return l->mode != JSON_DOCUMENT && (c == '{' || c == '[') ? begin_value(l, c)
                                                                          : TEXT;
        }
        if (is_space(c))
                return AFTER;
        if (c == ',')
                return in_object(l) ? NAME : VALUE;
        if (c != (in_object(l) ? '}' : ']'))
                return TEXT;
        l->depth--;
        return AFTER;
}

/* @c is no part of a string, a number or text. */
static State read_structure(JsonLexer *l, char c)
{
        State state = l->state;

        if (state == AFTER)
                return after_value(l, c);
        if (state == WORD) {
                if (c != *l->word++)
                        return TEXT;
                return *l->word ? WORD : AFTER;
        }
        if (is_space(c))
                return state;
        if (state == COLON)
                return c == ':' ? VALUE : TEXT;
        if ((state == FIRST_VALUE && c == ']') || (state == FIRST_NAME && c == '}')) {
                l->depth--;
                return AFTER;
        }
        if (state == VALUE || state == FIRST_VALUE)
                return begin_value(l, c);
        l->name = true;
        return c == '"' ? STRING : TEXT;
}

/* Reads one character, or as much of a string or number as there is. Returns whether @ret is such. */
static bool read_one(JsonLexer *l, const char *text, size_t until, size_t *at, JsonToken *ret)
{
        ret->start = *at;
        if ((l->state == VALUE || l->state == FIRST_VALUE) &&
            (text[*at] == '-' || is_digit(text[*at])))
                l->state = NUMBER;
        if (l->state >= NUMBER) {
                ret->kind = JSON_NUMBER;
                read_number(l, text, until, at);
                ret->end = *at;
                return l->state != WORD; /* "-Infinity" */
        }
        if (l->state >= STRING) {
                ret->kind = JSON_STRING;
                ret->end = read_string(l, text, until, at);
                return true;
        }
        l->state = (uint8_t) read_structure(l, text[*at]);
        *at += l->state != TEXT;
        return false;
}

/* Is it JSON that begins at @at? If not, up to where it seemed to be is text, and there a line may begin. */
static bool is_json_here(JsonLexer *l, const char *text, size_t size, size_t at)
{
        size_t end = size - at > JSON_AHEAD ? at + JSON_AHEAD : size, i = at;
        JsonLexer trial = { .mode = l->mode, .state = VALUE };
        JsonToken unused;

        while (i < end && trial.state != TEXT && trial.state != LINE)
                (void) read_one(&trial, text, end, &i, &unused);
        if (trial.state != TEXT)
                return true;
        l->n_text = i - at;
        while (i > at && (text[i - 1] == ' ' || text[i - 1] == '\t'))
                i--;
        l->state = i > at && text[i - 1] == '\n' ? LINE : TEXT;
        return false;
}

/* Reads on in what is no JSON, to where some begins. */
static void read_text(JsonLexer *l, const char *text, size_t size, size_t until, size_t *at)
{
        while (*at < until) {
                const char *p = text + *at;
                size_t n = until - *at;

                if (l->n_text > 0) {
                        n = n < l->n_text ? n : l->n_text;
                        l->n_text -= n;
                        *at += n;
                } else if (l->state == TEXT) {
                        p = memchr(p, '\n', n);
                        *at = p ? (size_t) (p - text) + 1 : until;
                        l->state = p ? LINE : TEXT;
                } else if (is_space(*p) ||
                           (l->state == START && *p && strchr(BYTE_ORDER_MARK, *p))) {
                        (*at)++;
                } else if (l->state != START && *p != '{' && *p != '[') {
                        l->state = TEXT;
                } else if (is_json_here(l, text, size, *at)) {
                        l->state = VALUE;
                        l->depth = 0;
                        return;
                }
        }
}

int json_lexer_next(JsonLexer *l, const char *text, size_t size, size_t until, size_t *at,
                    JsonToken *ret)
{
        while (*at < until) {
                if (l->state > TEXT) {
                        if (read_one(l, text, until, at, ret))
                                return 1;
                        continue;
                }
                *ret = (JsonToken){ JSON_TEXT, *at, *at };
                read_text(l, text, size, until, at);
                ret->end = *at;
                if (ret->end > ret->start)
                        return 1;
        }
        return 0;
}

bool json_lexer_in_number(const JsonLexer *l)
{
        return l->state >= NUMBER;
}

bool json_lexer_in_escape(const JsonLexer *l)
{
        return l->state == ESCAPE || l->state == HEX;
}

JsonLexer json_lexer_document(void)
{
        return (JsonLexer){ .mode = JSON_DOCUMENT, .state = VALUE };
}

/* Is what has been read all of a value? */
static bool is_whole(const JsonLexer *l)
{
        return l->depth == 0 && (l->state == AFTER || l->state == ZERO || l->state == INTEGER ||
                                 l->state == FRACTION || l->state == POWER);
}

bool json_is_valid(const char *text, size_t size)
{
        JsonLexer l = json_lexer_document();
        JsonToken unused;
        size_t at = 0;

        while (at < size && l.state != TEXT)
                (void) read_one(&l, text, size, &at, &unused);
        return is_whole(&l);
}

size_t json_value_length(const char *text, size_t size)
{
        JsonLexer l = { .state = VALUE };
        JsonToken unused;
        size_t at = 0;

        while (at < size && l.state != TEXT && !(l.state == AFTER && l.depth == 0))
                (void) read_one(&l, text, size, &at, &unused);
        return is_whole(&l) ? at : 0;
}

/* The start of the escape that @at lies within (not at its start); @at itself when there is none. */
static size_t cut_escape(const char *text, size_t start, size_t at)
{
        for (size_t back = 1; back <= 5 && at >= start + back; back++) {
                size_t p = at - back, n = 0;

                if (text[p] != '\\')
                        continue;
                /* An escape starts here when an even number of backslashes stands before. */
                while (p > start + n && text[p - n - 1] == '\\')
                        n++;
                if (n % 2 == 0)
                        return back == 1 || text[p + 1] == 'u' ? p : at;
        }
        return at;
}

size_t json_unit_start(const char *text, size_t start, size_t at)
{
        return cut_escape(text, start, at);
}

size_t json_unit_end(const char *text, size_t start, size_t at, size_t end)
{
        size_t p = cut_escape(text, start, at);

        if (p == at)
                return at;
        p += text[p + 1] == 'u' ? 6 : 2;
        return p < end ? p : end;
}
