/*
 * URLs, as far as they may be shown
 */
#pragma once

#include "base/strbuf.h"

/* @url without user and password, query and fragment (the user of an ssh URL stays). NULL without memory; the caller
 * owns it. */
char *url_without_credentials(const char *url);
