/* The key that an archive's fingerprints are made with */
#include "archive/archive-key.h"

#include "base/file-util.h"

char *archive_key_path(const char *path)
{
        _cleanup_free_ char *folder = path_folder(path);

        return path_join(folder, "fingerprint.key");
}

int archive_read_key(const char *path, HashKey *ret)
{
        _cleanup_free_ char *key_path = archive_key_path(path);

        return key_file_read(key_path, ret);
}
