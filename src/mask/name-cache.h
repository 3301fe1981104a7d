/*
 * NameCache: what a rule's pattern said of a name
 *
 * The same few names stand before most values of a session ("input_tokens", "cache_key"), and many rules ask for each.
 */
#pragma once

#include "base/cleanup.h"

/* A name that is longer is not kept. */
#define NAME_CACHE_MAX 53

typedef struct NameCache NameCache;

/* NULL without memory. */
NameCache *name_cache_new(void);
/* Takes NULL; returns NULL. */
NameCache *name_cache_free(NameCache *c);

/* Of a name, once for all rules. */
uint64_t name_cache_hash(const char *name, size_t size);

/* What was noted of @rule and @name, whose hash is @hash: 1 (it matches), 0, or -1: nothing. */
int name_cache_get(const NameCache *c, uint32_t rule, uint64_t hash, const char *name, size_t size);
void name_cache_note(NameCache *c, uint32_t rule, uint64_t hash, const char *name, size_t size,
                     bool matches);
