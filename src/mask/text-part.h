/* TextPart: a part of a longer text, looked at with what stands round it */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct TextPart {
        size_t from, until; /* what is told by a literal that begins here counts */
        bool goes_on;       /* the text does, after what there is of it */
} TextPart;
