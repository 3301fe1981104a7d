/*
 * The key that an archive's fingerprints are made with
 */
#pragma once

#include "base/hash.h"

/* Where it lies: beside the archive at @path. The caller owns it. */
char *archive_key_path(const char *path);

/* The key of the archive at @path, beside which it lies; it is never made here. Returns 0, -ENOENT, -EBADMSG or another negative
 * errno. */
int archive_read_key(const char *path, HashKey *ret);
