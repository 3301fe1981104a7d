/*
 * JSON on standard output
 *
 * Safe for a terminal too: what is a command to it, or turns the direction of reading, is escaped.
 */
#pragma once

#include "base/json.h"
#include "model/value.h"

/* Each adds a member. */
void json_add_text(struct json_object *o, const char *key, const char *text);
void json_add_count(struct json_object *o, const char *key, uint64_t n);
void json_add_bool(struct json_object *o, const char *key, bool b);
void json_add_time(struct json_object *o, const char *key, uint64_t usec); /* ISO; 0: null */
void json_add_value(struct json_object *o, const char *key, const Value *v);
void json_add_fingerprint(struct json_object *o, const char *key,
                          uint64_t fingerprint); /* 16 hex digits */

/* All columns of a row by their names. */
void json_add_row(struct json_object *o, const Table *table, const Value *values);

/* A line of JSONL. Takes ownership of @o. Returns 0 or -ENOMEM. */
int json_print_line(FILE *f, struct json_object *o);

/* The object without a line break and without its last @n_less bytes, for output that is written piece by piece. Takes
 * ownership of @o. */
int json_print_part(FILE *f, struct json_object *o, size_t n_less);

/* Indented, for one object. Takes ownership of @o. */
int json_print(struct json_object *o);

/* An array that is written as it comes: begin, then each, then end. Takes ownership of each @o. */
typedef struct JsonArray {
        size_t n;
} JsonArray;

/* Prints the next element; json_array_end() prints the end, or all of an empty array. */
int json_array_print(JsonArray *a, struct json_object *o);
void json_array_end(const JsonArray *a);
