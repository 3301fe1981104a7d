/* Identity: who works here, and on which project */
#include "enrich/identity.h"

#include <fcntl.h>
#include <poll.h>
#include <search.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file-util.h"
#include "base/strbuf.h"
#include "base/time-util.h"
#include "base/url.h"

#define GIT_TIMEOUT_USEC (3 * USEC_PER_SEC)
#define GIT_OUTPUT_MAX   4096

typedef struct Folder {
        char *cwd, *project_id, *project_name;
} Folder;

struct Identity {
        char *user_id, *user_name; /* NULL: not asked yet */
        void *folders;             /* tsearch() tree of Folder */
};

int identity_new(const char *user_id, const char *user_name, Identity **ret)
{
        _cleanup_(identity_freep) Identity *identity = calloc(1, sizeof(*identity));

        if (!identity)
                return -ENOMEM;
        if (user_id && !(identity->user_id = strdup(user_id)))
                return -ENOMEM;
        if (user_name && !(identity->user_name = strdup(user_name)))
                return -ENOMEM;
        *ret = TAKE_PTR(identity);
        return 0;
}

static void folder_free(void *p)
{
        Folder *folder = p;

        if (!folder)
                return;
        free(folder->cwd);
        free(folder->project_id);
        free(folder->project_name);
        free(folder);
}

static void folder_freep(Folder **folder)
{
        folder_free(*folder);
}

Identity *identity_free(Identity *identity)
{
        if (!identity)
                return NULL;
        tdestroy(identity->folders, folder_free);
        free(identity->user_id);
        free(identity->user_name);
        free(identity);
        return NULL;
}

/* Running git */

/* Reads what @fd gives until its end, the time-out or GIT_OUTPUT_MAX. Returns 0, -ETIMEDOUT or another errno. */
static int read_output(int fd, StrBuf *output)
{
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + GIT_TIMEOUT_USEC;

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
                r = strbuf_reserve(output, GIT_OUTPUT_MAX);
                if (r < 0)
                        return r;
                n = read(fd, output->data + output->size, GIT_OUTPUT_MAX);
                if (n < 0 && errno != EINTR && errno != EAGAIN)
                        return -errno;
                if (n == 0)
                        return 0;
                if (n > 0)
                        output->size += (size_t) n;
                if (output->size > GIT_OUTPUT_MAX)
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
        list = calloc(n + ELEMENTSOF(fixed) + 1, sizeof(*list));
        if (!list)
                return NULL;
        for (size_t i = 0; i < n; i++)
                if (strncmp(environ[i], "GIT_", 4) != 0 && strncmp(environ[i], "LC_ALL=", 7) != 0)
                        list[k++] = environ[i];
        for (size_t i = 0; i < ELEMENTSOF(fixed); i++)
                list[k++] = fixed[i];
        return list;
}

static int spawn_git(const char *cwd, const char *key, int fd, pid_t *ret)
{
        char *const argv[] = { (char *) "git",    (char *) "--no-pager",
                               (char *) "-c",     (char *) "core.fsmonitor=false",
                               (char *) "-c",     (char *) "core.hooksPath=/dev/null",
                               (char *) "-C",     (char *) cwd,
                               (char *) "config", (char *) "--get",
                               (char *) key,      NULL };
        _cleanup_free_ char **environment = git_environment();
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, defaults;
        int r;

        if (!environment)
                return -ENOMEM;
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
        r = -posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = -posix_spawn_file_actions_adddup2(&actions, fd, 1);
        if (r == 0)
                r = -posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        if (r == 0)
                r = -posix_spawnp(ret, "git", &actions, &attributes, argv, environment);
        (void) posix_spawnattr_destroy(&attributes);
        (void) posix_spawn_file_actions_destroy(&actions);
        return r;
}

/* `git config --get @key` in @cwd; "" when it is not set or git cannot be asked. NULL without memory. */
static char *git_config(const char *cwd, const char *key)
{
        _cleanup_(strbuf_done) StrBuf output = { 0 };
        _cleanup_close_ int reading = -1, writing = -1;
        int fds[2], r, status = 0;
        char *text;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return strdup("");
        reading = fds[0];
        writing = fds[1];
        r = spawn_git(cwd, key, writing, &pid);
        if (r < 0)
                return r == -ENOMEM ? NULL : strdup("");
        (void) fd_close(TAKE_FD(writing)); /* so that the end of git is the end of the pipe */
        r = read_output(reading, &output);
        if (r < 0)
                (void) kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return strdup("");
        if (strbuf_take(&output, &text) < 0)
                return NULL;
        text[strcspn(text, "\r\n")] = 0;
        return text;
}

const char *identity_user_id(Identity *identity)
{
        if (!identity->user_id)
                identity->user_id = git_config("/", "user.email");
        return identity->user_id ?: "";
}

const char *identity_user_name(Identity *identity)
{
        if (!identity->user_name)
                identity->user_name = git_config("/", "user.name");
        return identity->user_name ?: "";
}

/* Projects */

/* The last path part of a remote's URL, without ".git". */
static char *project_name(const char *url)
{
        size_t n = strlen(url);
        const char *start;

        while (n > 0 && url[n - 1] == '/')
                n--;
        if (n > 4 && memcmp(url + n - 4, ".git", 4) == 0)
                n -= 4;
        for (start = url + n; start > url && start[-1] != '/' && start[-1] != ':'; start--)
                ;
        return strndup(start, (size_t) (url + n - start));
}

/* Makes an absolute path its folder's. Returns false for the root, which has none. */
static bool cut_last_part(char *path)
{
        char *slash = strrchr(path, '/');

        if (!slash || !path[1])
                return false;
        slash[slash == path] = 0;
        return true;
}

/* Whether @cwd is in a repository that is ours to ask: the nearest .git upwards belongs to us. */
static bool has_own_repository(const char *cwd)
{
        _cleanup_free_ char *folder = cwd[0] == '/' ? strdup(cwd) : NULL;

        while (folder) {
                _cleanup_free_ char *git = path_join(folder, ".git");
                struct stat st;

                if (git && lstat(git, &st) == 0)
                        return st.st_uid == geteuid();
                if (!cut_last_part(folder))
                        return false;
        }
        return false;
}

static int compare_folders(const void *a, const void *b)
{
        return strcmp(((const Folder *) a)->cwd, ((const Folder *) b)->cwd);
}

static int ask_project(Folder *folder)
{
        _cleanup_free_ char *url = NULL;

        if (!has_own_repository(folder->cwd)) {
                folder->project_id = strdup("");
                folder->project_name = strdup("");
        } else {
                url = git_config(folder->cwd, "remote.origin.url");
                if (!url)
                        return -ENOMEM;
                folder->project_id = url_without_credentials(url);
                if (!folder->project_id)
                        return -ENOMEM;
                folder->project_name = project_name(folder->project_id);
        }
        return folder->project_id && folder->project_name ? 0 : -ENOMEM;
}

int identity_project(Identity *identity, const char *cwd, size_t size, Project *ret)
{
        _cleanup_(folder_freep) Folder *folder = NULL;
        Folder **found;
        int r;

        if (size == 0 || memchr(cwd, 0, size)) {
                *ret = (Project){ .id = "", .name = "" };
                return 0;
        }
        folder = calloc(1, sizeof(*folder));
        if (!folder || !(folder->cwd = strndup(cwd, size)))
                return -ENOMEM;
        found = tfind(folder, &identity->folders, compare_folders);
        if (!found) {
                r = ask_project(folder);
                if (r < 0)
                        return r;
                found = tsearch(folder, &identity->folders, compare_folders);
                if (!found)
                        return -ENOMEM;
                folder = NULL;
        }
        *ret = (Project){ .id = (*found)->project_id, .name = (*found)->project_name };
        return 0;
}
