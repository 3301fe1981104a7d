/*
 * PostgreSQL: statements, and what a person reads when one fails
 *
 * Errors are explained by their code (Appendix A of PostgreSQL's manual): their text may repeat rows, and is in the server's
 * language.
 */
#include <string.h>

#include "config.h"
#include "remote/network.h"
#include "remote/postgresql/postgresql-internal.h"

int postgresql_fail(PostgreSql *p, int error, const char *format, ...)
{
        va_list ap;

        free(p->base.reason);
        va_start(ap, format);
        p->base.reason = xvasprintf(format, ap);
        va_end(ap);
        return error;
}

int postgresql_no_memory(PostgreSql *p)
{
        return postgresql_fail(p, -ENOMEM, "There is no memory.");
}

PostgreSql *postgresql_begin(Remote *remote)
{
        free(remote->reason);
        remote->reason = NULL;
        remote->retry_after_usec = 0;
        return (PostgreSql *) remote;
}

/* What an error code means; @p is the place, @u the user, @d the database, @n the remote's name. */
static const struct {
        const char *sqlstate; /* or its beginning */
        int error;
        const char *sentence;
} reasons[] = {
        { "28P01", -EACCES,
          "@p does not let the user '@u' in: the user name or the password is wrong. The password "
          "is read from the credential or file remote-@n-password, or PasswordFile=." },
        { "28000", -EACCES,
          "@p does not let the user '@u' in to the database '@d': there is no such user, or "
          "pg_hba.conf on the server does not allow it from here, in this way." },
        { "3D000", -EPROTOTYPE, "There is no database '@d' on @p." },
        { "42501", -EACCES,
          "The user '@u' lacks a right on @p. 'scrubjayctl remote setup @n --print' shows what an "
          "administrator grants." },
        { "25006", -EBUSY,
          "@p accepts no changes: it is a replica, or set to read-only. Name its primary server in URL=, or "
          "both servers with target_session_attrs=read-write." },
        { "53100", -EBUSY, "The disk of @p is full." },
        { "53200", -EBUSY, "@p ran out of memory." },
        { "53300", -EBUSY, "@p has too many connections, and accepts no more." },
        { "53", -EBUSY, "@p lacks the resources for this at the moment." },
        { "54", -ERANGE, "A value is too large for an index on @p." },
        { "22", -ERANGE, "@p refuses one of the values." },
        { "55P03", -EBUSY, "Somebody else has locked the tables on @p." },
        { "57014", -ETIMEDOUT, "@p does not answer in time." },
        { "57P03", -EBUSY, "@p is starting up, or shutting down." },
        { "57P01", -ECONNRESET, "@p has closed the connection: it is being shut down." },
        { "57", -ECONNRESET, "The connection to @p broke." },
        { "08", -ECONNRESET, "The connection to @p broke." },
        { "40", -EBUSY,
          "Somebody else is changing the same rows on @p; the delivery will be tried again." },
        { "23", -EBUSY,
          "Somebody else has changed the same sessions on @p; the delivery will be tried again." },
        { "42P01", -EAGAIN, "A table on @p is gone; the schema will be checked again." },
        { "42703", -EAGAIN, "A column on @p is gone; the schema will be checked again." },
        { "58", -EBUSY, "@p has a problem with its files." },
        { "XX", -EBUSY, "@p reports an internal error." },
};

static const char *meaning(const PostgreSql *p, char letter)
{
        switch (letter) {
        case 'p':
                return p->settings.place;
        case 'u':
                return p->settings.user;
        case 'd':
                return p->settings.database;
        default:
                return p->options->name;
        }
}

static int fill_in(PostgreSql *p, int error, const char *sentence)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        for (; *sentence; sentence++) {
                if (*sentence == '@')
                        (void) strbuf_puts(&b, meaning(p, *++sentence));
                else
                        (void) strbuf_putc(&b, *sentence);
        }
        return postgresql_fail(p, error, "%s", b.data);
}

static int explain_code(PostgreSql *p, const char *sqlstate)
{
        for (size_t i = 0; i < ELEMENTSOF(reasons); i++) {
                if (strncmp(sqlstate, reasons[i].sqlstate, strlen(reasons[i].sqlstate)) != 0)
                        continue;
                return fill_in(p, reasons[i].error, reasons[i].sentence);
        }
        return postgresql_fail(p, -EBADMSG, "%s does not understand the request (SQLSTATE %s).",
                               p->settings.place, sqlstate);
}

static bool says(const char *text, int number)
{
        return strstr(text, strerror(number)) != NULL;
}

/* Explains what libpq itself says, without a code: in its own words if there are no better ones. They name host and user. */
static int explain_message(PostgreSql *p, const char *text)
{
        const char *place = p->settings.place;

        if (strstr(text, "no password supplied"))
                return postgresql_fail(
                                p, -EACCES,
                                "%s requires a password for the user '%s', and there is none. It is read "
                                "from the credential or file remote-%s-password, or PasswordFile=.",
                                place, p->settings.user, p->options->name);
        if (strstr(text, "certificate") || strstr(text, "root.crt"))
                return postgresql_fail(
                                p, -EKEYREJECTED,
                                "The certificate of %s could not be verified (%s). If the server uses its "
                                "own authority, name that authority's file in CaFile=.",
                                place, text);
        if (strstr(text, "SSL"))
                return postgresql_fail(p, -EPROTO, "TLS with %s failed (%s).", place, text);
        if (network_is_shut_off())
                return postgresql_fail(
                                p, -ENETUNREACH,
                                "The service's sandbox has no network, so %s cannot be reached. The drop-in "
                                "in '%s' opens it: systemctl --user edit scrubjay.",
                                place, SCRUBJAY_TEAM_GUIDE);
        if (says(text, ECONNREFUSED) || says(text, ENOENT))
                return postgresql_fail(
                                p, -ECONNREFUSED,
                                "%s refuses connections. Does PostgreSQL run there, on that port?",
                                place);
        if (strstr(text, "translate host name"))
                return postgresql_fail(p, -EHOSTUNREACH, "The name of %s cannot be resolved.",
                                       place);
        if (!p->connection.was_open) {
                const char *why = strstr(text, "failed: ");

                return postgresql_fail(p, -EHOSTUNREACH, "%s cannot be reached: %s.", place,
                                       why ? why + strlen("failed: ") : text);
        }
        return postgresql_fail(p, -ECONNRESET, "The connection to %s broke.", place);
}

int postgresql_failed(PostgreSql *p, int r)
{
        if (r == -ECANCELED)
                return postgresql_fail(p, r, "It was stopped.");
        if (r == -ETIMEDOUT)
                return postgresql_fail(p, r, "%s does not answer in time.", p->settings.place);
        if (r == -ENOMEM)
                return postgresql_no_memory(p);
        if (r != -EPROTO)
                return postgresql_fail(p, r, "The connection to %s broke: %s.", p->settings.place,
                                       strerror(-r));
        if (p->connection.sqlstate[0])
                return explain_code(p, p->connection.sqlstate);
        return explain_message(p, p->connection.message ?: "");
}

/* Statements */

int postgresql_run(PostgreSql *p, StrBuf *sql, const char *const *parameters, PGresult **ret)
{
        size_t n = 0;
        int r;

        while (parameters && parameters[n])
                n++;
        if (sql->failed)
                return postgresql_no_memory(p);
        r = connection_run(&p->connection, sql->data, parameters, n, ret);
        return r < 0 ? postgresql_failed(p, r) : 0;
}

int postgresql_runf(PostgreSql *p, const char *const *parameters, PGresult **ret,
                    const char *format, ...)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        va_list ap;

        va_start(ap, format);
        (void) strbuf_vprintf(&sql, format, ap);
        va_end(ap);
        return postgresql_run(p, &sql, parameters, ret);
}

const char *postgresql_text(const PGresult *result, int row, int column)
{
        return pq()->PQgetvalue(result, row, column);
}

int postgresql_add_element(StrBuf *array, const char *text)
{
        (void) strbuf_putc(array, array->size > 0 ? ',' : '{');
        (void) strbuf_putc(array, '"');
        for (; *text; text++) {
                if (*text == '"' || *text == '\\')
                        (void) strbuf_putc(array, '\\');
                (void) strbuf_putc(array, *text);
        }
        return strbuf_putc(array, '"');
}
