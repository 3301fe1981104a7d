/* mask: rules files, good and broken; what is disabled or allowed; limits that fail closed */
#include <sys/stat.h>

#include "base/file-util.h"
#include "base/json.h"
#include "mask/masker.h"
#include "mask/pattern-bounds.h"
#include "mask/ruleset.h"
#include "rules-fixture.h"

static const HashKey key = { "ruleset" };

/* A folder with one rules file. */
static char *make_folder(const char *text)
{
        char folder[] = "/tmp/test-ruleset-XXXXXX";
        _cleanup_free_ char *path = NULL;

        REQUIRE(mkdtemp(folder));
        path = path_join(folder, "a.json");
        REQUIRE(path && file_write_atomic(path, 0600, text, strlen(text)) == 0);
        return strdup(folder);
}

static void remove_folder(char **folder)
{
        _cleanup_free_ char *path = path_join(*folder, "a.json");

        (void) unlink(path);
        (void) rmdir(*folder);
        free(*folder);
}

static Ruleset *load(const char *text, const char *const *disable)
{
        _cleanup_(remove_folder) char *folder = make_folder(text);
        const char *folders[] = { folder, NULL };
        RulesetOptions options = { .folders = folders, .disable = disable };
        _cleanup_free_ char *error = NULL;
        Ruleset *rules = NULL;

        if (ruleset_load(&options, &rules, &error) < 0)
                fprintf(stderr, "%s\n", error);
        return rules;
}

static void check_masked(Ruleset *rules, const char *text, const char *expected)
{
        _cleanup_(masker_freep) Masker *m = NULL;
        _cleanup_free_ char *got = NULL;
        Masked masked;

        REQUIRE(rules);
        m = masker_new(rules, &key);
        CHECK_INT(masker_mask(m, MASK_TEXT, text, strlen(text), &masked), 0);
        got = strndup(masked.text, masked.size);
        CHECK_STR(got, expected);
}

#define RULE_A \
        "{\"id\":\"rule-a\",\"literals\":[\"aaa-\"],\"pattern\":\"\\\\baaa-[0-9a-z]{4}\\\\b\"}"
#define RULE_B \
        "{\"id\":\"rule-b\",\"literals\":[\"bbb\"],\"pattern\":\"bbb=(\\\\w+)\",\"secret\":1}"

TEST(broken_rules_are_named)
{
        static const struct {
                const char *text, *reason;
        } cases[] = {
                { "{", "not JSON" },
                { "{}", "must be an array of rules" },
                { "[1]", "is not an object" },
                { "[{\"literals\":[\"abc\"],\"pattern\":\"abc\"}]", "'id' is missing" },
                { "[{\"id\":\"A b\",\"literals\":[\"abc\"],\"pattern\":\"abc\"}]", "lower case" },
                { "[{\"id\":\"a\",\"pattern\":\"abc\"}]", "'literals' is missing" },
                { "[{\"id\":\"a\",\"literals\":[\"ab\"],\"pattern\":\"ab\"}]", "3 bytes" },
                { "[{\"id\":\"a\",\"literals\":[\"abc\"]}]", "'pattern' is missing" },
                { "[{\"id\":\"a\",\"literals\":[\"abc\"],\"pattern\":\"abc(\"}]", "parenthesis" },
                { "[{\"id\":\"a\",\"literals\":[\"abc\"],\"pattern\":\"abc\",\"secret\":1}]",
                  "groups" },
                { "[{\"id\":\"a\",\"literals\":[\"abc\"],\"pattern\":\"abc\",\"patern\":\"x\"}]",
                  "'patern' is not known" },
                { "[{\"id\":\"a\",\"literals\":[\"abc\"],\"pattern\":\"abc\",\"guards\":{\"x\":1}}]",
                  "'guards.x' is not known" },
                { "[{\"id\":\"a\",\"literals\":[\"abc\"],\"pattern\":\"abc\",\"guards\":{\"checksum\":\"md5\"}}]",
                  "checksum" },
                { "[{\"id\":\"a\",\"literals\":[\"abc\"],\"pattern\":\"abc\",\"guards\":{\"not\":[\"(\"]}}]",
                  "guards.not" },
                { "[{\"id\":\"a\",\"commands\":\"tool X\"}]", "must be an array" },
                { "[{\"id\":\"a\",\"commands\":[\"tool -p X\",\"t X\"]}]", "'t X'" },
                { "[{\"id\":\"a\",\"commands\":[\"X\"]}]", "no meaning" },
                { "[{\"id\":\"a\",\"commands\":[\"tool -p\"]}]", "no X" },
                { "[{\"id\":\"a\",\"commands\":[\"tool < X y\"]}]", "no meaning" },
                { "[{\"id\":\"a\",\"commands\":[\"tool /user:* X\"]}]", "no meaning" },
                { "[{\"id\":\"a\",\"commands\":[\"tool X\"],\"pattern\":\"x\"}]",
                  "'pattern' is not for a rule with 'commands'" },
                { "[{\"id\":\"a\",\"examples\":[]}]", "'examples' must be an object" },
                { "[{\"id\":\"a\",\"examples\":{\"positiv\":[]}}]", "'examples' must be" },
                { "[{\"id\":\"a\",\"examples\":{\"positive\":\"x\"}}]",
                  "positive must be an array" },
                { "[{\"id\":\"a\",\"examples\":{\"negative\":[\"x\",null]}}]",
                  "negative example 2 must be a non-empty string" },
                { "{\"allow\":{\"patterns\":[\"(\"]}}", "'allow'" },
                { "{\"allow\":{\"fingerprints\":[\"12\"]}}", "16 hex digits" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(remove_folder) char *folder = make_folder(cases[i].text);
                const char *folders[] = { folder, NULL };
                RulesetOptions options = { .folders = folders };
                _cleanup_free_ char *error = NULL;
                Ruleset *rules = NULL;

                CHECK_INT(ruleset_load(&options, &rules, &error), -EINVAL);
                CHECK(!rules);
                CHECK(error && strstr(error, cases[i].reason) && strstr(error, "a.json"));
                if (!error || !strstr(error, cases[i].reason))
                        fprintf(stderr, "case %zu: %s\n", i, error ?: "no reason");
        }
}

/* The digest of the rules in force is made from it: a different form would mask everything again. */
TEST(a_rule_is_kept_as_json_c_writes_it)
{
        static const char special[] =
                        "[{\"id\": \"a-b\", \"type\": \"pattern\", \"literals\": [\"abc\"], \"pattern\": "
                        "\"abc[0-9]{8}\\\\/\", \"guards\": {\"entropy\": 2.50, \"placeholder\": true}, "
                        "\"description\": \"\\u0001\\u001f\\b\\f\\n\\r\\t\\\"\\/\\\\ \\u007f \\u00e4 \\ud83d\\ude00\"}]";
        _cleanup_(ruleset_unrefp) Ruleset *all = load_rules(NULL), *one = load(special, NULL);
        Ruleset *both[] = { all, one };

        for (size_t k = 0; k < ELEMENTSOF(both); k++) {
                REQUIRE(both[k] && ruleset_n_rules(both[k]) > 0);
                for (size_t i = 0; i < ruleset_n_rules(both[k]); i++) {
                        RuleInfo info;
                        _cleanup_(json_object_putp) struct json_object *object = json_tokener_parse(
                                        ruleset_rule(both[k], i, &info)->json);

                        CHECK_STR(info.json,
                                  json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
                }
        }
}

TEST(folders_must_exist)
{
        const char *folders[] = { "/nonexistent/rules", NULL };
        RulesetOptions options = { .folders = folders };
        _cleanup_free_ char *error = NULL;
        Ruleset *rules = NULL;

        CHECK_INT(ruleset_load(&options, &rules, &error), -ENOENT);
        CHECK(error && strstr(error, "/nonexistent/rules"));
}

TEST(later_rules_replace_earlier_ones)
{
        _cleanup_(remove_folder) char *first = make_folder("[" RULE_A "," RULE_B "]");
        _cleanup_(remove_folder) char *second = make_folder(
                        "[{\"id\":\"rule-a\",\"literals\":[\"zzz-\"],\"pattern\":\"zzz-\\\\d+\"}]");
        const char *folders[] = { first, second, NULL };
        RulesetOptions options = { .folders = folders };
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;

        CHECK_INT(ruleset_load(&options, &rules, NULL), 0);
        CHECK_INT(ruleset_n_rules(rules), 2);
        check_masked(rules, "aaa-1234 zzz-1234", "aaa-1234 [REDACTED:rule-a]");
}

TEST(a_rule_replaces_an_earlier_one_of_its_file)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(
                        "[" RULE_A "," RULE_B
                        ",{\"id\":\"rule-a\",\"literals\":[\"zzz-\"],\"pattern\":\"zzz-\\\\d+\"}]",
                        NULL);

        CHECK_INT(ruleset_n_rules(rules), 2);
        check_masked(rules, "aaa-1234 zzz-1234", "aaa-1234 [REDACTED:rule-a]");
}

TEST(a_command_takes_a_secret)
{
#define MASK "[REDACTED:rule-c]"
        static const struct {
                const char *text, *masked;
        } cases[] = {
                { "tool -v -p abc12 x", "tool -v -p " MASK " x" },
                { "tool -p=abc12", "tool -p=" MASK },
                { "tool -pabc12", "tool -p" MASK },
                { "tool -p\"abc 12\" x", "tool -p\"" MASK "\" x" },
                { "tool  -p\t'a b|c' x", "tool  -p\t'" MASK "' x" },
                { "tool.exe '/p:abc12' x", "tool.exe '/p:" MASK "' x" },
                { "tool-6.2 -p abc12", "tool-6.2 -p " MASK },
                { "/bin/tool -h a \\\n  -p abc12 x", "/bin/tool -h a \\\n  -p " MASK " x" },
                { "[\"tool\", \"-p\", \"abc 12\"]", "[\"tool\", \"-p\", \"" MASK "\"]" },
                { "[\"store\",\"set\",\"A=abc12\"]", "[\"store\",\"set\",\"A=" MASK "\"]" },
                { "run(\"tool -p abc12\", \"abc\")", "run(\"tool -p " MASK "\", \"abc\")" },
                { "store set A=abc12 -f B=x C=def34 D=@file",
                  "store set A=" MASK " -f B=x C=" MASK " D=@file" },
                { "store set --arg D=abc12", "store set --arg D=" MASK },
                { "other add -q -m hash 'al b' abc12 x", "other add -q -m hash 'al b' " MASK " x" },
                { "echo abc12 | reader --stdin", "echo " MASK " | reader --stdin" },
                { "printf '%s\n' \"abc12\" | tr a b | sudo /bin/reader -kS x",
                  "printf '%s\n' \"" MASK "\" | tr a b | sudo /bin/reader -kS x" },
                { "(echo 'abc12'; echo) | reader -S", NULL },
                { "(echo 'abc12') | \\\n reader -S", "(echo '" MASK "') | \\\n reader -S" },
                { "reader -S x <<< abc12", "reader -S x <<< " MASK },
                { "reader -S x <<'END'\n  abc12\nEND\ndef34",
                  "reader -S x <<'END'\n  " MASK "\nEND\ndef34" },
                { "tool -p; other -p abc12", NULL },
                { "mytool -p abc12", NULL },
                { "tool-x -p abc12", NULL },
                { "tool -q abc12", NULL },
                { "other add al", NULL },
                { "echo abc12 | reader", NULL },
                { "echo abc12; reader --stdin", NULL },
                { "echo abc12 | xargs reader --stdin", NULL },
                { "echo abc12 | grep x /etc/reader --stdin", NULL },
                { "store set a", NULL },
        };
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(
                        "[{\"id\":\"rule-c\",\"commands\":[\"tool -p X\",\"tool /p:X\",\"store set NAME=X\","
                        "\"store set --arg=NAME=X\",\"other add -m * * X\",\"reader --stdin < X\","
                        "\"reader -S < X\"]}]",
                        NULL);

        CHECK_INT(ruleset_n_rules(rules), 1);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check_masked(rules, cases[i].text, cases[i].masked ?: cases[i].text);
}

/* @n times @item, which has %zu for the number, as a JSON array. */
static char *repeat(const char *before, const char *item, size_t n, const char *after)
{
        StrBuf b = { 0 };
        char *text = NULL;

        (void) strbuf_puts(&b, before);
        for (size_t i = 0; i < n; i++) {
                const char *number = strstr(item, "%zu");

                (void) strbuf_puts(&b, i > 0 ? "," : "");
                (void) strbuf_append(&b, item, number ? (size_t) (number - item) : strlen(item));
                if (number)
                        (void) strbuf_printf(&b, "%zu%s", i, number + strlen("%zu"));
        }
        (void) strbuf_puts(&b, after);
        REQUIRE(strbuf_take(&b, &text) == 0);
        return text;
}

TEST(more_rules_than_the_limits_are_refused_with_a_sentence)
{
        static const struct {
                const char *before, *item, *after;
                size_t max;
                int error;
                const char *reason;
        } cases[] = {
                { "[", "{\"id\":\"r-%zu\",\"literals\":[\"abc\"],\"pattern\":\"abc\"}", "]",
                  RULESET_RULES_MAX, -E2BIG, "more than 10000 rules" },
                { "{\"allow\":{\"patterns\":[", "\"x%zu\"", "]}}", RULESET_PATTERNS_MAX, -E2BIG,
                  "more than 50000 patterns" },
                { "{\"allow\":{\"fingerprints\":[", "\"0123456789abcdef\"", "]}}",
                  RULESET_FINGERPRINTS_MAX, -E2BIG, "more than 100000 allowed fingerprints" },
                { "[{\"id\":\"a\",\"pattern\":\"abc\",\"literals\":[", "\"abc%zu\"", "]}]", 1000,
                  -EINVAL, "1 to 1000" },
                { "[{\"id\":\"a\",\"literals\":[\"abc\"],\"pattern\":\"abc\",\"guards\":{\"not\":[",
                  "\"abc%zu\"", "]}}]", 1000, -EINVAL, "1000 at most" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                for (size_t over = 0; over < 2; over++) {
                        _cleanup_free_ char *text = repeat(cases[i].before, cases[i].item,
                                                           cases[i].max + over, cases[i].after);
                        _cleanup_(remove_folder) char *folder = make_folder(text);
                        const char *folders[] = { folder, NULL };
                        RulesetOptions options = { .folders = folders };
                        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
                        _cleanup_free_ char *error = NULL;
                        int r = ruleset_load(&options, &rules, &error);

                        CHECK_INT(r, over == 0 ? 0 : cases[i].error);
                        CHECK(over == 0 ||
                              (error && strstr(error, cases[i].reason) && strstr(error, "a.json")));
                        if (error && (over == 0 || !strstr(error, cases[i].reason)))
                                fprintf(stderr, "case %zu: %s\n", i, error);
                }
}

/* A pattern of few bytes can be large when it is compiled. */
TEST(large_patterns_are_refused_by_what_they_compile_to)
{
        _cleanup_free_ char *text = repeat("{\"allow\":{\"patterns\":[", "\"(?:abc|d%zu){500}\"",
                                           10000, "]}}");
        _cleanup_(remove_folder) char *folder = make_folder(text);
        const char *folders[] = { folder, NULL };
        RulesetOptions options = { .folders = folders };
        _cleanup_free_ char *error = NULL;
        Ruleset *rules = NULL;

        CHECK_INT(ruleset_load(&options, &rules, &error), -E2BIG);
        CHECK(error && strstr(error, "bytes of compiled patterns"));
}

/* The same file, named more often than the limit, acts as that many files. */
TEST(more_files_than_the_limit_are_refused)
{
        _cleanup_(remove_folder) char *folder = make_folder("[]");
        _cleanup_free_ const char **folders = calloc(RULESET_FILES_MAX + 2, sizeof(*folders));
        RulesetOptions options = { .folders = folders };
        _cleanup_free_ char *error = NULL;
        Ruleset *rules = NULL;

        REQUIRE(folders);
        for (size_t i = 0; i < RULESET_FILES_MAX; i++)
                folders[i] = folder;
        CHECK_INT(ruleset_load(&options, &rules, &error), 0);
        rules = ruleset_unref(rules);
        folders[RULESET_FILES_MAX] = folder;
        CHECK_INT(ruleset_load(&options, &rules, &error), -E2BIG);
        CHECK(error && strstr(error, folder) && strstr(error, "more than 1000 files"));
}

/* Each of many literals is found, however many there are. */
TEST(many_literals_of_any_case_are_all_found)
{
        _cleanup_free_ char *text = repeat(
                        "[",
                        "{\"id\":\"r-%zu\",\"nocase\":true,\"literals\":[\"Secret\",\"quartz\"],"
                        "\"pattern\":\"(?i)quartz[0-9]{4}\"}",
                        6000, "]");
        _cleanup_free_ char *distinct = repeat(
                        "[{\"id\":\"last\",\"literals\":[\"pqrs-\"],\"pattern\":\"pqrs-[0-9]{4}\"},",
                        "{\"id\":\"r-%zu\",\"nocase\":true,\"literals\":[\"zqj%zuzqjx\"],\"pattern\":\"zq\"}",
                        6000, "]");
        const char *texts[] = { text, distinct };

        for (size_t k = 0; k < ELEMENTSOF(texts); k++) {
                _cleanup_(remove_folder) char *folder = make_folder(texts[k]);
                const char *folders[] = { folder, NULL };
                RulesetOptions options = { .folders = folders };
                _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;

                CHECK_INT(ruleset_load(&options, &rules, NULL), 0);
                check_masked(rules, k == 0 ? "x QUARTZ1234 y" : "x pqrs-1234 y",
                             k == 0 ? "x [REDACTED:r-0] y" : "x [REDACTED:last] y");
        }
}

TEST(rules_can_be_disabled)
{
        const char *one[] = { "rule-a", NULL }, *all[] = { "rule-*", NULL };
        _cleanup_(ruleset_unrefp) Ruleset *rules = load("[" RULE_A "," RULE_B "]", one);
        _cleanup_(ruleset_unrefp) Ruleset *none = load("[" RULE_A "," RULE_B "]", all);

        check_masked(rules, "aaa-12cd bbb=value1", "aaa-12cd bbb=[REDACTED:rule-b]");
        check_masked(none, "aaa-12cd bbb=value1", "aaa-12cd bbb=value1");
}

TEST(secrets_can_be_allowed)
{
        _cleanup_(ruleset_unrefp) Ruleset *by_pattern = load(
                        "{\"rules\":[" RULE_A "," RULE_B
                        "],\"allow\":{\"patterns\":[\"^aaa-12\"]}}",
                        NULL);
        _cleanup_free_ char *text = NULL;
        Ruleset *by_fingerprint;

        check_masked(by_pattern, "aaa-12cd aaa-34cd", "aaa-12cd [REDACTED:rule-a]");
        REQUIRE(asprintf(&text,
                         "{\"rules\":[" RULE_A "],\"allow\":{\"fingerprints\":[\"%016" PRIx64
                         "\"]}}",
                         hash_bytes(&key, "aaa-34cd", 8)) > 0);
        by_fingerprint = load(text, NULL);
        check_masked(by_fingerprint, "aaa-12cd aaa-34cd", "[REDACTED:rule-a] aaa-34cd");
        (void) ruleset_unref(by_fingerprint);
}

TEST(the_digest_tells_every_change)
{
        static const char *const texts[] = {
                "[" RULE_A "]",
                "[" RULE_B "]",
                "[" RULE_A "," RULE_B "]",
                "[{\"id\":\"rule-a\",\"literals\":[\"aaa-\"],\"pattern\":\"\\\\baaa-[0-9a-z]{5}\\\\b\"}]",
                "[{\"id\":\"rule-a\",\"literals\":[\"aaa-\"],\"pattern\":\"\\\\baaa-[0-9a-z]{4}\\\\b\",\"guards\":{\"entropy\":2}}]",
                "{\"rules\":[" RULE_A "],\"allow\":{\"patterns\":[\"x\"]}}",
                "{\"rules\":[" RULE_A "],\"allow\":{\"fingerprints\":[\"0123456789abcdef\"]}}",
        };
        uint64_t digests[ELEMENTSOF(texts)];
        Ruleset *rules;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                rules = load(texts[i], NULL);
                REQUIRE(rules);
                digests[i] = ruleset_digest(rules);
                (void) ruleset_unref(rules);
                for (size_t k = 0; k < i; k++)
                        CHECK(digests[k] != digests[i]);
        }
        rules = load("[" RULE_B "," RULE_A "]", NULL);
        CHECK(ruleset_digest(rules) == digests[2]);
        (void) ruleset_unref(rules);
}

/* A pattern that tries every way to split a run of "a" in two, and again for each of those. */
TEST(a_text_that_hits_a_limit_is_masked_as_a_whole)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(
                        "[{\"id\":\"slow\",\"literals\":[\"start\"],\"pattern\":\"start(?:(?:a+)+)+b\"}]",
                        NULL);
        _cleanup_(masker_freep) Masker *m = NULL;
        char text[400];
        Masked masked;

        REQUIRE(rules);
        m = masker_new(rules, &key);
        memset(text, 'a', sizeof(text));
        memcpy(text, "x start", 7);
        memcpy(text + sizeof(text) - 3, "!b", 2); /* else PCRE2 sees at once that there is no "b" */
        CHECK_INT(masker_mask(m, MASK_TEXT, text, sizeof(text), &masked), 0);
        CHECK(masked.size == 22 && memcmp(masked.text, "[REDACTED:unscannable]", 22) == 0);
        CHECK_INT(masked.n_findings, 1);
        CHECK_INT(masked.findings[0].start, 0);
        CHECK_INT(masked.findings[0].end, sizeof(text));

        text[0] = text[sizeof(text) - 1] = '"';
        CHECK_INT(masker_mask(m, MASK_JSON, text, sizeof(text), &masked), 0);
        CHECK(masked.size == 24 && memcmp(masked.text, "\"[REDACTED:unscannable]\"", 24) == 0);
        CHECK_INT(masker_mask(m, MASK_TEXT, "fine", 4, &masked), 0);
        CHECK_INT(masked.n_findings, 0);
}

TEST(bounds_are_lifted_where_a_class_repeats)
{
        static const struct {
                const char *pattern, *open; /* NULL: the same */
                size_t bound, work;
        } cases[] = {
                { "ab[A-Z0-9]{3,40}", "ab[A-Z0-9]{3,}", 40, SIZE_MAX },
                { "\\S{1,9}x[^]}]{2,2000}+(?![a])", "\\S{1,}x[^]}]{2,}+(?![a])", 9, 2000 },
                { "[\\]{1,2}]{1,4000}[a]{0,1000}", "[\\]{1,2}]{1,}[a]{0,}", 1000, 1000 },
                { "a{2,3}[b]{4}[c]{5,}[d]{6,7}?(?:[e]){8,9}\\[{1,1}", NULL, SIZE_MAX, SIZE_MAX },
                { "[a", NULL, SIZE_MAX, SIZE_MAX },
                { "[a]{3,", NULL, SIZE_MAX, SIZE_MAX },
                { "\\", NULL, SIZE_MAX, SIZE_MAX },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(strbuf_done) StrBuf open = { 0 };
                size_t bound, work, n;

                n = pattern_lift_bounds(cases[i].pattern, &open, &bound, &work);
                CHECK_STR(open.data, cases[i].open ?: cases[i].pattern);
                CHECK_INT(n > 0, cases[i].open != NULL);
                CHECK_INT(bound, cases[i].bound);
                CHECK_INT(work, cases[i].work);
        }
}

/* A value beyond the rule's bound is masked to the end of its word, if the pattern without the bound reaches that far. */
TEST(a_bound_is_no_end)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(
                        "[{\"id\":\"own\",\"literals\":[\"own-a-\",\"ox-\"],\"pattern\":\"(?:own-a-|ox-)[a-z]{2,6}(?![a-z])\"},"
                        "{\"id\":\"any\",\"literals\":[\"any=\"],\"pattern\":\"any=([a-j \\\"]{2,6})\",\"secret\":1},"
                        "{\"id\":\"most\",\"literals\":[\"most=\"],\"pattern\":\"most=([a-z]{2,6})\",\"secret\":1,"
                        "\"guards\":{\"max_length\":8}}]",
                        NULL);

        check_masked(rules, "own-a-abcdefgh, own-a-abcdefgH", "[REDACTED:own], [REDACTED:own]H");
        check_masked(rules, "ox-abcdef, ox-abcdefgh", "[REDACTED:own], ox-abcdefgh");
        check_masked(rules, "any=abcdefgh ij any=ab\"cdefgh\"",
                     "any=[REDACTED:any] ij any=[REDACTED:any]\"");
        check_masked(rules, "most=abcdefgh most=abcdefghij",
                     "most=[REDACTED:most] most=[REDACTED:most]ghij");
}

TEST(several_secrets_in_one_match)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(
                        "[{\"id\":\"pair\",\"literals\":[\"pair:\"],\"pattern\":\"pair:(\\\\w+)(?:,(\\\\w+))?\",\"secret\":[1,2]}]",
                        NULL);

        check_masked(rules, "pair:abc,def pair:ghi",
                     "pair:[REDACTED:pair],[REDACTED:pair] pair:[REDACTED:pair]");
}

TEST(overlapping_findings_are_one)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(
                        "[{\"id\":\"long\",\"rank\":2,\"literals\":[\"abc\"],\"pattern\":\"abc\\\\w+\"},"
                        "{\"id\":\"better\",\"literals\":[\"cde\"],\"pattern\":\"cde\\\\w\"}]",
                        NULL);

        check_masked(rules, "x abcdefgh y", "x [REDACTED:better] y");
}

/* What a person's rule finds is masked even if it looks like a placeholder; the file may ask for the guard. */
TEST(a_guard_holds_only_where_it_is_written)
{
        const char *rules = "{\"rules\":[{\"id\":\"own\",\"literals\":[\"acme-\"],\"pattern\":\"acme-\\\\S+\"}]}",
                   *guarded = "{\"defaults\":{\"guards\":{\"placeholder\":true}},\"rules\":["
                              "{\"id\":\"own\",\"literals\":[\"acme-\"],\"pattern\":\"acme-\\\\S+\"},"
                              "{\"id\":\"not\",\"literals\":[\"umbra-\"],\"pattern\":\"umbra-\\\\S+\","
                              "\"guards\":{\"placeholder\":false}}]}";
        _cleanup_(ruleset_unrefp) Ruleset *all = load(rules, NULL), *some = load(guarded, NULL);

        REQUIRE(all && some);
        check_masked(all, "x acme-example y", "x [REDACTED:own] y");
        check_masked(some, "x acme-example y", "x acme-example y");
        check_masked(some, "x umbra-example y", "x [REDACTED:not] y");
        CHECK(!load("{\"defaults\":{\"guard\":{}},\"rules\":[]}", NULL));
        CHECK(!load("{\"defaults\":1,\"rules\":[]}", NULL));
}
