/*
 * Text for the bus, which takes UTF-8 only
 */
#pragma once

#include "base/cleanup.h"

/* Makes *@text valid UTF-8, which a file's name in it need not be; NULL stays, and without memory it becomes NULL. */
void text_make_utf8(char **text);
