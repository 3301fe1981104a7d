/* MaskStream: a window goes along the text */
#include "mask/mask-stream.h"

#include <assert.h>
#include <string.h>

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

struct MaskStream {
        Masker *masker;
        MaskSink sink;
        size_t piece;
        StrBuf window;
        size_t done;   /* of the window: what went out */
        size_t wanted; /* it is searched when it is this long */
        size_t line;
        char rest[BROKEN_MAX]; /* the beginning of a character */
        size_t n_rest;
        StrBuf given;
        OffsetMap repairs;
        bool learning;
        bool is_long;
        bool stopped; /* all that comes is dropped */
};

int mask_stream_new(Masker *masker, size_t piece, const MaskSink *sink, MaskStream **ret)
{
        MaskStream *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        assert(piece >= MASK_STREAM_PIECE_MIN);
        s->masker = masker;
        s->sink = *sink;
        s->piece = piece;
        mask_stream_begin(s, false);
        *ret = s;
        return 0;
}

MaskStream *mask_stream_free(MaskStream *s)
{
        if (!s)
                return NULL;
        strbuf_wipe(&s->window);
        strbuf_wipe(&s->given);
        offset_map_done(&s->repairs);
        explicit_bzero(s->rest, sizeof(s->rest));
        free(s);
        return NULL;
}

void mask_stream_begin(MaskStream *s, bool learning)
{
        strbuf_clear(&s->window);
        s->done = s->n_rest = 0;
        s->wanted = 2 * s->piece;
        s->line = 1;
        s->learning = learning;
        s->is_long = s->stopped = false;
}

bool mask_stream_is_long(const MaskStream *s)
{
        return s->is_long;
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

static int put_marker(MaskStream *s, const char *rule)
{
        int r = tell(s, rule);

        if (r >= 0)
                r = put(s, MARKER_OPENING, strlen(MARKER_OPENING));
        if (r >= 0)
                r = put(s, rule, strlen(rule));
        return r < 0 ? r : put(s, "]", 1);
}

/* The window from s->done to @cut, which no finding crosses. */
static int put_masked(MaskStream *s, const Masked *masked, size_t cut)
{
        const char *text = s->window.data;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < masked->n_findings && s->done < cut; i++) {
                const Finding *f = masked->findings + i;
                size_t start = f->start > s->done ? f->start : s->done,
                       end = f->end < cut ? f->end : cut;

                if (end <= start)
                        continue;
                count_lines(s, text + s->done, start - s->done);
                r = put(s, text + s->done, start - s->done);
                if (r >= 0)
                        r = put_marker(s, f->rule);
                count_lines(s, text + start, end - start);
                s->done = end;
        }
        if (r < 0 || s->done >= cut)
                return r;
        count_lines(s, text + s->done, cut - s->done);
        r = put(s, text + s->done, cut - s->done);
        s->done = cut;
        return r;
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

/* What is before the window's new part, and seen when it is searched, stays; the rest is forgotten. */
static void forget_front(MaskStream *s)
{
        size_t seen = REACH + TEXT_BEHIND, keep;

        if (s->done <= seen)
                return;
        keep = find_cut(s->window.data, s->done - seen);
        memmove(s->window.data, s->window.data + keep, s->window.size - keep + 1);
        s->window.size -= keep;
        s->done -= keep;
}

/* Where what is known of the window ends: before a secret that goes on there. */
static size_t find_end(MaskStream *s, const Masked *masked)
{
        size_t cut = find_cut(s->window.data, s->window.size - REACH - TEXT_BEHIND);

        for (size_t i = 0; i < masked->n_findings; i++) {
                const Finding *f = masked->findings + i;

                if (f->start < cut && f->end > cut && !is_unscannable(f))
                        cut = f->start;
        }
        return cut;
}

/* One secret fills all of the window: what comes after it can no longer be told from it. */
static int stop(MaskStream *s)
{
        s->stopped = true;
        s->window.size = s->done = 0;
        return put_marker(s, UNSCANNABLE);
}

static int mask_window(MaskStream *s, bool last)
{
        size_t size = s->window.size, cut;
        TextPart part = { .from = s->done > REACH ? s->done - REACH : 0,
                          .until = last ? size : size - REACH,
                          .goes_on = !last };
        Masked masked;
        int r;

        s->is_long = true;
        r = masker_mask_part(s->masker, MASK_TEXT, s->window.data ?: "", size, part, &masked);
        if (r < 0)
                return r;
        cut = last ? size : find_end(s, &masked);
        if (cut > s->done) {
                r = put_masked(s, &masked, cut);
                forget_front(s);
                s->wanted = s->done + s->piece + REACH + TEXT_BEHIND;
        } else if (size < GROWTH_MAX * s->piece)
                s->wanted = size + s->piece;
        else
                r = stop(s);
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

int mask_stream_feed(MaskStream *s, const char *bytes, size_t size)
{
        int r = 0;

        for (size_t at = 0, n; r >= 0 && at < size && !s->stopped; at += n) {
                n = size - at > FEED_MAX ? FEED_MAX : size - at;
                r = take(s, bytes + at, n, false);
                if (r >= 0 && s->window.size >= s->wanted)
                        r = mask_window(s, false);
        }
        return r;
}

/* All of it, which is in the window. */
static int mask_whole(MaskStream *s)
{
        Masked masked;
        int r = masker_mask(s->masker, MASK_JSON, s->window.data, s->window.size, &masked);

        for (size_t i = 0; r >= 0 && i < masked.n_findings; i++) {
                size_t start = masked.findings[i].start;

                count_lines(s, s->window.data + s->done, start - s->done);
                s->done = start;
                r = tell(s, masked.findings[i].rule);
        }
        return r < 0 ? r : put(s, masked.text, masked.size);
}

int mask_stream_end(MaskStream *s)
{
        int r;

        if (s->stopped)
                return 0;
        r = take(s, NULL, 0, true);
        if (r < 0)
                return r;
        return s->is_long ? mask_window(s, true) : mask_whole(s);
}
