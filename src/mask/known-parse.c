/* Known parse: the values in the files that people keep credentials in */
#include "mask/known-parse.h"

#include <string.h>

#include "base/strbuf.h"
#include "mask/encoded.h"
#include "mask/json.h"
#include "mask/judge-words.h"

/* A document in a value of a file, and the document in that one: deeper is not looked. */
#define DEPTH_MAX 2

/* Part of a URL that may be a secret: what is shorter is a name. */
#define PART_MIN 16

typedef struct Piece {
        const char *p;
        size_t n;
} Piece;

typedef struct Parse {
        KnownFieldFunc func;
        void *userdata;
        StrBuf value; /* without its escapes; wiped */
        int depth;
} Parse;

static int parse_json(Parse *x, const char *text, size_t size);

static int give(Parse *x, Piece value, bool certain)
{
        const KnownField field = { value.p, value.n, certain };

        return x->func(x->userdata, &field);
}

static Piece trim(Piece s)
{
        while (s.n > 0 && (unsigned char) *s.p <= ' ')
                s = (Piece){ s.p + 1, s.n - 1 };
        while (s.n > 0 && (unsigned char) s.p[s.n - 1] <= ' ')
                s.n--;
        return s;
}

/* The next line from *@rest on. */
static bool next_line(Piece *rest, Piece *ret)
{
        const char *end;

        if (rest->n == 0)
                return false;
        end = memchr(rest->p, '\n', rest->n);
        ret->p = rest->p;
        ret->n = end ? (size_t) (end - rest->p) : rest->n;
        rest->p += ret->n + (end != NULL);
        rest->n -= ret->n + (end != NULL);
        return true;
}

static Piece next_word(Piece *rest)
{
        Piece word;

        *rest = trim(*rest);
        word.p = rest->p;
        for (word.n = 0; word.n < rest->n && (unsigned char) rest->p[word.n] > ' ';)
                word.n++;
        rest->p += word.n;
        rest->n -= word.n;
        return word;
}

static bool is(Piece s, const char *text)
{
        return s.n == strlen(text) && strncasecmp(s.p, text, s.n) == 0;
}

/* "identitytoken", "dbpassword" */
static bool ends_in_secret(Piece word)
{
        static const char *const ends[] = { "password", "passwd", "passphrase", "token", "secret" };

        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                size_t n = strlen(ends[i]);

                if (word.n > n && strncasecmp(word.p + word.n - n, ends[i], n) == 0)
                        return true;
        }
        return false;
}

/* What the name of a value says. */
typedef enum NameSays {
        SAYS_NOTHING,
        SAYS_SECRET,
        SAYS_PUBLIC, /* a user, a host, a certificate */
} NameSays;

static NameSays read_name(Piece name)
{
        NameSays says = SAYS_NOTHING;
        size_t at = 0, end;

        while ((end = judge_next_word(name.p, name.n, &at)) > 0) {
                Piece word = { name.p + at, end - at };
                unsigned told = judge_word(word.p, word.n);

                if (is(word, "public") || is(word, "certificate"))
                        return SAYS_PUBLIC;
                if (told & WORD_CREDENTIAL || ends_in_secret(word))
                        says = SAYS_SECRET;
                else if (told & WORD_AFTER) /* "key_file", "token_id" */
                        says = says == SAYS_SECRET ? SAYS_NOTHING : says;
                else if (told & WORD_USER)
                        says = says == SAYS_SECRET ? says : SAYS_PUBLIC;
                else if (says == SAYS_PUBLIC) /* what is of a user is not the user */
                        says = SAYS_NOTHING;
                at = end;
        }
        return says;
}

static bool looks_random(Piece s)
{
        bool digit = false, letter = false;

        for (size_t i = 0; i < s.n; i++) {
                digit = digit || is_digit(s.p[i]);
                letter = letter || is_letter(s.p[i]);
        }
        return s.n >= PART_MIN && digit && letter;
}

/* How many bytes of @s come before the first of @signs. */
static size_t length_to(Piece s, const char *signs)
{
        size_t n = 0;

        while (n < s.n && (!s.p[n] || !strchr(signs, s.p[n])))
                n++;
        return n;
}

/* "Server=x;Password=y", "user=x&password=y": each value is one. */
static int give_pairs(Parse *x, Piece s, const char *between)
{
        int r = 0;

        while (r >= 0 && s.n > 0) {
                Piece pair = { s.p, length_to(s, between) };
                Piece name = { pair.p, length_to(pair, "=") };
                size_t used = pair.n < s.n ? pair.n + 1 : s.n;

                if (name.n < pair.n && read_name(name) == SAYS_SECRET)
                        r = give(x, (Piece){ pair.p + name.n + 1, pair.n - name.n - 1 }, true);
                s = (Piece){ s.p + used, s.n - used };
        }
        return r;
}

/* What stands before the "@" of a URL: a password after the user's name, or a token in its place. */
static int give_userinfo(Parse *x, Piece info)
{
        Piece user = { info.p, length_to(info, ":") };
        Piece password = { user.p + user.n + 1, user.n < info.n ? info.n - user.n - 1 : 0 };
        int r = 0;

        if (password.n > 0)
                r = give(x, password, true);
        if (r >= 0 && (looks_random(user) || (password.n == 0 && user.n >= PART_MIN)))
                r = give(x, user, false);
        return r;
}

/* A password may hold "/", "?" and "#" as they are. In "host:80/x@y" the "@" is a path's. */
static bool may_be_userinfo(Piece info)
{
        size_t colon = length_to(info, ":"), at = colon + 1;

        if (length_to(info, "/") < colon || colon == info.n)
                return false;
        while (at < info.n && is_digit(info.p[at]))
                at++;
        return at == info.n || !strchr("/?#", info.p[at]);
}

/* What of a URL is a secret: who asks, values of such a name, and what is as random as one in path and query. */
static int give_url(Parse *x, Piece url)
{
        const char *sign = memmem(url.p, url.n, "://", 3);
        Piece rest = { sign + 3, (size_t) (url.p + url.n - sign - 3) };
        size_t end = length_to(rest, "/?#");
        const char *at = memrchr(rest.p, '@', end), *last = memrchr(rest.p, '@', rest.n);
        Piece after = { rest.p + end, rest.n - end };
        int r = 0;

        if (at)
                r = give_userinfo(x, (Piece){ rest.p, (size_t) (at - rest.p) });
        if (r >= 0 && last && last != at &&
            may_be_userinfo((Piece){ rest.p, (size_t) (last - rest.p) }))
                r = give_userinfo(x, (Piece){ rest.p, (size_t) (last - rest.p) });
        if (r >= 0)
                r = give_pairs(x, rest, "?&;#");
        while (r >= 0 && after.n > 0) {
                Piece part = { after.p, length_to(after, "/?&=#;:@.") };
                size_t used = part.n < after.n ? part.n + 1 : after.n;

                if (looks_random(part))
                        r = give(x, part, false);
                after = (Piece){ after.p + used, after.n - used };
        }
        /* "amqp://a:x@one,amqp://a:y@two" */
        return r >= 0 && memmem(rest.p, rest.n, "://", 3) ? give_url(x, rest) : r;
}

/* "user:password", as base64. */
static int give_decoded(Parse *x, Piece s)
{
        _cleanup_(strbuf_wipe) StrBuf decoded = { 0 };
        const char *colon;
        int r = encoded_decode(s.p, s.n, &decoded);

        if (r < 0 || decoded.size == 0)
                return r;
        colon = memchr(decoded.data, ':', decoded.size);
        if (!colon)
                return give(x, (Piece){ decoded.data, decoded.size }, true);
        return give(x, (Piece){ colon + 1, (size_t) (decoded.data + decoded.size - colon - 1) },
                    true);
}

/* Each line of a key is looked for alone: only there is it sure to be whole. */
static int give_lines(Parse *x, Piece s)
{
        Piece line;
        int r = 0;

        while (r >= 0 && next_line(&s, &line)) {
                line = trim(line);
                if (line.n >= PART_MIN && memcmp(line.p, "-----", 5) != 0)
                        r = give(x, line, true);
        }
        return r;
}

/* A value of a name. @all: also where the name says nothing. */
static int give_value(Parse *x, Piece name, Piece value, bool all)
{
        NameSays says = read_name(name);
        int r = 0;

        if (memmem(value.p, value.n, "://", 3) && !memchr(value.p, '\n', value.n))
                return give_url(x, value);
        if (says == SAYS_PUBLIC || (!all && says != SAYS_SECRET) || value.n == 0)
                return 0;
        if (value.p[0] == '{' && x->depth < DEPTH_MAX && json_is_valid(value.p, value.n))
                return parse_json(x, value.p, value.n);
        if (memchr(value.p, '\n', value.n))
                return give_lines(x, value);
        if (memmem(value.p, value.n, "=", 1)) {
                r = give_pairs(x, value, ";");
                if (r >= 0)
                        r = give_pairs(x, value, " ");
        }
        if (r >= 0 && (is(name, "auth") || is(name, "_auth") || is(name, "_password")))
                r = give_decoded(x, value);
        return r < 0 ? r : give(x, value, says == SAYS_SECRET);
}

/* Lines of NAME=VALUE and of NAME: VALUE */

static int put_escape(StrBuf *b, char c)
{
        return strbuf_putc(b, c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c);
}

/* A string that begins with the quote at @s.p; it may go on in further lines. Returns its length with quotes; 0: it has no end. */
static size_t read_quoted(Parse *x, Piece s)
{
        char quote = s.p[0];

        strbuf_clear(&x->value);
        for (size_t i = 1; i < s.n; i++) {
                if (s.p[i] == quote)
                        return x->value.failed ? 0 : i + 1;
                if (s.p[i] == '\\' && quote == '"' && i + 1 < s.n)
                        (void) put_escape(&x->value, s.p[++i]);
                else
                        (void) strbuf_putc(&x->value, s.p[i]);
        }
        return 0;
}

/* Without a comment after it. */
static Piece bare_value(Piece s)
{
        for (size_t i = 1; i < s.n; i++)
                if (s.p[i] == '#' && (s.p[i - 1] == ' ' || s.p[i - 1] == '\t')) {
                        s.n = i;
                        break;
                }
        return trim(s);
}

/* Where the name before a "=" or ": " ends; @s.n: there is none. */
static size_t name_end(Piece s)
{
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] == '=' ||
                    (s.p[i] == ':' && (i + 1 == s.n || (unsigned char) s.p[i + 1] <= ' ')))
                        return i;
        return s.n;
}

static Piece clean_name(Piece name)
{
        const char *colon;

        name = trim(name);
        if (name.n > 2 && memcmp(name.p, "- ", 2) == 0)
                name = trim((Piece){ name.p + 2, name.n - 2 });
        if (name.n > 7 && memcmp(name.p, "export ", 7) == 0)
                name = trim((Piece){ name.p + 7, name.n - 7 });
        colon = memrchr(name.p, ':', name.n); /* of a registry: "//host/:_authToken" */
        if (colon)
                name = (Piece){ colon + 1, (size_t) (name.p + name.n - colon - 1) };
        return name;
}

/* The value in quotes that begins at @start; *@rest moves after it. Returns 1, 0 (it is none) or a negative errno. */
static int give_quoted(Parse *x, Piece name, Piece start, bool all, Piece *rest)
{
        Piece whole = { start.p, (size_t) (rest->p + rest->n - start.p) };
        size_t n = start.n > 0 && strchr("\"'`", *start.p) ? read_quoted(x, whole) : 0;
        _cleanup_(strbuf_wipe) StrBuf value = { 0 };
        int r;

        if (n == 0)
                return x->value.failed ? -ENOMEM : 0;
        if (start.p + n > rest->p) { /* it went on, unless it only began with a quote: "'tis" */
                if (n < whole.n && !is_any(whole.p[n], " \t\r\n#;,"))
                        return 0;
                rest->n -= (size_t) (start.p + n - rest->p);
                rest->p = start.p + n;
        }
        value = TAKE_STRUCT(x->value);
        r = give_value(x, name, (Piece){ value.data ?: "", value.size }, all);
        if (r >= 0 && n - 2 != value.size) /* and as it stands in the file */
                r = give_value(x, name, (Piece){ start.p + 1, n - 2 }, all);
        return r < 0 ? r : 1;
}

static int parse_lines(Parse *x, Piece rest, bool all)
{
        Piece line;
        int r = 0;

        while (r >= 0 && next_line(&rest, &line)) {
                size_t end = name_end(line = trim(line));
                Piece value, name;

                if (line.n == 0 || strchr("#;[", *line.p) || end == line.n)
                        continue;
                name = clean_name((Piece){ line.p, end });
                value = trim((Piece){ line.p + end + 1, line.n - end - 1 });
                r = give_quoted(x, name, value, all, &rest);
                if (r == 0)
                        r = give_value(x, name, bare_value(value), all);
        }
        return r < 0 ? r : 0;
}

/* The other formats */

static int parse_netrc(Parse *x, Piece rest)
{
        Piece line;
        int r = 0;

        while (r >= 0 && next_line(&rest, &line)) {
                bool is_password = false;

                for (Piece word; r >= 0 && (word = next_word(&line)).n > 0;) {
                        if (is_password && word.n > 1 && *word.p == '"') {
                                Piece whole = { word.p, word.n + line.n };
                                size_t n = read_quoted(x, whole);

                                if (n == 0)
                                        return x->value.failed ? -ENOMEM : -EBADMSG;
                                r = give(x, (Piece){ x->value.data ?: "", x->value.size }, true);
                                line = (Piece){ whole.p + n, whole.n - n };
                        } else if (is_password)
                                r = give(x, word, true);
                        is_password = !is_password && is(word, "password");
                }
                if (r >= 0 && is_password && next_line(&rest, &line))
                        r = give(x, next_word(&line), true);
        }
        return r;
}

/* host:port:database:user:password, where "\" takes away what ":" and "\" mean. */
static int parse_pgpass(Parse *x, Piece rest)
{
        Piece line;
        int r = 0;

        while (r >= 0 && next_line(&rest, &line)) {
                int n_colons = 0;

                if (line.n > 0 && line.p[line.n - 1] == '\r')
                        line.n--;
                strbuf_clear(&x->value);
                for (size_t i = 0; line.n > 0 && *line.p != '#' && i < line.n; i++) {
                        bool escaped = line.p[i] == '\\' && i + 1 < line.n;

                        if (!escaped && line.p[i] == ':' && n_colons < 4)
                                n_colons++;
                        else if (n_colons == 4)
                                (void) strbuf_putc(&x->value, line.p[i + escaped]);
                        i += escaped;
                }
                if (x->value.failed)
                        return -ENOMEM;
                if (n_colons == 4)
                        r = give(x, (Piece){ x->value.data ?: "", x->value.size }, true);
        }
        return r;
}

static int parse_json(Parse *x, const char *text, size_t size)
{
        JsonLexer lexer = json_lexer_document();
        size_t at = 0;
        Piece name = { "", 0 };
        JsonToken t;
        int r = 0;

        if (!json_is_valid(text, size))
                return -EBADMSG;
        x->depth++;
        while (r >= 0 && json_lexer_next(&lexer, text, size, size, &at, &t) > 0) {
                _cleanup_(view_done) View view = { 0 };
                size_t next = at;

                while (next < size && (unsigned char) text[next] <= ' ')
                        next++;
                if (t.kind == JSON_STRING && next < size && text[next] == ':') {
                        name = (Piece){ text + t.start, t.end - t.start };
                        continue;
                }
                if (t.kind != JSON_STRING)
                        continue;
                r = view_set(&view, text + t.start, t.end - t.start); /* without escapes */
                if (r >= 0)
                        r = give_value(x, name, (Piece){ view.text, view.size }, false);
        }
        x->depth--;
        return r < 0 ? r : 0;
}

/* Names and places stand in a kube configuration beside what is secret: only its names tell which is which. */
static bool is_kube(const char *path, Piece text)
{
        return strstr(path, "/.kube/") || (memmem(text.p, text.n, "apiVersion:", 11) &&
                                           memmem(text.p, text.n, "clusters:", 9));
}

int known_parse(const char *path, const char *text, size_t size, KnownFieldFunc func,
                void *userdata)
{
        const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
        Parse x = { .func = func, .userdata = userdata };
        Piece all = { text, size }, start = trim(all);
        int r;

        judge_words_ready();
        if (memchr(text, 0, size))
                return -EBADMSG;
        if (strstr(file, "netrc"))
                r = parse_netrc(&x, all);
        else if (strstr(file, "pgpass"))
                r = parse_pgpass(&x, all);
        else if (start.n > 0 && *start.p == '{')
                r = parse_json(&x, start.p, start.n);
        else
                r = parse_lines(&x, all, !is_kube(path, all));
        strbuf_wipe(&x.value);
        return r;
}
