/*
 * Fuzz: the JSON walker
 *
 * What it calls valid, json-c reads too; its strings lie within the text, and no position in a string is cut in an escape.
 */
#include <json-c/json.h>

#include "fuzz.h"
#include "mask/json.h"

/* json-c accepts more than JSON allows, and less depth, so only "valid here, broken there" is a mistake. */
static void check_with_jsonc(const char *text, size_t size)
{
        struct json_tokener *tokener = json_tokener_new_ex(64);
        struct json_object *o;
        enum json_tokener_error error;

        MUST(tokener);
        o = json_tokener_parse_ex(tokener, text, (int) size);
        error = json_tokener_get_error(tokener);
        MUST(error == json_tokener_success || error == json_tokener_continue ||
             error == json_tokener_error_depth || error == json_tokener_error_parse_utf8_string);
        (void) json_object_put(o);
        json_tokener_free(tokener);
}

static void check_string(const char *text, const JsonToken *t)
{
        size_t unit = t->start;

        for (size_t at = t->start; at <= t->end; at++) {
                size_t start = json_unit_start(text, t->start, at),
                       end = json_unit_end(text, t->start, at, t->end);

                MUST(start >= t->start && start <= at && end >= at && end <= t->end);
                /* A position at the start of a unit stays as it is. */
                if (at == unit) {
                        MUST(start == at && end == at);
                        if (at < t->end)
                                unit += text[at] != '\\' ? 1 : text[at + 1] == 'u' ? 6 : 2;
                } else {
                        MUST(start < at && end == unit);
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *) data;
        JsonLexer lexer = json_lexer_document();
        size_t at = 0;
        JsonToken t;

        if (size > 65536 || !json_is_valid(text, size))
                return 0;
        if (!memchr(text, 0, size))
                check_with_jsonc(text, size);
        while (json_lexer_next(&lexer, text, size, size, &at, &t) > 0) {
                MUST(t.start <= t.end && t.end <= size && at <= size);
                if (t.kind == JSON_STRING)
                        check_string(text, &t);
        }
        return 0;
}
