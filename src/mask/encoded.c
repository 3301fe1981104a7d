/* Encoded: text that stands in a text as base64 */
#include "mask/encoded.h"

#include <string.h>

#include "base/vector.h"
#include "mask/utf8.h"

/* Shorter than the shortest token, encoded. */
#define RUN_MIN 24

/* Encoders break lines at 64 or 76 characters. */
#define LINE_MIN 60

/* The first bytes that tell whether it is text: of random ones, one in 100,000 does. */
#define FIRST_CHARACTERS 16

/* Places in a run where the encoded text may begin, after what belongs to a path or a name. */
#define BEGINNINGS_MAX 8

/* Its alphabets, the usual one and the one for URLs: the value of each character, plus 1. */
static const uint8_t values[256] = {
#define ROW(c, v)  [c] = (v) + 1
#define ROW4(c, v) ROW(c, v), ROW((c) + 1, (v) + 1), ROW((c) + 2, (v) + 2), ROW((c) + 3, (v) + 3)
#define ROW24(c, v)                                                                           \
        ROW4(c, v), ROW4((c) + 4, (v) + 4), ROW4((c) + 8, (v) + 8), ROW4((c) + 12, (v) + 12), \
                        ROW4((c) + 16, (v) + 16), ROW4((c) + 20, (v) + 20)
        ROW24('A', 0), ROW('Y', 24),  ROW('Z', 25),  ROW24('a', 26), ROW('y', 50),
        ROW('z', 51),  ROW4('0', 52), ROW4('4', 56), ROW('8', 60),   ROW('9', 61),
        ROW('+', 62),  ROW('-', 62),  ROW('/', 63),  ROW('_', 63),
};

/* What stands between the names of a path, and between words. */
static const bool is_joint[256] = { ['/'] = true, ['-'] = true, ['_'] = true, ['+'] = true };

static bool belongs(char c)
{
        return values[(unsigned char) c];
}

/* -1: it is none. */
static int value_of(char c)
{
        return values[(unsigned char) c] - 1;
}

#define ALL_OF_VECTOR ((1U << VECTOR) - 1)

/* A bit for each of the VECTOR bytes at @p: is it a character of base64? */
static inline unsigned mask_of_base64(const char *p)
{
        Bytes c;

        memcpy(&c, p, sizeof(c));
        return vector_mask((Bytes) ((Bytes) ((c | 0x20) - 'a') < 26) |
                           (Bytes) ((Bytes) (c - '/') < 11) | (Bytes) (c == '+') |
                           (Bytes) (c == '-') | (Bytes) (c == '_'));
}

/* Where the characters of base64 from @i on end. */
static size_t skip_run(const char *text, size_t size, size_t i)
{
        for (; size - i >= VECTOR; i += VECTOR) {
                unsigned mask = mask_of_base64(text + i);

                if (mask != ALL_OF_VECTOR)
                        return i + (size_t) __builtin_ctz(~mask);
        }
        while (i < size && belongs(text[i]))
                i++;
        return i;
}

/* The length of the line break at @p, also one that is escaped; 0: there is none. */
static size_t line_break(const char *p, size_t size)
{
        if (size > 0 && p[0] == '\n')
                return 1;
        if (size > 1 && ((p[0] == '\r' && p[1] == '\n') || (p[0] == '\\' && p[1] == 'n')))
                return 2;
        return size > 3 && memcmp(p, "\\r\\n", 4) == 0 ? 4 : 0;
}

/* Where the run that begins at @i ends. */
static size_t run_end(const char *text, size_t size, size_t i)
{
        for (;;) {
                size_t line = i, n;

                i = skip_run(text, size, i);
                n = line_break(text + i, size - i);
                if (i - line < LINE_MIN || n == 0 || i + n >= size || !belongs(text[i + n]))
                        return i;
                i += n;
        }
}

/* Two vectors have all of a run's first bytes, and may overlap. */
_Static_assert(RUN_MIN > VECTOR && RUN_MIN <= 2 * VECTOR, "a run is looked at in two vectors");

/* A bit for each of the VECTOR bytes at @p that is surely none: most of what ends a word. Quicker than asking for all. */
static inline unsigned mask_of_ends(const char *p)
{
        Bytes c;

        memcpy(&c, p, sizeof(c));
        return vector_mask((Bytes) (c < '+'));
}

/* The first place at or after @i where RUN_MIN characters of base64 begin; @size: there is none. */
static size_t find_run(const char *text, size_t size, size_t i)
{
        while (size - i >= RUN_MIN) {
                size_t at = i + RUN_MIN - VECTOR;
                unsigned others = mask_of_ends(text + at);

                if (others == 0)
                        others = ~mask_of_base64(text + at) & ALL_OF_VECTOR;
                if (others == 0) {
                        at = i;
                        others = ~mask_of_base64(text + at) & ALL_OF_VECTOR;
                }
                if (others == 0)
                        return i;
                /* none begins before the last of the others */
                i = at + 32 - (size_t) __builtin_clz(others);
        }
        return size;
}

static bool is_text(unsigned char c)
{
        return (c >= ' ' && c < 0x7f) || c == '\t' || c == '\n' || c == '\r' || c >= 0x80;
}

/* Decodes as far as it is text. */
static int decode(const char *text, const Encoded *e, StrBuf *out)
{
        unsigned bits = 0, n_bits = 0;

        strbuf_clear(out);
        for (size_t i = e->start; i < e->end; i++) {
                int value = value_of(text[i]);

                if (value < 0) {
                        i += line_break(text + i, e->end - i) - 1;
                        continue;
                }
                bits = bits << 6 | (unsigned) value;
                n_bits += 6;
                if (n_bits < 8)
                        continue;
                n_bits -= 8;
                if (!is_text((unsigned char) (bits >> n_bits)))
                        break;
                (void) strbuf_putc(out, (char) (bits >> n_bits));
        }
        return out->failed ? -ENOMEM : 0;
}

/* Is it text when it is decoded from @start on? What does not begin with plain characters is no credential. */
static bool looks_like_text(const char *text, size_t start, size_t end)
{
        unsigned bits = 0, n_bits = 0;

        if (end - start < RUN_MIN)
                return false;
        for (size_t i = start; i < start + FIRST_CHARACTERS; i++) {
                unsigned char c;

                bits = bits << 6 | (unsigned) value_of(text[i]);
                n_bits += 6;
                if (n_bits < 8)
                        continue;
                n_bits -= 8;
                c = (unsigned char) (bits >> n_bits);
                if (c >= 0x80 || !is_text(c))
                        return false;
        }
        return true;
}

/* Where in the run the encoded text begins: after what belongs to a path or a name, if need be. @end: nowhere. */
static size_t find_beginning(const char *text, size_t start, size_t end)
{
        for (int i = 0; i < BEGINNINGS_MAX && end - start >= RUN_MIN; i++) {
                if (looks_like_text(text, start, end))
                        return start;
                while (start < end && !is_joint[(unsigned char) text[start]])
                        start++;
                start += start < end;
        }
        return end;
}

int encoded_next(const char *text, size_t size, size_t *at, Encoded *ret, StrBuf *decoded)
{
        while ((*at = find_run(text, size, *at)) < size) {
                Encoded e = { .end = run_end(text, size, *at) };
                int r;

                e.start = find_beginning(text, *at, e.end);
                *at = e.end;
                if (e.start == e.end)
                        continue;
                r = decode(text, &e, decoded);
                if (r < 0)
                        return r;
                e.at = e.start;
                decoded->size = utf8_valid_length(decoded->data, decoded->size);
                *ret = e;
                return 1;
        }
        return 0;
}

int encoded_decode(const char *text, size_t size, StrBuf *decoded)
{
        Encoded e = { .end = 0 };

        while (e.end < size && belongs(text[e.end]))
                e.end++;
        return decode(text, &e, decoded);
}

/* Where the @n-th character of the run is, breaks of lines left out; not before the one that was asked for last. */
static size_t character(const char *text, Encoded *e, size_t n)
{
        while (e->at < e->end) {
                if (!belongs(text[e->at])) {
                        e->at += line_break(text + e->at, e->end - e->at);
                        continue;
                }
                if (e->n >= n)
                        break;
                e->n++;
                e->at++;
        }
        return e->at;
}

void encoded_range(const char *text, Encoded *e, size_t start, size_t end, size_t *ret_start,
                   size_t *ret_end)
{
        size_t last;

        *ret_start = character(text, e, start / 3 * 4);
        last = character(text, e, (end + 2) / 3 * 4 - 1);
        *ret_end = last < e->end ? last + 1 : e->end;
}
