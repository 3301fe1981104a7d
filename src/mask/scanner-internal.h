/* The parts of the scanner share what one text's search knows */
#pragma once

#include "mask/cut.h"
#include "mask/name-cache.h"
#include "mask/scanner.h"
#include "mask/view.h"

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
        Span open[2];  /* what goes on after the view, as it is and joined; no rule: nothing */
        size_t size;   /* of the text */
        size_t near;   /* up to where of the view a form is near to a rule's */
        size_t judged; /* keywords before it were read, or are in a secret that the judge found */
        NameCache *names; /* what name patterns said */
        Cuts cuts;        /* of this view */
        Budget budget;
        bool wraps;      /* a word with a rule's literal goes on in the next line */
        bool last_chunk; /* the view ends where the text does */
        bool limited;
};

/* A secret of @rule at @start..@end of the view, told by a match that began at @context. Returns 1 (taken), 0 or -ENOMEM. */
int scanner_take(Scanner *s, const Rule *rule, size_t context, size_t start, size_t end);

/* A view of @text may begin at @at, or somewhat before: not within an escape, which it would take for something else. */
static inline size_t scanner_view_start(const char *text, size_t at)
{
        for (int i = 0; i < 1024 && at > 0 && text[at - 1] == '\\'; i++)
                at--;
        return at;
}

/* A word of armour stands at @at. @done: up to where of the view there are keys. Both return 0 or -ENOMEM. */
int scanner_try_key(Scanner *s, const Rule *rule, size_t *done, size_t at);
/* A key that began in the chunk before, and did not end there. */
int scanner_go_on_with_key(Scanner *s);
