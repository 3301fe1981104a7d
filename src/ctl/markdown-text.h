/*
 * Text of a session within a Markdown document
 *
 * It may hold anything, and must not be taken for the document's own: it stands in a quote, which ends whatever it leaves open
 * (a fence, a list), without headings and without HTML that a viewer would carry out. Code in fences stays as it is.
 */
#pragma once

#include <stdio.h>

/* Writes @text (printable) line by line, each after @before ("> "), and an empty line. */
void markdown_write_quoted(FILE *f, const char *before, const char *text);

/* Writes a part of a line (printable), without HTML. */
void markdown_write_inline(FILE *f, const char *text);
