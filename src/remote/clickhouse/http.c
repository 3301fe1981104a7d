/* HTTP: one request at a time to one server, over connections that are kept open */
#include "remote/clickhouse/http.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

#include "base/time-util.h"
#include "config.h"
#include "remote/clickhouse/curl-api.h"
#include "remote/network.h"

#define CONNECT_USEC  (10 * USEC_PER_SEC)
#define LINE_MAX_SIZE ((size_t) 1024 * 1024) /* no answer that we expect has a longer one */
#define PACKED_STEP   ((uInt) 256 * 1024)    /* a compressed body grows in steps of this */
#define GZIP_LEVEL    1 /* three quarters of the best level's gain at a fifth of its time */

/* A request under way, and the part of its answer that has arrived. */
typedef struct Exchange {
        const HttpRequest *request; /* NULL: there is none */
        char *url;
        size_t size; /* of the body as it is sent */
        HttpAnswer answer;
        StrBuf line;
        size_t text_size;
        bool done;
        CURLcode code; /* once it is done */
        int error;     /* ours, or on_line()'s */
} Exchange;

struct Http {
        CURLM *multi;
        CURL *easy;
        char *base;  /* http[s]://host:port/? */
        char *place; /* host:port, for people */
        HttpServer server;
        char *ca_file, *client_certificate, *client_key;
        struct curl_slist *headers, *gzip_headers;
        atomic_bool stopped;
        StrBuf packed; /* a compressed body */
        Exchange now;
        char curl_error[CURL_ERROR_SIZE];
};

static struct curl_slist *wipe_list(struct curl_slist *list)
{
        for (struct curl_slist *i = list; i; i = i->next)
                explicit_bzero(i->data, strlen(i->data));
        curl()->curl_slist_free_all(list);
        return NULL;
}

Http *http_free(Http *h)
{
        if (!h)
                return NULL;
        http_abort(h);
        if (h->easy)
                curl()->curl_easy_cleanup(h->easy);
        if (h->multi)
                (void) curl()->curl_multi_cleanup(h->multi);
        h->headers = wipe_list(h->headers);
        h->gzip_headers = wipe_list(h->gzip_headers);
        strbuf_done(&h->packed);
        free(h->base);
        free(h->place);
        free(h->ca_file);
        free(h->client_certificate);
        free(h->client_key);
        free(h);
        return NULL;
}

static void make_names(Http *h, const HttpServer *server)
{
        const char *open = strchr(server->host, ':') ? "[" : "", *close = *open ? "]" : "";

        h->place = xasprintf("%s%s%s:%u", open, server->host, close, server->port);
        h->base = xasprintf("http%s://%s/?", server->tls ? "s" : "", h->place);
        h->server = *server;
        h->ca_file = xstrdup(server->ca_file);
        h->client_certificate = xstrdup(server->client_certificate);
        h->client_key = xstrdup(server->client_key);
}

int http_new(const HttpServer *server, Http **ret, char **reterr)
{
        _cleanup_(http_freep) Http *h = NULL;
        int r;

        r = curl_load(reterr);
        if (r < 0)
                return r;
        h = xcalloc(1, sizeof(*h));
        make_names(h, server);
        h->easy = curl()->curl_easy_init();
        h->multi = curl()->curl_multi_init();
        if (!h->easy || !h->multi) {
                format_error(reterr, "There is no memory.");
                return -ENOMEM;
        }
        *ret = TAKE_PTR(h);
        return 0;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
        char *header = xasprintf("%s%s", name, value);
        struct curl_slist *grown = curl()->curl_slist_append(list, header);

        if (!grown)
                memory_is_out();
        explicit_bzero(header, strlen(header));
        free(header);
        return grown;
}

static struct curl_slist *make_headers(const char *user, const char *password, bool gzip)
{
        struct curl_slist *list;

        /* "Expect:" without a value removes the header: asking first would cost a round trip for each block */
        list = add_header(NULL, "Expect:", "");
        list = add_header(list, "Content-Type: ", "application/octet-stream");
        list = add_header(list, "X-ClickHouse-User: ", user);
        if (password && *password)
                list = add_header(list, "X-ClickHouse-Key: ", password);
        if (gzip)
                list = add_header(list, "Content-Encoding: ", "gzip");
        return list;
}

void http_set_login(Http *h, const char *user, const char *password)
{
        (void) wipe_list(h->headers);
        (void) wipe_list(h->gzip_headers);
        h->headers = make_headers(user, password, false);
        h->gzip_headers = make_headers(user, password, true);
}

void http_stop(Http *h)
{
        atomic_store(&h->stopped, true);
        (void) curl()->curl_multi_wakeup(h->multi);
}

/* Receiving */

static int take_lines(Exchange *x, const char *bytes, size_t n)
{
        while (n > 0) {
                const char *end = memchr(bytes, '\n', n);
                size_t size = end ? (size_t) (end - bytes) : n;
                int r = strbuf_append(&x->line, bytes, size);

                if (r < 0)
                        return r;
                if (x->line.size > LINE_MAX_SIZE)
                        return -EFBIG;
                if (!end)
                        return 0;
                r = x->request->on_line(x->request->userdata, x->line.data);
                if (r < 0)
                        return r;
                strbuf_clear(&x->line);
                bytes = end + 1;
                n -= size + 1;
        }
        return 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *userdata)
{
        Http *h = userdata;
        Exchange *x = &h->now;
        long status = 0;
        size_t room;

        n *= size;
        (void) curl()->curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200) {
                x->error = x->request->on_line ? take_lines(x, bytes, n) : 0;
                return x->error < 0 ? 0 : n;
        }
        room = HTTP_TEXT_MAX - 1 - x->text_size;
        room = room < n ? room : n;
        memcpy(x->answer.text + x->text_size, bytes, room);
        x->text_size += room;
        x->answer.text[x->text_size] = '\0';
        return n;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *userdata)
{
        static const char name[] = "X-ClickHouse-Exception-Code:";
        Http *h = userdata;
        Exchange *x = &h->now;

        n *= size;
        if (n > sizeof(name) && n < 64 && strncasecmp(bytes, name, sizeof(name) - 1) == 0) {
                char number[64] = { 0 };

                memcpy(number, bytes + sizeof(name) - 1, n - sizeof(name) + 1);
                x->answer.exception_code = atoi(number);
        }
        return n;
}

/* Compressing */

static int deflate_all(z_stream *z, StrBuf *to)
{
        int code;

        do {
                if (strbuf_reserve(to, PACKED_STEP) < 0)
                        return -ENOMEM;
                z->next_out = (Bytef *) to->data + to->size;
                z->avail_out = PACKED_STEP;
                code = deflate(z, Z_FINISH);
                to->size += PACKED_STEP - z->avail_out;
        } while (code == Z_OK || code == Z_BUF_ERROR);
        return code == Z_STREAM_END ? 0 : -EIO;
}

static int pack(Http *h, const void *bytes, size_t n)
{
        z_stream z = { 0 };
        int r;

        /* + 16: with gzip's header */
        if (n > UINT32_MAX ||
            deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
                return -ENOMEM;
        strbuf_clear(&h->packed);
        z.next_in = (Bytef *) bytes;
        z.avail_in = (uInt) n;
        r = deflate_all(&z, &h->packed);
        (void) deflateEnd(&z);
        return r;
}

/* Errors */

static int explain_tls(Http *h, char **reterr)
{
        format_error(reterr,
                     "The certificate of %s could not be verified (%s). If the server uses its own "
                     "authority, name that authority's file in CaFile=.",
                     h->place, h->curl_error[0] ? h->curl_error : "it is not trusted");
        return -EKEYREJECTED;
}

static int explain_client_certificate(Http *h, char **reterr)
{
        if (h->client_certificate)
                format_error(reterr, "%s does not accept the client certificate ('%s').", h->place,
                             h->client_certificate);
        else
                format_error(reterr,
                             "%s requires a client certificate: name its file in "
                             "ClientCertificate=, and its key in ClientKey=.",
                             h->place);
        return -EKEYREJECTED;
}

static int explain_sandbox(Http *h, char **reterr)
{
        format_error(reterr,
                     "The service's sandbox has no network, so %s cannot be reached. The drop-in in '%s' "
                     "opens it: systemctl --user edit scrubjay.",
                     h->place, SCRUBJAY_TEAM_GUIDE);
        return -ENETUNREACH;
}

/* Why there is no connection. */
static int explain_connect(Http *h, char **reterr)
{
        long number = 0;

        (void) curl()->curl_easy_getinfo(h->easy, CURLINFO_OS_ERRNO, &number);
        if (number == EPERM || network_is_shut_off())
                return explain_sandbox(h, reterr);
        if (number == ECONNREFUSED)
                format_error(reterr,
                             "%s refuses connections. Does ClickHouse run there, on that port?",
                             h->place);
        else
                format_error(reterr, "%s cannot be reached: %s.", h->place,
                             number > 0 ? strerror((int) number) : "there is no connection");
        return number > 0 ? -(int) number : -EHOSTUNREACH;
}

static int explain(Http *h, CURLcode code, char **reterr)
{
        switch (code) {
        case CURLE_OK:
                return 0;
        case CURLE_OUT_OF_MEMORY:
                format_error(reterr, "There is no memory.");
                return -ENOMEM;
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
                if (network_is_shut_off())
                        return explain_sandbox(h, reterr);
                format_error(reterr, "The name '%s' cannot be resolved.", h->place);
                return -EHOSTUNREACH;
        case CURLE_COULDNT_CONNECT:
                return explain_connect(h, reterr);
        case CURLE_OPERATION_TIMEDOUT:
                format_error(reterr, "%s does not answer in time.", h->place);
                return -ETIMEDOUT;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ISSUER_ERROR:
                return explain_tls(h, reterr);
        case CURLE_SSL_CACERT_BADFILE:
                format_error(reterr, "The file of CaFile= ('%s') cannot be used.",
                             h->ca_file ?: "the system's list");
                return -EKEYREJECTED;
        case CURLE_SSL_CERTPROBLEM:
                format_error(reterr, "The client certificate ('%s') or its key cannot be used.",
                             h->client_certificate ?: "");
                return -EKEYREJECTED;
        case CURLE_SSL_CONNECT_ERROR:
                if (strstr(h->curl_error, "alert") && strstr(h->curl_error, "certificate"))
                        return explain_client_certificate(h, reterr);
                format_error(reterr, "TLS with %s failed. Is this its HTTPS port?", h->place);
                return -EPROTO;
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_HTTP2:
                format_error(reterr, "What answers on %s is not an HTTP server.", h->place);
                return -EPROTO;
        default:
                /* with TLS 1.3, the server rejects our certificate after the handshake */
                if (h->server.tls && strstr(h->curl_error, "alert") &&
                    (strstr(h->curl_error, "certificate") || strstr(h->curl_error, "unknown ca")))
                        return explain_client_certificate(h, reterr);
                format_error(reterr, "The connection to %s broke.", h->place);
                return -ECONNRESET;
        }
}

/* Sending */

static void set_tls(Http *h)
{
        (void) curl()->curl_easy_setopt(h->easy, CURLOPT_SSL_VERIFYPEER, 1L);
        (void) curl()->curl_easy_setopt(h->easy, CURLOPT_SSL_VERIFYHOST, 2L);
        (void) curl()->curl_easy_setopt(h->easy, CURLOPT_SSLVERSION,
                                        (long) CURL_SSLVERSION_TLSv1_2);
        if (h->ca_file)
                (void) curl()->curl_easy_setopt(h->easy, CURLOPT_CAINFO, h->ca_file);
        if (h->client_certificate)
                (void) curl()->curl_easy_setopt(h->easy, CURLOPT_SSLCERT, h->client_certificate);
        if (h->client_key)
                (void) curl()->curl_easy_setopt(h->easy, CURLOPT_SSLKEY, h->client_key);
}

/* curl()->curl_easy_reset() keeps the connections. What can fail is without memory, and shows in the request. */
static void set_options(Http *h, const void *body)
{
        CURL *e = h->easy;

        curl()->curl_easy_reset(e);
        h->curl_error[0] = '\0';
        (void) curl()->curl_easy_setopt(e, CURLOPT_URL, h->now.url);
        (void) curl()->curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->curl_error);
        (void) curl()->curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
        (void) curl()->curl_easy_setopt(e, CURLOPT_QUICK_EXIT,
                                        1L); /* no waiting for a name server at the end */
#endif
        (void) curl()->curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
        (void) curl()->curl_easy_setopt(e, CURLOPT_USERAGENT, "scrubjay");
        (void) curl()->curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        (void) curl()->curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
        (void) curl()->curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                                        (long) (CONNECT_USEC / USEC_PER_MSEC));
        (void) curl()->curl_easy_setopt(e, CURLOPT_TIMEOUT_MS,
                                        (long) (h->server.timeout_usec / USEC_PER_MSEC));
        (void) curl()->curl_easy_setopt(e, CURLOPT_HTTPHEADER,
                                        h->now.request->gzip ? h->gzip_headers : h->headers);
        (void) curl()->curl_easy_setopt(e, CURLOPT_POST, 1L);
        (void) curl()->curl_easy_setopt(e, CURLOPT_POSTFIELDS, body);
        (void) curl()->curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) h->now.size);
        (void) curl()->curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
        (void) curl()->curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
        (void) curl()->curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
        (void) curl()->curl_easy_setopt(e, CURLOPT_HEADERDATA, h);
        if (strcmp(h->server.host, "localhost") == 0 || strncmp(h->server.host, "127.", 4) == 0 ||
            strcmp(h->server.host, "::1") == 0)
                (void) curl()->curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
        if (h->server.tls)
                set_tls(h);
}

static bool is_uploaded(const Http *h)
{
        curl_off_t n = 0;

        (void) curl()->curl_easy_getinfo(h->easy, CURLINFO_SIZE_UPLOAD_T, &n);
        return n >= 0 && (size_t) n >= h->now.size;
}

/* Transfers until the exchange is done, or (unless @to_the_end) the body is sent. */
static void transfer(Http *h, bool to_the_end)
{
        Exchange *x = &h->now;
        int n_running, n_left;

        while (!x->done && (to_the_end || !is_uploaded(h))) {
                CURLMsg *message;

                if (atomic_load(&h->stopped)) {
                        x->error = -ECANCELED;
                        x->done = true;
                        return;
                }
                if (curl()->curl_multi_perform(h->multi, &n_running) != CURLM_OK) {
                        x->code = CURLE_OUT_OF_MEMORY;
                        x->done = true;
                }
                while ((message = curl()->curl_multi_info_read(h->multi, &n_left)))
                        if (message->msg == CURLMSG_DONE) {
                                x->code = message->data.result;
                                x->done = true;
                        }
                if (!x->done && (to_the_end || !is_uploaded(h)))
                        (void) curl()->curl_multi_poll(h->multi, NULL, 0, 1000, NULL);
        }
}

int http_pause(Http *h, uint64_t usec)
{
        uint64_t end = now_usec(CLOCK_MONOTONIC) + usec, now;

        while (!atomic_load(&h->stopped)) {
                now = now_usec(CLOCK_MONOTONIC);
                if (now >= end)
                        return 0;
                (void) curl()->curl_multi_poll(h->multi, NULL, 0,
                                               (int) ((end - now) / USEC_PER_MSEC) + 1, NULL);
        }
        return -ECANCELED;
}

/* One exchange */

static int prepare_body(Http *h, const void **ret)
{
        const HttpRequest *request = h->now.request;
        int r = 0;

        *ret = request->body;
        h->now.size = request->body_size;
        h->now.url = xasprintf("%s%s", h->base, request->parameters);
        if (request->gzip) {
                r = pack(h, request->body, request->body_size);
                *ret = h->packed.data;
                h->now.size = h->packed.size;
        }
        return r;
}

void http_begin(Http *h, const HttpRequest *request)
{
        const void *body;

        h->now = (Exchange){ .request = request };
        h->now.error = prepare_body(h, &body);
        if (h->now.error < 0) {
                h->now.done = true;
                return;
        }
        set_options(h, body);
        (void) curl()->curl_multi_add_handle(h->multi, h->easy);
        transfer(h, false);
}

void http_abort(Http *h)
{
        if (!h->now.request)
                return;
        (void) curl()->curl_multi_remove_handle(h->multi, h->easy);
        strbuf_done(&h->now.line);
        free(h->now.url);
        h->now = (Exchange){ 0 };
}

static void finish_answer(Http *h)
{
        curl_off_t seconds = 0;
        long status = 0;

        (void) curl()->curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
        (void) curl()->curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &seconds);
        h->now.answer.status = (int) status;
        if (seconds > 0)
                h->now.answer.retry_after_usec = (uint64_t) seconds * USEC_PER_SEC;
}

int http_finish(Http *h, HttpAnswer *ret, char **reterr)
{
        int r;

        transfer(h, true);
        r = h->now.error;
        if (r == -ENOMEM)
                format_error(reterr, "There is no memory.");
        if (r >= 0)
                r = explain(h, h->now.code, reterr);
        if (r >= 0)
                finish_answer(h);
        *ret = h->now.answer;
        http_abort(h);
        return r;
}
