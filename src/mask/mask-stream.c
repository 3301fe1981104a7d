/* MaskStream: a window goes along the text */
#include "mask/mask-stream.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "mask/rule.h"
#include "mask/utf8.h"
#include "mask/view.h"

/* A rule looks no farther than this after its literal. */
#define REACH ((size_t) RULE_WINDOW_MAX)

/* A window that a single secret fills grows up to so many pieces. */
#define GROWTH_MAX 8

/* How far back a good place for a cut is looked for. */
#define CUT_SEARCH ((size_t) 16 * 1024)

/* What is taken of the input at once. */
#define FEED_MAX ((size_t) 64 * 1024)

/* The longest beginning of a character that is not whole. */
#define BROKEN_MAX 3

/* More is not noted of the first reading: what comes after it is searched again. */
#define PARTS_MAX    65536
#define FINDINGS_MAX 32768

/* What the first reading found from one cut to the next, so that the second one need not search it. */
typedef struct Part {
        uint64_t hash; /* of its text */
        size_t size;
        size_t n_findings; /* with those of all parts before it */
        bool last;
} Part;

struct MaskStream {
        Masker *masker;
        MaskSink sink;
        size_t piece;
        StrBuf window;
        size_t base;   /* of the window in the text */
        size_t done;   /* of the window: what went out */
        size_t wanted; /* it is searched when it is this long */
        size_t line;
        JsonLexer front, json; /* where the window begins; where s->done is */
        char rest[BROKEN_MAX]; /* the beginning of a character */
        size_t n_rest;
        StrBuf given;
        OffsetMap repairs;
        bool learning;
        bool noting; /* what this reading, the first one, finds */
        Part *parts;
        size_t n_parts, part;   /* the next one */
        Finding *noted, *again; /* with offsets in the text; of a part, with those in the window */
        size_t n_noted;
        const char *crosses; /* the rule of the secret that continues where the window is known up to; NULL: none does */
};

MaskStream *mask_stream_new(Masker *masker, size_t piece, const MaskSink *sink)
{
        MaskStream *s = xcalloc(1, sizeof(*s));

        assert(piece >= MASK_STREAM_PIECE_MIN);
        s->masker = masker;
        s->sink = *sink;
        s->piece = piece;
        mask_stream_begin(s, false);
        return s;
}

MaskStream *mask_stream_free(MaskStream *s)
{
        if (!s)
                return NULL;
        strbuf_wipe(&s->window);
        strbuf_wipe(&s->given);
        offset_map_done(&s->repairs);
        explicit_bzero(s->rest, sizeof(s->rest));
        free(s->parts);
        free(s->noted);
        free(s->again);
        free(s);
        return NULL;
}

/* How long the window must be for the next part, as in the first reading. */
static size_t wanted_of_part(const MaskStream *s)
{
        return s->done + s->parts[s->part].size + REACH + TEXT_BEHIND;
}

void mask_stream_begin(MaskStream *s, bool learning)
{
        strbuf_clear(&s->window);
        s->base = s->done = s->n_rest = 0;
        s->line = 1;
        s->front = s->json = (JsonLexer){ 0 };
        /* Copies of what is encoded are only found where all is searched. */
        if (learning || !s->learning || masker_knows_encoded(s->masker))
                s->n_parts = s->n_noted = 0;
        s->part = 0;
        s->learning = s->noting = learning;
        s->wanted = s->n_parts > 0 ? wanted_of_part(s) : 2 * s->piece;
}

static int put(MaskStream *s, const char *text, size_t size)
{
        if (s->learning || !s->sink.text || size == 0)
                return 0;
        return s->sink.text(s->sink.userdata, text, size);
}

static void count_lines(MaskStream *s, const char *text, size_t size)
{
        const char *p;

        for (; (p = memchr(text, '\n', size)); text = p + 1) {
                size -= (size_t) (p + 1 - text);
                s->line++;
        }
}

static int tell(MaskStream *s, const char *rule)
{
        if (s->learning || !s->sink.finding)
                return 0;
        return s->sink.finding(s->sink.userdata, s->line, rule);
}

static bool is_unscannable(const Finding *f)
{
        return strcmp(f->rule, UNSCANNABLE) == 0;
}

static int put_marker(MaskStream *s, const char *rule, bool quoted)
{
        const char *quote = quoted ? "\"" : "";
        int r = put(s, quote, strlen(quote));

        if (r >= 0)
                r = put(s, MARKER_OPENING, strlen(MARKER_OPENING));
        if (r >= 0)
                r = put(s, rule, strlen(rule));
        if (r >= 0)
                r = put(s, "]", 1);
        return r < 0 ? r : put(s, quote, strlen(quote));
}

/* The window from s->done to @to, as it is. */
static int put_plain(MaskStream *s, size_t to)
{
        const char *text = s->window.data;
        int r;

        if (to <= s->done)
                return 0;
        count_lines(s, text + s->done, to - s->done);
        r = put(s, text + s->done, to - s->done);
        s->done = to;
        return r;
}

/* A marker in place of the window from @start, or s->done, to @end. */
static int put_masked(MaskStream *s, size_t start, size_t end, const char *rule, bool quoted)
{
        int r = put_plain(s, start);

        if (r >= 0)
                r = put_marker(s, rule, quoted);
        count_lines(s, s->window.data + s->done, end - s->done);
        s->done = end;
        return r;
}

/* It cannot be searched: nothing of it stays but what JSON is made of. */
static int put_unscannable(MaskStream *s, size_t cut)
{
        JsonLexer lexer = s->json;
        size_t at = s->done;
        JsonToken t;
        int r = tell(s, UNSCANNABLE);

        while (r >= 0 && json_lexer_next(&lexer, s->window.data, s->window.size, cut, &at, &t) > 0)
                if (t.end > t.start)
                        r = put_masked(s, t.start, t.end, UNSCANNABLE, t.kind == JSON_NUMBER);
        return r < 0 ? r : put_plain(s, cut);
}

/* The window from s->done to @cut, which no finding crosses. */
static int put_window(MaskStream *s, const Masked *masked, size_t cut)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < masked->n_findings && s->done < cut; i++) {
                const Finding *f = masked->findings + i;

                if (is_unscannable(f))
                        return put_unscannable(s, cut);
                if (f->end <= s->done || f->start >= cut)
                        continue;
                r = put_plain(s, f->start);
                if (r >= 0)
                        r = tell(s, f->rule);
                if (r >= 0)
                        r = put_masked(s, f->start, f->end, f->rule, f->number);
        }
        return r < 0 ? r : put_plain(s, cut);
}

static bool is_token(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               strchr("+/-_=\\\r", c);
}

/*
 * A place at or before @high, not far, where nothing is cut: after a line that does not go on in the next one. Else before a
 * word; else before a character. In a long run of base64 it is a multiple of four characters after its beginning, so that
 * what comes after it can be read.
 */
static size_t find_cut(const char *text, size_t high)
{
        size_t low = high > CUT_SEARCH ? high - CUT_SEARCH : 0, at, run;

        for (at = high; at > low + 1; at--)
                if (text[at - 1] == '\n' && !is_token(text[at - 2]))
                        return at;
        for (at = high; at > low; at--)
                if (text[at - 1] == ' ')
                        return at;
        for (at = high; at > low && ((unsigned char) text[at] & 0xC0) == 0x80;)
                at--;
        for (run = at; run > 0 && is_token(text[run - 1]);)
                run--;
        return at - (at - run) % 4;
}

/* Moves @lexer, which is at @from of the window, to @to. Returns the last thing that it read. */
static JsonToken read_json(const MaskStream *s, JsonLexer *lexer, size_t from, size_t to)
{
        JsonToken t = { 0 };

        while (json_lexer_next(lexer, s->window.data, s->window.size, to, &from, &t) > 0)
                ;
        return t;
}

/* What is before the window's new part, and seen when it is searched, stays; the rest is forgotten. */
static void forget_front(MaskStream *s)
{
        size_t seen = REACH + TEXT_BEHIND, keep;

        if (s->done <= seen)
                return;
        keep = find_cut(s->window.data, s->done - seen);
        (void) read_json(s, &s->front, 0, keep);
        /* A window that began within an escape would take it for something else. */
        for (; json_lexer_in_escape(&s->front); keep++)
                (void) read_json(s, &s->front, keep, keep + 1);
        memmove(s->window.data, s->window.data + keep, s->window.size - keep + 1);
        s->window.size -= keep;
        s->base += keep;
        s->done -= keep;
}

/* It tells one text from another, no more. */
static uint64_t hash_part(const MaskStream *s, size_t size)
{
        return hash_bytes(&(HashKey){ 0 }, (s->window.data ?: "") + s->done, size);
}

/* Notes what there is from s->done to @cut, for the second reading. */
static void note_part(MaskStream *s, const Masked *masked, size_t cut, bool last)
{
        s->noting = s->noting && s->n_parts < PARTS_MAX;
        for (size_t i = 0; s->noting && i < masked->n_findings; i++) {
                Finding f = masked->findings[i];

                if (f.end <= s->done || f.start >= cut)
                        continue;
                s->noting = s->n_noted < FINDINGS_MAX && !is_unscannable(&f);
                f.start += s->base;
                f.end += s->base;
                if (s->noting)
                        APPEND(s->noted, s->n_noted, f);
        }
        if (s->noting)
                APPEND(s->parts, s->n_parts,
                       (Part){ hash_part(s, cut - s->done), cut - s->done, s->n_noted, last });
}

/* The part that the window begins with, as it was in the first reading; NULL: that noted none, or the text has changed. */
static const Part *next_part(MaskStream *s, bool last)
{
        size_t rest = s->window.size - s->done;
        const Part *part;

        if (s->learning || s->part == s->n_parts)
                return NULL;
        part = s->parts + s->part;
        if (part->last == last && (last ? rest == part->size : rest > part->size) &&
            part->hash == hash_part(s, part->size)) {
                s->part++;
                return part;
        }
        s->n_parts = s->part;
        return NULL;
}

/* The first of its findings; its n_findings is where they end. */
static size_t first_finding(const MaskStream *s, const Part *part)
{
        return part > s->parts ? part[-1].n_findings : 0;
}

/* Of the part: is a secret that may begin at @at of it another one than what was found there? */
static bool is_news(void *userdata, size_t number, size_t at)
{
        const MaskStream *s = userdata;
        const Part *part = s->parts + s->part - 1;
        size_t low = first_finding(s, part), high = part->n_findings;

        if (at >= part->size)
                return false;
        at += s->base + s->done;
        while (low < high) {
                const Finding *f = s->noted + (low + high) / 2;

                if (f->start <= at && at < f->end)
                        return f->fingerprint != masker_remembered(s->masker, number).fingerprint;
                if (f->start > at)
                        high = (low + high) / 2;
                else
                        low = (low + high) / 2 + 1;
        }
        return true;
}

/* What was found in the part, if no secret that was learned after it stands there, too. Returns 1, 0 or -ENOMEM. */
static int find_again(MaskStream *s, const Part *part, Masked *ret)
{
        size_t n = 0, rest = s->window.size - s->done;
        int r;

        r = masker_find_known(s->masker, s->window.data + s->done,
                              rest < part->size + REACH ? rest : part->size + REACH, is_news, s);
        if (r != 0)
                return r < 0 ? r : 0;
        for (size_t i = first_finding(s, part); i < part->n_findings; i++) {
                Finding f = s->noted[i];

                f.start -= s->base;
                f.end -= s->base;
                APPEND(s->again, n, f);
        }
        *ret = (Masked){ .findings = s->again, .n_findings = n };
        return 1;
}

/* Where what is known of the window ends, at @cut or before a secret that goes on there. */
static size_t find_end(MaskStream *s, const Masked *masked, size_t cut)
{
        for (size_t i = 0; i < masked->n_findings; i++) {
                const Finding *f = masked->findings + i;

                if (f->start < cut && f->end > cut && !is_unscannable(f)) {
                        cut = f->start;
                        s->crosses = f->rule;
                }
        }
        return cut;
}

/* Moves @lexer from where s->done is to @cut, or to before the number or the escape that is there. Returns where that is. */
static size_t read_to_cut(const MaskStream *s, JsonLexer *lexer, size_t cut)
{
        JsonToken t = read_json(s, lexer, s->done, cut);

        if (t.kind == JSON_NUMBER && json_lexer_in_number(lexer))
                cut = t.start;
        else if (t.kind == JSON_STRING && json_lexer_in_escape(lexer))
                cut = json_unit_start(s->window.data, t.start, cut);
        else
                return cut;
        *lexer = s->json;
        (void) read_json(s, lexer, s->done, cut);
        return cut;
}

/* Where the window is cut if no secret goes on there. */
static size_t last_cut(const MaskStream *s, const Part *part, bool last)
{
        if (last)
                return s->window.size;
        return part ? s->done + part->size
                    : find_cut(s->window.data, s->window.size - REACH - TEXT_BEHIND);
}

static int mask_window(MaskStream *s, bool last)
{
        const Part *seen = next_part(s, last);
        size_t size = s->window.size, most = GROWTH_MAX * s->piece, end, cut;
        TextPart part = { .from = s->done > REACH ? s->done - REACH : 0,
                          .until = last ? size : size - REACH,
                          .goes_on = !last,
                          .json = &s->front };
        JsonLexer json = s->json;
        Masked masked;
        int r = seen ? find_again(s, seen, &masked) : 0;

        if (r == 0)
                r = masker_mask_part(s->masker, s->window.data ?: "", size, part, &masked);
        if (r < 0)
                return r;
        s->crosses = NULL;
        end = last_cut(s, seen, last);
        cut = last ? end : read_to_cut(s, &json, find_end(s, &masked, end));
        if (seen && cut != end) /* a secret goes on there that was not known */
                s->n_parts = s->part;
        if (last || cut > s->done) {
                note_part(s, &masked, cut, last);
                r = put_window(s, &masked, cut);
                s->json = json;
                forget_front(s);
                s->wanted = s->part < s->n_parts && !s->learning
                                            ? wanted_of_part(s)
                                            : s->done + s->piece + REACH + TEXT_BEHIND;
        } else if (size < most) {
                s->wanted = 2 * size < most ? 2 * size : most;
        } else {
                s->noting = false;
                r = tell(s, UNSCANNABLE);
                if (r >= 0)
                        r = put_marker(s, UNSCANNABLE, false);
                return r < 0 ? r : -EFBIG;
        }
        return r;
}

/* How many bytes at the end of @text are the beginning of a character that is not whole. */
static size_t unfinished(const char *text, size_t size)
{
        for (size_t n = 1; n <= BROKEN_MAX && n <= size; n++) {
                unsigned char c = (unsigned char) text[size - n];

                if (c >= 0xC0)
                        return n < (c < 0xE0 ? 2u : c < 0xF0 ? 3u : 4u) ? n : 0;
                if (c < 0x80)
                        return 0;
        }
        return 0;
}

/* Appends to the window, repaired; the beginning of a character waits for the rest, unless this is the @last. */
static int take(MaskStream *s, const char *bytes, size_t size, bool last)
{
        size_t n;
        int r;

        strbuf_clear(&s->given);
        (void) strbuf_append(&s->given, s->rest, s->n_rest);
        r = strbuf_append(&s->given, bytes, size);
        if (r < 0)
                return r;
        s->n_rest = last ? 0 : unfinished(s->given.data, s->given.size);
        n = s->given.size - s->n_rest;
        memcpy(s->rest, s->given.data + n, s->n_rest);
        s->repairs.n = 0;
        return utf8_repair(s->given.data, n, &s->window, &s->repairs);
}

const char *mask_stream_endless(const MaskStream *s, size_t *ret_line)
{
        *ret_line = s->line;
        return s->crosses;
}

int mask_stream_feed(MaskStream *s, const char *bytes, size_t size)
{
        int r = 0;

        for (size_t at = 0, n; r >= 0 && at < size; at += n) {
                n = size - at > FEED_MAX ? FEED_MAX : size - at;
                r = take(s, bytes + at, n, false);
                while (r >= 0 && s->window.size >= s->wanted)
                        r = mask_window(s, false);
        }
        return r;
}

int mask_stream_end(MaskStream *s)
{
        int r = take(s, NULL, 0, true);

        return r < 0 ? r : mask_window(s, true);
}
