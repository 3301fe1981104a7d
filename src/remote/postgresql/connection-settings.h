/*
 * A remote's settings, translated for libpq
 */
#pragma once

#include "remote/postgresql/pq-api.h"
#include "remote/remote.h"

#define CONNECTION_PARAMETERS_MAX 96 /* libpq 17 has 47 */

/* One of the servers, which are tried in order. */
typedef struct ConnectionServer {
        char *host, *address, *port; /* "" if not given */
} ConnectionServer;

typedef struct ConnectionSettings {
        const RemoteOptions *options;
        PQconninfoOption *parsed; /* of the URL */
        PQconninfoOption *
                        complete; /* with what libpq adds from a service file, the environment and its defaults */
        ConnectionServer *servers;
        size_t n_servers;
        const char *user; /* for people */
        const char *database;
        const char *ssl_mode;
        const char *root_file; /* sslrootcert; NULL: libpq decides */
        char *url;             /* where it leads, without user and password */
        char *place;           /* the servers, for people */
        char *caution;         /* see Remote; or NULL */
} ConnectionSettings;

/* Borrows what @options points to. Returns 0, or a negative errno with *@reterr. */
int connection_settings_take(ConnectionSettings *s, const RemoteOptions *options, char **reterr);
void connection_settings_done(ConnectionSettings *s);

/* Fills the arrays for PQconnectStartParams(), for one of the servers. @password may be NULL; everything is borrowed. */
void connection_settings_fill(const ConnectionSettings *s, size_t server, const char *password,
                              const char *keywords[static CONNECTION_PARAMETERS_MAX],
                              const char *values[static CONNECTION_PARAMETERS_MAX]);
