/* Literals: picks the matcher, and puts what it found in order */
#include "mask/literals.h"

#include <string.h>

#include "base/hash.h"
#include "mask/literals-cache.h"

/* Fewer are compiled in no time. */
#define CACHED_MIN 100

struct LiteralSet {
        const LiteralBackend *backend;
        void *set;
};

struct LiteralScratch {
        const LiteralBackend *backend;
        void *scratch;
};

static int cache_key(const LiteralBackend *backend, const Literal *literals, size_t n,
                     uint64_t *ret)
{
        static const HashKey key = { "scrubjay cached" };
        _cleanup_(strbuf_done) StrBuf release = { 0 };
        Hasher *h;
        int r = backend->release(&release);

        if (r < 0)
                return r;
        h = hasher_new(&key);
        hasher_add_bytes(h, release.data, release.size);
        for (size_t i = 0; i < n; i++) {
                hasher_add_bytes(h, literals[i].bytes, literals[i].size);
                hasher_add_int(h, literals[i].nocase);
        }
        *ret = hasher_end(h);
        (void) hasher_free(h);
        return 0;
}

/* Takes what is kept in @cache, or compiles it and keeps it there. */
static int make_with_cache(const LiteralBackend *backend, const Literal *literals, size_t n,
                           const char *cache, void **ret)
{
        _cleanup_(strbuf_done) StrBuf saved = { 0 };
        _cleanup_free_ char *bytes = NULL;
        uint64_t key;
        size_t size;
        int r;

        r = cache_key(backend, literals, n, &key);
        if (r < 0)
                return backend->make(literals, n, ret);
        r = literals_cache_read(cache, key, &bytes, &size);
        if (r >= 0)
                r = backend->load(literals, n, bytes, size, ret);
        if (r >= 0)
                return 0;
        r = backend->make(literals, n, ret);
        if (r >= 0 && backend->save(*ret, &saved) >= 0)
                (void) literals_cache_write(cache, key, saved.data, saved.size);
        return r;
}

int literal_set_new(LiteralMatcher matcher, const Literal *literals, size_t n, const char *cache,
                    LiteralSet **ret)
{
        _cleanup_(literal_set_freep) LiteralSet *set = NULL;
        int r;

        set = xcalloc(1, sizeof(*set));
        if (matcher == LITERALS_OWN || (matcher == LITERALS_BEST && !literals_vectorscan))
                set->backend = &literals_own;
        else
                set->backend = literals_vectorscan;
        if (!set->backend)
                return -EOPNOTSUPP;
        r = cache && set->backend->load && n >= CACHED_MIN
                            ? make_with_cache(set->backend, literals, n, cache, &set->set)
                            : set->backend->make(literals, n, &set->set);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(set);
        return 0;
}

LiteralSet *literal_set_free(LiteralSet *set)
{
        if (!set)
                return NULL;
        if (set->set)
                set->backend->free(set->set);
        free(set);
        return NULL;
}

LiteralScratch *literal_scratch_new(const LiteralSet *set)
{
        LiteralScratch *s = xcalloc(1, sizeof(*s));

        s->backend = set->backend;
        s->scratch = set->backend->scratch_new(set->set);
        return s;
}

LiteralScratch *literal_scratch_free(LiteralScratch *s)
{
        if (!s)
                return NULL;
        s->backend->scratch_free(s->scratch);
        free(s);
        return NULL;
}

int literal_hits_add(LiteralHits *hits, size_t start, uint32_t literal)
{
        if (hits->n == hits->allocated) {
                size_t want = hits->allocated ? hits->allocated * 2 : 256;
                LiteralHit *more = realloc(hits->hits, want * sizeof(*more));

                if (!more)
                        return -ENOMEM;
                hits->hits = more;
                hits->allocated = want;
        }
        hits->hits[hits->n++] = (LiteralHit){ (uint32_t) start, literal };
        return 0;
}

void literal_hits_done(LiteralHits *hits)
{
        free(hits->hits);
        *hits = (LiteralHits){ 0 };
}

static bool hit_before(LiteralHit a, LiteralHit b)
{
        return a.start != b.start ? a.start < b.start : a.literal < b.literal;
}

/* Both matchers report nearly in order already (off by no more than a literal's length), so insertion is linear. */
static void sort_hits(LiteralHits *hits)
{
        for (size_t i = 1; i < hits->n; i++) {
                LiteralHit hit = hits->hits[i];
                size_t j = i;

                for (; j > 0 && hit_before(hit, hits->hits[j - 1]); j--)
                        hits->hits[j] = hits->hits[j - 1];
                hits->hits[j] = hit;
        }
}

int literal_set_scan(const LiteralSet *set, LiteralScratch *s, const char *text, size_t size,
                     LiteralHits *hits)
{
        int r;

        hits->n = 0;
        r = set->backend->scan(set->set, s->scratch, text, size, hits);
        if (r < 0)
                return r;
        sort_hits(hits);
        return 0;
}
