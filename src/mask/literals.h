/*
 * Literals: one pass over a text tells where each of many fixed strings stands
 *
 * This is the only code of the masker that touches every byte; what it finds decides where rules look. Vectorscan or Hyperscan does
 * it, as a matcher of fixed strings.
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

typedef struct LiteralSet LiteralSet;

/* Copies what it needs of @literals. @cache: the folder in which what was compiled may be kept (literals-cache.h), or NULL. Returns
 * 0, -ENOMEM, or -EOPNOTSUPP: the library does not know this processor. */
int literal_set_new(const Literal *literals, size_t n, const char *cache, LiteralSet **ret);
/* Takes NULL; returns NULL. */
LiteralSet *literal_set_free(LiteralSet *set);
DEFINE_CLEANUP(LiteralSet *, literal_set_free)

/* What a thread needs to scan; made for one set. */
typedef struct hs_scratch LiteralScratch;

/* NULL: there are no literals. */
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
