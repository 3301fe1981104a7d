/* Arena: memory that is freed all at once */
#include "base/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#define BLOCK_SIZE ((size_t) 64 * 1024)

struct ArenaBlock {
        ArenaBlock *next;
        size_t used, size;
        void *adopted; /* memory of somebody else's making, or NULL */
        alignas(max_align_t) char bytes[];
};

static void free_block(ArenaBlock *block)
{
        free(block->adopted);
        free(block);
}

void arena_done(Arena *a)
{
        for (ArenaBlock *block; (block = a->blocks);) {
                a->blocks = block->next;
                free_block(block);
        }
        a->size = 0;
}

void arena_clear(Arena *a)
{
        ArenaBlock *keep = NULL;

        for (ArenaBlock *block; (block = a->blocks);) {
                a->blocks = block->next;
                if (!keep && block->size == BLOCK_SIZE)
                        keep = block;
                else
                        free_block(block);
        }
        a->size = keep ? BLOCK_SIZE : 0;
        if (keep) {
                keep->used = 0;
                keep->next = NULL;
                a->blocks = keep;
        }
}

/* For @size bytes, in front of all others; NULL: there is no memory. */
static ArenaBlock *add_block(Arena *a, size_t size)
{
        size_t want = size > BLOCK_SIZE ? size : BLOCK_SIZE, total;
        ArenaBlock *block;

        if (__builtin_add_overflow(a->size, want, &total) || total > SIZE_MAX - sizeof(*block))
                return NULL;
        block = total <= MEMORY_SMALL ? xmalloc(sizeof(*block) + want)
                                      : malloc(sizeof(*block) + want);
        if (!block)
                return NULL;
        *block = (ArenaBlock){ .next = a->blocks, .size = want };
        a->blocks = block;
        a->size = total;
        return block;
}

void *arena_alloc(Arena *a, size_t size)
{
        ArenaBlock *block = a->blocks;
        size_t rounded;
        void *p;

        if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &rounded))
                return NULL;
        rounded &= ~(alignof(max_align_t) - 1);
        if (!block || block->size - block->used < rounded)
                block = add_block(a, rounded);
        if (!block)
                return NULL;
        p = block->bytes + block->used;
        block->used += rounded;
        return p;
}

void arena_adopt(Arena *a, void *p)
{
        ArenaBlock *block = xcalloc(1, sizeof(*block)),
                   **place = a->blocks ? &a->blocks->next : &a->blocks;

        block->adopted = p;
        block->next = *place; /* after the newest, which has room for more */
        *place = block;
}

void *arena_grow(Arena *a, void *array, size_t n, size_t *allocated, size_t size)
{
        size_t want = n > 0 ? n * 2 : 4;
        void *grown;

        if (n < *allocated)
                return array;
        grown = arena_alloc(a, want * size);
        if (!grown)
                return NULL;
        if (n > 0)
                memcpy(grown, array, n * size);
        *allocated = want;
        return grown;
}

char *arena_copy(Arena *a, const void *bytes, size_t n)
{
        char *copy = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;

        if (!copy)
                return NULL;
        if (n > 0)
                memcpy(copy, bytes, n);
        copy[n] = 0;
        return copy;
}
