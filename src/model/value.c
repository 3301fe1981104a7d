/* Value, Column, Table: what flows from the source to the archive */
#include "model/value.h"

#include <errno.h>

int values_copy(Arena *arena, const Value *from, size_t n, Value *to)
{
        for (size_t i = 0; i < n; i++) {
                to[i] = from[i];
                if (from[i].type != VALUE_TEXT)
                        continue;
                to[i].text = arena_copy(arena, from[i].text, from[i].size);
                if (!to[i].text)
                        return -ENOMEM;
        }
        return 0;
}
