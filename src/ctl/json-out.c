/* JSON on standard output */
#include "ctl/json-out.h"

#include <inttypes.h>
#include <string.h>

#include "base/time-util.h"

void json_add_text(struct json_object *o, const char *key, const char *text)
{
        (void) json_object_object_add(o, key, text ? json_object_new_string(text) : NULL);
}

void json_add_count(struct json_object *o, const char *key, uint64_t n)
{
        (void) json_object_object_add(o, key, json_object_new_uint64(n));
}

void json_add_bool(struct json_object *o, const char *key, bool b)
{
        (void) json_object_object_add(o, key, json_object_new_boolean(b));
}

void json_add_time(struct json_object *o, const char *key, uint64_t usec)
{
        char text[TIMESTAMP_MAX];

        json_add_text(o, key, usec > 0 ? format_timestamp(text, usec) : NULL);
}

void json_add_value(struct json_object *o, const char *key, const Value *v)
{
        struct json_object *value = NULL;

        if (v->type == VALUE_INTEGER)
                value = json_object_new_int64(v->integer);
        else if (v->type == VALUE_TEXT && v->size < INT32_MAX)
                value = json_object_new_string_len(v->text, (int) v->size);
        (void) json_object_object_add(o, key, value);
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

/* The length of the character at @s if it is legal in JSON and yet a command to a terminal: DEL, C1 controls, and what
 * turns the direction of reading; else 0. These only occur within strings. */
static size_t command_length(const char *s, unsigned *ret)
{
        unsigned a = (unsigned char) s[0], b = a ? (unsigned char) s[1] : 0,
                 c = b ? (unsigned char) s[2] : 0;

        if (a == 0x7f) {
                *ret = a;
                return 1;
        }
        if (a == 0xc2 && b >= 0x80 && b <= 0x9f) {
                *ret = b;
                return 2;
        }
        *ret = 0x2000 | (b & 0x3f) << 6 | (c & 0x3f);
        if (a == 0xe2 && (b == 0x80 || b == 0x81) &&
            ((*ret >= 0x200e && *ret <= 0x200f) || (*ret >= 0x2028 && *ret <= 0x202e) ||
             (*ret >= 0x2066 && *ret <= 0x2069)))
                return 3;
        return 0;
}

static void write_escaped(FILE *f, const char *s, size_t size)
{
        const char *start = s, *end = s + size;

        while (s < end) {
                unsigned c;
                size_t n = command_length(s, &c);

                if (n == 0) {
                        s++;
                        continue;
                }
                fwrite(start, 1, (size_t) (s - start), f);
                fprintf(f, "\\u%04x", c);
                s += n;
                start = s;
        }
        fwrite(start, 1, (size_t) (end - start), f);
}

static int print_with(FILE *f, struct json_object *o, int flags, size_t n_less)
{
        size_t size = 0;
        const char *text = json_object_to_json_string_length(
                        o, flags | JSON_C_TO_STRING_NOSLASHESCAPE, &size);

        if (text)
                write_escaped(f, text, size - n_less);
        (void) json_object_put(o);
        return text ? 0 : -ENOMEM;
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
