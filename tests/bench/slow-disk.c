/*
 * A slow disk: a library to preload, with which each read of a file below SLOW_FOLDER takes SLOW_USEC microseconds longer
 *
 * SQLite reads a database with pread(); its -shm is mapped and, once in memory, fast on a slow disk, too.
 */
/* Both names of the call are wrapped. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *folder;
static useconds_t delay;

__attribute__((constructor)) static void begin(void)
{
        folder = getenv("SLOW_FOLDER");
        delay = (useconds_t) strtoul(getenv("SLOW_USEC") ?: "0", NULL, 10);
}

static void wait_for_disk(int fd)
{
        char link[32], path[PATH_MAX];
        ssize_t n;

        if (!folder)
                return;
        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        if (n > 0 && strncmp(path, folder, strlen(folder)) == 0)
                (void) usleep(delay);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
        wait_for_disk(fd);
        return syscall(SYS_pread64, fd, bytes, n, at);
}

ssize_t pread64(int fd, void *bytes, size_t n, int64_t at)
{
        wait_for_disk(fd);
        return syscall(SYS_pread64, fd, bytes, n, at);
}
