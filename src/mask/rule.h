/*
 * Rule: one kind of secret, ready to be searched
 *
 * What a rules file says of it, compiled. Private to the masker; everybody else sees mask/ruleset.h.
 */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/strbuf.h"
#include "mask/judge.h"
#include "mask/literals.h"
#include "mask/ruleset.h"

/* Grows whenever the engine finds something else with the same rules: what was masked before is masked again. */
#define MASK_ALGORITHM_VERSION 7

/* A literal shorter than this is everywhere, and would make every text slow. */
#define LITERAL_MIN 3

/* How far a rule may look: more than the longest credential (a PGP key of 4096 bits is below 16 KB). */
#define RULE_WINDOW_MAX 65536

/* Alternatives of one pattern ("...", '...', bare) and several secrets in one match have a group each. */
#define SECRET_GROUPS_MAX  24
#define CAPTURE_GROUPS_MAX 31

typedef enum RuleKind {
        RULE_PATTERN,    /* the pattern matches round a literal */
        RULE_ASSIGNMENT, /* keyword, operator, value: the pattern, if any, matches the whole value */
        RULE_PRIVATE_KEY, /* from header to footer, however wrapped */
        RULE_JUDGE,       /* what the judge says is a secret: of its kinds, or beside its names */
} RuleKind;

typedef enum Checksum {
        CHECKSUM_NONE,
        CHECKSUM_GITHUB_CRC32, /* base62 of CRC32 over what lies between prefix and checksum */
        CHECKSUM_LUHN,
} Checksum;

enum {
        NEEDS_DIGIT = 1 << 0,
        NEEDS_UPPER = 1 << 1,
        NEEDS_LOWER = 1 << 2,
        NEEDS_SPECIAL = 1 << 3,
        NEEDS_LETTER = 1 << 4,
};

/* A pattern, compiled at once (so that a broken one is known) and made native code when it first runs. */
typedef struct Pattern {
        pcre2_code *code;
        _Atomic bool ready;
} Pattern;

typedef struct Guards {
        size_t min_length, max_length; /* 0: any */
        char *alphabet;                /* 256 flags; NULL: any */
        double entropy;                /* bits a character, at least */
        Checksum checksum;
        unsigned needs;
        bool placeholder; /* refuse what stands in for a secret */
        bool dictionary;  /* refuse what is made of words */
        bool judged;      /* refuse what the judge takes for none beside the name of a password */
        Pattern *refused; /* what one of these finds is none */
        size_t n_refused;
} Guards;

typedef struct Rule {
        char *id, *description, *reference;
        RuleKind kind;
        unsigned rank; /* where findings overlap, the lowest names them: 0 by itself, 1 value of an assignment, 2 any */
        char **literals;
        size_t n_literals;
        bool nocase;
        char *text; /* of the pattern */
        Pattern pattern;
        Pattern name; /* of an assignment: found in the name round the keyword; code NULL: any name will do */
        Pattern lead; /* what stands before the secret, where that is one group; code NULL: not known */
        unsigned kinds; /* of the judge: 1 << JudgeKind */
        char **names;   /* of the judge: words of names beside which a secret is the rule's */
        size_t n_names;
        bool at_literal; /* the pattern starts with its literal: tried there and nowhere else */
        unsigned secrets[SECRET_GROUPS_MAX]; /* capture groups; 0: the whole match */
        size_t n_secrets;
        uint32_t before, after;
        Guards guards;
        char *source;   /* the rule as compact JSON: what the digest covers */
        uint32_t order; /* in which it was read */
} Rule;

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
        char **ids; /* of all that were read, also those that are disabled or retired; in order */
        size_t n_ids;
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

/* Has the secret what the guard "needs" asks for? */
bool rule_needs_are_met(unsigned needs, const char *secret, size_t n);

/* Frees what @rule owns. */
void rule_done(Rule *rule);

/* Compiles @text. @flags as pcre2_compile(). Returns 0, -EINVAL with *@reterr, or -ENOMEM. */
int pattern_compile(const char *text, uint32_t flags, Pattern *ret, char **reterr);
void pattern_done(Pattern *p);

/* The bytes that @p takes, compiled and not yet native. 0: it is none. */
size_t pattern_size(const Pattern *p);
/* The same of all patterns of @rule. */
size_t rule_compiled_size(const Rule *rule);

/* The code of @p to match with; made native at the first call, by whichever thread comes first. */
const pcre2_code *pattern_ready(Ruleset *rules, Pattern *p);
