/*
 * The vectors that every machine of 64 bits has
 */
#pragma once

#include <endian.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR 16

typedef uint8_t Bytes __attribute__((vector_size(VECTOR)));
typedef uint64_t Words __attribute__((vector_size(VECTOR)));

/* Where the first of @found is, whose bytes are 0 or 0xFF; VECTOR: nowhere. */
static inline size_t vector_first(Bytes found)
{
        Words words = (Words) found;

        if (words[0])
                return (size_t) __builtin_ctzll(le64toh(words[0])) / 8;
        return words[1] ? 8 + (size_t) __builtin_ctzll(le64toh(words[1])) / 8 : VECTOR;
}
