/* Recall: finds a secret again of which the text is not kept */
#include "mask/recall.h"

#include <string.h>

#include "base/memory.h"
#include "mask/view.h"

#define BITS   16
#define PLACES ((size_t) 1 << BITS)
#define PIECE  8 /* bytes at either end that the shape tells of */

#define SHAPE_MASK ((UINT64_C(1) << 48) - 1)

typedef struct Entry {
        uint64_t fingerprint;
        const char *rule;
        unsigned rank;
        uint32_t next; /* of the same low bits of its fingerprint; index + 1 */
} Entry;

/* A length that some secrets with these first bytes have. */
typedef struct Length {
        uint32_t size;
        uint32_t next; /* index + 1 */
} Length;

struct Recall {
        HashKey key;
        uint64_t heads[PLACES / 64]; /* by hash of the first bytes */
        uint64_t tails[PLACES / 64]; /* by hash of the last bytes and the length */
        uint32_t lengths_of[PLACES];
        uint32_t entries_of[PLACES];
        Length *lengths;
        size_t n_lengths;
        Entry *entries;
        size_t n_entries;
};

static uint32_t hash_piece(const char *p)
{
        uint64_t x;

        memcpy(&x, p, sizeof(x));
        return (uint32_t) ((x * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - BITS));
}

static uint32_t tail_place(uint32_t tail, size_t size)
{
        return (tail ^ (uint32_t) size * 40503U) % PLACES;
}

/* Seals a shape, and opens it again: the same secret always has the same one. */
static uint64_t seal(const HashKey *key, uint64_t shape, uint64_t fingerprint)
{
        return (shape ^ siphash24(key, &fingerprint, sizeof(fingerprint))) & SHAPE_MASK;
}

int64_t recall_shape(const HashKey *key, const char *text, size_t size, uint64_t fingerprint)
{
        uint64_t head = hash_piece(text), tail = hash_piece(text + size - PIECE);

        return (int64_t) seal(key, head << 32 | tail << 16 | size, fingerprint);
}

Recall *recall_new(const HashKey *key)
{
        Recall *r = xcalloc(1, sizeof(*r));

        r->key = *key;
        return r;
}

Recall *recall_free(Recall *r)
{
        if (!r)
                return NULL;
        free(r->lengths);
        free(r->entries);
        explicit_bzero(&r->key, sizeof(r->key));
        free(r);
        return NULL;
}

void recall_clear(Recall *r)
{
        if (r->n_entries == 0)
                return;
        memset(r->heads, 0, sizeof(r->heads));
        memset(r->tails, 0, sizeof(r->tails));
        memset(r->lengths_of, 0, sizeof(r->lengths_of));
        memset(r->entries_of, 0, sizeof(r->entries_of));
        r->n_lengths = r->n_entries = 0;
}

size_t recall_n(const Recall *r)
{
        return r->n_entries;
}

static void set_bit(uint64_t *bits, uint32_t i)
{
        bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool has_bit(const uint64_t *bits, uint32_t i)
{
        return bits[i / 64] >> (i % 64) & 1;
}

/* Notes that a secret with this head may have that length. */
static void add_length(Recall *r, uint32_t head, uint32_t size)
{
        for (uint32_t i = r->lengths_of[head]; i; i = r->lengths[i - 1].next)
                if (r->lengths[i - 1].size == size)
                        return;
        APPEND(r->lengths, r->n_lengths, (Length){ size, r->lengths_of[head] });
        r->lengths_of[head] = (uint32_t) r->n_lengths;
        set_bit(r->heads, head);
}

void recall_add(Recall *r, uint64_t fingerprint, int64_t shape, const char *rule, unsigned rank)
{
        uint64_t open = seal(&r->key, (uint64_t) shape, fingerprint);
        uint32_t head = (uint32_t) (open >> 32), tail = open >> 16 & 0xffff, size = open & 0xffff;
        uint32_t place = fingerprint % PLACES;

        if (size < KNOWN_MIN || size > KNOWN_MAX)
                return; /* of another key */
        add_length(r, head, size);
        set_bit(r->tails, tail_place(tail, size));
        APPEND(r->entries, r->n_entries, (Entry){ fingerprint, rule, rank, r->entries_of[place] });
        r->entries_of[place] = (uint32_t) r->n_entries;
}

static const Entry *find_entry(const Recall *r, uint64_t fingerprint)
{
        for (uint32_t i = r->entries_of[fingerprint % PLACES]; i; i = r->entries[i - 1].next)
                if (r->entries[i - 1].fingerprint == fingerprint)
                        return r->entries + i - 1;
        return NULL;
}

/* Adds those that begin at @at. Returns whether there are any. */
static bool find_at(Recall *r, const char *text, size_t size, size_t at, Known *known)
{
        bool any = false;

        for (uint32_t i = r->lengths_of[hash_piece(text + at)]; i; i = r->lengths[i - 1].next) {
                size_t length = r->lengths[i - 1].size;
                uint64_t fingerprint;
                KnownSecret found;
                const Entry *e;

                if (length > size - at || !known_stands_alone(text, size, at, at + length) ||
                    !has_bit(r->tails, tail_place(hash_piece(text + at + length - PIECE), length)))
                        continue;
                fingerprint = hash_bytes(&r->key, text + at, length);
                e = find_entry(r, fingerprint);
                if (!e)
                        continue;
                found = (KnownSecret){
                        (char *) text + at, length,  e->rule,
                        fingerprint,        e->rank, .given = strcmp(e->rule, KNOWN_VALUE) == 0
                };
                (void) known_add(known, &found);
                any = true;
        }
        return any;
}

bool recall_find(Recall *r, const char *text, size_t size, Known *known)
{
        bool any = false;

        for (size_t i = 0; r->n_entries > 0 && i + PIECE <= size; i++)
                if (has_bit(r->heads, hash_piece(text + i)) && find_at(r, text, size, i, known))
                        any = true;
        return any;
}
