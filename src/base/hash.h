/*
 * Keyed fingerprints
 *
 * A fingerprint tells whether two texts are the same and nothing else. It is stored beside masked text, so it must
 * not let anybody test guesses of a masked secret: XXH3 (fast, unkeyed) condenses the text to 128 bits, and SipHash-2-4
 * under a local random key turns these into the 64 bits that are stored. Without the key no guess can be checked.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct HashKey {
        uint8_t bytes[16];
} HashKey;

/* Running state of one fingerprint. Each item goes in with its length, so ("ab","c") and ("a","bc") differ. */
typedef struct Hasher Hasher;

/* hasher_free() takes NULL and returns NULL. */
Hasher *hasher_new(const HashKey *key);
Hasher *hasher_free(Hasher *h);

/* Starts anew with nothing in it; then each item is added, in an order that is always the same. */
void hasher_begin(Hasher *h);
void hasher_add_bytes(Hasher *h, const void *bytes, size_t n);
void hasher_add_int(Hasher *h, int64_t value);
void hasher_add_null(Hasher *h);

/* The fingerprint of all that was added since hasher_begin(). Never 0, which stands for "none". */
uint64_t hasher_end(Hasher *h);

/* The fingerprint of one piece of text. */
uint64_t hash_bytes(const HashKey *key, const void *bytes, size_t n);

/* SipHash-2-4 (Aumasson, Bernstein 2012). */
uint64_t siphash24(const HashKey *key, const void *bytes, size_t n);
