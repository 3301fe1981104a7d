/*
 * Explain: what is masked in a text, and why the judge decides as it does
 *
 * For each value beside a name: form, name and place, what masks it, the score with what is needed, and the features that moved
 * it most. Then what is masked without such a name. Never the value, unless asked for.
 */
#pragma once

#include "mask/masker.h"

typedef struct ExplainOptions {
        bool json;        /* an array of objects */
        bool show_values; /* the values themselves as well */
} ExplainOptions;

/* Prints the explanations of all that the judge reads in @text, or @masker masks there. Returns 0 or a negative errno. */
int explain_text(const Ruleset *rules, Masker *masker, const char *text, size_t size,
                 const ExplainOptions *options);
