/*
 * Known: the secrets found so far, searched where they stand without context
 *
 * Every fourth position of a text is looked up, since each secret is entered with the four-byte strings at its first
 * four offsets: one of them falls on such a position wherever the secret stands.
 */
#pragma once

#include "base/cleanup.h"

/* Shorter ones are common text by chance. */
#define KNOWN_MIN 8
#define KNOWN_MAX 4096

typedef struct Known Known;

typedef struct KnownSecret {
        char *text;
        size_t size;
        const char *rule;
        uint64_t fingerprint;
        unsigned rank;
} KnownSecret;

/* NULL without memory. */
Known *known_new(void);
/* Wipes. Takes NULL; returns NULL. */
Known *known_free(Known *k);
DEFINE_CLEANUP(Known *, known_free)

/* Wipes and forgets all. */
void known_clear(Known *k);
/* How many there are. */
size_t known_n(const Known *k);

/* Remembers a copy of a secret, when it is distinct enough. Returns 1 (it is new), 0 (not), or -ENOMEM. */
int known_add(Known *k, const KnownSecret *secret);

/* The next known secret in @text at or after @*at, as a word of its own. Returns it, and its place in *@at; or NULL. */
const KnownSecret *known_next(const Known *k, const char *text, size_t size, size_t *at);

/* Told of a place where the first bytes of a secret stand: its number, from 0 in order of adding, and where. True ends
 * the search. */
typedef bool (*KnownFunc)(void *userdata, size_t number, size_t start);

/*
 * Calls @func for each place in @text where a secret may begin, for every secret that may. Not more than the first bytes
 * are compared, so it can be mistaken, but not miss one. Returns what @func returned last; false without a place.
 */
bool known_find(const Known *k, const char *text, size_t size, KnownFunc func, void *userdata);
