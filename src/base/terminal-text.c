/* Which characters are commands to a terminal, or turn the direction of reading */
#include "base/terminal-text.h"

size_t utf8_read(const char *text, size_t size, uint32_t *ret)
{
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const unsigned char *p = (const unsigned char *) text;
        size_t n = p[0] < 0x80   ? 1
                   : p[0] < 0xc2 ? 0
                   : p[0] < 0xe0 ? 2
                   : p[0] < 0xf0 ? 3
                   : p[0] < 0xf5 ? 4
                                 : 0;
        uint32_t c;

        *ret = UINT32_MAX;
        if (n == 0 || n > size)
                return 1;
        c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
        for (size_t i = 1; i < n; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return i;
                c = c << 6 | (p[i] & 0x3f);
        }
        if (c >= smallest[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff))
                *ret = c;
        return n;
}

size_t utf8_write(char to[static 4], uint32_t c)
{
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const uint8_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

        for (size_t i = n - 1; i > 0; i--, c >>= 6)
                to[i] = (char) (0x80 | (c & 0x3f));
        to[0] = (char) (first[n] | c);
        return n;
}

bool char_is_unsafe(uint32_t c)
{
        return c == UINT32_MAX || c < 0x20 || (c >= 0x7f && c <= 0x9f) ||
               (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 ||
               c == 0x2029 || c == 0x200e || c == 0x200f || c == 0x061c || c == 0xfeff ||
               (c >= 0xe0000 && c <= 0xe007f);
}

/* Plain ASCII, and line breaks: nearly all of what is written. */
static size_t plain_length(const char *s, size_t size)
{
        size_t n = 0;

        while (n < size && ((s[n] >= ' ' && s[n] < 0x7f) || s[n] == '\n'))
                n++;
        return n;
}

int put_safe_json(StrBuf *b, const char *json, size_t size)
{
        uint32_t c;

        for (size_t n; size > 0; json += n, size -= n) {
                n = plain_length(json, size);
                if (n > 0) {
                        (void) strbuf_append(b, json, n);
                        continue;
                }
                n = utf8_read(json, size, &c);
                if (c == '\t' || c == '\r') /* as they are, they can only stand between values */
                        (void) strbuf_putc(b, ' ');
                else if (!char_is_unsafe(c) || c == '\n')
                        (void) strbuf_append(b, json, n);
                else if (c == UINT32_MAX)
                        (void) strbuf_puts(b, "\\ufffd");
                else if (c > 0xffff)
                        (void) strbuf_printf(b, "\\u%04x\\u%04x", 0xd800 | (c - 0x10000) >> 10,
                                             0xdc00 | (c & 0x3ff));
                else
                        (void) strbuf_printf(b, "\\u%04x", c);
        }
        return b->failed ? -ENOMEM : 0;
}

#define REPLACEMENT "\xef\xbf\xbd"

int put_printable(StrBuf *b, PrintableMode mode, const char *text, size_t size)
{
        uint32_t c;

        for (size_t n; size > 0; text += n, size -= n) {
                n = utf8_read(text, size, &c);
                if (c == '\n' || c == '\t')
                        (void) strbuf_putc(b, mode == PRINTABLE_TEXT ? (char) c : ' ');
                else if (c == '\r' && size > 1 && text[1] == '\n')
                        continue;
                else if (c < 0x20)
                        (void) strbuf_printf(b, "\xe2\x90%c", (int) (0x80 + c)); /* U+2400 + c */
                else if (c == 0x7f)
                        (void) strbuf_puts(b, "\xe2\x90\xa1");
                else if (char_is_unsafe(c))
                        (void) strbuf_puts(b, REPLACEMENT);
                else
                        (void) strbuf_append(b, text, n);
        }
        return b->failed ? -ENOMEM : 0;
}
