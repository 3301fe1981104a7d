/*
 * A connection to PostgreSQL that can be stopped at any time
 *
 * libpq in its nonblocking mode: whatever is waited for, the server's answer or room to send more, also ends with a time-out
 * or when somebody says stop. A connection on which anything failed is closed by its owner, who forgets what was under way.
 */
#pragma once

#include <stdatomic.h>

#include "remote/postgresql/pq-api.h"
#include "remote/remote.h"

typedef struct Connection {
        const char *place; /* for people; borrowed */
        PGconn *conn;      /* NULL while there is none */
        bool was_open;     /* it came about */
        atomic_bool stopped;
        int stop_fd; /* readable once it is to end */
        uint64_t timeout_usec;
        char sqlstate[6]; /* of the last failure; "": none came from the server */
        char *message;    /* libpq's own words of a failure that did not; or NULL */
} Connection;

/* Borrows @place. Returns 0 or a negative errno. */
int connection_init(Connection *c, const char *place, uint64_t timeout_usec);
void connection_done(Connection *c);

/* From any thread: what is waited for ends with -ECANCELED, and all that comes later. */
void connection_stop(Connection *c);

/* Each returns 0 or a negative errno: -ECANCELED, -ETIMEDOUT, -ENOMEM, or -EPROTO with sqlstate and message set.
 * *@ret_is_final, of a failure: another server would not be tried by libpq either. */
int connection_open(Connection *c, const char *const *keywords, const char *const *values,
                    bool *ret_is_final);
void connection_close(Connection *c);

/* Runs a statement with texts as parameters. *@ret may be NULL; it is the caller's, who gives it to PQclear(). */
int connection_run(Connection *c, const char *sql, const char *const *parameters,
                   size_t n_parameters, PGresult **ret);

/* Runs COPY ... FROM STDIN with these bytes. */
int connection_copy(Connection *c, const char *sql, const char *bytes, size_t size);
