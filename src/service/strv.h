/*
 * Lists of strings, NULL-terminated; NULL is the empty list
 */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

/* Frees the list and its strings; returns NULL. */
char **strv_free(char **list);
DEFINE_CLEANUP(char **, strv_free)

/* How many strings the list has; NULL has none. */
size_t strv_length(char *const *list);

/* Appends @s, which the list owns from now on, also when it fails (then it is freed; NULL counts as no memory).
 * Returns 0 or -ENOMEM. */
int strv_take(char ***list, char *s);

/*
 * Appends the words of @s: separated by spaces or commas, "..." and '...' hold them together. Returns 0; -EINVAL:
 * a quote is left open (nothing is appended); or -ENOMEM.
 */
int strv_append_words(char ***list, const char *s);
