/* NameCache: a slot for each hash, and the last one wins */
#include "mask/name-cache.h"

#include <endian.h>
#include <string.h>

#include "base/memory.h"

#define SLOT_BITS 12

typedef struct Slot {
        uint32_t rule; /* plus 1; 0: empty */
        char name[NAME_CACHE_MAX];
        uint8_t size;
        bool matches;
} Slot;

struct NameCache {
        Slot slots[1 << SLOT_BITS];
};

NameCache *name_cache_new(void)
{
        return xcalloc(1, sizeof(NameCache));
}

NameCache *name_cache_free(NameCache *c)
{
        free(c);
        return NULL;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        return hash ^ hash >> 32;
}

uint64_t name_cache_hash(const char *name, size_t size)
{
        uint64_t hash = size, word = 0;

        for (; size >= sizeof(word); name += sizeof(word), size -= sizeof(word)) {
                memcpy(&word, name, sizeof(word));
                hash = mix(hash, le64toh(word));
        }
        word = 0;
        memcpy(&word, name, size);
        return mix(hash, le64toh(word));
}

static size_t slot_of(uint32_t rule, uint64_t hash)
{
        return (size_t) (mix(hash, rule) >> (64 - SLOT_BITS));
}

int name_cache_get(const NameCache *c, uint32_t rule, uint64_t hash, const char *name, size_t size)
{
        const Slot *s = &c->slots[slot_of(rule, hash)];

        if (s->rule != rule + 1 || s->size != size || memcmp(s->name, name, size) != 0)
                return -1;
        return s->matches;
}

void name_cache_note(NameCache *c, uint32_t rule, uint64_t hash, const char *name, size_t size,
                     bool matches)
{
        Slot *s = &c->slots[slot_of(rule, hash)];

        if (size > NAME_CACHE_MAX)
                return;
        *s = (Slot){ .rule = rule + 1, .size = (uint8_t) size, .matches = matches };
        memcpy(s->name, name, size);
}
