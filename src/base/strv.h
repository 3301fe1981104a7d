/*
 * Lists of strings, NULL-terminated; NULL is the empty list
 */
#pragma once

#include <stddef.h>

#include "base/memory.h"

/* Frees the list and its strings; returns NULL. */
char **strv_free(char **list);
DEFINE_CLEANUP(char **, strv_free)

/* Appends @s, which the list owns from now on. */
void strv_take(char ***list, char *s);

/*
 * Appends the words of @s: separated by spaces or commas, "..." and '...' hold them together. Returns 0; or -EINVAL:
 * a quote is left open (nothing is appended).
 */
int strv_append_words(char ***list, const char *s);
