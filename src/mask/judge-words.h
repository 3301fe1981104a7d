/*
 * Judge words: words and what they mean
 *
 * Private to the judge. A word is found by its hash, so that each word of a text costs one lookup.
 */
#pragma once

#include "mask/judge-chars.h"

enum {
        WORD_AFTER = 1U
                     << 0, /* after a keyword: the name is of something about a secret ("token_id") */
        WORD_BEFORE = 1U << 1, /* before a keyword: the name is of another thing ("public_key") */
        WORD_UI = 1U << 2,     /* names labels and messages */
        WORD_TYPE = 1U << 3,   /* a type or constant, not a value */
        WORD_PLACEHOLDER = 1U << 4, /* stands in for a value */
        WORD_CODE = 1U << 5,        /* a word of programming languages */
        WORD_CREDENTIAL = 1U << 6,  /* names secrets */
        WORD_USER = 1U << 7,        /* occurs beside secrets: user, host, login */
        WORD_COPULA = 1U << 8,      /* leads from name to value: is, lautet, est */
        WORD_FILLER = 1U << 9,      /* may follow a copula: now, set, to */
        WORD_MEMBER = 1U << 10,     /* the member that holds the value */
        WORD_NAMING = 1U << 11,     /* the member that holds the name */
        WORD_KEYED = 1U << 12,      /* before "key": a key that opens something */
        WORD_COMMAND = 1U << 13,    /* before a shell's assignment */
        WORD_ARTICLE = 1U << 14,    /* between a copula and what follows it */
        WORD_REFERENCE = 1U << 15,  /* where a value comes from: environ, vault */
        WORD_DIGEST = 1U << 16,     /* computed from something else: a checksum, a fingerprint */
        WORD_ENCODING = 1U
                        << 17, /* how a value is written, between it and its name: "secret 5", "md5", "ascii" */
};

/* What a word means: its WORD_* flags, 0 for most words. Letters may have any case. */
unsigned judge_word(const char *s, size_t n);

/* What the last word of a name means, without the digits that it ends with: "passwordField2". */
unsigned judge_last_word(const char *s, size_t n);

/* Are the two beside each other in a row of a keyboard? */
bool judge_are_neighbours(char a, char b);

/* Makes the tables of words and neighbours. May be called at any time, from any thread. */
void judge_words_ready(void);

/* FNV-1a with a final mix, over @n bytes as they are; @seed separates kinds of things. */
uint32_t judge_hash(const char *s, size_t n, uint32_t seed);

/* Finds the next word of a name or a value in @s from *@at on ("apiKeyId": api, Key, Id). Sets *@at to its start, and returns
 * its end; 0: there is none. */
size_t judge_next_word(const char *s, size_t n, size_t *at);
