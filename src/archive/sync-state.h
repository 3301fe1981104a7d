/*
 * SyncState: the sync state as JSON
 *
 * Cursors live in the archive. This is the form in which they are exported and imported:
 *
 *     { "version": 3, "last_session_created_at": TIME, "sessions": { ID: { "file_hash": S, "last_ordinal": N } },
 *       "last_synced_at": TIME, "total_synced": N, "total_masked": N }
 *
 * A TIME is ISO 8601 text, or null for never. A sync itself asks the archive: archive_cursor_get() says how far a session got
 * and whether it changed, archive_cursor_put() notes it, and the policy of its cursor says whether all is to be synced again.
 */
#pragma once

#include <sqlite3.h>

#include "archive/archive.h"
#include "base/strbuf.h"

typedef struct SyncCursor {
        char *session_id;
        char *file_hash; /* of the transcript; "" when agentsview has none */
        int64_t last_ordinal;
} SyncCursor;

/* Plain, but its sessions are sorted by id: change them through the functions below. */
typedef struct SyncState {
        int64_t version;
        uint64_t last_session_created_at_usec; /* since the epoch; 0: never */
        uint64_t last_synced_at_usec;
        uint64_t total_synced; /* sessions */
        uint64_t total_masked; /* secrets */
        SyncCursor *sessions;
        size_t n_sessions;
} SyncState;

/* An empty state of the current version. */
void sync_state_init(SyncState *s);
void sync_state_done(SyncState *s);

/* Notes how far a session was synced. @file_hash: NULL counts as "". */
void sync_state_put(SyncState *s, const char *session_id, const char *file_hash,
                    int64_t last_ordinal);

/* Reads JSON; a NUL follows it. @name stands in error texts. Returns 0, or -EBADMSG (broken) with *@reterr. */
int sync_state_parse(const char *json, size_t size, const char *name, SyncState *ret,
                     char **reterr);

/* Appends the JSON and a newline. Returns 0 or -ENOMEM. */
int sync_state_format(const SyncState *s, StrBuf *b);

/* Reads a file. One that does not exist is an empty state; a broken one is an error as in sync_state_parse(), and is
 * left as it is. Returns 0 or a negative errno with *@reterr; sync_state_done() what it returned. */
int sync_state_load(const char *path, SyncState *ret, char **reterr);

/* Writes a file (mode 0600) atomically: after a failure the old one is there. Returns 0 or a negative errno. */
int sync_state_save(const SyncState *s, const char *path);

/* Makes the state that an archive is in: its totals, and the cursors that count. Returns 0 or a negative errno. */
int sync_state_export(sqlite3 *archive, SyncState *ret);

typedef struct SyncImport {
        uint64_t n_taken;   /* cursors that the archive has now */
        uint64_t n_unknown; /* of sessions that the archive does not hold */
        bool outdated;      /* the state is of an older version: only its totals were taken */
} SyncImport;

/*
 * Takes the totals, and the cursors of sessions that the archive holds, in one transaction. A cursor that differs from
 * the archive's own makes the next cycle look at its session again; what is unchanged then is not written again. Which
 * rules masked a session stays what the archive says: a state file cannot vouch for that.
 * Returns 0, -EPROTONOSUPPORT (the state is of a newer version) or a negative errno; nothing is changed on failure.
 */
int sync_state_import(const SyncState *s, sqlite3 *archive, SyncImport *ret);
