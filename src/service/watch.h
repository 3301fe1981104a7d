/*
 * Watch: says when the source may have changed
 *
 * It uses inotify on the folder of the source, since the source is several files (the database, its -wal) and is swapped by a
 * rename. If the folder does not exist yet, its nearest existing parent is watched. Only what a writer does counts: SQLite
 * creates and removes -wal and -shm when we read, and listening to that would wake us for ever. If the source is a symbolic
 * link, the folder that it points to is watched as well.
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

/* Reads pending events, without blocking. Returns 1: the source may have changed, look at it; 0: nothing of
 * interest; or a negative errno: it no longer works (create a new one after a while). */
int watch_dispatch(Watch *w);

/* Is the source's own folder watched (or only a parent of it, until it appears)? */
bool watch_has_folder(const Watch *w);
