/*
 * Guards: is what a pattern found really a secret?
 *
 * What a pattern cannot say: how random it is, whether its checksum is right, whether it stands in for a secret.
 */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

enum {
        CLASS_DIGIT = 1 << 0,
        CLASS_UPPER = 1 << 1,
        CLASS_LOWER = 1 << 2,
        CLASS_SPECIAL = 1 << 3, /* ASCII, neither letter nor digit */
        CLASS_OTHER = 1 << 4,   /* not ASCII */
};

/* The classes of characters in @s. */
unsigned text_classes(const char *s, size_t n);

/* Shannon entropy in bits a character. */
double text_entropy(const char *s, size_t n);

/* Does it take its value from elsewhere, or is it cut or blotted out: "${TOKEN}", "<token>", "abc...xyz", "****", "xxxxxx"? */
bool text_is_reference(const char *s, size_t n);

/* Does it stand in for a secret: "<token>", "${TOKEN}", "xxxxxxxx", "****", "your-api-key", "changeme", "abc...xyz"? */
bool text_is_placeholder(const char *s, size_t n);

/* Is it made of words, as a name or a phrase is: mostly letters in pronounceable or well-known pieces? */
bool text_is_words(const char *s, size_t n);

/* The same where no sign but "_", "-" and "." is in it, and the letters follow one another as in language: of 1,000 random values of
 * letters and digits twelve are so. */
bool text_is_name(const char *s, size_t n);

/* Is it nothing but words, without a digit, that read as language does? Hardly ever is that so by chance: of 22 random letters and
 * digits in one of a hundred million. */
bool text_is_phrase(const char *s, size_t n);

/* GitHub and npm: the last six characters are the base62 CRC32 of those between the prefix's "_" and them. */
bool text_has_github_checksum(const char *s, size_t n);

/* Luhn's sum over the digits; spaces and dashes between them do not count. */
bool text_has_luhn(const char *s, size_t n);

/* The CRC32 that zip and GitHub use. */
/* (Not "crc32": zlib, in the same process, has a function of that name.) */
uint32_t checksum_crc32(const char *s, size_t n);

/* "learn", "case2": what follows a prefix by chance? */
bool text_is_word_and_number(const char *s, size_t n);

/* Is it made of what a secret with a form is made of? */
bool text_is_token(const char *s, size_t n);
