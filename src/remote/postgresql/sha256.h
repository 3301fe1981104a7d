/*
 * SHA-256 (FIPS 180-4)
 *
 * What a PostgreSQL server can compute of a row without an extension, whatever its version and its policy of hashes, and so
 * what we compute to compare.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The first eight bytes of the hash of @size bytes, as a number (big endian). */
uint64_t sha256_begin(const void *bytes, size_t size);
