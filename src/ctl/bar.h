/*
 * Bar: progress, drawn on the last line of the terminal, or told in a line now and then
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"

typedef struct Bar Bar;

/* NULL without memory, with which the functions below do nothing. The bar is drawn on a terminal at standard error. */
Bar *bar_new(void);
Bar *bar_free(Bar *b);
DEFINE_CLEANUP(Bar *, bar_free)

/* @n_pending sessions are still to go at @now (CLOCK_MONOTONIC, microseconds). */
void bar_update(Bar *b, uint64_t n_pending, uint64_t now);

/* Takes the bar away. */
void bar_clear(Bar *b);
