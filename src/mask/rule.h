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
#include "mask/command.h"
#include "mask/judge.h"
#include "mask/literals.h"

/* Grows whenever the engine finds something else with the same rules: what was masked before is masked again. */
#define MASK_ALGORITHM_VERSION 12

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
        RULE_COMMAND,     /* what commands take as an argument or as input */
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

/* A pattern: compiled at once, so that a broken one is known, or when it first runs; then it is made native code, too. */
typedef struct Pattern {
        pcre2_code *code;
        char *text; /* of one that is compiled when it first runs */
        uint32_t flags;
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
        Pattern lead; /* what stands before the secret, where that is one group; not set: not known */
        Pattern open; /* the pattern without the upper bounds of its repeats; not set: it has none */
        size_t bound, work_bound; /* the lowest of these, and of those that only limit work; SIZE_MAX: none */
        Command *commands; /* of commands */
        size_t n_commands;
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

/* Has the secret what the guard "needs" asks for? */
bool rule_needs_are_met(unsigned needs, const char *secret, size_t n);

/* Adds the command @line and the literals that find it. Returns 0, or -EINVAL with *@reterr. */
int rule_add_command(Rule *rule, const char *line, char **reterr);

/* Frees what @rule owns. */
void rule_done(Rule *rule);

/* Compiles @text. @flags as pcre2_compile(). Returns 0, or -EINVAL with *@reterr. */
int pattern_compile(const char *text, uint32_t flags, Pattern *ret, char **reterr);
/* The same when it first runs. Takes @text. */
void pattern_later(char *text, uint32_t flags, Pattern *ret);
void pattern_done(Pattern *p);

static inline bool pattern_is_set(const Pattern *p)
{
        return p->text ||
               p->code; /* in this order: the code of one with a text comes while others look */
}

/* The bytes that @p takes, compiled and not yet native. 0: it is none. */
size_t pattern_size(const Pattern *p);
/* The same of all patterns of @rule. */
size_t rule_compiled_size(const Rule *rule);

/* The code of @p to match with; made at the first call, by whichever thread comes first to @compiling. NULL: it cannot be compiled;
 * only one of pattern_later() may not. */
const pcre2_code *pattern_ready(pthread_mutex_t *compiling, Pattern *p);
