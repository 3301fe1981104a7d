/*
 * Scanner: where the secrets of a text stand
 *
 * The text is taken in chunks: the view of a chunk is made, one pass finds the literals in it, and each hit decides
 * where which rule looks. Chunks overlap by as far as a rule may look, so where they are cut makes no difference.
 */
#pragma once

#include "base/hash.h"
#include "mask/known.h"
#include "mask/ruleset-internal.h"
#include "mask/text-part.h"

/* A piece of the text to replace. */
typedef struct Span {
        size_t start, end;
        size_t context;   /* where the match began that told it (at most @start) */
        const char *rule; /* NULL: the home folder's path */
        unsigned rank;
        uint64_t fingerprint;
        bool number; /* a JSON number: what replaces it is quoted */
} Span;

/* A text with more pieces to replace cannot be searched: their list would take more memory than the text. */
#define SPANS_MAX 500000

typedef struct Spans {
        Span *items;
        size_t n, allocated;
} Spans;

/* Frees the memory; @s is empty and usable afterwards. */
void spans_done(Spans *s);
/* Returns 0 or -ENOMEM. */
int spans_add(Spans *s, Span span);

/* Has @a of two overlapping ones the better name? Independent of their order. */
bool span_is_better(const Span *a, const Span *b);

/* Sorts; overlapping ones become one, named by the one of the lowest rank, then the longest. */
void spans_merge(Spans *s);

typedef struct Scanner Scanner;

/* Takes a reference to @rules; copies @key. */
Scanner *scanner_new(Ruleset *rules, const HashKey *key);
/* Wipes and frees. Takes NULL; returns NULL. */
Scanner *scanner_free(Scanner *s);
DEFINE_CLEANUP(Scanner *, scanner_free)

/* As masker_add_home(), masker_forget() and masker_n_known(). */
void scanner_add_home(Scanner *s, const char *home);
/* Forgets (wipes) the secrets. */
void scanner_forget(Scanner *s);
/* How many secrets are remembered, and which. */
size_t scanner_n_known(const Scanner *s);
Known *scanner_known(const Scanner *s);
/* What one text may take; whoever hands one to scanner_run() begins it. */
Budget *scanner_budget(Scanner *s);

/* Adds what is to be replaced in @part of @text to @spans, merged. Returns 0; 1: a rule hit its limits, or all of it
 * the budget, so the text is not known to be clean; or -ENOMEM. */
int scanner_run(Scanner *s, const char *text, size_t size, TextPart part, Spans *spans);
