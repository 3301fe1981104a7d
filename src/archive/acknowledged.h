/*
 * Acknowledged: the secrets that a person has dealt with
 *
 * A small database of its own beside the archive ("@path.acknowledged"), since people write it while the service has the
 * archive, and since it outlives an archive that is built anew. It holds fingerprints and notes, never a secret: a note is
 * masked by who writes it.
 */
#pragma once

#include <sqlite3.h>

#include "base/cleanup.h"

/*
 * Gives the connection of a reader a table `acknowledged` (fingerprint, acknowledged_at, note): the list of the archive at
 * @path, or an empty one where there is none, or none that can be read. Then *@reterr (owned by the caller) says why, and
 * all counts as open. Not within a transaction. Returns 0 or a negative errno (-ENOMEM).
 */
int acknowledged_attach(sqlite3 *db, const char *archive_path, char **reterr);

/* The list, for writing. */
typedef struct Acknowledged Acknowledged;

/* Opens it, makes it where there is none (0600), and begins a transaction. Returns 0, or a negative errno with a sentence. */
int acknowledged_open(const char *archive_path, Acknowledged **ret, char **reterr);

/* Without acknowledged_commit() nothing was written. Takes NULL; returns NULL. */
Acknowledged *acknowledged_close(Acknowledged *l);
DEFINE_CLEANUP(Acknowledged *, acknowledged_close)

/* Adds a secret, or writes it anew; @note may be NULL. Returns 0 or a negative errno. */
int acknowledged_put(Acknowledged *l, uint64_t fingerprint, const char *note);

/* Takes a secret off the list: it is open again. Returns 1, 0 (it was not on it), or a negative errno. */
int acknowledged_remove(Acknowledged *l, uint64_t fingerprint);

/* Writes it. Returns 0 or a negative errno. */
int acknowledged_commit(Acknowledged *l);

/* Why the last call failed, in SQLite's words. */
const char *acknowledged_reason(Acknowledged *l);
