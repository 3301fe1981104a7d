/* git: asking a repository */
#include "base/git.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "base/time-util.h"

#define READ_SIZE 4096

/* Reads what @fd gives until its end. Returns 0, -ETIMEDOUT, -EFBIG or another negative errno. */
static int read_output(int fd, size_t max, uint64_t timeout_usec, StrBuf *output)
{
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + timeout_usec;
        size_t before = output->size;

        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                uint64_t now = now_usec(CLOCK_MONOTONIC);
                ssize_t n;
                int r;

                if (now >= deadline)
                        return -ETIMEDOUT;
                r = poll(&p, 1, (int) ((deadline - now) / USEC_PER_MSEC) + 1);
                if (r < 0 && errno != EINTR)
                        return -errno;
                if (r <= 0)
                        continue;
                r = strbuf_reserve(output, READ_SIZE);
                if (r < 0)
                        return r;
                n = read(fd, output->data + output->size, READ_SIZE);
                if (n < 0 && errno != EINTR && errno != EAGAIN)
                        return -errno;
                if (n == 0)
                        return 0;
                if (n > 0)
                        output->size += (size_t) n;
                if (output->size - before > max)
                        return -EFBIG;
        }
}

/* An environment for git: ours, without what points it elsewhere, with prompts and locks off. */
static char **git_environment(void)
{
        static char *const fixed[] = { (char *) "GIT_TERMINAL_PROMPT=0",
                                       (char *) "GIT_OPTIONAL_LOCKS=0", (char *) "GIT_PAGER=cat",
                                       (char *) "GIT_ASKPASS=true", (char *) "LC_ALL=C" };
        size_t n = 0, k = 0;
        char **list;

        while (environ[n])
                n++;
        list = xcalloc(n + ELEMENTSOF(fixed) + 1, sizeof(*list));
        for (size_t i = 0; i < n; i++)
                if (strncmp(environ[i], "GIT_", 4) != 0 && strncmp(environ[i], "LC_ALL=", 7) != 0)
                        list[k++] = environ[i];
        for (size_t i = 0; i < ELEMENTSOF(fixed); i++)
                list[k++] = fixed[i];
        return list;
}

static int set_files(posix_spawn_file_actions_t *actions, int in, int out)
{
        int r;

        r = in >= 0 ? posix_spawn_file_actions_adddup2(actions, in, 0)
                    : posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(actions, out, 1);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
        return -r;
}

static int spawn_git(const char *cwd, const char *const *arguments, int in, int out, pid_t *ret)
{
        const char *const first[] = { "git", "--no-pager",
                                      "-c",  "core.fsmonitor=false",
                                      "-c",  "core.hooksPath=/dev/null",
                                      "-C",  cwd };
        _cleanup_free_ const char **argv = NULL;
        _cleanup_free_ char **environment = git_environment();
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, defaults;
        size_t n = 0;
        int r;

        while (arguments[n])
                n++;
        argv = xcalloc(ELEMENTSOF(first) + n + 1, sizeof(*argv));
        memcpy(argv, first, sizeof(first));
        memcpy(argv + ELEMENTSOF(first), arguments, n * sizeof(*argv));
        r = -posix_spawn_file_actions_init(&actions);
        if (r < 0)
                return r;
        r = -posix_spawnattr_init(&attributes);
        if (r < 0) {
                (void) posix_spawn_file_actions_destroy(&actions);
                return r;
        }
        /* the service blocks its signals for signalfd; git shall not inherit that */
        (void) sigemptyset(&none);
        (void) sigfillset(&defaults);
        (void) posix_spawnattr_setsigmask(&attributes, &none);
        (void) posix_spawnattr_setsigdefault(&attributes, &defaults);
        /* a group of its own: what hangs is killed with all that it started */
        (void) posix_spawnattr_setpgroup(&attributes, 0);
        (void) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
                                                                     POSIX_SPAWN_SETSIGDEF |
                                                                     POSIX_SPAWN_SETPGROUP);
        r = set_files(&actions, in, out);
        if (r == 0)
                r = -posix_spawnp(ret, "git", &actions, &attributes, (char *const *) argv,
                                  environment);
        (void) posix_spawnattr_destroy(&attributes);
        (void) posix_spawn_file_actions_destroy(&actions);
        return r;
}

int git_output(const char *cwd, const char *const *arguments, int in, size_t max,
               uint64_t timeout_usec, StrBuf *output)
{
        _cleanup_close_ int reading = -1, writing = -1;
        int fds[2], r, status = 0;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        reading = fds[0];
        writing = fds[1];
        r = spawn_git(cwd, arguments, in, writing, &pid);
        if (r < 0)
                return r;
        (void) fd_close(TAKE_FD(writing)); /* so that the end of git is the end of the pipe */
        r = read_output(reading, max, timeout_usec, output);
        if (r < 0)
                (void) kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (r < 0)
                return r;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}
