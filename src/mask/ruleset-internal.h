/*
 * The inside of a ruleset, for those that search with it
 */
#pragma once

#include "mask/rule.h"
#include "mask/ruleset.h"

typedef struct Allowed {
        char *text;
        Pattern pattern;
} Allowed;

/* A rule that there was, and the one that finds what it found. */
typedef struct Retired {
        char *id, *heir;
} Retired;

struct Ruleset {
        atomic_uint n_ref;
        Rule *rules;
        size_t n_rules;
        RuleIds ids; /* of all that were read, also those that are disabled or retired */
        Retired *retired;
        size_t n_retired;
        Allowed *allow; /* a secret that one of these finds is none */
        size_t n_allow;
        uint64_t *allow_fingerprints;
        size_t n_allow_fingerprints;
        LiteralSet *literals;
        uint32_t *uses; /* rules of literal i: uses[use_starts[i] .. use_starts[i + 1]] */
        uint32_t *use_starts;
        uint32_t *sizes; /* of literal i */
        bool *prefixes;  /* is literal i what one issuer's secrets begin with? */
        char **off;      /* literals of rules that are disabled */
        size_t n_off;
        size_t longest;
        uint64_t digest;
        JudgeCaution caution;
        pthread_mutex_t compiling;
};

/* The rule that names what the judge decided on: the one that knows a word of the name, else the one of its kind. NULL: it is
 * no secret, or none of them is in force; *@verdict says so then. */
const Rule *ruleset_judge_rule(const Ruleset *rules, const View *v, const Candidate *c,
                               Verdict *verdict);

/* Does a person say, by its fingerprint, that it is none? */
bool ruleset_allows(const Ruleset *rules, uint64_t fingerprint);
