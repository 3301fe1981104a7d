/* gitleaks: a team's gitleaks.toml as rules of ours */
#include "ctl/gitleaks.h"

#include <ctype.h>
#include <string.h>

#include "ctl/json-out.h"
#include "mask/rule.h"

typedef struct Import {
        ImportNote note;
        void *userdata;
        struct json_object *rules, *allow; /* what is made; @allow: patterns */
        size_t n_refused;
} Import;

static void say(Import *in, const char *id, const char *what)
{
        _cleanup_free_ char *sentence = NULL;

        format_error(&sentence, "%s: %s", id, what);
        in->note(in->userdata, sentence ?: "no memory");
}

static int refuse(Import *in, const char *id, const char *why)
{
        _cleanup_free_ char *sentence = NULL;

        in->n_refused++;
        format_error(&sentence, "refused: %s", why);
        say(in, id, sentence ?: "refused");
        return 0;
}

static const char *get_text(struct json_object *o, const char *key)
{
        struct json_object *value = json_object_object_get(o, key);

        return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static size_t length(struct json_object *list)
{
        return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

/* An id that can stand in a masked text: lower case, digits, dashes. NULL without memory. */
static char *make_id(const char *id)
{
        char *copy = strndup(id, 64);

        for (char *p = copy; p && *p; p++)
                *p = isalnum((unsigned char) *p) ? (char) tolower((unsigned char) *p) : '-';
        return copy;
}

/* Appends @text so that a pattern matches it as it is. */
static void put_quoted(StrBuf *b, const char *text)
{
        for (; *text; text++) {
                if (strchr("\\^$.[]|()?*+{}", *text))
                        (void) strbuf_putc(b, '\\');
                (void) strbuf_putc(b, *text);
        }
}

/*
 * Go's pattern as PCRE2's. "\z" and "$" at the end of the text are also taken at the end of a line, since a secret stands in
 * the middle of a session. "\p{...}" and "\C" have another meaning on bytes: no. Returns NULL and *@ret_why for these.
 */
static char *translate(const char *go, const char **ret_why)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        char *out = NULL;

        for (; *go; go++) {
                if (*go != '\\' || !go[1]) {
                        (void) strbuf_putc(&b, *go);
                        continue;
                }
                go++;
                if (strchr("pPC", *go)) {
                        *ret_why = "its pattern has \\p or \\C, which a search in bytes cannot do";
                        return NULL;
                }
                if (*go == 'z')
                        (void) strbuf_putc(&b, '$');
                else
                        (void) strbuf_printf(&b, "\\%c", *go);
        }
        *ret_why = "there is not enough memory";
        return strbuf_take(&b, &out) < 0 ? NULL : out;
}

/* The longest piece of the pattern that every match must have, outside of groups and alternatives; "" for none. */
static void required_literal(const char *pattern, char to[static 64])
{
        size_t n = 0, best = 0, depth = 0;
        char run[64];

        to[0] = 0;
        for (const char *p = pattern;; p++) {
                bool plain = *p && depth == 0 && (isalnum((unsigned char) *p) || strchr("_-", *p));

                if (plain && n < sizeof(run) - 1) {
                        run[n++] = *p;
                        continue;
                }
                /* The last character of a run may be optional. */
                if (n > 0 && *p && strchr("?*{", *p))
                        n--;
                if (n > best) {
                        memcpy(to, run, n);
                        to[n] = 0;
                        best = n;
                }
                n = 0;
                if (!*p)
                        return;
                if (*p == '\\' && p[1])
                        p++;
                else if (*p == '(' || *p == '[' || *p == '{')
                        depth++;
                else if ((*p == ')' || *p == ']' || *p == '}') && depth > 0)
                        depth--;
                else if (*p == '|' && depth == 0) {
                        to[0] = 0;
                        return;
                }
        }
}

/* "keywords", or what the pattern itself must have. Returns NULL: there is nothing to look for. */
static struct json_object *make_literals(struct json_object *rule, const char *pattern,
                                         const char **ret_why)
{
        struct json_object *keywords = json_object_object_get(rule, "keywords"), *list;
        char literal[64];

        *ret_why = "it has no keywords, and its pattern has no fixed text of three characters to look for";
        if (length(keywords) == 0) {
                required_literal(pattern, literal);
                if (strlen(literal) < LITERAL_MIN)
                        return NULL;
                list = json_object_new_array();
                (void) json_object_array_add(list, json_object_new_string(literal));
                return list;
        }
        *ret_why = "a keyword has less than three characters";
        for (size_t i = 0; i < length(keywords); i++)
                if (json_object_get_string_len(json_object_array_get_idx(keywords, i)) <
                    LITERAL_MIN)
                        return NULL;
        return json_object_get(keywords);
}

/* The group that gitleaks calls the secret: secretGroup, or those that the pattern has. */
static struct json_object *make_secret(struct json_object *rule, const pcre2_code *code)
{
        struct json_object *group = json_object_object_get(rule, "secretGroup"), *list;
        uint32_t n = 0;

        if (json_object_get_int(group) > 0)
                return json_object_get(group);
        (void) pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &n);
        if (n < 2)
                return json_object_new_int((int) n);
        list = json_object_new_array();
        for (uint32_t i = 1; i <= n && i <= SECRET_GROUPS_MAX; i++)
                (void) json_object_array_add(list, json_object_new_int((int) i));
        return list;
}

/* Adds what an allowlist lets pass to @not; what it says of paths and commits means nothing here. */
static void add_allowlist(Import *in, const char *id, struct json_object *list,
                          struct json_object * not )
{
        struct json_object *regexes = json_object_object_get(list, "regexes");
        struct json_object *stopwords = json_object_object_get(list, "stopwords");
        const char *target = get_text(list, "regexTarget"),
                   *condition = get_text(list, "condition");
        _cleanup_(strbuf_done) StrBuf words = { 0 };

        if (condition && strcasecmp(condition, "AND") == 0) {
                say(in, id, "an allowlist with condition AND is left out");
                return;
        }
        if (target && strcmp(target, "secret") != 0)
                say(in, id, "allowed patterns that look at the whole match or line are left out");
        for (size_t i = 0; !(target && strcmp(target, "secret") != 0) && i < length(regexes); i++) {
                const char *why, *text = json_object_get_string(
                                                 json_object_array_get_idx(regexes, i));
                _cleanup_free_ char *pattern = translate(text, &why);

                if (pattern)
                        (void) json_object_array_add(not, json_object_new_string(pattern));
                else
                        say(in, id, "an allowed pattern is left out: PCRE2 reads it differently");
        }
        if (length(stopwords) == 0)
                return;
        (void) strbuf_puts(&words, "(?i)(?:");
        for (size_t i = 0; i < length(stopwords); i++) {
                (void) strbuf_puts(&words, i > 0 ? "|" : "");
                put_quoted(&words, json_object_get_string(json_object_array_get_idx(stopwords, i)));
        }
        (void) strbuf_putc(&words, ')');
        (void) json_object_array_add(not, json_object_new_string(words.data ?: ""));
}

static void add_allowlists(Import *in, const char *id, struct json_object *o,
                           struct json_object * not )
{
        struct json_object *one = json_object_object_get(o, "allowlist");
        struct json_object *many = json_object_object_get(o, "allowlists");

        if (json_object_is_type(one, json_type_object))
                add_allowlist(in, id, one, not );
        for (size_t i = 0; i < length(many); i++)
                add_allowlist(in, id, json_object_array_get_idx(many, i), not );
}

static struct json_object *make_guards(Import *in, const char *id, struct json_object *rule)
{
        struct json_object *guards = json_object_new_object(), *not = json_object_new_array();
        struct json_object *entropy = json_object_object_get(rule, "entropy");

        add_allowlists(in, id, rule, not );
        json_add_bool(guards, "placeholder", false);
        if (entropy)
                (void) json_object_object_add(guards, "entropy", json_object_get(entropy));
        if (length(not ) > 0)
                (void) json_object_object_add(guards, "not", json_object_get(not ));
        (void) json_object_put(not );
        return guards;
}

static void pattern_donep(Pattern *p)
{
        pattern_done(p);
}

static int import_rule(Import *in, struct json_object *rule)
{
        const char *name = get_text(rule, "id") ?: "(no id)", *go = get_text(rule, "regex"),
                   *why = NULL;
        _cleanup_free_ char *id = make_id(name), *pattern = NULL, *error = NULL;
        _cleanup_(pattern_donep) Pattern compiled = { 0 };
        struct json_object *literals, *o;

        if (!id)
                return -ENOMEM;
        if (!go)
                return refuse(in, name,
                              "it has no pattern (rules by path alone mean nothing here)");
        pattern = translate(go, &why);
        if (!pattern)
                return refuse(in, name, why);
        if (pattern_compile(pattern, 0, &compiled, &error) < 0)
                return refuse(in, name, error ?: "PCRE2 cannot read its pattern");
        literals = make_literals(rule, pattern, &why);
        if (!literals)
                return refuse(in, name, why);
        if (strcmp(go, pattern) != 0)
                say(in, name, "\\z also matches at the end of a line");
        if (get_text(rule, "path"))
                say(in, name, "its path is left out: it is searched everywhere");
        o = json_object_new_object();
        json_add_text(o, "id", id);
        json_add_text(o, "description", get_text(rule, "description") ?: name);
        (void) json_object_object_add(o, "literals", literals);
        json_add_bool(o, "nocase", true);
        json_add_text(o, "pattern", pattern);
        (void) json_object_object_add(o, "secret", make_secret(rule, compiled.code));
        (void) json_object_object_add(o, "guards", make_guards(in, name, rule));
        (void) json_object_array_add(in->rules, o);
        return 0;
}

int gitleaks_import(struct json_object *toml, ImportNote note, void *userdata,
                    struct json_object **ret, size_t *ret_refused)
{
        struct json_object *rules = json_object_object_get(toml, "rules"), *out, *allow;
        Import in = { .note = note, .userdata = userdata };

        in.rules = json_object_new_array();
        in.allow = json_object_new_array();
        out = json_object_new_object();
        allow = json_object_new_object();
        (void) json_object_object_add(out, "rules", in.rules);
        (void) json_object_object_add(allow, "patterns", in.allow);
        (void) json_object_object_add(out, "allow", allow);
        add_allowlists(&in, "allowlist", toml, in.allow);
        if (json_object_object_get(toml, "extend"))
                say(&in, "extend", "is not followed: import the files that it names too");
        for (size_t i = 0; i < length(rules); i++)
                if (import_rule(&in, json_object_array_get_idx(rules, i)) < 0) {
                        (void) json_object_put(out);
                        return -ENOMEM;
                }
        *ret = out;
        *ret_refused = in.n_refused;
        return 0;
}
