/* The URL of a remote, taken apart */
#include "remote/clickhouse/remote-url.h"

#include <string.h>

#include "remote/password.h"

void remote_url_done(RemoteUrl *u)
{
        free(u->backend);
        free(u->user);
        (void) password_free(u->password);
        free(u->host);
        free(u->database);
        *u = (RemoteUrl){ 0 };
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A copy of @n bytes with %XX decoded. NULL: there is a control character, or a % without two digits. */
static char *decode(const char *s, size_t n)
{
        _cleanup_free_ char *copy = xmalloc(n + 1);
        char *to = copy;

        for (size_t i = 0; i < n; i++) {
                int high, low;

                *to = s[i];
                if (s[i] == '%') {
                        high = i + 2 < n ? hex_digit(s[i + 1]) : -1;
                        low = high >= 0 ? hex_digit(s[i + 2]) : -1;
                        if (low < 0)
                                return NULL;
                        *to = (char) (high * 16 + low);
                        i += 2;
                }
                if ((unsigned char) *to++ < ' ')
                        return NULL;
        }
        *to = '\0';
        return TAKE_PTR(copy);
}

static int parse_port(const char *s, const char *end, unsigned *ret)
{
        unsigned long port;
        char *stop;

        if (s == end || *s < '0' || *s > '9')
                return -EINVAL;
        port = strtoul(s, &stop, 10);
        if (stop != end || port == 0 || port > 65535)
                return -EINVAL;
        *ret = (unsigned) port;
        return 0;
}

/* HOST[:PORT] */
static int parse_place(const char *s, const char *end, RemoteUrl *u)
{
        const char *host_end;

        if (*s == '[') {
                s++;
                host_end = memchr(s, ']', (size_t) (end - s));
                if (!host_end)
                        return -EINVAL;
                u->host = decode(s, (size_t) (host_end++ - s));
        } else {
                host_end = memchr(s, ':', (size_t) (end - s)) ?: end;
                u->host = decode(s, (size_t) (host_end - s));
        }
        if (!u->host)
                return -errno;
        if (!*u->host || strpbrk(u->host, "/@?# "))
                return -EINVAL;
        u->port = u->tls ? 8443 : 8123;
        if (host_end == end)
                return 0;
        return *host_end == ':' ? parse_port(host_end + 1, end, &u->port) : -EINVAL;
}

/* USER[:PASSWORD]@ and the rest up to the path. */
static int parse_authority(const char *s, const char *end, RemoteUrl *u)
{
        const char *at = memrchr(s, '@', (size_t) (end - s)), *colon = NULL;

        if (at)
                colon = memchr(s, ':', (size_t) (at - s));
        u->user = at ? decode(s, (size_t) ((colon ?: at) - s)) : xstrdup("default");
        if (!u->user)
                return -EINVAL;
        if (colon) {
                u->password = decode(colon + 1, (size_t) (at - colon - 1));
                if (!u->password)
                        return -EINVAL;
        }
        return *u->user ? parse_place(at ? at + 1 : s, end, u) : -EINVAL;
}

static int parse(const char *url, RemoteUrl *u)
{
        const char *plus = strchr(url, '+'), *slashes = strstr(url, "://"), *end, *path;
        int r;

        if (!plus || !slashes || plus > slashes)
                return -EINVAL;
        u->backend = decode(url, (size_t) (plus - url));
        u->tls = slashes - plus == 6 && strncmp(plus + 1, "https", 5) == 0;
        if (!u->tls && !(slashes - plus == 5 && strncmp(plus + 1, "http", 4) == 0))
                return -EINVAL;
        end = slashes + 3 + strcspn(slashes + 3, "/?#");
        r = parse_authority(slashes + 3, end, u);
        if (r < 0)
                return r;
        path = *end == '/' ? end + 1 : end;
        if (path[strcspn(path, "/?#")] != '\0')
                return -EINVAL;
        u->database = *path ? decode(path, strlen(path)) : xstrdup("default");
        return u->backend && u->database ? 0 : -EINVAL;
}

int remote_url_parse(const char *url, RemoteUrl *ret, char **reterr)
{
        _cleanup_(remote_url_done) RemoteUrl u = { 0 };
        int r = parse(url, &u);

        if (r < 0) {
                format_error(reterr, "Its URL is not of the form "
                                     "clickhouse+https://user@host:8443/database.");
                return r;
        }
        *ret = TAKE_STRUCT(u);
        return 0;
}

bool remote_url_is_local(const RemoteUrl *u)
{
        return strcmp(u->host, "localhost") == 0 || strcmp(u->host, "::1") == 0 ||
               strncmp(u->host, "127.", 4) == 0;
}
