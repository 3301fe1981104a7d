/* What a tool was asked to do, in few words */
#include "ctl/tool-text.h"

#include <inttypes.h>
#include <string.h>

#include "ctl/json-out.h"
#include "ctl/text.h"

static struct json_object *parse_object(const Value *v)
{
        _cleanup_(json_tokener_freep) struct json_tokener *tokener = json_tokener_new();
        struct json_object *o;

        if (!tokener || v->type != VALUE_TEXT || v->size >= INT32_MAX)
                return NULL;
        o = json_tokener_parse_ex(tokener, v->text, (int) v->size);
        if (json_object_is_type(o, json_type_object))
                return o;
        (void) json_object_put(o);
        return NULL;
}

static void put_member(StrBuf *b, struct json_object *value)
{
        size_t size = 0;
        const char *text;

        if (json_object_is_type(value, json_type_string)) {
                text = json_object_get_string(value);
                size = (size_t) json_object_get_string_len(value);
        } else
                text = json_object_to_json_string_length(
                                value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
                                &size);
        (void) put_printable(b, PRINTABLE_TEXT, text ?: "", text ? size : 0);
}

int put_tool_input(StrBuf *b, const Value *input_json)
{
        _cleanup_(json_object_putp) struct json_object *o = parse_object(input_json);
        struct json_object *command;

        if (!o) {
                if (input_json->type == VALUE_TEXT)
                        (void) put_printable(b, PRINTABLE_TEXT, input_json->text, input_json->size);
                return b->failed ? -ENOMEM : 0;
        }
        /* its purpose (description, time-out) is of no interest beside what it did */
        if (json_object_object_get_ex(o, "command", &command)) {
                put_member(b, command);
                return b->failed ? -ENOMEM : 0;
        }
        json_object_object_foreach(o, key, value)
        {
                if (b->size > 0 && b->data[b->size - 1] != '\n')
                        (void) strbuf_putc(b, '\n');
                (void) put_printable(b, PRINTABLE_LINE, key, strlen(key));
                (void) strbuf_puts(b, ": ");
                put_member(b, value);
        }
        return b->failed ? -ENOMEM : 0;
}
