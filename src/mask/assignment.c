/* Assignments: keyword, operator, value */
#include "mask/assignment.h"

#include <string.h>

#define NAME_MAX_BEFORE 64
#define NAME_MAX_AFTER  48
#define SPACE_MAX       24
#define VALUE_MAX       4096
#define CALL_NAME_MAX   32

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
        return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
        return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
        return is_upper(c) || is_lower(c);
}

static bool is_name(char c)
{
        return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

static bool is_quote(char c)
{
        return c == '"' || c == '\'' || c == '`';
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static bool is_any(char c, const char *set)
{
        return c && strchr(set, c);
}

static char at(const View *v, size_t i)
{
        return i < v->size ? v->text[i] : 0;
}

static size_t skip_blanks(const View *v, size_t i)
{
        size_t limit = i + SPACE_MAX;

        while (i < limit && is_blank(at(v, i)))
                i++;
        return i;
}

/* White space and line breaks. */
static size_t skip_space(const View *v, size_t i)
{
        size_t limit = i + 2 * SPACE_MAX;

        while (i < limit && (is_blank(at(v, i)) || at(v, i) == '\n' || at(v, i) == '\r'))
                i++;
        return i;
}

/* Is the keyword a word of its own in the name, not a part of one ("tokenizer", "compass", "author")? */
static bool is_own_word(const View *v, size_t start, size_t end)
{
        char first = v->text[start], last = v->text[end - 1];
        char before = start > 0 ? v->text[start - 1] : 0, after = at(v, end);

        if (after == 's' && is_lower(last))
                after = at(v, end + 1);
        if ((is_lower(after) && is_letter(last)) || (is_upper(after) && is_upper(last)))
                return false;
        if (!is_letter(before) || (is_lower(before) && is_upper(first)))
                return true;
        /* "dbpassword", "authtoken": long keywords are clear also behind other letters. */
        return end - start >= 5;
}

static void read_name(const View *v, Assignment *a)
{
        size_t low = a->keyword_start > NAME_MAX_BEFORE ? a->keyword_start - NAME_MAX_BEFORE : 0;
        size_t high = a->keyword_end + NAME_MAX_AFTER, i;

        for (i = a->keyword_start; i > low && (is_name(v->text[i - 1]) || v->text[i - 1] == '.');
             i--)
                ;
        a->name_start = i;
        for (i = a->keyword_end; i < high; i++)
                if (!is_name(at(v, i)) && !(at(v, i) == '.' && is_letter(at(v, i + 1))))
                        break;
        while (i > a->keyword_end && v->text[i - 1] == '-')
                i--;
        a->name_end = i;
}

/* Does @name stand at @i, as a word? Returns the position behind it, or 0. */
static size_t word_at(const View *v, size_t i, const char *name)
{
        size_t n = strlen(name);

        if (i + n > v->size || memcmp(v->text + i, name, n) != 0 || is_name(at(v, i + n)))
                return 0;
        return i + n;
}

/* Jumps over a type between name and operator ("var x string = ...", "x: str = ..."). */
static size_t skip_type(const View *v, size_t i)
{
        size_t p = i, limit = i + SPACE_MAX;

        while (p < limit && (is_name(at(v, p)) || is_any(at(v, p), "&<>[]?*.'")))
                p++;
        if (p == i)
                return i;
        p = skip_blanks(v, p);
        if ((at(v, p) == '=' && !is_any(at(v, p + 1), "=~>")) ||
            (at(v, p) == ':' && at(v, p + 1) == '='))
                return p;
        return i;
}

/* "value": in {"name": "DB_PASSWORD", "value": "..."}, <add key="..." value="...">. Returns where its operator is. */
static size_t skip_value_member(const View *v, size_t i)
{
        size_t p = i, end;

        if (at(v, p) == ',')
                p++;
        p = skip_space(v, p);
        if (is_quote(at(v, p)))
                p++;
        end = word_at(v, p, "value") ?: word_at(v, p, "Value");
        if (!end)
                return 0;
        if (is_quote(at(v, end)))
                end++;
        end = skip_blanks(v, end);
        return is_any(at(v, end), ":=") ? end : 0;
}

/* Reads "=", ":", ":=", "=>", "?=", "||", "::=" and their like. Returns the position behind it, or 0. */
static size_t read_operator(const View *v, size_t i, bool *ret_compares)
{
        size_t p = i, equals = 0, colons = 0, pipes = 0;

        for (; p < i + 5 && is_any(at(v, p), "=:|?.+~!>"); p++) {
                equals += at(v, p) == '=';
                colons += at(v, p) == ':';
                pipes += at(v, p) == '|' || at(v, p) == '?';
                if (at(v, p) == '>' && (p == i || (v->text[p - 1] != '=' && v->text[p - 1] != '-')))
                        break;
        }
        if (p == i)
                return 0;
        *ret_compares = equals >= 2 && !colons;
        if (at(v, i) == '!' || at(v, i) == '~')
                *ret_compares = equals > 0;
        if (equals > 0)
                return p;
        /* A colon alone, not "std::string"; a default: token || "..." */
        if (colons == 1 && pipes <= 1)
                return p;
        return pipes == 2 && p == i + 2 ? p : 0;
}

/* Is the name an XML element's, opened just before the value? */
static bool is_element(const View *v, const Assignment *a)
{
        size_t i = a->name_start;

        while (i > 0 && a->name_start - i < 16 &&
               (is_name(v->text[i - 1]) || v->text[i - 1] == ':'))
                i--;
        return i > 0 && v->text[i - 1] == '<' && at(v, a->name_end) == '>';
}

/* Is the name an option, as in "--password x"? */
static bool is_option(const View *v, const Assignment *a)
{
        return at(v, a->name_start) == '-' && is_blank(at(v, a->name_end)) &&
               (a->name_start == 0 || is_blank(v->text[a->name_start - 1]) ||
                is_any(v->text[a->name_start - 1], "\n\"'`[,("));
}

/* From the end of the name to where the value begins. Returns 0: no operator that is known. */
static size_t find_value(const View *v, Assignment *a)
{
        size_t i = a->name_end, p, typed;
        bool key_quoted = false, compares = false;

        if (is_element(v, a))
                return skip_space(v, i + 1);
        if (is_option(v, a))
                return skip_blanks(v, i);
        if (at(v, i) == '(') {
                a->call = true;
                return skip_space(v, i + 1);
        }
        for (; is_quote(at(v, i)) || is_any(at(v, i), "])"); i++)
                key_quoted |= is_quote(at(v, i));
        i = skip_blanks(v, i);
        if (key_quoted || at(v, i) == '\n') {
                p = skip_value_member(v, i);
                if (p)
                        i = p;
                else if (key_quoted && at(v, i) == ',') {
                        a->call = true;
                        return skip_space(v, i + 1);
                }
        }
        typed = skip_type(v, i);
        p = read_operator(v, typed, &compares);
        if (!p)
                return 0;
        a->call = compares;
        a->line = at(v, a->name_end) == '=' && !is_blank(at(v, p)) && !compares;
        i = skip_blanks(v, p);
        if (v->text[p - 1] == ':') {
                typed = skip_type(v, i);
                if (typed != i) {
                        p = read_operator(v, typed, &compares);
                        i = p ? skip_blanks(v, p) : i;
                } else if (key_quoted) {
                        i = skip_space(v, i);
                }
        }
        return i;
}

/* Jumps over what may stand before a quote: b"...", @"...", SecretStr("...", ["...", new X("..." */
static size_t skip_string_prefix(const View *v, Assignment *a, size_t i)
{
        size_t p = i;

        if (is_any(at(v, p), "bBrRfFuULc@$") && is_quote(at(v, p + 1)))
                return p + 1;
        while (p < i + CALL_NAME_MAX && (is_name(at(v, p)) || is_any(at(v, p), ".: ")))
                p++;
        if (is_any(at(v, p), "([{")) {
                p = skip_blanks(v, p + 1);
                if (is_quote(at(v, p))) {
                        a->call = true;
                        return p;
                }
        }
        return i;
}

size_t assignment_quoted_end(const View *v, size_t i)
{
        char quote = v->text[i - 1];
        size_t limit = i + VALUE_MAX < v->size ? i + VALUE_MAX : v->size;
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

/* A name at the start of a line, or behind "export" and its like: the value goes to the next white space. */
static bool starts_line(const View *v, const Assignment *a)
{
        static const char *const words[] = { "export ", "ENV ", "set ",  "setenv ",
                                             "env ",    "-e ",  "--env " };
        size_t i = a->name_start, low;

        for (size_t k = 0; k < ELEMENTSOF(words); k++) {
                size_t n = strlen(words[k]);

                if (i >= n && memcmp(v->text + i - n, words[k], n) == 0)
                        return true;
        }
        /* Behind a diff sign, or a line number and its separator ("12\t", "12:", "12→"). */
        low = i > SPACE_MAX ? i - SPACE_MAX : 0;
        while (i > low && (is_blank(v->text[i - 1]) || is_any(v->text[i - 1], "+-:|") ||
                           is_digit(v->text[i - 1]) || (unsigned char) v->text[i - 1] >= 0x80))
                i--;
        return i == 0 || v->text[i - 1] == '\n' || is_quote(v->text[i - 1]);
}

static size_t bare_end(const View *v, const Assignment *a, size_t i)
{
        const char *stops = a->line ? "\"`<" : "\"'`,;&|<>()[]{}";
        size_t start = i, limit = i + VALUE_MAX;

        while (i < limit && i < v->size && (unsigned char) v->text[i] > ' ' && v->text[i] != 0x7F &&
               !is_any(v->text[i], stops))
                i++;
        /* The end of a sentence or of a list is not the value's. */
        while (i > start && is_any(v->text[i - 1], ",;.:)]}>'\\"))
                i--;
        return i;
}

/* "Bearer x": the scheme is no secret. */
static size_t skip_scheme(const View *v, size_t i)
{
        static const char *const names[] = { "Bearer", "bearer", "Basic", "basic",
                                             "Token",  "token",  "ApiKey" };

        for (size_t k = 0; k < ELEMENTSOF(names); k++) {
                size_t end = word_at(v, i, names[k]);

                if (end && at(v, end) == ' ')
                        return skip_blanks(v, end);
        }
        return i;
}

int assignment_find(const View *v, size_t start, size_t end, Assignment *ret)
{
        Assignment a = { .keyword_start = start, .keyword_end = end };
        size_t i;

        if (!is_own_word(v, start, end))
                return 0;
        read_name(v, &a);
        i = find_value(v, &a);
        if (i == 0)
                return 0;
        i = skip_string_prefix(v, &a, i);
        a.quoted = is_quote(at(v, i));
        if (a.quoted) {
                while (at(v, i) == at(v, i + 1) && at(v, i + 1) == at(v, i + 2))
                        i++; /* """...""" */
                i++;
                a.end = i < v->size ? assignment_quoted_end(v, i) : 0;
                a.quoted = a.end > 0;
        } else if (a.call) {
                return 0;
        }
        if (!a.quoted) {
                a.line = a.line && starts_line(v, &a);
                a.start = skip_scheme(v, i);
                a.end = bare_end(v, &a, a.start);
        } else {
                a.start = skip_scheme(v, i);
        }
        if (a.start >= a.end)
                return 0;
        *ret = a;
        return 1;
}
