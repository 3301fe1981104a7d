/*
 * LiteralsCache: what was compiled from literals, kept in a file
 *
 * To compile the literals takes two thirds of what loading the rules costs. What is kept is never trusted: it counts only in a
 * folder that nobody else can write to, in a file that is nobody else's (0600), with the key of what is to be compiled, whole
 * and unchanged. Where it does not, or cannot be written, the literals are compiled: it is an aid, and its faults are nobody's.
 */
#pragma once

#include "base/strbuf.h"

/* What it holds at most: many times that of the rules that come with scrubjay. */
#define LITERALS_CACHE_MAX ((size_t) 32 << 20)

/* Reads what was kept in @folder under @key. Returns 0, or a negative errno: there is nothing that counts. */
int literals_cache_read(const char *folder, uint64_t key, char **ret, size_t *ret_size);

/* Keeps it in place of what was there; makes the folder. Returns 0 or a negative errno. */
int literals_cache_write(const char *folder, uint64_t key, const char *bytes, size_t size);
