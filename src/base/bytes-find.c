/* Finding bytes in long texts */
#include "base/bytes-find.h"

#include <stdbool.h>
#include <string.h>

#include "base/vector.h"

/* What is looked at in one step. */
#define BLOCK (4 * VECTOR)

typedef struct Needle {
        const char *bytes;
        size_t n;
        Bytes first, last; /* of its bytes, VECTOR times */
} Needle;

/* Where among the VECTOR bytes at @p it may begin: only its first and its last byte are compared. */
static inline Bytes beginnings(const char *p, const Needle *needle)
{
        Bytes a, b;

        memcpy(&a, p, sizeof(a));
        memcpy(&b, p + needle->n - 1, sizeof(b));
        return (Bytes) (a == needle->first) & (Bytes) (b == needle->last);
}

/* Where it begins among the VECTOR bytes at @p, or NULL. */
static const char *find_in(const char *p, const Needle *needle)
{
        for (unsigned mask = vector_mask(beginnings(p, needle)); mask; mask &= mask - 1) {
                const char *found = p + __builtin_ctz(mask);

                if (memcmp(found, needle->bytes, needle->n) == 0)
                        return found;
        }
        return NULL;
}

static inline bool may_begin(const char *p, const Needle *needle)
{
        return vector_any(beginnings(p, needle) | beginnings(p + VECTOR, needle) |
                          beginnings(p + 2 * VECTOR, needle) | beginnings(p + 3 * VECTOR, needle));
}

const char *bytes_find(const char *text, size_t size, const char *needle, size_t n)
{
        Needle what = { .bytes = needle, .n = n };
        const char *found;
        size_t i = 0;

        if (n == 0 || size < n)
                return NULL;
        memset(&what.first, needle[0], sizeof(what.first));
        memset(&what.last, needle[n - 1], sizeof(what.last));
        while (size - i >= VECTOR + n - 1) {
                for (; size - i >= BLOCK + n - 1 && !may_begin(text + i, &what); i += BLOCK)
                        ;
                if (size - i < VECTOR + n - 1)
                        break;
                found = find_in(text + i, &what);
                if (found)
                        return found;
                i += VECTOR;
        }
        for (; size - i >= n; i++)
                if (text[i] == needle[0] && memcmp(text + i, needle, n) == 0)
                        return text + i;
        return NULL;
}
