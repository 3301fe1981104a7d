/* RuleSource: a rule as it was written, in one form */
#include "mask/rule-source.h"

#include <string.h>

#include "base/memory.h"

static void put_json_string(StrBuf *b, const char *text, size_t n)
{
        static const char names[128] = { ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['\b'] = 'b',
                                         ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't', ['\f'] = 'f' };

        (void) strbuf_putc(b, '"');
        for (size_t i = 0, start = 0; i <= n; i++) {
                unsigned char c = i < n ? (unsigned char) text[i] : 0;

                if (i < n && c >= ' ' && (c >= sizeof(names) || !names[c]))
                        continue;
                (void) strbuf_append(b, text + start, i - start);
                start = i + 1;
                if (i == n)
                        break;
                if (names[c])
                        (void) strbuf_append(b, (const char[]){ '\\', names[c] }, 2);
                else
                        (void) strbuf_printf(b, "\\u%04x", c);
        }
        (void) strbuf_putc(b, '"');
}

void rule_source_put(StrBuf *b, struct json_object *value)
{
        const char *text;
        size_t n = 0;

        switch (json_object_get_type(value)) {
        case json_type_object:
                (void) strbuf_putc(b, '{');
                json_object_object_foreach(value, key, member)
                {
                        if (n++ > 0)
                                (void) strbuf_putc(b, ',');
                        put_json_string(b, key, strlen(key));
                        (void) strbuf_putc(b, ':');
                        rule_source_put(b, member);
                }
                (void) strbuf_putc(b, '}');
                break;
        case json_type_array:
                (void) strbuf_putc(b, '[');
                for (; n < json_object_array_length(value); n++) {
                        if (n > 0)
                                (void) strbuf_putc(b, ',');
                        rule_source_put(b, json_object_array_get_idx(value, n));
                }
                (void) strbuf_putc(b, ']');
                break;
        case json_type_string:
                put_json_string(b, json_object_get_string(value),
                                (size_t) json_object_get_string_len(value));
                break;
        default:
                text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
                if (!text)
                        memory_is_out();
                (void) strbuf_puts(b, text);
        }
}
