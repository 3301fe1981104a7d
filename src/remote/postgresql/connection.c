/* A connection to PostgreSQL that can be stopped at any time */
#include "remote/postgresql/connection.h"

#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "base/time-util.h"

#define COPY_CHUNK ((size_t) 64 * 1024)

/* How often to check how much has left this machine: nothing reports it. */
#define DRAIN_STEP_USEC (100 * USEC_PER_MSEC)

int connection_init(Connection *c, const char *place, uint64_t timeout_usec)
{
        *c = (Connection){ .place = place, .timeout_usec = timeout_usec };
        c->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return c->stop_fd < 0 ? -errno : 0;
}

void connection_done(Connection *c)
{
        connection_close(c);
        if (c->stop_fd >= 0)
                (void) close(c->stop_fd);
        c->stop_fd = -1;
        free(c->message);
        c->message = NULL;
}

void connection_stop(Connection *c)
{
        atomic_store(&c->stopped, true);
        (void) eventfd_write(c->stop_fd, 1);
}

void connection_close(Connection *c)
{
        if (c->conn)
                pq()->PQfinish(c->conn);
        c->conn = NULL;
}

/* Waits until the socket is ready for @events. */
static int wait_for(Connection *c, short events, uint64_t deadline)
{
        struct pollfd fds[] = { { .fd = pq()->PQsocket(c->conn), .events = events },
                                { .fd = c->stop_fd, .events = POLLIN } };
        int r;

        do {
                uint64_t now = now_usec(CLOCK_MONOTONIC);

                if (atomic_load(&c->stopped))
                        return -ECANCELED;
                if (now >= deadline)
                        return -ETIMEDOUT;
                r = poll(fds, ELEMENTSOF(fds), (int) ((deadline - now) / USEC_PER_MSEC) + 1);
                if (r < 0 && errno != EINTR)
                        return -errno;
        } while (r <= 0 || fds[1].revents != 0 || fds[0].revents == 0);
        return 0;
}

static uint64_t deadline_of(const Connection *c)
{
        return now_usec(CLOCK_MONOTONIC) + c->timeout_usec;
}

/* The last line of @text that does not begin with a tab, which continues a line. For a host with several addresses, libpq
 * reports each of them in the order in which it tried them. */
static const char *last_line(const char *text)
{
        const char *last = text + strspn(text, " \n");

        for (const char *p = last; (p = strchr(p, '\n'));)
                if (*++p && !strchr(" \t\n", *p))
                        last = p;
        return last;
}

/* Takes libpq's message. With PQERRORS_SQLSTATE, one from the server ends with the code. */
static int fail(Connection *c)
{
        const char *text = pq()->PQerrorMessage(c->conn), *end;

        text = c->was_open ? text + strspn(text, " \n") : last_line(text);
        free(c->message);
        c->message = strndup(text, strcspn(text, "\n"));
        c->sqlstate[0] = '\0';
        if (!c->message)
                return -ENOMEM;
        end = c->message + strlen(c->message);
        if (end - c->message > 7 && end[-6] == ' ' && end[-7] == ' ' &&
            strspn(end - 5, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5)
                memcpy(c->sqlstate, end - 5, sizeof(c->sqlstate));
        return -EPROTO;
}

/* Notices of the server may repeat what was sent, so they are dropped. */
static void drop_notice(void *userdata, const char *message)
{
}

/* Is the server's answer final? If it cannot be reached, is starting up or is of the wrong kind (target_session_attrs), another
 * server is tried. */
static bool is_answer(const Connection *c, ConnStatusType reached)
{
        switch (reached) {
        case CONNECTION_STARTED:
        case CONNECTION_CHECK_WRITABLE:
        case CONNECTION_CONSUME:
        case CONNECTION_CHECK_TARGET:
        case CONNECTION_CHECK_STANDBY:
                return false;
        default:
                return strcmp(c->sqlstate, "57P03") != 0;
        }
}

int connection_open(Connection *c, const char *const *keywords, const char *const *values,
                    bool *ret_is_final)
{
        uint64_t deadline = deadline_of(c);
        PostgresPollingStatusType status = PGRES_POLLING_WRITING;
        ConnStatusType reached = CONNECTION_STARTED;
        int r = 0;

        *ret_is_final = c->was_open = false;
        c->conn = pq()->PQconnectStartParams(keywords, values, 0);
        if (!c->conn)
                return -ENOMEM;
        (void) pq()->PQsetErrorVerbosity(c->conn, PQERRORS_SQLSTATE);
        (void) pq()->PQsetNoticeProcessor(c->conn, drop_notice, NULL);
        if (pq()->PQstatus(c->conn) == CONNECTION_BAD)
                return fail(c);
        while (r >= 0 && status != PGRES_POLLING_OK) {
                reached = pq()->PQstatus(c->conn);
                r = wait_for(c, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
                if (r >= 0)
                        status = pq()->PQconnectPoll(c->conn);
                if (r >= 0 && status == PGRES_POLLING_FAILED)
                        r = fail(c);
        }
        if (r >= 0 && pq()->PQsetnonblocking(c->conn, 1) < 0)
                r = fail(c);
        c->was_open = r >= 0;
        *ret_is_final = r < 0 && r != -ETIMEDOUT && (r != -EPROTO || is_answer(c, reached));
        return r;
}

/* Sends what is in libpq's buffer. */
static int flush(Connection *c, uint64_t deadline)
{
        int r, left;

        while ((left = pq()->PQflush(c->conn)) != 0) {
                if (left < 0)
                        return fail(c);
                r = wait_for(c, POLLIN | POLLOUT, deadline);
                if (r < 0)
                        return r;
                if (pq()->PQconsumeInput(c->conn) == 0)
                        return fail(c);
        }
        return 0;
}

/* The next result; *@ret is NULL when there is no more. */
static int next_result(Connection *c, uint64_t deadline, PGresult **ret)
{
        int r = flush(c, deadline);

        while (r >= 0 && pq()->PQisBusy(c->conn)) {
                r = wait_for(c, POLLIN, deadline);
                if (r >= 0 && pq()->PQconsumeInput(c->conn) == 0)
                        r = fail(c);
        }
        if (r >= 0)
                *ret = pq()->PQgetResult(c->conn);
        return r;
}

/* Only the code: the text of an error may repeat rows. */
static int fail_result(Connection *c, const PGresult *result)
{
        const char *state = pq()->PQresultErrorField(result, PG_DIAG_SQLSTATE);

        if (!state || strlen(state) != sizeof(c->sqlstate) - 1)
                return fail(c); /* the connection broke */
        memcpy(c->sqlstate, state, sizeof(c->sqlstate));
        free(c->message);
        c->message = NULL;
        return -EPROTO;
}

/* Reads all results, and keeps the first. */
static int finish(Connection *c, uint64_t deadline, PGresult **ret)
{
        PGresult *result;
        int r, failed = 0;

        while ((r = next_result(c, deadline, &result)) >= 0 && result) {
                ExecStatusType status = pq()->PQresultStatus(result);

                if (failed >= 0 && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
                        failed = fail_result(c, result);
                if (ret && !*ret && failed >= 0)
                        *ret = result;
                else
                        pq()->PQclear(result);
        }
        return r < 0 ? r : failed;
}

int connection_run(Connection *c, const char *sql, const char *const *parameters,
                   size_t n_parameters, PGresult **ret)
{
        PGresult *result = NULL;
        int r;

        if (pq()->PQsendQueryParams(c->conn, sql, (int) n_parameters, NULL, parameters, NULL, NULL,
                                    0) == 0)
                return fail(c);
        r = finish(c, deadline_of(c), &result);
        if (r >= 0 && ret)
                *ret = result;
        else if (result)
                pq()->PQclear(result);
        return r;
}

static int begin_copy(Connection *c, const char *sql, uint64_t deadline)
{
        PGresult *result = NULL;
        int r;

        if (pq()->PQsendQueryParams(c->conn, sql, 0, NULL, NULL, NULL, NULL, 0) == 0)
                return fail(c);
        r = next_result(c, deadline, &result);
        if (r < 0 || !result)
                return r < 0 ? r : -EPROTO;
        if (pq()->PQresultStatus(result) != PGRES_COPY_IN)
                r = fail_result(c, result);
        pq()->PQclear(result);
        return r;
}

/* The bytes that this machine has not sent yet, or whose receipt is not confirmed. */
static int n_queued(const Connection *c)
{
        int n = 0;

        return ioctl(pq()->PQsocket(c->conn), SIOCOUTQ, &n) < 0 ? 0 : n;
}

/* The kernel has all bytes, and may still hold megabytes of them: the time-out runs while none of them leaves. */
static int drain(Connection *c)
{
        uint64_t deadline = deadline_of(c);
        int r = 0, before = n_queued(c);

        while (r >= 0 && before > 0) {
                uint64_t step = now_usec(CLOCK_MONOTONIC) + DRAIN_STEP_USEC;
                int left;

                r = wait_for(c, POLLIN, step < deadline ? step : deadline);
                if (r != -ETIMEDOUT)
                        break; /* an answer, or a failure */
                left = n_queued(c);
                if (left < before)
                        deadline = deadline_of(c);
                r = now_usec(CLOCK_MONOTONIC) < deadline ? 0 : r;
                before = left;
        }
        return r;
}

/* The time-out applies to each chunk: a block may take long on a slow line. */
int connection_copy(Connection *c, const char *sql, const char *bytes, size_t size)
{
        int r = begin_copy(c, sql, deadline_of(c));

        for (size_t i = 0; r >= 0 && i < size; i += COPY_CHUNK) {
                size_t n = size - i < COPY_CHUNK ? size - i : COPY_CHUNK;

                if (pq()->PQputCopyData(c->conn, bytes + i, (int) n) <= 0)
                        r = fail(c);
                else
                        r = flush(c, deadline_of(c));
        }
        if (r >= 0 && pq()->PQputCopyEnd(c->conn, NULL) <= 0)
                r = fail(c);
        if (r >= 0)
                r = flush(c, deadline_of(c));
        if (r >= 0)
                r = drain(c);
        return r < 0 ? r : finish(c, deadline_of(c), NULL);
}
