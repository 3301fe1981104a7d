/*
 * Memory, and what happens without it
 *
 * If a small allocation (a name, a path, a sentence, an entry of a list) fails, the program ends with one sentence and status 2.
 * The service manager starts the service again, and each file is whole however the program ends (see docs/architecture.md). So
 * small allocations need no check. What grows with other people's text is checked: beyond MEMORY_SMALL bytes in all, a StrBuf, an
 * Arena and an array of TRY_APPEND() fail with -ENOMEM, and the caller continues without that session.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>

#include "base/cleanup.h"

#define MEMORY_SMALL ((size_t) 1024 * 1024)

/*
 * What memory_is_out() does before it ends the program: it puts @prefix (which has to stay) before its sentence, and calls @act,
 * from any thread, with any lock held by others: it may neither allocate nor wait for a lock under which somebody does. NULL: none.
 */
void memory_before_end(const char *prefix, void (*act)(void));

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

/* The same for an array that grows with other people's text. Returns 0, or -ENOMEM: it is as it was. */
#define TRY_APPEND(array, n, ...)                                                           \
        ({                                                                                  \
                __typeof__(array) _grown = memory_try_room((array), (n), sizeof(*(array))); \
                if (_grown) {                                                               \
                        (array) = _grown;                                                   \
                        (array)[(n)++] = (__VA_ARGS__);                                     \
                }                                                                           \
                _grown ? 0 : -ENOMEM;                                                       \
        })

/* Room for one more than @n entries of @size bytes: the array doubles where @n is a power of two. memory_try_room() may return
 * NULL beyond MEMORY_SMALL; then @array is as it was. */
void *memory_make_room(void *array, size_t n, size_t size);
void *memory_try_room(void *array, size_t n, size_t size);
