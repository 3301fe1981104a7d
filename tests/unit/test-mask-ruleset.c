/* mask: rules files, good and broken; what is disabled or allowed; limits that fail closed */
#include <sys/stat.h>

#include "base/file-util.h"
#include "mask/masker.h"
#include "mask/ruleset.h"
#include "test.h"

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

        REQUIRE(rules && masker_new(rules, &key, &m) == 0);
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

/* A pattern that tries every way to cut a row of "a" in two, and all again for each of them. */
TEST(what_hits_a_limit_is_masked_whole)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(
                        "[{\"id\":\"slow\",\"literals\":[\"start\"],\"pattern\":\"start(?:(?:a+)+)+b\"}]",
                        NULL);
        _cleanup_(masker_freep) Masker *m = NULL;
        char text[400];
        Masked masked;

        REQUIRE(rules && masker_new(rules, &key, &m) == 0);
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
