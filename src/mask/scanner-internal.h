/* The parts of the scanner share what one text's search knows */
#pragma once

#include "mask/cut.h"
#include "mask/name-cache.h"
#include "mask/scanner.h"
#include "mask/view.h"

/* What one run of a pattern costs of the budget, a mean. */
#define PATTERN_STEPS 256

/* The same of one question to the judge. */
#define JUDGE_STEPS 512

/* Of these each is looked for in every text. */
#define HOMES_MAX 8

/* Of the view. */
typedef struct Range {
        size_t start, end;
} Range;

struct Scanner {
        Ruleset *rules;
        HashKey key;
        LiteralScratch *scratch;
        LiteralHits hits;
        View view;
        Known *known;
        char *homes[HOMES_MAX];
        size_t n_homes;
        pcre2_match_data *match;
        pcre2_match_context *context;
        pcre2_jit_stack *stack;
        struct Done {
                size_t until;   /* up to where of the view the rule has found */
                uint32_t round; /* in which it was set: in another one it counts as 0 */
        } * done;               /* a rule */
        uint32_t round;
        const Rule *open_key; /* of a private key that goes on in the next chunk */
        size_t key_end;       /* of the last key, in the text */
        Spans *spans;         /* where findings go */
        TextPart part;        /* of the text that is searched */
        size_t base;          /* where the view begins in the text */
        size_t first, end;    /* hits in this range of the view count */
        Range stayed; /* the last value, one word beside its name, that is no secret to the judge */
        Range word; /* what goes on in the end of the last value that is longer than the reader reads */
        Range tried; /* a word in which a form was looked for beyond the bounds of its pattern */
        unsigned n_tried; /* how often */
        Span open[2];     /* what goes on after the view, as it is and joined; no rule: nothing */
        size_t size;      /* of the text */
        size_t near;      /* up to where of the view a form is near to a rule's */
        size_t judged; /* keywords before it were read, or are in a secret that the judge found */
        NameCache *names; /* what name patterns said */
        Cuts cuts;        /* of this view */
        Budget budget;
        bool last_chunk; /* the view ends where the text does */
        bool only_here;  /* what is taken now is not looked for elsewhere */
        bool limited;
};

/* The parts of the last match that are secrets: copied, since guards run patterns of their own. */
typedef struct Parts {
        size_t context; /* where the match begins */
        size_t n;
        struct {
                size_t start, end;
        } parts[SECRET_GROUPS_MAX];
} Parts;

/* Runs @p on @text from @start on. Returns 1 (found), 0, or -1: it hit a limit, and the text cannot be searched. */
int scanner_run_pattern(Scanner *s, Pattern *p, const char *text, size_t size, size_t start,
                        size_t limit);
Parts scanner_matched_parts(const Scanner *s, const Rule *rule);

/* Where the window ends of what is looked at up to @after bytes after @at. */
size_t scanner_window_end(const View *v, size_t at, size_t after);

/* Runs the rule's pattern on the view from @start on, for its literal @at..@end; without its bounds, where the word is longer. *@size:
 * where what it looks at ends. Returns as scanner_run_pattern(). */
int scanner_run_rule(Scanner *s, Rule *rule, size_t start, size_t at, size_t end, size_t *size);

/* @p, each part as far as the rule's pattern goes without its bounds. */
Parts scanner_without_bounds(Scanner *s, Rule *rule, Parts p);

/* A secret of @rule at @start..@end of the view, told by a match that began at @context. Returns 1 (taken), 0 or -ENOMEM. */
int scanner_take(Scanner *s, const Rule *rule, size_t context, size_t start, size_t end);

/* A view of @text may begin at @at, or somewhat before: not within an escape, which it would take for something else. */
static inline size_t scanner_view_start(const char *text, size_t at)
{
        for (int i = 0; i < 1024 && at > 0 && text[at - 1] == '\\'; i++)
                at--;
        return at;
}

/* The name of one of @rule's commands stands at @at. *@done: where the last of them ends that has a secret; a name within it is one of
 * its arguments. Returns 0 or -ENOMEM. */
int scanner_try_commands(Scanner *s, const Rule *rule, size_t *done, size_t at);

/* Where a value ends of which @end is the end: the reader has its bounds, a secret may be longer. Many values may be parts of one
 * word. */
size_t scanner_value_end(Scanner *s, const Candidate *c, size_t end);

/* What the keyword at @at names. It may be a literal of several rules. Returns 0 or -ENOMEM. */
int scanner_try_judge(Scanner *s, size_t at);

/* A word of armour stands at @at. @done: up to where of the view there are keys. Both return 0 or -ENOMEM. */
int scanner_try_key(Scanner *s, const Rule *rule, size_t *done, size_t at);
/* A key that began in the chunk before, and did not end there. */
int scanner_go_on_with_key(Scanner *s);
