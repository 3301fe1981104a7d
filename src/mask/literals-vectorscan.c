/* Literals, found by Vectorscan or Hyperscan: only as a matcher of fixed strings, so that both matchers agree */
#include <hs.h>

#include "mask/literals.h"

typedef struct HsSet {
        hs_database_t *database;
        uint32_t *sizes;
} HsSet;

typedef struct HsHits {
        const HsSet *set;
        LiteralHits *hits;
        bool failed;
} HsHits;

static void hs_set_free(void *userdata)
{
        HsSet *set = userdata;

        if (!set)
                return;
        (void) hs_free_database(set->database);
        free(set->sizes);
        free(set);
}

static void hs_set_freep(HsSet **set)
{
        hs_set_free(*set);
}

static int compile(HsSet *set, const Literal *literals, size_t n)
{
        _cleanup_free_ const char **bytes = xcalloc(n + 1, sizeof(*bytes));
        _cleanup_free_ unsigned *flags = xcalloc(n + 1, sizeof(*flags));
        _cleanup_free_ unsigned *ids = xcalloc(n + 1, sizeof(*ids));
        _cleanup_free_ size_t *sizes = xcalloc(n + 1, sizeof(*sizes));
        hs_compile_error_t *error = NULL;

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

static HsSet *set_alloc(const Literal *literals, size_t n)
{
        HsSet *set = xcalloc(1, sizeof(*set));

        set->sizes = xcalloc(n + 1, sizeof(*set->sizes));
        for (size_t i = 0; i < n; i++)
                set->sizes[i] = (uint32_t) literals[i].size;
        return set;
}

static int hs_set_new(const Literal *literals, size_t n, void **ret)
{
        _cleanup_(hs_set_freep) HsSet *set = set_alloc(literals, n);
        int r;

        if (n > 0) {
                r = compile(set, literals, n);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(set);
        return 0;
}

static int hs_set_save(const void *userdata, StrBuf *b)
{
        const HsSet *set = userdata;
        char *bytes = NULL;
        size_t size;
        int r;

        if (hs_serialize_database(set->database, &bytes, &size) != HS_SUCCESS)
                return -ENOMEM;
        r = strbuf_append(b, bytes, size);
        free(bytes);
        return r;
}

static int hs_set_load(const Literal *literals, size_t n, const char *bytes, size_t size,
                       void **ret)
{
        _cleanup_(hs_set_freep) HsSet *set = set_alloc(literals, n);

        /* It looks at its own version, platform and checksum once more. */
        if (hs_deserialize_database(bytes, size, &set->database) != HS_SUCCESS)
                return -ESTALE;
        *ret = TAKE_PTR(set);
        return 0;
}

static int hs_release(StrBuf *b)
{
        hs_platform_info_t platform = { 0 };

        if (hs_populate_platform(&platform) != HS_SUCCESS)
                return -EOPNOTSUPP;
        return strbuf_printf(b, "%s %u %llx", hs_version(), platform.tune, platform.cpu_features);
}

static void *hs_scratch_new(const void *userdata)
{
        const HsSet *set = userdata;
        hs_scratch_t *scratch = NULL;

        if (set->database && hs_alloc_scratch(set->database, &scratch) != HS_SUCCESS)
                memory_is_out();
        return scratch;
}

static void hs_scratch_free(void *scratch)
{
        (void) hs_free_scratch(scratch);
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *userdata)
{
        HsHits *h = userdata;

        h->failed = literal_hits_add(h->hits, to - h->set->sizes[id], id) < 0;
        return h->failed;
}

static int hs_set_scan(const void *userdata, void *scratch, const char *text, size_t size,
                       LiteralHits *hits)
{
        const HsSet *set = userdata;
        HsHits h = { .set = set, .hits = hits };

        if (!set->database || size == 0)
                return 0;
        if (hs_scan(set->database, text, (unsigned) size, 0, scratch, on_match, &h) != HS_SUCCESS)
                return -ENOMEM;
        return 0;
}

static const LiteralBackend backend = {
        .make = hs_set_new,
        .free = hs_set_free,
        .save = hs_set_save,
        .load = hs_set_load,
        .release = hs_release,
        .scratch_new = hs_scratch_new,
        .scratch_free = hs_scratch_free,
        .scan = hs_set_scan,
};

const LiteralBackend *const literals_vectorscan = &backend;
