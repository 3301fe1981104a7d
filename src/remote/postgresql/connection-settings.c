/* A remote's settings, translated for libpq */
#include "remote/postgresql/connection-settings.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>

#define DEFAULT_PORT "5432"

/* A parameter's value; NULL if it is not given. */
static const char *get_from(const PQconninfoOption *options, const char *keyword)
{
        for (const PQconninfoOption *o = options; o && o->keyword; o++)
                if (strcmp(o->keyword, keyword) == 0)
                        return o->val && *o->val ? o->val : NULL;
        return NULL;
}

/* As the URL gives it. */
static const char *get(const ConnectionSettings *s, const char *keyword)
{
        return get_from(s->parsed, keyword);
}

/* Servers */

static void server_done(ConnectionServer *server)
{
        free(server->host);
        free(server->address);
        free(server->port);
        *server = (ConnectionServer){ 0 };
}

/* The @i-th of "a,b,c"; "" if there is none. */
static char *element(const char *list, size_t i)
{
        for (; list && i > 0; i--) {
                list = strchr(list, ',');
                list = list ? list + 1 : NULL;
        }
        return list ? xstrndup(list, strcspn(list, ",")) : xstrdup("");
}

static size_t count_elements(const char *list)
{
        size_t n = 1;

        for (; list && (list = strchr(list, ',')); list++)
                n++;
        return n;
}

static size_t count_servers(const ConnectionSettings *s)
{
        return count_elements(get_from(s->complete, "hostaddr") ?: get_from(s->complete, "host"));
}

static ConnectionServer take_server(const ConnectionSettings *s, size_t i)
{
        const char *ports = get_from(s->complete, "port");
        ConnectionServer server = { .host = element(get_from(s->complete, "host"), i),
                                    .address = element(get_from(s->complete, "hostaddr"), i),
                                    .port = element(ports, ports && strchr(ports, ',') ? i : 0) };

        if (!*server.port) {
                free(server.port);
                server.port = xstrdup(DEFAULT_PORT);
        }
        return server;
}

static bool is_socket(const ConnectionServer *server)
{
        return !*server->address && (!*server->host || *server->host == '/');
}

static bool is_loopback(const char *address)
{
        struct in6_addr six;
        struct in_addr four;

        if (inet_pton(AF_INET, address, &four) == 1)
                return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
        return inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* What counts is where the connection goes: beside an address, the name only has to match the certificate. */
static bool is_local(const ConnectionServer *server)
{
        if (*server->address)
                return is_loopback(server->address);
        return is_socket(server) || strcmp(server->host, "localhost") == 0 ||
               is_loopback(server->host);
}

/* Is it a place and nothing else? Only then may it be shown. */
static bool is_plain(const ConnectionServer *server)
{
        static const char plain[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:%";
        char *end;
        unsigned long port = strtoul(server->port, &end, 10);

        if (strspn(server->port, "0123456789") != strlen(server->port) || port == 0 || port > 65535)
                return false;
        if (server->address[strspn(server->address, plain)])
                return false;
        for (const char *c = server->host; *server->host == '/' && *c; c++)
                if ((unsigned char) *c < ' ' || *c == 0x7f)
                        return false;
        return *server->host == '/' ||
               !server->host[*server->host == '@' ? 1 + strspn(server->host + 1, plain)
                                                  : strspn(server->host, plain)];
}

/* Appends a part of a URL, escaped, except for the characters in @also. */
static void add_part(StrBuf *b, const char *text, const char *also)
{
        for (; *text; text++)
                if (isalnum((unsigned char) *text) || strchr(".-_", *text) || strchr(also, *text))
                        (void) strbuf_putc(b, *text);
                else
                        (void) strbuf_printf(b, "%%%02X", (unsigned char) *text);
}

static void add_to_url(StrBuf *b, const ConnectionServer *server)
{
        bool is_six = strchr(server->host, ':');

        if (is_six)
                (void) strbuf_putc(b, '[');
        add_part(b, server->host, is_six ? ":" : "");
        if (is_six)
                (void) strbuf_putc(b, ']');
        (void) strbuf_printf(b, ":%s", server->port);
}

static void add_to_place(StrBuf *b, const ConnectionServer *server)
{
        if (is_socket(server))
                (void) strbuf_printf(b, "the socket in %s",
                                     *server->host ? server->host : "the usual folder");
        else
                (void) strbuf_printf(b, "%s:%s", *server->host ? server->host : server->address,
                                     server->port);
        if (*server->host && *server->address && strcmp(server->host, server->address) != 0)
                (void) strbuf_printf(b, " (%s)", server->address);
}

/* Lists the servers, and says whether all are on this machine. */
static int name_servers(ConnectionSettings *s, bool *ret_is_local, char **reterr)
{
        _cleanup_(strbuf_done) StrBuf url = { 0 }, place = { 0 };
        const char *addresses = get_from(s->complete, "hostaddr");
        size_t n = count_servers(s);

        *ret_is_local = true;
        (void) strbuf_puts(&url, "postgresql://");
        s->servers = xcalloc(n, sizeof(*s->servers));
        for (size_t i = 0; i < n; i++) {
                const ConnectionServer *server = s->servers + i;

                s->servers[s->n_servers++] = take_server(s, i);
                if (!is_plain(server)) {
                        format_error(reterr,
                                     "A host or a port in its URL, or in libpq's own settings, is not valid: a host "
                                     "consists of letters, digits and . - _, or is the path of a folder, and a "
                                     "port is a number.");
                        return -EINVAL;
                }
                *ret_is_local = *ret_is_local && is_local(server);
                (void) strbuf_puts(&url, i > 0 ? "," : "");
                (void) strbuf_puts(&place, i > 0 ? " or " : "");
                add_to_url(&url, server);
                add_to_place(&place, server);
        }
        (void) strbuf_putc(&url, '/');
        add_part(&url, s->database, "");
        if (addresses) {
                (void) strbuf_puts(&url, "?hostaddr=");
                add_part(&url, addresses, ",:");
        }
        (void) strbuf_take(&url, &s->url);
        (void) strbuf_take(&place, &s->place);
        return 0;
}

/* TLS */

/* Before version 16, libpq has no name for the system's list. */
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

/* Does the file exist that libpq uses by default? */
static bool has_own_roots(void)
{
        _cleanup_free_ char *path = NULL;
        const char *home = getenv("HOME");

        if (!home)
                return false;
        path = xasprintf("%s/.postgresql/root.crt", home);
        return access(path, R_OK) == 0;
}

/* libpq's own default continues in plain text if the server has no TLS, and accepts any certificate. */
static void choose_tls(ConnectionSettings *s, bool local)
{
        s->ssl_mode = get(s, "sslmode") ?: local && !s->options->ca_file ? "prefer" : "verify-full";
        s->root_file = s->options->ca_file;
        if (!s->root_file && !get_from(s->complete, "sslrootcert") &&
            strcmp(s->ssl_mode, "verify-full") == 0 && !has_own_roots())
                s->root_file = system_roots();
        if (local || strncmp(s->ssl_mode, "verify", strlen("verify")) == 0)
                return;
        if (strcmp(s->ssl_mode, "require") == 0)
                format_error(&s->caution,
                             "Nothing proves that the server is really %s: its URL says sslmode=require, "
                             "which checks no certificate. verify-full does.",
                             s->place);
        else
                format_error(&s->caution,
                             "Password and archive may be sent to %s in plain text: its URL says "
                             "sslmode=%s. Use verify-full, so that nobody on the way can read them.",
                             s->place, s->ssl_mode);
}

/* It is shown to people, so it may not be just anything. */
static bool is_ssl_mode(const char *mode)
{
        static const char *const modes[] = { "disable", "allow",     "prefer",
                                             "require", "verify-ca", "verify-full" };

        for (size_t i = 0; mode && i < ELEMENTSOF(modes); i++)
                if (strcmp(mode, modes[i]) == 0)
                        return true;
        return !mode;
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
        if (s->parsed && is_ssl_mode(get(s, "sslmode")))
                return 0;
        format_error(reterr,
                     "Its URL is not postgresql://USER@HOST:PORT/DATABASE with parameters that libpq "
                     "knows. In a name or a password, write characters other than letters and digits "
                     "as %%XX.");
        return -EINVAL;
}

/* libpq says where it would connect, with a service, the environment and its defaults, only for a connection that has begun.
 * One that asks for an unknown kind of server ends before anything is looked up or connected to. */
static int complete(ConnectionSettings *s, char **reterr)
{
        static const char unknown[] = "none";
        const char *const keywords[] = { "dbname", "target_session_attrs", NULL };
        const char *const values[] = { s->options->url, unknown, NULL };
        PGconn *conn = pq()->PQconnectStartParams(keywords, values, 1);
        const char *attributes;

        if (conn)
                s->complete = pq()->PQconninfo(conn);
        pq()->PQfinish(conn);
        attributes = get_from(s->complete, "target_session_attrs");
        if (attributes && strcmp(attributes, unknown) == 0)
                return 0;
        format_error(reterr,
                     "libpq cannot use its URL. If the URL or PGSERVICE names a service, check that it "
                     "is in ~/.pg_service.conf.");
        return -EINVAL;
}

int connection_settings_take(ConnectionSettings *s, const RemoteOptions *options, char **reterr)
{
        bool local;
        int r;

        *s = (ConnectionSettings){ .options = options };
        r = parse(s, reterr);
        if (r >= 0)
                r = complete(s, reterr);
        if (r < 0)
                return r;
        if (get(s, "password") && options->url_is_seen) {
                format_error(reterr,
                             "The URL on the command line holds a password, which everybody on this "
                             "machine can see. Put it in a file with mode 0600: "
                             "~/.config/scrubjay/remote-%s-password.",
                             options->name);
                return -EINVAL;
        }
        s->user = get_from(s->complete, "user") ?: "?";
        s->database = get_from(s->complete, "dbname") ?: s->user;
        r = name_servers(s, &local, reterr);
        if (r < 0)
                return r;
        choose_tls(s, local);
        return 0;
}

void connection_settings_done(ConnectionSettings *s)
{
        if (s->parsed)
                pq()->PQconninfoFree(s->parsed);
        if (s->complete)
                pq()->PQconninfoFree(s->complete);
        for (size_t i = 0; i < s->n_servers; i++)
                server_done(s->servers + i);
        free(s->servers);
        free(s->url);
        free(s->place);
        free(s->caution);
        *s = (ConnectionSettings){ 0 };
}

/* Adds a parameter. One that was added before stays. */
static void add(const char **keywords, const char **values, const char *keyword, const char *value)
{
        size_t n = 0;

        while (n < CONNECTION_PARAMETERS_MAX - 1 && keywords[n] &&
               strcmp(keywords[n], keyword) != 0)
                n++;
        if (!value || !*value || n == CONNECTION_PARAMETERS_MAX - 1 || keywords[n])
                return;
        keywords[n] = keyword;
        values[n] = value;
}

/* Does it apply to all servers? Then connection_settings_fill() itself sets it for one. */
static bool is_of_all_servers(const char *keyword)
{
        static const char *const all[] = { "host", "hostaddr", "target_session_attrs", "service" };

        for (size_t i = 0; i < ELEMENTSOF(all); i++)
                if (strcmp(keyword, all[i]) == 0)
                        return true;
        return false;
}

/* Everything that was checked is set here, so that libpq does not read it from a service file or a variable again. */
void connection_settings_fill(const ConnectionSettings *s, size_t server, const char *password,
                              const char *keywords[static CONNECTION_PARAMETERS_MAX],
                              const char *values[static CONNECTION_PARAMETERS_MAX])
{
        const ConnectionServer *one = s->servers + server;

        memset(keywords, 0, CONNECTION_PARAMETERS_MAX * sizeof(*keywords));
        memset(values, 0, CONNECTION_PARAMETERS_MAX * sizeof(*values));
        add(keywords, values, "host", one->host);
        add(keywords, values, "hostaddr", one->address);
        add(keywords, values, "port", one->port);
        add(keywords, values, "sslmode", s->ssl_mode);
        add(keywords, values, "client_encoding", "UTF8");
        add(keywords, values, "application_name", "scrubjay");
        add(keywords, values, "password", password);
        add(keywords, values, "sslrootcert", s->root_file);
        add(keywords, values, "sslcert", s->options->client_certificate);
        add(keywords, values, "sslkey", s->options->client_key);
        add(keywords, values, "target_session_attrs", get(s, "target_session_attrs"));
        for (const PQconninfoOption *o = s->complete; o->keyword; o++)
                if (!is_of_all_servers(o->keyword))
                        add(keywords, values, o->keyword, o->val);
}
