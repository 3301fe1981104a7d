/* Masker: a text in, the same text without secrets out */
#include "mask/masker.h"

#include <string.h>

#include "mask/encoded.h"
#include "mask/json.h"
#include "mask/recall.h"
#include "mask/scanner.h"
#include "mask/utf8.h"
#include "mask/view.h"

/* Masking is repeated on its own output until nothing changes; what has not settled then is masked whole. */
#define ROUNDS_MAX 8

/* Memory that is kept for the next text. */
#define BUFFER_KEPT_MAX  ((size_t) 256 * 1024)
#define REPAIRS_KEPT_MAX 4096

/* A remembered secret is looked for in pieces of a text; after each the view goes on, so that one that begins in it is seen
 * whole, with its escapes. */
#define FIND_CHUNK ((size_t) 512 * 1024)
#define FIND_AHEAD ((size_t) 64 * 1024)

/* A text with more secrets is a list of them, and masked whole: each is a row of the archive. */
#define FINDINGS_MAX 20000

struct Masker {
        Scanner *scanner;
        Recall *recall;        /* made when it is needed */
        const Rule *last_rule; /* see find_rule() */
        KnownValues *values;   /* NULL: none */
        Scanner *inner;        /* of what is encoded in a text; made when there is some */
        StrBuf decoded;
        Spans inner_spans;
        Ruleset *rules; /* the scanner has a reference */
        HashKey key;
        StrBuf clean; /* the input, where its UTF-8 had to be repaired */
        OffsetMap repairs;
        StrBuf output;
        OffsetMap edits; /* from output to the clean input */
        Spans spans;     /* what is replaced in the clean input */
        Spans found;     /* what one round found in its text */
        View view;       /* of what masker_find_known() searches */
        Finding *findings;
};

Masker *masker_new(Ruleset *rules, const HashKey *key)
{
        Masker *m = xcalloc(1, sizeof(*m));

        m->key = *key;
        m->rules = rules;
        m->view.known = ruleset_ids(rules);
        m->scanner = scanner_new(rules, key);
        return m;
}

Masker *masker_free(Masker *m)
{
        if (!m)
                return NULL;
        strbuf_wipe(&m->clean);
        strbuf_done(&m->output);
        offset_map_done(&m->repairs);
        offset_map_done(&m->edits);
        spans_done(&m->spans);
        spans_done(&m->found);
        spans_done(&m->inner_spans);
        strbuf_wipe(&m->decoded);
        (void) scanner_free(m->inner);
        view_done(&m->view);
        (void) scanner_free(m->scanner);
        (void) recall_free(m->recall);
        (void) known_values_unref(m->values);
        free(m->findings);
        free(m);
        return NULL;
}

void masker_add_home(Masker *m, const char *home)
{
        scanner_add_home(m->scanner, home);
}

static void set_given(const Masker *m, Scanner *s)
{
        if (s)
                known_set_given(scanner_known(s), m->values ? known_values_set(m->values) : NULL);
}

void masker_set_known_values(Masker *m, KnownValues *values)
{
        KnownValues *before = m->values;

        m->values = known_values_ref(values);
        set_given(m, m->scanner);
        set_given(m, m->inner);
        (void) known_values_unref(before);
}

bool masker_has_known_values(const Masker *m)
{
        return m->values != NULL;
}

/* A large text leaves large buffers behind; usual ones are kept for the next text. */
static void drop_if_large(StrBuf *b)
{
        if (b->allocated > BUFFER_KEPT_MAX)
                strbuf_wipe(b);
}

char *masker_take_text(Masker *m, const Masked *masked)
{
        StrBuf *buffers[] = { &m->output, &m->clean };
        char *text;

        for (size_t i = 0; i < ELEMENTSOF(buffers); i++)
                if (masked->text == buffers[i]->data && buffers[i]->allocated > BUFFER_KEPT_MAX) {
                        text = buffers[i]->data;
                        *buffers[i] = (StrBuf){ 0 };
                        drop_if_large(&m->clean); /* what it was made from */
                        return text;
                }
        return NULL;
}

void masker_set_progress(Masker *m, MaskProgress progress, void *userdata)
{
        Budget *b = scanner_budget(m->scanner);

        b->progress = progress;
        b->userdata = userdata;
}

void masker_forget(Masker *m)
{
        drop_if_large(&m->output);
        drop_if_large(&m->clean);
        drop_if_large(&m->decoded);
        if (m->inner)
                scanner_forget(m->inner);
        view_drop_if_large(&m->view);
        if (m->repairs.allocated > REPAIRS_KEPT_MAX)
                offset_map_done(&m->repairs);
        scanner_forget(m->scanner);
        if (m->recall)
                recall_clear(m->recall);
}

size_t masker_n_known(const Masker *m)
{
        return scanner_n_known(m->scanner);
}

bool masker_knows_encoded(const Masker *m)
{
        return m->inner && scanner_n_known(m->inner) > 0;
}

bool masker_is_full(const Masker *m)
{
        return known_is_full(scanner_known(m->scanner));
}

typedef struct Search {
        const View *view;
        size_t base; /* of the view in the text */
        KnownFunc func;
        void *userdata;
} Search;

static bool on_known(void *userdata, size_t number, size_t at)
{
        const Search *s = userdata;
        size_t start, end;

        view_range(s->view, at, at, &start, &end);
        return s->func(s->userdata, number, s->base + start);
}

/* Makes the view of the chunk of @text that begins at @base; with @join, without what breaks words. */
static int view_chunk(Masker *m, const char *text, size_t size, size_t base, bool join)
{
        size_t rest = size - base;
        int r;

        m->view.join = join;
        r = view_set(&m->view, text + base,
                     rest < FIND_CHUNK + FIND_AHEAD ? rest : FIND_CHUNK + FIND_AHEAD);
        m->view.join = false;
        return r;
}

static int find_in_view(Masker *m, Search *search)
{
        return known_find(scanner_known(m->scanner), m->view.text, m->view.size, on_known, search,
                          scanner_budget(m->scanner));
}

int masker_find_known(Masker *m, const char *text, size_t size, KnownFunc func, void *userdata)
{
        Search search = { .view = &m->view, .func = func, .userdata = userdata };
        int r = 0;

        if (masker_n_known(m) == 0)
                return 0;
        budget_begin(scanner_budget(m->scanner), size);
        for (; r == 0 && search.base < size; search.base += FIND_CHUNK) {
                r = view_chunk(m, text, size, search.base, false);
                if (r >= 0)
                        r = find_in_view(m, &search);
                if (r != 0 || !m->view.breaks)
                        continue;
                r = view_chunk(m, text, size, search.base, true);
                if (r >= 0)
                        r = find_in_view(m, &search);
        }
        return r;
}

Remembered masker_remembered(const Masker *m, size_t number)
{
        const KnownSecret *s = known_secret(scanner_known(m->scanner), number);

        return (Remembered){ s->fingerprint,
                             recall_shape(&m->key, s->text, s->size, s->fingerprint), s->rule };
}

/* The rule of that id, or NULL. Many secrets are of the same one. */
static const Rule *find_rule(Masker *m, const char *id)
{
        static const Rule known_value = { .id = (char *) KNOWN_VALUE, .rank = KNOWN_VALUE_RANK };
        const Ruleset *rules = m->rules;

        if (strcmp(id, KNOWN_VALUE) == 0)
                return m->values ? &known_value : NULL;
        if (m->last_rule && strcmp(m->last_rule->id, id) == 0)
                return m->last_rule;
        for (size_t i = 0; i < rules->n_rules; i++)
                if (strcmp(rules->rules[i].id, id) == 0)
                        return m->last_rule = rules->rules + i;
        return NULL;
}

bool masker_add_remembered(Masker *m, const Remembered *remembered)
{
        const Rule *rule = find_rule(m, remembered->rule);

        if (!rule)
                return false;
        if (!m->recall)
                m->recall = recall_new(&m->key);
        recall_add(m->recall, remembered->fingerprint, remembered->shape, rule->id, rule->rank);
        return true;
}

int masker_recall(Masker *m, const char *text, size_t size)
{
        bool found = false;
        int r;

        if (!m->recall || recall_n(m->recall) == 0)
                return 0;
        for (size_t base = 0; base < size; base += FIND_CHUNK) {
                bool join = false;

                do {
                        r = view_chunk(m, text, size, base, join);
                        if (r < 0)
                                return r;
                        if (recall_find(m->recall, m->view.text, m->view.size,
                                        scanner_known(m->scanner)))
                                found = true;
                        join = !join && m->view.breaks;
                } while (join);
        }
        return found;
}

/* The part of @span in @t. */
static Span clip(const char *text, Span span, const JsonToken *t)
{
        bool from_outside = span.context < t->start;

        if (t->kind == JSON_TEXT) {
                span.start = span.start > t->start ? span.start : t->start;
                span.end = span.end < t->end ? span.end : t->end;
                return span;
        }
        if (t->kind == JSON_NUMBER) {
                span.start = t->start;
                span.end = t->end;
                span.number = true;
                return span;
        }
        span.start = span.start > t->start ? json_unit_start(text, t->start, span.start) : t->start;
        span.end = span.end < t->end ? json_unit_end(text, t->start, span.end, t->end) : t->end;
        /* What tells it stands in another string (its key): then all of this one is the value. */
        if (from_outside && span.rule && span.start == t->start)
                span.end = t->end;
        return span;
}

/* Cuts the spans so that each lies within one string, or in what is no JSON, or is a number. */
static int fit_json(Spans *spans, JsonLexer lexer, const char *text, size_t size)
{
        _cleanup_(spans_done) Spans fitted = { 0 };
        size_t at = 0, i = 0;
        JsonToken t;

        while (i < spans->n && json_lexer_next(&lexer, text, size, size, &at, &t) > 0) {
                while (i < spans->n && spans->items[i].end <= t.start)
                        i++;
                for (size_t k = i; k < spans->n && spans->items[k].start < t.end; k++)
                        if (spans_add(&fitted, clip(text, spans->items[k], &t)) < 0)
                                return -ENOMEM;
        }
        spans_done(spans);
        *spans = fitted;
        fitted = (Spans){ 0 };
        spans_merge(spans);
        return 0;
}

/* Writes the text with its spans replaced to m->output, and m->edits. */
static int write_output(Masker *m, const char *text, size_t size)
{
        size_t at = 0;

        strbuf_clear(&m->output);
        m->edits.n = 0;
        for (size_t i = 0; i < m->spans.n; i++) {
                const Span *s = &m->spans.items[i];
                const char *quote = s->number ? "\"" : "";
                MapPiece piece;

                (void) strbuf_append(&m->output, text + at, s->start - at);
                piece = (MapPiece){ .start = (uint32_t) m->output.size,
                                    .from_start = (uint32_t) s->start,
                                    .from_end = (uint32_t) s->end };
                if (s->rule)
                        (void) strbuf_printf(&m->output, "%s" MARKER_OPENING "%s]%s", quote,
                                             s->rule, quote);
                else
                        (void) strbuf_putc(&m->output, '~');
                piece.end = (uint32_t) m->output.size;
                if (offset_map_add(&m->edits, piece) < 0)
                        return -ENOMEM;
                at = s->end;
        }
        return strbuf_append(&m->output, text + at, size - at);
}

/* How much is replaced; grows with every span that is new or longer. */
static size_t covered(const Spans *spans)
{
        size_t n = 0;

        for (size_t i = 0; i < spans->n; i++)
                n += spans->items[i].end - spans->items[i].start;
        return n;
}

/* Takes over what a round found in the output of the last one. Returns 1 (something new), 0 or -ENOMEM. */
static int take_found(Masker *m, const JsonLexer *json, const char *text, size_t size)
{
        size_t before = covered(&m->spans);

        for (size_t i = 0; i < m->found.n; i++) {
                Span s = m->found.items[i];
                size_t unused;

                offset_map_range(&m->edits, s.context, s.context, &s.context, &unused);
                offset_map_range(&m->edits, s.start, s.end, &s.start, &s.end);
                if (spans_add(&m->spans, s) < 0)
                        return -ENOMEM;
        }
        spans_merge(&m->spans);
        if (json && m->found.n > 0 && fit_json(&m->spans, *json, text, size) < 0)
                return -ENOMEM;
        return covered(&m->spans) != before;
}

/* Adds what is a secret in @e, when it is decoded, to m->found. Returns 0, 1 (it cannot be searched) or -ENOMEM. */
static int find_decoded(Masker *m, const char *text, Encoded *e)
{
        int r;

        if (!m->inner)
                m->inner = scanner_new(m->rules, &m->key);
        set_given(m, m->inner);
        m->inner_spans.n = 0;
        /* One budget for all that is encoded in the text, and the text. */
        *scanner_budget(m->inner) = *scanner_budget(m->scanner);
        r = scanner_run(m->inner, m->decoded.data, m->decoded.size,
                        (TextPart){ .until = m->decoded.size }, &m->inner_spans);
        *scanner_budget(m->scanner) = *scanner_budget(m->inner);
        for (size_t i = 0; r == 0 && i < m->inner_spans.n; i++) {
                Span s = m->inner_spans.items[i];

                encoded_range(text, e, s.start, s.end, &s.start, &s.end);
                s.context = s.start;
                r = spans_add(&m->found, s);
        }
        return r;
}

/* The same for all that is encoded in @text. */
static int find_encoded(Masker *m, const char *text, size_t size)
{
        Encoded e;
        size_t at = 0;
        int r;

        while ((r = encoded_next(text, size, &at, &e, &m->decoded)) > 0) {
                r = find_decoded(m, text, &e);
                if (r != 0)
                        break;
        }
        return r;
}

/* @part of a text of @size bytes in what write_output() made of it. */
static TextPart part_of_output(const Masker *m, TextPart part, size_t size)
{
        size_t after = size - part.until;

        for (size_t i = 0; i < m->spans.n && m->spans.items[i].start < part.from; i++)
                part.from = m->spans.items[i].start;
        part.until = m->output.size > after ? m->output.size - after : m->output.size;
        part.from = part.from < part.until ? part.from : part.until;
        return part;
}

/*
 * Searches what write_output() made, where it is another text than before: far from what was replaced each rule finds what it
 * found there. Where there is a secret more to know, all of @part is searched. Returns as scanner_run().
 */
static int search_again(Masker *m, TextPart part)
{
        const char *text = m->output.data;
        size_t size = m->output.size, n_known = scanner_n_known(m->scanner);
        const OffsetMap *edits = &m->edits;
        int r = 0;

        for (size_t i = 0; r == 0 && i < edits->n;) {
                size_t start = edits->pieces[i].start, end = edits->pieces[i].end;
                TextPart near = part;

                while (++i < edits->n && edits->pieces[i].start <= end + 2 * RULE_WINDOW_MAX)
                        end = edits->pieces[i].end;
                if (start > part.from + RULE_WINDOW_MAX)
                        near.from = start - RULE_WINDOW_MAX;
                if (part.until > end + RULE_WINDOW_MAX)
                        near.until = end + RULE_WINDOW_MAX;
                if (near.from < near.until)
                        r = scanner_run(m->scanner, text, size, near, &m->found);
        }
        if (r == 0 && scanner_n_known(m->scanner) > n_known)
                r = scanner_run(m->scanner, text, size, part, &m->found);
        return r;
}

/* Finds all there is in @part of @text. Returns 1 (m->output has it masked), 0 (it is clean), -EOVERFLOW (it cannot be
 * searched) or -ENOMEM. */
static int mask_text(Masker *m, const char *text, size_t size, TextPart part)
{
        TextPart part_now = part;
        const char *now = text;
        size_t now_size = size;
        int r;

        m->spans.n = 0;
        m->edits.n = 0;
        for (int round = 0; round < ROUNDS_MAX; round++) {
                m->found.n = 0;
                r = round > 0 ? search_again(m, part_now)
                              : scanner_run(m->scanner, now, now_size, part_now, &m->found);
                if (r == 0)
                        r = find_encoded(m, now, now_size);
                if (r < 0)
                        return r;
                if (r > 0)
                        return -EOVERFLOW;
                r = take_found(m, part.json, text, size);
                if (r < 0)
                        return r;
                if (r == 0)
                        return m->spans.n > 0;
                r = write_output(m, text, size);
                if (r < 0)
                        return r;
                now = m->output.data;
                now_size = m->output.size;
                part_now = part_of_output(m, part, size);
        }
        return -EOVERFLOW;
}

static size_t count_secrets(const Spans *spans)
{
        size_t n = 0;

        for (size_t i = 0; i < spans->n; i++)
                n += spans->items[i].rule != NULL;
        return n;
}

/* The findings, with offsets in the text as it came. Returns 0 or -ENOMEM. */
static int list_findings(Masker *m, size_t *ret_n)
{
        size_t n = 0;

        for (size_t i = 0; i < m->spans.n; i++) {
                const Span *s = &m->spans.items[i];
                Finding f = { .rule = s->rule, .fingerprint = s->fingerprint, .number = s->number };

                if (!s->rule)
                        continue;
                offset_map_range(&m->repairs, s->start, s->end, &f.start, &f.end);
                if (TRY_APPEND(m->findings, n, f) < 0)
                        return -ENOMEM;
        }
        *ret_n = n;
        return 0;
}

static int mask_whole(Masker *m, bool json, const char *text, size_t size, Masked *ret)
{
        Finding f = { UNSCANNABLE, 0, size, hash_bytes(&m->key, text, size) };
        const char *quote = json ? "\"" : "";
        size_t n = 0;
        int r;

        strbuf_clear(&m->output);
        r = strbuf_printf(&m->output, "%s" MARKER_OPENING UNSCANNABLE "]%s", quote, quote);
        if (r < 0)
                return r;
        APPEND(m->findings, n, f);
        *ret = (Masked){ m->output.data, m->output.size, m->findings, 1 };
        return 0;
}

/* m->repairs is how @text came to be what it is; @document: JSON, all of it. */
static int mask_part(Masker *m, bool document, const char *text, size_t size, TextPart part,
                     Masked *ret)
{
        int r;

        if (size >= INT32_MAX)
                return mask_whole(m, false, text, size, ret);
        budget_begin(scanner_budget(m->scanner), size);
        r = mask_text(m, text, size, part);
        if (r == -EOVERFLOW || (r > 0 && count_secrets(&m->spans) > FINDINGS_MAX))
                return mask_whole(m, document, text, size, ret);
        if (r < 0)
                return r;
        if (r == 0) {
                *ret = (Masked){ .text = text, .size = size };
                return 0;
        }
        *ret = (Masked){ .text = m->output.data, .size = m->output.size };
        r = list_findings(m, &ret->n_findings);
        ret->findings = m->findings;
        return r;
}

int masker_mask_part(Masker *m, const char *text, size_t size, TextPart part, Masked *ret)
{
        m->repairs.n = 0;
        return mask_part(m, false, text, size, part, ret);
}

int masker_mask(Masker *m, MaskFormat format, const char *text, size_t size, Masked *ret)
{
        const JsonLexer document = json_lexer_document(), lines = { 0 };
        const char *clean = text ?: "";
        size_t clean_size = size;
        TextPart part = { 0 };
        bool is_document;
        int r;

        m->repairs.n = 0;
        if (utf8_valid_length(clean, size) < size) {
                strbuf_clear(&m->clean);
                r = utf8_repair(text, size, &m->clean, &m->repairs);
                if (r == -EOVERFLOW)
                        return mask_whole(m, false, text, size, ret);
                if (r < 0)
                        return r;
                clean = m->clean.data;
                clean_size = m->clean.size;
        }
        part.until = clean_size;
        is_document = format == MASK_JSON && json_is_valid(clean, clean_size);
        if (format == MASK_JSON)
                part.json = is_document ? &document : &lines;
        return mask_part(m, is_document, clean, clean_size, part, ret);
}
