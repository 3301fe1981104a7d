/* Known: the secrets found so far, searched where they stand without context */
#include "mask/known.h"

#include <string.h>

#include "mask/guard.h"

#define HASH_BITS 16
#define STEP      4

/* More are not remembered: a session with so many is a dump of data. */
#define SECRETS_MAX 16384

typedef struct Entry {
        uint32_t secret;
        uint32_t offset;
        uint32_t next; /* index + 1; 0: the last one */
} Entry;

struct Known {
        uint64_t filter[(1 << HASH_BITS) / 64];
        uint32_t heads[1 << HASH_BITS];
        Entry *entries; /* STEP a secret */
        KnownSecret *secrets;
        size_t n, allocated;
};

Known *known_new(void)
{
        return calloc(1, sizeof(Known));
}

static uint32_t hash4(const char *p)
{
        uint32_t x;

        memcpy(&x, p, sizeof(x));
        return (x * 0x9E3779B1U) >> (32 - HASH_BITS);
}

void known_clear(Known *k)
{
        for (size_t i = 0; i < k->n; i++) {
                KnownSecret *s = k->secrets + i;

                /* only what it entered: both tables are large, and hold little */
                for (size_t offset = 0; offset < STEP; offset++) {
                        uint32_t h = hash4(s->text + offset);

                        k->filter[h / 64] = 0;
                        k->heads[h] = 0;
                }
                explicit_bzero(s->text, s->size);
                free(s->text);
        }
        k->n = 0;
}

Known *known_free(Known *k)
{
        if (!k)
                return NULL;
        known_clear(k);
        free(k->entries);
        free(k->secrets);
        free(k);
        return NULL;
}

size_t known_n(const Known *k)
{
        return k->n;
}

/* A secret that is also a word, a name or a number would be masked all over a session. */
static bool is_distinct(const KnownSecret *s)
{
        unsigned classes = text_classes(s->text, s->size);
        bool letters = classes & (CLASS_UPPER | CLASS_LOWER);

        if (s->size < KNOWN_MIN || s->size > KNOWN_MAX || memchr(s->text, '\n', s->size))
                return false;
        if (!letters)
                return s->size >= 16;
        if (classes & (CLASS_DIGIT | CLASS_SPECIAL | CLASS_OTHER))
                return !text_is_words(s->text, s->size) || classes & CLASS_DIGIT;
        return s->size >= 12 && !text_is_words(s->text, s->size);
}

static bool is_remembered(const Known *k, const KnownSecret *s)
{
        for (uint32_t e = k->heads[hash4(s->text)]; e; e = k->entries[e - 1].next) {
                const KnownSecret *other = &k->secrets[k->entries[e - 1].secret];

                if (k->entries[e - 1].offset == 0 && other->size == s->size &&
                    memcmp(other->text, s->text, s->size) == 0)
                        return true;
        }
        return false;
}

static int make_room(Known *k)
{
        size_t want = k->allocated ? k->allocated * 2 : 16;
        KnownSecret *secrets;
        Entry *entries;

        if (k->n < k->allocated)
                return 0;
        secrets = realloc(k->secrets, want * sizeof(*secrets));
        if (!secrets)
                return -ENOMEM;
        k->secrets = secrets;
        entries = realloc(k->entries, want * STEP * sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        k->entries = entries;
        k->allocated = want;
        return 0;
}

int known_add(Known *k, const KnownSecret *secret)
{
        KnownSecret *s;

        if (!is_distinct(secret) || is_remembered(k, secret) || k->n >= SECRETS_MAX)
                return 0;
        if (make_room(k) < 0)
                return -ENOMEM;
        s = &k->secrets[k->n];
        *s = *secret;
        s->text = malloc(secret->size);
        if (!s->text)
                return -ENOMEM;
        memcpy(s->text, secret->text, secret->size);
        for (uint32_t offset = 0; offset < STEP; offset++) {
                uint32_t h = hash4(s->text + offset), e = (uint32_t) (k->n * STEP) + offset;

                k->filter[h / 64] |= UINT64_C(1) << (h % 64);
                k->entries[e] = (Entry){ (uint32_t) k->n, offset, k->heads[h] };
                k->heads[h] = e + 1;
        }
        k->n++;
        return 1;
}

static bool is_word(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '_';
}

static bool stands_alone(const KnownSecret *s, const char *text, size_t size, size_t start)
{
        size_t end = start + s->size;

        return !(start > 0 && is_word(text[start - 1]) && is_word(text[start])) &&
               !(end < size && is_word(text[end]) && is_word(text[end - 1]));
}

/* The longest secret that has the bytes at @at as its first ones; its start goes to *@ret_start. */
static const KnownSecret *secret_at(const Known *k, const char *text, size_t size, size_t at,
                                    size_t low, size_t *ret_start)
{
        const KnownSecret *best = NULL;

        for (uint32_t e = k->heads[hash4(text + at)]; e; e = k->entries[e - 1].next) {
                const KnownSecret *s = &k->secrets[k->entries[e - 1].secret];
                size_t start = at - k->entries[e - 1].offset;

                if (k->entries[e - 1].offset > at || start < low || s->size > size - start ||
                    (best &&
                     (*ret_start < start || (*ret_start == start && best->size >= s->size))))
                        continue;
                if (memcmp(text + start, s->text, s->size) != 0 ||
                    !stands_alone(s, text, size, start))
                        continue;
                best = s;
                *ret_start = start;
        }
        return best;
}

static uint64_t test(const Known *k, const char *p)
{
        uint32_t h = hash4(p);

        return k->filter[h / 64] >> (h % 64) & 1;
}

/* The first position at or after @i, a multiple of STEP, that may be within a secret; @size or more: none. */
static size_t next_candidate(const Known *k, const char *text, size_t size, size_t i)
{
        /* Eight at once: hardly ever is there one, so the branch is foreseen. */
        for (; size - i >= 8 * STEP; i += 8 * STEP) {
                uint64_t found = 0;

                for (unsigned j = 0; j < 8; j++)
                        found |= test(k, text + i + j * STEP) << j;
                if (found)
                        return i + (size_t) __builtin_ctzll(found) * STEP;
        }
        for (; i + 4 <= size; i += STEP)
                if (test(k, text + i))
                        return i;
        return size;
}

const KnownSecret *known_next(const Known *k, const char *text, size_t size, size_t *at)
{
        size_t low = *at, i = (low + STEP - 1) / STEP * STEP;

        if (k->n == 0)
                return NULL;
        while (i < size && (i = next_candidate(k, text, size, i)) < size) {
                const KnownSecret *s = secret_at(k, text, size, i, low, at);

                if (s)
                        return s;
                i += STEP;
        }
        return NULL;
}

bool known_find(const Known *k, const char *text, size_t size, KnownFunc func, void *userdata)
{
        for (size_t i = 0; k->n > 0 && i < size && (i = next_candidate(k, text, size, i)) < size;
             i += STEP)
                for (uint32_t e = k->heads[hash4(text + i)]; e; e = k->entries[e - 1].next) {
                        const Entry *entry = k->entries + e - 1;

                        if (entry->offset <= i &&
                            memcmp(text + i, k->secrets[entry->secret].text + entry->offset, 4) ==
                                            0 &&
                            func(userdata, entry->secret, i - entry->offset))
                                return true;
                }
        return false;
}
