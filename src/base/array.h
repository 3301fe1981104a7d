/*
 * Arrays that grow by one element at a time
 */
#pragma once

#include <stdlib.h>

/*
 * Room for one more in @array, which has @n elements of @size bytes and grew by this alone: there is room for the next power of
 * two. Returns NULL without memory; @array then is as it was.
 */
static inline void *array_grow(void *array, size_t n, size_t size)
{
        if ((n & (n - 1)) != 0)
                return array;
        return reallocarray(array, n > 0 ? 2 * n : 1, size);
}
