/* Extent: how far what was found goes, and whether it stands for itself */
#include "mask/extent.h"

#include <string.h>

#include "mask/guard.h"
#include "mask/judge.h"

size_t extent_word(const View *v, size_t end)
{
        while (end < v->size && (unsigned char) v->text[end] > ' ' &&
               !strchr("\"'`<>,;", v->text[end]))
                end++;
        return end;
}

size_t extent_complete(const View *v, size_t context, size_t start, size_t end, size_t size)
{
        if (end == size && size < v->size)
                end = extent_word(v, end);
        if (start > context && v->map.n > 0 && end < v->size && v->text[end] == '"' &&
            (v->text[start - 1] == '"' || v->text[start - 1] == '\'')) {
                size_t whole = judge_quoted_end(v, start);

                end = whole > end ? whole : end;
        }
        return end;
}

/* Takes what the rule's pattern found, each part by itself. Returns how far it reached (0: nothing), or -ENOMEM. */
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

#define TAIL_MAX 1024

size_t extent_near_form(const View *v, size_t start, size_t tail)
{
        size_t end = tail;

        if (start > 0 && (text_classes(v->text + start - 1, 1) != CLASS_SPECIAL ||
                          strchr("_-./", v->text[start - 1])))
                return 0;
        while (end < v->size && end - tail < TAIL_MAX &&
               (text_classes(v->text + end, 1) & (CLASS_DIGIT | CLASS_UPPER | CLASS_LOWER) ||
                (v->text[end] && strchr("_-+/=", v->text[end]))))
                end++;
        return is_random_tail(v->text + tail, end - tail) ? end : 0;
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
