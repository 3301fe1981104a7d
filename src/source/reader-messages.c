/* The messages of a session, each with its calls and their results */
#include <string.h>

#include "source/reader-internal.h"
#include "source/schema.h"

int reader_messages(Reader *r, const char *session_id, size_t size, int64_t from_ordinal)
{
        sqlite3_stmt *stmt = r->queries[QUERY_MESSAGES], *count = r->queries[QUERY_CALL_COUNT];
        char *copy;
        int k;

        copy = malloc(size + 1);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, session_id, size);
        copy[size] = 0;
        free(r->session_id);
        r->session_id = copy;
        r->session_id_size = size;
        r->n_calls_left = 0;
        if (!stmt)
                return 0;

        (void) sqlite3_reset(stmt);
        (void) sqlite_bind_text(stmt, 1, copy, size);
        (void) sqlite3_bind_int64(stmt, 2, from_ordinal);
        if (!count || !r->queries[QUERY_CALLS])
                return 0;
        (void) sqlite_bind_text(count, 1, copy, size);
        k = reader_step(r, QUERY_CALL_COUNT);
        if (k > 0)
                r->n_calls_left = sqlite3_column_int64(count, 0);
        (void) sqlite3_reset(count);
        return k < 0 ? k : 0;
}

/* Copies the texts of a row into the arena, since its statement moves on. */
static int keep_row(Arena *arena, Value *values, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (values[i].type != VALUE_TEXT)
                        continue;
                values[i].text = arena_copy(arena, values[i].text, values[i].size);
                if (!values[i].text)
                        return -ENOMEM;
        }
        return 0;
}

/*
 * All rows of @query as an array of rows of @table in the arena. The array grows by doubling within the arena: a
 * message has few calls, and what is left behind goes with the message.
 */
static int read_children(Reader *r, Query query, const Table *table, Value **ret, size_t *ret_n)
{
        sqlite3_stmt *stmt = r->queries[query];
        size_t width = table->n_columns, allocated = 0, n = 0;
        Value *rows = NULL;
        int k;

        while ((k = reader_step(r, query)) > 0) {
                if (n == allocated) {
                        Value *grown;

                        allocated = allocated > 0 ? allocated * 2 : 4;
                        grown = arena_alloc(&r->arena, allocated * width * sizeof(*grown));
                        if (!grown) {
                                k = -ENOMEM;
                                break;
                        }
                        if (n > 0)
                                memcpy(grown, rows, n * width * sizeof(*grown));
                        rows = grown;
                }
                schema_read_row(stmt, 1, table, rows + n * width);
                k = keep_row(&r->arena, rows + n * width, width);
                if (k < 0)
                        break;
                n++;
        }
        (void) sqlite3_reset(stmt);
        if (k < 0)
                return k;
        *ret = rows;
        *ret_n = n;
        return 0;
}

/* The calls of the message in row @message_id: numbered from 0 where the source has no numbers or says one twice. */
static int read_calls(Reader *r, int64_t message_id, Message *m)
{
        Value *rows;
        int64_t last = -1;
        int k;

        (void) sqlite3_bind_int64(r->queries[QUERY_CALLS], 1, message_id);
        k = read_children(r, QUERY_CALLS, &call_table, &rows, &m->n_calls);
        if (k < 0)
                return k;
        m->calls = (Value(*)[N_CALL_COLUMNS]) rows;
        for (size_t i = 0; i < m->n_calls; i++) {
                Value *index = &m->calls[i][CALL_CALL_INDEX];

                if (index->type != VALUE_INTEGER || index->integer <= last)
                        *index = value_integer(last + 1);
                last = index->integer;
                m->calls[i][CALL_MESSAGE_ORDINAL] = m->values[MESSAGE_ORDINAL];
        }
        r->n_calls_left -= (int64_t) m->n_calls;
        return 0;
}

static int read_events(Reader *r, Message *m)
{
        sqlite3_stmt *stmt = r->queries[QUERY_EVENTS];
        int64_t last_call = -1, last_event = -1;
        Value *rows;
        int k;

        (void) sqlite_bind_text(stmt, 1, r->session_id, r->session_id_size);
        (void) sqlite3_bind_int64(stmt, 2, m->values[MESSAGE_ORDINAL].integer);
        k = read_children(r, QUERY_EVENTS, &event_table, &rows, &m->n_events);
        if (k < 0)
                return k;
        m->events = (Value(*)[N_EVENT_COLUMNS]) rows;
        for (size_t i = 0; i < m->n_events; i++) {
                Value *call = &m->events[i][EVENT_CALL_INDEX];
                Value *event = &m->events[i][EVENT_EVENT_INDEX];

                if (call->type != VALUE_INTEGER)
                        *call = value_integer(0);
                if (call->integer != last_call)
                        last_event = -1;
                if (event->type != VALUE_INTEGER || event->integer <= last_event)
                        *event = value_integer(last_event + 1);
                last_call = call->integer;
                last_event = event->integer;
        }
        return 0;
}

static void hash_row(Hasher *h, const Value *values, size_t n)
{
        for (size_t i = 0; i < n; i++)
                reader_hash_value(h, values + i);
}

static uint64_t row_bytes(const Value *values, size_t n)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < n; i++)
                if (values[i].type == VALUE_TEXT)
                        sum += values[i].size;
        return sum;
}

static void finish_message(Reader *r, Message *m)
{
        hasher_begin(r->hasher);
        hash_row(r->hasher, m->values, N_MESSAGE_COLUMNS);
        m->n_bytes = row_bytes(m->values, N_MESSAGE_COLUMNS);
        for (size_t i = 0; i < m->n_calls; i++) {
                hash_row(r->hasher, m->calls[i], N_CALL_COLUMNS);
                m->n_bytes += row_bytes(m->calls[i], N_CALL_COLUMNS);
        }
        for (size_t i = 0; i < m->n_events; i++) {
                hash_row(r->hasher, m->events[i], N_EVENT_COLUMNS);
                m->n_bytes += row_bytes(m->events[i], N_EVENT_COLUMNS);
        }
        m->fingerprint = hasher_end(r->hasher);
}

int reader_message_next(Reader *r, Message *ret)
{
        sqlite3_stmt *stmt = r->queries[QUERY_MESSAGES];
        Message m = { 0 };
        int64_t message_id;
        int k;

        if (!stmt)
                return 0;
        arena_clear(&r->arena);
        k = reader_step(r, QUERY_MESSAGES);
        if (k <= 0) {
                (void) sqlite3_reset(stmt);
                return k;
        }
        message_id = sqlite3_column_int64(stmt, 0);
        schema_read_row(stmt, 1, &message_table, m.values);
        if (m.values[MESSAGE_ORDINAL].type != VALUE_INTEGER)
                m.values[MESSAGE_ORDINAL] = value_integer(0);
        if (r->n_calls_left > 0) {
                k = read_calls(r, message_id, &m);
                if (k < 0)
                        return k;
        }
        if (r->queries[QUERY_EVENTS]) {
                k = read_events(r, &m);
                if (k < 0)
                        return k;
        }
        finish_message(r, &m);
        *ret = m;
        return 1;
}
