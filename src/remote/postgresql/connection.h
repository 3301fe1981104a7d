/*
 * A connection to PostgreSQL that can be stopped at any time
 *
 * It uses libpq's nonblocking mode: each wait, for an answer or for room to send more, also ends with a time-out or when
 * somebody calls connection_stop(). After any failure the owner closes the connection, and forgets what was under way.
 */
#pragma once

#include <stdatomic.h>

#include "remote/postgresql/pq-api.h"
#include "remote/remote.h"

typedef struct Connection {
        const char *place; /* for people; borrowed */
        PGconn *conn;      /* NULL while there is none */
        bool was_open;     /* it was established */
        atomic_bool stopped;
        int stop_fd; /* readable after connection_stop() */
        uint64_t timeout_usec;
        char sqlstate[6]; /* of the last failure; "": it did not come from the server */
        char *message;    /* then libpq's own words; or NULL */
} Connection;

/* Borrows @place. Returns 0 or a negative errno. */
int connection_init(Connection *c, const char *place, uint64_t timeout_usec);
void connection_done(Connection *c);

/* The current wait and all later ones end with -ECANCELED. May be called from any thread. */
void connection_stop(Connection *c);

/* Each returns 0 or a negative errno: -ECANCELED, -ETIMEDOUT, -ENOMEM, or -EPROTO with sqlstate and message set.
 * *@ret_is_final, after a failure: libpq would not try another server either. */
int connection_open(Connection *c, const char *const *keywords, const char *const *values,
                    bool *ret_is_final);
void connection_close(Connection *c);

/* Runs a statement with texts as parameters. @ret may be NULL; the caller passes *@ret to PQclear(). */
int connection_run(Connection *c, const char *sql, const char *const *parameters,
                   size_t n_parameters, PGresult **ret);

/* Runs COPY ... FROM STDIN with these bytes. */
int connection_copy(Connection *c, const char *sql, const char *bytes, size_t size);
