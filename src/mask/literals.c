/* Literals: Vectorscan or Hyperscan finds them; here they are put in order */
#include "mask/literals.h"

#include <hs.h>

#include "base/hash.h"
#include "mask/literals-cache.h"

/* Fewer compile quickly. */
#define CACHED_MIN 100

struct LiteralSet {
        hs_database_t *database; /* NULL: there are no literals */
        uint32_t *sizes;
};

/* Compiled literals also depend on the library's version and the processor. */
static int put_release(StrBuf *b)
{
        hs_platform_info_t platform = { 0 };

        if (hs_populate_platform(&platform) != HS_SUCCESS)
                return -EOPNOTSUPP;
        return strbuf_printf(b, "%s %u %llx", hs_version(), platform.tune, platform.cpu_features);
}

static int cache_key(const Literal *literals, size_t n, uint64_t *ret)
{
        static const HashKey key = { "scrubjay cached" };
        _cleanup_(strbuf_done) StrBuf release = { 0 };
        Hasher *h;
        int r = put_release(&release);

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

static int compile(LiteralSet *set, const Literal *literals, size_t n)
{
        _cleanup_free_ const char **bytes = xcalloc(n, sizeof(*bytes));
        _cleanup_free_ unsigned *flags = xcalloc(n, sizeof(*flags));
        _cleanup_free_ unsigned *ids = xcalloc(n, sizeof(*ids));
        _cleanup_free_ size_t *sizes = xcalloc(n, sizeof(*sizes));
        hs_compile_error_t *error = NULL;

        if (hs_valid_platform() != HS_SUCCESS)
                return -EOPNOTSUPP;
        for (size_t i = 0; i < n; i++) {
                bytes[i] = literals[i].bytes;
                sizes[i] = literals[i].size;
                flags[i] = literals[i].nocase ? HS_FLAG_CASELESS : 0;
                ids[i] = (unsigned) i;
        }
        if (hs_compile_lit_multi(bytes, flags, ids, sizes, (unsigned) n, HS_MODE_BLOCK, NULL,
                                 &set->database, &error) != HS_SUCCESS) {
                (void) hs_free_compile_error(error);
                return -ENOMEM;
        }
        return 0;
}

/* The library checks its own version, platform and checksum again. */
static int take_kept(LiteralSet *set, const char *cache, uint64_t key)
{
        _cleanup_free_ char *bytes = NULL;
        size_t size;
        int r = literals_cache_read(cache, key, &bytes, &size);

        if (r < 0)
                return r;
        return hs_deserialize_database(bytes, size, &set->database) == HS_SUCCESS ? 0 : -ESTALE;
}

static void keep(const LiteralSet *set, const char *cache, uint64_t key)
{
        _cleanup_free_ char *bytes = NULL;
        size_t size;

        if (hs_serialize_database(set->database, &bytes, &size) == HS_SUCCESS)
                (void) literals_cache_write(cache, key, bytes, size);
}

int literal_set_new(const Literal *literals, size_t n, const char *cache, LiteralSet **ret)
{
        _cleanup_(literal_set_freep) LiteralSet *set = xcalloc(1, sizeof(*set));
        uint64_t key;
        int r;

        set->sizes = xcalloc(n + 1, sizeof(*set->sizes));
        for (size_t i = 0; i < n; i++)
                set->sizes[i] = (uint32_t) literals[i].size;
        if (n < CACHED_MIN || (cache && cache_key(literals, n, &key) < 0))
                cache = NULL;
        if (n > 0 && (!cache || take_kept(set, cache, key) < 0)) {
                r = compile(set, literals, n);
                if (r < 0)
                        return r;
                if (cache)
                        keep(set, cache, key);
        }
        *ret = TAKE_PTR(set);
        return 0;
}

LiteralSet *literal_set_free(LiteralSet *set)
{
        if (!set)
                return NULL;
        (void) hs_free_database(set->database);
        free(set->sizes);
        free(set);
        return NULL;
}

LiteralScratch *literal_scratch_new(const LiteralSet *set)
{
        LiteralScratch *scratch = NULL;

        if (set->database && hs_alloc_scratch(set->database, &scratch) != HS_SUCCESS)
                memory_is_out();
        return scratch;
}

LiteralScratch *literal_scratch_free(LiteralScratch *scratch)
{
        (void) hs_free_scratch(scratch);
        return NULL;
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

/* They come nearly in order (off by at most a literal's length), so insertion is linear. */
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

typedef struct Scan {
        const LiteralSet *set;
        LiteralHits *hits;
} Scan;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *userdata)
{
        const Scan *scan = userdata;
        LiteralHits *hits = scan->hits;

        if (hits->n == hits->allocated) {
                size_t want = hits->allocated ? hits->allocated * 2 : 256;
                LiteralHit *more = realloc(hits->hits, want * sizeof(*more));

                if (!more)
                        return 1;
                hits->hits = more;
                hits->allocated = want;
        }
        hits->hits[hits->n++] = (LiteralHit){ (uint32_t) (to - scan->set->sizes[id]), id };
        return 0;
}

int literal_set_scan(const LiteralSet *set, LiteralScratch *scratch, const char *text, size_t size,
                     LiteralHits *hits)
{
        Scan scan = { set, hits };

        hits->n = 0;
        if (set->database && size > 0 &&
            hs_scan(set->database, text, (unsigned) size, 0, scratch, on_match, &scan) !=
                            HS_SUCCESS)
                return -ENOMEM;
        sort_hits(hits);
        return 0;
}
