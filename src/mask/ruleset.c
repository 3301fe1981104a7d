/* Ruleset: reads the folders, applies what is disabled, and makes one literal search of all rules */
#include <dirent.h>
#include <fnmatch.h>
#include <string.h>

#include "base/file-util.h"
#include "mask/rule-parse.h"

static void allowed_done(Allowed *a)
{
        pattern_done(&a->pattern);
        free(a->text);
}

static int allowed_init(Allowed *a, const char *text, char **reterr)
{
        int r;

        *a = (Allowed){ .text = strdup(text) };
        r = a->text ? pattern_compile(text, 0, &a->pattern, reterr) : -ENOMEM;
        if (r < 0)
                allowed_done(a);
        return r;
}

static void ruleset_free(Ruleset *rules)
{
        for (size_t i = 0; i < rules->n_rules; i++)
                rule_done(&rules->rules[i]);
        for (size_t i = 0; i < rules->n_allow; i++)
                allowed_done(&rules->allow[i]);
        (void) literal_set_free(rules->literals);
        (void) pthread_mutex_destroy(&rules->compiling);
        free(rules->rules);
        free(rules->allow);
        free(rules->allow_fingerprints);
        free(rules->uses);
        free(rules->use_starts);
        free(rules->sizes);
        free(rules);
}

Ruleset *ruleset_ref(Ruleset *rules)
{
        (void) atomic_fetch_add(&rules->n_ref, 1);
        return rules;
}

Ruleset *ruleset_unref(Ruleset *rules)
{
        if (rules && atomic_fetch_sub(&rules->n_ref, 1) == 1)
                ruleset_free(rules);
        return NULL;
}

uint64_t ruleset_digest(const Ruleset *rules)
{
        return rules->digest;
}

size_t ruleset_n_rules(const Ruleset *rules)
{
        return rules->n_rules;
}

bool ruleset_has(const Ruleset *rules, const char *id, size_t n)
{
        size_t low = 0, high = rules->n_rules;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const char *other = rules->rules[middle].id;
                int c = strncmp(other, id, n) ?: other[n];

                if (c == 0)
                        return true;
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return false;
}

const RuleInfo *ruleset_rule(const Ruleset *rules, size_t i, RuleInfo *ret)
{
        const Rule *rule = &rules->rules[i];

        *ret = (RuleInfo){
                .id = rule->id,
                .description = rule->description,
                .reference = rule->reference,
                .json = rule->source,
        };
        return ret;
}

static bool is_disabled(const RulesetOptions *options, const char *id)
{
        for (const char *const *glob = options->disable; glob && *glob; glob++)
                if (fnmatch(*glob, id, 0) == 0)
                        return true;
        return false;
}

/* Adds @rule, or puts it in the place of the one with its id. Takes over what it owns. */
static int add_rule(Ruleset *rules, Rule rule)
{
        Rule *more;

        for (size_t i = 0; i < rules->n_rules; i++)
                if (strcmp(rules->rules[i].id, rule.id) == 0) {
                        rule_done(&rules->rules[i]);
                        rules->rules[i] = rule;
                        return 0;
                }
        more = reallocarray(rules->rules, rules->n_rules + 1, sizeof(*more));
        if (!more) {
                rule_done(&rule);
                return -ENOMEM;
        }
        rules->rules = more;
        rules->rules[rules->n_rules++] = rule;
        return 0;
}

static int add_allowed(Ruleset *rules, struct json_object *patterns, char **reterr)
{
        size_t n = json_object_array_length(patterns);

        for (size_t i = 0; i < n; i++) {
                struct json_object *text = json_object_array_get_idx(patterns, i);
                Allowed *more;
                int r;

                more = reallocarray(rules->allow, rules->n_allow + 1, sizeof(*more));
                if (!more)
                        return -ENOMEM;
                rules->allow = more;
                if (!json_object_is_type(text, json_type_string)) {
                        format_error(reterr, "must be an array of strings");
                        return -EINVAL;
                }
                r = allowed_init(&rules->allow[rules->n_allow], json_object_get_string(text),
                                 reterr);
                if (r < 0)
                        return r;
                rules->n_allow++;
        }
        return 0;
}

static int add_allowed_fingerprints(Ruleset *rules, struct json_object *fingerprints, char **reterr)
{
        size_t n = json_object_array_length(fingerprints);

        for (size_t i = 0; i < n; i++) {
                const char *text = json_object_get_string(
                                json_object_array_get_idx(fingerprints, i));
                char *end = NULL;
                uint64_t *more, value;

                value = text ? strtoull(text, &end, 16) : 0;
                if (!text || strlen(text) != 16 || *end) {
                        format_error(reterr, "must be an array of fingerprints (16 hex digits)");
                        return -EINVAL;
                }
                more = reallocarray(rules->allow_fingerprints, rules->n_allow_fingerprints + 1,
                                    sizeof(*more));
                if (!more)
                        return -ENOMEM;
                rules->allow_fingerprints = more;
                more[rules->n_allow_fingerprints++] = value;
        }
        return 0;
}

static int add_allow(Ruleset *rules, struct json_object *allow, char **reterr)
{
        if (!json_object_is_type(allow, json_type_object)) {
                format_error(reterr, "must be an object with \"patterns\" and \"fingerprints\"");
                return -EINVAL;
        }
        json_object_object_foreach(allow, name, list)
        {
                int r = -EINVAL;

                if (!json_object_is_type(list, json_type_array))
                        format_error(reterr, "must have arrays as members");
                else if (strcmp(name, "patterns") == 0)
                        r = add_allowed(rules, list, reterr);
                else if (strcmp(name, "fingerprints") == 0)
                        r = add_allowed_fingerprints(rules, list, reterr);
                else
                        format_error(reterr, "has no member '%s'", name);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_rules(Ruleset *rules, const RulesetOptions *options, struct json_object *list,
                     const char *path, char **reterr)
{
        size_t n = json_object_array_length(list);

        for (size_t i = 0; i < n; i++) {
                struct json_object *object = json_object_array_get_idx(list, i);
                _cleanup_free_ char *reason = NULL;
                struct json_object *id = NULL;
                Rule rule;
                int r;

                r = rule_parse(object, &rule, &reason);
                if (r < 0) {
                        if (json_object_is_type(object, json_type_object))
                                id = json_object_object_get(object, "id");
                        format_error(reterr, "%s: rule %zu ('%s'): %s", path, i + 1,
                                     id ? json_object_get_string(id) : "no id",
                                     reason ?: strerror(-r));
                        return r;
                }
                if (is_disabled(options, rule.id)) {
                        rule_done(&rule);
                        continue;
                }
                r = add_rule(rules, rule);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int load_file(Ruleset *rules, const RulesetOptions *options, const char *path, char **reterr)
{
        _cleanup_(json_putp) struct json_object *document = NULL;
        _cleanup_free_ char *reason = NULL;
        struct json_object *list, *allow = NULL;
        int r;

        r = rule_file_read(path, &document, reterr);
        if (r < 0)
                return r;
        list = rule_file_rules(document);
        if (json_object_is_type(document, json_type_object))
                allow = json_object_object_get(document, "allow");
        if (!list && !allow) {
                format_error(reterr, "%s: must be an array of rules, or an object with \"rules\"",
                             path);
                return -EINVAL;
        }
        if (allow) {
                r = add_allow(rules, allow, &reason);
                if (r < 0) {
                        format_error(reterr, "%s: 'allow' %s", path, reason ?: strerror(-r));
                        return r;
                }
        }
        return list ? add_rules(rules, options, list, path, reterr) : 0;
}

static int is_rule_file(const struct dirent *entry)
{
        size_t n = strlen(entry->d_name);

        return n > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 5, ".json") == 0;
}

static int load_folder(Ruleset *rules, const RulesetOptions *options, const char *folder,
                       char **reterr)
{
        struct dirent **entries = NULL;
        int n, r = 0;

        n = scandir(folder, &entries, is_rule_file, alphasort);
        if (n < 0 && errno == ENOTDIR)
                return load_file(rules, options, folder, reterr);
        if (n < 0) {
                r = -errno;
                format_error(reterr, "cannot read the rules folder '%s': %s", folder, strerror(-r));
                return r;
        }
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = path_join(folder, entries[i]->d_name);

                if (r == 0)
                        r = path ? load_file(rules, options, path, reterr) : -ENOMEM;
                free(entries[i]);
        }
        free(entries);
        return r;
}

/* All literals of all rules, each once. */
typedef struct Collected {
        Literal *literals;
        size_t n;
        uint32_t *of; /* the literal of each (rule, its literal) in order */
} Collected;

static uint32_t collect_literal(Collected *c, const char *bytes, bool nocase)
{
        for (size_t i = 0; i < c->n; i++)
                if (c->literals[i].nocase == nocase && strcmp(c->literals[i].bytes, bytes) == 0)
                        return (uint32_t) i;
        c->literals[c->n] = (Literal){ bytes, strlen(bytes), nocase };
        return (uint32_t) c->n++;
}

static void collected_done(Collected *c)
{
        free(c->literals);
        free(c->of);
}

/* Fills in which rules use each literal: counted first, then placed. */
static int place_uses(Ruleset *rules, const Collected *c, size_t n_pairs)
{
        size_t pair = 0;

        rules->use_starts = calloc(c->n + 2, sizeof(*rules->use_starts));
        rules->uses = calloc(n_pairs + 1, sizeof(*rules->uses));
        rules->sizes = calloc(c->n + 1, sizeof(*rules->sizes));
        if (!rules->use_starts || !rules->uses || !rules->sizes)
                return -ENOMEM;
        for (size_t i = 0; i < c->n; i++) {
                rules->sizes[i] = (uint32_t) c->literals[i].size;
                rules->longest = c->literals[i].size > rules->longest ? c->literals[i].size
                                                                      : rules->longest;
        }
        for (size_t i = 0; i < n_pairs; i++)
                rules->use_starts[c->of[i] + 2]++;
        for (size_t i = 0; i < c->n; i++)
                rules->use_starts[i + 2] += rules->use_starts[i + 1];
        for (size_t i = 0; i < rules->n_rules; i++)
                for (size_t k = 0; k < rules->rules[i].n_literals; k++, pair++)
                        rules->uses[rules->use_starts[c->of[pair] + 1]++] = (uint32_t) i;
        return 0;
}

static int index_literals(Ruleset *rules, LiteralMatcher matcher)
{
        _cleanup_(collected_done) Collected c = { 0 };
        size_t n_pairs = 0, pair = 0;
        int r;

        for (size_t i = 0; i < rules->n_rules; i++)
                n_pairs += rules->rules[i].n_literals;
        c.literals = calloc(n_pairs + 1, sizeof(*c.literals));
        c.of = calloc(n_pairs + 1, sizeof(*c.of));
        if (!c.literals || !c.of)
                return -ENOMEM;
        for (size_t i = 0; i < rules->n_rules; i++)
                for (size_t k = 0; k < rules->rules[i].n_literals; k++)
                        c.of[pair++] = collect_literal(&c, rules->rules[i].literals[k],
                                                       rules->rules[i].nocase);
        r = place_uses(rules, &c, n_pairs);
        if (r < 0)
                return r;
        return literal_set_new(matcher, c.literals, c.n, &rules->literals);
}

/* The rules as written, in the order of their ids: what file they came from makes no difference. */
static int compute_digest(Ruleset *rules)
{
        static const HashKey key = { "scrubjay rules " };
        Hasher *h = hasher_new(&key);

        if (!h)
                return -ENOMEM;
        hasher_begin(h);
        hasher_add_int(h, MASK_ALGORITHM_VERSION);
        for (size_t i = 0; i < rules->n_rules; i++)
                hasher_add_bytes(h, rules->rules[i].source, strlen(rules->rules[i].source));
        for (size_t i = 0; i < rules->n_allow; i++)
                hasher_add_bytes(h, rules->allow[i].text, strlen(rules->allow[i].text));
        for (size_t i = 0; i < rules->n_allow_fingerprints; i++)
                hasher_add_int(h, (int64_t) rules->allow_fingerprints[i]);
        rules->digest = hasher_end(h);
        (void) hasher_free(h);
        return 0;
}

static int compare_ids(const void *a, const void *b)
{
        return strcmp(((const Rule *) a)->id, ((const Rule *) b)->id);
}

int ruleset_load(const RulesetOptions *options, Ruleset **ret, char **reterr)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        int r;

        rules = calloc(1, sizeof(*rules));
        if (!rules)
                return -ENOMEM;
        atomic_init(&rules->n_ref, 1);
        (void) pthread_mutex_init(&rules->compiling, NULL);
        for (const char *const *folder = options->folders; *folder; folder++) {
                r = load_folder(rules, options, *folder, reterr);
                if (r < 0)
                        return r;
        }
        if (rules->n_rules > 1)
                qsort(rules->rules, rules->n_rules, sizeof(*rules->rules), compare_ids);
        r = index_literals(rules, options->matcher);
        if (r < 0) {
                format_error(reterr, "cannot compile the rules' literals: %s", strerror(-r));
                return r;
        }
        r = compute_digest(rules);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(rules);
        return 0;
}
