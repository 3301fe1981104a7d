/* LookBack: may a secret be in what was read before it was learned? */
#include "sync/look-back.h"

#include <string.h>

/* More text than this is read again rather than kept. */
#define TEXTS_MAX ((size_t) 2 * 1024 * 1024)

/* After a place, what shows that a secret begins there: its first bytes, however they are escaped. */
#define BEGINNING_MAX 64

void look_back_clear(LookBack *lb)
{
        if (lb->texts.data)
                explicit_bzero(lb->texts.data, lb->texts.size);
        strbuf_clear(&lb->texts);
        lb->size = lb->skipped_until = 0;
        lb->n_learned = 0;
}

void look_back_done(LookBack *lb)
{
        look_back_clear(lb);
        strbuf_done(&lb->texts);
        free(lb->learned);
        *lb = (LookBack){ 0 };
}

static int add_row(LookBack *lb, const Table *table, const Value *values)
{
        bool keep = lb->size == lb->texts.size; /* nothing was left out so far */
        int r = 0;

        for (size_t i = 0; r >= 0 && i < table->n_columns; i++) {
                if (values[i].type != VALUE_TEXT || !column_is_masked(table->columns + i))
                        continue;
                keep = keep && values[i].size < TEXTS_MAX - lb->texts.size;
                lb->size += values[i].size + 1;
                if (!keep)
                        continue;
                r = strbuf_append(&lb->texts, values[i].text, values[i].size);
                if (r >= 0)
                        r = strbuf_putc(&lb->texts, '\n');
        }
        return r;
}

int look_back_add(LookBack *lb, const Message *m, size_t *ret_begin)
{
        int r;

        *ret_begin = lb->size;
        r = add_row(lb, &message_table, m->values);
        for (size_t i = 0; r >= 0 && i < m->n_calls; i++)
                r = add_row(lb, &call_table, m->calls[i]);
        for (size_t i = 0; r >= 0 && i < m->n_events; i++)
                r = add_row(lb, &event_table, m->events[i]);
        return r;
}

void look_back_learn(LookBack *lb, const Masker *masker, size_t from, size_t until)
{
        while (lb->n_learned < masker_n_known(masker))
                APPEND(lb->learned, lb->n_learned, (struct Learned){ from, until });
}

void look_back_skip(LookBack *lb)
{
        lb->skipped_until = lb->size;
}

/* The end of the texts in which secret @number may be unseen. */
static size_t unseen_until(const LookBack *lb, size_t number)
{
        const struct Learned *learned = lb->learned + number;

        return learned->from == 0 && lb->skipped_until > learned->until ? lb->skipped_until
                                                                        : learned->until;
}

static bool stands_unseen(void *userdata, size_t number, size_t start)
{
        const LookBack *lb = userdata;

        return number < lb->n_learned && start >= lb->learned[number].from &&
               start < unseen_until(lb, number);
}

int look_back_is_due(LookBack *lb, Masker *masker)
{
        size_t end = 0;

        for (size_t i = 0; i < lb->n_learned; i++) {
                size_t until = unseen_until(lb, i);

                if (lb->learned[i].from < until && until > end)
                        end = until;
        }
        if (end == 0)
                return 0;
        if (end > lb->texts.size)
                return 1; /* in what was not kept */
        if (lb->texts.size - end > BEGINNING_MAX)
                end += BEGINNING_MAX;
        else
                end = lb->texts.size;
        return masker_find_known(masker, lb->texts.data, end, stands_unseen, lb);
}

static bool stands_there(void *userdata, size_t number, size_t start)
{
        (void) userdata;
        (void) number;
        (void) start;
        return true;
}

int look_back_concerns(LookBack *lb, Masker *masker, const Message *m)
{
        size_t begin;
        int r;

        look_back_clear(lb);
        r = look_back_add(lb, m, &begin);
        if (r < 0 || lb->size > lb->texts.size)
                return r < 0 ? r : 1;
        return masker_find_known(masker, lb->texts.data, lb->texts.size, stands_there, NULL);
}
