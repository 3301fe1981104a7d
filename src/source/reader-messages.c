/* The messages of a session, each with its calls and their results */
#include <string.h>

#include "source/reader-internal.h"

/* Begins to read a query of (session, ordinal from); a table that the source lacks reads as empty. */
static void bind_session(Reader *r, Query query, int64_t from_ordinal)
{
        sqlite3_stmt *stmt = r->queries[query];

        if (!stmt)
                return;
        (void) sqlite3_reset(stmt);
        (void) sqlite_bind_text(stmt, 1, r->session_id, r->session_id_size);
        if (query != QUERY_CALL_COUNT)
                (void) sqlite3_bind_int64(stmt, 2, from_ordinal);
}

/* Counted once a session. After a pause in which somebody wrote, calls are looked for at each message instead. */
static int count_calls(Reader *r, bool goes_on)
{
        int k;

        if (!r->queries[QUERY_CALL_COUNT] || !r->queries[QUERY_CALLS]) {
                r->n_calls_left = 0;
                return 0;
        }
        if (goes_on) {
                k = reader_changed(r);
                if (k > 0)
                        r->n_calls_left = INT64_MAX;
                return k < 0 ? k : 0;
        }
        r->n_calls_left = 0;
        bind_session(r, QUERY_CALL_COUNT, 0);
        k = reader_step(r, QUERY_CALL_COUNT);
        if (k > 0)
                r->n_calls_left = sqlite3_column_int64(r->queries[QUERY_CALL_COUNT], 0);
        (void) sqlite3_reset(r->queries[QUERY_CALL_COUNT]);
        return k < 0 ? k : 0;
}

/* Steps to the first event; that one may hold a large text (-EFBIG), which read_events() sees to. */
static int begin_events(Reader *r, int64_t ordinal)
{
        bind_session(r, QUERY_EVENTS, ordinal);
        r->has_event = r->queries[QUERY_EVENTS] ? reader_step(r, QUERY_EVENTS) : 0;
        return r->has_event < 0 && r->has_event != -EFBIG ? r->has_event : 0;
}

/* Begins to read messages and events from @ordinal on. */
static int begin_at(Reader *r, int64_t ordinal)
{
        r->next_ordinal = ordinal;
        r->at_end = false;
        bind_session(r, QUERY_MESSAGES, ordinal);
        return begin_events(r, ordinal);
}

int reader_messages(Reader *r, const char *session_id, size_t size, int64_t from_ordinal)
{
        bool goes_on = from_ordinal > INT64_MIN;
        char *copy;
        int k;

        if (!goes_on)
                r->has_lost_rows = false;
        else if (r->session_id_size != size || memcmp(r->session_id, session_id, size) != 0)
                r->n_calls_left = INT64_MAX;
        copy = xmalloc(size + 1);
        memcpy(copy, session_id, size);
        copy[size] = 0;
        free(r->session_id);
        r->session_id = copy;
        r->session_id_size = size;
        k = begin_at(r, from_ordinal);
        return k < 0 ? k : count_calls(r, goes_on);
}

/* Rows that belong to a message, in the arena. What is left over when the array grows is freed with the message. */
typedef struct Children {
        const Table *table;
        Value *rows;
        size_t n, allocated;
} Children;

static Value *children_grow(Reader *r, Children *c)
{
        size_t width = c->table->n_columns;
        Value *rows = arena_grow(&r->arena, c->rows, c->n, &c->allocated, width * sizeof(*rows));

        if (!rows)
                return NULL;
        c->rows = rows;
        return rows + c->n++ * width;
}

/* Adds the current row of @query. */
static int children_add(Reader *r, Children *c, Query query)
{
        Value *row = children_grow(r, c);

        if (!row)
                return -ENOMEM;
        schema_read_row(r->queries[query], 1, c->table, row);
        reader_take_row(r, c->table, row);
        return values_copy(&r->arena, row, c->table->n_columns, row);
}

static int add_large_row(Reader *r, int64_t rowid, void *userdata)
{
        Children *c = userdata;
        Value *row = children_grow(r, c);

        return row ? reader_read_large_row(r, c->table, rowid, row) : -ENOMEM;
}

/* Reads the rows that hang on a message again, since one of them holds a large text. */
static int children_again(Reader *r, Children *c, const char *key, int64_t number,
                          const char *order)
{
        _cleanup_free_ char *tail = xasprintf("WHERE %s = ?2 ORDER BY %s", key, order);

        c->n = 0;
        return reader_list_rows(r, c->table, tail, number, add_large_row, c);
}

static int compare_calls(const void *a, const void *b)
{
        const Value *left = a, *right = b;
        bool left_is_numbered = left[CALL_CALL_INDEX].type == VALUE_INTEGER;
        bool right_is_numbered = right[CALL_CALL_INDEX].type == VALUE_INTEGER;
        int64_t x = left_is_numbered ? left[CALL_CALL_INDEX].integer : INT64_MIN;
        int64_t y = right_is_numbered ? right[CALL_CALL_INDEX].integer : INT64_MIN;

        if (left_is_numbered != right_is_numbered)
                return left_is_numbered ? 1 : -1;
        if (x == y) {
                x = left[CALL_MESSAGE_ORDINAL].integer;
                y = right[CALL_MESSAGE_ORDINAL].integer;
        }
        return (x > y) - (x < y);
}

/*
 * Puts the calls in order of their numbers, where those were inserted in another one. Here and not in the query, which
 * would sort, with all their text, those of each message. Rows with one number stay as they were.
 */
static void order_calls(Message *m)
{
        bool ordered = true;

        for (size_t i = 0; i < m->n_calls; i++) {
                m->calls[i][CALL_MESSAGE_ORDINAL] = value_integer((int64_t) i);
                ordered = ordered && (i == 0 || compare_calls(m->calls[i - 1], m->calls[i]) < 0);
        }
        if (!ordered)
                qsort(m->calls, m->n_calls, sizeof(*m->calls), compare_calls);
}

/* Whether @v can follow @last as a number of a call or an event: those of agentsview count from 0, in each message. */
static bool is_next_number(const Value *v, int64_t last)
{
        return v->type == VALUE_INTEGER && v->integer > last && v->integer <= INT32_MAX;
}

/* The calls of the message in row @message_id: numbered from 0 where the source has no numbers or says one twice. */
static int read_calls(Reader *r, int64_t message_id, Message *m)
{
        sqlite3_stmt *stmt = r->queries[QUERY_CALLS];
        Children calls = { .table = &call_table };
        size_t left = r->left;
        int64_t last = -1;
        int k;

        (void) sqlite3_bind_int64(stmt, 1, message_id);
        while ((k = reader_step(r, QUERY_CALLS)) > 0) {
                k = children_add(r, &calls, QUERY_CALLS);
                if (k < 0)
                        break;
        }
        (void) sqlite3_reset(stmt);
        if (k == -EFBIG) {
                r->left = left;
                k = children_again(r, &calls, "message_id", message_id, "id");
        }
        if (k < 0)
                return k;
        m->calls = (Value(*)[N_CALL_COLUMNS]) calls.rows;
        m->n_calls = calls.n;
        order_calls(m);
        for (size_t i = 0; i < m->n_calls; i++) {
                Value *index = &m->calls[i][CALL_CALL_INDEX];

                if (!is_next_number(index, last))
                        *index = value_integer(last + 1);
                last = index->integer;
                m->calls[i][CALL_MESSAGE_ORDINAL] = m->values[MESSAGE_ORDINAL];
        }
        r->n_calls_left -= (int64_t) m->n_calls;
        return 0;
}

/* The place of an event in its table's row, as the query has it. */
static int64_t event_ordinal(Reader *r)
{
        return sqlite3_column_int64(r->queries[QUERY_EVENTS], 0);
}

/* The events of a message: one statement gives those of the whole session, in the order of the messages. */
static int read_events(Reader *r, Message *m)
{
        int64_t ordinal = m->values[MESSAGE_ORDINAL].integer, last_call = -1, last_event = -1;
        Children events = { .table = &event_table };
        size_t left = r->left;

        while (r->has_event > 0 && event_ordinal(r) <= ordinal) {
                int k = 0;

                if (event_ordinal(r) == ordinal)
                        k = children_add(r, &events, QUERY_EVENTS);
                else
                        r->has_lost_rows = true;
                r->has_event = k < 0 ? k : reader_step(r, QUERY_EVENTS);
        }
        if (r->has_event == -EFBIG) {
                int k;

                r->left = left;
                k = children_again(r, &events, "session_id = ?1 AND tool_call_message_ordinal",
                                   ordinal, r->event_order);
                if (k >= 0)
                        k = ordinal < INT64_MAX ? begin_events(r, ordinal + 1) : 0;
                if (k < 0)
                        return k;
        }
        if (r->has_event < 0 && r->has_event != -EFBIG)
                return r->has_event;
        m->events = (Value(*)[N_EVENT_COLUMNS]) events.rows;
        m->n_events = events.n;
        for (size_t i = 0; i < m->n_events; i++) {
                Value *call = &m->events[i][EVENT_CALL_INDEX];
                Value *event = &m->events[i][EVENT_EVENT_INDEX];

                if (call->type != VALUE_INTEGER)
                        *call = value_integer(0);
                if (call->integer != last_call)
                        last_event = -1;
                if (!is_next_number(event, last_event))
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
        m->n_left_out = r->n_left_out;
}

typedef struct LargeMessage {
        Message *m;
        int64_t id;
        bool found;
} LargeMessage;

static int read_large_message(Reader *r, int64_t rowid, void *userdata)
{
        LargeMessage *l = userdata;

        l->id = rowid;
        l->found = true;
        return reader_read_large_row(r, &message_table, rowid, l->m->values);
}

/* The next message, whose row SQLite refused. The list continues after it. */
static int next_large_message(Reader *r, Message *m, int64_t *ret_id)
{
        LargeMessage l = { .m = m };
        int64_t ordinal;
        int k;

        k = reader_list_rows(r, &message_table,
                             "WHERE session_id = ?1 AND ordinal >= ?2 ORDER BY ordinal LIMIT 1",
                             r->next_ordinal, read_large_message, &l);
        if (k < 0 || !l.found)
                return k;
        *ret_id = l.id;
        ordinal = m->values[MESSAGE_ORDINAL].integer;
        r->at_end = ordinal == INT64_MAX;
        if (!r->at_end)
                bind_session(r, QUERY_MESSAGES, ordinal + 1);
        return 1;
}

/* The next message without what hangs on it. */
static int next_message(Reader *r, Message *m, int64_t *ret_id)
{
        sqlite3_stmt *stmt = r->queries[QUERY_MESSAGES];
        int k;

        k = reader_step(r, QUERY_MESSAGES);
        if (k == -EFBIG)
                return next_large_message(r, m, ret_id);
        if (k <= 0) {
                (void) sqlite3_reset(stmt);
                return k;
        }
        *ret_id = sqlite3_column_int64(stmt, 0);
        schema_read_row(stmt, 1, &message_table, m->values);
        reader_take_row(r, &message_table, m->values);
        return 1;
}

int reader_message_next(Reader *r, Message *ret)
{
        Message m = { 0 };
        int64_t id = 0;
        int k;

        if (!r->queries[QUERY_MESSAGES] || r->at_end)
                return 0;
        arena_clear(&r->arena);
        reader_allow_message(r);
        k = next_message(r, &m, &id);
        if (k == 0 && r->has_event != 0)
                r->has_lost_rows = true;
        if (k <= 0)
                return k;
        if (m.values[MESSAGE_ORDINAL].type != VALUE_INTEGER)
                m.values[MESSAGE_ORDINAL] = value_integer(0);
        r->next_ordinal = m.values[MESSAGE_ORDINAL].integer;
        if (r->next_ordinal < INT64_MAX)
                r->next_ordinal++;
        if (r->n_calls_left > 0) {
                k = read_calls(r, id, &m);
                if (k < 0)
                        return k;
        }
        k = read_events(r, &m);
        if (k < 0)
                return k;
        finish_message(r, &m);
        *ret = m;
        return 1;
}
