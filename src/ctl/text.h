/*
 * Text for people: safe for a terminal, sizes and times as they are said
 *
 * What comes from a session may hold anything: escape sequences that rewrite the screen or the clipboard, characters that
 * turn the direction of reading. None of it reaches a terminal; it is shown as what it is.
 */
#pragma once

#include "base/terminal-text.h"
#include "model/value.h"

/* What put_printable() makes of it in one line, in fresh memory, which is the caller's; "" for NULL. */
char *printable(const char *text);
char *printable_value(const Value *v);

/* Columns that printable @s takes on a terminal. */
size_t text_width(const char *s);

/* A copy of @s that takes at most @width columns, with "…" at its end where something is gone. */
char *text_cut(const char *s, size_t width);

/* How many letters are typed wrong: left out, too many, others, or two the wrong way round. Of words up to 31 bytes;
 * SIZE_MAX for longer ones. */
size_t typing_errors(const char *typed, const char *meant);

/* "1.2 GB" */
int put_size(StrBuf *b, uint64_t n_bytes);

/* "3 minutes ago"; "never" for 0; the date if it is long ago. */
int put_ago(StrBuf *b, uint64_t usec, uint64_t now);

/* "2026-11-23 14:03" in local time; "-" for 0. */
int put_local_time(StrBuf *b, uint64_t usec);

/* The same for a stored ISO time; what is not a time is printed as it is, made printable. */
int put_local_iso(StrBuf *b, const Value *time);

/* The same in fresh memory, which is the caller's. */
char *local_iso(const Value *time);
