/* Wire: how the values of the archive look in typed tables */
#include "remote/clickhouse/wire.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "base/time-util.h"

/* Columns whose type does not follow from their kind. */
static const struct {
        RemoteTable table;
        int column;
        WireType type;
} exceptions[] = {
        { REMOTE_SESSIONS, SESSION_SOURCE_CREATED_AT, WIRE_TEXT },
        { REMOTE_SESSIONS, SESSION_IS_AUTOMATED, WIRE_BOOL },
        { REMOTE_MESSAGES, MESSAGE_HAS_THINKING, WIRE_BOOL },
        { REMOTE_MESSAGES, MESSAGE_HAS_TOOL_USE, WIRE_BOOL },
        { REMOTE_MESSAGES, MESSAGE_IS_SYSTEM, WIRE_BOOL },
        { REMOTE_MESSAGES, MESSAGE_IS_SIDECHAIN, WIRE_BOOL },
        { REMOTE_CALLS, CALL_RESULT_CONTENT_LENGTH, WIRE_UINT32_OR_NULL },
        { REMOTE_LINKS, LINK_DETECTED_AT, WIRE_TIME },
        { REMOTE_STARS, STAR_CREATED_AT, WIRE_TIME },
        { REMOTE_PINS, PIN_CREATED_AT, WIRE_TIME },
        { REMOTE_DELETES, TOMBSTONE_CREATED_AT, WIRE_TIME },
        { REMOTE_USAGE, USAGE_MESSAGE_ORDINAL, WIRE_UINT32_OR_NULL },
        { REMOTE_USAGE, USAGE_COST_MICRODOLLARS, WIRE_UINT64_OR_NULL },
        { REMOTE_LABELS, LABEL_CREATED_AT, WIRE_TIME },
};

WireType wire_type(RemoteTable table, size_t column)
{
        for (size_t i = 0; i < ELEMENTSOF(exceptions); i++)
                if (exceptions[i].table == table && (size_t) exceptions[i].column == column)
                        return exceptions[i].type;
        switch (remote_table(table)->columns[column].kind) {
        case COLUMN_NUMBER:
                return WIRE_UINT32;
        case COLUMN_REAL:
                return WIRE_REAL_OR_NULL;
        case COLUMN_TIME:
                return WIRE_TIME_OR_NULL;
        default:
                return WIRE_TEXT;
        }
}

/* DateTime64(3) covers 1900 to 2299; parse_timestamp() accepts nothing before 1970. */
#define TIME_MAX_MSEC ((uint64_t) 10413791999999)

static bool parse_time(const Value *v, uint64_t *ret_msec)
{
        char text[64];
        uint64_t usec;

        if (v->type != VALUE_TEXT || v->size == 0 || v->size >= sizeof(text))
                return false;
        memcpy(text, v->text, v->size);
        text[v->size] = '\0';
        if (parse_timestamp(text, &usec) < 0)
                return false;
        *ret_msec = usec / USEC_PER_MSEC;
        return *ret_msec <= TIME_MAX_MSEC;
}

WireValue wire_value(WireType type, const Value *v)
{
        WireValue w = { .text = "" };

        switch (type) {
        case WIRE_TEXT:
                if (v->type == VALUE_TEXT) {
                        w.text = v->text;
                        w.size = v->size;
                }
                break;
        case WIRE_UINT32_OR_NULL:
        case WIRE_UINT32:
                w.is_null = type == WIRE_UINT32_OR_NULL && v->type != VALUE_INTEGER;
                if (v->type == VALUE_INTEGER && v->integer > 0)
                        w.number = v->integer < UINT32_MAX ? (uint64_t) v->integer : UINT32_MAX;
                break;
        case WIRE_UINT64_OR_NULL:
                w.is_null = v->type != VALUE_INTEGER;
                w.number = v->integer > 0 ? (uint64_t) v->integer : 0;
                break;
        case WIRE_REAL_OR_NULL:
                w.is_null = v->type != VALUE_REAL;
                w.number = w.is_null ? 0 : v->bits;
                break;
        case WIRE_BOOL:
                w.number = v->type == VALUE_INTEGER && v->integer != 0;
                break;
        case WIRE_TIME:
        case WIRE_TIME_OR_NULL:
                if (!parse_time(v, &w.number)) {
                        w.number = 0;
                        w.is_null = type == WIRE_TIME_OR_NULL;
                }
                break;
        }
        return w;
}

bool wire_key_fits(RemoteTable table, const Value *values)
{
        int column = table == REMOTE_MESSAGES ? (int) MESSAGE_ORDINAL
                     : table == REMOTE_CALLS  ? (int) CALL_MESSAGE_ORDINAL
                     : table == REMOTE_PINS   ? (int) PIN_MESSAGE_ORDINAL
                     : table == REMOTE_USAGE  ? (int) USAGE_EVENT_ID
                                              : -1;

        return column < 0 || (values[column].type == VALUE_INTEGER && values[column].integer >= 0 &&
                              values[column].integer <= UINT32_MAX);
}

int wire_digest(RemoteTable table, const Value *values, StrBuf *scratch, uint64_t *ret)
{
        const Table *t = remote_table(table);
        int r = 0;

        strbuf_clear(scratch);
        for (size_t i = 0; r >= 0 && i < t->n_columns; i++) {
                WireType type = wire_type(table, i);
                WireValue w = wire_value(type, values + i);

                if (type == WIRE_TEXT)
                        r = strbuf_append(scratch, w.text, w.size);
                else if (!w.is_null)
                        r = strbuf_printf(scratch, "%" PRIu64, w.number);
                if (r >= 0)
                        r = strbuf_putc(scratch, 0x1f);
        }
        if (r < 0)
                return r;
        *ret = XXH64(scratch->data, scratch->size, 0);
        return 0;
}
