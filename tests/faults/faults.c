/*
 * Faults: a library to preload, in which a system call goes wrong at a chosen moment
 *
 * It counts the calls that change files below FAULT_FOLDER (open for writing, write, sync, truncate, rename, unlink)
 * and, at the FAULT_AT-th, does what FAULT_DO says: "kill" (SIGKILL before the call), "torn" (half of the bytes are
 * written, then SIGKILL), "slow" (all writes are followed by 300 ms of nothing), or the name of an errno, which the call fails with. FAULT_LAST is the last call that fails
 * so (default: FAULT_AT itself; "0": all that follow). With FAULT_SWITCH, calls count only while that file exists.
 *
 * FAULT_MALLOC_AT does the same to allocations: the n-th gives NULL, up to FAULT_MALLOC_LAST. They count from the first
 * call below the folder on: json-c, which reads the rules before that, does not survive without memory.
 *
 * With FAULT_CLOCK, the seconds that this file holds are added to CLOCK_REALTIME, read anew at each look. With
 * FAULT_COUNT, the numbers of calls and allocations are written to that file at the end.
 */
/* Each name of a call is wrapped, the ones for large files too. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef enum Kind {
        FAULT_NONE,
        FAULT_KILL,
        FAULT_TORN,
        FAULT_SLOW,
        FAULT_ERRNO,
} Kind;

static struct {
        const char *folder, *clock, *wanted;
        size_t folder_size;
        Kind kind;
        int error;
        long at, last;
        long malloc_at, malloc_last;
} fault;

static atomic_long n_calls, n_allocations;

static const struct {
        const char *name;
        int error;
} errors[] = {
        { "ENOSPC", ENOSPC }, { "EIO", EIO },       { "EROFS", EROFS },   { "EDQUOT", EDQUOT },
        { "EMFILE", EMFILE }, { "EACCES", EACCES }, { "ENOMEM", ENOMEM },
};

static long number(const char *name, long fallback)
{
        const char *text = getenv(name);

        return text ? strtol(text, NULL, 10) : fallback;
}

__attribute__((constructor)) static void begin(void)
{
        const char *what = getenv("FAULT_DO") ?: "";

        fault.at = number("FAULT_AT", 0);
        fault.last = number("FAULT_LAST", fault.at);
        fault.malloc_last = number("FAULT_MALLOC_LAST", number("FAULT_MALLOC_AT", 0));
        fault.clock = getenv("FAULT_CLOCK");
        fault.wanted = getenv("FAULT_SWITCH");
        if (strcmp(what, "kill") == 0)
                fault.kind = FAULT_KILL;
        else if (strcmp(what, "torn") == 0)
                fault.kind = FAULT_TORN;
        else if (strcmp(what, "slow") == 0)
                fault.kind = FAULT_SLOW;
        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
                if (strcmp(what, errors[i].name) == 0) {
                        fault.kind = FAULT_ERRNO;
                        fault.error = errors[i].error;
                }
        fault.folder = getenv("FAULT_FOLDER");
        fault.folder_size = fault.folder ? strlen(fault.folder) : 0;
        fault.malloc_at = number("FAULT_MALLOC_AT", 0); /* from here on allocations count */
}

__attribute__((destructor)) static void end(void)
{
        const char *path = getenv("FAULT_COUNT");
        FILE *f;

        fault.at = fault.malloc_at = 0;
        fault.folder = NULL;
        f = path ? fopen(path, "we") : NULL;
        if (!f)
                return;
        (void) fprintf(f, "%ld %ld\n", atomic_load(&n_calls), atomic_load(&n_allocations));
        (void) fclose(f);
}

static bool is_below(const char *path)
{
        return fault.folder && path && strncmp(path, fault.folder, fault.folder_size) == 0;
}

static bool fd_is_below(int fd)
{
        char link[32], path[PATH_MAX];
        ssize_t n;

        if (!fault.folder)
                return false;
        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        if (n < 0)
                return false;
        path[n] = 0;
        return is_below(path);
}

static void die(void)
{
        (void) kill(getpid(), SIGKILL);
        for (;;)
                (void) pause();
}

/* Counts a call that matters. Returns true when it has to fail, with errno set; may not return at all. */
static bool strike(bool matters, bool can_be_torn, bool *ret_torn)
{
        long n;

        if (!matters || (fault.wanted && access(fault.wanted, F_OK) < 0))
                return false;
        n = atomic_fetch_add(&n_calls, 1) + 1;
        if (fault.at == 0 || n < fault.at || (fault.last != 0 && n > fault.last))
                return false;
        switch (fault.kind) {
        case FAULT_NONE:
        case FAULT_SLOW:
                return false;
        case FAULT_TORN:
                if (can_be_torn) {
                        *ret_torn = true;
                        return false;
                }
                die();
                break;
        case FAULT_KILL:
                die();
                break;
        case FAULT_ERRNO:
                errno = fault.error;
                return true;
        }
        return false;
}

#define REAL(type, name, ...)                                        \
        static type (*real)(__VA_ARGS__);                            \
        do {                                                         \
                if (!real)                                           \
                        *(void **) &real = dlsym(RTLD_NEXT, (name)); \
        } while (0)

static void write_half(int fd, const void *bytes, size_t n, off_t offset)
{
        (void) !syscall(SYS_pwrite64, fd, bytes, n / 2, offset);
        die();
}

/* What was written waits for what follows. */
static ssize_t linger(int fd, ssize_t n)
{
        if (fault.kind == FAULT_SLOW && fd_is_below(fd))
                (void) usleep(300000);
        return n;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
        bool torn = false;

        REAL(ssize_t, "write", int, const void *, size_t);
        if (strike(fd_is_below(fd), true, &torn))
                return -1;
        if (torn) {
                (void) !real(fd, bytes, n / 2);
                die();
        }
        return linger(fd, real(fd, bytes, n));
}

#define PWRITE(name, type)                                             \
        ssize_t name(int fd, const void *bytes, size_t n, type offset) \
        {                                                              \
                bool torn = false;                                     \
                                                                       \
                REAL(ssize_t, #name, int, const void *, size_t, type); \
                if (strike(fd_is_below(fd), true, &torn))              \
                        return -1;                                     \
                if (torn)                                              \
                        write_half(fd, bytes, n, (off_t) offset);      \
                return linger(fd, real(fd, bytes, n, offset));         \
        }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

/* A call of one argument that is a descriptor, with perhaps a size. */
#define ON_FD(name)                                       \
        int name(int fd)                                  \
        {                                                 \
                REAL(int, #name, int);                    \
                if (strike(fd_is_below(fd), false, NULL)) \
                        return -1;                        \
                return real(fd);                          \
        }

ON_FD(fsync)
ON_FD(fdatasync)

#define TRUNCATE(name, type)                              \
        int name(int fd, type size)                       \
        {                                                 \
                REAL(int, #name, int, type);              \
                if (strike(fd_is_below(fd), false, NULL)) \
                        return -1;                        \
                return real(fd, size);                    \
        }

TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int rename(const char *from, const char *to)
{
        REAL(int, "rename", const char *, const char *);
        if (strike(is_below(to), false, NULL))
                return -1;
        return real(from, to);
}

int unlink(const char *path)
{
        REAL(int, "unlink", const char *);
        if (strike(is_below(path), false, NULL))
                return -1;
        return real(path);
}

/* Opening counts where it may make a file; where descriptors are what runs out, all opening below the folder does. */
static bool open_matters(const char *path, int flags)
{
        return is_below(path) &&
               ((flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0 || fault.error == EMFILE);
}

#define OPEN(name)                                                  \
        int name(const char *path, int flags, ...)                  \
        {                                                           \
                mode_t mode = 0;                                    \
                va_list ap;                                         \
                                                                    \
                REAL(int, #name, const char *, int, ...);           \
                if ((flags & (O_CREAT | O_TMPFILE)) != 0) {         \
                        va_start(ap, flags);                        \
                        mode = va_arg(ap, mode_t);                  \
                        va_end(ap);                                 \
                }                                                   \
                if (strike(open_matters(path, flags), false, NULL)) \
                        return -1;                                  \
                return real(path, flags, mode);                     \
        }

OPEN(open)
OPEN(open64)

int mkostemp(char *template, int flags)
{
        REAL(int, "mkostemp", char *, int);
        if (strike(is_below(template), false, NULL))
                return -1;
        return real(template, flags);
}

int mkdir(const char *path, mode_t mode)
{
        REAL(int, "mkdir", const char *, mode_t);
        if (strike(is_below(path), false, NULL))
                return -1;
        return real(path, mode);
}

/* Allocations */

static bool starve(void)
{
        long n;

        if (atomic_load(&n_calls) == 0)
                return false;
        n = atomic_fetch_add(&n_allocations, 1) + 1;
        if (fault.malloc_at == 0 || n < fault.malloc_at ||
            (fault.malloc_last != 0 && n > fault.malloc_last))
                return false;
        errno = ENOMEM;
        return true;
}

/* glibc's own names: dlsym() itself allocates, so it cannot be asked for these. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size)
{
        return starve() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
        return starve() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
        return starve() ? NULL : __libc_realloc(p, size);
}

/* The clock */

int clock_gettime(clockid_t clock, struct timespec *ret)
{
        char text[32] = "";
        int r, fd;

        r = (int) syscall(SYS_clock_gettime, clock, ret);
        if (r < 0 || clock != CLOCK_REALTIME || !fault.clock)
                return r;
        fd = (int) syscall(SYS_openat, AT_FDCWD, fault.clock, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                (void) !read(fd, text, sizeof(text) - 1);
                (void) syscall(SYS_close, fd);
        }
        ret->tv_sec += strtol(text, NULL, 10);
        return 0;
}
