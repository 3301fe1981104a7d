/*
 * The URL of a remote, taken apart: BACKEND+http[s]://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE
 */
#pragma once

#include "base/strbuf.h"

typedef struct RemoteUrl {
        char *backend;
        char *user;     /* "default" if none is named */
        char *password; /* NULL if there is none */
        char *host;     /* an IPv6 address without its brackets */
        char *database; /* "default" if none is named */
        unsigned port;  /* 8443 or 8123 if none is named */
        bool tls;
} RemoteUrl;

void remote_url_done(RemoteUrl *u);

/* Returns 0; -EINVAL or -ENOMEM with *@reterr: a sentence that repeats nothing of the URL. */
int remote_url_parse(const char *url, RemoteUrl *ret, char **reterr);

/* Is the host this machine? */
bool remote_url_is_local(const RemoteUrl *u);
