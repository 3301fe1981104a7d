/*
 * RuleIds: the names that may stand in a mask
 */
#pragma once

#include "base/memory.h"

/* The longest id that a rule may have. */
#define RULE_ID_MAX 64

/* Of rules that there are, or were. */
typedef struct RuleIds {
        char **ids; /* in order, once rule_ids_sort() was called */
        size_t n;
} RuleIds;

/* May it be the id of a rule? */
bool rule_is_id(const char *text);

/* Adds a copy of @id. */
void rule_ids_add(RuleIds *r, const char *id);

/* Before the first look, and after the last rule_ids_add(). */
void rule_ids_sort(RuleIds *r);

/* Are the @n bytes of @id one of them? */
bool rule_ids_has(const RuleIds *r, const char *id, size_t n);

/* Frees them. */
void rule_ids_done(RuleIds *r);
