/*
 * Literals, our own matcher: a filter of four bytes
 *
 * For each position, the four bytes there (letters folded to lower case) are hashed into a table of 64 Ki bits that
 * fits the first cache; one multiplication, one load and no branch a byte. Only where its bit is set, which is rare,
 * the literals of that hash are compared. A literal of three bytes sets the bits of all four-byte strings it starts.
 */
#include <string.h>

#include "mask/literals.h"

#define HASH_BITS 16
#define FOLD      0x20202020U

typedef struct Entry {
        uint32_t literal;
        uint32_t next; /* index + 1 of the next entry with this hash; 0: none */
} Entry;

typedef struct OwnSet {
        uint64_t filter[(1 << HASH_BITS) / 64];
        uint32_t heads[1 << HASH_BITS]; /* index + 1 of the first entry */
        Entry *entries;
        size_t n_entries;
        Literal *literals;
        size_t n_literals;
        char *bytes;
        size_t shortest;
} OwnSet;

static uint32_t hash4(uint32_t folded)
{
        return (folded * 0x9E3779B1U) >> (32 - HASH_BITS);
}

static uint32_t load4(const char *p)
{
        uint32_t x;

        memcpy(&x, p, sizeof(x));
        return x;
}

static void own_free(void *userdata)
{
        OwnSet *set = userdata;

        if (!set)
                return;
        free(set->entries);
        free(set->literals);
        free(set->bytes);
        free(set);
}

static void own_freep(OwnSet **set)
{
        own_free(*set);
}

static void add_entry(OwnSet *set, uint32_t word, uint32_t literal)
{
        uint32_t h = hash4(word | FOLD);

        /* Folding makes some four-byte strings equal: the same literal is entered once a hash. */
        for (uint32_t e = set->heads[h]; e; e = set->entries[e - 1].next)
                if (set->entries[e - 1].literal == literal)
                        return;
        set->filter[h / 64] |= UINT64_C(1) << (h % 64);
        set->entries[set->n_entries] = (Entry){ literal, set->heads[h] };
        set->heads[h] = (uint32_t) ++set->n_entries;
}

static void add_literal(OwnSet *set, uint32_t literal)
{
        const Literal *l = &set->literals[literal];
        char word[4] = { 0 };

        if (l->size >= 4) {
                add_entry(set, load4(l->bytes), literal);
                return;
        }
        memcpy(word, l->bytes, 3);
        for (int last = 0; last < 256; last++) {
                word[3] = (char) last;
                add_entry(set, load4(word), literal);
        }
}

static int own_new(const Literal *literals, size_t n, void **ret)
{
        _cleanup_(own_freep) OwnSet *set = NULL;
        size_t n_bytes = 0, n_entries = 0;
        char *p;

        set = calloc(1, sizeof(*set));
        if (!set)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                n_bytes += literals[i].size;
                n_entries += literals[i].size >= 4 ? 1 : 256;
        }
        set->literals = calloc(n + 1, sizeof(*set->literals));
        set->entries = calloc(n_entries + 1, sizeof(*set->entries));
        set->bytes = p = malloc(n_bytes + 1);
        if (!set->literals || !set->entries || !set->bytes)
                return -ENOMEM;

        set->n_literals = n;
        for (size_t i = 0; i < n; i++) {
                set->literals[i] = (Literal){ p, literals[i].size, literals[i].nocase };
                memcpy(p, literals[i].bytes, literals[i].size);
                p += literals[i].size;
                add_literal(set, (uint32_t) i);
        }
        *ret = TAKE_PTR(set);
        return 0;
}

static bool same_nocase(const char *text, const char *lower, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                char c = text[i];

                if (c >= 'A' && c <= 'Z')
                        c |= 0x20;
                if (c != lower[i])
                        return false;
        }
        return true;
}

static int add_hits(const OwnSet *set, uint32_t hash, const char *text, size_t size, size_t at,
                    LiteralHits *hits)
{
        for (uint32_t e = set->heads[hash]; e; e = set->entries[e - 1].next) {
                const Literal *l = &set->literals[set->entries[e - 1].literal];

                if (l->size > size - at)
                        continue;
                if (l->nocase ? !same_nocase(text + at, l->bytes, l->size)
                              : memcmp(text + at, l->bytes, l->size) != 0)
                        continue;
                if (literal_hits_add(hits, at, set->entries[e - 1].literal) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static uint64_t test(const OwnSet *set, uint32_t hash)
{
        return (set->filter[hash / 64] >> (hash % 64)) & 1;
}

/* Eight positions from @at, which has at least eleven bytes. */
static int scan_eight(const OwnSet *set, const char *text, size_t size, size_t at,
                      LiteralHits *hits)
{
        uint32_t hashes[8];
        uint64_t found = 0;

        for (int i = 0; i < 8; i++)
                hashes[i] = hash4(load4(text + at + i) | FOLD);
        for (int i = 0; i < 8; i++)
                found |= test(set, hashes[i]) << i;
        for (; found; found &= found - 1) {
                int i = __builtin_ctzll(found);

                if (add_hits(set, hashes[i], text, size, at + (size_t) i, hits) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int own_scan(const void *userdata, void *scratch, const char *text, size_t size,
                    LiteralHits *hits)
{
        const OwnSet *set = userdata;
        size_t at = 0;

        for (; size - at >= 11; at += 8)
                if (scan_eight(set, text, size, at, hits) < 0)
                        return -ENOMEM;
        for (; at + 3 <= size; at++) {
                char word[4] = { 0 };
                uint32_t hash;

                memcpy(word, text + at, size - at < 4 ? size - at : 4);
                hash = hash4(load4(word) | FOLD);
                if (test(set, hash) && add_hits(set, hash, text, size, at, hits) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int own_scratch_new(const void *set, void **ret)
{
        *ret = NULL;
        return 0;
}

static void own_scratch_free(void *scratch)
{
}

const LiteralBackend literals_own = {
        .new = own_new,
        .free = own_free,
        .scratch_new = own_scratch_new,
        .scratch_free = own_scratch_free,
        .scan = own_scan,
};
