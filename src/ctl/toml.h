/*
 * TOML (version 1.0), read into json-c objects
 *
 * Enough for configuration files that other programs wrote: tables, arrays of tables, dotted and quoted keys, all kinds of
 * strings, numbers, booleans, arrays, inline tables. Dates are kept as strings.
 */
#pragma once

#include <json-c/json.h>

/* Returns 0 (the caller owns *@ret, an object); -EINVAL: *@reterr says what is wrong in which line; or -ENOMEM. */
int toml_parse(const char *text, size_t size, struct json_object **ret, char **reterr);
