/* TextPart: a part of a longer text, looked at with what stands round it */
#pragma once

#include "mask/json.h"

/* How much before a part is looked at with it: enough for a private key of 16,384 bits in a log. */
#define TEXT_BEHIND ((size_t) 32768)

typedef struct TextPart {
        size_t from, until;    /* what is told by a literal that begins here counts */
        bool goes_on;          /* the text does, after what there is of it */
        const JsonLexer *json; /* where the text that there is begins; NULL: it is no JSON */
} TextPart;
