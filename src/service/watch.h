/*
 * Watch: says when the source may have changed
 *
 * inotify on the folder of the source, for it is several files (the database, its -wal) and is swapped by a rename. A
 * folder that does not exist yet is waited for at its nearest existing parent. Only what a writer does counts: SQLite
 * makes and removes -wal and -shm when we read, and whoever listened to that would wake itself for ever. Where the
 * source is a symbolic link, the folder that it leads to is watched as well.
 *
 * It needs no event loop: poll watch_fd(), then call watch_dispatch().
 */
#pragma once

#include "base/cleanup.h"

typedef struct Watch Watch;

/* Begins to watch for the database @path (absolute). Returns 0 or a negative errno: -ENOSPC and -EMFILE stand for the
 * limits of inotify, -EACCES for a folder that must not be read. */
int watch_new(const char *path, Watch **ret);
Watch *watch_free(Watch *w);
DEFINE_CLEANUP(Watch *, watch_free)

/* Readable when there is something to dispatch. Owned by the watch; stays the same for its life. */
int watch_fd(const Watch *w);

/* Takes in what happened, without blocking. Returns 1: the source may have changed, look at it; 0: nothing of
 * interest; or a negative errno: it no longer works (make a new one after a while). */
int watch_dispatch(Watch *w);

/* Is the source's own folder watched (or only a parent of it, until it appears)? */
bool watch_has_folder(const Watch *w);
