/*
 * ClickHouse: statements over HTTP, and what a person reads when one fails
 */
#include <inttypes.h>
#include <string.h>

#include "base/time-util.h"
#include "remote/clickhouse/clickhouse-internal.h"

/* A request whose answer got lost, or that failed for a momentary reason, is sent again after these. */
static const uint64_t resend_usec[] = { 100 * USEC_PER_MSEC, 500 * USEC_PER_MSEC,
                                        2 * USEC_PER_SEC };

/* The error codes of ClickHouse (src/Common/ErrorCodes.cpp) that have a sentence of their own. */
enum {
        CODE_UNKNOWN_TABLE = 60,
        CODE_UNKNOWN_DATABASE = 81,
        CODE_TIMEOUT = 159,
        CODE_READONLY = 164,
        CODE_UNKNOWN_USER = 192,
        CODE_WRONG_PASSWORD = 193,
        CODE_TOO_MANY_QUERIES = 202,
        CODE_MEMORY = 241,
        CODE_TABLE_READONLY = 242,
        CODE_NO_SPACE = 243,
        CODE_TOO_MANY_PARTS = 252,
        CODE_ACCESS_DENIED = 497,
        CODE_AUTHENTICATION = 516,
};

int clickhouse_fail(ClickHouse *c, int error, const char *format, ...)
{
        va_list ap;

        free(c->base.reason);
        va_start(ap, format);
        c->base.reason = xvasprintf(format, ap);
        va_end(ap);
        return error;
}

/* SQL text */

static int quote(StrBuf *b, char mark, const char *text)
{
        (void) strbuf_putc(b, mark);
        for (; *text; text++) {
                if (*text == mark || *text == '\\')
                        (void) strbuf_putc(b, '\\');
                (void) strbuf_putc(b, *text);
        }
        return strbuf_putc(b, mark);
}

int clickhouse_quote(StrBuf *b, const char *text)
{
        return quote(b, '\'', text);
}

int clickhouse_name(StrBuf *b, const char *name)
{
        return quote(b, '`', name);
}

void clickhouse_escape_url(StrBuf *b, const char *text)
{
        for (; *text; text++) {
                unsigned char c = (unsigned char) *text;

                if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    strchr("-_.~", c))
                        (void) strbuf_putc(b, *text);
                else
                        (void) strbuf_printf(b, "%%%02X", c);
        }
}

/* Errors */

/* The missing right. The server says "INSERT(...) ON db.messages"; only the harmless first words are taken. */
static void missing_right(const char *text, char *buffer, size_t size)
{
        static const char mark[] = "have the grant ";
        const char *from = strstr(text, mark);
        size_t n = 0;

        if (from)
                from += sizeof(mark) - 1;
        for (; from && (*from == ' ' || (*from >= 'A' && *from <= 'Z')) && n + 1 < size; from++)
                buffer[n++] = *from;
        buffer[n] = '\0';
}

static int explain_denied(ClickHouse *c, const HttpAnswer *answer)
{
        char right[64];

        if (answer->exception_code == CODE_ACCESS_DENIED) {
                missing_right(answer->text, right, sizeof(right));
                return clickhouse_fail(
                                c, -EACCES,
                                "The user '%s' lacks a right on %s%s%s. It needs SELECT, INSERT, "
                                "ALTER DELETE, ALTER UPDATE and ALTER ADD COLUMN on the tables of "
                                "'%s', and CREATE TABLE to create them.",
                                c->url.user, c->place, *right ? ": " : "", right, c->url.database);
        }
        if (answer->exception_code == CODE_READONLY)
                return clickhouse_fail(c, -EACCES, "The user '%s' may only read on %s.",
                                       c->url.user, c->place);
        return clickhouse_fail(c, -EACCES,
                               "%s does not let the user '%s' in: the user name or the password is "
                               "wrong. The password is read from the credential or file "
                               "remote-%s-password, or PasswordFile=.",
                               c->place, c->url.user, c->options->name);
}

/* Explains an error by its code. The text of its message may repeat rows, so it is not shown. */
static int explain_code(ClickHouse *c, const HttpAnswer *answer)
{
        switch (answer->exception_code) {
        case CODE_UNKNOWN_DATABASE:
                return clickhouse_fail(
                                c, -EPROTOTYPE,
                                "There is no database '%s' on %s. Create it: CREATE DATABASE %s.",
                                c->url.database, c->place, c->url.database);
        case CODE_UNKNOWN_TABLE:
                return clickhouse_fail(c, -EAGAIN,
                                       "A table on %s is gone; it will be created again.",
                                       c->place);
        case CODE_TOO_MANY_PARTS:
                return clickhouse_fail(
                                c, -EBUSY,
                                "%s has too many parts to merge, and accepts no rows until it "
                                "has caught up (code 252).",
                                c->place);
        case CODE_MEMORY:
                return clickhouse_fail(c, -EBUSY, "%s ran out of memory (code 241).", c->place);
        case CODE_TOO_MANY_QUERIES:
                return clickhouse_fail(c, -EBUSY, "%s is running too many queries (code 202).",
                                       c->place);
        case CODE_TIMEOUT:
                return clickhouse_fail(c, -EBUSY, "%s took too long (code 159).", c->place);
        case CODE_NO_SPACE:
                return clickhouse_fail(c, -EBUSY, "The disk of %s is full (code 243).", c->place);
        case CODE_TABLE_READONLY:
                return clickhouse_fail(c, -EBUSY, "A table on %s is read-only for now (code 242).",
                                       c->place);
        default:
                return 0;
        }
}

static int explain(ClickHouse *c, const HttpAnswer *answer)
{
        int code = answer->exception_code, r;

        c->base.retry_after_usec = answer->retry_after_usec;
        if (answer->status == 200 && code == 0)
                return 0;
        if (answer->status == 401 || answer->status == 403 || code == CODE_ACCESS_DENIED ||
            code == CODE_READONLY || code == CODE_AUTHENTICATION || code == CODE_UNKNOWN_USER ||
            code == CODE_WRONG_PASSWORD)
                return explain_denied(c, answer);
        r = explain_code(c, answer);
        if (r < 0)
                return r;
        if (answer->status >= 500 || answer->status == 429 || answer->status == 408)
                return clickhouse_fail(c, -EBUSY,
                                       "%s cannot serve requests now (HTTP status %d, code %d).",
                                       c->place, answer->status, code);
        if (answer->status == 404 && code == 0)
                return clickhouse_fail(c, -EBADMSG,
                                       "What answers on %s is not ClickHouse (HTTP status 404).",
                                       c->place);
        return clickhouse_fail(c, -EBADMSG,
                               "%s does not understand the request (HTTP status %d, code %d).",
                               c->place, answer->status, code);
}

/* Waits for the answer. */
static int finish(ClickHouse *c)
{
        _cleanup_free_ char *error = NULL;
        HttpAnswer answer;
        int r;

        c->base.retry_after_usec = 0;
        r = http_finish(c->http, &answer, &error);
        if (r == -ECANCELED)
                return clickhouse_fail(c, r, "It was stopped.");
        if (r < 0 && error)
                return clickhouse_fail(c, r, "%s", error);
        return r < 0 ? r : explain(c, &answer);
}

/* Is it worth trying again at once? A server that hangs, or that asked us to wait, is not asked again so soon. */
static bool is_momentary(const ClickHouse *c, int r)
{
        return c->base.retry_after_usec == 0 && (r == -ECONNRESET || r == -EBUSY || r == -EPROTO ||
                                                 r == -ECONNREFUSED || r == -EPIPE);
}

int clickhouse_finish(ClickHouse *c, const HttpRequest *request, const size_t *n_rows)
{
        int r = finish(c);

        for (size_t i = 0; i < ELEMENTSOF(resend_usec) && is_momentary(c, r); i++) {
                if (n_rows && *n_rows > 0)
                        break;
                if (http_pause(c->http, resend_usec[i]) < 0)
                        return clickhouse_fail(c, -ECANCELED, "It was stopped.");
                http_begin(c->http, request);
                r = finish(c);
        }
        return r;
}

/* Statements */

typedef struct Rows {
        ClickHouseRowCallback on_row;
        void *userdata;
        size_t n;
} Rows;

static char unescape_char(char c)
{
        switch (c) {
        case 'n':
                return '\n';
        case 't':
                return '\t';
        case 'r':
                return '\r';
        case 'b':
                return '\b';
        case 'f':
                return '\f';
        case '0':
                return '\0';
        default:
                return c;
        }
}

static int split_line(void *userdata, char *line)
{
        char *cells[CLICKHOUSE_CELLS_MAX] = { line }, *to = line;
        Rows *rows = userdata;
        size_t n = 1;

        for (const char *p = line; *p; p++) {
                if (*p == '\t') {
                        if (n == CLICKHOUSE_CELLS_MAX)
                                return -EBADMSG;
                        *to++ = '\0';
                        cells[n++] = to;
                } else if (*p == '\\' && p[1]) {
                        *to++ = unescape_char(*++p);
                } else {
                        *to++ = *p;
                }
        }
        *to = '\0';
        rows->n++;
        return rows->on_row(rows->userdata, cells, n);
}

void clickhouse_parameters(ClickHouse *c, StrBuf *b)
{
        (void) strbuf_puts(b, "database=");
        clickhouse_escape_url(b, c->url.database);
        (void) strbuf_puts(b, "&wait_end_of_query=1&http_write_exception_in_output_format=0");
}

int clickhouse_run(ClickHouse *c, const StrBuf *sql, ClickHouseRowCallback on_row, void *userdata)
{
        _cleanup_(strbuf_done) StrBuf parameters = { 0 };
        Rows rows = { on_row, userdata, 0 };
        HttpRequest request = {
                .body = sql->data,
                .body_size = sql->size,
                .on_line = on_row ? split_line : NULL,
                .userdata = &rows,
        };
        int r;

        if (sql->failed)
                return clickhouse_fail(c, -ENOMEM, "There is no memory.");
        clickhouse_parameters(c, &parameters);
        /* lists of ids can be longer than the 256 KB that a server parses by default */
        (void) strbuf_puts(&parameters, "&default_format=TabSeparated&max_query_size=33554432");
        request.parameters = parameters.data;
        r = clickhouse_settle(c);
        if (r < 0)
                return r;
        http_begin(c->http, &request);
        return clickhouse_finish(c, &request, &rows.n);
}
