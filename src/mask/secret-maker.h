/*
 * Secret maker: strings in the form of a credential, made and never written out
 *
 * The examples of the rules and the tests name a form, "ghp_{alnum:36}"; what comes out of it is the same every time,
 * so no string that looks like a secret is in the tree.
 */
#pragma once

#include "base/strbuf.h"

/*
 * Replaces each {kind:n} of @template: n characters of digit lower upper alpha alnum lalnum (lower and digits) ualnum hex
 * HEX base32 base58 base64 base64url bech32, each with a digit, a lower and an upper letter as far as its alphabet has
 * them; {uuid:n} the nth UUID; {crc32:github} and {crc32:npm} 36 characters with a right checksum; {luhn:16} a card
 * number. The same {kind:n} in one template is the same string. What is no kind stays as it is.
 * Returns 0, -ENOMEM, or -E2BIG: it is more than 128 KiB. The caller owns *@ret.
 */
int secret_make(const char *template, char **ret);
