/*
 * Arena: memory that is freed all at once
 *
 * For what lives as long as one message or one list of candidates. Pointers stay valid until arena_clear().
 */
#pragma once

#include "base/cleanup.h"

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
        ArenaBlock *blocks; /* newest first */
} Arena;

void arena_done(Arena *a);

/* Forgets everything; one block of ordinary size is kept for the next round. */
void arena_clear(Arena *a);

/* @size bytes, aligned for anything. NULL without memory. */
void *arena_alloc(Arena *a, size_t size);

/* A copy of @n bytes with a NUL behind them. NULL without memory. */
char *arena_copy(Arena *a, const void *bytes, size_t n);

/* Takes over @p, which malloc() made: it is freed with the rest. Returns 0 or -ENOMEM (then it is the caller's still). */
int arena_adopt(Arena *a, void *p);
