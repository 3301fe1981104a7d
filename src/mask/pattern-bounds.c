/* Pattern bounds: a pattern without the upper bounds of its repeats */
#include "mask/pattern-bounds.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The end of the class that begins at @p, after its bracket. */
static const char *class_end(const char *p)
{
        p += p[1] == '^' ? 2 : 1;
        p += *p == ']';
        while (*p && *p != ']')
                p += *p == '\\' && p[1] ? 2 : 1;
        return *p ? p + 1 : p;
}

/* Is there "{m,n}" at @p, with m < n, and nothing after it that makes it lazy? Returns where it ends, or NULL. */
static const char *read_bounds(const char *p, size_t *ret_max)
{
        unsigned long min, max;
        char *end;

        if (p[0] != '{' || !isdigit((unsigned char) p[1]))
                return NULL;
        min = strtoul(p + 1, &end, 10);
        if (end[0] != ',' || !isdigit((unsigned char) end[1]))
                return NULL;
        max = strtoul(end + 1, &end, 10);
        if (end[0] != '}' || end[1] == '?' || min >= max)
                return NULL;
        *ret_max = max;
        return end + 1;
}

size_t pattern_lift_bounds(const char *text, StrBuf *ret, size_t *ret_bound, size_t *ret_work)
{
        size_t n = 0, max;

        *ret_bound = *ret_work = SIZE_MAX;
        for (const char *p = text, *atom; *p;) {
                const char *end;

                atom = p;
                if (*p == '[')
                        p = class_end(p);
                else
                        p += *p == '\\' && p[1] ? 2 : 1;
                (void) strbuf_append(ret, atom, (size_t) (p - atom));
                end = *atom == '[' || *atom == '\\' ? read_bounds(p, &max) : NULL;
                if (!end)
                        continue;
                (void) strbuf_append(ret, p, strcspn(p, ","));
                (void) strbuf_puts(ret, ",}");
                *ret_bound = max < *ret_bound ? max : *ret_bound;
                if (max >= WORK_BOUND_MIN)
                        *ret_work = max < *ret_work ? max : *ret_work;
                n++;
                p = end;
        }
        return n;
}
