/* Masking rows: every text column of a row through the masker */
#include "sync/mask-row.h"

#include <inttypes.h>
#include <string.h>

#define TIME_MAX 40 /* "2026-01-02T03:04:05.678901234+00:00" and a little */

void row_masker_done(RowMasker *rm)
{
        arena_done(&rm->arena);
        free(rm->findings);
        free(rm->texts);
        *rm = (RowMasker){ 0 };
}

void row_masker_clear(RowMasker *rm)
{
        arena_clear(&rm->arena);
        rm->n_findings = 0;
        rm->n_texts = 0;
        rm->changed = false;
}

void row_masker_forget_words(RowMasker *rm)
{
        memset(rm->last_words, 0, sizeof(rm->last_words));
}

static int add_finding(RowMasker *rm, const Column *column, const char *prefix, const Finding *f)
{
        const char *before = prefix ?: "";
        size_t before_size = strlen(before), size = strlen(column->name);
        char *field = arena_alloc(&rm->arena, before_size + size + 1);

        if (!field)
                return -ENOMEM;
        memcpy(field, before, before_size);
        memcpy(field + before_size, column->name, size + 1);
        return TRY_APPEND(rm->findings, rm->n_findings,
                          (RowFinding){ field, f->rule, f->fingerprint });
}

static int add_text(RowMasker *rm, const Value *unmasked)
{
        return TRY_APPEND(rm->texts, rm->n_texts,
                          (struct MaskedText){ unmasked->text, unmasked->size,
                                               masker_n_known(rm->masker) });
}

/* Keeps a masked text in the arena: a large one as it is, since a copy would take as much memory once more. */
static int keep_text(RowMasker *rm, const Masked *masked, Value *v)
{
        char *taken = masker_take_text(rm->masker, masked);

        if (taken)
                arena_adopt(&rm->arena, taken);
        v->text = taken ?: arena_copy(&rm->arena, masked->text, masked->size);
        v->size = masked->size;
        return v->text ? 0 : -ENOMEM;
}

static int mask_value(RowMasker *rm, const Column *column, Value *v, const char *prefix)
{
        MaskFormat format = column->kind == COLUMN_JSON ? MASK_JSON : MASK_TEXT;
        Masked masked;
        int r;

        r = masker_mask(rm->masker, format, v->text, v->size, &masked);
        if (r >= 0)
                r = add_text(rm, v);
        for (size_t i = 0; r >= 0 && i < masked.n_findings; i++)
                r = add_finding(rm, column, prefix, masked.findings + i);
        if (r < 0 || masked.text == v->text)
                return r < 0 ? r : 0;
        rm->changed = true;
        return keep_text(rm, &masked, v);
}

/* A number, or nothing, in the place of what was there. */
static void set_value(RowMasker *rm, Value *v, Value value)
{
        rm->changed = rm->changed || v->type != value.type || v->integer != value.integer;
        *v = value;
}

static bool begins_anywhere(void *userdata, size_t number, size_t start)
{
        (void) userdata;
        (void) number;
        (void) start;
        return true;
}

/* Where a word of this column is kept: two that share a place drive each other out. */
static struct LastWord *word_place(RowMasker *rm, const Column *column, const Value *v)
{
        size_t place = (uintptr_t) column / sizeof(*column) + v->size * 31 +
                       (unsigned char) v->text[0] * 7 + (unsigned char) v->text[v->size - 1] * 13;

        return rm->last_words + place % ELEMENTSOF(rm->last_words);
}

/* What no rule found in a word is clean until a secret is learned that may stand in it. Returns 1, 0 or -ENOMEM. */
static int may_be_known(RowMasker *rm, const Value *v)
{
        if (v->size < KNOWN_MIN)
                return 0;
        return masker_find_known(rm->masker, v->text, v->size, begins_anywhere, NULL);
}

/* Roles, models and tool names repeat in nearly every row; one that was clean just now is clean again. */
static int mask_word(RowMasker *rm, const Column *column, Value *v, const char *prefix)
{
        const char *before = v->text;
        struct LastWord *last;
        int r;

        if (v->size == 0)
                return 0;
        last = word_place(rm, column, v);
        if (last->column == column && last->size == v->size &&
            memcmp(last->text, v->text, v->size) == 0) {
                r = may_be_known(rm, v);
                if (r <= 0)
                        return r < 0 ? r : add_text(rm, v);
        }
        r = mask_value(rm, column, v, prefix);
        if (r >= 0 && v->text == before && v->size <= sizeof(last->text)) {
                last->column = column;
                last->size = v->size;
                memcpy(last->text, v->text, v->size);
        }
        return r;
}

/* A key stays as it is when it is plain ASCII without spaces, as all of agentsview's are; else it is people's text. */
static int mask_id(RowMasker *rm, const Column *column, Value *v, const char *prefix)
{
        for (size_t i = 0; i < v->size; i++)
                if (v->text[i] <= ' ' || v->text[i] > '~')
                        return mask_value(rm, column, v, prefix);
        return 0;
}

static bool is_time(const Value *v)
{
        static const bool belongs[256] = {
                ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true,
                ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true,
                ['T'] = true, ['Z'] = true, ['t'] = true, ['z'] = true, [':'] = true,
                ['.'] = true, ['+'] = true, ['-'] = true, [' '] = true,
        };

        if (v->size > TIME_MAX)
                return false;
        for (size_t i = 0; i < v->size; i++)
                if (!belongs[(unsigned char) v->text[i]])
                        return false;
        return true;
}

/* Each column by its kind. @prefix is put before field names ("tool_calls/0/"), and may be NULL. */
static int mask_columns(RowMasker *rm, const Table *table, Value *values, const char *prefix)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < table->n_columns; i++) {
                const Column *column = table->columns + i;
                Value *v = values + i;

                if (v->type != VALUE_TEXT)
                        continue;
                switch (column->kind) {
                case COLUMN_NUMBER:
                case COLUMN_REAL:
                        set_value(rm, v, (Value){ 0 });
                        break;
                case COLUMN_ID:
                        r = mask_id(rm, column, v, prefix);
                        break;
                case COLUMN_TIME:
                        if (!is_time(v))
                                set_value(rm, v, (Value){ 0 });
                        break;
                case COLUMN_WORD:
                        r = mask_word(rm, column, v, prefix);
                        break;
                case COLUMN_TEXT:
                case COLUMN_JSON:
                        if (rm->metadata_only) {
                                rm->changed = rm->changed || v->size > 0;
                                *v = value_text("", 0);
                        } else if (v->size > 0)
                                r = mask_value(rm, column, v, prefix);
                        break;
                }
        }
        return r;
}

/* agentsview keeps the dialogue of a message a second time; where it is all of the content, it is masked once. */
static bool dialogue_is_content(const Value *values)
{
        const Value *content = values + MESSAGE_CONTENT, *dialogue = values + MESSAGE_DIALOGUE_TEXT;

        return content->type == VALUE_TEXT && dialogue->type == VALUE_TEXT &&
               content->size == dialogue->size &&
               memcmp(content->text, dialogue->text, content->size) == 0;
}

static int mask_rows(RowMasker *rm, Message *m)
{
        bool same = dialogue_is_content(m->values);
        char prefix[80];
        int r;

        if (same)
                m->values[MESSAGE_DIALOGUE_TEXT] = (Value){ 0 };
        r = mask_columns(rm, &message_table, m->values, NULL);
        if (same)
                m->values[MESSAGE_DIALOGUE_TEXT] = m->values[MESSAGE_CONTENT];
        for (size_t i = 0; r >= 0 && i < m->n_calls; i++) {
                (void) snprintf(prefix, sizeof(prefix), "tool_calls/%" PRId64 "/",
                                m->calls[i][CALL_CALL_INDEX].integer);
                r = mask_columns(rm, &call_table, m->calls[i], prefix);
        }
        for (size_t i = 0; r >= 0 && i < m->n_events; i++) {
                (void) snprintf(prefix, sizeof(prefix),
                                "tool_result_events/%" PRId64 "/%" PRId64 "/",
                                m->events[i][EVENT_CALL_INDEX].integer,
                                m->events[i][EVENT_EVENT_INDEX].integer);
                r = mask_columns(rm, &event_table, m->events[i], prefix);
        }
        return r;
}

/* The rows of a message, their texts where they are. */
static int copy_rows(Arena *arena, const Message *from, Message *ret)
{
        size_t calls_size = from->n_calls * sizeof(*from->calls);
        size_t events_size = from->n_events * sizeof(*from->events);

        *ret = *from;
        ret->calls = arena_alloc(arena, calls_size);
        ret->events = arena_alloc(arena, events_size);
        if (!ret->calls || !ret->events)
                return -ENOMEM;
        if (calls_size > 0)
                memcpy(ret->calls, from->calls, calls_size);
        if (events_size > 0)
                memcpy(ret->events, from->events, events_size);
        return 0;
}

static bool is_later(void *userdata, size_t number, size_t start)
{
        const struct MaskedText *text = userdata;

        (void) start;
        return number >= text->n_known;
}

/* May something that was learned after a text was masked stand in it? Returns 1, 0 or -ENOMEM. */
static int learned_too_late(RowMasker *rm, size_t first_text)
{
        int r = 0;

        for (size_t i = first_text; r == 0 && i < rm->n_texts; i++) {
                struct MaskedText *t = rm->texts + i;

                if (t->n_known < masker_n_known(rm->masker))
                        r = masker_find_known(rm->masker, t->text, t->size, is_later, t);
        }
        return r;
}

/* The size of an archived text takes the place of the source's, which tells how long each secret in it was. */
static void set_length(RowMasker *rm, Value *length, const Value *text)
{
        if (length->type == VALUE_INTEGER)
                set_value(rm, length,
                          value_integer(text->type == VALUE_TEXT ? (int64_t) text->size : 0));
}

static void set_lengths(RowMasker *rm, Message *m)
{
        size_t event = 0;

        set_length(rm, m->values + MESSAGE_CONTENT_LENGTH, m->values + MESSAGE_CONTENT);
        for (size_t i = 0; i < m->n_events; i++)
                set_length(rm, m->events[i] + EVENT_CONTENT_LENGTH, m->events[i] + EVENT_CONTENT);
        for (size_t i = 0; i < m->n_calls; i++) {
                const Value *result = m->calls[i] + CALL_RESULT_CONTENT;
                int64_t index = m->calls[i][CALL_CALL_INDEX].integer;

                /* agentsview keeps a result once: where it came as events, in the last one of the call */
                for (; event < m->n_events && m->events[event][EVENT_CALL_INDEX].integer <= index;
                     event++)
                        if (m->calls[i][CALL_RESULT_CONTENT].size == 0 &&
                            m->events[event][EVENT_CALL_INDEX].integer == index)
                                result = m->events[event] + EVENT_CONTENT;
                set_length(rm, m->calls[i] + CALL_RESULT_CONTENT_LENGTH, result);
        }
}

int mask_row(RowMasker *rm, const Table *table, Value *values)
{
        size_t n_findings = rm->n_findings, n_texts = rm->n_texts;
        size_t size = table->n_columns * sizeof(*values);
        Value *unmasked = arena_alloc(&rm->arena, size);
        int r;

        if (!unmasked)
                return -ENOMEM;
        memcpy(unmasked, values, size);
        r = mask_columns(rm, table, values, NULL);
        if (r >= 0)
                r = learned_too_late(rm, n_texts);
        if (r <= 0)
                return r;
        rm->n_findings = n_findings;
        memcpy(values, unmasked, size);
        return mask_columns(rm, table, values, NULL);
}

int mask_message(RowMasker *rm, Message *m)
{
        size_t n_findings = rm->n_findings, n_texts = rm->n_texts;
        Message unmasked;
        int r;

        r = copy_rows(&rm->arena, m, &unmasked);
        if (r >= 0)
                r = mask_rows(rm, m);
        if (r >= 0)
                r = learned_too_late(rm, n_texts);
        if (r > 0) {
                rm->n_findings = n_findings;
                *m = unmasked;
                r = mask_rows(rm, m);
        }
        if (r >= 0)
                set_lengths(rm, m);
        return r;
}

int recall_rows(Masker *masker, const Table *table, const Value *rows, size_t n_rows)
{
        int found = 0;

        for (size_t i = 0; i < n_rows * table->n_columns; i++) {
                int r = 0;

                if (rows[i].type == VALUE_TEXT &&
                    column_is_masked(table->columns + i % table->n_columns))
                        r = masker_recall(masker, rows[i].text, rows[i].size);
                if (r < 0)
                        return r;
                found = found || r > 0;
        }
        return found;
}
