/*
 * Private keys in armour: PEM, OpenSSH, PGP, SSH2, PuTTY
 *
 * A key goes whole, from header to footer, however it is wrapped, indented, numbered, quoted, put in a diff or in a log.
 * Where header or footer was cut off, all that still looks like its body goes; where both are there and what is between them
 * is not understood, each long run of base64 in it. A header in prose or code, with no body after
 * it, is no key.
 */
#pragma once

#include "base/cleanup.h"

typedef enum PrivateKey {
        PRIVATE_KEY_NONE,
        PRIVATE_KEY_WHOLE,
        PRIVATE_KEY_SCATTERED, /* its runs stand in other text: see private_key_next_run() */
} PrivateKey;

typedef struct KeyRange {
        size_t start, end;
        bool from_before; /* what looks like its body goes up to where it was looked for */
        bool closed;      /* it ends with its footer */
} KeyRange;

/*
 * @low: nothing before it belongs to a key. @at is where "PRIVATE KEY" (or another word that armour has) stands in @text. Sets
 * *@ret when there is a key round it, and where a footer ends also when there is no body so far.
 */
PrivateKey private_key_find(const char *text, size_t size, size_t low, size_t at, KeyRange *ret);

/* Goes on at @at with a key whose beginning was in another piece of the text. Where it ends; @at: just before. */
KeyRange private_key_go_on(const char *text, size_t size, size_t at);

/* The next run of a scattered key in @*at..@end: moves @*at to it and returns its length; 0: there is none. */
size_t private_key_next_run(const char *text, size_t *at, size_t end);
