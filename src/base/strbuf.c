/* StrBuf: a growing byte string */
#include "base/strbuf.h"

#include <string.h>

void strbuf_done(StrBuf *b)
{
        free(b->data);
        *b = (StrBuf){ 0 };
}

void strbuf_wipe(StrBuf *b)
{
        if (b->data)
                explicit_bzero(b->data, b->allocated);
        strbuf_done(b);
}

void strbuf_clear(StrBuf *b)
{
        b->size = 0;
        b->failed = false;
        if (b->data)
                b->data[0] = 0;
}

int strbuf_reserve(StrBuf *b, size_t n)
{
        size_t need, want;
        char *p;

        if (b->failed)
                return -ENOMEM;
        if (__builtin_add_overflow(b->size, n, &need) ||
            __builtin_add_overflow(need, (size_t) 1, &need)) {
                b->failed = true;
                return -ENOMEM;
        }
        if (need <= b->allocated)
                return 0;

        want = b->allocated + b->allocated / 2;
        if (want < need)
                want = need;
        if (want < 64)
                want = 64;
        p = want <= MEMORY_SMALL ? xrealloc(b->data, want) : realloc(b->data, want);
        if (!p) {
                b->failed = true;
                return -ENOMEM;
        }
        b->data = p;
        b->allocated = want;
        return 0;
}

int strbuf_append(StrBuf *b, const void *bytes, size_t n)
{
        int r;

        r = strbuf_reserve(b, n);
        if (r < 0)
                return r;
        if (n > 0)
                memcpy(b->data + b->size, bytes, n);
        b->size += n;
        b->data[b->size] = 0;
        return 0;
}

int strbuf_puts(StrBuf *b, const char *s)
{
        return strbuf_append(b, s ?: "", s ? strlen(s) : 0);
}

int strbuf_putc(StrBuf *b, char c)
{
        if (b->failed || b->allocated - b->size < 2)
                return strbuf_append(b, &c, 1);
        b->data[b->size++] = c;
        b->data[b->size] = 0;
        return 0;
}

int strbuf_vprintf(StrBuf *b, const char *format, va_list ap)
{
        va_list copy;
        int n, r;

        va_copy(copy, ap);
        n = vsnprintf(NULL, 0, format, copy);
        va_end(copy);
        if (n < 0) {
                b->failed = true;
                return -ENOMEM;
        }
        r = strbuf_reserve(b, (size_t) n);
        if (r < 0)
                return r;
        (void) vsnprintf(b->data + b->size, (size_t) n + 1, format, ap);
        b->size += (size_t) n;
        return 0;
}

int strbuf_printf(StrBuf *b, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = strbuf_vprintf(b, format, ap);
        va_end(ap);
        return r;
}

int strbuf_read(StrBuf *b, FILE *f)
{
        for (;;) {
                size_t n;

                if (strbuf_reserve(b, 65536) < 0)
                        return -ENOMEM;
                n = fread(b->data + b->size, 1, b->allocated - b->size - 1, f);
                b->size += n;
                b->data[b->size] = 0;
                if (n == 0)
                        return ferror(f) ? -EIO : 0;
        }
}

int strbuf_take(StrBuf *b, char **ret)
{
        int r;

        r = strbuf_reserve(b, 0);
        if (r < 0)
                return r;
        b->data[b->size] = 0;
        *ret = b->data;
        *b = (StrBuf){ 0 };
        return 0;
}

void format_error(char **ret, const char *format, ...)
{
        va_list ap;
        char *text;

        if (!ret)
                return;
        va_start(ap, format);
        text = xvasprintf(format, ap);
        va_end(ap);
        free(*ret);
        *ret = text;
}
