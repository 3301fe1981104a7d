/*
 * What a tool was asked to do, in few words
 */
#pragma once

#include "base/strbuf.h"
#include "model/value.h"

/* Appends the tool's input as lines "key: value", printable; of a command that is all, only the command. Input that is no
 * JSON object is put as it is. Returns 0 or -ENOMEM. */
int put_tool_input(StrBuf *b, const Value *input_json);
