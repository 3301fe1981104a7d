/*
 * Judge characters: classes of them, and the hash of words and pieces
 *
 * Private to the judge.
 */
#pragma once

#include <string.h>

#include "mask/judge.h"

/* judge_hash() in steps: start with FNV_BASIS + seed, each byte through hash_step(), then hash_finish(). */
#define FNV_BASIS 2166136261U

static inline uint32_t hash_step(uint32_t h, char c)
{
        return (h ^ (uint8_t) c) * 16777619U;
}

static inline uint32_t hash_finish(uint32_t h)
{
        h ^= h >> 15;
        h *= 2246822519U;
        return h ^ h >> 13;
}

static inline bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static inline bool is_upper(char c)
{
        return c >= 'A' && c <= 'Z';
}

static inline bool is_lower(char c)
{
        return c >= 'a' && c <= 'z';
}

static inline bool is_letter(char c)
{
        return is_lower((char) (c | 0x20));
}

static inline char to_lower(char c)
{
        return is_upper(c) ? (char) (c | 0x20) : c;
}

static inline bool is_wide(char c)
{
        return (unsigned char) c >= 0x80;
}

/* The first byte of a Chinese, Japanese or Korean character, or of their punctuation: no blanks between words. */
static inline bool is_cjk(char c)
{
        return (unsigned char) c >= 0xE3 && (unsigned char) c <= 0xEF;
}

static inline bool is_name(char c)
{
        return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

static inline bool is_quote(char c)
{
        return c == '"' || c == '\'' || c == '`';
}

static inline bool has_digit(const char *s, size_t n)
{
        while (n > 0 && !is_digit(s[n - 1]))
                n--;
        return n > 0;
}

static inline bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* @set is a literal, which the compiler turns into a few comparisons. */
static inline __attribute__((always_inline)) bool is_any(char c, const char *set)
{
        size_t n = __builtin_strlen(set);
        bool found = false;

#pragma GCC unroll 24
        for (size_t i = 0; i < n; i++)
                found |= c == set[i];
        return found;
}

static inline char at(const View *v, size_t i)
{
        return i < v->size ? v->text[i] : 0;
}

/* The character before @i. */
static inline char before(const View *v, size_t i)
{
        return i > 0 ? v->text[i - 1] : 0;
}
