/* What a remote's settings are in libpq's words */
#include "remote/postgresql/connection-settings.h"

#include <string.h>

#define DEFAULT_PORT "5432"

/* A value of the URL; NULL where it says nothing. */
static const char *get(const ConnectionSettings *s, const char *keyword)
{
        for (const PQconninfoOption *o = s->parsed; o && o->keyword; o++)
                if (strcmp(o->keyword, keyword) == 0)
                        return o->val && *o->val ? o->val : NULL;
        return NULL;
}

static bool is_socket(const char *host)
{
        return !host || host[0] == '/' || host[0] == '@';
}

static bool is_local(const char *host)
{
        return is_socket(host) || strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
               strncmp(host, "127.", 4) == 0;
}

static int name_place(ConnectionSettings *s)
{
        const char *host = get(s, "host") ?: get(s, "hostaddr"), *port = get(s, "port");
        int r;

        if (is_socket(host))
                r = asprintf(&s->place, "the socket in %s", host ?: "the usual folder");
        else
                r = asprintf(&s->place, "%s:%s", host, port ?: DEFAULT_PORT);
        if (r < 0)
                s->place = NULL;
        return r < 0 ? -ENOMEM : 0;
}

/* libpq before version 16 has no name for the system's list. */
static const char *system_roots(void)
{
        static const char *const files[] = { "/etc/ssl/certs/ca-certificates.crt",
                                             "/etc/pki/tls/certs/ca-bundle.crt",
                                             "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem" };

        if (pq()->PQlibVersion() >= 160000)
                return "system";
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (access(files[i], R_OK) == 0)
                        return files[i];
        return NULL;
}

/* Is there a list in the file that libpq looks for by itself? */
static bool has_own_roots(void)
{
        _cleanup_free_ char *path = NULL;
        const char *home = getenv("HOME");

        return home && asprintf(&path, "%s/.postgresql/root.crt", home) >= 0 &&
               access(path, R_OK) == 0;
}

/* libpq's own default goes on in plain text where the server has no TLS, and believes any certificate. */
static void choose_tls(ConnectionSettings *s)
{
        bool local = is_local(get(s, "host") ?: get(s, "hostaddr"));

        s->ssl_mode = get(s, "sslmode") ?: local && !s->options->ca_file ? "prefer" : "verify-full";
        s->root_file = s->options->ca_file;
        if (!s->root_file && !get(s, "sslrootcert") && strcmp(s->ssl_mode, "verify-full") == 0 &&
            !has_own_roots())
                s->root_file = system_roots();
        if (local || strncmp(s->ssl_mode, "verify", strlen("verify")) == 0)
                return;
        if (strcmp(s->ssl_mode, "require") == 0)
                format_error(&s->caution,
                             "Nobody makes sure that it is %s that the archive travels to: its URL says "
                             "sslmode=require, and verify-full would look at the certificate.",
                             s->place);
        else
                format_error(&s->caution,
                             "Password and archive may travel to %s in plain text: its URL says "
                             "sslmode=%s, and verify-full would keep them from all who listen.",
                             s->place, s->ssl_mode);
}

static int parse(ConnectionSettings *s, char **reterr)
{
        static const char *const schemes[] = { "postgresql://", "postgres://" };
        const char *url = s->options->url;
        char *error = NULL;

        for (size_t i = 0; i < ELEMENTSOF(schemes); i++)
                if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
                        s->parsed = pq()->PQconninfoParse(url, &error);
        if (error) /* it may repeat a password */
                pq()->PQfreemem(error);
        if (s->parsed)
                return 0;
        format_error(reterr,
                     "Its URL is not postgresql://USER@HOST:PORT/DATABASE with parameters that libpq "
                     "knows. Characters other than letters and digits in a name or a password are "
                     "written as %%XX.");
        return -EINVAL;
}

int connection_settings_take(ConnectionSettings *s, const RemoteOptions *options, char **reterr)
{
        int r;

        *s = (ConnectionSettings){ .options = options };
        r = parse(s, reterr);
        if (r < 0)
                return r;
        if (get(s, "password") && options->url_is_seen) {
                format_error(reterr,
                             "The URL on the command line holds a password, which everybody on this "
                             "machine can see. Put it into a file of mode 0600: "
                             "~/.config/scrubjay/remote-%s-password.",
                             options->name);
                return -EINVAL;
        }
        s->user = get(s, "user") ?: getenv("PGUSER") ?: getenv("USER") ?: "?";
        s->database = get(s, "dbname") ?: getenv("PGDATABASE") ?: s->user;
        r = name_place(s);
        if (r < 0) {
                format_error(reterr, "There is no memory.");
                return r;
        }
        choose_tls(s);
        return 0;
}

void connection_settings_done(ConnectionSettings *s)
{
        if (s->parsed)
                pq()->PQconninfoFree(s->parsed);
        free(s->place);
        free(s->caution);
        *s = (ConnectionSettings){ 0 };
}

void connection_settings_fill(const ConnectionSettings *s, const char *password,
                              const char *keywords[static CONNECTION_PARAMETERS_MAX],
                              const char *values[static CONNECTION_PARAMETERS_MAX])
{
        const char *const all[CONNECTION_PARAMETERS_MAX - 1][2] = {
                { "dbname", s->options->url }, /* its values first, so that those after it win */
                { "sslmode", s->ssl_mode },           { "client_encoding", "UTF8" },
                { "application_name", "scrubjay" },   { "password", password },
                { "sslrootcert", s->root_file },      { "sslcert", s->options->client_certificate },
                { "sslkey", s->options->client_key },
        };
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(all); i++)
                if (all[i][0] && all[i][1]) {
                        keywords[n] = all[i][0];
                        values[n++] = all[i][1];
                }
        keywords[n] = values[n] = NULL;
}
