/* mask: the installed rules, with their own examples */
#include <dirent.h>

#include "mask/rule-check.h"
#include "test.h"

static void on_problem(void *userdata, const char *problem)
{
        fprintf(stderr, "%s\n", problem);
}

static bool is_rules_file(const char *name)
{
        size_t n = strlen(name);

        return n > 5 && strcmp(name + n - 5, ".json") == 0;
}

TEST(examples_hold)
{
        const char *folders[] = { TEST_RULES_DIR, NULL };
        RulesetOptions options = { .folders = folders };
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_free_ char *error = NULL;
        RuleCheck all = { 0 };
        struct dirent *entry;
        DIR *folder;

        CHECK_INT(ruleset_load(&options, &rules, &error), 0);
        if (error)
                fprintf(stderr, "%s\n", error);
        folder = opendir(TEST_RULES_DIR);
        REQUIRE(rules && folder);
        while ((entry = readdir(folder))) {
                _cleanup_free_ char *path = NULL;
                RuleCheck n = { 0 };

                if (!is_rules_file(entry->d_name))
                        continue;
                REQUIRE(asprintf(&path, "%s/%s", TEST_RULES_DIR, entry->d_name) > 0);
                CHECK_INT(rule_check_file(rules, path, on_problem, NULL, &n, &error), 0);
                all.n_rules += n.n_rules;
                all.n_examples += n.n_examples;
                all.n_cases += n.n_cases;
                all.n_failed += n.n_failed;
                all.n_untried += n.n_untried;
        }
        (void) closedir(folder);
        printf("# %zu rules, %zu examples, %zu cases, %zu failed\n", all.n_rules, all.n_examples,
               all.n_cases, all.n_failed);
        CHECK_INT(all.n_failed, 0);
        CHECK_INT(all.n_untried, 0);
}
