/* SqueezedText: a text with one blank between any two words */
#include "mask/squeezed.h"

#include <string.h>

void squeezed_done(SqueezedText *s)
{
        strbuf_wipe(&s->bytes);
        offset_map_done(&s->map);
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What comments and quotations begin each line with. */
static bool is_lead(char c)
{
        return c && strchr(">#*|/;-", c);
}

/* Where the blanks that begin at @i end, with what leads the next line. */
static size_t blanks_end(const char *p, size_t size, size_t i)
{
        bool leads = false;

        for (; i < size && (is_blank(p[i]) || (leads && is_lead(p[i]))); i++)
                leads = leads || p[i] == '\n';
        return i;
}

size_t squeezed_next(const char *text, size_t size, size_t i, size_t *ret_end)
{
        for (; i < size; i++) {
                if ((unsigned char) text[i] > ' ' || !is_blank(text[i]) ||
                    (text[i] == ' ' && (i + 1 == size || !is_blank(text[i + 1]))))
                        continue;
                *ret_end = blanks_end(text, size, i);
                return i;
        }
        return size;
}

static bool is_word(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '_';
}

/* Of a word that counts, at most. */
#define BESIDE_MAX 4

uint32_t squeezed_gap(const char *text, size_t size, size_t start, size_t end)
{
        uint32_t h = 2166136261U;

        for (size_t n = 0; n < BESIDE_MAX && n < start; n++) {
                char c = text[start - 1 - n];

                if (n > 0 && !(is_word(c) && is_word(text[start - n])))
                        break;
                h = (h ^ (unsigned char) c) * 16777619U;
        }
        h = (h ^ ' ') * 16777619U;
        for (size_t n = 0; n < BESIDE_MAX && end + n < size; n++) {
                char c = text[end + n];

                if (n > 0 && !(is_word(c) && is_word(text[end + n - 1])))
                        break;
                h = (h ^ (unsigned char) c) * 16777619U;
        }
        return (h ^ h >> 15) & 0xffff;
}

int squeezed_make(SqueezedText *s, const char *text, size_t size, size_t from, size_t until,
                  size_t more)
{
        const char *p;
        size_t copied = 0;

        s->base = from > 0 ? from - 1 : 0; /* whether a word begins there is seen */
        p = text + s->base;
        size = size - until > 2 * more ? until + 2 * more - s->base : size - s->base;
        for (size_t i = 0; i < size;) {
                size_t end;
                MapPiece piece;

                if (!is_blank(p[i])) {
                        i++;
                        continue;
                }
                end = blanks_end(p, size, i);
                if (end - i > 1 || p[i] != ' ') {
                        (void) strbuf_append(&s->bytes, p + copied, i - copied);
                        piece = (MapPiece){ (uint32_t) s->bytes.size, (uint32_t) s->bytes.size + 1,
                                            (uint32_t) i, (uint32_t) end };
                        if (strbuf_putc(&s->bytes, ' ') < 0 || offset_map_add(&s->map, piece) < 0)
                                return -ENOMEM;
                        copied = end;
                }
                i = end;
        }
        if (s->map.n == 0)
                return 0;
        return strbuf_append(&s->bytes, p + copied, size - copied) < 0 ? -ENOMEM : 1;
}

void squeezed_range(const SqueezedText *s, size_t start, size_t end, size_t *ret_start,
                    size_t *ret_end)
{
        offset_map_range(&s->map, start, end, ret_start, ret_end);
        *ret_start += s->base;
        *ret_end += s->base;
}
