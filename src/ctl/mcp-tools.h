/*
 * The tools that a model is given over the masked archive, read-only
 */
#pragma once

#include <json-c/json.h>

#include "base/cleanup.h"

/* Their descriptions, as "tools/list" answers; the caller owns it. NULL without memory. */
struct json_object *mcp_tools(void);

/*
 * Calls the tool @name. *@ret is what it answers, for the model to read; the caller owns it. Returns 1; 0: the tool says why it
 * cannot (*@ret is a sentence); -ENOENT: there is no such tool; or -ENOMEM.
 */
int mcp_tool_call(const char *name, struct json_object *arguments, struct json_object **ret);
