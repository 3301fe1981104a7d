/* Translations: what people read goes through these; the journal stays English */
#pragma once

#include <libintl.h>

#define _(text)              gettext(text)
#define N_(text)             text
#define P_(one, many, count) ngettext(one, many, (unsigned long) (count))
