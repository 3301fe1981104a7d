/* Private keys in armour, from header to footer */
#include "mask/private-key.h"

#include <string.h>

#include "mask/guard.h"

/* How far before and after "PRIVATE KEY" its header's dashes stand. */
#define HEADER_MAX 48

/* The shortest piece of a line that is taken for key material without a header or footer beside it. */
#define MATERIAL_MIN 40

/* The shortest piece that is, where header and footer are there; and what all of a key's pieces have at least. */
#define RUN_MIN 16
#define KEY_MIN 48

/* Lines of something else that stand between two of a key without a footer: what a log adds to each. */
#define GAP_MAX 4

typedef enum Armour {
        ARMOUR_NONE,
        ARMOUR_BEGIN,
        ARMOUR_END,
} Armour;

static bool is_base64(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '/' || c == '=';
}

static bool is_upper_or_space(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
}

/* Reads the header or footer that the word at @at stands in, with its dashes, as far as they are there. */
static Armour read_armour(const char *text, size_t size, size_t at, size_t *ret_start,
                          size_t *ret_end)
{
        size_t start = at, end = at, low = at > HEADER_MAX ? at - HEADER_MAX : 0;
        Armour kind = ARMOUR_NONE;

        while (start > low && is_upper_or_space(text[start - 1]))
                start--;
        for (size_t i = start; i + 4 <= at && kind == ARMOUR_NONE; i++) {
                if (i + 6 <= at && memcmp(text + i, "BEGIN ", 6) == 0)
                        kind = ARMOUR_BEGIN;
                else if (memcmp(text + i, "END ", 4) == 0)
                        kind = ARMOUR_END;
                if (kind != ARMOUR_NONE)
                        start = i;
        }
        while (end < size && end < at + HEADER_MAX && is_upper_or_space(text[end]))
                end++;
        while (end > at && text[end - 1] == ' ')
                end--;
        /* "---- BEGIN" and "-----BEGIN"; a cut may have taken some of them, not those on both sides. */
        if (kind != ARMOUR_NONE && start > 0 && text[start - 1] == ' ' && start > 1 &&
            text[start - 2] == '-')
                start--;
        low = start;
        while (start > 0 && text[start - 1] == '-')
                start--;
        low -= start;
        if (end + 1 < size && text[end] == ' ' && text[end + 1] == '-')
                end++;
        for (at = end; end < size && text[end] == '-';)
                end++;
        *ret_start = start;
        *ret_end = end;
        if (kind == ARMOUR_NONE)
                return start == 0 && end - at >= 4 ? ARMOUR_BEGIN : ARMOUR_NONE;
        return low >= 4 || end - at >= 4 ? kind : ARMOUR_NONE;
}

/* The line at @at: up to a line break of the view. */
static size_t line_end(const char *text, size_t size, size_t at)
{
        const char *p = at < size ? memchr(text + at, '\n', size - at) : NULL;

        return p ? (size_t) (p - text) : size;
}

static size_t line_start(const char *text, size_t low, size_t at)
{
        const char *p = at > low ? memrchr(text + low, '\n', at - low) : NULL;

        return p ? (size_t) (p - text) + 1 : low;
}

/* What stands between the pieces of a key that was joined to one line. */
static bool is_joint(char c)
{
        return c && strchr(" \t\"'\\+,|>", c);
}

static bool is_alnum(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/*
 * Takes off what stands round a line: white space, line numbers with what follows them, diff and quote signs, string
 * quotes, commas, backslashes, arrows, comment signs.
 */
static void strip_line(const char *text, size_t *start, size_t *end)
{
        size_t s = *start, e = *end, digits;
        bool material = false;

        for (size_t i = s; i < e && !material; i++)
                material = is_alnum(text[i]);
        if (!material) {
                *start = e;
                return;
        }
        /* Signs that are no base64, and "+" and "/" where they are a diff's or a comment's: with nothing before. */
        while (s < e && (!is_base64(text[s]) ||
                         ((text[s] == '+' || text[s] == '/') && !is_alnum(text[s + 1]))))
                s++;
        if (s < e && text[s] == '+' && s == *start)
                s++;
        for (digits = s; digits < e && text[digits] >= '0' && text[digits] <= '9';)
                digits++;
        if (digits > s && digits - s <= 7 && (digits == e || !is_base64(text[digits])))
                for (s = digits;
                     s < e && (!is_base64(text[s]) ||
                               (text[s] == '+' && (s + 1 == e || !is_alnum(text[s + 1]))));)
                        s++;
        /* String concatenation: `"MII..." +` */
        while (e > s && (!is_base64(text[e - 1]) ||
                         (text[e - 1] == '+' && e - s > 1 && !is_base64(text[e - 2]))))
                e--;
        *start = s;
        *end = e;
}

/* "id_rsa:7:MIIE..." as grep prints it: what follows the last character that is not base64. */
static size_t last_run(const char *text, size_t start, size_t end)
{
        size_t s = end;

        while (s > start && is_base64(text[s - 1]))
                s--;
        return s;
}

static size_t base64_length(const char *text, size_t start, size_t end)
{
        size_t n = start;

        while (n < end && is_base64(text[n]))
                n++;
        return n - start;
}

/* The longest run of base64 in @start..@end; empty when there is none. */
static void longest_run(const char *text, size_t start, size_t end, size_t *ret_start,
                        size_t *ret_end)
{
        *ret_start = *ret_end = start;
        while (start < end) {
                size_t n = base64_length(text, start, end);

                if (n > *ret_end - *ret_start) {
                        *ret_start = start;
                        *ret_end = start + n;
                }
                start += n + 1;
        }
}

/* What is long seems to be made of words by chance too often: one line of 64 in 300. */
static bool is_words(const char *s, size_t n)
{
        return n < 32 ? text_is_words(s, n) : text_is_phrase(s, n);
}

/* As long as @min, and random: what stands before it, a log's time or a commit's author, is not looked at. */
static bool has_material(const char *text, size_t start, size_t end, size_t min, size_t *ret_start,
                         size_t *ret_end)
{
        longest_run(text, start, end, ret_start, ret_end);
        return *ret_end - *ret_start >= min && !is_words(text + *ret_start, *ret_end - *ret_start);
}

typedef enum LineKind {
        LINE_OTHER,
        LINE_EMPTY,
        LINE_HEADER, /* "Proc-Type: 4,ENCRYPTED" */
        LINE_BODY,
        LINE_SHORT, /* could be a last line, or a word */
} LineKind;

static bool is_header_line(const char *text, size_t start, size_t end)
{
        static const char *const names[] = {
                "Proc-Type:",     "DEK-Info:",    "Version:",        "Comment:",    "Hash:",
                "Charset:",       "MessageID:",   "Subject:",        "Encryption:", "Public-Lines:",
                "Private-Lines:", "Private-MAC:", "Key-Derivation:", "Argon2-"
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                size_t n = strlen(names[i]);

                if (end - start >= n && memcmp(text + start, names[i], n) == 0)
                        return true;
        }
        return false;
}

/* Pieces of base64 with single spaces between them, as when the lines of a key were joined. */
static bool is_joined_body(const char *text, size_t start, size_t end)
{
        size_t longest = 0;

        while (start < end) {
                size_t n = base64_length(text, start, end);

                longest = n > longest ? n : longest;
                start += n;
                if (n == 0) {
                        if (!is_joint(text[start]))
                                return false;
                        start++;
                }
        }
        return longest >= MATERIAL_MIN;
}

static LineKind classify_line(const char *text, size_t start, size_t end)
{
        size_t n;

        strip_line(text, &start, &end);
        if (start >= end)
                return LINE_EMPTY;
        if (is_header_line(text, start, end))
                return LINE_HEADER;
        n = base64_length(text, start, end);
        if (n == end - start)
                return n >= MATERIAL_MIN ? LINE_BODY : LINE_SHORT;
        if (is_joined_body(text, start, end))
                return LINE_BODY;
        n = last_run(text, start, end);
        if (n > start && text[n - 1] == ':')
                return end - n >= MATERIAL_MIN ? LINE_BODY : LINE_SHORT;
        return has_material(text, start, end, MATERIAL_MIN, &start, &end) ? LINE_BODY : LINE_OTHER;
}

/* Where the key's part of a line stands that has one. */
static void body_of_line(const char *text, size_t *start, size_t *end)
{
        size_t s = *start, e = *end;

        strip_line(text, &s, &e);
        if (base64_length(text, s, e) < e - s && !is_joined_body(text, s, e))
                longest_run(text, s, e, &s, &e);
        *start = s;
        *end = e;
}

/* Random, as the last line of a key is, and not a word of the text that follows a key that was cut off. */
static bool is_random(const char *text, size_t start, size_t end)
{
        strip_line(text, &start, &end);
        start = last_run(text, start, end);
        return end - start >= 4 && !is_words(text + start, end - start);
}

/* Where key material on the rest of a header's own line ends; @at when there is none. */
static size_t same_line_body(const char *text, size_t at, size_t end)
{
        size_t last = at, i = at, longest = 0;

        while (i < end) {
                size_t n = base64_length(text, i, end);

                if (n > 0) {
                        last = i + n;
                        longest = n > longest ? n : longest;
                        i += n;
                } else if (is_joint(text[i])) {
                        i++;
                } else {
                        break;
                }
        }
        return longest >= 16 ? last : at;
}

/* The footer that begins in @from..@to: its end, or 0. */
static size_t find_footer(const char *text, size_t size, size_t from, size_t to)
{
        while (from < to) {
                const char *p = memmem(text + from, to - from, "END ", 4);
                size_t start, end;

                if (!p)
                        return 0;
                from = (size_t) (p - text) + 4;
                if (read_armour(text, size, from, &start, &end) == ARMOUR_END && end - from >= 4)
                        return end;
        }
        return 0;
}

/* The end of the next header or footer: so that many headers cost at most one. */
static size_t next_armour(const char *text, size_t size, size_t at)
{
        static const char word[] = "PRIVATE KEY";
        const char *p = memmem(text + at, size - at, word, sizeof(word) - 1);
        size_t end = p ? (size_t) (p - text) + HEADER_MAX : size;

        return end < size ? end : size;
}

/*
 * From the line after @at on: to the footer (*@ret_closed), or as far as lines look like a body. @body: there was some before.
 * 0: there is none.
 */
static size_t walk_lines(const char *text, size_t size, size_t at, bool body, size_t last,
                         bool *ret_closed)
{
        bool after_short = false;
        size_t gap = 0;

        for (; at < size; at++) {
                size_t start = at, end = line_end(text, size, at),
                       footer = find_footer(text, size, at, end);
                LineKind kind;

                if (footer) {
                        *ret_closed = body || after_short;
                        return *ret_closed ? footer : 0;
                }
                at = end;
                kind = classify_line(text, start, end);
                if (kind == LINE_OTHER || (kind == LINE_SHORT && after_short)) {
                        if (++gap > GAP_MAX)
                                break;
                        continue;
                }
                if (kind == LINE_BODY ||
                    (kind == LINE_SHORT && body && gap == 0 && is_random(text, start, end))) {
                        body_of_line(text, &start, &end);
                        last = end;
                }
                if (kind == LINE_BODY)
                        gap = 0;
                body |= kind == LINE_BODY;
                after_short = kind == LINE_SHORT;
        }
        return body ? last : 0;
}

/* From a header that ends at @at on. */
static size_t walk_down(const char *text, size_t size, size_t at, bool *ret_closed)
{
        size_t end = line_end(text, size, at), footer = find_footer(text, size, at, end), last;

        if (footer) {
                *ret_closed = same_line_body(text, at, footer) > at;
                return *ret_closed ? footer : 0;
        }
        last = same_line_body(text, at, end);
        return walk_lines(text, size, end + 1, last > at, last > at ? last : 0, ret_closed);
}

/* The last header or footer in @start..@end. */
static Armour last_armour(const char *text, size_t start, size_t end, size_t *ret_start)
{
        static const char word[] = "PRIVATE KEY";
        Armour found = ARMOUR_NONE;
        const char *p;

        while ((p = memmem(text + start, end - start, word, sizeof(word) - 1))) {
                size_t at = (size_t) (p - text), from, to;
                Armour kind = read_armour(text, end, at, &from, &to);

                if (kind != ARMOUR_NONE) {
                        found = kind;
                        *ret_start = from;
                }
                start = at + sizeof(word) - 1;
        }
        return found;
}

/* From a footer up: to the header, or as far as lines look like a body, or to @low (*@ret_all). @at when there is none. */
static size_t walk_up(const char *text, size_t low, size_t at, bool *ret_all)
{
        size_t first = at, start = line_start(text, low, at), n_lines = 0, gap = 0, p = at, header;
        Armour before = last_armour(text, start, at, &header);

        *ret_all = false;

        /* On the footer's own line. */
        while (p > start && (is_base64(text[p - 1]) || is_joint(text[p - 1])))
                p--;
        if (same_line_body(text, p, at) > p)
                first = p;
        while (start > low && before == ARMOUR_NONE) {
                size_t end = start - 1, s, e;
                LineKind kind;

                s = start = line_start(text, low, end);
                e = end;
                before = last_armour(text, start, end, &header);
                if (before != ARMOUR_NONE)
                        break;
                kind = classify_line(text, start, end);
                if (kind == LINE_OTHER || (kind == LINE_SHORT && n_lines > 0 && first != at)) {
                        if (++gap > GAP_MAX)
                                return first;
                        continue;
                }
                n_lines++;
                if (kind == LINE_EMPTY || kind == LINE_HEADER)
                        continue;
                body_of_line(text, &s, &e);
                if (kind == LINE_BODY || n_lines == 1)
                        first = s;
                if (kind == LINE_BODY)
                        gap = 0;
        }
        if (before == ARMOUR_BEGIN && first < at)
                return header;
        *ret_all = before == ARMOUR_NONE;
        return first;
}

/*
 * Is there a key between a header that ends at @at and a footer that ends at @end, though not every line looks like one?
 * Then it is fail closed: no long run of base64 between them stays. Where they stand in most of the lines, all of it goes.
 */
static PrivateKey survey(const char *text, size_t at, size_t end)
{
        size_t n_lines = 0, n_with = 0, n_bytes = 0;

        while (at < end) {
                size_t stop = line_end(text, end, at), s, e;

                n_lines++;
                if (has_material(text, at, stop, RUN_MIN, &s, &e)) {
                        n_with++;
                        n_bytes += e - s;
                }
                at = stop + 1;
        }
        if (n_bytes < KEY_MIN)
                return PRIVATE_KEY_NONE;
        return n_with * 2 + 2 >= n_lines ? PRIVATE_KEY_WHOLE : PRIVATE_KEY_SCATTERED;
}

KeyRange private_key_go_on(const char *text, size_t size, size_t at)
{
        KeyRange range = { .start = at };

        range.end = walk_lines(text, next_armour(text, size, at), at, true, at, &range.closed);
        return range;
}

size_t private_key_next_run(const char *text, size_t *at, size_t end)
{
        while (*at < end) {
                size_t n = base64_length(text, *at, end);

                if (n >= RUN_MIN)
                        return n;
                *at += n + 1;
        }
        return 0;
}

PrivateKey private_key_find(const char *text, size_t size, size_t low, size_t at, KeyRange *ret)
{
        size_t start, end, edge, limit, footer;
        PrivateKey found = PRIVATE_KEY_WHOLE;
        KeyRange range = { 0 };

        *ret = (KeyRange){ 0 };
        switch (read_armour(text, size, at, &start, &end)) {
        case ARMOUR_BEGIN:
                limit = next_armour(text, size, end);
                edge = walk_down(text, limit, end, &range.closed);
                footer = find_footer(text, size, end, limit);
                if (footer > edge) {
                        found = survey(text, end, footer);
                        range.closed = found != PRIVATE_KEY_NONE;
                        edge = range.closed ? footer : edge;
                }
                if (edge == 0)
                        return PRIVATE_KEY_NONE;
                range.start = start;
                range.end = edge;
                *ret = range;
                return found == PRIVATE_KEY_NONE ? PRIVATE_KEY_WHOLE : found;
        case ARMOUR_END:
                range = (KeyRange){ .end = end, .closed = true };
                range.start = walk_up(text, start < low ? start : low, start, &range.from_before);
                *ret = range;
                return range.start == start ? PRIVATE_KEY_NONE : PRIVATE_KEY_WHOLE;
        case ARMOUR_NONE:
                break;
        }
        return PRIVATE_KEY_NONE;
}
