/*
 * MaskStream: a text of any length in, the same text without secrets out, in constant memory
 *
 * A text that is short enough is masked as a whole. Of a longer one a window is kept: what comes next of it is searched with as
 * much round it as a rule may look at, and goes out up to a place that no secret crosses. JSON stays JSON, also line by line
 * and in lines among others (mask/json.h). So it makes no difference how the text comes, and hardly one that it was not
 * masked as a whole:
 *
 *  - a secret that is told by its context is masked before it, where it stands alone, only as far as the window reaches. Whoever
 *    can read the text twice has it learned first: mask_stream_begin().
 *  - what cannot be searched is the window, not all of the text; a secret that is longer than any window ends the output with
 *    -EFBIG.
 */
#pragma once

#include "mask/masker.h"

typedef struct MaskStream MaskStream;

/* Told what comes out, in order. Each may be NULL, and returns 0 or a negative errno, which ends it all. */
typedef struct MaskSink {
        int (*text)(void *userdata, const char *text, size_t size);
        int (*finding)(void *userdata, size_t line, const char *rule); /* lines count from 1 */
        void *userdata;
} MaskSink;

/* What is masked in one go at least, in bytes; so much twice is a text that is masked as a whole. */
#define MASK_STREAM_PIECE     ((size_t) 1024 * 1024)
#define MASK_STREAM_PIECE_MIN ((size_t) 192 * 1024)

/* Borrows @masker. @piece: as above. */
MaskStream *mask_stream_new(Masker *masker, size_t piece, const MaskSink *sink);
/* Wipes and frees. Takes NULL; returns NULL. */
MaskStream *mask_stream_free(MaskStream *s);
DEFINE_CLEANUP(MaskStream *, mask_stream_free)

/* Begins a text. With @learning its secrets are remembered, and nothing comes out; the text that begins next is the same again, and is
 * searched only where it is not, or where one of them stands that was not known yet. */
void mask_stream_begin(MaskStream *s, bool learning);

/* Takes the next bytes. Returns 0, -ENOMEM, -EFBIG (see above) or what the sink returned. */
int mask_stream_feed(MaskStream *s, const char *bytes, size_t size);

/* After -EFBIG: the line on which that begins which has no end, and the rule that found it; NULL: it is no secret, but a number. */
const char *mask_stream_endless(const MaskStream *s, size_t *ret_line);

/* The text ends here. Returns the same. */
int mask_stream_end(MaskStream *s);
