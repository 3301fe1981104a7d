/* Time: microseconds inside, whatever people write outside */
#include "base/time-util.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

uint64_t now_usec(clockid_t clock)
{
        struct timespec ts;

        if (clock_gettime(clock, &ts) < 0)
                return 0;
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

/* The units of systemd.time(7); the first one of a size is the one that format_time_span() writes. */
static const struct Unit {
        const char *name;
        uint64_t usec;
} units[] = {
        { "y", 31557600 * USEC_PER_SEC }, /* 365.25 days */
        { "month", 2629800 * USEC_PER_SEC },
        { "w", 7 * USEC_PER_DAY },
        { "d", USEC_PER_DAY },
        { "h", USEC_PER_HOUR },
        { "min", USEC_PER_MIN },
        { "s", USEC_PER_SEC },
        { "ms", USEC_PER_MSEC },
        { "us", 1 },
        { "", USEC_PER_SEC },
        { "usec", 1 },
        { "µs", 1 },
        { "msec", USEC_PER_MSEC },
        { "sec", USEC_PER_SEC },
        { "second", USEC_PER_SEC },
        { "seconds", USEC_PER_SEC },
        { "m", USEC_PER_MIN },
        { "minute", USEC_PER_MIN },
        { "minutes", USEC_PER_MIN },
        { "hr", USEC_PER_HOUR },
        { "hour", USEC_PER_HOUR },
        { "hours", USEC_PER_HOUR },
        { "day", USEC_PER_DAY },
        { "days", USEC_PER_DAY },
        { "week", 7 * USEC_PER_DAY },
        { "weeks", 7 * USEC_PER_DAY },
        { "months", 2629800 * USEC_PER_SEC },
        { "M", 2629800 * USEC_PER_SEC },
        { "year", 31557600 * USEC_PER_SEC },
        { "years", 31557600 * USEC_PER_SEC },
};
#define N_SHOWN_UNITS 9

static const char *skip_space(const char *s)
{
        while (isspace((unsigned char) *s))
                s++;
        return s;
}

static const struct Unit *find_unit(const char *s, size_t n)
{
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strlen(units[i].name) == n && memcmp(units[i].name, s, n) == 0)
                        return units + i;
        return NULL;
}

/* One "12.5h" at *@s, which moves past it; adds it to *@sum. */
static int parse_one_span(const char **s, uint64_t *sum)
{
        const char *p = *s, *word;
        const struct Unit *unit;
        uint64_t whole = 0, fraction = 0, scale = 1, part;

        if (!isdigit((unsigned char) *p) && *p != '.')
                return -EINVAL;
        for (; isdigit((unsigned char) *p); p++)
                if (__builtin_mul_overflow(whole, (uint64_t) 10, &whole) ||
                    __builtin_add_overflow(whole, (uint64_t) (*p - '0'), &whole))
                        return -ERANGE;
        if (*p == '.') {
                if (!isdigit((unsigned char) p[1]))
                        return -EINVAL;
                for (p++; isdigit((unsigned char) *p); p++)
                        if (scale < 1000000) {
                                fraction = fraction * 10 + (uint64_t) (*p - '0');
                                scale *= 10;
                        }
        }
        p = skip_space(p);
        for (word = p; *p && !isspace((unsigned char) *p) && !isdigit((unsigned char) *p); p++)
                ;
        unit = find_unit(word, (size_t) (p - word));
        if (!unit)
                return -EINVAL;
        if (__builtin_mul_overflow(whole, unit->usec, &part) ||
            __builtin_add_overflow(part, unit->usec / scale * fraction, &part) ||
            __builtin_add_overflow(*sum, part, sum))
                return -ERANGE;
        *s = p;
        return 0;
}

int parse_time_span(const char *s, uint64_t *ret_usec)
{
        uint64_t sum = 0;
        int r;

        s = skip_space(s);
        if (strncmp(s, "infinity", 8) == 0 && !*skip_space(s + 8)) {
                *ret_usec = USEC_INFINITY;
                return 0;
        }
        do {
                r = parse_one_span(&s, &sum);
                if (r < 0)
                        return r;
                s = skip_space(s);
        } while (*s);
        *ret_usec = sum;
        return 0;
}

void format_time_span(StrBuf *b, uint64_t usec)
{
        const char *space = "";

        if (usec == USEC_INFINITY || usec == 0) {
                (void) strbuf_puts(b, usec == 0 ? "0" : "infinity");
                return;
        }
        for (size_t i = 0; i < N_SHOWN_UNITS && usec > 0; i++) {
                uint64_t n = usec / units[i].usec;

                if (n == 0)
                        continue;
                (void) strbuf_printf(b, "%s%" PRIu64 "%s", space, n, units[i].name);
                usec -= n * units[i].usec;
                space = " ";
        }
}

const char *format_timestamp(char buffer[static TIMESTAMP_MAX], uint64_t usec)
{
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;
        size_t n;

        if (!gmtime_r(&seconds, &tm) || tm.tm_year > 9999 - 1900) {
                buffer[0] = 0;
                return buffer;
        }
        n = strftime(buffer, TIMESTAMP_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
        (void) snprintf(buffer + n, TIMESTAMP_MAX - n, ".%03uZ",
                        (unsigned) (usec % USEC_PER_SEC / USEC_PER_MSEC));
        return buffer;
}

/* The offset from UTC in seconds at the end of an ISO time: "", "Z", "+02:00", "-0330". */
static int parse_offset(const char *s, int *ret_seconds)
{
        int hours, minutes, n = 0, sign = *s == '-' ? -1 : 1;

        if (!*s || ((*s == 'Z' || *s == 'z') && !s[1])) {
                *ret_seconds = 0;
                return 0;
        }
        if ((*s != '+' && *s != '-') || !isdigit((unsigned char) s[1]))
                return -EINVAL;
        if ((sscanf(s + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 || s[1 + n]) &&
            (sscanf(s + 1, "%2d%2d%n", &hours, &minutes, &n) != 2 || s[1 + n]))
                return -EINVAL;
        if (hours > 23 || minutes < 0 || minutes > 59)
                return -EINVAL;
        *ret_seconds = sign * (hours * 3600 + minutes * 60);
        return 0;
}

/* A number of 1 to @max digits, and one of @ends after it ("": anything). Returns what is after that, or NULL. */
static const char *take_number(const char *s, int max, const char *ends, int *ret)
{
        int value = 0, n = 0;

        for (; n < max && isdigit((unsigned char) s[n]); n++)
                value = value * 10 + (s[n] - '0');
        s += n;
        if (n == 0 || (*ends && (!*s || !strchr(ends, *s))))
                return NULL;
        *ret = value;
        return s + (*ends != 0);
}

int parse_timestamp(const char *s, uint64_t *ret_usec)
{
        struct tm tm = { 0 };
        uint64_t usec = 0, scale = USEC_PER_SEC;
        const struct {
                int max;
                const char *ends;
                int *value;
        } parts[] = { { 4, "-", &tm.tm_year }, { 2, "-", &tm.tm_mon }, { 2, "T ", &tm.tm_mday },
                      { 2, ":", &tm.tm_hour }, { 2, ":", &tm.tm_min }, { 2, "", &tm.tm_sec } };
        int offset, r;
        time_t t;

        /* by hand: a listing of thousands spends its time here */
        for (size_t i = 0; i < ELEMENTSOF(parts) && s; i++)
                s = take_number(s, parts[i].max, parts[i].ends, parts[i].value);
        if (!s || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
            tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
                return -EINVAL;
        if (*s == '.')
                for (s++; isdigit((unsigned char) *s); s++) {
                        scale /= 10;
                        usec += (uint64_t) (*s - '0') * scale;
                }
        r = parse_offset(s, &offset);
        if (r < 0)
                return r;
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        t = timegm(&tm) - offset;
        if (t < 0)
                return -EINVAL;
        *ret_usec = (uint64_t) t * USEC_PER_SEC + usec;
        return 0;
}
