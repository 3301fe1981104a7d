/*
 * Rule check: do the examples of a rules file hold?
 *
 * Every positive example must be masked exactly between its << and >>, by its own rule or a better one; no negative one
 * by its rule. Each is tried as it is and as session text has it: in a JSON string, escaped once more, in a diff, after a
 * line number. Used by the tests and by "scrubjayctl rules test".
 */
#pragma once

#include "mask/ruleset.h"

/* Called for each example that does not hold: @problem is one sentence that names the rule. */
typedef void (*RuleProblem)(void *userdata, const char *problem);

typedef struct RuleCheck {
        size_t n_rules, n_examples, n_cases, n_failed;
        size_t n_untried; /* rules without a positive or without a negative example; no failure */
} RuleCheck;

/*
 * Checks the rules of the file @path, which must be among @rules. Returns 0; -EINVAL: the file is broken; -E2BIG: its
 * examples are more than can be tried (128 KiB each, 1 MiB together, a minute of CPU time); or another negative errno.
 * *@reterr says it.
 */
int rule_check_file(Ruleset *rules, const char *path, RuleProblem problem, void *userdata,
                    RuleCheck *ret, char **reterr);
