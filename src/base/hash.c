/* Keyed fingerprints: SipHash over XXH3 */
#include "base/hash.h"

#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Small items are gathered here and hashed in one go: an update for each would cost more than the hashing. */
#include "base/memory.h"

#define GATHER_MAX 4096

struct Hasher {
        HashKey key;
        XXH3_state_t *state;
        size_t n_gathered;
        bool spilled; /* into the state, which the gathered rest follows */
        uint8_t gathered[GATHER_MAX];
};

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static void sip_round(uint64_t v[static 4])
{
        v[0] += v[1];
        v[1] = ROTL(v[1], 13) ^ v[0];
        v[0] = ROTL(v[0], 32);
        v[2] += v[3];
        v[3] = ROTL(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = ROTL(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = ROTL(v[1], 17) ^ v[2];
        v[2] = ROTL(v[2], 32);
}

static uint64_t read_le64(const uint8_t *p)
{
        uint64_t x;

        memcpy(&x, p, sizeof(x));
        return le64toh(x);
}

uint64_t siphash24(const HashKey *key, const void *bytes, size_t n)
{
        const uint8_t *p = bytes;
        uint64_t k0 = read_le64(key->bytes), k1 = read_le64(key->bytes + 8);
        uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                          k1 ^ 0x7465646279746573 };
        uint64_t last = (uint64_t) n << 56;
        size_t i;

        for (i = 0; i + 8 <= n; i += 8) {
                uint64_t m = read_le64(p + i);

                v[3] ^= m;
                sip_round(v);
                sip_round(v);
                v[0] ^= m;
        }
        for (size_t shift = 0; i < n; i++, shift += 8)
                last |= (uint64_t) p[i] << shift;
        v[3] ^= last;
        sip_round(v);
        sip_round(v);
        v[0] ^= last;
        v[2] ^= 0xff;
        for (int round = 0; round < 4; round++)
                sip_round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t seal(const HashKey *key, XXH128_hash_t hash)
{
        XXH128_canonical_t canonical;

        XXH128_canonicalFromHash(&canonical, hash);
        return siphash24(key, canonical.digest, sizeof(canonical.digest)) ?: 1;
}

uint64_t hash_bytes(const HashKey *key, const void *bytes, size_t n)
{
        return seal(key, XXH3_128bits(bytes, n));
}

Hasher *hasher_new(const HashKey *key)
{
        Hasher *h = xcalloc(1, sizeof(*h));

        h->key = *key;
        h->state = XXH3_createState();
        if (!h->state)
                memory_is_out();
        hasher_begin(h);
        return h;
}

Hasher *hasher_free(Hasher *h)
{
        if (!h)
                return NULL;
        XXH3_freeState(h->state);
        explicit_bzero(h, sizeof(*h));
        free(h);
        return NULL;
}

void hasher_begin(Hasher *h)
{
        h->n_gathered = 0;
        h->spilled = false;
}

static void spill(Hasher *h)
{
        if (!h->spilled)
                (void) XXH3_128bits_reset(h->state);
        h->spilled = true;
        (void) XXH3_128bits_update(h->state, h->gathered, h->n_gathered);
        h->n_gathered = 0;
}

#define HEAD_SIZE ((size_t) 9)

/* A type and a number; makes room for @more bytes after them as well, where that is little. */
static void add_head(Hasher *h, char type, uint64_t value, size_t more)
{
        uint8_t *p;

        if (HEAD_SIZE + more > GATHER_MAX - h->n_gathered)
                spill(h);
        p = h->gathered + h->n_gathered;
        value = htole64(value);
        p[0] = (uint8_t) type;
        memcpy(p + 1, &value, sizeof(value));
        h->n_gathered += HEAD_SIZE;
}

void hasher_add_bytes(Hasher *h, const void *bytes, size_t n)
{
        bool is_small = n <= GATHER_MAX - HEAD_SIZE;

        add_head(h, 's', n, is_small ? n : 0);
        if (is_small) {
                if (n > 0)
                        memcpy(h->gathered + h->n_gathered, bytes, n);
                h->n_gathered += n;
                return;
        }
        spill(h);
        (void) XXH3_128bits_update(h->state, bytes, n);
}

void hasher_add_int(Hasher *h, int64_t value)
{
        add_head(h, 'i', (uint64_t) value, 0);
}

void hasher_add_null(Hasher *h)
{
        add_head(h, '0', 0, 0);
}

uint64_t hasher_end(Hasher *h)
{
        if (!h->spilled)
                return seal(&h->key, XXH3_128bits(h->gathered, h->n_gathered));
        spill(h);
        return seal(&h->key, XXH3_128bits_digest(h->state));
}
