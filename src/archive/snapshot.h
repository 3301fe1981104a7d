/*
 * Snapshot: the archive as a database that agentsview shows
 *
 * A fresh file in the shape that agentsview 0.46 (data version 143) writes itself, masked, with no path to a transcript in it,
 * so that there is nothing to parse again.
 */
#pragma once

#include "archive/query.h"

/*
 * Writes the sessions @ids of the archive at @archive_path to @path (mode 0600), which must not exist. After a failure
 * there is no such file; *@reterr (owned by the caller) says why. Returns 0, -EEXIST or another negative errno.
 */
int snapshot_write(const char *archive_path, char *const *ids, size_t n_ids, const char *path,
                   char **reterr);
