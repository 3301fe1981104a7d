/*
 * Files: read whole, written atomically, made private
 */
#pragma once

#include <sys/types.h>

#include "base/hash.h"
#include "base/strbuf.h"

/* Reads a regular file of at most @max bytes (@ret is NUL-terminated beyond *@ret_size; the caller owns it).
 * Returns 0, -EFBIG, -EISDIR or -EINVAL (not a regular file), or what open() and read() say. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_size);

/* Writes @path anew: a temporary file (mode @mode) beside it, fsync, rename, fsync of the folder. After a failure or
 * a kill the old file is there unchanged. Returns 0 or a negative errno. */
int file_write_atomic(const char *path, mode_t mode, const void *bytes, size_t n);

/* The same without fsync, for what can be made again: after a power cut it may be empty or cut short. */
int file_replace(const char *path, mode_t mode, const void *bytes, size_t n);

/* Makes the folder @path with mode 0700, its parents too; an existing one is left as it is. */
int folder_make(const char *path);

/* Makes the folder that @path lies in, as folder_make(). */
int folder_make_parent(const char *path);

/* Keeps others out of the file or folder @path (mode 0600 or 0700), which is there and is ours to decide about. Returns 1:
 * they had access until now; 0: they had none; or a negative errno. */
int path_make_private(const char *path);

/* The same for a folder that something private lies in. A folder that is of use to others as well is left as it is:
 * -EPERM (it is somebody else's, everybody's like /tmp, or the home folder). */
int folder_make_private(const char *path);

/* The folder of @path ("." when it has none); the caller owns it. */
char *path_folder(const char *path);

/* @folder/@name; the caller owns it. */
char *path_join(const char *folder, const char *name);

/* Reads the 16-byte key in @path. Returns 0, -ENOENT, -EBADMSG (the file is there and is not a key) or what open() says. */
int key_file_read(const char *path, HashKey *ret);

/* The same; makes it (random, mode 0600) if there is none.
 * Returns 0; 1: it was made just now; -EBADMSG: the file is there and is not a key. */
int key_file_load(const char *path, HashKey *ret);

/* Closes @f, which was written with result @r. Returns @r, or why it could not be written, as a negative errno. */
int file_finish(FILE *f, int r);
