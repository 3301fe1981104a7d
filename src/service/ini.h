/*
 * Settings files, as systemd writes them
 *
 * [Section], Key=value, comment lines that begin with "#" or ";", a "\" at the end of a line joins the next one. There
 * are no comments after a value and no quotes here: what a value means is the caller's to say. Lines may be as long
 * as the file, and each one is handed out with its number, so that a person can be told where to look.
 */
#pragma once

#include "base/cleanup.h"

typedef enum IniItem {
        INI_SECTION, /* section: its name; key and value are NULL */
        INI_ASSIGNMENT,
        INI_BROKEN, /* any other line, ignored: value says why; section and key are NULL */
} IniItem;

/* Called for each item, in order of the file; the strings are borrowed. Returns 0, or a negative errno that ends the
 * reading. An assignment comes with the section it stands in. */
typedef int (*IniHandler)(void *userdata, IniItem item, unsigned line, const char *section,
                          const char *key, const char *value);

/*
 * Reads @text (changed while reading; NUL-terminated). Returns 0; -EBADMSG: the header of a section is broken, so that
 * nothing after it can be trusted (*@ret_line tells where); or what @handler returned.
 */
int ini_read(char *text, IniHandler handler, void *userdata, unsigned *ret_line);
