/*
 * Backends: which ones are compiled in, and which one a URL means
 */
#pragma once

#include "remote/remote.h"

/* The backend for @url. Returns 0; -EPROTONOSUPPORT (unknown, or not compiled in) or -EINVAL (it can be read in two ways) with
 * *@reterr, which repeats nothing of the URL. */
int remote_backend_find(const char *url, const RemoteBackend **ret, char **reterr);

/* Its URL as it may be shown. If the URL cannot be used, a password may be anywhere in it, and only its scheme is shown. The
 * caller owns it. */
char *remote_shown_url(const RemoteOptions *options);
