/* Extent: how far what was found goes, and whether it stands for itself */
#include "mask/extent.h"

#include <string.h>

#include "mask/guard.h"
#include "mask/judge-words.h"

bool extent_in_word(const View *v, size_t at)
{
        return at < v->size && (unsigned char) v->text[at] > ' ' && !is_quote(v->text[at]);
}

size_t extent_word(const View *v, size_t end)
{
        while (end < v->size && (unsigned char) v->text[end] > ' ' &&
               !is_any(v->text[end], "\"'`<>,;"))
                end++;
        return end;
}

static bool is_tail(const View *v, size_t at)
{
        return text_classes(v->text + at, 1) & (CLASS_DIGIT | CLASS_UPPER | CLASS_LOWER) ||
               (v->text[at] && strchr("_-+/=", v->text[at]));
}

static size_t tail_end(const View *v, size_t end)
{
        while (end < v->size && is_tail(v, end))
                end++;
        return end;
}

/* A pattern has an upper bound; what is that long and goes on was cut by it. */
#define BOUND_MIN 1024

size_t extent_complete(const View *v, size_t context, size_t start, size_t end, size_t size)
{
        if (end == size && size < v->size)
                end = extent_word(v, end);
        if (end - start >= BOUND_MIN)
                end = tail_end(v, end);
        if (start > context && v->map.n > 0 && end < v->size && v->text[end] == '"' &&
            (v->text[start - 1] == '"' || v->text[start - 1] == '\'')) {
                size_t whole = judge_quoted_end(v, start);

                end = whole > end ? whole : end;
        }
        return end;
}

/* How many of its letters stand in words. */
static size_t letters_in_words(const char *s, size_t n)
{
        size_t n_letters = 0;

        for (size_t i = 0, end; i < n; i = end + 1) {
                for (end = i; end < n && text_classes(s + end, 1) & (CLASS_UPPER | CLASS_LOWER);
                     end++)
                        ;
                if (judge_is_word(s + i, end - i))
                        n_letters += end - i;
        }
        return n_letters;
}

/*
 * What follows a prefix when its issuer takes another length or other letters: long and random. In 480 MB of packages nothing
 * but tokens has the prefix of a rule before such a tail (tools/judge/README.md); 24 random characters have two digits
 * in 92 of 100.
 */
static bool is_random_tail(const char *s, size_t n)
{
        unsigned classes = text_classes(s, n);
        size_t n_digits = 0, n_hex = 0;

        for (size_t i = 0; i < n; i++) {
                n_digits += s[i] >= '0' && s[i] <= '9';
                n_hex += (s[i] >= '0' && s[i] <= '9') || (s[i] && strchr("abcdefABCDEF-", s[i]));
        }
        /* Of one case, or hexadecimal, are the names that programs make. */
        if (n_hex == n || n_digits < 2 ||
            n < (classes & CLASS_UPPER && classes & CLASS_LOWER ? 24 : 40))
                return false;
        return text_entropy(s, n) >= 3.5 && letters_in_words(s, n) * 3 < n &&
               !text_is_words(s, n) && !text_is_reference(s, n);
}

/* So much of it tells what it is. */
#define TAIL_MAX 1024

/* "def test_...": is it the name of a function? */
static bool is_defined(const View *v, size_t start)
{
        size_t end = start, i;

        while (end > 0 && is_blank(v->text[end - 1]))
                end--;
        for (i = end; i > 0 && end - i < 16 && is_letter(v->text[i - 1]);)
                i--;
        return end < start && judge_word(v->text + i, end - i) & WORD_CODE;
}

size_t extent_near_form(const View *v, size_t start, size_t tail)
{
        size_t end = tail;

        if (start > 0 && (text_classes(v->text + start - 1, 1) != CLASS_SPECIAL ||
                          strchr("_-./", v->text[start - 1])))
                return 0;
        while (end < v->size && end - tail < TAIL_MAX && is_tail(v, end))
                end++;
        if (end < v->size && v->text[end] == '(' && is_defined(v, start))
                return 0;
        return is_random_tail(v->text + tail, end - tail) ? tail_end(v, end) : 0;
}

static bool is_path_char(char c)
{
        return text_classes(&c, 1) != CLASS_SPECIAL || (c && strchr("_-.~", c));
}

bool extent_is_path(const View *v, size_t start, size_t end)
{
        if (start > 0 && is_path_char(v->text[start - 1]))
                return false;
        if (start > 0 && v->text[start - 1] == '/' &&
            (start < 3 || memcmp(v->text + start - 3, "://", 3) != 0))
                return false;
        if (end >= v->size)
                return true;
        /* The dot of "/home/al." ends a sentence; that of "/home/al.old" does not. */
        if (v->text[end] == '.')
                return end + 1 >= v->size || !is_path_char(v->text[end + 1]);
        return !is_path_char(v->text[end]);
}
