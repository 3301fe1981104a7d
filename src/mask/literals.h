/*
 * Literals: one pass over a text tells where each of many fixed strings stands
 *
 * This is the only code of the masker that touches every byte; what it finds decides where rules look. There are two
 * matchers behind it with the same answers: our own, and Vectorscan (or Hyperscan) where it was built in.
 */
#pragma once

#include "base/strbuf.h"

typedef struct Literal {
        const char *bytes; /* lower case where @nocase */
        size_t size;       /* at least LITERAL_MIN */
        bool nocase;       /* ASCII letters of either case */
} Literal;

typedef struct LiteralHit {
        uint32_t start;
        uint32_t literal; /* its index */
} LiteralHit;

/* Grows as needed; belongs to whoever scans. */
typedef struct LiteralHits {
        LiteralHit *hits;
        size_t n, allocated;
} LiteralHits;

typedef enum LiteralMatcher {
        LITERALS_BEST, /* the faster one of those built in */
        LITERALS_OWN,
        LITERALS_VECTORSCAN,
} LiteralMatcher;

typedef struct LiteralSet LiteralSet;

/* Copies what it needs of @literals. @cache: the folder in which what was compiled may be kept (literals-cache.h), or NULL. Returns
 * 0, -ENOMEM, or -EOPNOTSUPP: this matcher was not built in. */
int literal_set_new(LiteralMatcher matcher, const Literal *literals, size_t n, const char *cache,
                    LiteralSet **ret);
/* Takes NULL; returns NULL. */
LiteralSet *literal_set_free(LiteralSet *set);
DEFINE_CLEANUP(LiteralSet *, literal_set_free)

/* What a thread needs to scan; made for one set. */
typedef struct LiteralScratch LiteralScratch;

/* @set must outlive it. */
LiteralScratch *literal_scratch_new(const LiteralSet *set);
/* Takes NULL; returns NULL. */
LiteralScratch *literal_scratch_free(LiteralScratch *s);

/*
 * Finds every occurrence of every literal in @text (at most 4 GB), in order of start, then literal.
 * Returns 0 or -ENOMEM. @hits is emptied first.
 */
int literal_set_scan(const LiteralSet *set, LiteralScratch *s, const char *text, size_t size,
                     LiteralHits *hits);

/* Frees the memory; @hits is empty and usable afterwards. */
void literal_hits_done(LiteralHits *hits);

/* Used by the matchers: appends one hit. Returns 0 or -ENOMEM. */
int literal_hits_add(LiteralHits *hits, size_t start, uint32_t literal);

/* How a matcher plugs in. */
typedef struct LiteralBackend {
        int (*make)(const Literal *literals, size_t n, void **ret);
        void (*free)(void *set);
        /* NULL: there is nothing to keep. save() appends what load() takes for the same literals; release() appends what else has
         * to be the same: the library's version, the processor. */
        int (*save)(const void *set, StrBuf *b);
        int (*load)(const Literal *literals, size_t n, const char *bytes, size_t size, void **ret);
        int (*release)(StrBuf *b);
        void *(*scratch_new)(const void *set); /* NULL: it needs none */
        void (*scratch_free)(void *scratch);
        int (*scan)(const void *set, void *scratch, const char *text, size_t size,
                    LiteralHits *hits);
} LiteralBackend;

extern const LiteralBackend literals_own;
/* NULL where it was not built in. */
extern const LiteralBackend *const literals_vectorscan;
