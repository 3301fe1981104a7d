/*
 * Backends: those that are compiled in, and which one a URL means
 */
#pragma once

#include "remote/remote.h"

/* The backend for @url. Returns 0; -EPROTONOSUPPORT (unknown, or not compiled in) or -EINVAL (it may be read in two ways) with
 * *@reterr, which repeats nothing of the URL. */
int remote_backend_find(const char *url, const RemoteBackend **ret, char **reterr);

/* Its URL as it may be shown. Of one that cannot be used, and so may hold a password anywhere, only how it begins. The caller
 * owns it. */
char *remote_shown_url(const RemoteOptions *options);
