/*
 * Rules as people write them: JSON, read strictly
 *
 * An unknown or misspelt member is an error: a guard that is not understood must not be left out in silence.
 */
#pragma once

#include "base/json.h"
#include "mask/rule-ids.h"
#include "mask/rule.h"

/* No file is larger: it is what a ruleset may hold. */
#define RULE_FILE_BYTES_MAX (16U << 20)

/* Reads the JSON document in @path, of *@ret_size bytes. Returns 0, -EINVAL (not JSON) or what reading says, with *@reterr. */
int rule_file_read(const char *path, struct json_object **ret, size_t *ret_size, char **reterr);

/* The array of rules in @document, which is it or has it as "rules". NULL: there is none. */
struct json_object *rule_file_rules(struct json_object *document);

/* Makes a rule of @object. Returns 0, or -EINVAL with *@reterr (the reason, without the rule's id). */
int rule_parse(struct json_object *object, Rule *ret, char **reterr);

/* Adds the literals that find the keywords of @kinds to a rule of the judge that has none. */
void rule_add_keywords(Rule *rule, unsigned kinds);
