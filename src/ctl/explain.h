/*
 * Explain: what the judge reads in a text, and why it decides as it does
 *
 * For each value beside a name: form, name and place, the score with what is needed, and the features that moved it
 * most. Never the value, unless asked for.
 */
#pragma once

#include "mask/judge.h"
#include "mask/ruleset.h"

typedef struct ExplainOptions {
        bool json;        /* an array of objects */
        bool show_values; /* the values themselves as well */
} ExplainOptions;

/* Prints the explanations of all that the judge reads in @text. Returns 0 or a negative errno. */
int explain_text(const Ruleset *rules, const char *text, size_t size,
                 const ExplainOptions *options);
