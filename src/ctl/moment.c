/* A moment as people name it */
#include "ctl/moment.h"

#include <string.h>

#include "base/time-util.h"

/* Midnight, local time, @days before the day of @now. */
static int parse_day_ago(uint64_t now, int days, uint64_t *ret_usec)
{
        time_t t = (time_t) (now / USEC_PER_SEC);
        struct tm tm;

        if (!localtime_r(&t, &tm))
                return -EINVAL;
        tm.tm_mday -= days;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_isdst = -1;
        t = mktime(&tm);
        if (t < 0)
                return -EINVAL;
        *ret_usec = (uint64_t) t * USEC_PER_SEC;
        return 0;
}

static int parse_local_time(const char *s, uint64_t *ret_usec)
{
        static const char *const formats[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S",
                                               "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S" };

        for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
                struct tm tm = { .tm_isdst = -1 };
                const char *end = strptime(s, formats[i], &tm);
                time_t t;

                if (!end || *end)
                        continue;
                t = mktime(&tm);
                if (t < 0)
                        return -EINVAL;
                *ret_usec = (uint64_t) t * USEC_PER_SEC;
                return 0;
        }
        return -EINVAL;
}

int parse_moment(const char *s, uint64_t now, uint64_t *ret_usec)
{
        uint64_t span;

        if (strcmp(s, "today") == 0)
                return parse_day_ago(now, 0, ret_usec);
        if (strcmp(s, "yesterday") == 0)
                return parse_day_ago(now, 1, ret_usec);
        if (parse_local_time(s, ret_usec) == 0 || parse_timestamp(s, ret_usec) == 0)
                return 0;
        /* a bare number would be seconds, which nobody means here */
        if (!strpbrk(s, "hdwmyMs") || parse_time_span(s, &span) < 0)
                return -EINVAL;
        *ret_usec = span < now ? now - span : 0;
        return 0;
}
