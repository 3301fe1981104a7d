/* Guards: is what a pattern found really a secret? */
#include "mask/guard.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/bytes-find.h"
#include "mask/judge-data.h"

static unsigned char_class(unsigned char c)
{
        if (c >= '0' && c <= '9')
                return CLASS_DIGIT;
        if (c >= 'A' && c <= 'Z')
                return CLASS_UPPER;
        if (c >= 'a' && c <= 'z')
                return CLASS_LOWER;
        return c < 0x80 ? CLASS_SPECIAL : CLASS_OTHER;
}

unsigned text_classes(const char *s, size_t n)
{
        unsigned classes = 0;

        for (size_t i = 0; i < n; i++)
                classes |= char_class((unsigned char) s[i]);
        return classes;
}

double text_entropy(const char *s, size_t n)
{
        uint32_t counts[256] = { 0 };
        double bits = 0;

        for (size_t i = 0; i < n; i++)
                counts[(unsigned char) s[i]]++;
        for (size_t i = 0; i < ELEMENTSOF(counts); i++)
                if (counts[i] > 0)
                        bits -= counts[i] * log2((double) counts[i] / (double) n);
        return n > 0 ? bits / (double) n : 0;
}

/* A row of characters that go on in steps of one: "123456", "abcdef". */
static bool is_row(const char *s, size_t n)
{
        size_t n_steps = 0;

        for (size_t i = 1; i < n; i++)
                n_steps += s[i] - s[i - 1] == 1 || s[i - 1] - s[i] == 1;
        return n_steps * 2 >= n;
}

/* One character over and over ("xxxxxxxx", "0000", "****") or nearly so ("ghp_xxxxxxxx"). */
static bool is_monotone(const char *s, size_t n)
{
        size_t run = 1;

        for (size_t i = 1; i < n; i++) {
                run = s[i] == s[i - 1] ? run + 1 : 1;
                if (run >= 6 && run * 2 >= n && !strchr("=", s[i]))
                        return true;
        }
        return run == n && n > 2;
}

/* How usual letters are after one another, in 1/8 bits a pair: words have more than this, what is drawn at random less. */
#define USUAL_MIN (-40)

static bool reads_well(const char *s, size_t n)
{
        long sum = 0;

        for (size_t i = 1; i < n; i++)
                sum += judge_bigrams[judge_char_class(s[i - 1]) * JUDGE_CHAR_CLASSES +
                                     judge_char_class(s[i])];
        return n < 2 || sum >= USUAL_MIN * (long) (n - 1);
}

/* The end of what the bracket at @at opens, where all brackets within close in their order; 0: they do not. */
static size_t balanced_end(const char *s, size_t n, size_t at)
{
        char open[16];
        size_t depth = 0;

        for (size_t i = at; i < n; i++) {
                const char *close = s[i] ? strchr(")]}", s[i]) : NULL;

                if (s[i] && strchr("([{", s[i])) {
                        if (depth == sizeof(open))
                                return 0;
                        open[depth++] = s[i];
                } else if (close) {
                        if (open[--depth] != "([{"[close - ")]}"])
                                return 0;
                        if (depth == 0)
                                return i + 1;
                }
        }
        return 0;
}

/* What may stand between the sign and the name, and how long that is. */
#define SKIPPED_MAX  8
#define NAME_LONGEST 80

/* Does the sign at @at open a reference: "${NAME}", "$(cat x)", "{{ .Values.x }}"? What is drawn at random has the sign by chance;
 * in a reference a name follows, and it is closed, where the text was not cut at a blank. */
static bool is_opened(const char *s, size_t n, size_t at)
{
        size_t i = at + 2, start, limit = at + 2 + SKIPPED_MAX;

        while (i < n && i < limit && s[i] && strchr(" \t{\"'`<#/!$.-", s[i]))
                i++;
        start = i;
        limit = start + NAME_LONGEST;
        while (i < n && i < limit &&
               (char_class((unsigned char) s[i]) != CLASS_SPECIAL || s[i] == '_' || s[i] == '-'))
                i++;
        if (i == n)
                return at == 0;
        return i > start && s[i] && strchr(" \t\"'`[(:.|/,@?=+#%}])", s[i]) &&
               balanced_end(s, n, at + (s[at] == '$')) > 0;
}

/* Longer than this, two signs that enclose a text, or a few in it, may stand there by chance. */
#define ENCLOSED_MIN 12

static bool is_enclosed(const char *s, size_t n)
{
        if (n < 2 || !((s[0] == '<' && s[n - 1] == '>') || (s[0] == '[' && s[n - 1] == ']') ||
                       (s[0] == '%' && s[n - 1] == '%') || (s[0] == '{' && s[n - 1] == '}')))
                return false;
        return n < ENCLOSED_MIN || memchr(s, ' ', n) || reads_well(s + 1, n - 2);
}

/* Signs of two characters stand by chance in what is as long as this and drawn at random. */
#define DRAWN_MIN 64

static bool is_drawn(const char *s, size_t n)
{
        return n >= DRAWN_MIN && !memchr(s, ' ', n) && !reads_well(s, n);
}

/* Has it a character that one of the signs of a reference begins with? */
static bool has_reference_sign(const char *s, size_t n)
{
        while (n > 0 && !is_any(s[n - 1], "${.*\xE2"))
                n--;
        return n > 0;
}

static bool is_reference(const char *s, size_t n)
{
        bool drawn;

        if (is_enclosed(s, n))
                return true;
        if (!has_reference_sign(s, n))
                return false;
        drawn = is_drawn(s, n);
        for (size_t i = 0; i + 1 < n; i++)
                if (((s[i] == '$' && s[i + 1] && strchr(i > 0 ? "{(" : "{([", s[i + 1])) ||
                     (s[i] == '{' && s[i + 1] == '{')) &&
                    (i == 0 || !drawn) && is_opened(s, n, i))
                        return true;
        return !drawn &&
               (bytes_find(s, n, "...", 3) || bytes_find(s, n, "***", 3) ||
                bytes_find(s, n, "\xE2\x80\xA6", 3) || bytes_find(s, n, "\xE2\x80\xA2", 3));
}

static bool is_vowel(char c)
{
        return c && strchr("aeiouyAEIOUY", c);
}

/* A piece of only letters reads as a word when it has no long run of consonants and enough vowels. */
static bool is_word(const char *s, size_t n)
{
        size_t n_vowels = 0, run = 0, longest = 0;

        if (n <= 3)
                return true;
        for (size_t i = 0; i < n; i++) {
                if (is_vowel(s[i])) {
                        n_vowels++;
                        run = 0;
                } else if (++run > longest) {
                        longest = run;
                }
        }
        return longest <= 4 && n_vowels * 5 >= n;
}

/* The end of the piece at @at: letters of one case, where the first may be upper ("Token"), or all upper. */
static size_t piece_end(const char *s, size_t n, size_t at)
{
        size_t i = at + 1;

        if (char_class((unsigned char) s[at]) == CLASS_UPPER) {
                while (i < n && char_class((unsigned char) s[i]) == CLASS_UPPER)
                        i++;
                if (i > at + 1)
                        return i;
        }
        while (i < n && char_class((unsigned char) s[i]) == CLASS_LOWER)
                i++;
        return i;
}

bool text_is_words(const char *s, size_t n)
{
        size_t n_letters = 0, n_pieces = 0, n_short = 0;

        for (size_t i = 0; i < n;) {
                size_t end = i + 1;
                unsigned c = char_class((unsigned char) s[i]);

                if (c & (CLASS_UPPER | CLASS_LOWER)) {
                        end = piece_end(s, n, i);
                        if (!is_word(s + i, end - i))
                                return false;
                        n_pieces++;
                        n_short += end - i <= 2;
                        n_letters += end - i;
                } else if (c == CLASS_DIGIT) {
                        /* "sha256", "v2", "oauth2_token" are names; more digits than that are not. */
                        while (end < n && char_class((unsigned char) s[end]) == CLASS_DIGIT)
                                end++;
                        if (end - i > 4 || (end - i) * 3 > n)
                                return false;
                }
                i = end;
        }
        /* Random letters fall into many pieces of one or two. */
        return n_letters > 0 && n_short * 2 <= n_pieces + 1;
}

/* The same of letters beside letters alone, in what is short and has digits. */
#define NAME_MIN (-44)

bool text_is_name(const char *s, size_t n)
{
        long sum = 0, n_pairs = 0;
        unsigned last = 0;

        for (size_t i = 0; i < n; i++) {
                unsigned c = char_class((unsigned char) s[i]);

                if (c == CLASS_SPECIAL && !is_any(s[i], "_-."))
                        return false;
                if (c & (CLASS_UPPER | CLASS_LOWER) && last & (CLASS_UPPER | CLASS_LOWER)) {
                        sum += judge_bigrams[judge_char_class(s[i - 1]) * JUDGE_CHAR_CLASSES +
                                             judge_char_class(s[i])];
                        n_pairs++;
                }
                last = c;
        }
        return sum >= NAME_MIN * n_pairs && text_is_words(s, n);
}

/* The length of the word of placeholders at @s; 0: none. */
static size_t placeholder_word(const char *s, size_t n)
{
        static const char *const words[] = {
                "example",      "placeholder",  "changeme",    "change_me", "change-me",
                "redacted",     "dummy",        "insert_",     "insert-",   "replace_",
                "replace-",     "replaceme",    "your_",       "your-",     "yourkey",
                "yourtoken",    "yoursecret",   "yourpass",    "my_secret", "my-secret",
                "mysecret",     "xxxxxx",       "secret_here", "key_here",  "key-here",
                "token_here",   "token-here",   "fake_",       "fake-",     "notasecret",
                "not_a_secret", "not-a-secret", "deadbeef",    "sample_",   "sample-",
        };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                size_t size = strlen(words[i]);

                if (size <= n && strncasecmp(s, words[i], size) == 0)
                        return size;
        }
        return 0;
}

/* Too long to stand beside the word of a placeholder, unless it is plainly nothing either: what is longer still seems to be made
 * of words by chance too often. */
#define REST_MIN      8
#define REST_MIN_LONG 16

static bool is_random(const char *s, size_t n)
{
        return n >= REST_MIN && !is_monotone(s, n) && !is_row(s, n) &&
               !(n < REST_MIN_LONG ? text_is_words(s, n) : text_is_phrase(s, n));
}

bool text_is_reference(const char *s, size_t n)
{
        return n == 0 || is_reference(s, n) || is_monotone(s, n);
}

bool text_is_placeholder(const char *s, size_t n)
{
        size_t rest = 0, n_words = 0; /* where what is no such word began */

        if (n == 0 || is_reference(s, n) || is_monotone(s, n))
                return true;
        for (size_t i = 0; i < n;) {
                size_t size = placeholder_word(s + i, n - i);

                if (size == 0) {
                        i++;
                        continue;
                }
                /* The word stands by chance, or by intent, beside what is a secret all the same. */
                if (is_random(s + rest, i - rest))
                        return false;
                n_words++;
                rest = i += size;
        }
        return n_words > 0 && !is_random(s + rest, n - rest);
}

bool text_is_phrase(const char *s, size_t n)
{
        for (size_t i = 0; i < n;) {
                unsigned c = char_class((unsigned char) s[i]);
                size_t end = i + 1;

                if (c & (CLASS_DIGIT | CLASS_OTHER))
                        return false;
                if (c & (CLASS_UPPER | CLASS_LOWER)) {
                        end = piece_end(s, n, i);
                        if (end - i < 3 && end < n &&
                            char_class((unsigned char) s[end]) != CLASS_SPECIAL)
                                return false;
                }
                i = end;
        }
        return n > 0 && reads_well(s, n);
}

uint32_t checksum_crc32(const char *s, size_t n)
{
        uint32_t crc = ~0U;

        for (size_t i = 0; i < n; i++) {
                crc ^= (uint8_t) s[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0);
        }
        return ~crc;
}

bool text_has_github_checksum(const char *s, size_t n)
{
        static const char digits[] =
                        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        const char *start = memrchr(s, '_', n);
        uint32_t crc;

        start = start ? start + 1 : s;
        if (s + n - start <= 6)
                return false;
        crc = checksum_crc32(start, (size_t) (s + n - 6 - start));
        for (size_t i = 1; i <= 6; i++, crc /= 62)
                if (s[n - i] != digits[crc % 62])
                        return false;
        return true;
}

bool text_has_luhn(const char *s, size_t n)
{
        unsigned sum = 0, count = 0;

        for (size_t i = n; i-- > 0;) {
                unsigned digit = (unsigned) (s[i] - '0');

                if (s[i] == ' ' || s[i] == '-')
                        continue;
                if (digit > 9)
                        return false;
                if (count++ % 2 == 1)
                        digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
                sum += digit;
        }
        return count > 1 && sum % 10 == 0;
}

bool text_is_word_and_number(const char *s, size_t n)
{
        for (int i = 0; i < 2 && n > 0 && text_classes(s + n - 1, 1) == CLASS_DIGIT; i++)
                n--;
        return n == 0 || text_is_phrase(s, n);
}

bool text_is_token(const char *s, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (text_classes(s + i, 1) == CLASS_SPECIAL &&
                    (!s[i] || !strchr("_-.+/=~%:", s[i])))
                        return false;
        return true;
}
