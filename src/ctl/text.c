/* Text for people: safe for a terminal, sizes and times as they are said */
#include "ctl/text.h"

#include <inttypes.h>
#include <string.h>
#include <wchar.h>

#include "base/terminal-text.h"
#include "base/time-util.h"
#include "ctl/i18n.h"

/* A command that has no memory for a line that it is to print has nothing better to do than to end. */
static char *take_line(StrBuf *b)
{
        char *s = NULL;

        if (strbuf_take(b, &s) < 0)
                memory_is_out();
        return s;
}

static char *printable_bytes(const char *text, size_t size)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        (void) put_printable(&b, PRINTABLE_LINE, text, size);
        return take_line(&b);
}

char *printable(const char *text)
{
        return printable_bytes(text ?: "", text ? strlen(text) : 0);
}

char *printable_value(const Value *v)
{
        if (v->type == VALUE_INTEGER)
                return xasprintf("%" PRId64, v->integer);
        if (v->type == VALUE_REAL)
                return xasprintf("%g", v->real);
        return printable_bytes(v->text ?: "", v->type == VALUE_TEXT ? v->size : 0);
}

static size_t char_width(uint32_t c)
{
        int n = c < 0x80 ? 1 : wcwidth((wchar_t) c);

        return n < 0 ? 1 : (size_t) n; /* the locale does not know it */
}

size_t text_width(const char *s)
{
        size_t width = 0, size = strlen(s), n;
        uint32_t c;

        for (; size > 0; s += n, size -= n) {
                n = utf8_read(s, size, &c);
                width += char_width(c);
        }
        return width;
}

char *text_cut(const char *s, size_t width)
{
        size_t used = 0, size = strlen(s), n;
        const char *end = s;
        uint32_t c;

        if (text_width(s) <= width)
                return xstrdup(s);
        for (; size > 0; end += n, size -= n) {
                n = utf8_read(end, size, &c);
                used += char_width(c);
                if (used >= width)
                        break;
        }
        return xasprintf("%.*s…", (int) (end - s), s);
}

int put_size(StrBuf *b, uint64_t n_bytes)
{
        static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
        double n = (double) n_bytes;
        size_t i = 0;

        for (; n >= 999.5 && i + 1 < ELEMENTSOF(units); i++)
                n /= 1000;
        return strbuf_printf(b, i > 0 && n < 9.95 ? "%.1f %s" : "%.0f %s", n, units[i]);
}

int put_local_time(StrBuf *b, uint64_t usec)
{
        time_t t = (time_t) (usec / USEC_PER_SEC);
        char text[64];
        struct tm tm;

        if (usec == 0 || !localtime_r(&t, &tm) ||
            strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) == 0)
                return strbuf_puts(b, "-");
        return strbuf_puts(b, text);
}

int put_local_iso(StrBuf *b, const Value *time)
{
        char text[TIMESTAMP_MAX];
        uint64_t usec;

        if (time->type != VALUE_TEXT || time->size == 0)
                return strbuf_puts(b, "-");
        if (time->size < sizeof(text)) {
                memcpy(text, time->text, time->size);
                text[time->size] = 0;
                if (parse_timestamp(text, &usec) >= 0)
                        return put_local_time(b, usec);
        }
        return put_printable(b, PRINTABLE_LINE, time->text, time->size);
}

char *local_iso(const Value *time)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        (void) put_local_iso(&b, time);
        return take_line(&b);
}

int put_ago(StrBuf *b, uint64_t usec, uint64_t now)
{
        uint64_t span = now > usec ? now - usec : 0;
        unsigned n;

        if (usec == 0)
                return strbuf_puts(b, _("never"));
        if (span < 5 * USEC_PER_SEC)
                return strbuf_puts(b, _("just now"));
        if (span < USEC_PER_MIN) {
                n = (unsigned) (span / USEC_PER_SEC);
                return strbuf_printf(b, P_("%u second ago", "%u seconds ago", n), n);
        }
        if (span < USEC_PER_HOUR) {
                n = (unsigned) (span / USEC_PER_MIN);
                return strbuf_printf(b, P_("%u minute ago", "%u minutes ago", n), n);
        }
        if (span < USEC_PER_DAY) {
                n = (unsigned) (span / USEC_PER_HOUR);
                return strbuf_printf(b, P_("%u hour ago", "%u hours ago", n), n);
        }
        if (span < 30 * USEC_PER_DAY) {
                n = (unsigned) (span / USEC_PER_DAY);
                return strbuf_printf(b, P_("%u day ago", "%u days ago", n), n);
        }
        return put_local_time(b, usec);
}

/* The edit distance with neighbours exchanged (optimal string alignment), row by row. */
size_t typing_errors(const char *typed, const char *meant)
{
        enum { LONGEST = 31 };
        size_t cost[LONGEST + 1][LONGEST + 1], n = strlen(typed), m = strlen(meant);

        if (n > LONGEST || m > LONGEST)
                return SIZE_MAX;
        for (size_t i = 0; i <= n; i++)
                for (size_t k = 0; k <= m; k++) {
                        size_t least;

                        if (i == 0 || k == 0) {
                                cost[i][k] = i + k;
                                continue;
                        }
                        least = cost[i - 1][k - 1] + (typed[i - 1] != meant[k - 1]);
                        if (cost[i - 1][k] + 1 < least)
                                least = cost[i - 1][k] + 1;
                        if (cost[i][k - 1] + 1 < least)
                                least = cost[i][k - 1] + 1;
                        if (i > 1 && k > 1 && typed[i - 1] == meant[k - 2] &&
                            typed[i - 2] == meant[k - 1] && cost[i - 2][k - 2] + 1 < least)
                                least = cost[i - 2][k - 2] + 1;
                        cost[i][k] = least;
                }
        return cost[n][m];
}
