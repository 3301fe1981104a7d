/*
 * HTTP: one request after the other to one server, over connections that are kept
 *
 * The one place where curl's codes become errnos and sentences. No sentence holds a password or an answer's text.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

typedef struct Http Http;

/* What a server is, borrowed until http_new() returns. */
typedef struct HttpServer {
        const char *host;
        unsigned port;
        bool tls;
        const char *ca_file; /* instead of the system's list of authorities; or NULL */
        const char *client_certificate, *client_key; /* or NULL */
        uint64_t timeout_usec;
} HttpServer;

typedef struct HttpRequest {
        const char *parameters; /* what follows "?" in the URL */
        const void *body;
        size_t body_size;
        bool gzip; /* compress the body */

        /* An answer with status 200 is handed over line by line, without its line ends (the line may be changed).
         * NULL: it is dropped. A negative errno ends the request and is returned. */
        int (*on_line)(void *userdata, char *line);
        void *userdata;
} HttpRequest;

#define HTTP_TEXT_MAX 4096

typedef struct HttpAnswer {
        int status;
        int exception_code;        /* X-ClickHouse-Exception-Code; 0: none */
        uint64_t retry_after_usec; /* 0: the server did not say */
        char text[HTTP_TEXT_MAX]; /* start of what came with any other status than 200; for the machine only: a
                                    * server repeats in it what it was sent */
} HttpAnswer;

/* Returns 0, or a negative errno with *@reterr. */
int http_new(const HttpServer *server, Http **ret, char **reterr);
Http *http_free(Http *h);
DEFINE_CLEANUP(Http *, http_free)

/* Who we are from now on; both are copied and wiped at the end. @password may be NULL. */
void http_set_login(Http *h, const char *user, const char *password);

/* Ends the request in hand and all later ones with -ECANCELED. From any thread. */
void http_stop(Http *h);

/* Posts in two steps, for what can be done while the server works. The first one returns when the body has gone out, or never
 * will; the second one returns 0 (an answer came, whatever its status), or a negative errno with *@reterr. @request and all
 * that it points to is borrowed between them. Nothing else may be asked then. */
void http_begin(Http *h, const HttpRequest *request);
int http_finish(Http *h, HttpAnswer *ret, char **reterr);

/* Gives up what http_begin() began. Nothing may be under way. */
void http_abort(Http *h);

/* Waits, up to @usec; returns 0, or -ECANCELED when http_stop() was or is called. */
int http_pause(Http *h, uint64_t usec);
