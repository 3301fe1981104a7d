/*
 * Which characters are commands to a terminal, or turn the direction of reading
 *
 * What comes from a session may hold anything. None of these is printed as it is, in text, in JSON or as a file's name.
 */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"

/* Reads one character of @text, at most @size bytes (at least 1). Returns its length; *@ret is UINT32_MAX where the bytes are not
 * UTF-8. */
size_t utf8_read(const char *text, size_t size, uint32_t *ret);

/* Writes the character @c, whatever it is. Returns its length. */
size_t utf8_write(char to[static 4], uint32_t c);

/* Is @c more than a letter to a terminal: a control character (line break and tab, too), one that reorders or hides the text
 * around it, or none at all (UINT32_MAX)? */
bool char_is_unsafe(uint32_t c);

/* Appends @json with such characters within its strings escaped; line breaks between its members stay, tabs become blanks. Returns 0 or
 * -ENOMEM. */
int put_safe_json(StrBuf *b, const char *json, size_t size);

typedef enum PrintableMode {
        PRINTABLE_LINE, /* line breaks and tabs become spaces */
        PRINTABLE_TEXT, /* they stay */
} PrintableMode;

/* Appends @text fit for a terminal: controls become their symbols (ESC is "␛"), broken UTF-8, C1 controls and bidirectional
 * overrides U+FFFD. Returns 0 or -ENOMEM. */
int put_printable(StrBuf *b, PrintableMode mode, const char *text, size_t size);
