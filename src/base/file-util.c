/* Files: read whole, written atomically, made private */
#include "base/file-util.h"

#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

int file_read(const char *path, size_t max, char **ret, size_t *ret_size)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        _cleanup_close_ int fd = -1;
        struct stat st;
        size_t size;
        int r;

        /* O_NONBLOCK: opening a FIFO that nobody writes must not hang us. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        for (;;) {
                ssize_t n;

                r = strbuf_reserve(&b, 64 * 1024);
                if (r < 0)
                        return r;
                n = read(fd, b.data + b.size, 64 * 1024);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                b.size += (size_t) n;
                if (b.size > max)
                        return -EFBIG;
        }
        size = b.size;
        r = strbuf_take(&b, ret);
        if (r < 0)
                return r;
        if (ret_size)
                *ret_size = size;
        return 0;
}

char *path_folder(const char *path)
{
        const char *slash = strrchr(path, '/');

        if (!slash)
                return xstrdup(".");
        if (slash == path)
                return xstrdup("/");
        return xstrndup(path, (size_t) (slash - path));
}

char *path_join(const char *folder, const char *name)
{
        size_t n = strlen(folder);

        return xasprintf("%s%s%s", folder, n > 0 && folder[n - 1] == '/' ? "" : "/", name);
}

static int write_all(int fd, const char *bytes, size_t n)
{
        while (n > 0) {
                ssize_t k = write(fd, bytes, n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                bytes += k;
                n -= (size_t) k;
        }
        return 0;
}

static int folder_sync(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

static int replace(const char *path, mode_t mode, const void *bytes, size_t n, bool durable)
{
        _cleanup_free_ char *temporary = xasprintf("%s.XXXXXX", path);
        _cleanup_close_ int fd = -1;
        int r;

        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = fchmod(fd, mode) < 0 ? -errno : 0;
        if (r == 0)
                r = write_all(fd, bytes, n);
        if (r == 0 && durable && fsync(fd) < 0)
                r = -errno;
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(temporary);
        return r;
}

int file_replace(const char *path, mode_t mode, const void *bytes, size_t n)
{
        return replace(path, mode, bytes, n, false);
}

int file_write_atomic(const char *path, mode_t mode, const void *bytes, size_t n)
{
        _cleanup_free_ char *folder = path_folder(path);
        int r = replace(path, mode, bytes, n, true);

        return r < 0 ? r : folder_sync(folder);
}

int folder_make(const char *path)
{
        _cleanup_free_ char *copy = xstrdup(path);
        struct stat st;

        for (char *p = copy + 1; *copy; p++) {
                char was = *p;

                if (was != '/' && was != 0)
                        continue;
                *p = 0;
                if (mkdir(copy, 0700) < 0 && errno != EEXIST) {
                        /* a read-only or closed parent is no trouble where the folder is there already */
                        int saved = errno;

                        if (stat(copy, &st) < 0)
                                return -saved;
                }
                if (was == 0)
                        break;
                *p = was;
        }
        if (stat(path, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int folder_make_parent(const char *path)
{
        _cleanup_free_ char *folder = path_folder(path);

        return folder_make(folder);
}

int path_make_private(const char *path)
{
        /* O_NONBLOCK: a FIFO in the place of a file must not hang us */
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if ((st.st_mode & 0077) == 0)
                return 0;
        return fchmod(fd, st.st_mode & 0700) < 0 ? -errno : 1;
}

int folder_make_private(const char *path)
{
        const struct passwd *user;
        struct stat st, home;

        if (stat(path, &st) < 0)
                return -errno;
        if ((st.st_mode & 0077) == 0)
                return 0;
        user = getpwuid(geteuid());
        if (st.st_uid != geteuid() || (st.st_mode & S_ISVTX) != 0 ||
            (user && stat(user->pw_dir, &home) == 0 && home.st_dev == st.st_dev &&
             home.st_ino == st.st_ino))
                return -EPERM;
        return path_make_private(path);
}

int key_file_read(const char *path, HashKey *ret)
{
        _cleanup_free_ char *bytes = NULL;
        size_t size = 0;
        int r = file_read(path, sizeof(ret->bytes), &bytes, &size);

        if (r == -EFBIG || r == -EISDIR || r == -EINVAL)
                return -EBADMSG;
        if (r < 0)
                return r;
        if (size == sizeof(ret->bytes))
                memcpy(ret->bytes, bytes, size);
        if (bytes)
                explicit_bzero(bytes, size);
        return size == sizeof(ret->bytes) ? 0 : -EBADMSG;
}

int key_file_load(const char *path, HashKey *ret)
{
        HashKey key;
        int r = key_file_read(path, ret);

        if (r != -ENOENT)
                return r;
        if (getrandom(key.bytes, sizeof(key.bytes), 0) != (ssize_t) sizeof(key.bytes))
                return -EIO;
        r = file_write_atomic(path, 0600, key.bytes, sizeof(key.bytes));
        if (r < 0)
                return r;
        *ret = key;
        explicit_bzero(&key, sizeof(key));
        return 1;
}

int file_finish(FILE *f, int r)
{
        if (ferror(f)) {
                /* stdio did not keep the reason; one byte more fails for the same one */
                clearerr(f);
                r = fputc('\n', f) == EOF || fflush(f) != 0 ? -errno : -EIO;
        }
        if (fclose(f) != 0 && r >= 0)
                return -errno;
        return r;
}
