/* LiteralsCache: what was compiled from literals, kept in a file */
#include "mask/literals-cache.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file-util.h"

#define FILE_NAME "literals"
#define MAGIC     "sjlits1"

typedef struct Header {
        char magic[8];
        uint64_t key, checksum, size;
} Header;

static uint64_t checksum(const char *bytes, size_t size)
{
        static const HashKey key = { "scrubjay cached" };

        return hash_bytes(&key, bytes, size);
}

/* Is it of this kind, ours, and out of the reach of others, except for what @mode lets them? */
static int check(const char *path, mode_t kind, mode_t others)
{
        struct stat st;

        if (lstat(path, &st) < 0)
                return -errno;
        return (st.st_mode & S_IFMT) == kind && st.st_uid == geteuid() && !(st.st_mode & others)
                               ? 0
                               : -EPERM;
}

int literals_cache_read(const char *folder, uint64_t key, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *path = path_join(folder, FILE_NAME), *bytes = NULL;
        Header header;
        size_t size;
        int r;

        r = check(folder, S_IFDIR, S_IWGRP | S_IWOTH);
        if (r >= 0)
                r = check(path, S_IFREG, S_IRWXG | S_IRWXO);
        if (r >= 0)
                r = file_read(path, sizeof(header) + LITERALS_CACHE_MAX, &bytes, &size);
        if (r < 0)
                return r;
        if (size < sizeof(header))
                return -EBADMSG;
        memcpy(&header, bytes, sizeof(header));
        size -= sizeof(header);
        if (memcmp(header.magic, MAGIC, sizeof(header.magic)) != 0 || header.key != key)
                return -ESTALE;
        if (header.size != size || header.checksum != checksum(bytes + sizeof(header), size))
                return -EBADMSG;
        memmove(bytes, bytes + sizeof(header), size);
        *ret = TAKE_PTR(bytes);
        *ret_size = size;
        return 0;
}

int literals_cache_write(const char *folder, uint64_t key, const char *bytes, size_t size)
{
        const Header header = { MAGIC, key, checksum(bytes, size), size };
        _cleanup_free_ char *path = path_join(folder, FILE_NAME);
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        int r;

        if (size > LITERALS_CACHE_MAX)
                return -EFBIG;
        r = folder_make(folder);
        if (r >= 0)
                r = check(folder, S_IFDIR, S_IWGRP | S_IWOTH);
        if (r < 0)
                return r;
        (void) strbuf_append(&b, (const char *) &header, sizeof(header));
        r = strbuf_append(&b, bytes, size);
        return r < 0 ? r : file_replace(path, 0600, b.data, b.size);
}
