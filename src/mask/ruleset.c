/* Ruleset: reads the folders, applies what is disabled, and makes one literal search of all rules */
#include <ctype.h>
#include <dirent.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/file-util.h"
#include "base/memory.h"
#include "mask/rule-parse.h"
#include "mask/ruleset-internal.h"

static void allowed_done(Allowed *a)
{
        pattern_done(&a->pattern);
        free(a->text);
}

static int allowed_init(Allowed *a, const char *text, char **reterr)
{
        int r;

        *a = (Allowed){ .text = xstrdup(text) };
        r = pattern_compile(text, 0, &a->pattern, reterr);
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
        rule_ids_done(&rules->ids);
        for (size_t i = 0; i < rules->n_retired; i++) {
                free(rules->retired[i].id);
                free(rules->retired[i].heir);
        }
        (void) literal_set_free(rules->literals);
        (void) pthread_mutex_destroy(&rules->compiling);
        free(rules->rules);
        free(rules->retired);
        free(rules->allow);
        free(rules->allow_fingerprints);
        free(rules->uses);
        free(rules->use_starts);
        free(rules->sizes);
        free(rules->prefixes);
        for (size_t i = 0; i < rules->n_off; i++)
                free(rules->off[i]);
        free(rules->off);
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

const RuleIds *ruleset_ids(const Ruleset *rules)
{
        return &rules->ids;
}

bool ruleset_allows(const Ruleset *rules, uint64_t fingerprint)
{
        for (size_t i = 0; i < rules->n_allow_fingerprints; i++)
                if (rules->allow_fingerprints[i] == fingerprint)
                        return true;
        return false;
}

const char *ruleset_heir(const Ruleset *rules, const char *id)
{
        for (size_t i = 0; i < rules->n_retired; i++)
                if (strcmp(rules->retired[i].id, id) == 0)
                        return rules->retired[i].heir;
        return NULL;
}

/* Does a word of the name begin at @i? */
static bool begins_word(const char *name, size_t i)
{
        return i == 0 || !isalpha((unsigned char) name[i - 1]) ||
               (islower((unsigned char) name[i - 1]) && isupper((unsigned char) name[i]));
}

/* Do the @n bytes at @name begin with @word, in any case? Returns how long it is, or 0. */
static size_t begins_with(const char *name, size_t n, const char *word)
{
        size_t size;

        if (toupper((unsigned char) name[0]) != toupper((unsigned char) word[0]))
                return 0;
        size = strlen(word);
        return size <= n && strncasecmp(name, word, size) == 0 ? size : 0;
}

static const Rule *find_judge_rule(const Ruleset *rules, JudgeKind kind, const char *name, size_t n,
                                   bool *ret_known)
{
        const Rule *best = NULL;
        size_t longest = 0;

        for (size_t i = 0; i < rules->n_rules && !best; i++)
                if (rules->rules[i].kind == RULE_JUDGE && rules->rules[i].kinds & 1U << kind)
                        best = &rules->rules[i];
        for (size_t at = 0; at < n; at++) {
                if (!begins_word(name, at))
                        continue;
                for (const Rule *rule = rules->rules; rule < rules->rules + rules->n_rules; rule++)
                        for (size_t k = 0; k < rule->n_names; k++) {
                                size_t size = begins_with(name + at, n - at, rule->names[k]);

                                /* of those that are as long the first */
                                if (size > longest ||
                                    (size > 0 && size == longest && rule < best)) {
                                        best = rule;
                                        longest = size;
                                }
                        }
        }
        *ret_known = longest > 0;
        return best;
}

#define KEY_KINDS                                                                     \
        (1U << KIND_SECRET | 1U << KIND_TOKEN | 1U << KIND_API_KEY | 1U << KIND_KEY | \
         1U << KIND_AUTH | 1U << KIND_CREDENTIAL)

const Rule *ruleset_judge_rule(const Ruleset *rules, const View *v, const Candidate *c,
                               Verdict *verdict)
{
        const Rule *rule;
        bool known;

        rule = find_judge_rule(rules, c->kind, v->text + c->name_start, c->name_end - c->name_start,
                               &known);
        if (known && c->kind == KIND_KEY) {
                /* Keys are many things; those of an issuer open something. */
                Candidate key = *c;

                key.kind = KIND_API_KEY;
                judge_decide(v, &key, rules->caution, verdict);
        } else if (known && KEY_KINDS & 1U << c->kind) {
                verdict->threshold -= JUDGE_KNOWN_NAME;
        }
        verdict->secret = rule && !verdict->veto && verdict->score >= verdict->threshold;
        return verdict->secret ? rule : NULL;
}

const char *ruleset_judge_id(const Ruleset *rules, const View *v, const Candidate *c,
                             Verdict *verdict)
{
        const Rule *rule = ruleset_judge_rule(rules, v, c, verdict);

        return rule ? rule->id : NULL;
}

JudgeCaution ruleset_caution(const Ruleset *rules)
{
        return rules->caution;
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

/* What a ruleset may hold. Its sums over all files are kept while it is loaded. */
typedef enum Budget {
        BUDGET_FILES,
        BUDGET_BYTES,
        BUDGET_RULES,
        BUDGET_LITERALS,
        BUDGET_PATTERNS,
        BUDGET_COMPILED,
        BUDGET_FINGERPRINTS,
        _BUDGET_MAX,
} Budget;

static const struct {
        size_t max;
        const char *what;
} budgets[_BUDGET_MAX] = {
        [BUDGET_FILES] = { RULESET_FILES_MAX, "files" },
        [BUDGET_BYTES] = { RULESET_BYTES_MAX, "bytes in their files" },
        [BUDGET_RULES] = { RULESET_RULES_MAX, "rules" },
        [BUDGET_LITERALS] = { RULESET_LITERALS_MAX, "literals" },
        [BUDGET_PATTERNS] = { RULESET_PATTERNS_MAX, "patterns" },
        [BUDGET_COMPILED] = { RULESET_COMPILED_MAX, "bytes of compiled patterns" },
        [BUDGET_FINGERPRINTS] = { RULESET_FINGERPRINTS_MAX, "allowed fingerprints" },
};

typedef struct Loading Loading;

struct Loading {
        const RulesetOptions *options;
        Ruleset *rules;
        size_t spent[_BUDGET_MAX];
        int (*on_file)(Loading *l, const char *path, char **reterr); /* for each, in order */
        Hasher *files;                                               /* of a digest */
};

/* Adds @n to what was spent. Returns 0, or -E2BIG with *@reterr: what is at @path is too much. */
static int spend(Loading *l, Budget budget, size_t n, const char *path, char **reterr)
{
        l->spent[budget] += n;
        if (l->spent[budget] <= budgets[budget].max)
                return 0;
        format_error(reterr,
                     "with '%s' the rules have more than %zu %s, which is the limit: remove files "
                     "from the folders of [Mask] RulesDir=",
                     path, budgets[budget].max, budgets[budget].what);
        return -E2BIG;
}

static int spend_rule(Loading *l, const Rule *rule, const char *path, char **reterr)
{
        const struct {
                Budget budget;
                size_t n;
        } costs[] = {
                { BUDGET_RULES, 1 },
                { BUDGET_LITERALS, rule->n_literals },
                { BUDGET_PATTERNS, 2 + rule->guards.n_refused },
                { BUDGET_COMPILED, rule_compiled_size(rule) },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(costs); i++)
                r = spend(l, costs[i].budget, costs[i].n, path, reterr);
        return r;
}

static void note_literals(Ruleset *rules, const Rule *rule)
{
        for (size_t i = 0; i < rule->n_literals; i++)
                APPEND(rules->off, rules->n_off, xstrdup(rule->literals[i]));
}

/* {"old id": "the rule that finds it now"} */
static int add_retired(Loading *l, struct json_object *retired, const char *path, char **reterr)
{
        Ruleset *rules = l->rules;

        if (!json_object_is_type(retired, json_type_object)) {
                format_error(reterr,
                             "must be an object that maps old ids to the rules that replace them");
                return -EINVAL;
        }
        json_object_object_foreach(retired, id, heir)
        {
                const char *name = json_object_is_type(heir, json_type_string)
                                                   ? json_object_get_string(heir)
                                                   : NULL;
                int r;

                if (!name || !rule_is_id(id) || !rule_is_id(name)) {
                        format_error(reterr, "must have ids of rules on both sides");
                        return -EINVAL;
                }
                r = spend(l, BUDGET_RULES, 1, path, reterr);
                if (r < 0)
                        return r;
                rule_ids_add(&rules->ids, id);
                APPEND(rules->retired, rules->n_retired, (Retired){ xstrdup(id), xstrdup(name) });
        }
        return 0;
}

static int add_allowed(Loading *l, struct json_object *patterns, const char *path, char **reterr)
{
        Ruleset *rules = l->rules;
        size_t n = json_object_array_length(patterns);

        for (size_t i = 0; i < n; i++) {
                struct json_object *text = json_object_array_get_idx(patterns, i);
                Allowed allowed;
                int r;

                if (!json_object_is_type(text, json_type_string)) {
                        format_error(reterr, "must be an array of strings");
                        return -EINVAL;
                }
                r = spend(l, BUDGET_PATTERNS, 1, path, reterr);
                if (r >= 0)
                        r = allowed_init(&allowed, json_object_get_string(text), reterr);
                if (r < 0)
                        return r;
                APPEND(rules->allow, rules->n_allow, allowed);
                r = spend(l, BUDGET_COMPILED, pattern_size(&allowed.pattern), path, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_allowed_fingerprints(Loading *l, struct json_object *fingerprints, const char *path,
                                    char **reterr)
{
        Ruleset *rules = l->rules;
        size_t n = json_object_array_length(fingerprints);
        int r;

        r = spend(l, BUDGET_FINGERPRINTS, n, path, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                const char *text = json_object_get_string(
                                json_object_array_get_idx(fingerprints, i));
                char *end = NULL;
                uint64_t value;

                value = text ? strtoull(text, &end, 16) : 0;
                if (!text || strlen(text) != 16 || *end) {
                        format_error(reterr, "must be an array of fingerprints (16 hex digits)");
                        return -EINVAL;
                }
                APPEND(rules->allow_fingerprints, rules->n_allow_fingerprints, value);
        }
        return 0;
}

static int add_allow(Loading *l, struct json_object *allow, const char *path, char **reterr)
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
                        r = add_allowed(l, list, path, reterr);
                else if (strcmp(name, "fingerprints") == 0)
                        r = add_allowed_fingerprints(l, list, path, reterr);
                else
                        format_error(reterr, "has no member '%s'", name);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_rules(Loading *l, struct json_object *list, const char *path, char **reterr)
{
        size_t n = json_object_array_length(list);
        Ruleset *rules = l->rules;

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
                                     id ? json_object_get_string(id) : "no id", reason);
                        return r;
                }
                r = spend_rule(l, &rule, path, reterr);
                if (r < 0) {
                        rule_done(&rule);
                        return r;
                }
                rule_ids_add(&rules->ids, rule.id);
                if (is_disabled(l->options, rule.id)) {
                        note_literals(rules, &rule);
                        rule_done(&rule);
                        continue;
                }
                rule.order = (uint32_t) rules->n_rules;
                APPEND(rules->rules, rules->n_rules, rule);
        }
        return 0;
}

static int load_file(Loading *l, const char *path, char **reterr)
{
        _cleanup_(json_object_putp) struct json_object *document = NULL;
        _cleanup_free_ char *reason = NULL;
        struct json_object *list, *allow = NULL, *retired = NULL;
        size_t size;
        int r;

        r = rule_file_read(path, &document, &size, reterr);
        if (r >= 0)
                r = spend(l, BUDGET_BYTES, size, path, reterr);
        if (r < 0)
                return r;
        list = rule_file_rules(document);
        if (json_object_is_type(document, json_type_object))
                allow = json_object_object_get(document, "allow");
        if (json_object_is_type(document, json_type_object))
                retired = json_object_object_get(document, "retired");
        if (!list && !allow) {
                format_error(reterr, "%s: must be an array of rules, or an object with \"rules\"",
                             path);
                return -EINVAL;
        }
        if (allow) {
                r = add_allow(l, allow, path, &reason);
                if (r == -E2BIG && reterr)
                        *reterr = TAKE_PTR(reason);
                else if (r < 0)
                        format_error(reterr, "%s: 'allow' %s", path, reason ?: strerror(-r));
                if (r < 0)
                        return r;
        }
        if (retired) {
                r = add_retired(l, retired, path, &reason);
                if (r == -E2BIG && reterr)
                        *reterr = TAKE_PTR(reason);
                else if (r < 0)
                        format_error(reterr, "%s: 'retired' %s", path, reason ?: strerror(-r));
                if (r < 0)
                        return r;
        }
        return list ? add_rules(l, list, path, reterr) : 0;
}

static int is_rule_file(const struct dirent *entry)
{
        size_t n = strlen(entry->d_name);

        return n > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 5, ".json") == 0;
}

static int load_folder(Loading *l, const char *folder, char **reterr)
{
        struct dirent **entries = NULL;
        int n, r;

        n = scandir(folder, &entries, is_rule_file, alphasort);
        if (n < 0 && errno == ENOTDIR) {
                r = spend(l, BUDGET_FILES, 1, folder, reterr);
                return r < 0 ? r : l->on_file(l, folder, reterr);
        }
        if (n < 0) {
                r = -errno;
                format_error(reterr, "Cannot read the rules folder '%s': %s.", folder,
                             strerror(-r));
                return r;
        }
        r = spend(l, BUDGET_FILES, (size_t) n, folder, reterr);
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = path_join(folder, entries[i]->d_name);

                if (r >= 0)
                        r = l->on_file(l, path, reterr);
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int compare_rules(const void *a, const void *b)
{
        const Rule *x = a, *y = b;
        int c = strcmp(x->id, y->id);

        return c != 0 ? c : (x->order > y->order) - (x->order < y->order);
}

/* Puts the rules in the order of their ids; of several with one id, the last that was read stays. */
static void order_rules(Ruleset *rules)
{
        size_t n = 0;

        if (rules->n_rules > 1)
                qsort(rules->rules, rules->n_rules, sizeof(*rules->rules), compare_rules);
        rule_ids_sort(&rules->ids);
        for (size_t i = 0; i < rules->n_rules; i++) {
                if (i + 1 < rules->n_rules &&
                    strcmp(rules->rules[i].id, rules->rules[i + 1].id) == 0)
                        rule_done(&rules->rules[i]);
                else
                        rules->rules[n++] = rules->rules[i];
        }
        rules->n_rules = n;
}

/* All literals of all rules, each once. */
typedef struct Collected {
        Literal *literals;
        size_t n;
        uint32_t *of; /* the literal of each (rule, its literal) in order */
} Collected;

/* A literal of a rule, and which of all that are listed it is. */
typedef struct Listed {
        Literal literal;
        uint32_t pair;
} Listed;

static int compare_literals(const Literal *a, const Literal *b)
{
        return a->nocase != b->nocase ? a->nocase - b->nocase : strcmp(a->bytes, b->bytes);
}

static int compare_listed(const void *a, const void *b)
{
        const Listed *x = a, *y = b;
        int c = compare_literals(&x->literal, &y->literal);

        return c != 0 ? c : (x->pair > y->pair) - (x->pair < y->pair);
}

static void collected_done(Collected *c)
{
        free(c->literals);
        free(c->of);
}

/* Gives the literals numbers in the order in which the rules name them first. */
static void collect_literals(const Ruleset *rules, size_t n_pairs, Collected *c)
{
        _cleanup_free_ Listed *listed = xcalloc(n_pairs + 1, sizeof(*listed));
        size_t pair = 0;

        c->literals = xcalloc(n_pairs + 1, sizeof(*c->literals));
        c->of = xcalloc(n_pairs + 1, sizeof(*c->of));
        for (size_t i = 0; i < rules->n_rules; i++) {
                const Rule *rule = &rules->rules[i];

                for (size_t k = 0; k < rule->n_literals; k++, pair++) {
                        const char *bytes = rule->literals[k];

                        c->literals[pair] = (Literal){ bytes, strlen(bytes), rule->nocase };
                        listed[pair] = (Listed){ c->literals[pair], (uint32_t) pair };
                }
        }
        /* The same ones are beside each other now: each first names the pair that named it first. */
        qsort(listed, n_pairs, sizeof(*listed), compare_listed);
        for (size_t i = 0; i < n_pairs; i++) {
                bool same = i > 0 &&
                            compare_literals(&listed[i].literal, &listed[i - 1].literal) == 0;

                c->of[listed[i].pair] = same ? c->of[listed[i - 1].pair] : listed[i].pair;
        }
        for (size_t i = 0; i < n_pairs; i++) {
                if (c->of[i] != i) {
                        c->of[i] = c->of[c->of[i]];
                        continue;
                }
                c->literals[c->n] = c->literals[i];
                c->of[i] = (uint32_t) c->n++;
        }
}

/* Fills in which rules use each literal: counted first, then placed. */
static void place_uses(Ruleset *rules, const Collected *c, size_t n_pairs)
{
        size_t pair = 0;

        rules->use_starts = xcalloc(c->n + 2, sizeof(*rules->use_starts));
        rules->uses = xcalloc(n_pairs + 1, sizeof(*rules->uses));
        rules->sizes = xcalloc(c->n + 1, sizeof(*rules->sizes));
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
}

/* Three letters are nobody's own. */
#define PREFIX_MIN 4

/* "glpat-", "ghp_": see near forms in data/rules/README.md. Whoever disables a rule wants none of its forms masked. */
static void find_prefixes(Ruleset *rules, const Collected *c)
{
        rules->prefixes = xcalloc(c->n + 1, sizeof(*rules->prefixes));
        for (size_t i = 0; i < c->n; i++) {
                const Literal *l = &c->literals[i];

                rules->prefixes[i] = l->size >= PREFIX_MIN && strchr("_-", l->bytes[l->size - 1]);
                for (size_t k = 0; k < rules->n_off; k++)
                        if (strcasecmp(rules->off[k], l->bytes) == 0)
                                rules->prefixes[i] = false;
        }
}

static int index_literals(Ruleset *rules, const RulesetOptions *options)
{
        _cleanup_(collected_done) Collected c = { 0 };
        size_t n_pairs = 0;

        for (size_t i = 0; i < rules->n_rules; i++)
                n_pairs += rules->rules[i].n_literals;
        collect_literals(rules, n_pairs, &c);
        place_uses(rules, &c, n_pairs);
        find_prefixes(rules, &c);
        return literal_set_new(c.literals, c.n, options->cache, &rules->literals);
}

/* A rule that knows names needs the keywords to be read, also where the rules of their kinds are not in force. */
static void read_for_names(Ruleset *rules)
{
        unsigned kinds = 0;
        Rule *first = NULL;

        for (size_t i = 0; i < rules->n_rules; i++) {
                kinds |= rules->rules[i].kinds;
                if (rules->rules[i].names && !first)
                        first = &rules->rules[i];
        }
        if (first)
                rule_add_keywords(first, ~kinds);
}

static JudgeCaution caution_of(const RulesetOptions *options)
{
        return options->caution < 0   ? CAUTION_LOW
               : options->caution > 0 ? CAUTION_HIGH
                                      : CAUTION_NORMAL;
}

/* What finds something else with the same rules. */
static void add_engine(Hasher *h, JudgeCaution caution)
{
        hasher_add_int(h, MASK_ALGORITHM_VERSION);
        hasher_add_int(h, caution);
        hasher_add_bytes(h, judge_model_name(), strlen(judge_model_name()));
}

/* The rules as written, in the order of their ids: what file they came from makes no difference. */
static void compute_digest(Ruleset *rules)
{
        static const HashKey key = { "scrubjay rules " };
        Hasher *h = hasher_new(&key);

        add_engine(h, rules->caution);
        for (size_t i = 0; i < rules->n_rules; i++)
                hasher_add_bytes(h, rules->rules[i].source, strlen(rules->rules[i].source));
        for (size_t i = 0; i < rules->n_allow; i++)
                hasher_add_bytes(h, rules->allow[i].text, strlen(rules->allow[i].text));
        for (size_t i = 0; i < rules->n_allow_fingerprints; i++)
                hasher_add_int(h, (int64_t) rules->allow_fingerprints[i]);
        rules->digest = hasher_end(h);
        (void) hasher_free(h);
}

static int digest_file(Loading *l, const char *path, char **reterr)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = file_read(path, RULESET_BYTES_MAX, &text, &size);
        if (r >= 0)
                r = spend(l, BUDGET_BYTES, size, path, reterr);
        if (r >= 0)
                hasher_add_bytes(l->files, text, size);
        return r;
}

int ruleset_files_digest(const RulesetOptions *options, uint64_t *ret)
{
        static const HashKey key = { "scrubjay rules " };
        Loading loading = { .options = options, .on_file = digest_file, .files = hasher_new(&key) };
        int r = 0;

        add_engine(loading.files, caution_of(options));
        for (const char *const *glob = options->disable; glob && *glob; glob++)
                hasher_add_bytes(loading.files, *glob, strlen(*glob));
        hasher_add_null(loading.files);
        for (const char *const *folder = options->folders; r >= 0 && *folder; folder++)
                r = load_folder(&loading, *folder, NULL);
        if (r >= 0)
                *ret = hasher_end(loading.files);
        (void) hasher_free(loading.files);
        return r < 0 ? r : 0;
}

int ruleset_load(const RulesetOptions *options, Ruleset **ret, char **reterr)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        Loading loading = { .options = options, .on_file = load_file };
        int r;

        loading.rules = rules = xcalloc(1, sizeof(*rules));
        atomic_init(&rules->n_ref, 1);
        rules->caution = caution_of(options);
        (void) pthread_mutex_init(&rules->compiling, NULL);
        for (const char *const *folder = options->folders; *folder; folder++) {
                r = load_folder(&loading, *folder, reterr);
                if (r < 0)
                        return r;
        }
        order_rules(rules);
        read_for_names(rules);
        r = index_literals(rules, options);
        if (r < 0) {
                format_error(reterr, "cannot compile the rules' literals: %s", strerror(-r));
                return r;
        }
        compute_digest(rules);
        *ret = TAKE_PTR(rules);
        return 0;
}
