/* JSON, walked and never built */
#include "mask/json.h"

#include <string.h>

#include "base/vector.h"

#define DEPTH_MAX 4096

typedef struct Parser {
        const char *p, *end;
        size_t depth;
        uint64_t objects[DEPTH_MAX / 64]; /* a bit a level: an object, not an array */
} Parser;

static void skip_space(Parser *s)
{
        while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
                s->p++;
}

static bool is_hex4(const char *p)
{
        for (int i = 0; i < 4; i++)
                if (!((p[i] >= '0' && p[i] <= '9') ||
                      ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f')))
                        return false;
        return true;
}

/* How many bytes of this block come before the first quote, backslash or control character. */
static size_t plain_length(const char *p)
{
        Bytes bytes, special;

        memcpy(&bytes, p, sizeof(bytes));
        special = (Bytes) (bytes == '"') | (Bytes) (bytes == '\\') | (Bytes) (bytes < 0x20);
        return vector_first(special);
}

/* To the next byte of a string that is not plain. */
static void skip_plain(Parser *s)
{
        while (s->end - s->p >= VECTOR) {
                size_t n = plain_length(s->p);

                s->p += n;
                if (n < VECTOR)
                        return;
        }
        while (s->p < s->end && *s->p != '"' && *s->p != '\\' && (unsigned char) *s->p >= 0x20)
                s->p++;
}

static bool skip_string(Parser *s)
{
        for (s->p++; s->p < s->end;) {
                unsigned char c;

                skip_plain(s);
                if (s->p >= s->end)
                        return false;
                c = (unsigned char) *s->p++;
                if (c == '"')
                        return true;
                if (c < 0x20)
                        return false;
                if (c != '\\')
                        continue;
                if (s->p >= s->end || !*s->p || !strchr("\"\\/bfnrtu", *s->p))
                        return false;
                if (*s->p++ != 'u')
                        continue;
                if (s->end - s->p < 4 || !is_hex4(s->p))
                        return false;
                s->p += 4;
        }
        return false;
}

static bool skip_digits(Parser *s)
{
        const char *start = s->p;

        while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
                s->p++;
        return s->p > start;
}

static bool skip_number(Parser *s)
{
        if (*s->p == '-')
                s->p++;
        if (s->p < s->end && *s->p == '0')
                s->p++;
        else if (!skip_digits(s))
                return false;
        if (s->p < s->end && *s->p == '.') {
                s->p++;
                if (!skip_digits(s))
                        return false;
        }
        if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
                s->p++;
                if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
                        s->p++;
                return skip_digits(s);
        }
        return true;
}

static bool skip_word(Parser *s)
{
        static const char *const words[] = { "true", "false", "null" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                size_t n = strlen(words[i]);

                if ((size_t) (s->end - s->p) >= n && memcmp(s->p, words[i], n) == 0) {
                        s->p += n;
                        return true;
                }
        }
        return false;
}

static bool in_object(const Parser *s)
{
        return s->objects[(s->depth - 1) / 64] >> ((s->depth - 1) % 64) & 1;
}

/* A member's name and its colon, where the next value needs them. */
static bool skip_name(Parser *s)
{
        skip_space(s);
        if (s->p >= s->end || *s->p != '"' || !skip_string(s))
                return false;
        skip_space(s);
        if (s->p >= s->end || *s->p++ != ':')
                return false;
        skip_space(s);
        return s->p < s->end;
}

/* Opens an object or array. Returns whether it is closed at once. */
static int open_level(Parser *s)
{
        bool object = *s->p++ == '{';
        uint64_t bit;

        if (s->depth == DEPTH_MAX)
                return -1;
        bit = UINT64_C(1) << (s->depth % 64);
        if (object)
                s->objects[s->depth / 64] |= bit;
        else
                s->objects[s->depth / 64] &= ~bit;
        s->depth++;
        skip_space(s);
        if (s->p < s->end && *s->p == (object ? '}' : ']')) {
                s->p++;
                s->depth--;
                return 1;
        }
        if (object && !skip_name(s))
                return -1;
        return 0;
}

/* After a value: closes levels and goes to the next value. Returns 1 (there is one), 0 (the end) or -1. */
static int next_value(Parser *s)
{
        for (;;) {
                char c;

                skip_space(s);
                if (s->depth == 0)
                        return s->p == s->end ? 0 : -1;
                if (s->p >= s->end)
                        return -1;
                c = *s->p++;
                if (c == ',') {
                        if (in_object(s))
                                return skip_name(s) ? 1 : -1;
                        skip_space(s);
                        return s->p < s->end ? 1 : -1;
                }
                if (c != (in_object(s) ? '}' : ']'))
                        return -1;
                s->depth--;
        }
}

bool json_is_valid(const char *text, size_t size)
{
        Parser s = { .p = text, .end = text + size };
        int r = 1;

        skip_space(&s);
        while (r == 1 && s.p < s.end) {
                bool ok;

                if (*s.p == '{' || *s.p == '[') {
                        int closed = open_level(&s);

                        if (closed < 0)
                                return false;
                        if (!closed)
                                continue;
                        ok = true;
                } else if (*s.p == '"')
                        ok = skip_string(&s);
                else if (*s.p == '-' || (*s.p >= '0' && *s.p <= '9'))
                        ok = skip_number(&s);
                else
                        ok = skip_word(&s);
                if (!ok)
                        return false;
                r = next_value(&s);
        }
        return r == 0;
}

int json_next(const char *text, size_t size, size_t *at, JsonToken *ret)
{
        Parser s = { .p = text + *at, .end = text + size };

        while (s.p < s.end && *s.p != '"' && *s.p != '-' && !(*s.p >= '0' && *s.p <= '9'))
                s.p++;
        if (s.p >= s.end)
                return 0;
        ret->start = (size_t) (s.p - text);
        if (*s.p == '"') {
                (void) skip_string(&s);
                *at = (size_t) (s.p - text);
                ret->kind = JSON_STRING;
                ret->start++;
                ret->end = *at - 1;
        } else {
                (void) skip_number(&s);
                *at = (size_t) (s.p - text);
                ret->kind = JSON_NUMBER;
                ret->end = *at;
        }
        return 1;
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
