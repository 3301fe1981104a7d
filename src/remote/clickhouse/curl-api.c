/* libcurl, loaded when the first remote needs it */
#include "remote/clickhouse/curl-api.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include "base/strbuf.h"

#define LIBRARY "libcurl.so.4"

static CurlApi api;
static bool is_loaded;

const CurlApi *curl(void)
{
        return &api;
}

/* The library is never unloaded: it may have threads and handlers of its own by then. */
static void load(void)
{
        void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

        if (!library)
                return;
#define CURL_API_FIND(name)                           \
        *(void **) &api.name = dlsym(library, #name); \
        if (!api.name)                                \
                return;
        CURL_API(CURL_API_FIND)
        is_loaded = api.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

int curl_load(char **reterr)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        (void) pthread_once(&once, load);
        if (is_loaded)
                return 0;
        format_error(reterr,
                     "Remotes need libcurl (" LIBRARY "), which cannot be loaded: install it.");
        return -ELIBACC;
}
