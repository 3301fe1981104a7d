/* Known: the secrets found so far, searched where they stand without context */
#include "mask/known.h"

#include <endian.h>
#include <string.h>

#include "base/vector.h"
#include "mask/guard.h"
#include "mask/squeezed.h"
#include "mask/view.h"

#define HASH_BITS 16
#define STEP      4

/* What is looked up; so long that STEP of them, one after the other, fit into the shortest secret. */
#define KEY 5

/* How far into a secret its keys are, at most; and how far a chain of others is followed to see how long it is. */
#define BASE_MAX  64
#define CHAIN_MAX 8

typedef struct Entry {
        uint32_t secret;
        uint32_t offset;
        uint32_t next; /* index + 1; 0: the last one */
        uint32_t tag;  /* of the key: with thousands of secrets others have the same hash */
} Entry;

struct Known {
        uint64_t filter[(1 << HASH_BITS) / 64];
        uint32_t heads[1 << HASH_BITS];
        uint64_t first_filter[(1 << HASH_BITS) / 64]; /* by the first KNOWN_MIN bytes */
        uint32_t first_heads[1 << HASH_BITS];
        Entry *entries;   /* STEP a secret */
        uint32_t *firsts; /* one a secret: the next one with such first bytes, as Entry.next */
        KnownSecret *secrets;
        size_t n, allocated;
        bool is_full;                  /* see known_is_full() */
        bool spaces;                   /* a secret has some */
        bool phrases;                  /* one of these is given */
        uint64_t gaps[(1 << 16) / 64]; /* of these: squeezed_gap() of each blank */
        const Known *given;
};

Known *known_new(void)
{
        return xcalloc(1, sizeof(Known));
}

/* Other bits than those of hash(). */
static uint32_t tag_of(uint64_t x)
{
        return (uint32_t) (x * UINT64_C(0x9E3779B97F4A7C15) >> (32 - HASH_BITS));
}

static uint32_t hash(uint64_t x)
{
        return (uint32_t) (x * UINT64_C(0x9E3779B97F4A7C15) >> (64 - HASH_BITS));
}

/* Of eight bytes, which the text has. */
static uint32_t hash_first(const char *p)
{
        uint64_t x;

        memcpy(&x, p, sizeof(x));
        return hash(le64toh(x));
}

/* The KEY bytes at @p, of eight that the text has; or of them alone. */
static uint64_t key_wide(const char *p)
{
        uint64_t x;

        memcpy(&x, p, sizeof(x));
        return le64toh(x) & ((UINT64_C(1) << 8 * KEY) - 1);
}

static uint64_t key(const char *p)
{
        char bytes[8] = "";

        memcpy(bytes, p, KEY);
        return key_wide(bytes);
}

static uint32_t hash_key(const char *p)
{
        return hash(key(p));
}

void known_clear(Known *k)
{
        for (size_t i = 0; i < k->n; i++) {
                KnownSecret *s = k->secrets + i;
                uint32_t h = hash_first(s->text);

                /* only what it entered: the tables are large, and hold little */
                k->first_filter[h / 64] = 0;
                k->first_heads[h] = 0;
                for (size_t e = i * STEP; e < (i + 1) * STEP; e++) {
                        h = hash_key(s->text + k->entries[e].offset);
                        k->filter[h / 64] = 0;
                        k->heads[h] = 0;
                }
                explicit_bzero(s->text, s->size);
                free(s->text);
        }
        k->n = 0;
        if (k->phrases)
                memset(k->gaps, 0, sizeof(k->gaps));
        k->spaces = k->phrases = k->is_full = false;
}

void known_set_given(Known *k, const Known *given)
{
        k->given = given;
}

bool known_is_full(const Known *k)
{
        return k->is_full;
}

bool known_any(const Known *k)
{
        return k->n > 0 || (k->given && k->given->n > 0);
}

Known *known_free(Known *k)
{
        if (!k)
                return NULL;
        known_clear(k);
        free(k->entries);
        free(k->firsts);
        free(k->secrets);
        free(k);
        return NULL;
}

size_t known_n(const Known *k)
{
        return k->n;
}

const KnownSecret *known_secret(const Known *k, size_t number)
{
        return k->secrets + number;
}

/* A secret that is also a word, a name or a number would be masked all over a session. */
static bool is_distinct(const KnownSecret *s)
{
        unsigned classes = text_classes(s->text, s->size);
        bool letters = classes & (CLASS_UPPER | CLASS_LOWER);

        if (!letters)
                return s->size >= 16;
        if (classes & CLASS_DIGIT)
                return true;
        /* random letters fall into pieces that could be words, but they do not read as such */
        if (text_is_words(s->text, s->size) &&
            (classes & CLASS_OTHER || text_is_phrase(s->text, s->size)))
                return false;
        return classes & (CLASS_SPECIAL | CLASS_OTHER) || s->size >= 12;
}

/* Can it be looked for at all? */
static bool is_searchable(const KnownSecret *s)
{
        return s->size >= KNOWN_MIN && s->size <= KNOWN_MAX && !memchr(s->text, '\n', s->size);
}

static bool is_remembered(const Known *k, const KnownSecret *s)
{
        for (uint32_t e = k->first_heads[hash_first(s->text)]; e; e = k->firsts[e - 1]) {
                const KnownSecret *other = &k->secrets[e - 1];

                if (other->fingerprint == s->fingerprint && other->size == s->size &&
                    memcmp(other->text, s->text, s->size) == 0)
                        return true;
        }
        return false;
}

static void make_room(Known *k)
{
        size_t want = k->allocated ? k->allocated * 2 : 16;

        if (k->n < k->allocated)
                return;
        k->secrets = xreallocarray(k->secrets, want, sizeof(*k->secrets));
        k->entries = xreallocarray(k->entries, want * STEP, sizeof(*k->entries));
        k->firsts = xreallocarray(k->firsts, want, sizeof(*k->firsts));
        k->allocated = want;
}

/* How many others have a key like this, as far as it matters. */
static size_t chain_length(const Known *k, const char *key)
{
        size_t n = 0;

        for (uint32_t e = k->heads[hash_key(key)]; e && n < CHAIN_MAX; e = k->entries[e - 1].next)
                n++;
        return n;
}

/* Where the STEP keys of a secret begin that the fewest others have. */
static size_t choose_base(const Known *k, const KnownSecret *s)
{
        size_t last = s->size - (KEY + STEP - 1), best = 0, shortest = SIZE_MAX;

        last = last < BASE_MAX ? last : BASE_MAX;
        for (size_t base = 0; base <= last && shortest > 0; base += STEP) {
                size_t n = 0;

                for (size_t i = 0; i < STEP; i++)
                        n += chain_length(k, s->text + base + i);
                if (n < shortest) {
                        shortest = n;
                        best = base;
                }
        }
        return best;
}

/* Where a line may end in a phrase. */
static void add_gaps(Known *k, const KnownSecret *s)
{
        for (size_t i = 1; i + 1 < s->size; i++)
                if (s->text[i] == ' ') {
                        uint32_t gap = squeezed_gap(s->text, s->size, i, i + 1);

                        k->gaps[gap / 64] |= UINT64_C(1) << (gap % 64);
                        k->phrases = true;
                }
}

bool known_add(Known *k, const KnownSecret *secret)
{
        KnownSecret *s;
        uint32_t h;
        size_t base;

        if (!is_searchable(secret) || is_remembered(k, secret) ||
            (!secret->given && !is_distinct(secret)))
                return false;
        if (k->n >= KNOWN_SECRETS_MAX) {
                k->is_full = true;
                return false;
        }
        make_room(k);
        s = &k->secrets[k->n];
        *s = *secret;
        s->text = xmalloc(secret->size);
        memcpy(s->text, secret->text, secret->size);
        s->common = s->given && !is_distinct(s);
        base = choose_base(k, s);
        for (uint32_t i = 0; i < STEP; i++) {
                uint32_t offset = (uint32_t) base + i, e = (uint32_t) (k->n * STEP) + i;

                h = hash_key(s->text + offset);
                k->filter[h / 64] |= UINT64_C(1) << (h % 64);
                k->entries[e] = (Entry){ (uint32_t) k->n, offset, k->heads[h],
                                         tag_of(key(s->text + offset)) };
                k->heads[h] = e + 1;
        }
        h = hash_first(s->text);
        k->first_filter[h / 64] |= UINT64_C(1) << (h % 64);
        k->firsts[k->n] = k->first_heads[h];
        k->first_heads[h] = (uint32_t) k->n + 1;
        if (s->given)
                add_gaps(k, s);
        k->spaces = k->spaces || memchr(s->text, ' ', s->size);
        k->n++;
        return true;
}

static bool is_word(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '_';
}

bool known_stands_alone(const char *text, size_t size, size_t start, size_t end)
{
        return !(start > 0 && is_word(text[start - 1]) && is_word(text[start])) &&
               !(end < size && is_word(text[end]) && is_word(text[end - 1]));
}

static uint64_t test(const uint64_t *filter, uint32_t h)
{
        return filter[h / 64] >> (h % 64) & 1;
}

/* The first position at or after @i, a multiple of STEP, that may be within a secret; @size or more: none. */
static size_t next_candidate(const Known *k, const char *text, size_t size, size_t i)
{
        /* Eight at once: hardly ever is there one, so the branch is foreseen. */
        for (; size - i >= 8 * STEP + 8 - STEP; i += 8 * STEP) {
                uint64_t found = 0;

                for (unsigned j = 0; j < 8; j++)
                        found |= test(k->filter, hash(key_wide(text + i + j * STEP))) << j;
                if (found)
                        return i + (size_t) __builtin_ctzll(found) * STEP;
        }
        for (; i + KEY <= size; i += STEP)
                if (test(k->filter, hash_key(text + i)))
                        return i;
        return size;
}

static int each_in(const Known *k, const char *text, size_t size, size_t from, size_t until,
                   KnownMatch func, void *userdata, Budget *budget)
{
        size_t end = size - until > BASE_MAX + STEP ? until + BASE_MAX + STEP : size,
               i = (from + STEP - 1) / STEP * STEP;
        int r = 0;

        end = size - end > KEY ? end + KEY : size;
        if (k->n == 0)
                return 0;
        for (; r >= 0 && i < end && (i = next_candidate(k, text, end, i)) < end; i += STEP) {
                uint64_t found = key(text + i);
                uint32_t e = k->heads[hash(found)], tag = tag_of(found);

                for (; r >= 0 && e && budget_spend(budget, 1); e = k->entries[e - 1].next) {
                        const KnownSecret *s = &k->secrets[k->entries[e - 1].secret];
                        size_t start = i - k->entries[e - 1].offset;

                        if (k->entries[e - 1].tag == tag && k->entries[e - 1].offset <= i &&
                            start >= from && start < until && s->size <= size - start &&
                            memcmp(text + start, s->text, s->size) == 0 &&
                            known_stands_alone(text, size, start, start + s->size))
                                r = func(userdata, s, start, start + s->size);
                }
                if (budget->exceeded)
                        break;
        }
        return r;
}

/* Where matches in a text whose blanks were squeezed stand in the text itself. */
typedef struct Squeezed {
        const SqueezedText *text;
        size_t from, until;
        KnownMatch func;
        void *userdata;
} Squeezed;

static int on_squeezed(void *userdata, const KnownSecret *secret, size_t start, size_t end)
{
        const Squeezed *s = userdata;
        size_t from, to;

        squeezed_range(s->text, start, end, &from, &to);
        if (!memchr(secret->text, ' ', secret->size) || from < s->from || from >= s->until)
                return 0; /* it is found as it is, or elsewhere */
        return s->func(s->userdata, secret, from, to);
}

/* What is squeezed at once, from a place on where a phrase may be broken. */
#define WINDOW ((size_t) 64 * 1024)

/* The same where a phrase stands otherwise than it was given: with the end of a line in it. */
static int each_phrase(const Known *k, const char *text, size_t size, size_t from, size_t until,
                       KnownMatch func, void *userdata, Budget *budget)
{
        size_t limit = size - until > 2 * KNOWN_MAX ? until + 2 * KNOWN_MAX : size, end;
        int r = 0;

        for (size_t i = from; r >= 0 && (i = squeezed_next(text, limit, i, &end)) < limit;
             i = end) {
                _cleanup_(squeezed_done) SqueezedText squeezed = { 0 };
                Squeezed s = { &squeezed, from, until, func, userdata };
                size_t low = i - from > 2 * KNOWN_MAX ? i - 2 * KNOWN_MAX : from;

                if (!test(k->gaps, squeezed_gap(text, size, i, end)))
                        continue;
                end = limit - i > WINDOW ? i + WINDOW : limit;
                r = squeezed_make(&squeezed, text, size, low, end, KNOWN_MAX);
                if (r > 0)
                        r = each_in(k, squeezed.bytes.data, squeezed.bytes.size, 0,
                                    squeezed.bytes.size, on_squeezed, &s, budget);
                if (budget->exceeded)
                        break;
        }
        return r;
}

/* What is given is remembered where it is found, as what a rule finds is: the conversation keeps it. */
typedef struct Giving {
        Known *known;
        KnownMatch func;
        void *userdata;
} Giving;

static int on_given(void *userdata, const KnownSecret *secret, size_t start, size_t end)
{
        const Giving *g = userdata;
        int r = known_add(g->known, secret);

        return r < 0 ? r : g->func(g->userdata, secret, start, end);
}

int known_each(Known *k, const char *text, size_t size, size_t from, size_t until, KnownMatch func,
               void *userdata, Budget *budget)
{
        Giving giving = { k, func, userdata };
        int r = each_in(k, text, size, from, until, func, userdata, budget);

        if (r >= 0 && k->phrases)
                r = each_phrase(k, text, size, from, until, func, userdata, budget);
        if (r >= 0 && k->given)
                r = each_in(k->given, text, size, from, until, on_given, &giving, budget);
        if (r >= 0 && k->given && k->given->phrases)
                r = each_phrase(k->given, text, size, from, until, on_given, &giving, budget);
        return r;
}

static size_t common_length(const KnownSecret *s, const char *text, size_t size)
{
        size_t n = 0, limit = s->size < size ? s->size : size;

        while (n < limit && text[n] == s->text[n])
                n++;
        return n;
}

static const KnownSecret *before_cut(const Known *k, const char *text, size_t low, size_t end,
                                     size_t *ret_start, Budget *budget)
{
        size_t at = end;

        if (k->n == 0)
                return NULL;
        while (at > low && end - at < KNOWN_MAX && text[at - 1] != '\n' &&
               (k->spaces || (unsigned char) text[at - 1] > ' '))
                at--;
        for (; at + KNOWN_MIN <= end && budget_spend(budget, 1); at++) {
                uint32_t h = hash_first(text + at);

                if (!test(k->first_filter, h))
                        continue;
                for (uint32_t e = k->first_heads[h]; e && budget_spend(budget, 1);
                     e = k->firsts[e - 1]) {
                        const KnownSecret *s = &k->secrets[e - 1];

                        if (s->common || s->size <= end - at ||
                            common_length(s, text + at, end - at) < end - at ||
                            (at > 0 && is_word(text[at - 1]) && is_word(text[at])))
                                continue;
                        *ret_start = at;
                        return s;
                }
        }
        return NULL;
}

const KnownSecret *known_before_cut(const Known *k, const char *text, size_t low, size_t end,
                                    size_t *ret_start, Budget *budget)
{
        const KnownSecret *s = before_cut(k, text, low, end, ret_start, budget);

        return s || !k->given ? s : before_cut(k->given, text, low, end, ret_start, budget);
}

#define ELLIPSIS "\xE2\x80\xA6"

/* Does @p begin with a sign that something was left out? */
static bool is_ellipsis(const char *p, size_t size)
{
        return size >= 3 && (memcmp(p, "...", 3) == 0 || memcmp(p, ELLIPSIS, 3) == 0);
}

/* The first "..." or ELLIPSIS that begins at one of the VECTOR bytes at @p, which two more follow; VECTOR: none does. */
static size_t first_cut(const char *p)
{
        Bytes a, b, c;

        memcpy(&a, p, sizeof(a));
        memcpy(&b, p + 1, sizeof(b));
        memcpy(&c, p + 2, sizeof(c));
        return vector_first(((Bytes) (a == '.') & (Bytes) (b == '.') & (Bytes) (c == '.')) |
                            ((Bytes) (a == (uint8_t) ELLIPSIS[0]) &
                             (Bytes) (b == (uint8_t) ELLIPSIS[1]) &
                             (Bytes) (c == (uint8_t) ELLIPSIS[2])));
}

size_t known_next_cut(const char *text, size_t size, size_t at)
{
        for (; at < size && size - at >= VECTOR + 2; at += VECTOR) {
                size_t n = first_cut(text + at);

                if (n < VECTOR)
                        return at + n;
        }
        while (at < size && !is_ellipsis(text + at, size - at))
                at++;
        return at < size ? at : size;
}

/* The first position at or after @i where a secret may begin; @size: none. */
static size_t next_beginning(const Known *k, const char *text, size_t size, size_t i)
{
        /* Eight at once, as in next_candidate(). */
        for (; size - i >= 7 + KNOWN_MIN; i += 8) {
                uint64_t found = 0;

                for (unsigned j = 0; j < 8; j++)
                        found |= test(k->first_filter, hash_first(text + i + j)) << j;
                if (found)
                        return i + (size_t) __builtin_ctzll(found);
        }
        for (; size - i >= KNOWN_MIN; i++)
                if (test(k->first_filter, hash_first(text + i)))
                        return i;
        return size;
}

bool known_find(const Known *k, const char *text, size_t size, KnownFunc func, void *userdata,
                Budget *budget)
{
        if (k->n == 0)
                return false;
        for (size_t i = 0; (i = next_beginning(k, text, size, i)) < size; i++) {
                for (uint32_t e = k->first_heads[hash_first(text + i)]; e; e = k->firsts[e - 1]) {
                        const KnownSecret *s = &k->secrets[e - 1];
                        size_t n = common_length(s, text + i, size - i);

                        if (!budget_spend(budget, 1 + n / 16))
                                return true;
                        if (n < KNOWN_MIN ||
                            (n < s->size && i + n < size && text[i + n] != '\n' &&
                             text[i + n] != '\r' && !is_ellipsis(text + i + n, size - i - n)))
                                continue;
                        if (func(userdata, e - 1, i))
                                return true;
                }
        }
        return false;
}
