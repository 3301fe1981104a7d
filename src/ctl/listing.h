/*
 * Listing: rows in columns
 *
 * On a terminal a row stays a line of it: columns of text are cut, and columns that one can do without are left out, until
 * it fits. Elsewhere everything is written whole.
 */
#pragma once

#include "ctl/terminal.h"

typedef struct Listing Listing;

typedef struct ListingColumn {
        const char *header; /* translated already; one that begins with '>' is of numbers: aligned right, never cut */
        bool fixed;         /* never cut: ids, times */
        unsigned leave_out; /* where the terminal is narrow, the highest first; 0: never */
} ListingColumn;

/* An empty one. */
Listing *listing_new(const ListingColumn *columns, size_t n_columns);
Listing *listing_free(Listing *l);
DEFINE_CLEANUP(Listing *, listing_free)

/* The next cell: owns @text from now on, which must be printable. */
void listing_take(Listing *l, Style style, char *text);

/* The next cell, formatted. */
void listing_add(Listing *l, Style style, const char *format, ...) _printf_(3, 4);

/* Rows so far. */
size_t listing_n_rows(const Listing *l);

/* Prints it. */
void listing_print(const Listing *l);
