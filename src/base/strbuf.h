/*
 * StrBuf: a growing byte string
 *
 * Holds any bytes, and always a terminating NUL after them. Up to MEMORY_SMALL bytes nothing can fail (base/memory.h), so that
 * names and sentences are not checked. Beyond that errors stick: after a failed allocation every further call returns -ENOMEM
 * and changes nothing, so a chain of appends is checked once, at its end.
 */
#pragma once

#include <stdarg.h>

#include "base/memory.h"

typedef struct StrBuf {
        char *data; /* NULL until the first append */
        size_t size;
        size_t allocated;
        bool failed;
} StrBuf;

/* Frees the bytes; @b is empty and usable afterwards. */
void strbuf_done(StrBuf *b);

/* The same for what may be secret: the bytes are overwritten first. */
void strbuf_wipe(StrBuf *b);

/* Empties @b and keeps its memory. */
void strbuf_clear(StrBuf *b);

/* Makes room for @n more bytes. Returns 0 or -ENOMEM. */
int strbuf_reserve(StrBuf *b, size_t n);

/* Each appends and returns 0, or -ENOMEM. strbuf_puts() takes NULL as "". */
int strbuf_append(StrBuf *b, const void *bytes, size_t n);
int strbuf_puts(StrBuf *b, const char *s);
int strbuf_putc(StrBuf *b, char c);
int strbuf_printf(StrBuf *b, const char *format, ...) _printf_(2, 3);
int strbuf_vprintf(StrBuf *b, const char *format, va_list ap) _printf_(2, 0);

/* The ending of a noun in an English sentence (the journal, errors): "%u session%s", n, PLURAL(n). What is translated has
 * ngettext(). */
#define PLURAL(n) ((n) == 1 ? "" : "s")

/* Appends all that @f still has. Returns 0, -EIO or -ENOMEM. */
int strbuf_read(StrBuf *b, FILE *f);

/* Hands the string over: the caller owns *@ret (never NULL). Returns 0, or -ENOMEM if an append had failed. */
int strbuf_take(StrBuf *b, char **ret);

/* A printf into fresh memory, for reterr_x outputs, in the place of what was there; NULL @ret is fine. */
void format_error(char **ret, const char *format, ...) _printf_(2, 3);
