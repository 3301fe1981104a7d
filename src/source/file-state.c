/* FileState: are the source's files as they were? */
#include "source/file-state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "base/time-util.h"

static uint64_t usec_of(const struct timespec *t)
{
        return t->tv_sec < 0 ? 0
                             : (uint64_t) t->tv_sec * USEC_PER_SEC + (uint64_t) t->tv_nsec / 1000;
}

static bool is_settled(const struct timespec *t, uint64_t now_usec)
{
        return usec_of(t) + FILE_STATE_SETTLED_USEC < now_usec;
}

/* Appends what the kernel says about the file; an empty log counts as none. Returns as file_state_get(). */
static int add_file(StrBuf *b, const char *path, const char *ending, uint64_t now_usec)
{
        _cleanup_free_ char *name = xasprintf("%s%s", path, ending);
        struct stat st;

        if (stat(name, &st) < 0)
                return *ending && errno == ENOENT ? 1 : -errno;
        if (*ending && st.st_size == 0)
                return 1;
        if (!is_settled(&st.st_mtim, now_usec) || !is_settled(&st.st_ctim, now_usec))
                return 0;
        return strbuf_printf(b, "%s %ju:%ju %jd %jd.%09ld %jd.%09ld;", ending,
                             (uintmax_t) st.st_dev, (uintmax_t) st.st_ino, (intmax_t) st.st_size,
                             (intmax_t) st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                             (intmax_t) st.st_ctim.tv_sec, st.st_ctim.tv_nsec) < 0
                               ? -ENOMEM
                               : 1;
}

int file_state_get(const char *path, uint64_t now_usec, char **ret)
{
        static const char *const endings[] = { "", "-wal", "-journal" };
        _cleanup_free_ char *real = realpath(path,
                                             NULL); /* SQLite keeps its other files beside it */
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        int r = real ? 1 : -errno;

        for (size_t i = 0; r > 0 && i < ELEMENTSOF(endings); i++)
                r = add_file(&b, real, endings[i], now_usec);
        if (r > 0)
                *ret = xstrdup(b.data);
        return r;
}
