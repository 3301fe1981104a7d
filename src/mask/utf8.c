/* UTF-8: checked fast, repaired where broken */
#include "mask/utf8.h"

#include <string.h>

#include "base/vector.h"

#define ASCII_STEP ((size_t) 2 * VECTOR)

static inline bool is_ascii(const char *p)
{
        Bytes a, b;

        memcpy(&a, p, sizeof(a));
        memcpy(&b, p + VECTOR, sizeof(b));
        return !vector_any((Bytes) ((a | b) >= 0x80));
}

/* The range that the second byte of a sequence led by @lead must be in (Unicode 15, table 3-7). */
static void second_range(uint8_t lead, uint8_t *ret_low, uint8_t *ret_high)
{
        *ret_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        *ret_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
}

/* Reads one sequence that is no ASCII. Returns its length; 0 when it is broken, and *@ret_broken is the length of the broken piece. */
static size_t read_sequence(const uint8_t *p, size_t size, size_t *ret_broken)
{
        uint8_t low, high;
        size_t n, i;

        *ret_broken = 1;
        if (p[0] < 0xC2 || p[0] > 0xF4)
                return 0;
        n = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
        second_range(p[0], &low, &high);
        for (i = 1; i < n; i++) {
                if (i >= size || p[i] < low || p[i] > high) {
                        *ret_broken = i;
                        return 0;
                }
                low = 0x80;
                high = 0xBF;
        }
        return n;
}

size_t utf8_valid_length(const char *text, size_t size)
{
        size_t at = 0;

        while (at < size) {
                size_t n, broken;

                if (size - at >= ASCII_STEP && is_ascii(text + at)) {
                        at += ASCII_STEP;
                        continue;
                }
                /* To the end of this step, sequence by sequence. */
                for (size_t stop = at + ASCII_STEP; at < size && at < stop; at += n) {
                        n = 1;
                        if ((uint8_t) text[at] < 0x80)
                                continue;
                        n = read_sequence((const uint8_t *) text + at, size - at, &broken);
                        if (n == 0)
                                return at;
                }
        }
        return at;
}

/* With more broken places it is no text at all, and repaired it would take many times its size. */
#define REPAIRS_MAX ((size_t) 1024 * 1024)

int utf8_repair(const char *text, size_t size, StrBuf *out, OffsetMap *map)
{
        static const char replacement[] = "\xEF\xBF\xBD";
        size_t at = 0;

        while (at < size) {
                size_t n = utf8_valid_length(text + at, size - at), broken;

                if (strbuf_append(out, text + at, n) < 0)
                        return -ENOMEM;
                at += n;
                if (at >= size)
                        break;
                (void) read_sequence((const uint8_t *) text + at, size - at, &broken);
                if (map->n >= REPAIRS_MAX)
                        return -EOVERFLOW;
                if (offset_map_add(map, (MapPiece){ (uint32_t) out->size, (uint32_t) out->size + 3,
                                                    (uint32_t) at, (uint32_t) (at + broken) }) < 0)
                        return -ENOMEM;
                if (strbuf_append(out, replacement, 3) < 0)
                        return -ENOMEM;
                at += broken;
        }
        return 0;
}
