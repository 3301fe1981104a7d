/*
 * Recall: finds a secret again whose text is not kept
 *
 * What was masked once stays masked, even if the text that revealed it is gone or is in another session. All that is kept
 * of a secret is its keyed fingerprint and its shape: its length, and 16 bits each of a hash of its first and its last
 * eight bytes, all of it sealed with the key. So a text is searched with one multiplication per byte; only where a secret of
 * that shape may stand, a piece is hashed and its fingerprint compared.
 */
#pragma once

#include "base/hash.h"
#include "mask/known.h"

/* The shape of a secret that is not searched for elsewhere: it is too short, or too common. */
#define SHAPE_NONE INT64_MIN

/* What is kept of a secret of @size bytes, KNOWN_MIN to KNOWN_MAX. */
int64_t recall_shape(const HashKey *key, const char *text, size_t size, uint64_t fingerprint);

typedef struct Recall Recall;

/* NULL without memory. */
Recall *recall_new(const HashKey *key);
/* Takes NULL; returns NULL. */
Recall *recall_free(Recall *r);
DEFINE_CLEANUP(Recall *, recall_free)

/* Looks for none any more. */
void recall_clear(Recall *r);

/* How many are looked for. */
size_t recall_n(const Recall *r);

/* Looks for one from now on; @rule is borrowed. */
void recall_add(Recall *r, uint64_t fingerprint, int64_t shape, const char *rule, unsigned rank);

/* Adds those that stand in @text, as words of their own, to @known. Returns whether there are any. */
bool recall_find(Recall *r, const char *text, size_t size, Known *known);
