/*
 * Memory, and what happens without it
 *
 * Decided once: where a small piece (a name, a path, a sentence, an entry of a list) cannot be had, the program ends with one
 * sentence and status 2. The service manager starts the service again, and each file is whole after any end (see
 * docs/architecture.md). So what is small needs no check. Large texts come from other people, and only one of them may be too
 * large: beyond MEMORY_SMALL a StrBuf and an Arena fail with -ENOMEM, and the caller goes on without that text.
 */
#pragma once

#include <stdarg.h>

#include "base/cleanup.h"

#define MEMORY_SMALL ((size_t) 1024 * 1024)

/* Ends the program. */
__attribute__((noreturn)) void memory_is_out(void);

/* As malloc() and the like; none returns NULL. */
void *xmalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, alloc_size(1, 2)));
void *xrealloc(void *p, size_t size) __attribute__((alloc_size(2)));
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((alloc_size(2, 3)));

/* NULL is copied as NULL. */
char *xstrdup(const char *s);

/* At most @n bytes of @s. */
char *xstrndup(const char *s, size_t n);

/* A printf() into fresh memory, which is the caller's. */
char *xasprintf(const char *format, ...) _printf_(1, 2);
char *xvasprintf(const char *format, va_list ap) _printf_(1, 0);

/* APPEND(array, n, value): adds an entry to an array of @n entries, which only APPEND() makes longer. */
#define APPEND(array, n, ...)                                               \
        ({                                                                  \
                (array) = memory_make_room((array), (n), sizeof(*(array))); \
                (array)[(n)++] = (__VA_ARGS__);                             \
        })

/* Room for one more than @n entries of @size bytes: the array doubles where @n is a power of two. */
void *memory_make_room(void *array, size_t n, size_t size);
