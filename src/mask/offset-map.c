/* OffsetMap: where a piece of a changed text stood before */
#include "mask/offset-map.h"

void offset_map_done(OffsetMap *map)
{
        free(map->pieces);
        *map = (OffsetMap){ 0 };
}

int offset_map_add(OffsetMap *map, MapPiece piece)
{
        if (map->n == map->allocated) {
                size_t want = map->allocated ? map->allocated * 2 : 256;
                MapPiece *more = realloc(map->pieces, want * sizeof(*more));

                if (!more)
                        return -ENOMEM;
                map->pieces = more;
                map->allocated = want;
        }
        map->pieces[map->n++] = piece;
        return 0;
}

size_t offset_map_count(const OffsetMap *map, size_t at)
{
        size_t low = 0, high = map->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (map->pieces[middle].start <= at)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

const MapPiece *offset_map_piece(const OffsetMap *map, size_t at)
{
        size_t n = offset_map_count(map, at);

        return n > 0 && at < map->pieces[n - 1].end ? &map->pieces[n - 1] : NULL;
}

static size_t from(const OffsetMap *map, size_t at, bool end)
{
        size_t n = offset_map_count(map, at);
        const MapPiece *p;

        if (n == 0)
                return at;
        p = &map->pieces[n - 1];
        if (at < p->end)
                return end ? p->from_end : p->from_start;
        return at - p->end + p->from_end;
}

void offset_map_range(const OffsetMap *map, size_t start, size_t end, size_t *ret_start,
                      size_t *ret_end)
{
        *ret_start = from(map, start, false);
        *ret_end = end > start ? from(map, end - 1, true) : *ret_start;
        /* The last byte itself, where it was copied and not replaced. */
        if (end > start && !offset_map_piece(map, end - 1))
                (*ret_end)++;
}
