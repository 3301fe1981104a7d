/* A line of mask --jsonl, read and written without a tree */
#include "ctl/mask-line.h"

#include <stdint.h>
#include <string.h>

#include "base/terminal-text.h"
#include "base/vector.h"
#include "mask/json.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define BROKEN          0xFFFD /* replaces half a surrogate pair */

static bool is_plain(char c)
{
        return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Copies the plain characters of ASCII, which a JSON string holds as they are, that @p begins with. Both have room for @size.
 * Returns how many there are. */
static size_t copy_plain(char *to, const char *p, size_t size)
{
        size_t i = 0;

        for (; size - i >= VECTOR; i += VECTOR) {
                Bytes bytes, special;
                size_t n;

                memcpy(&bytes, p + i, sizeof(bytes));
                memcpy(to + i, &bytes, sizeof(bytes));
                special = (Bytes) (bytes == '"') | (Bytes) (bytes == '\\') |
                          (Bytes) ((Bytes) (bytes - ' ') >= 0x7f - ' ');
                n = vector_first(special);
                if (n < VECTOR)
                        return i + n;
        }
        for (; i < size && is_plain(p[i]); i++)
                to[i] = p[i];
        return i;
}

/* Is there room for @n more bytes and a NUL? */
static inline bool has_room(StrBuf *b, size_t n)
{
        return b->allocated - b->size > n || strbuf_reserve(b, n) >= 0;
}

/* Appends if there is room. */
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
                size_t n;
                uint32_t c;

                if (!has_room(out, size + 2))
                        return;
                n = copy_plain(out->data + out->size, text, size);
                out->size += n;
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

/* After "\u". */
static bool read_unicode(Reader *r, StrBuf *b)
{
        int c = r->end - r->p >= 4 ? hex4(r->p) : -1, low;

        if (c < 0)
                return false;
        r->p += 4;
        if (c < 0xD800 || c > 0xDFFF) {
                put_character(b, (uint32_t) c);
                return true;
        }
        low = c < 0xDC00 && r->end - r->p >= 6 && memcmp(r->p, "\\u", 2) == 0 ? hex4(r->p + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF) {
                put_character(b, BROKEN);
                return true;
        }
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
                size_t n = copy_plain(b->data + b->size, r->p, (size_t) (r->end - r->p));
                unsigned char c;

                b->size += n;
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

/* Reads any value and leaves it as it is. */
static bool read_value(Reader *r, const char **ret, size_t *ret_size)
{
        skip_space(r);
        *ret = r->p;
        *ret_size = json_value_length(r->p, (size_t) (r->end - r->p));
        r->p += *ret_size;
        return *ret_size > 0;
}

/* Reads a member's name. It may be escaped: then it takes @b to read it. */
static bool read_name(Reader *r, StrBuf *b, const char **ret, size_t *ret_size)
{
        const char *begin;
        Reader again;

        skip_space(r);
        again = *r;
        if (r->p == r->end || *r->p != '"' || !read_value(r, ret, ret_size))
                return false;
        begin = ++*ret;
        *ret_size -= 2;
        if (memchr(begin, '\\', *ret_size)) {
                if (!read_text(&again, b))
                        return false;
                *ret = b->data;
                *ret_size = b->size;
        }
        return skip(r, ":");
}

static bool is_name(const char *name, size_t size, const char *wanted)
{
        return size == strlen(wanted) && memcmp(name, wanted, size) == 0;
}

/* Reads the members of an object, after its "{". Of two of the same name the last counts. */
static bool read_members(Reader *r, MaskLine *l, bool *ret_text)
{
        _cleanup_(strbuf_wipe) StrBuf escaped = { 0 };

        if (skip(r, "}"))
                return true;
        do {
                const char *name, *value;
                size_t name_size, value_size;
                bool ok;

                if (!read_name(r, &escaped, &name, &name_size))
                        return false;
                skip_space(r);
                if (is_name(name, name_size, "id")) {
                        /* with Python's NaN within it could not be masked as JSON */
                        ok = read_value(r, &l->id, &l->id_size) &&
                             (!strchr("{[", l->id[0]) || json_is_valid(l->id, l->id_size));
                } else {
                        bool is_text = is_name(name, name_size, "text");

                        if (is_text)
                                *ret_text = r->p < r->end && *r->p == '"';
                        ok = is_text && *ret_text ? read_text(r, &l->text)
                                                  : read_value(r, &value, &value_size);
                }
                if (!ok)
                        return false;
        } while (skip(r, ","));
        return skip(r, "}");
}

int mask_line_read(MaskLine *l, const char *line, size_t size)
{
        Reader r = { line, line + size };
        bool has_text = false, whole;

        l->id = "null";
        l->id_size = strlen(l->id);
        (void) skip(&r, BYTE_ORDER_MARK);
        whole = skip(&r, "{") && read_members(&r, l, &has_text);
        skip_space(&r);
        if (!whole || r.p < r.end) {
                l->id = "null";
                l->id_size = strlen(l->id);
                has_text = false;
        }
        return l->text.failed ? -ENOMEM : has_text;
}
