/*
 * Private keys in armour: PEM, OpenSSH, PGP, SSH2, PuTTY
 *
 * A key goes whole, from header to footer, however it is wrapped, indented, numbered, quoted or put in a diff. Where
 * header or footer was cut off, all that still looks like its body goes. A header in prose or code, with no body behind
 * it, is no key.
 */
#pragma once

#include "base/cleanup.h"

/*
 * @low: nothing before it belongs to a key. @at is where "PRIVATE KEY" (or another word that armour has) stands in @text. Returns 1 and the key's range when there
 * is one round it; 0: there is none.
 */
int private_key_find(const char *text, size_t size, size_t low, size_t at, size_t *ret_start,
                     size_t *ret_end);
