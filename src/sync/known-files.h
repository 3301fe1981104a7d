/*
 * Known files: the values of [Mask] KnownFiles=, between cycles
 *
 * They are in memory as long as their files exist. The archive keeps the fingerprint and the shape of each like the secrets of
 * conversations, in one that no session is in, so that a value is still masked when its file is gone or broken or no longer has
 * it, until a person removes the file from the settings.
 */
#pragma once

#include "archive/archive.h"
#include "mask/masker.h"

typedef struct KnownFiles {
        KnownValues *values; /* NULL: the settings name no files */
        Remembered *lost;    /* what no file holds any longer */
        size_t n_lost;
        char *problem; /* what a person should know of them; or NULL */
} KnownFiles;

void known_files_done(KnownFiles *k);

/* Did a file change? Then call known_files_load(). */
bool known_files_are_stale(const KnownFiles *k);

/* Reads the files that @patterns (NULL-terminated, or NULL) name. *@ret_digest: keyed, of all that is known; 0: nothing is.
 * Writes to the archive what it did not have, in a transaction of its own. What the masker has is stale then. Returns 0 or a
 * negative errno of the archive. */
int known_files_load(KnownFiles *k, Archive *a, const char *const *patterns, uint64_t *ret_digest);

/* Lets masker_recall() search for values that no file has any longer. Returns how many there are. */
size_t known_files_recall(const KnownFiles *k, Masker *masker);
