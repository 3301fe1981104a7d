/*
 * HTTP: one request at a time to one server, over connections that are kept open
 *
 * The only place where curl's codes become errnos and sentences. No sentence contains a password or an answer's text.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

typedef struct Http Http;

/* A server. Borrowed until http_new() returns. */
typedef struct HttpServer {
        const char *host;
        unsigned port;
        bool tls;
        const char *ca_file; /* replaces the system's list of authorities; or NULL */
        const char *client_certificate, *client_key; /* or NULL */
        uint64_t timeout_usec;
} HttpServer;

typedef struct HttpRequest {
        const char *parameters; /* what follows "?" in the URL */
        const void *body;
        size_t body_size;
        bool gzip; /* compress the body */

        /* Called for each line of an answer with status 200, without its line end; it may change the line. NULL: the answer is
         * dropped. A negative errno ends the request and is returned. */
        int (*on_line)(void *userdata, char *line);
        void *userdata;
} HttpRequest;

#define HTTP_TEXT_MAX 4096

typedef struct HttpAnswer {
        int status;
        int exception_code;        /* X-ClickHouse-Exception-Code; 0: none */
        uint64_t retry_after_usec; /* 0: the server did not say */
        char text[HTTP_TEXT_MAX]; /* start of an answer with any other status than 200; never to be shown, since
                                    * servers repeat in it what they were sent */
} HttpAnswer;

/* Returns 0, or a negative errno with *@reterr. */
int http_new(const HttpServer *server, Http **ret, char **reterr);
Http *http_free(Http *h);
DEFINE_CLEANUP(Http *, http_free)

/* Sets the login for later requests. Both are copied, and wiped at the end. @password may be NULL. */
void http_set_login(Http *h, const char *user, const char *password);

/* Ends the current request and all later ones with -ECANCELED. May be called from any thread. */
void http_stop(Http *h);

/* Posts in two steps, so that the caller can work while the server does. The first returns when the body is sent, or cannot be;
 * the second returns 0 (there is an answer, whatever its status), or a negative errno with *@reterr. @request and all that it
 * points to are borrowed in between, and no other request may be made. */
void http_begin(Http *h, const HttpRequest *request);
int http_finish(Http *h, HttpAnswer *ret, char **reterr);

/* Gives up what http_begin() began, if anything. */
void http_abort(Http *h);

/* Waits, up to @usec; returns 0, or -ECANCELED when http_stop() was or is called. */
int http_pause(Http *h, uint64_t usec);
