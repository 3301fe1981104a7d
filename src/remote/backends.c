/* Backends: which ones are compiled in, and which one a URL means */
#include "remote/backends.h"

#include <ctype.h>
#include <string.h>

#include "base/url.h"
#include "config.h"

static const RemoteBackend *const backends[] = { REMOTE_BACKENDS NULL };

/* HOST[:PORT][,HOST[:PORT]...], an IPv6 address in brackets */
static bool is_plain_place(const char *s, size_t n)
{
        bool in_brackets = false, in_port = false;

        for (const char *end = s + n; s < end; s++) {
                if (*s == '[' || *s == ']')
                        in_brackets = *s == '[';
                else if (*s == ':' && !in_brackets)
                        in_port = true;
                else if (*s == ',')
                        in_port = false;
                else if (in_port ? !isdigit((unsigned char) *s)
                                 : !isalnum((unsigned char) *s) && !strchr(".-_:%", *s))
                        return false;
        }
        return true;
}

/* Libraries do not agree where a password with such characters ends, and what one of them takes for the host is shown. */
static bool is_clear(const char *url)
{
        const char *start = strstr(url, "://"), *at;

        if (!start)
                return false;
        start += strlen("://");
        at = strrchr(start, '@');
        if (at && strcspn(start, "@?#/") < (size_t) (at - start))
                return false;
        start = at ? at + 1 : start;
        return !strchr(start, '#') && strchr(start, '?') == strrchr(start, '?') &&
               is_plain_place(start, strcspn(start, "/?"));
}

static const RemoteBackend *find_backend(const char *url)
{
        for (size_t i = 0; backends[i]; i++)
                if (strncmp(url, backends[i]->scheme, strlen(backends[i]->scheme)) == 0)
                        return backends[i];
        return NULL;
}

char *remote_shown_url(const RemoteOptions *options)
{
        const RemoteBackend *backend = find_backend(options->url);
        const char *scheme_end = strstr(options->url, "://");
        char *shown = NULL;
        bool clear = is_clear(options->url);
        int r = -EINVAL;

        if (clear && (!backend || !backend->show))
                return url_without_credentials(options->url);
        if (clear)
                r = backend->show(options, &shown);
        if (r >= 0)
                return shown;
        if (!scheme_end || strspn(options->url, "abcdefghijklmnopqrstuvwxyz+") <
                                           (size_t) (scheme_end - options->url))
                return xstrdup("...");
        return xasprintf("%.*s://...", (int) (scheme_end - options->url), options->url);
}

int remote_backend_find(const char *url, const RemoteBackend **ret, char **reterr)
{
        *ret = find_backend(url);
        if (*ret && is_clear(url))
                return 0;
        if (*ret) {
                format_error(reterr,
                             "Its URL can be read in more than one way. In a name, a password or the value of "
                             "a parameter, write @ as %%40, / before an @ as %%2F, ? as %%3F and # as %%23; a "
                             "host consists of letters, digits and . - _, and a port is a number.");
                return -EINVAL;
        }
        if (strncmp(url, "clickhouse+", strlen("clickhouse+")) == 0)
                format_error(reterr,
                             "This scrubjay was built without ClickHouse remotes (libcurl).");
        else if (strncmp(url, "postgres", strlen("postgres")) == 0)
                format_error(reterr, "This scrubjay was built without PostgreSQL remotes (libpq).");
        else
                format_error(reterr, "Its URL names no kind of remote that scrubjay knows "
                                     "(clickhouse+https://, clickhouse+http://, postgresql://).");
        return -EPROTONOSUPPORT;
}
