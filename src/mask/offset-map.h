/*
 * OffsetMap: where a piece of a changed text stood before
 *
 * A text is copied with some pieces replaced. The map holds the replaced pieces; all between them moved along.
 */
#pragma once

#include "base/cleanup.h"

typedef struct MapPiece {
        uint32_t start, end;           /* in the copy; empty: it was left out */
        uint32_t from_start, from_end; /* in the original; not empty */
} MapPiece;

typedef struct OffsetMap {
        MapPiece *pieces; /* in order */
        size_t n, allocated;
} OffsetMap;

/* Frees the memory; @map is empty and usable afterwards. */
void offset_map_done(OffsetMap *map);
/* Appends a piece, which begins after all before it. Returns 0 or -ENOMEM. */
int offset_map_add(OffsetMap *map, MapPiece piece);

/* The range of the original that the range @start..@end of the copy came from, replaced pieces taken whole. */
void offset_map_range(const OffsetMap *map, size_t start, size_t end, size_t *ret_start,
                      size_t *ret_end);

/* How many pieces start at or before @at of the copy. */
size_t offset_map_count(const OffsetMap *map, size_t at);

/* The replaced piece that holds byte @at of the copy; NULL: that byte was copied. */
const MapPiece *offset_map_piece(const OffsetMap *map, size_t at);
