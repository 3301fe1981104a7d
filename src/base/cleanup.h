/*
 * Scope-bound ownership
 *
 * Every local resource carries _cleanup_(); what is handed to somebody else leaves through TAKE_PTR()
 * or TAKE_FD() on the last line of success. There are no goto ladders in this project.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)        __attribute__((cleanup(f)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_            __attribute__((unused))
#define ELEMENTSOF(x)       (sizeof(x) / sizeof((x)[0]))

/* TAKE_PTR(p): the value of @p, which is left NULL: ownership moves to the caller's expression. */
#define TAKE_PTR(p)                                 \
        ({                                          \
                __typeof__(p) *_take_from = &(p);   \
                __typeof__(p) _taken = *_take_from; \
                *_take_from = NULL;                 \
                _taken;                             \
        })

/* TAKE_FD(fd): like TAKE_PTR() for a descriptor, left at -1. */
#define TAKE_FD(fd)                             \
        ({                                      \
                int *_take_fd_from = &(fd);     \
                int _taken_fd = *_take_fd_from; \
                *_take_fd_from = -1;            \
                _taken_fd;                      \
        })

/* TAKE_STRUCT(s): like TAKE_PTR() for a struct that owns things by value, left zeroed. */
#define TAKE_STRUCT(s)                                            \
        ({                                                        \
                __typeof__(s) *_take_struct_from = &(s);          \
                __typeof__(s) _taken_struct = *_take_struct_from; \
                *_take_struct_from = (__typeof__(s)){ 0 };        \
                _taken_struct;                                    \
        })

/* DEFINE_CLEANUP(Type *, type_free): makes type_freep() for _cleanup_(type_freep). */
#define DEFINE_CLEANUP(type, func)          \
        static inline void func##p(type *p) \
        {                                   \
                if (*p)                     \
                        func(*p);           \
        }

static inline void freep(void *p)
{
        free(*(void **) p);
}

/* Closes @fd unless it is negative; errno is kept. Returns -1, so that fd = fd_close(fd) always works. */
static inline int fd_close(int fd)
{
        if (fd >= 0) {
                int saved = errno;

                (void) close(fd);
                errno = saved;
        }
        return -1;
}

static inline void fd_closep(int *fd)
{
        (void) fd_close(*fd);
}

DEFINE_CLEANUP(FILE *, fclose)

#define _cleanup_free_  _cleanup_(freep)
#define _cleanup_close_ _cleanup_(fd_closep)
