/* TOML, read into json-c objects */
#include "ctl/toml.h"

#include <string.h>

#include "base/strbuf.h"
#include "ctl/json-out.h"

#define DEPTH_MAX 32

typedef struct Toml {
        const char *p, *end;
        size_t line;
        int depth;
        struct json_object *root, *table; /* @table: what key = value goes into */
        char **reterr;
} Toml;

static int read_value(Toml *t, struct json_object **ret);

static int fail(Toml *t, const char *what)
{
        format_error(t->reterr, "line %zu: %s", t->line, what);
        return -EINVAL;
}

static char peek(const Toml *t, size_t ahead)
{
        return (size_t) (t->end - t->p) > ahead ? t->p[ahead] : 0;
}

static bool is_next(const Toml *t, const char *s)
{
        return (size_t) (t->end - t->p) >= strlen(s) && memcmp(t->p, s, strlen(s)) == 0;
}

static void skip_blanks(Toml *t)
{
        while (peek(t, 0) == ' ' || peek(t, 0) == '\t')
                t->p++;
}

/* Blanks, line breaks and comments. */
static void skip_space(Toml *t)
{
        for (;;) {
                skip_blanks(t);
                if (peek(t, 0) == '#')
                        while (t->p < t->end && *t->p != '\n')
                                t->p++;
                if (peek(t, 0) == '\n')
                        t->line++;
                else if (peek(t, 0) != '\r')
                        return;
                t->p++;
        }
}

static int put_code_point(StrBuf *b, unsigned long c)
{
        if (c < 0x80)
                return strbuf_putc(b, (char) c);
        if (c < 0x800)
                return strbuf_printf(b, "%c%c", (int) (0xC0 | c >> 6), (int) (0x80 | (c & 0x3F)));
        if (c < 0x10000)
                return strbuf_printf(b, "%c%c%c", (int) (0xE0 | c >> 12),
                                     (int) (0x80 | (c >> 6 & 0x3F)), (int) (0x80 | (c & 0x3F)));
        return strbuf_printf(b, "%c%c%c%c", (int) (0xF0 | c >> 18), (int) (0x80 | (c >> 12 & 0x3F)),
                             (int) (0x80 | (c >> 6 & 0x3F)), (int) (0x80 | (c & 0x3F)));
}

/* What stands behind a backslash. */
static int read_escape(Toml *t, StrBuf *b, bool multiline)
{
        static const char letters[] = "btnfre\"\\", meanings[] = "\b\t\n\f\r\x1b\"\\";
        char c = peek(t, 0), digits[9] = "", *end;
        const char *p = c ? strchr(letters, c) : NULL;
        size_t n = c == 'u' ? 4 : c == 'U' ? 8 : 0;
        unsigned long value;

        if (p) {
                t->p++;
                return strbuf_putc(b, meanings[p - letters]);
        }
        if (n > 0 && (size_t) (t->end - t->p) > n) {
                memcpy(digits, t->p + 1, n);
                value = strtoul(digits, &end, 16);
                if (*end || value == 0 || value > 0x10FFFF)
                        return fail(t, "this is no character");
                t->p += n + 1;
                return put_code_point(b, value);
        }
        if (multiline && (c == '\n' || c == '\r' || c == ' ' || c == '\t')) {
                while ((c = peek(t, 0)) == '\n' || c == '\r' || c == ' ' || c == '\t') {
                        t->line += c == '\n';
                        t->p++;
                }
                return 0;
        }
        return fail(t, "this escape is not known");
}

/* "...", '...', or three quotes, from the first quote on. */
static int read_string(Toml *t, StrBuf *b)
{
        char quote = *t->p, triple[4] = { quote, quote, quote, 0 };
        bool multiline = is_next(t, triple);
        int r = 0;

        t->p += multiline ? 3 : 1;
        if (multiline && peek(t, 0) == '\r')
                t->p++;
        if (multiline && peek(t, 0) == '\n') {
                t->line++;
                t->p++;
        }
        while (r >= 0 && t->p < t->end) {
                char c = *t->p;

                /* More than three quotes at the end: the first ones are text. */
                if (multiline ? is_next(t, triple) && peek(t, 3) != quote : c == quote) {
                        t->p += multiline ? 3 : 1;
                        return b->failed ? -ENOMEM : 0;
                }
                if (c == '\n' && !multiline)
                        break;
                t->line += c == '\n';
                t->p++;
                if (c == '\\' && quote == '"')
                        r = read_escape(t, b, multiline);
                else
                        r = strbuf_putc(b, c);
        }
        return r < 0 ? r : fail(t, "the string does not end");
}

static bool is_bare(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
}

/* One part of a key; the next character is '.', or what follows the key. */
static int read_key_part(Toml *t, StrBuf *b)
{
        int r = 0;

        skip_blanks(t);
        if (peek(t, 0) == '"' || peek(t, 0) == '\'')
                r = read_string(t, b);
        else if (!is_bare(peek(t, 0)))
                r = fail(t, "a key is missing");
        while (r >= 0 && is_bare(peek(t, 0)))
                r = strbuf_putc(b, *t->p++);
        skip_blanks(t);
        return r;
}

/* The table @name of @in, made where there is none; of an array of tables, its last one. */
static int enter(Toml *t, struct json_object *in, const char *name, struct json_object **ret)
{
        struct json_object *o = json_object_object_get(in, name);

        if (!o) {
                o = json_object_new_object();
                (void) json_object_object_add(in, name, o);
        }
        if (json_object_is_type(o, json_type_array) && json_object_array_length(o) > 0)
                o = json_object_array_get_idx(o, json_object_array_length(o) - 1);
        if (!json_object_is_type(o, json_type_object))
                return fail(t, "this key has a value already");
        *ret = o;
        return 0;
}

/* [[name]]: one more table. */
static int append_table(Toml *t, struct json_object *in, const char *name, struct json_object **ret)
{
        struct json_object *list = json_object_object_get(in, name);

        if (!list) {
                list = json_object_new_array();
                (void) json_object_object_add(in, name, list);
        }
        if (!json_object_is_type(list, json_type_array))
                return fail(t, "this key has a value already");
        *ret = json_object_new_object();
        (void) json_object_array_add(list, *ret);
        return 0;
}

static int read_header(Toml *t)
{
        bool many = is_next(t, "[[");
        struct json_object *in = t->root;

        for (t->p += many ? 2 : 1;; t->p++) {
                _cleanup_(strbuf_done) StrBuf name = { 0 };
                int r = read_key_part(t, &name);

                if (r >= 0 && peek(t, 0) != '.' && many)
                        r = append_table(t, in, name.data ?: "", &t->table);
                else if (r >= 0)
                        r = enter(t, in, name.data ?: "", &in);
                if (r < 0)
                        return r;
                if (peek(t, 0) != '.')
                        break;
        }
        if (!many)
                t->table = in;
        if (!is_next(t, many ? "]]" : "]"))
                return fail(t, "the header does not end with ']'");
        t->p += many ? 2 : 1;
        return 0;
}

/* key = value, into @in. */
static int read_pair(Toml *t, struct json_object *in)
{
        for (;;) {
                _cleanup_(strbuf_done) StrBuf name = { 0 };
                struct json_object *value;
                int r = read_key_part(t, &name);

                if (r < 0)
                        return r;
                if (peek(t, 0) == '.') {
                        t->p++;
                        r = enter(t, in, name.data ?: "", &in);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (peek(t, 0) != '=')
                        return fail(t, "'=' is missing");
                t->p++;
                skip_blanks(t);
                r = read_value(t, &value);
                if (r < 0)
                        return r;
                if (json_object_object_get_ex(in, name.data ?: "", NULL)) {
                        (void) json_object_put(value);
                        return fail(t, "this key has a value already");
                }
                (void) json_object_object_add(in, name.data ?: "", value);
                return 0;
        }
}

static int read_array(Toml *t, struct json_object *into)
{
        for (t->p++;;) {
                struct json_object *value;
                int r;

                skip_space(t);
                if (peek(t, 0) == ']')
                        break;
                r = read_value(t, &value);
                if (r < 0)
                        return r;
                (void) json_object_array_add(into, value);
                skip_space(t);
                if (peek(t, 0) == ',')
                        t->p++;
                else if (peek(t, 0) != ']')
                        return fail(t, "',' or ']' is missing");
        }
        t->p++;
        return 0;
}

static int read_inline_table(Toml *t, struct json_object *into)
{
        for (t->p++;;) {
                int r;

                skip_space(t);
                if (peek(t, 0) == '}')
                        break;
                r = read_pair(t, into);
                if (r < 0)
                        return r;
                skip_space(t);
                if (peek(t, 0) == ',')
                        t->p++;
                else if (peek(t, 0) != '}')
                        return fail(t, "',' or '}' is missing");
        }
        t->p++;
        return 0;
}

/* A number, a boolean, a date: what goes to the next separator. */
static int read_word(Toml *t, struct json_object **ret)
{
        char word[64] = "", *end = NULL;
        size_t n = 0;
        double d;

        while (t->p < t->end && !strchr(" \t\r\n,]}#", *t->p)) {
                if (*t->p != '_' && n < sizeof(word) - 1)
                        word[n++] = *t->p;
                t->p++;
        }
        d = n > 0 ? strtod(word, &end) : 0;
        if (n == 0)
                return fail(t, "a value is missing");
        if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
                *ret = json_object_new_boolean(word[0] == 't');
        else if (!*end && !strpbrk(word, ".eEnN"))
                *ret = json_object_new_int64(strtoll(word, NULL, 0));
        else if (!*end)
                *ret = json_object_new_double(d);
        else if (word[0] >= '0' && word[0] <= '9')
                *ret = json_object_new_string(word);
        else
                return fail(t, "this is no value");
        return 0;
}

static int read_value(Toml *t, struct json_object **ret)
{
        _cleanup_(json_object_putp) struct json_object *o = NULL;
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        int r;

        if (++t->depth > DEPTH_MAX)
                return fail(t, "this is nested too deeply");
        switch (peek(t, 0)) {
        case '"':
        case '\'':
                r = read_string(t, &b);
                o = json_object_new_string_len(b.data ?: "", (int) b.size);
                break;
        case '[':
                o = json_object_new_array();
                r = read_array(t, o);
                break;
        case '{':
                o = json_object_new_object();
                r = read_inline_table(t, o);
                break;
        default:
                r = read_word(t, &o);
        }
        t->depth--;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

int toml_parse(const char *text, size_t size, struct json_object **ret, char **reterr)
{
        _cleanup_(json_object_putp) struct json_object *root = json_object_new_object();
        Toml t = { .p = text,
                   .end = text + size,
                   .line = 1,
                   .root = root,
                   .table = root,
                   .reterr = reterr };

        if (!root)
                return -ENOMEM;
        for (skip_space(&t); t.p < t.end; skip_space(&t)) {
                int r = *t.p == '[' ? read_header(&t) : read_pair(&t, t.table);

                if (r < 0)
                        return r;
                skip_blanks(&t);
                if (t.p < t.end && !strchr("\r\n#", *t.p))
                        return fail(&t, "a line goes on where it should end");
        }
        *ret = TAKE_PTR(root);
        return 0;
}
