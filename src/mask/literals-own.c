/*
 * Literals, our own matcher: a filter of three bytes
 *
 * For each position, the three bytes there are hashed into a table of 64 Ki bits that fits the first cache: one
 * multiplication, one load and no branch a byte. Only where its bit is set, which is rare, the literals of that hash are
 * compared. Each literal is entered by those three of its bytes that text has most rarely; one of any case with each
 * spelling of them, so that the text is read as it is.
 */
#include <string.h>

#include "mask/literals.h"

#define HASH_BITS 16
/* Of the bytes that a literal of any case is entered by. */
#define SPELLINGS_MAX 16

typedef struct Entry {
        uint32_t word, mask; /* the bytes it is entered by, and the next one where there is one */
        uint32_t offset;     /* of them in the literal */
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
} OwnSet;

/* Of the first three bytes: the factor's low byte is 0, which pushes the fourth out of the product. */
static uint32_t hash3(uint32_t word)
{
        return (word * 0x9E377900U) >> (32 - HASH_BITS);
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

static void add_entry(OwnSet *set, Entry entry)
{
        uint32_t h = hash3(entry.word);

        set->filter[h / 64] |= UINT64_C(1) << (h % 64);
        entry.next = set->heads[h];
        set->entries[set->n_entries] = entry;
        set->heads[h] = (uint32_t) ++set->n_entries;
}

static bool is_lower(char c)
{
        return c >= 'a' && c <= 'z';
}

/* How common a byte is in code and prose, roughly: the letters in order of how often they stand in English. */
static unsigned commonness(char c)
{
        static const char letters[] = "zqjxkvbywgpfmucdlhrsnioate";
        const char *p = c ? strchr(letters, c) : NULL;

        if (p)
                return 8 + (unsigned) (p - letters);
        return c == ' ' || c == '-' || c == '_' || c == '/' || c == '=' ? 14
               : c >= '0' && c <= '9'                                   ? 8
                                                                        : 4;
}

/* Where in the literal the three bytes stand that are the rarest in text. */
static size_t rarest(const Literal *l)
{
        size_t best = 0;
        unsigned lowest = UINT32_MAX;

        for (size_t i = 0; i + 3 <= l->size; i++) {
                unsigned sum = commonness(l->bytes[i]) + commonness(l->bytes[i + 1]) +
                               commonness(l->bytes[i + 2]);

                if (sum < lowest) {
                        lowest = sum;
                        best = i;
                }
        }
        return best;
}

/* Enters the literal, with each spelling of the bytes that it is entered by. */
static void add_literal(OwnSet *set, uint32_t literal)
{
        const Literal *l = &set->literals[literal];
        size_t offset = rarest(l), n = l->size - offset < 4 ? 3 : 4;

        for (unsigned upper = 0; upper < 1U << n; upper++) {
                char word[4] = { 0 };
                bool ok = true;

                memcpy(word, l->bytes + offset, n);
                for (size_t i = 0; i < n; i++)
                        if (upper >> i & 1) {
                                ok &= l->nocase && is_lower(word[i]);
                                word[i] ^= 0x20;
                        }
                if (ok)
                        add_entry(set, (Entry){ load4(word), n == 3 ? load4("\xff\xff\xff") : ~0U,
                                                (uint32_t) offset, literal, 0 });
        }
}

static int own_new(const Literal *literals, size_t n, void **ret)
{
        OwnSet *set = xcalloc(1, sizeof(*set));
        size_t n_bytes = 0, n_entries = 0;
        char *p;

        for (size_t i = 0; i < n; i++) {
                n_bytes += literals[i].size;
                n_entries += literals[i].nocase ? SPELLINGS_MAX : 1;
        }
        set->literals = xcalloc(n + 1, sizeof(*set->literals));
        set->entries = xcalloc(n_entries + 1, sizeof(*set->entries));
        set->bytes = p = xmalloc(n_bytes + 1);
        set->n_literals = n;
        for (size_t i = 0; i < n; i++) {
                set->literals[i] = (Literal){ p, literals[i].size, literals[i].nocase };
                memcpy(p, literals[i].bytes, literals[i].size);
                p += literals[i].size;
                add_literal(set, (uint32_t) i);
        }
        *ret = set;
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

static int add_hits(const OwnSet *set, uint32_t word, const char *text, size_t size, size_t at,
                    LiteralHits *hits)
{
        for (uint32_t e = set->heads[hash3(word)]; e; e = set->entries[e - 1].next) {
                const Entry *entry = &set->entries[e - 1];
                const Literal *l = &set->literals[entry->literal];
                size_t start = at - entry->offset;

                if ((word ^ entry->word) & entry->mask || at < entry->offset ||
                    l->size > size - start)
                        continue;
                if (l->nocase ? !same_nocase(text + start, l->bytes, l->size)
                              : memcmp(text + start, l->bytes, l->size) != 0)
                        continue;
                if (literal_hits_add(hits, start, entry->literal) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static uint64_t test(const OwnSet *set, uint32_t word)
{
        uint32_t h = hash3(word);

        return set->filter[h / 64] >> (h % 64) & 1;
}

/* Which of the eight positions at @text, which has eleven bytes, have their bit set. */
static uint64_t test_eight(const OwnSet *set, const char *text)
{
        uint64_t found = 0;

        for (unsigned i = 0; i < 8; i++)
                found |= test(set, load4(text + i)) << i;
        return found;
}

static int own_scan(const void *userdata, void *scratch, const char *text, size_t size,
                    LiteralHits *hits)
{
        const OwnSet *set = userdata;
        size_t at = 0;

        for (; size - at >= 11; at += 8)
                for (uint64_t found = test_eight(set, text + at); found; found &= found - 1) {
                        size_t i = at + (size_t) __builtin_ctzll(found);

                        if (add_hits(set, load4(text + i), text, size, i, hits) < 0)
                                return -ENOMEM;
                }
        for (; at + 3 <= size; at++) {
                char word[4] = { 0 };

                memcpy(word, text + at, size - at < 4 ? size - at : 4);
                if (test(set, load4(word)) && add_hits(set, load4(word), text, size, at, hits) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static void *own_scratch_new(const void *set)
{
        return NULL;
}

static void own_scratch_free(void *scratch)
{
}

const LiteralBackend literals_own = {
        .make = own_new,
        .free = own_free,
        .scratch_new = own_scratch_new,
        .scratch_free = own_scratch_free,
        .scan = own_scan,
};
