/* A line of mask --jsonl, read and written without a tree */
#include "ctl/mask-line.h"

#include <stdint.h>
#include <string.h>

#include "base/terminal-text.h"
#include "base/vector.h"

/* An id of so many digits fits into what a number is read into. */
#define DIGITS_MAX 18

static bool is_plain(char c)
{
        return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* How many plain characters of ASCII, which a JSON string holds as they are, @p begins with. */
static size_t plain_length(const char *p, size_t size)
{
        size_t i = 0;

        for (; size - i >= VECTOR; i += VECTOR) {
                Bytes bytes, special;
                size_t n;

                memcpy(&bytes, p + i, sizeof(bytes));
                special = (Bytes) (bytes == '"') | (Bytes) (bytes == '\\') |
                          (Bytes) ((Bytes) (bytes - ' ') >= 0x7f - ' ');
                n = vector_first(special);
                if (n < VECTOR)
                        return i + n;
        }
        while (i < size && is_plain(p[i]))
                i++;
        return i;
}

/* Is there room for @n more bytes and a NUL? */
static inline bool has_room(StrBuf *b, size_t n)
{
        return b->allocated - b->size > n || strbuf_reserve(b, n) >= 0;
}

/* Appends where there is room. */
static inline void put(StrBuf *b, const char *bytes, size_t n)
{
        memcpy(b->data + b->size, bytes, n);
        b->size += n;
}

void mask_line_put_string(StrBuf *out, const char *text, size_t size)
{
        /* after the backslash */
        static const char names[256] = { ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\n'] = 'n',
                                         ['\r'] = 'r', ['\t'] = 't',  ['\f'] = 'f' };

        (void) strbuf_putc(out, '"');
        while (size > 0) {
                size_t n = plain_length(text, size);
                uint32_t c;

                if (!has_room(out, n + 2))
                        return;
                put(out, text, n);
                text += n;
                size -= n;
                if (size == 0)
                        break;
                n = 1;
                if (names[(unsigned char) *text]) {
                        put(out, (const char[]){ '\\', names[(unsigned char) *text] }, 2);
                } else {
                        n = utf8_read(text, size, &c);
                        if (char_is_unsafe(c))
                                (void) put_safe_json(out, text, n);
                        else if (has_room(out, n))
                                put(out, text, n);
                }
                text += n;
                size -= n;
        }
        (void) strbuf_putc(out, '"');
}

typedef struct Reader {
        const char *p, *end;
} Reader;

static void skip_space(Reader *r)
{
        while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
                r->p++;
}

static bool skip(Reader *r, const char *word)
{
        size_t n = strlen(word);

        skip_space(r);
        if ((size_t) (r->end - r->p) < n || memcmp(r->p, word, n) != 0)
                return false;
        r->p += n;
        return true;
}

/* A whole number as json-c writes it, or a string without anything that is escaped. */
static bool read_id(Reader *r, MaskLine *l)
{
        skip_space(r);
        l->id = r->p;
        if (r->p < r->end && *r->p == '"') {
                r->p++;
                r->p += plain_length(r->p, (size_t) (r->end - r->p));
                if (r->p == r->end || *r->p != '"')
                        return false;
                r->p++;
        } else {
                const char *digits = r->p += r->p < r->end && *r->p == '-';

                while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
                        r->p++;
                if (r->p == digits || r->p - digits > DIGITS_MAX ||
                    (*digits == '0' && r->p - l->id > 1))
                        return false;
                /* a fraction or an exponent is no whole number */
                if (r->p < r->end && *r->p != ',' && *r->p != '}' && *r->p != ' ')
                        return false;
        }
        l->id_size = (size_t) (r->p - l->id);
        return true;
}

static int hex4(const char *p)
{
        int value = 0;

        for (int i = 0; i < 4; i++) {
                char c = p[i];
                int digit = c >= '0' && c <= '9'                     ? c - '0'
                            : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                                     : -1;

                if (digit < 0)
                        return -1;
                value = value * 16 + digit;
        }
        return value;
}

static void put_character(StrBuf *b, uint32_t c)
{
        char bytes[4];
        size_t n = utf8_write(bytes, c);

        put(b, bytes, n);
}

/* After "\u". Half a pair is for json-c. */
static bool read_unicode(Reader *r, StrBuf *b)
{
        int c = r->end - r->p >= 4 ? hex4(r->p) : -1, low;

        if (c < 0 || (c >= 0xDC00 && c <= 0xDFFF))
                return false;
        r->p += 4;
        if (c < 0xD800 || c > 0xDBFF) {
                put_character(b, (uint32_t) c);
                return true;
        }
        low = r->end - r->p >= 6 && memcmp(r->p, "\\u", 2) == 0 ? hex4(r->p + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
                return false;
        r->p += 6;
        put_character(b, 0x10000 + (((uint32_t) c - 0xD800) << 10) + ((uint32_t) low - 0xDC00));
        return true;
}

static bool read_text(Reader *r, StrBuf *b)
{
        static const char named[256] = { ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                         ['n'] = '\n', ['r'] = '\r',  ['t'] = '\t', ['f'] = '\f' };

        if (!skip(r, "\""))
                return false;
        strbuf_clear(b);
        /* What is read is never longer than it is written. */
        if (strbuf_reserve(b, (size_t) (r->end - r->p)) < 0)
                return false;
        while (r->p < r->end) {
                size_t n = plain_length(r->p, (size_t) (r->end - r->p));
                unsigned char c;

                put(b, r->p, n);
                r->p += n;
                if (r->p == r->end)
                        return false;
                c = (unsigned char) *r->p++;
                if (c == '"') {
                        b->data[b->size] = 0;
                        return true;
                }
                if (c < ' ')
                        return false;
                if (c != '\\') {
                        b->data[b->size++] = (char) c;
                        continue;
                }
                if (r->p == r->end)
                        return false;
                c = (unsigned char) *r->p++;
                if (named[c])
                        b->data[b->size++] = named[c];
                else if (c != 'u' || !read_unicode(r, b))
                        return false;
        }
        return false;
}

int mask_line_read(MaskLine *l, const char *line, size_t size)
{
        Reader r = { line, line + size };
        bool ok;

        if (!skip(&r, "{"))
                return 0;
        if (skip(&r, "\"id\""))
                ok = skip(&r, ":") && read_id(&r, l) && skip(&r, ",") && skip(&r, "\"text\"") &&
                     skip(&r, ":") && read_text(&r, &l->text);
        else
                ok = skip(&r, "\"text\"") && skip(&r, ":") && read_text(&r, &l->text) &&
                     skip(&r, ",") && skip(&r, "\"id\"") && skip(&r, ":") && read_id(&r, l);
        if (!ok || !skip(&r, "}"))
                return 0;
        skip_space(&r);
        if (r.p < r.end)
                return 0;
        return l->text.failed ? -ENOMEM : 1;
}
