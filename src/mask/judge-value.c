/* Judge: values and where they end */
#include "mask/guard.h"
#include "mask/judge-data.h"
#include "mask/judge-reader.h"

size_t reader_skip_blanks(const View *v, size_t i)
{
        size_t limit = i + BLANKS_MAX;

        while (i < limit && is_blank(at(v, i)))
                i++;
        return i;
}

size_t reader_skip_space(const View *v, size_t i)
{
        size_t limit = i + 2 * BLANKS_MAX;

        while (i < limit && (is_blank(at(v, i)) || at(v, i) == '\n' || at(v, i) == '\r'))
                i++;
        return i;
}

/* How deep the line break at @i is escaped: that of a string in a string is, and the string's quotes end its lines. */
static size_t break_depth(const View *v, size_t i)
{
        return v->map.n > 0 && at(v, i) == '\n' ? view_escape_depth(v, i) : 0;
}

size_t reader_line_start(const View *v, size_t i)
{
        size_t low = i > LINE_MAX ? i - LINE_MAX : 0, start = i, depth;

        while (start > low && v->text[start - 1] != '\n')
                start--;
        depth = start > 0 ? break_depth(v, start - 1) : 0;
        if (v->map.n == 0 || depth > 0)
                return start;
        /* The first line of a string. */
        for (size_t p = i; p < i + LINE_MAX && p < v->size; p++)
                if (v->text[p] == '\n') {
                        depth = break_depth(v, p);
                        break;
                }
        for (size_t p = i; depth > 0 && p > start; p--)
                if (v->text[p - 1] == '"' && view_escape_depth(v, p - 1) < depth)
                        return p;
        return start;
}

size_t reader_line_end(const View *v, size_t i)
{
        size_t limit = i + LINE_MAX < v->size ? i + LINE_MAX : v->size, end, depth = 0;
        const char *p = i < limit ? memchr(v->text + i, '\n', limit - i) : NULL;

        end = p ? (size_t) (p - v->text) : i < limit ? limit : v->size;
        if (v->map.n == 0 || break_depth(v, end) > 0)
                return end;
        /* The last line of a string. */
        for (size_t k = i; depth == 0 && k > 0 && i - k < LINE_MAX; k--)
                if (v->text[k - 1] == '\n') {
                        depth = break_depth(v, k - 1);
                        break;
                }
        for (size_t k = i; depth > 0 && k < end; k++)
                if (v->text[k] == '"' && view_escape_depth(v, k) < depth)
                        return k;
        return end;
}

size_t reader_rest_of_word(const View *v, size_t i, const char *rest)
{
        for (; *rest; rest++, i++)
                if (to_lower(at(v, i)) != *rest)
                        return 0;
        return i;
}

size_t judge_quoted_end(const View *v, size_t i)
{
        char quote = v->text[i - 1];
        size_t limit = v->size - i > QUOTED_MAX ? i + QUOTED_MAX : v->size;
        size_t depth = v->map.n > 0 ? view_escape_depth(v, i - 1) : 0;

        for (; i < limit && v->text[i] != '\n'; i++) {
                size_t here;

                if (v->text[i] != quote && v->text[i] != '"')
                        continue;
                here = v->map.n > 0 ? view_escape_depth(v, i) : 0;
                /* A quote that is escaped more is a part of the value; one that is escaped less ends all of it. */
                if (here < depth || (here == depth && v->text[i] == quote))
                        return i;
        }
        return 0;
}

/* The quotes of printers; the first of each pair opens. */
static const char *const printed[][2] = {
        { "\xE2\x80\x9C", "\xE2\x80\x9D" }, { "\xE2\x80\x9E", "\xE2\x80\x9C" },
        { "\xE2\x80\x9E", "\xE2\x80\x9D" }, { "\xE2\x80\x98", "\xE2\x80\x99" },
        { "\xC2\xAB", "\xC2\xBB" },         { "\xE3\x80\x8C", "\xE3\x80\x8D" },
        { "\xE3\x80\x8E", "\xE3\x80\x8F" },
};

#define PRINTED_MAX 200

size_t reader_open_quote(const View *v, size_t i)
{
        if (is_quote(at(v, i)))
                return i + 1;
        for (size_t k = 0; is_wide(at(v, i)) && k < ELEMENTSOF(printed); k++)
                if (reader_word_at(v, i, printed[k][0]))
                        return i + strlen(printed[k][0]);
        return 0;
}

/* The end of a string that printers' quotes enclose and that begins at @i, the first one open at @open. */
static size_t printed_end(const View *v, size_t open, size_t i)
{
        for (size_t p = i; p < i + PRINTED_MAX && at(v, p) && at(v, p) != '\n'; p++)
                for (size_t k = 0; is_wide(at(v, p)) && k < ELEMENTSOF(printed); k++)
                        if (reader_word_at(v, open, printed[k][0]) &&
                            reader_word_at(v, p, printed[k][1]))
                                return p;
        return 0;
}

/* No word of the dictionary is longer. */
#define DICTIONARY_MAX 12

static bool ends_with_any(const char *s, size_t n, const char *const *endings)
{
        for (; *endings; endings++) {
                size_t size = strlen(*endings);

                if (n >= size + 4 && memcmp(s + n - size, *endings, size) == 0)
                        return true;
        }
        return false;
}

/* Does it end as words do that are made of others: "memorized"? Of shorter nouns (-ation, -ment) people make passwords, and where a
 * sentence says the value of longer ones, too. */
static bool is_derived_word(const char *s, size_t n, bool said)
{
        static const char *const others[] = { "ally",  "izable", "ized",   "izes",
                                              "izing", "ously",  "lessly", NULL };
        static const char *const nouns[] = { "ability", "ation", "ibility", "ition", "ment", NULL };

        return (ends_with_any(s, n, others) ||
                (!said && n > DICTIONARY_MAX && ends_with_any(s, n, nouns))) &&
               text_is_name(s, n);
}

/* A word of the dictionary in a sentence is a word ("the password is required"): as a password it is told from none. */
static bool is_plain_word(const View *v, JudgeForm form, size_t start, size_t end)
{
        const char *s = v->text + start;
        size_t n = end - start;

        if (form != FORM_WORD && form != FORM_COPULA && form != FORM_REVERSE && form != FORM_GAP &&
            form != FORM_LINE)
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_lower(s[i]) && (i > 0 || !is_upper(s[0])))
                        return false;
        return judge_is_word(s, n) || is_derived_word(s, n, form != FORM_WORD || is_upper(s[0]));
}

#define HEADING_MAX 40

/* Where what may be base64 before @i begins. */
static size_t base64_start(const View *v, size_t i)
{
        size_t low = i > LINE_MAX ? i - LINE_MAX : 0;

        while (i > low && (is_letter(v->text[i - 1]) || is_digit(v->text[i - 1]) ||
                           is_any(v->text[i - 1], "+/")))
                i--;
        return i;
}

/* "@memberof x": what comments of code say of a name */
static bool is_doc_tag(const View *v, size_t i)
{
        if (i < 2 || at(v, i) != '@' || memcmp(v->text + i - 2, "* ", 2) != 0)
                return false;
        while (is_lower(at(v, ++i)))
                ;
        return is_blank(at(v, i));
}

/* PIN_NAME = "reset_pin", and below it at @i "other = ...": two statements. Below "password" alone a string is it. */
static bool is_between_statements(const View *v, const Candidate *c, size_t i)
{
        bool is_set = c->name_start > 4 && memcmp(v->text + c->name_start - 4, " = ", 3) == 0;

        if (!c->name_quoted)
                return false;
        while (is_name(at(v, i)))
                i++;
        return i < v->size && v->size - i > 3 && memcmp(v->text + i, " = ", 3) == 0 &&
               (is_set || !is_quote(v->text[i + 3]));
}

/* What stands alone in a line above a value is short, or made of words: not base64 that ends with "KEY". And it does not begin as the
 * value: "nom.pw" above "nom.qa" are a list. */
static bool is_no_heading(const View *v, const Candidate *c, size_t start)
{
        size_t n = c->name_end - c->name_start, lead = c->keyword_start - c->name_start;
        size_t word = base64_start(v, c->name_start);

        return (n > HEADING_MAX && !text_is_words(v->text + c->name_start, n)) ||
               (c->name_end - word > HEADING_MAX && v->text[word] != '/' &&
                !text_is_words(v->text + word, c->name_end - word)) ||
               is_between_statements(v, c, start) || is_doc_tag(v, start) ||
               (lead > 1 && v->size - start > lead &&
                memcmp(v->text + c->name_start, v->text + start, lead) == 0);
}

void reader_emit(Reader *r, JudgeForm form, char operator, size_t start, size_t end, char quote)
{
        const View *v = r->v;
        Candidate *c = &r->c;

        while (start < end &&
               (is_blank(v->text[start]) || v->text[start] == '\n' || v->text[start] == '\r'))
                start++;
        while (end > start &&
               (is_blank(v->text[end - 1]) || v->text[end - 1] == '\n' || v->text[end - 1] == '\r'))
                end--;
        if (r->result < 0 || end < start + JUDGE_VALUE_MIN ||
            (!quote && (is_plain_word(v, form, start, end) ||
                        (form == FORM_LINE && is_no_heading(v, c, start)))) ||
            (start < c->name_end && end > c->name_start))
                return;
        c->start = start;
        c->end = end;
        c->form = form;
        c->operator= operator;
        c->quote = quote;
        r->result = r->func(r->userdata, c);
}

/* The end of the name of a tag of HTML at @i that only says how a text looks; 0: it is none. */
static size_t looks_end(const View *v, size_t i)
{
        static const char *const looks[] = { "b", "strong", "code", "em", "span", "tt", "kbd" };

        for (size_t k = 0; k < ELEMENTSOF(looks); k++) {
                size_t end = reader_word_at(v, i, looks[k]);

                if (end && is_any(at(v, end), "> "))
                        return end;
        }
        return 0;
}

/* Jumps over a few such tags: "<b>", "</strong> <code class=x>". */
static size_t skip_looks(const View *v, size_t i)
{
        for (int n = 0; n < 4 && at(v, i) == '<'; n++) {
                size_t end = looks_end(v, i + 1 + (at(v, i + 1) == '/')), limit = end + BLANKS_MAX;

                while (end > 0 && end < limit && at(v, end) && at(v, end) != '>')
                        end++;
                if (end == 0 || at(v, end) != '>')
                        break;
                i = reader_skip_blanks(v, end + 1);
        }
        return i;
}

/* Jumps over what may stand before a value: YAML's tags and anchors, schemes such as "Bearer". */
static size_t skip_tags(const View *v, size_t i)
{
        static const char *const schemes[] = { "bearer ", "basic ", "token ", "apikey ",
                                               "convertto-securestring " };

        i = skip_looks(v, i);
        for (int n = 0; n < 2 && (at(v, i) == '!' || at(v, i) == '&') &&
                        (is_letter(at(v, i + 1)) || at(v, i + 1) == '!');
             n++) {
                size_t p = i + 1;

                while (p < i + BLANKS_MAX && (is_name(at(v, p)) || at(v, p) == '!'))
                        p++;
                if (!is_blank(at(v, p)))
                        break;
                i = reader_skip_blanks(v, p);
        }
        for (size_t k = 0; k < ELEMENTSOF(schemes); k++) {
                size_t end = reader_word_at(v, i, schemes[k]);

                if (end)
                        return reader_skip_blanks(v, end);
        }
        return i;
}

/* Does the bracket at @p stand after a name that takes a key: "headers[", "headers.get("? */
static bool takes_key(const View *v, size_t start, size_t p)
{
        if (p == start || !is_name(v->text[p - 1]))
                return false;
        return at(v, p) == '[' ||
               (at(v, p) == '(' && p - start > 4 && reader_word_at(v, p - 4, ".get"));
}

/* headers["name"], headers.get("name"): words there are a key, and not the value. Returns where that ends; 0: it is none. */
static size_t map_key_end(const View *v, size_t start, size_t p)
{
        size_t end;

        if (!takes_key(v, start, p) || !is_quote(at(v, p + 1)))
                return 0;
        end = judge_quoted_end(v, p + 2);
        return end > 0 && text_is_words(v->text + p + 2, end - p - 2) &&
                                               text_is_phrase(v->text + p + 2, end - p - 2)
                               ? end
                               : 0;
}

/* The quote that opens a string within calls and brackets, as in Some("x"), new X("x"), ["x"], string(1) "x"; or @i. */
static size_t skip_wrapping(const View *v, size_t i)
{
        size_t p = i, key;

        if (is_any(at(v, p), "bBrRfFuULc@$") && is_quote(at(v, p + 1)))
                return p + 1;
        for (int level = 0; level < 3; level++) {
                size_t limit = p + BLANKS_MAX;

                while (p < limit && (is_name(at(v, p)) || is_any(at(v, p), ".:& !")))
                        p++;
                if (!is_any(at(v, p), "([{"))
                        return i;
                key = map_key_end(v, i, p);
                if (key > 0) { /* get("name", "value where there is none") */
                        p = at(v, key + 1) == ',' ? reader_skip_space(v, key + 2) : i;
                        return is_quote(at(v, p)) ? p : i;
                }
                p = reader_skip_space(v, p + 1);
                if (v->text[p - 1] == '[' &&
                    at(v, p) == ']') { /* []byte("x"), and nothing within that */
                        level = 1;
                        p++;
                }
                if (is_quote(at(v, p)))
                        return p;
                if (is_digit(at(v, p))) {
                        while (is_digit(at(v, p)))
                                p++;
                        p = at(v, p) == ')' ? reader_skip_blanks(v, p + 1) : p;
                        return is_quote(at(v, p)) ? p : i;
                }
        }
        return i;
}

/* Does a list, a query or a form go on at @i with another name and its value (",x=", "&x=", ";x:")? */
static bool goes_on(const View *v, size_t i)
{
        size_t p = reader_skip_blanks(v, i + 1), start;

        if (is_quote(at(v, p)))
                p++;
        start = p;
        while (p < start + BLANKS_MAX && (is_name(at(v, p)) || at(v, p) == '.'))
                p++;
        return p > start && is_any(at(v, p), "=:");
}

static bool is_word_part(char c)
{
        return is_letter(c) || is_digit(c);
}

/* Is the quote at @i within a word, neither at its end nor that of the string which the name begins? */
static bool is_within_word(const Reader *r, size_t i, unsigned how)
{
        return before(r->v, r->c.name_start) != r->v->text[i] && is_word_part(at(r->v, i + 1)) &&
               (how & VALUE_WORD || (is_word_part(before(r->v, i)) && !r->c.name_quoted));
}

/* Where a number of JSON ends that begins at @i. */
static size_t number_end(const View *v, size_t i)
{
        while (is_digit(at(v, i)) || is_any(at(v, i), "+-.eE"))
                i++;
        return i;
}

static size_t bare_end(const Reader *r, size_t i, unsigned how)
{
        const View *v = r->v;
        size_t start = i, limit = v->size - i > VALUE_MAX ? i + VALUE_MAX : v->size;
        size_t number = r->c.name_quoted ? number_end(v, i) : i;
        bool query = is_any(before(v, r->c.name_start), "?&") && r->c.operator== '=';
        bool user = r->c.name_start > 2 && memcmp(v->text + r->c.name_start - 3, "://", 3) == 0;

        for (; i < limit && (unsigned char) v->text[i] > ' ' && v->text[i] != 0x7F; i++) {
                char c = v->text[i];

                if (is_letter(c) || is_digit(c))
                        continue;
                if (is_quote(c) && !(i > start && is_within_word(r, i, how)))
                        break;
                /* {"pin": 1234},5: what is after the object is none of it. */
                if (i > start && i == number && is_any(c, "}]"))
                        break;
                if ((c == '<' && (at(v, i + 1) == '/' || is_letter(at(v, i + 1)))) ||
                    (query && is_any(c, "&#")) || (user && c == '@'))
                        break;
                /* Full-width punctuation and printers' quotes; in a sentence without blanks, any such character. */
                if (is_wide(c) &&
                    (r->cjk ? is_cjk(c)
                            : reader_word_at(v, i, "\xEF\xBC") || reader_word_at(v, i, "\xE3\x80")))
                        break;
                if (is_wide(c) &&
                    (reader_word_at(v, i, "\xE2\x80\x9C") || reader_word_at(v, i, "\xE2\x80\x9D")))
                        break;
                if (i > start && is_any(c, ",;&|") && goes_on(v, i))
                        break;
        }
        return i;
}

static bool is_unopened(const View *v, size_t start, size_t i)
{
        char close = v->text[i], open = close == ')' ? '(' : close == ']' ? '[' : '{';
        int depth = 0;

        for (; start <= i; start++) {
                depth += v->text[start] == open;
                depth -= v->text[start] == close;
        }
        return depth < 0;
}

/* What ends a list, a call or a sentence is not the value's. */
static size_t trim_end(const View *v, size_t start, size_t end, unsigned how)
{
        while (end > start) {
                char c = v->text[end - 1];

                if (!is_any(c, ",;\\") && !(how & VALUE_SENTENCE && is_any(c, ".:*?")) &&
                    !(is_any(c, ")]}") && end - start < LINE_MAX && is_unopened(v, start, end - 1)))
                        break;
                end--;
        }
        return end;
}

/* A string in quotes at @i. Returns where it ends, or 0: there is none. */
static size_t read_string(Reader *r, size_t i, JudgeForm form, char operator)
{
        const View *v = r->v;
        size_t start = reader_open_quote(v, i), end;
        char quote = at(v, i);

        if (!start)
                return 0;
        if (!is_quote(quote)) {
                end = printed_end(v, i, start);
                quote = '"';
        } else if (at(v, i + 1) == quote && at(v, i + 2) == quote) {
                const char *close;

                start = i + 3;
                end = v->size - start > TEXT_MAX ? start + TEXT_MAX : v->size;
                close = start < end ? memmem(v->text + start, end - start, v->text + i, 3) : NULL;
                end = close ? (size_t) (close - v->text) : 0;
        } else {
                end = judge_quoted_end(v, start);
        }
        if (end)
                reader_emit(r, form, operator, start, end, quote);
        return end;
}

/* The last string of a call may be the value, also after two others: set_password("service", "user", "value"). One that another
 * follows is rather one of a list. */
#define CALL_STRINGS_MAX 3

/* The strings of a call after the first, from @i on. */
static void read_further(Reader *r, size_t i)
{
        const View *v = r->v;

        /* password("a", "b", "c") is rather what makes a field of that name */
        unsigned max = r->c.name_start < r->c.keyword_start ? CALL_STRINGS_MAX : 2;

        for (unsigned n = 1; n < max && is_quote(at(v, i)); n++) {
                size_t end = judge_quoted_end(v, i + 1);
                size_t next = end > 0 && at(v, end + 1) == ',' ? reader_skip_space(v, end + 2) : 0;

                r->c.listed = next > 0 && is_quote(at(v, next));
                (void) read_string(r, i, FORM_ARGUMENT, ',');
                if (!r->c.listed)
                        break;
                i = next;
        }
        r->c.listed = false;
}

/* Emphasis round the value: "**x", "__x__". A token may begin with "__". */
static bool is_emphasis(const View *v, size_t i)
{
        size_t end = i + 2;

        if (!is_any(at(v, i), "*_") || at(v, i + 1) != at(v, i))
                return false;
        if (v->text[i] == '*')
                return true;
        while (end < v->size && end - i < JUDGE_VALUE_MAX && !is_blank(v->text[end]) &&
               v->text[end] != '\n')
                end++;
        while (end > i + 2 && is_any(v->text[end - 1], ".,;:!?)|"))
                end--;
        return end > i + 4 && v->text[end - 1] == '_' && v->text[end - 2] == '_';
}

/* {"name": ...}: is the string that begins at @i the name of a member? */
static bool is_member_name(const View *v, size_t i)
{
        size_t end = judge_quoted_end(v, i);

        return end > 0 && at(v, reader_skip_blanks(v, end + 1)) == ':';
}

bool reader_value(Reader *r, size_t i, JudgeForm form, char operator, unsigned how)
{
        const View *v = r->v;
        size_t start = skip_tags(v, i), quote = skip_wrapping(v, start), end;

        if (start >= v->size)
                return false;
        /* Tokens may be members' names; pins of boards are what these name. */
        if (r->c.kind == KIND_PIN && to_lower(at(v, r->c.keyword_end)) == 's' && quote > start &&
            is_member_name(v, quote + 1))
                return true;
        while (is_emphasis(v, quote))
                quote += 2;
        end = read_string(r, quote, form, operator);
        if (end) {
                /* ("user", "value") */
                size_t next = at(v, end + 1) == ',' ? reader_skip_space(v, end + 2) : 0;

                if (next && is_quote(at(v, next)) &&
                    (form == FORM_CALL || (form == FORM_OPERATOR && quote > start)))
                        read_further(r, next);
                /* "old" -> "new" */
                next = reader_word_at(v, reader_skip_blanks(v, end + 1), "->");
                next = next ? reader_skip_blanks(v, next) : 0;
                if (next && is_quote(at(v, next)))
                        (void) read_string(r, next, form, operator);
                return true;
        }
        if (how & VALUE_QUOTED)
                return false;
        /* A string that is cut off. */
        start = quote > start && is_any(at(v, start), "*_") ? quote : start;
        start += is_quote(at(v, start));
        end = bare_end(r, start, how);
        if (!(how & VALUE_WORD))
                end = trim_end(v, start, end, how);
        reader_emit(r, form, operator, start, end, 0);
        return end > start;
}

bool reader_is_entry(const View *v, size_t i, size_t end)
{
        if (i < end && is_quote(v->text[i]))
                i++;
        while (i < end && (is_name(v->text[i]) || v->text[i] == '.'))
                i++;
        if (i < end && is_quote(v->text[i]))
                i++;
        return i + 1 < end && is_any(v->text[i], ":=");
}

void reader_rest(Reader *r, size_t i, JudgeForm form, char operator)
{
        const View *v = r->v;
        size_t end = reader_line_end(v, i), p;

        if (i >= v->size || is_quote(v->text[i]))
                return;
        for (p = i; p < end; p++)
                if ((is_blank(v->text[p]) && at(v, p + 1) == '#') ||
                    (r->c.place == PLACE_STRING && v->text[p] == before(v, r->c.name_start)))
                        break;
        while (p > i && (is_blank(v->text[p - 1]) || v->text[p - 1] == '\r'))
                p--;
        if (!memchr(v->text + i, ' ', p - i))
                return;
        r->c.rest = true;
        reader_emit(r, form, operator, i, p, 0);
        r->c.rest = false;
}
