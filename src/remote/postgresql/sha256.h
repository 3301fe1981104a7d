/*
 * SHA-256 (FIPS 180-4)
 *
 * PostgreSQL computes it without an extension in every version, and no policy forbids it, so that it serves to compare rows.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The first eight bytes of the hash of @size bytes, as a number (big endian). */
uint64_t sha256_begin(const void *bytes, size_t size);
