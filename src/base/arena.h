/*
 * Arena: memory that is freed all at once
 *
 * For what lives as long as one message or one list of candidates. Pointers stay valid until arena_clear().
 */
#pragma once

#include "base/memory.h"

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
        ArenaBlock *blocks; /* newest first */
        size_t size;        /* of them all */
} Arena;

void arena_done(Arena *a);

/* Forgets everything; one block of ordinary size is kept for the next round. */
void arena_clear(Arena *a);

/* @size bytes, aligned for anything. NULL: there is no memory; never while the arena has less than MEMORY_SMALL bytes in all. */
void *arena_alloc(Arena *a, size_t size);

/* A copy of @n bytes with a NUL after them. As arena_alloc(). */
char *arena_copy(Arena *a, const void *bytes, size_t n);

/* Room for one more than @n entries of @size bytes, of which *@allocated have some: @array, or a copy of it that is twice as large.
 * As arena_alloc(). */
void *arena_grow(Arena *a, void *array, size_t n, size_t *allocated, size_t size);

/* Owns @p, which malloc() made, from now on: it is freed with the rest. */
void arena_adopt(Arena *a, void *p);
