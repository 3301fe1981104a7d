/*
 * Faults: a library to preload, with which a system call fails at a chosen moment
 *
 * It counts the calls that change files below FAULT_FOLDER (open for writing, write, sync, truncate, rename, unlink) and, at
 * the FAULT_AT-th, does what FAULT_DO says: "kill" (SIGKILL before the call), "torn" (half of the bytes are written, then
 * SIGKILL), "slow" (300 ms of nothing follow each write), or the name of an errno, with which the call fails. FAULT_LAST is
 * the last call that fails in this way (default: FAULT_AT itself; "0": all that follow). With FAULT_SWITCH, calls count only
 * while that file exists.
 *
 * FAULT_MALLOC_AT does the same to allocations: the n-th returns NULL, up to FAULT_MALLOC_LAST. They count from the first
 * call below the folder on: json-c, which reads the rules before that, does not survive without memory. With
 * FAULT_MALLOC_ABOVE, every allocation of more bytes returns NULL.
 *
 * With FAULT_LOG, all changes of files below FAULT_FOLDER are written to that file, in order: each record is a line "KIND
 * INODE OFFSET PATH-SIZE OTHER-SIZE BYTES-SIZE", then path, other path and bytes. KIND is created, written, truncated,
 * synced, synced-folder, renamed, unlinked, made-folder; tests/power reads it.
 *
 * With FAULT_CLOCK, the seconds in that file, which is read each time, are added to CLOCK_REALTIME. With FAULT_COUNT, the
 * numbers of calls and allocations are written to that file at the end.
 */
/* Each name of a call is wrapped, including those for large files. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
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
        long malloc_at, malloc_last, malloc_above;
        int log; /* -1: none */
} fault = { .log = -1 };

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
        fault.malloc_above = number("FAULT_MALLOC_ABOVE", 0);
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
        if (getenv("FAULT_LOG"))
                fault.log = (int) syscall(SYS_openat, AT_FDCWD, getenv("FAULT_LOG"),
                                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        fault.folder = getenv("FAULT_FOLDER");
        fault.folder_size = fault.folder ? strlen(fault.folder) : 0;
        fault.malloc_at = number("FAULT_MALLOC_AT", 0); /* from here on, allocations count */
}

__attribute__((destructor)) static void end(void)
{
        const char *path = getenv("FAULT_COUNT");
        FILE *f;

        fault.at = fault.malloc_at = fault.malloc_above = 0;
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

/* The log */

static pthread_mutex_t doing = PTHREAD_MUTEX_INITIALIZER;

/* A call and its record are one step, so that the log has the order of the disk. Returns whether there is a log. */
static bool log_begin(bool matters)
{
        if (fault.log < 0 || !matters)
                return false;
        (void) pthread_mutex_lock(&doing);
        return true;
}

static void log_put(const void *bytes, size_t n)
{
        for (size_t done = 0; done < n;) {
                long k = syscall(SYS_write, fault.log, (const char *) bytes + done, n - done);

                if (k <= 0)
                        abort(); /* half a log would look like a whole one */
                done += (size_t) k;
        }
}

static void log_record(const char *kind, ino_t inode, off_t offset, const char *path,
                       const char *other, const void *bytes, size_t n)
{
        char line[160];
        int size = snprintf(line, sizeof(line), "%s %ju %jd %zu %zu %zu\n", kind, (uintmax_t) inode,
                            (intmax_t) offset, strlen(path), strlen(other), n);

        log_put(line, (size_t) size);
        log_put(path, strlen(path));
        log_put(other, strlen(other));
        log_put(bytes, n);
}

static void log_end(void)
{
        (void) pthread_mutex_unlock(&doing);
}

static void log_fd(const char *kind, int fd, off_t offset, const void *bytes, size_t n)
{
        char link[32], path[PATH_MAX];
        struct stat st;
        ssize_t k;

        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        k = readlink(link, path, sizeof(path) - 1);
        if (k < 0 || fstat(fd, &st) < 0)
                abort();
        path[k] = 0;
        if (strcmp(kind, "synced") == 0 && S_ISDIR(st.st_mode))
                kind = "synced-folder";
        log_record(kind, st.st_ino, offset, path, "", bytes, n);
}

static void die(void)
{
        (void) kill(getpid(), SIGKILL);
        for (;;)
                (void) pause();
}

/* Counts a call. Returns true if it must fail, with errno set; may not return at all. */
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

/* Pauses after a write, so that what follows comes late. */
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
        if (log_begin(fd_is_below(fd))) {
                ssize_t done = real(fd, bytes, n);

                if (done > 0)
                        log_fd("written", fd, lseek(fd, 0, SEEK_CUR) - done, bytes, (size_t) done);
                log_end();
                return done;
        }
        return linger(fd, real(fd, bytes, n));
}

#define PWRITE(name, type)                                                                   \
        ssize_t name(int fd, const void *bytes, size_t n, type offset)                       \
        {                                                                                    \
                bool torn = false;                                                           \
                                                                                             \
                REAL(ssize_t, #name, int, const void *, size_t, type);                       \
                if (strike(fd_is_below(fd), true, &torn))                                    \
                        return -1;                                                           \
                if (torn)                                                                    \
                        write_half(fd, bytes, n, (off_t) offset);                            \
                if (log_begin(fd_is_below(fd))) {                                            \
                        ssize_t done = real(fd, bytes, n, offset);                           \
                                                                                             \
                        if (done > 0)                                                        \
                                log_fd("written", fd, (off_t) offset, bytes, (size_t) done); \
                        log_end();                                                           \
                        return done;                                                         \
                }                                                                            \
                return linger(fd, real(fd, bytes, n, offset));                               \
        }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

/* A call with a descriptor as argument, and perhaps a size. */
#define ON_FD(name)                                             \
        int name(int fd)                                        \
        {                                                       \
                REAL(int, #name, int);                          \
                if (strike(fd_is_below(fd), false, NULL))       \
                        return -1;                              \
                if (log_begin(fd_is_below(fd))) {               \
                        int r = real(fd);                       \
                                                                \
                        if (r == 0)                             \
                                log_fd("synced", fd, 0, "", 0); \
                        log_end();                              \
                        return r;                               \
                }                                               \
                return real(fd);                                \
        }

ON_FD(fsync)
ON_FD(fdatasync)

#define TRUNCATE(name, type)                                                  \
        int name(int fd, type size)                                           \
        {                                                                     \
                REAL(int, #name, int, type);                                  \
                if (strike(fd_is_below(fd), false, NULL))                     \
                        return -1;                                            \
                if (log_begin(fd_is_below(fd))) {                             \
                        int r = real(fd, size);                               \
                                                                              \
                        if (r == 0)                                           \
                                log_fd("truncated", fd, (off_t) size, "", 0); \
                        log_end();                                            \
                        return r;                                             \
                }                                                             \
                return real(fd, size);                                        \
        }

TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int rename(const char *from, const char *to)
{
        REAL(int, "rename", const char *, const char *);
        if (strike(is_below(to), false, NULL))
                return -1;
        if (log_begin(is_below(to) || is_below(from))) {
                int r = real(from, to);

                if (r == 0)
                        log_record("renamed", 0, 0, from, to, "", 0);
                log_end();
                return r;
        }
        return real(from, to);
}

int unlink(const char *path)
{
        REAL(int, "unlink", const char *);
        if (strike(is_below(path), false, NULL))
                return -1;
        if (log_begin(is_below(path))) {
                int r = real(path);

                if (r == 0)
                        log_record("unlinked", 0, 0, path, "", "", 0);
                log_end();
                return r;
        }
        return real(path);
}

/* Opening counts if it may create a file; if descriptors run out, all opening below the folder counts. */
static bool open_matters(const char *path, int flags)
{
        return is_below(path) &&
               ((flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0 || fault.error == EMFILE);
}

#define OPEN(name)                                                                     \
        int name(const char *path, int flags, ...)                                     \
        {                                                                              \
                mode_t mode = 0;                                                       \
                va_list ap;                                                            \
                                                                                       \
                REAL(int, #name, const char *, int, ...);                              \
                if ((flags & (O_CREAT | O_TMPFILE)) != 0) {                            \
                        va_start(ap, flags);                                           \
                        mode = va_arg(ap, mode_t);                                     \
                        va_end(ap);                                                    \
                }                                                                      \
                if (strike(open_matters(path, flags), false, NULL))                    \
                        return -1;                                                     \
                if (log_begin(is_below(path) && (flags & (O_CREAT | O_TRUNC)) != 0)) { \
                        bool existed = access(path, F_OK) == 0;                        \
                        int fd = real(path, flags, mode);                              \
                                                                                       \
                        if (fd >= 0 && !existed)                                       \
                                log_fd("created", fd, 0, "", 0);                       \
                        else if (fd >= 0 && (flags & O_TRUNC) != 0)                    \
                                log_fd("truncated", fd, 0, "", 0);                     \
                        log_end();                                                     \
                        return fd;                                                     \
                }                                                                      \
                return real(path, flags, mode);                                        \
        }

OPEN(open)
OPEN(open64)

int mkostemp(char *template, int flags)
{
        REAL(int, "mkostemp", char *, int);
        if (strike(is_below(template), false, NULL))
                return -1;
        if (log_begin(is_below(template))) {
                int fd = real(template, flags);

                if (fd >= 0)
                        log_fd("created", fd, 0, "", 0);
                log_end();
                return fd;
        }
        return real(template, flags);
}

int mkdir(const char *path, mode_t mode)
{
        REAL(int, "mkdir", const char *, mode_t);
        if (strike(is_below(path), false, NULL))
                return -1;
        if (log_begin(is_below(path))) {
                int r = real(path, mode);

                if (r == 0)
                        log_record("made-folder", 0, 0, path, "", "", 0);
                log_end();
                return r;
        }
        return real(path, mode);
}

/* Allocations */

/* json-c ends the process when memory runs out (docs/reliability.md), so what it allocates while parsing does not count. */
static _Thread_local bool in_json;

struct json_tokener;
struct json_object;
struct json_object *json_tokener_parse_ex(struct json_tokener *tokener, const char *text, int size);

struct json_object *json_tokener_parse_ex(struct json_tokener *tokener, const char *text, int size)
{
        struct json_object *o;

        REAL(struct json_object *, "json_tokener_parse_ex", struct json_tokener *, const char *,
             int);
        in_json = true;
        o = real(tokener, text, size);
        in_json = false;
        return o;
}

static bool starve(size_t size)
{
        long n;

        if (atomic_load(&n_calls) == 0 || in_json)
                return false;
        n = atomic_fetch_add(&n_allocations, 1) + 1;
        if ((fault.malloc_above == 0 || size <= (size_t) fault.malloc_above) &&
            (fault.malloc_at == 0 || n < fault.malloc_at ||
             (fault.malloc_last != 0 && n > fault.malloc_last)))
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
        return starve(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
        return starve(n * size) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
        return starve(size) ? NULL : __libc_realloc(p, size);
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
