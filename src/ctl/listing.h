/*
 * Listing: rows in columns
 *
 * On a terminal the last column is cut so that a row stays a line; elsewhere everything is written whole.
 */
#pragma once

#include "ctl/terminal.h"

typedef struct Listing Listing;

/* Headers are translated already; one that begins with '>' is of a column of numbers, aligned right. NULL without memory. */
Listing *listing_new(const char *const *headers, size_t n_columns);
Listing *listing_free(Listing *l);
DEFINE_CLEANUP(Listing *, listing_free)

/* The next cell: takes over @text, which must be printable; NULL means no memory and is remembered. */
void listing_take(Listing *l, Style style, char *text);

/* The next cell, formatted. */
void listing_add(Listing *l, Style style, const char *format, ...) _printf_(3, 4);

/* Rows so far. */
size_t listing_n_rows(const Listing *l);

/* Prints it. Returns 0 or -ENOMEM (of any call before). */
int listing_print(const Listing *l);
