/*
 * Runs a command and tells what it cost
 *
 *     measure RESULT COMMAND...
 *
 * RESULT becomes one JSON object: wall and CPU time, the largest resident set, and the bytes that went through write()
 * and read(). A program of its own, because the largest resident set of a child counts the parent's from before exec():
 * this one is small. Exits as the command did.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/time-util.h"

/* A counter of /proc/self/io. It includes children that were waited for; only root can read that of a child that is not
 * dumpable. */
static uint64_t io_counter(const char *name)
{
        _cleanup_(fclosep) FILE *f = fopen("/proc/self/io", "re");
        char line[128];
        uint64_t n = 0;

        while (f && fgets(line, sizeof(line), f))
                if (strncmp(line, name, strlen(name)) == 0)
                        n = strtoull(line + strlen(name), NULL, 10);
        return n;
}

static uint64_t usec(const struct timeval *t)
{
        return (uint64_t) t->tv_sec * USEC_PER_SEC + (uint64_t) t->tv_usec;
}

int main(int argc, char **argv)
{
        _cleanup_(fclosep) FILE *result = NULL;
        uint64_t began = now_usec(CLOCK_MONOTONIC), wall, written, read_bytes;
        struct rusage used;
        pid_t pid;
        int status;

        if (argc < 3 || !(result = fopen(argv[1], "we")))
                return 2;
        pid = fork();
        if (pid == 0) {
                (void) execvp(argv[2], argv + 2);
                _exit(127);
        }
        if (pid < 0 || wait4(pid, &status, 0, &used) < 0)
                return 2;
        wall = now_usec(CLOCK_MONOTONIC) - began;
        written = io_counter("wchar: ");
        read_bytes = io_counter("rchar: ");
        fprintf(result,
                "{\"wall_usec\": %" PRIu64 ", \"user_usec\": %" PRIu64 ", \"system_usec\": %" PRIu64
                ", \"peak_kb\": %ld, \"bytes_written\": %" PRIu64 ", \"bytes_read\": %" PRIu64
                "}\n",
                wall, usec(&used.ru_utime), usec(&used.ru_stime), used.ru_maxrss, written,
                read_bytes);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
