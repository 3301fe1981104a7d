/*
 * JSON objects of json-c
 */
#pragma once

#include <json-c/json.h>

#include "base/memory.h"

DEFINE_CLEANUP(struct json_object *, json_object_put)
DEFINE_CLEANUP(struct json_tokener *, json_tokener_free)

/* An empty object. */
static inline struct json_object *json_new(void)
{
        struct json_object *object = json_object_new_object();

        if (!object)
                memory_is_out();
        return object;
}

static inline struct json_object *json_new_array(void)
{
        struct json_object *array = json_object_new_array();

        if (!array)
                memory_is_out();
        return array;
}

/* Adds @value, as json_object_new_...() gave it: the object owns it from now on. */
static inline void json_add(struct json_object *object, const char *key, struct json_object *value)
{
        if (!value || json_object_object_add(object, key, value) < 0)
                memory_is_out();
}

static inline void json_append(struct json_object *array, struct json_object *value)
{
        if (!value || json_object_array_add(array, value) < 0)
                memory_is_out();
}
