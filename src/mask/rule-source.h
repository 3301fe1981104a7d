/*
 * RuleSource: a rule as it was written, in one form
 *
 * It is the text that json-c makes with JSON_C_TO_STRING_PLAIN, of which the digest of the rules is made. json-c's buffer grows in
 * many small steps, and each time the allocator wipes the free memory after it.
 */
#pragma once

#include "base/json.h"
#include "base/strbuf.h"

/* Appends @value. */
void rule_source_put(StrBuf *b, struct json_object *value);
