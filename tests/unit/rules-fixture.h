/* The rules of the project, as tests load them */
#pragma once

#include "mask/ruleset.h"
#include "test.h"

/* The same with the rules of the folder @more, unless it is NULL. */
static Ruleset *load_rules(const char *more)
{
        const char *folders[] = { TEST_RULES_DIR, more, NULL };
        RulesetOptions options = { .folders = folders };
        _cleanup_free_ char *error = NULL;
        Ruleset *rules = NULL;

        if (ruleset_load(&options, &rules, &error) < 0)
                fprintf(stderr, "%s\n", error);
        REQUIRE(rules);
        return rules;
}
