/* JSON on standard output */
#include "ctl/json-out.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/terminal-text.h"
#include "base/time-util.h"

void json_add_text(struct json_object *o, const char *key, const char *text)
{
        if (text)
                json_add(o, key, json_object_new_string(text));
        else
                (void) json_object_object_add(o, key, NULL);
}

void json_add_count(struct json_object *o, const char *key, uint64_t n)
{
        json_add(o, key, json_object_new_uint64(n));
}

void json_add_bool(struct json_object *o, const char *key, bool b)
{
        json_add(o, key, json_object_new_boolean(b));
}

void json_add_time(struct json_object *o, const char *key, uint64_t usec)
{
        char text[TIMESTAMP_MAX];

        json_add_text(o, key, usec > 0 ? format_timestamp(text, usec) : NULL);
}

void json_add_value(struct json_object *o, const char *key, const Value *v)
{
        if (v->type == VALUE_INTEGER)
                json_add(o, key, json_object_new_int64(v->integer));
        else if (v->type == VALUE_REAL && isfinite(v->real))
                json_add(o, key, json_object_new_double(v->real));
        else if (v->type == VALUE_TEXT && v->size < INT32_MAX)
                json_add(o, key, json_object_new_string_len(v->text, (int) v->size));
        else
                json_add_text(o, key, NULL);
}

void json_add_fingerprint(struct json_object *o, const char *key, uint64_t fingerprint)
{
        char text[17];

        (void) snprintf(text, sizeof(text), "%016" PRIx64, fingerprint);
        json_add_text(o, key, text);
}

void json_add_row(struct json_object *o, const Table *table, const Value *values)
{
        for (size_t i = 0; i < table->n_columns; i++)
                json_add_value(o, table->columns[i].name, values + i);
}

static int print_with(FILE *f, struct json_object *o, int flags, size_t n_less)
{
        size_t size = 0;
        const char *text = json_object_to_json_string_length(
                        o, flags | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        int r = text ? put_safe_json(&b, text, size - n_less) : -ENOMEM;

        if (r >= 0)
                fwrite(b.data ?: "", 1, b.size, f);
        (void) json_object_put(o);
        return r;
}

int json_print_part(FILE *f, struct json_object *o, size_t n_less)
{
        return print_with(f, o, JSON_C_TO_STRING_PLAIN, n_less);
}

int json_print_line(FILE *f, struct json_object *o)
{
        int r = json_print_part(f, o, 0);

        fputc('\n', f);
        return r;
}

int json_print(struct json_object *o)
{
        int r = print_with(stdout, o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED, 0);

        putchar('\n');
        return r;
}

int json_array_print(JsonArray *a, struct json_object *o)
{
        fputs(a->n++ == 0 ? "[\n  " : ",\n  ", stdout);
        return json_print_part(stdout, o, 0);
}

void json_array_end(const JsonArray *a)
{
        puts(a->n == 0 ? "[]" : "\n]");
}
