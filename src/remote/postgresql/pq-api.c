/* libpq, loaded when the first remote needs it */
#include "remote/postgresql/pq-api.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include "base/strbuf.h"

#define LIBRARY "libpq.so.5"

static PqApi api;
static bool is_loaded;

const PqApi *pq(void)
{
        return &api;
}

/* The library is never unloaded: it may have handlers of its own by then. */
static void load(void)
{
        void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

        if (!library)
                return;
#define PQ_API_FIND(name)                             \
        *(void **) &api.name = dlsym(library, #name); \
        if (!api.name)                                \
                return;
        PQ_API(PQ_API_FIND)
        is_loaded = true;
}

int pq_load(char **reterr)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        (void) pthread_once(&once, load);
        if (is_loaded)
                return 0;
        format_error(reterr, "PostgreSQL remotes need libpq (" LIBRARY
                             "), which cannot be loaded: install it.");
        return -ELIBACC;
}
