/* View: escapes of any depth become the characters they stand for */
#include "mask/view.h"

#include <string.h>

#include "base/terminal-text.h"
#include "base/vector.h"

/* A hyperlink's address in a terminal sequence may be long; what is longer is no sequence. */
#define OSC_MAX 2048

#define ESC 0x1B

typedef struct Unit {
        size_t from;   /* bytes of source */
        char bytes[4]; /* what they stand for */
        size_t n_bytes;
        bool unseen; /* nobody sees it where it stands */
} Unit;

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
                return (c | 0x20) - 'a' + 10;
        return -1;
}

/* @n hex digits at @p, or -1. */
static int read_hex(const char *p, size_t size, size_t n)
{
        int value = 0;

        if (size < n)
                return -1;
        for (size_t i = 0; i < n; i++) {
                int digit = hex_value(p[i]);

                if (digit < 0)
                        return -1;
                value = value * 16 + digit;
        }
        return value;
}

/* Unicode's default ignorable code points, as far as they are in use: they have no width. */
static bool is_ignorable(int c)
{
        return c == 0 || c == 0xAD || c == 0x34F || c == 0x61C || c == 0x180E ||
               (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
               (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF;
}

/* One that begins with the bytes that is_special() looks for, or a byte of text. */
static Unit read_wide(const char *p, size_t size)
{
        const unsigned char *u = (const unsigned char *) p;
        Unit plain = { 1, { p[0] }, 1 };
        size_t n = u[0] == 0 ? 1 : u[0] < 0xE0 ? 2 : 3;
        int c = 0;

        if (size < n)
                return plain;
        if (n == 2)
                c = (u[0] & 0x1F) << 6 | (u[1] & 0x3F);
        if (n == 3)
                c = (u[0] & 0x0F) << 12 | (u[1] & 0x3F) << 6 | (u[2] & 0x3F);
        if (!is_ignorable(c))
                return plain;
        plain = (Unit){ .from = n, .n_bytes = n, .unseen = true };
        memcpy(plain.bytes, p, n);
        return plain;
}

/* The length of a terminal sequence whose ESC is just before @p; 0: it is none. */
static size_t terminal_sequence(const char *p, size_t size)
{
        size_t i = 1;

        if (size == 0)
                return 0;
        if (p[0] == '[') {
                while (i < size && i < 32 && ((p[i] >= '0' && p[i] <= '?')))
                        i++;
                return i < size && p[i] >= '@' && p[i] <= '~' ? i + 1 : 0;
        }
        if (p[0] == ']') {
                for (; i < size && i < OSC_MAX; i++) {
                        if (p[i] == 0x07)
                                return i + 1;
                        if (p[i] == '\n' || p[i] == '"' || p[i] == '\\' || p[i] == ESC)
                                return 0;
                }
        }
        return 0;
}

/* "%3D" and the like, which stand round a secret in a URL. What a secret itself may hold ("%2B", "%40") stays. */
static Unit read_percent(const char *p, size_t size)
{
        static const char known[] = "=&\"' :{},\n";
        int value = read_hex(p + 1, size - 1, 2);

        if (value <= 0 || value >= 0x80 || !strchr(known, value))
                return (Unit){ 1, { '%' }, 1 };
        return (Unit){ 3, { (char) value }, 1 };
}

static bool is_id(const char *p, size_t n, const char *id)
{
        return n == strlen(id) && memcmp(p, id, n) == 0;
}

/* The length of the marker at @p; 0: there is none. */
static size_t marker_length(const View *v, const char *p, size_t size)
{
        const size_t n = strlen(MARKER_OPENING);
        size_t end = n;

        if (!v->known || size < n || memcmp(p, MARKER_OPENING, n) != 0)
                return 0;
        while (end < size && end - n <= RULE_ID_MAX && p[end] != ']')
                end++;
        if (end == size || p[end] != ']')
                return 0;
        if (!is_id(p + n, end - n, UNSCANNABLE) && !is_id(p + n, end - n, KNOWN_VALUE) &&
            !rule_ids_has(v->known, p + n, end - n))
                return 0;
        return end + 1;
}

static Unit read_bracket(const View *v, const char *p, size_t size)
{
        size_t n = marker_length(v, p, size);

        return n > 0 ? (Unit){ n, { MARKER }, 1 } : (Unit){ 1, { '[' }, 1 };
}

/* An ESC that took @from bytes to write, with the sequence that it begins. */
static Unit read_escape(const View *v, const char *p, size_t size, size_t from)
{
        size_t n = terminal_sequence(p + from, size - from);

        if (n == 0 || marker_length(v, p + from, size - from) > 0)
                return (Unit){ from, { ESC }, 1 };
        return (Unit){ from + n, { ' ' }, 1, true };
}

/* The character that @n backslashes and what follows them stand for; from = 0: they are backslashes. */
static Unit read_escaped(const View *v, const char *p, size_t size, size_t n)
{
        static const char letters[] = "nrtbf\"'/`";
        static const char meanings[] = "\n\r\t\b\f\"'/`";
        Unit u = { 0 };
        const char *letter;
        char c = p[n];
        int value = -1;

        if (c == 'u')
                value = read_hex(p + n + 1, size - n - 1, 4);
        else if (c == 'x')
                value = read_hex(p + n + 1, size - n - 1, 2);
        if (value >= 0) {
                u.from = n + (c == 'u' ? 5 : 3);
                u.n_bytes = utf8_write(u.bytes, (uint32_t) value);
                u.unseen = is_ignorable(value);
                return value == ESC ? read_escape(v, p, size, u.from) : u;
        }
        if (c == '0' && size - n >= 4 && memcmp(p + n, "033[", 4) == 0)
                return read_escape(v, p, size, n + 3);
        if (c == 'e' && size - n >= 2 && p[n + 1] == '[')
                return read_escape(v, p, size, n + 1);

        letter = c ? strchr(letters, c) : NULL;
        /* An even number of backslashes before a quote are escaped backslashes; the quote is its own. */
        if (!letter || ((c == '"' || c == '\'') && n % 2 == 0))
                return u;
        u.from = n + 1;
        u.bytes[0] = meanings[letter - letters];
        u.n_bytes = 1;
        return u;
}

static Unit read_unit(const View *v, const char *p, size_t size)
{
        size_t n = 0;

        if (p[0] == ESC)
                return read_escape(v, p, size, 1);
        if (p[0] == '%')
                return read_percent(p, size);
        if (p[0] == '[')
                return read_bracket(v, p, size);
        if (p[0] != '\\')
                return read_wide(p, size);
        while (n < size && p[n] == '\\')
                n++;
        if (n < size) {
                Unit u = read_escaped(v, p, size, n);

                if (u.from > 0)
                        return u;
        }
        return (Unit){ n, { '\\' }, 1 };
}

static bool is_word(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
}

/* The first bytes of what a marker begins with, and a character without width; all of it is looked at where they stand. */
static bool is_special(const char *p, size_t size)
{
        const unsigned char *u = (const unsigned char *) p;
        unsigned char next = size > 1 ? u[1] : 0;

        switch (u[0]) {
        case 0:
        case '\\':
        case ESC:
        case '%':
                return true;
        case '[':
                return next == (unsigned char) MARKER_OPENING[1];
        case 0xC2:
                return next == 0xAD;
        case 0xE2:
                return next == 0x80 || next == 0x81;
        case 0xEF:
                return next == 0xBB || next == 0xB8;
        default:
                return false;
        }
}

/* What a reader stops at: the special bytes; where it joins, also those that may end a line. */
typedef enum Stops {
        STOP_SPECIAL,
        STOP_LINES,
} Stops;

/* How many of the VECTOR bytes at @p, which one more follows, come before the first to stop at. */
static inline size_t plain_block(const char *p, Stops stops)
{
        Bytes bytes, next, special;

        memcpy(&bytes, p, sizeof(bytes));
        special = (Bytes) (bytes == '\\') | (Bytes) (bytes == ESC) | (Bytes) (bytes == '%') |
                  (Bytes) (bytes == 0);
        if (stops == STOP_LINES)
                special |= (Bytes) (bytes == '\n') | (Bytes) (bytes == '\r') |
                           (Bytes) (bytes == '=');
        /* Most of a text has nothing that the next byte decides. */
        if (!vector_any((Bytes) (bytes == '[') | (Bytes) (bytes >= 0x80)))
                return vector_first(special);
        memcpy(&next, p + 1, sizeof(next));
        special |= ((Bytes) (bytes == '[') & (Bytes) (next == MARKER_OPENING[1])) |
                   ((Bytes) (bytes == 0xC2) & (Bytes) (next == 0xAD)) |
                   ((Bytes) (bytes == 0xE2) & (Bytes) ((next | 1) == 0x81)) |
                   ((Bytes) (bytes == 0xEF) & (Bytes) ((next & 0xFC) == 0xB8));
        return vector_first(special);
}

static inline bool is_stop(const char *p, size_t size, Stops stops)
{
        return is_special(p, size) ||
               (stops == STOP_LINES && (*p == '\n' || *p == '\r' || *p == '='));
}

/* How many bytes there are before the first special one. */
static size_t plain_length(const char *p, size_t size)
{
        size_t i = 0;

        while (size - i > VECTOR) {
                size_t n = plain_block(p + i, STOP_SPECIAL);

                i += n;
                if (n < VECTOR)
                        return i;
        }
        while (i < size && !is_special(p + i, size - i))
                i++;
        return i;
}

/* Copies from @p to @to up to the first byte to stop at; both have room for @size. Returns how many bytes it copied. */
static inline size_t copy_plain(char *to, const char *p, size_t size, Stops stops)
{
        size_t i = 0;

        while (size - i > VECTOR) {
                size_t n;

                memcpy(to + i, p + i, VECTOR);
                n = plain_block(p + i, stops);
                i += n;
                if (n < VECTOR)
                        return i;
        }
        for (; i < size && !is_stop(p + i, size - i, stops); i++)
                to[i] = p[i];
        return i;
}

/* Lines are wrapped at 64 columns at least; the words that count are as long as secrets. */
#define WRAP_MIN 60
#define WORD_MIN 20

/* Does line @start..@end of @text end where it was wrapped, within a word that continues with the @size bytes at @next? */
static bool is_wrap(const char *text, size_t start, size_t end, const char *next, size_t size)
{
        size_t n = 1, after = 0;

        if (end - start < WRAP_MIN || size == 0 || !is_word(*next) || !is_word(text[end - 1]))
                return false;
        while (n < WORD_MIN && (unsigned char) text[end - n - 1] > ' ')
                n++;
        while (n + after < WORD_MIN && after < size && (unsigned char) next[after] > ' ')
                after++;
        return n + after >= WORD_MIN;
}

/* Does line @start..@i of the view perhaps end as is_wrap() wants it? What nobody sees is still in it. */
static bool may_be_wrap(const View *v, size_t start, size_t i)
{
        size_t n = 0, from, next, after = 0;

        if (i - start < WRAP_MIN)
                return false;
        if (v->text[i - 1] == '=')
                return true;
        view_range(v, i, i + 1, &from, &next);
        if (next == v->source_size || !is_word(v->source[next]))
                return false;
        while (n < WORD_MIN && (unsigned char) v->text[i - n - 1] > ' ')
                n++;
        if (n < WORD_MIN && (v->text[i - n - 1] == 0 || offset_map_piece(&v->map, i - n - 1)))
                return true;
        if (n == 0 || (!is_word(v->text[i - 1]) && (unsigned char) v->text[i - 1] < 0x80))
                return false;
        while (n + after < WORD_MIN && next + after < v->source_size &&
               (unsigned char) v->source[next + after] > ' ')
                after++;
        return n + after >= WORD_MIN;
}

/* How many of the WRAP_MIN bytes at @p the last end of a line is after, itself included; 0: there is none. */
static inline size_t after_last_line(const char *p)
{
        uint64_t ends = 0;

        for (size_t i = 0; i < 64; i += VECTOR) {
                Bytes bytes;

                memcpy(&bytes, p + i, sizeof(bytes));
                ends |= (uint64_t) vector_mask((Bytes) (bytes == '\n')) << i;
        }
        ends &= (UINT64_C(1) << WRAP_MIN) - 1;
        return ends ? 64 - (size_t) __builtin_clzll(ends) : 0;
}

bool view_may_join_lines(const View *v)
{
        const char *end;

        if (memchr(v->text, '\r', v->size))
                return true;
        for (size_t start = 0; v->size - start > WRAP_MIN; start = (size_t) (end - v->text) + 1) {
                /* Most lines are too short. */
                for (size_t n; v->size - start >= 64 && (n = after_last_line(v->text + start));)
                        start += n;
                end = memchr(v->text + start, '\n', v->size - start);
                if (!end)
                        return false;
                if (may_be_wrap(v, start, (size_t) (end - v->text)))
                        return true;
        }
        return false;
}

/* Reads the view that joins: what is kept of the text so far is in its buffer. */
static Unit read_joined(const View *v, const char *p, size_t size, size_t line, size_t out)
{
        Unit u = is_special(p, size) ? read_unit(v, p, size) : (Unit){ 1, { p[0] }, 1 };
        char next = u.from < size ? p[u.from] : 0;

        /* quoted-printable: a "=" before the end of a line */
        if (u.bytes[0] == '=' && u.n_bytes == 1 && u.from < size && out > line &&
            is_word(v->buffer[out - 1])) {
                const char *q = p + u.from;
                size_t rest = size - u.from;
                Unit end = is_special(q, rest) ? read_unit(v, q, rest) : (Unit){ 1, { q[0] }, 1 };

                u.unseen = end.n_bytes == 1 && (end.bytes[0] == '\n' || end.bytes[0] == '\r') &&
                           out - line >= WRAP_MIN;
        }
        if (u.n_bytes == 1 && u.bytes[0] == '\r' && (next == '\n' || next == '\\'))
                u.unseen = true;
        if (u.n_bytes == 1 && u.bytes[0] == '\n' &&
            is_wrap(v->buffer, line, out, p + u.from, size - u.from))
                u.unseen = true;
        if (u.unseen)
                u.n_bytes = 0;
        return u;
}

static int add_piece(View *v, size_t out, size_t at, const Unit *u)
{
        return offset_map_add(&v->map, (MapPiece){ (uint32_t) out, (uint32_t) (out + u->n_bytes),
                                                   (uint32_t) at, (uint32_t) (at + u->from) });
}

static int decode_joined(View *v, const char *p, size_t size)
{
        size_t out = 0, line = 0;

        for (size_t at = 0; at < size;) {
                size_t n = copy_plain(v->buffer + out, p + at, size - at, STOP_LINES);
                Unit u;

                at += n;
                out += n;
                if (at >= size)
                        break;
                if (p[at] == '\n' && !is_wrap(v->buffer, line, out, p + at + 1, size - at - 1)) {
                        v->buffer[out++] = p[at++];
                        line = out;
                        continue;
                }
                u = read_joined(v, p + at, size - at, line, out);
                memcpy(v->buffer + out, u.bytes, u.n_bytes);
                if ((u.from != u.n_bytes || v->buffer[out] != p[at]) &&
                    add_piece(v, out, at, &u) < 0)
                        return -ENOMEM;
                at += u.from;
                out += u.n_bytes;
                if (u.bytes[0] == '\n')
                        line = out;
        }
        v->text = v->buffer;
        v->size = out;
        return 0;
}

/* The first @plain bytes have nothing special. */
static int decode(View *v, const char *p, size_t size, size_t plain)
{
        size_t at = plain, out = plain;
        bool within = false; /* what is not seen began after a character of a word */

        memcpy(v->buffer, p, plain);
        while (at < size) {
                size_t n = copy_plain(v->buffer + out, p + at, size - at, STOP_SPECIAL);
                Unit u;

                if (n > 0) {
                        v->breaks = v->breaks || (within && is_word(p[at]));
                        within = false;
                }
                at += n;
                out += n;
                if (at >= size)
                        break;
                u = read_unit(v, p + at, size - at);
                within = u.unseen && (within || (out > 0 && is_word(v->buffer[out - 1])));
                memcpy(v->buffer + out, u.bytes, u.n_bytes);
                if ((u.from != u.n_bytes || v->buffer[out] != p[at]) &&
                    add_piece(v, out, at, &u) < 0)
                        return -ENOMEM;
                at += u.from;
                out += u.n_bytes;
        }
        v->text = v->buffer;
        v->size = out;
        return 0;
}

/* Bytes that are kept for the next text. */
#define KEPT_MAX ((size_t) 256 * 1024)

int view_set(View *v, const char *source, size_t size)
{
        size_t plain = v->join ? 0 : plain_length(source, size);

        v->map.n = 0;
        v->breaks = false;
        v->source = v->text = source;
        v->source_size = v->size = size;
        if (!v->join && plain == size)
                return 0;

        /* A view is never longer: the shortest escape of n bytes is longer than n. */
        if (v->allocated < size) {
                char *buffer;

                if (v->buffer)
                        explicit_bzero(v->buffer, v->allocated);
                free(v->buffer);
                v->allocated = 0;
                v->buffer = buffer = malloc(size);
                if (!buffer)
                        return -ENOMEM;
                v->allocated = size;
        }
        return v->join ? decode_joined(v, source, size) : decode(v, source, size, plain);
}

void view_done(View *v)
{
        if (v->buffer)
                explicit_bzero(v->buffer, v->allocated);
        free(v->buffer);
        offset_map_done(&v->map);
        *v = (View){ .known = v->known, .join = v->join };
}

void view_drop_if_large(View *v)
{
        if (v->allocated > KEPT_MAX)
                view_done(v);
}

size_t view_position(const View *v, size_t at)
{
        size_t low = 0, high = v->map.n;
        const MapPiece *p;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (v->map.pieces[middle].from_start <= at)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == 0)
                return at;
        p = &v->map.pieces[low - 1];
        return at < p->from_end ? p->start : at - p->from_end + p->end;
}

bool view_is_marker(const View *v, size_t at)
{
        const MapPiece *p = v->text[at] == MARKER ? offset_map_piece(&v->map, at) : NULL;

        return p && v->source[p->from_start] == '[';
}

bool view_joins_lines(const View *v, const MapPiece *p)
{
        char first = v->source[p->from_start], last = v->source[p->from_end - 1];

        return p->start == p->end && (first == '=' || first == '\n' || last == 'n');
}

ViewJoint view_joint(const View *v, size_t start, size_t end)
{
        ViewJoint joint = VIEW_JOINT_NONE;

        for (size_t i = offset_map_count(&v->map, start);
             i < v->map.n && v->map.pieces[i].start < end; i++) {
                const MapPiece *p = &v->map.pieces[i];
                const char *source = v->source + p->from_start;

                if (p->start < p->end)
                        continue;
                if (*source == '=')
                        return VIEW_JOINT_UNSEEN;
                if (view_joins_lines(v, p))
                        joint = VIEW_JOINT_LINES;
                else if (joint == VIEW_JOINT_NONE)
                        joint = VIEW_JOINT_UNSEEN;
        }
        return joint;
}

size_t view_escape_depth(const View *v, size_t at)
{
        const MapPiece *p = offset_map_piece(&v->map, at);
        size_t n = 0;

        for (; p && p->from_start + n < p->from_end && v->source[p->from_start + n] == '\\';)
                n++;
        return n;
}
