/*
 * Ruleset: what counts as a secret, compiled once
 *
 * Rules are data: JSON files in a folder, each an array of rules or {"rules": [...]}. A ruleset is immutable after
 * loading and may be shared by threads; everything that changes while masking lives in a Masker (mask/masker.h).
 */
#pragma once

#include "mask/judge.h"
#include "mask/literals.h"
#include "mask/rule-ids.h"

typedef struct Ruleset Ruleset;

/*
 * What the rules of all folders may hold together, so that a reload always takes a few seconds at most: about twenty
 * times what comes with scrubjay.
 */
#define RULESET_FILES_MAX        1000
#define RULESET_BYTES_MAX        (16U << 20)
#define RULESET_RULES_MAX        10000
#define RULESET_LITERALS_MAX     50000
#define RULESET_PATTERNS_MAX     50000
#define RULESET_COMPILED_MAX     (32U << 20)
#define RULESET_FINGERPRINTS_MAX 100000

typedef struct RulesetOptions {
        const char *const *
                        folders; /* NULL-terminated; or single files; read in order, a later rule replaces one of the same id */
        const char *const *disable; /* NULL-terminated rule ids or globs; may be NULL */
        int caution;                /* of the judge: -1 low, 0 normal, 1 high */
        const char *cache; /* the folder in which what was compiled may be kept (literals-cache.h); NULL: none */
} RulesetOptions;

/*
 * Loads and compiles all *.json of the folders, in name order. A folder that does not exist is an error.
 * Returns 0; -EINVAL: a rule is broken (*@reterr, owned by the caller, names file, rule and reason); -E2BIG: they are
 * more than the limits above (*@reterr names file and limit); or a negative errno with *@reterr set. Nothing is changed
 * on failure.
 */
int ruleset_load(const RulesetOptions *options, Ruleset **ret, char **reterr);

/* References; safe across threads. ruleset_unref() takes NULL and returns NULL. */
Ruleset *ruleset_ref(Ruleset *rules);
Ruleset *ruleset_unref(Ruleset *rules);
DEFINE_CLEANUP(Ruleset *, ruleset_unref)

/* A digest of the rules as they are in force (ids, patterns, guards, masking algorithm): differs when text must be
 * masked again. */
uint64_t ruleset_digest(const Ruleset *rules);

/*
 * A digest of what ruleset_load() would read: the files as they are, wherever they lie, and what is disabled. Costs little
 * beside loading them. As long as it is the same, ruleset_digest() is. Returns 0 or a negative errno.
 */
int ruleset_files_digest(const RulesetOptions *options, uint64_t *ret);

/* How many rules are in force. */
size_t ruleset_n_rules(const Ruleset *rules);

/* The ids of all rules: in force, disabled or retired. They may stand in a mask. */
const RuleIds *ruleset_ids(const Ruleset *rules);

/* The rule that finds what the retired rule @id found; NULL: it is not retired. Owned by the ruleset. */
const char *ruleset_heir(const Ruleset *rules, const char *id);

/* What people ask of a rule; owned by the ruleset. */
typedef struct RuleInfo {
        const char *id, *description, *reference; /* the last two may be NULL */
        const char *json;                         /* all of it, as it was read */
} RuleInfo;

/* Rule @i of ruleset_n_rules(), in the order of their ids. Fills and returns @ret. */
const RuleInfo *ruleset_rule(const Ruleset *rules, size_t i, RuleInfo *ret);

/* How careful the judge is with these rules. */
JudgeCaution ruleset_caution(const Ruleset *rules);

/* The id of the rule that names what the judge decided on; NULL: it is no secret, or the rule is not in force. Where a rule knows
 * the name, less is needed; *@verdict is what holds with the rules. The id is owned by the ruleset. */
const char *ruleset_judge_id(const Ruleset *rules, const View *v, const Candidate *c,
                             Verdict *verdict);
