/* The password of a remote */
#include "remote/password.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file-util.h"

#define PASSWORD_MAX 4096

char *password_free(char *password)
{
        if (password)
                explicit_bzero(password, strlen(password));
        free(password);
        return NULL;
}

static int load(const char *path, bool is_credential, char **ret, char **reterr)
{
        struct stat st;
        char *text;
        size_t n;
        int r;

        if (stat(path, &st) < 0)
                return -errno;
        /* a credential's folder is private, whatever the mode of its files */
        if (!is_credential && (st.st_mode & 0077) != 0) {
                format_error(reterr,
                             "Others can read the password file '%s', so it is not used. Run 'chmod 600' "
                             "on it.",
                             path);
                return -EACCES;
        }
        r = file_read(path, PASSWORD_MAX, &text, &n);
        if (r < 0)
                return r;
        text[strcspn(text, "\r\n")] = '\0';
        *ret = text;
        return 1;
}

/* The default path. NULL: there is none. */
static char *usual_path(const char *name)
{
        const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

        if (config && config[0] == '/')
                return xasprintf("%s/scrubjay/remote-%s-password", config, name);
        if (home && home[0] == '/')
                return xasprintf("%s/.config/scrubjay/remote-%s-password", home, name);
        return NULL;
}

static char *credential_path(const char *name)
{
        const char *folder = getenv("CREDENTIALS_DIRECTORY");

        if (!folder || folder[0] != '/')
                return NULL;
        return xasprintf("%s/remote-%s-password", folder, name);
}

int password_load(const char *name, const char *file, char **ret, char **reterr)
{
        _cleanup_free_ char *credential = credential_path(name), *usual = usual_path(name);
        const char *const places[] = { credential, file, usual };

        *ret = NULL;
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                int r = places[i] ? load(places[i], i == 0, ret, reterr) : -ENOENT;

                if (r == -ENOENT && !(file && places[i] == file))
                        continue;
                if (r < 0 && reterr && !*reterr)
                        format_error(reterr, "The password file '%s' cannot be read: %s.",
                                     places[i], strerror(-r));
                return r;
        }
        return 0;
}
