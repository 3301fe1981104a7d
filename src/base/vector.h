/*
 * The vectors that every machine of 64 bits has
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR 16

typedef uint8_t Bytes __attribute__((vector_size(VECTOR)));
typedef uint64_t Words __attribute__((vector_size(VECTOR)));

/* A bit for each byte of @word, which is 0 or 0xFF: the lowest one for the first in memory. */
static inline unsigned vector_word_mask(uint64_t word)
{
        return (unsigned) ((le64toh(word) & 0x0101010101010101) * 0x0102040810204080 >> 56);
}

/* A bit for each byte of @found, which is 0 or 0xFF. */
static inline unsigned vector_mask(Bytes found)
{
#ifdef __SSE2__
        typedef char Chars __attribute__((vector_size(VECTOR)));

        return (unsigned) __builtin_ia32_pmovmskb128((Chars) found);
#else
        Words words = (Words) found;

        return vector_word_mask(words[0]) | vector_word_mask(words[1]) << 8;
#endif
}

/* Is any byte of @found 0xFF? They are 0 or 0xFF. */
static inline bool vector_any(Bytes found)
{
        return vector_mask(found) != 0;
}

/* Where the first of @found is, whose bytes are 0 or 0xFF; VECTOR: nowhere. */
static inline size_t vector_first(Bytes found)
{
        return (size_t) __builtin_ctz(vector_mask(found) | 1U << VECTOR);
}
