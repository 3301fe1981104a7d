/* Finding bytes in long texts */
#include "base/bytes-find.h"

#include <stdbool.h>
#include <string.h>

#include "base/vector.h"

/* What is looked at in one step. */
#define BLOCK (4 * VECTOR)

/* May the needle begin at one of the BLOCK bytes at @p? Only its first and its last byte (@last bytes on) are compared. */
static bool may_begin(const char *p, size_t last, Bytes first_byte, Bytes last_byte)
{
        Bytes found = { 0 };

        for (size_t i = 0; i < BLOCK; i += VECTOR) {
                Bytes a, b;

                memcpy(&a, p + i, sizeof(a));
                memcpy(&b, p + i + last, sizeof(b));
                found |= (Bytes) (a == first_byte) & (Bytes) (b == last_byte);
        }
        return vector_any(found);
}

const char *bytes_find(const char *text, size_t size, const char *needle, size_t n)
{
        Bytes first_byte, last_byte;
        size_t i = 0;

        if (n == 0 || size < n)
                return NULL;
        memset(&first_byte, needle[0], sizeof(first_byte));
        memset(&last_byte, needle[n - 1], sizeof(last_byte));
        for (; size - i >= BLOCK + n - 1; i += BLOCK) {
                const char *found;

                if (!may_begin(text + i, n - 1, first_byte, last_byte))
                        continue;
                found = memmem(text + i, BLOCK + n - 1, needle, n);
                if (found)
                        return found;
        }
        return memmem(text + i, size - i, needle, n);
}
