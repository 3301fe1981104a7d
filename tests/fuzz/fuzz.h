/* What the fuzz targets share */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* The fuzzer reports an abort as a finding. */
#define MUST(condition)                                                                 \
        do {                                                                            \
                if (!(condition)) {                                                     \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                        \
                }                                                                       \
        } while (0)

/* The bytes from which a target reads its instructions. */
typedef struct Input {
        const uint8_t *data;
        size_t size;
} Input;

/* The next byte; 0 after the last. */
static inline unsigned take(Input *in)
{
        if (in->size == 0)
                return 0;
        in->size--;
        return *in->data++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
