/* URLs, as far as they may be shown */
#include "base/url.h"

#include <string.h>

char *url_without_credentials(const char *url)
{
        const char *scheme_end = strstr(url, "://"), *host, *at;
        size_t n = strcspn(url, "?#");

        if (!scheme_end || (size_t) (scheme_end - url) >= n)
                return xstrndup(url,
                                n); /* scp form (git@host:path) or a folder: no secret fits in */
        host = scheme_end + 3;
        at = memrchr(host, '@', strcspn(host, "/?#"));
        if (!at)
                return xstrndup(url, n);
        if (strncmp(url, "ssh://", 6) == 0 || strncmp(url, "git+ssh://", 10) == 0) {
                const char *colon = memchr(host, ':', (size_t) (at - host));

                if (!colon)
                        return xstrndup(url, n);
                return xasprintf("%.*s%.*s", (int) (colon - url), url, (int) (url + n - at), at);
        }
        return xasprintf("%.*s%.*s", (int) (host - url), url, (int) (url + n - at - 1), at + 1);
}
