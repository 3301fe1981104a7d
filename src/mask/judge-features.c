/* Judge: what is counted of a candidate */
#include <math.h>

#include "base/bytes-find.h"
#include "mask/judge-data.h"
#include "mask/judge-reader.h"

/* More of a value tells nothing more. */
#define MEASURED_MAX  256
#define SEGMENTED_MAX 48
#define NGRAM_BYTES   48
#define PIECES_MAX    24

/* How far from name and value words count. */
#define AROUND_MAX 160

#define NAME_OF(id, name) name,

const char *judge_feature_name(JudgeFeature feature)
{
        static const char *const names[] = { JUDGE_FEATURES(NAME_OF) };

        return names[feature];
}

typedef struct Subject {
        const View *v;
        const Candidate *c;
        const char *s; /* the value */
        size_t n;
        size_t line_start, line_end;
        int16_t *f;
} Subject;

static int16_t clip(long n)
{
        return (int16_t) (n > INT16_MAX ? INT16_MAX : n < INT16_MIN ? INT16_MIN : n);
}

/* @part of @whole in 1/256. */
static int16_t share(size_t part, size_t whole)
{
        return whole ? (int16_t) (part * 256 / whole) : 0;
}

typedef enum CharClass {
        CHAR_DIGIT,
        CHAR_UPPER,
        CHAR_LOWER,
        CHAR_SPECIAL,
        CHAR_WIDE,
        CHAR_N
} CharClass;

static CharClass class_of(char c)
{
        if (is_digit(c))
                return CHAR_DIGIT;
        if (is_upper(c))
                return CHAR_UPPER;
        if (is_lower(c))
                return CHAR_LOWER;
        return is_wide(c) ? CHAR_WIDE : CHAR_SPECIAL;
}

/* What stands first or last, or beside: signs that say what it is have a number each. */
static int16_t sign_of(char c)
{
        static const char signs[] = "\n \"',;()[]{}<>=:./\\$%@#*&-_`!?+|^~";
        const char *p;

        if (c == 0)
                return 0;
        if (c == '\r')
                c = '\n';
        if (c == '\t')
                c = ' ';
        if (is_digit(c))
                return 1;
        if (is_upper(c))
                return 2;
        if (is_lower(c))
                return 3;
        if (is_wide(c))
                return 4;
        p = strchr(signs, c);
        return p ? (int16_t) (5 + (p - signs)) : (int16_t) (5 + sizeof(signs));
}

static bool is_vowel(char c)
{
        return is_any(to_lower(c), "aeiouy");
}

static void measure_entropy(const Subject *x)
{
        uint16_t counts[256] = { 0 };
        float bits = 0, n = (float) x->n;

        for (size_t i = 0; i < x->n; i++)
                counts[(unsigned char) x->s[i]]++;
        /* Each character that comes first counts for all like it. */
        for (size_t i = 0; i < x->n; i++) {
                float p = counts[(unsigned char) x->s[i]];

                counts[(unsigned char) x->s[i]] = 0;
                if (p > 0)
                        bits -= p / n * log2f(p / n);
        }
        x->f[FEATURE_ENTROPY] = clip(lrintf(bits * 16));
        x->f[FEATURE_SPREAD] = clip(lrintf((bits - log2f(n)) * 16));
}

/* The longest runs, and how the value goes from one class of characters to another. */
static void measure_runs(const Subject *x)
{
        size_t consonants = 0, digits = 0, same = 1, steps = 1, changes = 0, humps = 0, leet = 0,
               walks = 0;
        size_t most_consonants = 0, most_digits = 0, most_same = 1, most_steps = 1;

        for (size_t i = 0; i < x->n; i++) {
                char c = x->s[i], last = i > 0 ? x->s[i - 1] : 0,
                     next = i + 1 < x->n ? x->s[i + 1] : 0;

                consonants = is_letter(c) && !is_vowel(c) ? consonants + 1 : 0;
                digits = is_digit(c) ? digits + 1 : 0;
                same = last == c ? same + 1 : 1;
                steps = i > 0 && c == last + 1 ? steps + 1 : 1;
                changes += i > 0 && class_of(c) != class_of(last);
                humps += is_upper(c) && is_lower(next);
                leet += (is_digit(c) || is_any(c, "@$!")) && is_letter(last) && is_letter(next);
                walks += judge_are_neighbours(last, c);
                most_consonants = consonants > most_consonants ? consonants : most_consonants;
                most_digits = digits > most_digits ? digits : most_digits;
                most_same = same > most_same ? same : most_same;
                most_steps = steps > most_steps ? steps : most_steps;
        }
        x->f[FEATURE_CHANGES] = share(changes, x->n);
        x->f[FEATURE_CONSONANT_RUN] = clip((long) most_consonants);
        x->f[FEATURE_DIGIT_RUN] = clip((long) most_digits);
        x->f[FEATURE_SAME_RUN] = clip((long) most_same);
        x->f[FEATURE_STEP_RUN] = clip((long) most_steps);
        x->f[FEATURE_KEYBOARD] = share(walks, x->n);
        x->f[FEATURE_HUMPS] = clip((long) humps);
        x->f[FEATURE_LEET] = clip((long) leet);
}

static void measure_characters(const Subject *x)
{
        size_t counts[CHAR_N] = { 0 }, vowels = 0, end_digits = 0;
        size_t letters;

        for (size_t i = 0; i < x->n; i++) {
                counts[class_of(x->s[i])]++;
                vowels += is_vowel(x->s[i]);
                if (i + 3 < x->n &&
                    (memcmp(x->s + i, "19", 2) == 0 || memcmp(x->s + i, "20", 2) == 0) &&
                    is_digit(x->s[i + 2]) && is_digit(x->s[i + 3]))
                        x->f[FEATURE_YEAR] = 1;
        }
        while (end_digits < x->n && is_digit(x->s[x->n - 1 - end_digits]))
                end_digits++;
        letters = counts[CHAR_UPPER] + counts[CHAR_LOWER];
        x->f[FEATURE_LENGTH] = clip((long) (x->c->end - x->c->start));
        x->f[FEATURE_DIGITS] = share(counts[CHAR_DIGIT], x->n);
        x->f[FEATURE_UPPERS] = share(counts[CHAR_UPPER], x->n);
        x->f[FEATURE_LOWERS] = share(counts[CHAR_LOWER], x->n);
        x->f[FEATURE_SPECIALS] = share(counts[CHAR_SPECIAL], x->n);
        x->f[FEATURE_WIDES] = share(counts[CHAR_WIDE], x->n);
        x->f[FEATURE_N_DIGITS] = clip((long) counts[CHAR_DIGIT]);
        x->f[FEATURE_N_SPECIALS] = clip((long) counts[CHAR_SPECIAL]);
        x->f[FEATURE_CLASSES] = (int16_t) ((counts[0] > 0) + (counts[1] > 0) + (counts[2] > 0) +
                                           (counts[3] > 0));
        x->f[FEATURE_VOWELS] = share(vowels, letters);
        x->f[FEATURE_END_DIGITS] = clip((long) end_digits);
        x->f[FEATURE_FIRST] = sign_of(x->s[0]);
        x->f[FEATURE_LAST] = sign_of(x->s[x->n - 1]);
}

/* How usual the sequence of characters is in text and code. */
static void measure_bigrams(const Subject *x)
{
        unsigned last = judge_char_class(0);
        long sum = 0;

        for (size_t i = 0; i <= x->n; i++) {
                unsigned now = judge_char_class(i < x->n ? x->s[i] : 0);

                sum += judge_bigrams[last * JUDGE_CHAR_CLASSES + now];
                last = now;
        }
        x->f[FEATURE_BIGRAMS] = clip(sum * 2 / (long) (x->n + 1));
}

/* How many of the letters words of a dictionary cover at best, and how many words these are. */
static void measure_dictionary(const Subject *x)
{
        size_t n = x->n < SEGMENTED_MAX ? x->n : SEGMENTED_MAX, letters = 0,
               best[SEGMENTED_MAX + 1] = { 0 };
        size_t words[SEGMENTED_MAX + 1] = { 0 };

        for (size_t i = 0; i <= n; i++) {
                DictionaryLook look = judge_dictionary_begin();

                if (i > 0 && (best[i - 1] > best[i] ||
                              (best[i - 1] == best[i] && words[i - 1] < words[i]))) {
                        best[i] = best[i - 1];
                        words[i] = words[i - 1];
                }
                letters += i < n && is_letter(x->s[i]);
                for (size_t k = i; k < n && k < i + 12 && is_letter(x->s[k]); k++) {
                        size_t covered = best[i] + k + 1 - i;

                        judge_dictionary_step(&look, to_lower(x->s[k]));
                        if (k + 1 - i < 3 || covered < best[k + 1] ||
                            (covered == best[k + 1] && words[i] + 1 >= words[k + 1]) ||
                            !judge_dictionary_has(&look))
                                continue;
                        best[k + 1] = covered;
                        words[k + 1] = words[i] + 1;
                }
        }
        x->f[FEATURE_IN_WORDS] = share(best[n], letters);
        x->f[FEATURE_N_WORDS] = (int16_t) words[n];
        x->f[FEATURE_WORD_LENGTH] = words[n] ? (int16_t) (best[n] * 16 / words[n]) : 0;
        x->f[FEATURE_LETTERS_LEFT] = (int16_t) (letters - best[n]);
}

/* Where the piece ends that begins at @i: digits alone, or the letters of one word as code writes it ("API", "Key", "apiKey"). */
static size_t piece_end(const Subject *x, size_t i)
{
        size_t start = i;

        if (is_digit(x->s[i])) {
                while (i < x->n && is_digit(x->s[i]))
                        i++;
                return i;
        }
        while (i < x->n && is_upper(x->s[i]))
                i++;
        if (i > start + 1 && i < x->n && is_lower(x->s[i]))
                return i - 1;
        while (i < x->n && is_lower(x->s[i]))
                i++;
        return i;
}

/* Names of things are made of whole words; what is random falls into pieces that are none. */
static void measure_pieces(const Subject *x)
{
        size_t pieces = 0, letters = 0, known = 0, brief = 0, unknown = 0;

        for (size_t i = 0, end; i < x->n && pieces < PIECES_MAX; i = end) {
                size_t n;

                if (!is_letter(x->s[i]) && !is_digit(x->s[i])) {
                        end = i + 1;
                        continue;
                }
                end = piece_end(x, i);
                n = end - i;
                pieces++;
                if (is_digit(x->s[i]))
                        continue;
                letters += n;
                if (n < 3)
                        brief += n;
                else if (judge_is_word(x->s + i, n))
                        known += n;
                else if (n > unknown)
                        unknown = n;
        }
        x->f[FEATURE_PIECES] = clip((long) pieces);
        x->f[FEATURE_PIECES_KNOWN] = share(known, letters);
        x->f[FEATURE_PIECES_SHORT] = share(brief, letters);
        x->f[FEATURE_PIECE_UNKNOWN] = clip((long) unknown);
        x->f[FEATURE_PIECE_LENGTH] = pieces ? clip((long) (letters * 16 / pieces)) : 0;
}

/* What the value's words tell. */
static void measure_words(const Subject *x)
{
        const Candidate *c = x->c;
        size_t i = 0, end, n = 0, known = 0, n_keyword = c->keyword_end - c->keyword_start;
        unsigned all = judge_word(x->s, x->n);

        while (n < 24 && (end = judge_next_word(x->s, x->n, &i))) {
                unsigned flags = judge_word(x->s + i, end - i);

                n++;
                known += judge_is_word(x->s + i, end - i);
                x->f[FEATURE_PLACEHOLDERS] += (flags & WORD_PLACEHOLDER) != 0;
                x->f[FEATURE_CREDENTIALS] += (flags & WORD_CREDENTIAL) != 0;
                x->f[FEATURE_REFERENCES] += (flags & WORD_REFERENCE) != 0;
                x->f[FEATURE_DIGESTS] += (flags & WORD_DIGEST) != 0;
                i = end;
        }
        /* Words with a sign or a blank between each: a phrase, or a name of something. */
        x->f[FEATURE_PHRASE] = n > 1 && known == n ? clip((long) n) : 0;
        x->f[FEATURE_TYPES] = (all & WORD_TYPE) != 0;
        for (i = 0; n_keyword > 2 && i + n_keyword <= x->n && !x->f[FEATURE_HAS_KEYWORD]; i++)
                x->f[FEATURE_HAS_KEYWORD] = strncasecmp(x->s + i, x->v->text + c->keyword_start,
                                                        n_keyword) == 0;
        x->f[FEATURE_IS_NAME] = c->name_end - c->name_start == x->n &&
                                strncasecmp(x->s, x->v->text + c->name_start, x->n) == 0;
}

/* @signs: how often each character stands in the value, if that is known. */
static bool has(const Subject *x, const size_t *signs, const char *text)
{
        return (!signs || signs[(size_t) text[0]] > 0) &&
               bytes_find(x->s, x->n, text, strlen(text));
}

static bool has_char(const Subject *x, char c)
{
        return memchr(x->s, c, x->n);
}

static bool is_uuid(const char *s, size_t n)
{
        return n == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-';
}

static void measure_shape(const Subject *x)
{
        size_t signs[128] = { 0 }, n_wide = 0, digits = 0, uppers = 0, lowers = 0, hex = 0,
               base64 = 0;

        for (size_t i = 0; i < x->n; i++) {
                char c = x->s[i];

                signs[c & 0x7F] += !is_wide(c);
                n_wide += is_wide(c);
                digits += is_digit(c);
                uppers += is_upper(c);
                lowers += is_lower(c);
                hex += is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f') || c == '-';
                base64 += is_digit(c) || is_letter(c) || c == '+' || c == '/' || c == '=' ||
                          c == '_' || c == '-';
        }
        x->f[FEATURE_BLANKS] = clip((long) signs[' ']);
        x->f[FEATURE_UNDERSCORES] = clip((long) signs['_']);
        x->f[FEATURE_DASHES] = clip((long) signs['-']);
        x->f[FEATURE_DOTS] = clip((long) signs['.']);
        x->f[FEATURE_SLASHES] = clip((long) signs['/']);
        x->f[FEATURE_PARENTHESIS] = signs['('] > 0;
        x->f[FEATURE_BRACKET] = signs['['] > 0;
        x->f[FEATURE_BRACE] = signs['{'] || signs['}'];
        x->f[FEATURE_ANGLE] = signs['<'] > 0;
        x->f[FEATURE_SCHEME] = has(x, signs, "://");
        x->f[FEATURE_SCOPE] = has(x, signs, "::") || has(x, signs, "->");
        x->f[FEATURE_TEMPLATE] = has(x, signs, "${") || has(x, signs, "{{") ||
                                 has(x, signs, "$(") || has(x, signs, "%s") ||
                                 has(x, signs, "%(") || has(x, signs, "<%");
        x->f[FEATURE_AT_SIGN] = signs['@'] > 0;
        x->f[FEATURE_EQUALS] = signs['='] && x->s[x->n - 1] != '=';
        x->f[FEATURE_BACKSLASH] = signs['\\'] > 0;
        x->f[FEATURE_LOWER_ONLY] = lowers + signs['_'] == x->n;
        x->f[FEATURE_UPPER_ONLY] = uppers > 0 && uppers + digits + signs['_'] == x->n;
        x->f[FEATURE_IDENTIFIER] = uppers + lowers + digits + signs['_'] == x->n &&
                                   !is_digit(x->s[0]);
        x->f[FEATURE_DOTTED] = uppers + lowers + digits + signs['_'] + signs['.'] == x->n &&
                               signs['.'] && is_letter(x->s[0]);
        x->f[FEATURE_NUMBER] = digits > 0 &&
                               digits + signs['.'] + signs[':'] + signs['-'] + 2 >= x->n &&
                               lowers + uppers < 2;
        x->f[FEATURE_UUID] = hex == x->n && is_uuid(x->s, x->n);
        x->f[FEATURE_HEX] = hex == x->n;
        x->f[FEATURE_BASE64] = base64 == x->n ? (int16_t) (1 + x->n % 4) : 0;
        x->f[FEATURE_PATH] = x->s[0] == '/' || has(x, signs, "./") || has(x, signs, "~/") ||
                             (signs['/'] > 1 && !has_char(x, '='));
        x->f[FEATURE_ELLIPSIS] = has(x, signs, "...") || has(x, signs, "***") ||
                                 (n_wide > 0 &&
                                  (has(x, NULL, "\xE2\x80\xA6") || has(x, NULL, "\xE2\x80\xA2")));
}

/* What stands round the value, and in the rest of its line. */
static void measure_place(const Subject *x)
{
        static const char operators[] = "=:>w!e|ct(-,v\"i r\n$/p%";
        const View *v = x->v;
        const Candidate *c = x->c;
        size_t next = c->end, i;
        const char *op = c->operator? strchr(operators, c->operator) : NULL;

        next += c->quote && is_quote(at(v, next));
        x->f[FEATURE_FORM] = (int16_t) c->form;
        x->f[FEATURE_OPERATOR] = op ? (int16_t) (1 + op - operators) : 0;
        x->f[FEATURE_QUOTE] = c->quote == 0 ? 0 : c->quote == '"' ? 1 : c->quote == '\'' ? 2 : 3;
        x->f[FEATURE_PLACE] = (int16_t) c->place;
        x->f[FEATURE_KIND] = (int16_t) c->kind;
        x->f[FEATURE_FOREIGN] = c->foreign;
        x->f[FEATURE_REST] = c->rest;
        x->f[FEATURE_GAP] = c->start > c->name_end ? clip((long) (c->start - c->name_end)) : -1;
        x->f[FEATURE_NEXT] = sign_of(at(v, next));
        x->f[FEATURE_NEXT_BUT_ONE] = sign_of(at(v, next + 1));
        x->f[FEATURE_AFTER] = clip(
                        (long) (x->line_end - (next < x->line_end ? next : x->line_end)));
        i = next;
        for (int n = 0; n < 6 && i < x->line_end; n++) {
                size_t from = 0, end = judge_next_word(v->text + i, x->line_end - i, &from);

                if (!end)
                        break;
                x->f[FEATURE_AFTER_WORDS]++;
                x->f[FEATURE_AFTER_KNOWN] += judge_is_word(v->text + i + from, end - from);
                i += end;
        }
}

/* One of each kind in a sum of them. */
#define LINE_SIGN (1ULL << 21)
#define LINE_WIDE (1ULL << 42)

/* How many blanks, signs and bytes of wide characters there are. */
static uint64_t sum_line(const char *text, size_t start, size_t end)
{
        static const uint64_t kinds[256] = {
                [' '] = 1,         ['('] = LINE_SIGN,
                [')'] = LINE_SIGN, ['{'] = LINE_SIGN,
                ['}'] = LINE_SIGN, ['['] = LINE_SIGN,
                [']'] = LINE_SIGN, [';'] = LINE_SIGN,
                ['='] = LINE_SIGN, [0x80 ... 0xFF] = LINE_WIDE,
        };
        uint64_t sum = 0;

        for (; start < end; start++)
                sum += kinds[(unsigned char) text[start]];
        return sum;
}

static void measure_line(const Subject *x)
{
        const View *v = x->v;
        const Candidate *c = x->c;
        size_t start = x->line_start, end = x->line_end, low, high, n = 0;
        uint64_t sum;

        while (start < end && is_blank(v->text[start]))
                start++;
        x->f[FEATURE_COLUMN] = c->name_start >= x->line_start
                                               ? clip((long) (c->name_start - x->line_start))
                                               : -1;
        x->f[FEATURE_INDENT] = clip((long) (start - x->line_start));
        x->f[FEATURE_LINE_FIRST] = sign_of(start < end ? v->text[start] : 0);
        x->f[FEATURE_LINE_LENGTH] = clip((long) (end - x->line_start));
        while (end > start && is_any(v->text[end - 1], " \t\r"))
                end--;
        x->f[FEATURE_LINE_LAST] = sign_of(end > start ? v->text[end - 1] : 0);
        low = c->name_start > x->line_start + AROUND_MAX ? c->name_start - AROUND_MAX
                                                         : x->line_start;
        low = low < c->start ? low : c->start;
        high = c->end + AROUND_MAX < x->line_end ? c->end + AROUND_MAX : x->line_end;
        sum = sum_line(v->text, low, c->start < high ? c->start : high) +
              sum_line(v->text, c->end, high);
        x->f[FEATURE_LINE_BLANKS] = clip((long) (sum % LINE_SIGN));
        x->f[FEATURE_LINE_SIGNS] = clip((long) (sum % LINE_WIDE / LINE_SIGN));
        x->f[FEATURE_LINE_WIDE] = sum >= LINE_WIDE;
        for (size_t i = low; i < high && n < 48; n++) {
                size_t from = 0, stop = i < c->start ? c->start : high, word;
                unsigned flags;

                word = judge_next_word(v->text + i, stop - i, &from);
                if (!word) {
                        if (stop == high)
                                break;
                        i = c->end;
                        continue;
                }
                flags = judge_word(v->text + i + from, word - from);
                x->f[FEATURE_LINE_USERS] += (flags & WORD_USER) != 0;
                x->f[FEATURE_LINE_CODE] += (flags & WORD_CODE) != 0;
                x->f[FEATURE_LINE_UI] += (flags & WORD_UI) != 0;
                x->f[FEATURE_LINE_SOURCES] += (flags & WORD_REFERENCE) != 0;
                x->f[FEATURE_LINE_DIGESTS] += (flags & WORD_DIGEST) != 0;
                i += word;
        }
}

/* How many words of @start..@end are of @flag. */
static int16_t count_words(const View *v, size_t start, size_t end, unsigned flag)
{
        size_t i = 0, stop;
        int16_t n = 0;

        while ((stop = judge_next_word(v->text + start, end - start, &i))) {
                n += (judge_word(v->text + start + i, stop - i) & flag) != 0;
                i = stop;
        }
        return n;
}

/* The words before the keyword in its name: those of the dictionary say of what it is, others are mostly an issuer's name. */
static void measure_name_words(const Subject *x)
{
        const char *s = x->v->text + x->c->name_start;
        size_t n = x->c->keyword_start - x->c->name_start, i = 0, end;

        while ((end = judge_next_word(s, n, &i))) {
                if (judge_is_word(s + i, end - i))
                        x->f[FEATURE_NAME_KNOWN]++;
                else if (end - i >= 3)
                        x->f[FEATURE_NAME_UNKNOWN]++;
                i = end;
        }
}

static void measure_name(const Subject *x)
{
        const View *v = x->v;
        const Candidate *c = x->c;
        size_t uppers = 0, lowers = 0, joints = 0, dots = 0;

        for (size_t i = c->name_start; i < c->name_end; i++) {
                uppers += is_upper(v->text[i]);
                lowers += is_lower(v->text[i]);
                joints += v->text[i] == '_' || v->text[i] == '-';
                dots += v->text[i] == '.';
        }
        x->f[FEATURE_NAME_LENGTH] = clip((long) (c->name_end - c->name_start));
        x->f[FEATURE_NAME_UPPER] = uppers > 0 && lowers == 0;
        x->f[FEATURE_NAME_MIXED] = uppers > 0 && lowers > 0;
        x->f[FEATURE_NAME_JOINTS] = clip((long) joints);
        x->f[FEATURE_NAME_DOTS] = clip((long) dots);
        x->f[FEATURE_NAME_QUOTED] = c->name_quoted;
        x->f[FEATURE_NAME_IS_KEYWORD] = c->name_end - c->name_start ==
                                        c->keyword_end - c->keyword_start;
        x->f[FEATURE_NAME_BEFORE] = clip((long) (c->keyword_start - c->name_start));
        x->f[FEATURE_NAME_AFTER] = clip((long) (c->name_end - c->keyword_end));
        x->f[FEATURE_NAME_PRECEDED] = sign_of(before(v, c->name_start));
        x->f[FEATURE_NAME_ASIDE] = count_words(v, c->keyword_end, c->name_end, WORD_AFTER);
        x->f[FEATURE_NAME_OTHER] = count_words(v, c->name_start, c->keyword_start, WORD_BEFORE);
        x->f[FEATURE_NAME_UI] = count_words(v, c->name_start, c->name_end, WORD_UI);
        x->f[FEATURE_NAME_KEYED] = count_words(v, c->name_start, c->keyword_start, WORD_KEYED);
}

void judge_measure(const View *v, const Candidate *c, Measures *ret)
{
        size_t n = c->end - c->start;
        Subject x = { .v = v, .c = c, .s = v->text + c->start, .f = ret->features };

        x.n = n < MEASURED_MAX ? n : MEASURED_MAX;
        x.line_start = reader_line_start(v, c->start < c->name_start ? c->start : c->name_start);
        if (c->form == FORM_COLUMN || c->form == FORM_LINE)
                x.line_start = reader_line_start(v, c->start);
        x.line_end = reader_line_end(v, c->end);
        memset(ret->features, 0, sizeof(ret->features));
        measure_characters(&x);
        measure_runs(&x);
        measure_entropy(&x);
        measure_bigrams(&x);
        measure_dictionary(&x);
        measure_pieces(&x);
        measure_words(&x);
        measure_shape(&x);
        measure_place(&x);
        measure_line(&x);
        measure_name(&x);
        measure_name_words(&x);
}

/* ---- Hashes */

/* What a word is a word of. */
enum {
        OF_NAME_BEFORE = 11,
        OF_NAME_AFTER = 22,
        OF_KEYWORD = 33,
        OF_LEFT = 44,
        OF_RIGHT = 66,
        OF_BETWEEN = 88,
        OF_FORM = 99,
        OF_VALUE = 111
};

static void add_word(Measures *m, const char *s, size_t n, uint32_t of)
{
        uint32_t h = FNV_BASIS + of;

        if (m->n_words == JUDGE_WORDS_MAX || n == 0)
                return;
        for (size_t i = 0; i < n && i < 24; i++)
                h = hash_step(h, to_lower(s[i]));
        m->words[m->n_words++] = hash_finish(h) & ((1U << JUDGE_WORD_BITS) - 1);
}

/* Up to @max words of @start..@end, the first of them and those after it told apart. */
static void add_words(Measures *m, const View *v, size_t start, size_t end, size_t max, uint32_t of)
{
        size_t i = 0, stop;

        if (end > v->size)
                end = v->size;
        for (size_t n = 0;
             n < max && start < end && (stop = judge_next_word(v->text + start, end - start, &i));
             n++) {
                add_word(m, v->text + start + i, stop - i, of + (n > 0));
                i = stop;
        }
}

/* The last three words before @i in its line. */
static void add_words_before(Measures *m, const View *v, size_t i)
{
        for (size_t n = 0; n < 3; n++) {
                size_t end, low = i > 40 ? i - 40 : 0;

                while (i > low && v->text[i - 1] != '\n' && !is_letter(v->text[i - 1]) &&
                       !is_wide(v->text[i - 1]))
                        i--;
                end = i;
                if (i > 0 && is_wide(v->text[i - 1]))
                        while (i > low && end - i < 6 && is_wide(v->text[i - 1]))
                                i--;
                else
                        while (i > low && is_letter(v->text[i - 1]))
                                i--;
                if (end == i)
                        break;
                add_word(m, v->text + i, end - i, OF_LEFT + (n > 0));
        }
}

static void add_ngrams(const char *s, size_t n, Measures *m)
{
        char b[NGRAM_BYTES + 2];
        size_t size = 0;

        b[size++] = 1;
        for (size_t i = 0; i < n && i < NGRAM_BYTES; i++)
                b[size++] = is_digit(s[i]) && s[i] != '0' ? '1' : s[i];
        b[size++] = 2;
        for (size_t i = 0; i < size; i++)
                for (size_t g = 1; g <= 4 && i + g <= size; g++)
                        m->values[m->n_values++] = judge_hash(b + i, g, (uint32_t) g) &
                                                   ((1U << JUDGE_VALUE_BITS) - 1);
}

void judge_measure_hashes(const View *v, const Candidate *c, Measures *ret)
{
        const char form[2] = { (char) ('A' + c->form), c->operator};
        const char kind[2] = { (char) ('A' + c->form), (char) ('A' + c->kind) };
        size_t n = c->end - c->start;

        ret->n_values = ret->n_words = 0;
        add_ngrams(v->text + c->start, n, ret);
        add_words(ret, v, c->name_start, c->keyword_start, 6, OF_NAME_BEFORE);
        add_words(ret, v, c->keyword_start, c->keyword_end, 2, OF_KEYWORD);
        add_words(ret, v, c->keyword_end, c->name_end, 4, OF_NAME_AFTER);
        add_words_before(ret, v, c->name_start);
        add_words(ret, v, c->end, reader_line_end(v, c->end), 3, OF_RIGHT);
        if (c->start > c->name_end && c->form != FORM_COLUMN)
                add_words(ret, v, c->name_end, c->start, 5, OF_BETWEEN);
        add_word(ret, form, 2, OF_FORM);
        add_word(ret, kind, 2, OF_FORM + 1);
        if (n < 24)
                add_word(ret, v->text + c->start, n, OF_VALUE);
}
