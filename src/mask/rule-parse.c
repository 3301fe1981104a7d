/* Rules as people write them: JSON, read strictly */
#include "mask/rule-parse.h"

#include <ctype.h>
#include <string.h>

#include "base/file-util.h"
#include "mask/pattern-bounds.h"
#include "mask/rule-source.h"

/* A list of literals or patterns that is longer is a list of words, which no rule is. */
#define LIST_MAX 1000

/* One member of a rule or of its guards: reads @value into its place in @rule. */
typedef struct Member {
        const char *name;
        int (*read)(Rule *rule, struct json_object *value, char **reterr);
} Member;

struct json_object *rule_file_rules(struct json_object *document)
{
        struct json_object *rules = document;

        if (json_object_is_type(document, json_type_object))
                rules = json_object_object_get(document, "rules");
        return json_object_is_type(rules, json_type_array) ? rules : NULL;
}

/* Gives @rule each of the @guards that it does not name itself. */
static void add_guards(struct json_object *rule, struct json_object *guards)
{
        struct json_object *own = NULL;

        if (!json_object_is_type(rule, json_type_object))
                return;
        if (!json_object_object_get_ex(rule, "guards", &own)) {
                own = json_new();
                json_add(rule, "guards", own);
        }
        if (!json_object_is_type(own, json_type_object))
                return; /* what is wrong with it is said when the rule is read */
        json_object_object_foreach(guards, name, value)
        {
                if (!json_object_object_get_ex(own, name, NULL))
                        (void) json_object_object_add(own, name, json_object_get(value));
        }
}

/* A file's "defaults" stand for all its rules, as if each had them. */
static int apply_defaults(struct json_object *document, char **reterr)
{
        struct json_object *defaults, *guards, *rules = rule_file_rules(document);

        if (!json_object_is_type(document, json_type_object) ||
            !json_object_object_get_ex(document, "defaults", &defaults))
                return 0;
        guards = json_object_is_type(defaults, json_type_object) &&
                                                 json_object_object_length(defaults) == 1
                                 ? json_object_object_get(defaults, "guards")
                                 : NULL;
        if (!json_object_is_type(guards, json_type_object)) {
                format_error(reterr,
                             "must be an object whose only member is \"guards\", an object");
                return -EINVAL;
        }
        for (size_t i = 0; rules && i < json_object_array_length(rules); i++)
                add_guards(json_object_array_get_idx(rules, i), guards);
        return 0;
}

int rule_file_read(const char *path, struct json_object **ret, size_t *ret_size, char **reterr)
{
        _cleanup_free_ char *text = NULL, *reason = NULL;
        _cleanup_(json_tokener_freep) struct json_tokener *tokener = json_tokener_new();
        _cleanup_(json_object_putp) struct json_object *document = NULL;
        enum json_tokener_error error;
        size_t size;
        int r;

        r = file_read(path, RULE_FILE_BYTES_MAX, &text, &size);
        if (r < 0) {
                format_error(reterr, "cannot read the rules file '%s': %s", path, strerror(-r));
                return r;
        }
        if (!tokener)
                memory_is_out();
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
        document = json_tokener_parse_ex(tokener, text, (int) size + 1);
        error = json_tokener_get_error(tokener);
        if (error != json_tokener_success || !document) {
                format_error(reterr, "the rules file '%s' is not JSON: %s, at byte %zu", path,
                             json_tokener_error_desc(error), json_tokener_get_parse_end(tokener));
                return -EINVAL;
        }
        r = apply_defaults(document, &reason);
        if (r < 0) {
                format_error(reterr, "%s: 'defaults' %s", path, reason);
                return r;
        }
        *ret = TAKE_PTR(document);
        *ret_size = size;
        return 0;
}

static int wrong(char **reterr, const char *what)
{
        format_error(reterr, "%s", what);
        return -EINVAL;
}

static int read_string(struct json_object *value, char **ret, char **reterr)
{
        if (!json_object_is_type(value, json_type_string) || json_object_get_string_len(value) == 0)
                return wrong(reterr, "must be a non-empty string");
        if (strlen(json_object_get_string(value)) != (size_t) json_object_get_string_len(value))
                return wrong(reterr, "holds a NUL");
        free(*ret);
        *ret = xstrdup(json_object_get_string(value));
        return 0;
}

static int read_number(struct json_object *value, int64_t max, int64_t *ret, char **reterr)
{
        if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0 ||
            json_object_get_int64(value) > max) {
                format_error(reterr, "must be a number from 0 to %" PRId64, max);
                return -EINVAL;
        }
        *ret = json_object_get_int64(value);
        return 0;
}

static int read_bool(struct json_object *value, bool *ret, char **reterr)
{
        if (!json_object_is_type(value, json_type_boolean))
                return wrong(reterr, "must be true or false");
        *ret = json_object_get_boolean(value);
        return 0;
}

static int read_id(Rule *rule, struct json_object *value, char **reterr)
{
        int r = read_string(value, &rule->id, reterr);

        if (r < 0)
                return r;
        if (!rule_is_id(rule->id))
                return wrong(reterr, "must be at most 64 lower case letters, digits and dashes");
        return 0;
}

static int read_description(Rule *rule, struct json_object *value, char **reterr)
{
        return read_string(value, &rule->description, reterr);
}

static int read_reference(Rule *rule, struct json_object *value, char **reterr)
{
        return read_string(value, &rule->reference, reterr);
}

static int read_pattern(Rule *rule, struct json_object *value, char **reterr)
{
        return read_string(value, &rule->text, reterr);
}

static int read_name(Rule *rule, struct json_object *value, char **reterr)
{
        _cleanup_free_ char *text = NULL;
        int r = read_string(value, &text, reterr);

        return r < 0 ? r : pattern_compile(text, 0, &rule->name, reterr);
}

static int read_type(Rule *rule, struct json_object *value, char **reterr)
{
        static const char *const names[] = { "pattern", "assignment", "private-key", "judge" };
        const char *name = json_object_get_string(value);

        for (size_t i = 0; name && i < ELEMENTSOF(names); i++)
                if (strcmp(name, names[i]) == 0) {
                        rule->kind = (RuleKind) i;
                        return 0;
                }
        return wrong(reterr, "must be \"pattern\", \"assignment\", \"private-key\" or \"judge\"");
}

static int read_nocase(Rule *rule, struct json_object *value, char **reterr)
{
        return read_bool(value, &rule->nocase, reterr);
}

static int read_rank(Rule *rule, struct json_object *value, char **reterr)
{
        int64_t n;
        int r = read_number(value, 9, &n, reterr);

        rule->rank = r < 0 ? 0 : (unsigned) n;
        return r;
}

/* A list of strings of LITERAL_MIN bytes or more. */
static int read_list(struct json_object *value, char ***ret, size_t *ret_n, char **reterr)
{
        size_t n = json_object_is_type(value, json_type_array) ? json_object_array_length(value)
                                                               : 0;

        if (n == 0 || n > LIST_MAX)
                return wrong(reterr, "must be an array of strings, of 1 to 1000");
        *ret = xcalloc(n, sizeof(**ret));
        for (size_t i = 0; i < n; i++) {
                int r = read_string(json_object_array_get_idx(value, i), &(*ret)[i], reterr);

                if (r < 0)
                        return r;
                (*ret_n)++;
                if (strlen((*ret)[i]) < LITERAL_MIN)
                        return wrong(reterr, "each of them must have 3 bytes or more");
        }
        return 0;
}

static int read_literals(Rule *rule, struct json_object *value, char **reterr)
{
        return rule->literals ? wrong(reterr, "is there twice")
                              : read_list(value, &rule->literals, &rule->n_literals, reterr);
}

/* Commands in place of a pattern. */
static int read_commands(Rule *rule, struct json_object *value, char **reterr)
{
        size_t n = json_object_is_type(value, json_type_array) ? json_object_array_length(value)
                                                               : 0;

        if (n == 0 || n > LIST_MAX)
                return wrong(reterr, "must be an array of strings, of 1 to 1000");
        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *line = NULL;
                int r = read_string(json_object_array_get_idx(value, i), &line, reterr);

                if (r >= 0)
                        r = rule_add_command(rule, line, reterr);
                if (r < 0)
                        return r;
        }
        rule->kind = RULE_COMMAND;
        return 0;
}

static int read_names(Rule *rule, struct json_object *value, char **reterr)
{
        return rule->names ? wrong(reterr, "is there twice")
                           : read_list(value, &rule->names, &rule->n_names, reterr);
}

static int read_kinds(Rule *rule, struct json_object *value, char **reterr)
{
        if (!json_object_is_type(value, json_type_array))
                return wrong(reterr, "must be an array of the judge's kinds");
        for (size_t i = 0; i < json_object_array_length(value); i++) {
                const char *name = json_object_get_string(json_object_array_get_idx(value, i))
                                                   ?: "";
                unsigned kind = 0;

                while (kind < JUDGE_KINDS_N && strcmp(judge_kind_name((JudgeKind) kind), name) != 0)
                        kind++;
                if (kind == JUDGE_KINDS_N) {
                        format_error(reterr, "'%s' is not one of the judge's kinds", name);
                        return -EINVAL;
                }
                rule->kinds |= 1U << kind;
        }
        return 0;
}

static int read_window(Rule *rule, struct json_object *value, char **reterr)
{
        int64_t before = rule->before, after = rule->after;
        int r = 0;

        if (!json_object_is_type(value, json_type_object))
                return wrong(reterr, "must be an object with \"before\" and \"after\"");
        json_object_object_foreach(value, name, number)
        {
                if (strcmp(name, "before") != 0 && strcmp(name, "after") != 0)
                        return wrong(reterr, "must be an object with \"before\" and \"after\"");
                r = read_number(number, name[0] == 'b' ? 4096 : RULE_WINDOW_MAX,
                                name[0] == 'b' ? &before : &after, reterr);
                if (r < 0)
                        return r;
        }
        rule->before = (uint32_t) before;
        rule->after = (uint32_t) after;
        return 0;
}

static int read_min_length(Rule *rule, struct json_object *value, char **reterr)
{
        int64_t n = 0;
        int r = read_number(value, RULE_WINDOW_MAX, &n, reterr);

        rule->guards.min_length = (size_t) n;
        return r;
}

static int read_max_length(Rule *rule, struct json_object *value, char **reterr)
{
        int64_t n = 0;
        int r = read_number(value, RULE_WINDOW_MAX, &n, reterr);

        rule->guards.max_length = (size_t) n;
        return r;
}

static int read_alphabet(Rule *rule, struct json_object *value, char **reterr)
{
        static const struct {
                const char *name, *special;
                bool digits, lower, upper, hex;
        } known[] = {
                { "hex", "abcdefABCDEF", true, false, false },
                { "digit", "", true, false, false },
                { "lower", "", false, true, false },
                { "upper", "", false, false, true },
                { "alpha", "", false, true, true },
                { "alnum", "", true, true, true },
                { "base32", "234567=", false, true, true },
                { "base64", "+/=", true, true, true },
                { "base64url", "-_=", true, true, true },
        };
        const char *name = json_object_get_string(value);
        char *flags;

        for (size_t i = 0; name && i < ELEMENTSOF(known); i++) {
                if (strcmp(name, known[i].name) != 0)
                        continue;
                flags = rule->guards.alphabet = xcalloc(1, 256);
                for (int c = 1; c < 128; c++)
                        flags[c] = (known[i].digits && isdigit(c)) ||
                                   (known[i].lower && islower(c)) ||
                                   (known[i].upper && isupper(c)) || strchr(known[i].special, c);
                return 0;
        }
        return wrong(reterr,
                     "must be hex, digit, lower, upper, alpha, alnum, base32, base64 or base64url");
}

static int read_entropy(Rule *rule, struct json_object *value, char **reterr)
{
        double bits = json_object_get_double(value);

        if ((!json_object_is_type(value, json_type_double) &&
             !json_object_is_type(value, json_type_int)) ||
            !(bits >= 0 && bits <= 8))
                return wrong(reterr, "must be a number of bits from 0 to 8");
        rule->guards.entropy = bits;
        return 0;
}

static int read_checksum(Rule *rule, struct json_object *value, char **reterr)
{
        const char *name = json_object_get_string(value) ?: "";

        if (strcmp(name, "github-crc32") == 0 || strcmp(name, "npm-crc32") == 0)
                rule->guards.checksum = CHECKSUM_GITHUB_CRC32;
        else if (strcmp(name, "luhn") == 0)
                rule->guards.checksum = CHECKSUM_LUHN;
        else
                return wrong(reterr, "must be github-crc32, npm-crc32 or luhn");
        return 0;
}

static int read_placeholder(Rule *rule, struct json_object *value, char **reterr)
{
        return read_bool(value, &rule->guards.placeholder, reterr);
}

static int read_dictionary(Rule *rule, struct json_object *value, char **reterr)
{
        return read_bool(value, &rule->guards.dictionary, reterr);
}

static int read_judged(Rule *rule, struct json_object *value, char **reterr)
{
        return read_bool(value, &rule->guards.judged, reterr);
}

static int read_needs(Rule *rule, struct json_object *value, char **reterr)
{
        static const char *const names[] = { "digit", "upper", "lower", "symbol", "letter" };

        if (!json_object_is_type(value, json_type_array))
                return wrong(reterr, "must be an array of digit, upper, lower, letter, symbol");
        for (size_t i = 0; i < json_object_array_length(value); i++) {
                const char *name = json_object_get_string(json_object_array_get_idx(value, i))
                                                   ?: "";
                size_t k = 0;

                while (k < ELEMENTSOF(names) && strcmp(names[k], name) != 0)
                        k++;
                if (k == ELEMENTSOF(names))
                        return wrong(reterr,
                                     "must be an array of digit, upper, lower, letter, symbol");
                rule->guards.needs |= 1U << k;
        }
        return 0;
}

static int read_not(Rule *rule, struct json_object *value, char **reterr)
{
        size_t n = json_object_is_type(value, json_type_array) ? json_object_array_length(value)
                                                               : LIST_MAX + 1;

        if (n > LIST_MAX)
                return wrong(reterr, "must be an array of patterns, 1000 at most");
        rule->guards.refused = xcalloc(n + 1, sizeof(*rule->guards.refused));
        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *text = NULL;
                int r = read_string(json_object_array_get_idx(value, i), &text, reterr);

                if (r < 0)
                        return r;
                r = pattern_compile(text, 0, &rule->guards.refused[i], reterr);
                if (r < 0)
                        return r;
                rule->guards.n_refused++;
        }
        return 0;
}

/* Reads each member of @object with the one of @members that has its name; @prefix goes before it in errors. */
static int read_members(Rule *rule, struct json_object *object, const Member *members, size_t n,
                        const char *prefix, char **reterr)
{
        json_object_object_foreach(object, name, value)
        {
                _cleanup_free_ char *reason = NULL;
                size_t i = 0;
                int r;

                while (i < n && strcmp(members[i].name, name) != 0)
                        i++;
                if (i == n) {
                        format_error(reterr, "'%s%s' is not known", prefix, name);
                        return -EINVAL;
                }
                if (!members[i].read)
                        continue;
                r = members[i].read(rule, value, &reason);
                if (r < 0) {
                        format_error(reterr, "'%s%s' %s", prefix, name, reason);
                        return r;
                }
        }
        return 0;
}

static int read_guards(Rule *rule, struct json_object *value, char **reterr)
{
        static const Member members[] = {
                { "min_length", read_min_length }, { "max_length", read_max_length },
                { "alphabet", read_alphabet },     { "entropy", read_entropy },
                { "checksum", read_checksum },     { "placeholder", read_placeholder },
                { "dictionary", read_dictionary }, { "judged", read_judged },
                { "needs", read_needs },           { "not", read_not },
        };

        if (!json_object_is_type(value, json_type_object))
                return wrong(reterr, "must be an object");
        return read_members(rule, value, members, ELEMENTSOF(members), "guards.", reterr);
}

static int read_example_list(struct json_object *list, char **reterr)
{
        if (!json_object_is_type(list, json_type_array))
                return wrong(reterr, "must be an array of strings");
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                _cleanup_free_ char *example = NULL, *reason = NULL;
                int r = read_string(json_object_array_get_idx(list, i), &example, &reason);

                if (r < 0) {
                        format_error(reterr, "example %zu %s", i + 1, reason);
                        return r;
                }
        }
        return 0;
}

/* Only looked at, for who checks them: masking needs none. */
static int read_examples(Rule *rule, struct json_object *value, char **reterr)
{
        if (!json_object_is_type(value, json_type_object))
                return wrong(reterr, "must be an object with \"positive\" and \"negative\"");
        json_object_object_foreach(value, name, list)
        {
                _cleanup_free_ char *reason = NULL;
                int r;

                if (strcmp(name, "positive") != 0 && strcmp(name, "negative") != 0)
                        return wrong(reterr,
                                     "must be an object with \"positive\" and \"negative\"");
                r = read_example_list(list, &reason);
                if (r < 0) {
                        format_error(reterr, "%s %s", name, reason);
                        return r;
                }
        }
        return 0;
}

static const Member rule_members[] = {
        { "id", read_id },
        { "description", read_description },
        { "reference", read_reference },
        { "type", read_type },
        { "literals", read_literals },
        { "nocase", read_nocase },
        { "pattern", read_pattern },
        { "commands", read_commands },
        { "name", read_name },
        { "secret", NULL }, /* needs the compiled pattern: find_secrets() */
        { "window", read_window },
        { "rank", read_rank },
        { "kinds", read_kinds },
        { "names", read_names },
        { "guards", read_guards },
        { "examples", read_examples },
};

/* Jumps over what may stand before the first character that a pattern matches: "(?i)", "\b", a look-behind, "(". */
static const char *pattern_first(const char *p)
{
        for (;;) {
                if (strncmp(p, "(?i)", 4) == 0)
                        p += 4;
                else if (strncmp(p, "\\b", 2) == 0)
                        p += 2;
                else if (strncmp(p, "(?:", 3) == 0)
                        p += 3;
                else if (strncmp(p, "(?<!", 4) == 0 || strncmp(p, "(?<=", 4) == 0) {
                        /* Only one class, as in "(?<![A-Za-z0-9])". */
                        const char *end = p[4] == '[' ? strstr(p + 5, "])") : NULL;

                        if (!end)
                                return p;
                        p = end + 2;
                } else if (p[0] == '(' && p[1] != '?' && p[1] != '*')
                        p++;
                else
                        return p;
        }
}

/* Does @pattern continue with @literal, all of it? */
static bool goes_on_with(const char *pattern, const char *literal)
{
        for (; *literal; literal++, pattern++) {
                if (*pattern == '\\' && ispunct((unsigned char) pattern[1]))
                        pattern++;
                else if (*pattern && strchr(".[]()|*+?{}^$\\", *pattern))
                        return false;
                if (*pattern != *literal)
                        return false;
        }
        return !*pattern || !strchr("?*{", *pattern);
}

static bool goes_on_with_any(const char *pattern, const Rule *rule)
{
        for (size_t i = 0; i < rule->n_literals; i++)
                if (goes_on_with(pattern, rule->literals[i]))
                        return true;
        return false;
}

/*
 * Does every match of the pattern start with one of its literals? Then it is tried there and nowhere else. Said "no"
 * where it is hard to tell: that costs time and nothing else.
 */
static bool starts_with_literal(const Rule *rule)
{
        const char *p = pattern_first(rule->text);
        size_t nested = 0;

        if (!goes_on_with_any(p, rule))
                return false;
        for (; *p; p++) {
                if (*p == '\\' && p[1])
                        p++;
                else if (*p == '[') {
                        p += p[1] == '^' ? 2 : 1;
                        p += *p == ']';
                        while (*p && *p != ']')
                                p += *p == '\\' && p[1] ? 2 : 1;
                        if (!*p)
                                return false;
                } else if (*p == '(')
                        nested++;
                else if (*p == ')' && nested > 0)
                        nested--;
                else if ((*p == ')' && p[1] && strchr("?*{", p[1])) || /* it may be left out */
                         (*p == '|' && nested == 0 && !goes_on_with_any(p + 1, rule)))
                        return false;
        }
        return true;
}

/* Adds the group that @value is the number or name of. */
static int add_secret(Rule *rule, struct json_object *value, char **reterr)
{
        uint32_t n_groups = 0;
        int64_t n = -1;

        (void) pcre2_pattern_info(rule->pattern.code, PCRE2_INFO_CAPTURECOUNT, &n_groups);
        if (json_object_is_type(value, json_type_string))
                n = pcre2_substring_number_from_name(rule->pattern.code,
                                                     (PCRE2_SPTR) json_object_get_string(value));
        else if (json_object_is_type(value, json_type_int))
                n = json_object_get_int64(value);
        if (n < 0 || n > (int64_t) n_groups || rule->n_secrets == SECRET_GROUPS_MAX) {
                format_error(reterr,
                             "'secret' must name or number groups of the pattern (%d at most)",
                             SECRET_GROUPS_MAX);
                return -EINVAL;
        }
        rule->secrets[rule->n_secrets++] = (unsigned) n;
        return 0;
}

static int find_secrets(Rule *rule, struct json_object *value, char **reterr)
{
        int r = 0;

        if (!value) {
                rule->n_secrets = 1;
                return 0;
        }
        if (!json_object_is_type(value, json_type_array))
                return add_secret(rule, value, reterr);
        for (size_t i = 0; r == 0 && i < json_object_array_length(value); i++)
                r = add_secret(rule, json_object_array_get_idx(value, i), reterr);
        if (r == 0 && rule->n_secrets == 0)
                return wrong(reterr, "'secret' is an empty array");
        return r;
}

/* Where in a pattern its group @n is opened, and within how many others. Returns false: not found. */
static bool find_group(const char *text, unsigned n, size_t *ret_at, size_t *ret_depth)
{
        size_t depth = 0;
        bool class = false;

        for (const char *p = text; *p; p++) {
                if (*p == '\\' && p[1]) {
                        p++;
                } else if (class) {
                        class = *p != ']';
                } else if (*p == '[') {
                        class = true;
                        p += p[1] == '^';
                        p += p[1] == ']';
                } else if (*p == ')') {
                        depth -= depth > 0;
                } else if (*p == '(') {
                        bool captures = p[1] != '?' || p[2] == 'P' || p[2] == '\'' ||
                                        (p[2] == '<' && p[3] != '=' && p[3] != '!');

                        if (captures && --n == 0) {
                                *ret_at = (size_t) (p - text);
                                *ret_depth = depth;
                                return true;
                        }
                        depth += !(p[1] == '?' && p[2] == 'i' && p[3] == ')');
                        p += p[1] == '?' && p[2] == 'i' && p[3] == ')' ? 3 : 0;
                }
        }
        return false;
}

/* Makes the pattern of what stands before the secret. Without one, beginnings of the secret are not known as such. */
static void compile_lead(Rule *rule)
{
        _cleanup_(strbuf_done) StrBuf lead = { 0 };
        size_t at, depth;

        if (rule->kind != RULE_PATTERN || rule->n_secrets != 1 || rule->secrets[0] == 0 ||
            !find_group(rule->text, rule->secrets[0], &at, &depth))
                return;
        (void) strbuf_append(&lead, rule->text, at);
        for (; depth > 0; depth--)
                (void) strbuf_putc(&lead, ')');
        pattern_later(xstrdup(lead.data ?: ""), PCRE2_ANCHORED, &rule->lead);
}

/* Makes the pattern that has no upper bounds: see Rule. */
static void compile_open(Rule *rule, uint32_t flags)
{
        _cleanup_(strbuf_done) StrBuf open = { 0 };

        if (rule->kind == RULE_PATTERN &&
            pattern_lift_bounds(rule->text, &open, &rule->bound, &rule->work_bound) > 0 &&
            !open.failed)
                pattern_later(xstrdup(open.data), flags, &rule->open);
}

static int compile_rule(Rule *rule, struct json_object *object, char **reterr)
{
        uint32_t flags = 0;
        int r;

        if (rule->kind == RULE_ASSIGNMENT)
                flags = PCRE2_ANCHORED | PCRE2_ENDANCHORED;
        else if (starts_with_literal(rule)) {
                rule->at_literal = true;
                flags = PCRE2_ANCHORED;
        } else
                flags = PCRE2_USE_OFFSET_LIMIT;
        r = pattern_compile(rule->text, flags, &rule->pattern, reterr);
        if (r < 0)
                return r;
        r = find_secrets(rule, json_object_object_get(object, "secret"), reterr);
        if (r < 0)
                return r;
        compile_lead(rule);
        compile_open(rule, flags);
        return 0;
}

static void fold_literals(Rule *rule)
{
        for (size_t i = 0; i < rule->n_literals; i++)
                for (char *p = rule->literals[i]; *p; p++)
                        if (*p >= 'A' && *p <= 'Z')
                                *p |= 0x20;
}

/* The literals that find the keywords of the rule's kinds. */
void rule_add_keywords(Rule *rule, unsigned kinds)
{
        const Keyword *keyword;
        size_t n = 0;

        while (judge_keyword(n))
                n++;
        rule->literals = xcalloc(n, sizeof(*rule->literals));
        for (size_t i = 0; (keyword = judge_keyword(i)); i++)
                if (kinds & 1U << keyword->kind)
                        rule->literals[rule->n_literals++] = xstrdup(keyword->text);
        rule->nocase = true;
}

/* Refuses what says how a secret looks, which has no meaning in @what. */
static int refuse_members(struct json_object *object, const char *what, char **reterr)
{
        static const char *const members[] = { "literals", "pattern", "name",
                                               "secret",   "window",  "nocase" };

        for (size_t i = 0; i < ELEMENTSOF(members); i++)
                if (json_object_object_get_ex(object, members[i], NULL)) {
                        format_error(reterr, "'%s' is not for %s", members[i], what);
                        return -EINVAL;
                }
        return 0;
}

/* A rule of the judge says what it names, and nothing of how it looks. */
static int check_judge(Rule *rule, struct json_object *object, char **reterr)
{
        int r = refuse_members(object, "the type \"judge\"", reterr);

        if (r < 0)
                return r;
        if (json_object_object_get_ex(object, "guards", NULL))
                return wrong(reterr, "'guards' is not for the type \"judge\"");
        if (!rule->kinds == !rule->names)
                return wrong(reterr, "the type \"judge\" needs 'kinds' or 'names'");
        rule->guards.placeholder = false;
        if (rule->kinds)
                rule_add_keywords(rule, rule->kinds);
        return 0;
}

static void rule_donep(Rule *rule)
{
        rule_done(rule);
}

int rule_parse(struct json_object *object, Rule *ret, char **reterr)
{
        _cleanup_(rule_donep) Rule rule = { .before = 128, .after = 16384, .rank = UINT32_MAX };
        _cleanup_(strbuf_done) StrBuf source = { 0 };
        int r;

        if (!json_object_is_type(object, json_type_object))
                return wrong(reterr, "is not an object");
        r = read_members(&rule, object, rule_members, ELEMENTSOF(rule_members), "", reterr);
        if (r < 0)
                return r;
        if (!rule.id)
                return wrong(reterr, "'id' is missing");
        r = rule.kind == RULE_JUDGE     ? check_judge(&rule, object, reterr)
            : rule.kind == RULE_COMMAND ? refuse_members(object, "a rule with 'commands'", reterr)
                                        : 0;
        if (r < 0)
                return r;
        if (rule.kind != RULE_JUDGE && (rule.kinds || rule.names))
                return wrong(reterr,
                             "'kinds' and 'names' can be used only with the type \"judge\"");
        if (!rule.literals && !rule.names)
                return wrong(reterr, "'literals' is missing");
        if (!rule.text && rule.kind == RULE_PATTERN)
                return wrong(reterr, "'pattern' is missing");
        if (!rule.text && rule.kind == RULE_ASSIGNMENT)
                return wrong(reterr,
                             "'pattern' is missing; to have name and value judged, use the type "
                             "\"judge\" with \"names\" in place of \"literals\"");
        if (rule.name.code && rule.kind != RULE_ASSIGNMENT)
                return wrong(reterr, "'name' can be used only in assignments");
        if (rule.rank == UINT32_MAX)
                rule.rank = rule.kind == RULE_ASSIGNMENT || rule.kind == RULE_COMMAND || rule.names
                                            ? 1
                            : rule.kind == RULE_JUDGE ? 2
                                                      : 0;
        if (rule.text) {
                r = compile_rule(&rule, object, reterr);
                if (r < 0)
                        return r;
        }
        if (rule.nocase)
                fold_literals(&rule);
        (void) strbuf_reserve(&source, 4096); /* most take no more */
        rule_source_put(&source, object);
        rule.source = xstrdup(source.data);
        *ret = TAKE_STRUCT(rule);
        return 0;
}
