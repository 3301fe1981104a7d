/*
 * The terminal, if there is one: colours, width, pager
 */
#pragma once

#include "base/cleanup.h"

typedef enum Style {
        STYLE_NONE,
        STYLE_BOLD,
        STYLE_DIM,
        STYLE_GOOD,
        STYLE_WARNING,
        STYLE_BAD,
        STYLE_ACCENT,
        STYLE_MASKED, /* a place where a secret was */
        N_STYLES,
} Style;

/* Checks standard output, before anything else here; a pager does not change the result. NO_COLOR is respected. */
void terminal_init(void);

/* Is standard output a terminal? */
bool terminal_is_there(void);

/* Columns; 0: no terminal, so no limit. */
size_t terminal_width(void);

/* What switches to @style, and back; "" without colours. */
const char *style_on(Style style);
const char *style_off(void);

/* Sends standard output through $SCRUBJAY_PAGER, $PAGER or less, if it is a terminal and such a program is there. */
void pager_open(void);

/* Waits until the person has read it. */
void pager_close(void);

/* The last line of the terminal is being drawn over (a progress bar): "\r", and what clears to the end of the line. */
void terminal_clear_line(FILE *f);
