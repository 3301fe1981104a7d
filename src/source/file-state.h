/*
 * FileState: are the source's files unchanged?
 *
 * SQLite tells an open connection whether anybody committed; another process can learn it only from its files. Each commit writes
 * to the database, its write-ahead log or its journal, so what the kernel says of the three changes: file, size, and the times of
 * the last write and of the last change.
 */
#pragma once

#include <stdint.h>

/* The clock that file systems set times by ticks, and some in whole seconds: a later write may leave the times of one that is
 * not older than this. */
#define FILE_STATE_SETTLED_USEC ((uint64_t) 2 * 1000 * 1000)

/*
 * Returns what to compare, for the database at @path, as of @now_usec since the epoch. Opens nothing. Returns 1 with *@ret, owned by
 * the caller; 0: it was written just now (or in the future), so a change could go unnoticed; or a negative errno.
 */
int file_state_get(const char *path, uint64_t now_usec, char **ret);
