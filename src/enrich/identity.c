/* Identity: who works here, and on which project */
#include "enrich/identity.h"

#include <limits.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file-util.h"
#include "base/git.h"
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

Identity *identity_new(const char *user_id, const char *user_name)
{
        Identity *identity = xcalloc(1, sizeof(*identity));

        identity->user_id = xstrdup(user_id);
        identity->user_name = xstrdup(user_name);
        return identity;
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

/* `git config --get @key` in @cwd; "" when it is not set or git cannot be asked. */
static char *git_config(const char *cwd, const char *key)
{
        const char *const arguments[] = { "config", "--get", key, NULL };
        _cleanup_(strbuf_done) StrBuf output = { 0 };
        int r;

        r = git_output(cwd, arguments, -1, GIT_OUTPUT_MAX, GIT_TIMEOUT_USEC, &output);
        if (r == -ENOMEM)
                memory_is_out(); /* better than sessions that are nobody's */
        return r == 0 && output.data ? xstrndup(output.data, strcspn(output.data, "\r\n"))
                                     : xstrdup("");
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
        return xstrndup(start, (size_t) (url + n - start));
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
        _cleanup_free_ char *folder = cwd[0] == '/' ? xstrdup(cwd) : NULL;

        while (folder) {
                _cleanup_free_ char *git = path_join(folder, ".git");
                struct stat st;

                if (lstat(git, &st) == 0)
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

static Folder *ask_project(const char *cwd)
{
        _cleanup_free_ char *url = has_own_repository(cwd) ? git_config(cwd, "remote.origin.url")
                                                           : xstrdup("");
        Folder *folder = xcalloc(1, sizeof(*folder));

        folder->cwd = xstrdup(cwd);
        folder->project_id = url_without_credentials(url);
        folder->project_name = project_name(folder->project_id);
        return folder;
}

Project identity_project(Identity *identity, const char *cwd, size_t size)
{
        _cleanup_free_ char *path = NULL;
        Folder **found;

        if (size == 0 || size >= PATH_MAX || memchr(cwd, 0, size))
                return (Project){ .id = "", .name = "" };
        path = xstrndup(cwd, size);
        found = tfind(&(Folder){ .cwd = path }, &identity->folders, compare_folders);
        if (!found)
                found = tsearch(ask_project(path), &identity->folders, compare_folders);
        if (!found)
                memory_is_out();
        return (Project){ .id = (*found)->project_id, .name = (*found)->project_name };
}
