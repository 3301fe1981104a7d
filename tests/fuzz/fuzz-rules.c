/*
 * Fuzz: the rule loader and the rule checker
 *
 * Any file is either taken or refused with a sentence; the rules of one that is taken can mask, and its examples are tried
 * or refused with a sentence.
 */
#include <sys/stat.h>

#include "base/file-util.h"
#include "fuzz.h"
#include "mask/masker.h"
#include "mask/rule-check.h"

static const char *make_file(const uint8_t *data, size_t size)
{
        static char path[64];

        if (!path[0]) {
                char folder[] = "/dev/shm/fuzz-rules-XXXXXX";

                MUST(mkdtemp(folder));
                (void) snprintf(path, sizeof(path), "%s/rules.json", folder);
        }
        MUST(file_write_atomic(path, 0600, data, size) == 0);
        return path;
}

static void on_problem(void *userdata, const char *problem)
{
        size_t *n = userdata;

        MUST(*problem);
        (*n)++;
}

static void check_examples(Ruleset *rules, const char *path)
{
        _cleanup_free_ char *error = NULL;
        RuleCheck counts = { 0 };
        size_t n_problems = 0;
        int r;

        r = rule_check_file(rules, path, on_problem, &n_problems, &counts, &error);
        if (r < 0)
                MUST(r == -E2BIG && error && *error);
        else
                MUST(counts.n_failed == n_problems && counts.n_rules >= ruleset_n_rules(rules));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char text[] =
                        "token = 'abcABC123' password: \"x\\\"y\" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
        static const HashKey key = { "fuzz" };
        const char *files[2] = { NULL };
        RulesetOptions options = { .folders = files };
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_(masker_freep) Masker *m = NULL;
        _cleanup_free_ char *error = NULL;
        Masked masked;

        files[0] = make_file(data, size);
        if (ruleset_load(&options, &rules, &error) < 0) {
                MUST(error && *error);
                return 0;
        }
        MUST(ruleset_digest(rules) != 0);
        m = masker_new(rules, &key);
        MUST(masker_mask(m, MASK_TEXT, text, sizeof(text) - 1, &masked) == 0);
        check_examples(rules, files[0]);
        return 0;
}
