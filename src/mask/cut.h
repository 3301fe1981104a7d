/*
 * Cuts: where a text was cut off, by a sign ("...", U+2026) or by its end
 *
 * Asked for in order of place; many places share a line, so each line and each sign is searched for once.
 */
#pragma once

#include "mask/view.h"

/* How far after a place its text may have been cut off. */
#define CUT_WINDOW 512

typedef struct Cuts {
        struct {
                size_t start, end;
        } line, clear; /* the end of the line of what comes after @start; what has no sign */
        bool found;    /* one is at the end of what has none */
} Cuts;

/* A view begins. */
void cuts_begin(Cuts *c);

/* Where the text was cut off on the line of @at, not far after it; 0: nowhere. @ends: the view ends where the text does. */
size_t cuts_after(Cuts *c, const View *v, size_t at, bool ends);
