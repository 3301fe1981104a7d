/*
 * Judge words: words and what they tell
 *
 * Private to the judge. A word is found by its hash, so that what a text's words tell costs one look each.
 */
#pragma once

#include "mask/judge-chars.h"

enum {
        WORD_AFTER = 1U
                     << 0, /* after a keyword: the name is of something about a secret ("token_id") */
        WORD_BEFORE = 1U << 1,      /* before one: of another thing ("max_tokens", "public_key") */
        WORD_UI = 1U << 2,          /* what labels and messages are called */
        WORD_TYPE = 1U << 3,        /* a type or constant, not a value */
        WORD_PLACEHOLDER = 1U << 4, /* stands in for a value */
        WORD_CODE = 1U << 5,        /* a word of programming languages */
        WORD_CREDENTIAL = 1U << 6,  /* names secrets */
        WORD_USER = 1U << 7,        /* stands beside secrets: user, host, login */
        WORD_COPULA = 1U << 8,      /* leads from name to value: is, lautet, est */
        WORD_FILLER = 1U << 9,      /* may follow it: now, set, to */
        WORD_MEMBER = 1U << 10,     /* the member that holds the value */
        WORD_NAMING = 1U << 11,     /* the member that holds the name */
        WORD_KEYED = 1U << 12,      /* before "key": a key that opens something */
        WORD_COMMAND = 1U << 13,    /* before a shell's assignment */
        WORD_ARTICLE = 1U << 14,    /* between a copula and what it is said of */
        WORD_REFERENCE = 1U << 15,  /* where a value comes from: environ, vault */
        WORD_DIGEST = 1U << 16, /* what is computed of something else: a checksum, a fingerprint */
        WORD_ENCODING = 1U
                        << 17, /* how a value is written, between a name and it: "secret 5", "md5", "ascii" */
};

/* What a word tells: WORD_* of it, 0 for most. Letters of any case. */
unsigned judge_word(const char *s, size_t n);

/* Are the two beside each other in a row of a keyboard? */
bool judge_are_neighbours(char a, char b);

/* Makes the tables of words and neighbours; at any time, from any thread. */
void judge_words_ready(void);

/* FNV-1a with a finish, of @n bytes as they are; @seed tells kinds of things apart. */
uint32_t judge_hash(const char *s, size_t n, uint32_t seed);

/* The next word of a name or a value in @s from *@at on ("apiKeyId": api, Key, Id): where it starts to *@at, its end is
 * returned; 0: there is none. */
size_t judge_next_word(const char *s, size_t n, size_t *at);
