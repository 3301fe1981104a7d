/* mask */
#include "mask/masker.h"
#include "test.h"

TEST(smoke)
{
        const char *folders[] = { TEST_RULES_DIR, NULL };
        RulesetOptions options = { .folders = folders };
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_free_ char *error = NULL;

        CHECK_INT(ruleset_load(&options, &rules, &error), 0);
        if (error)
                fprintf(stderr, "%s\n", error);
}
