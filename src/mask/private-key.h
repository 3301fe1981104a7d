/*
 * Private keys in armour: PEM, OpenSSH, PGP, SSH2, PuTTY
 *
 * A key goes whole, from header to footer, however it is wrapped, indented, numbered, quoted, put in a diff or in a log.
 * Where header or footer was cut off, all that still looks like its body goes; where both are there and what is between them
 * is not understood, each long run of base64 in it. A header in prose or code, with no body behind
 * it, is no key.
 */
#pragma once

#include "base/cleanup.h"

typedef enum PrivateKey {
        PRIVATE_KEY_NONE,
        PRIVATE_KEY_WHOLE,
        PRIVATE_KEY_SCATTERED, /* its runs stand in other text: see private_key_next_run() */
} PrivateKey;

/*
 * @low: nothing before it belongs to a key. @at is where "PRIVATE KEY" (or another word that armour has) stands in @text. Sets the
 * key's range when there is one round it.
 */
PrivateKey private_key_find(const char *text, size_t size, size_t low, size_t at, size_t *ret_start,
                            size_t *ret_end);

/* Goes on at @at with a key whose beginning was in another piece of the text. Returns where it ends; @at: just before. */
size_t private_key_go_on(const char *text, size_t size, size_t at);

/* Does a key that ends at @end, end with its footer? */
bool private_key_is_closed(const char *text, size_t end);

/* The next run of a scattered key in @*at..@end: moves @*at to it and returns its length; 0: there is none. */
size_t private_key_next_run(const char *text, size_t *at, size_t end);
