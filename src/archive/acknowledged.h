/*
 * Acknowledged: the secrets that a person has dealt with
 *
 * A small database of its own beside the archive ("@path.acknowledged"), so that people can write it while the service has
 * the archive, and so that it is kept when the archive is rebuilt. It holds fingerprints and notes, never a secret: whoever
 * writes a note masks it.
 */
#pragma once

#include <sqlite3.h>

#include "base/cleanup.h"

/*
 * Gives a reader's connection a table `acknowledged` (fingerprint, acknowledged_at, note): the list of the archive at
 * @archive_path, or an empty list if it does not exist or cannot be read. In the latter case *@reterr (owned by the caller)
 * says why, and every secret counts as open. Not within a transaction. Returns 0 or a negative errno (-ENOMEM).
 */
int acknowledged_attach(sqlite3 *db, const char *archive_path, char **reterr);

/* The list, for writing. */
typedef struct Acknowledged Acknowledged;

/* Opens the list, creates it (0600) if there is none, and begins a transaction. Returns 0, or a negative errno with a sentence. */
int acknowledged_open(const char *archive_path, Acknowledged **ret, char **reterr);

/* Closes the list; without acknowledged_commit() nothing is written. Takes NULL; returns NULL. */
Acknowledged *acknowledged_close(Acknowledged *l);
DEFINE_CLEANUP(Acknowledged *, acknowledged_close)

/* Adds a secret; to one that is on the list already only @note is news (NULL: nothing is). Returns 1, 0 (all is as it was), or a
 * negative errno. */
int acknowledged_put(Acknowledged *l, uint64_t fingerprint, const char *note);

/* Removes a secret from the list: it is open again. Returns 1, 0 (it was not on it), or a negative errno. */
int acknowledged_remove(Acknowledged *l, uint64_t fingerprint);

/* Writes it. Returns 0 or a negative errno. */
int acknowledged_commit(Acknowledged *l);

/* Why the last call failed, in SQLite's words. */
const char *acknowledged_reason(Acknowledged *l);
