/*
 * Ledger: what was delivered to which remote
 *
 * A small SQLite file beside the archive (ARCHIVE.remotes, 0600), since the archive has one writer, and that is not us. It
 * records which change of each session a remote has, so that an interrupted delivery continues where it was, and it is known
 * what to delete there. It never claims more than the server has: it is written before a session's first row is sent (UNKNOWN)
 * and after the server's acknowledgement. If it is lost, the remote is asked what it has.
 */
#pragma once

#include "base/strbuf.h"

typedef struct Ledger Ledger;

typedef enum LedgerState {
        LEDGER_NONE,      /* the remote never had anything of it */
        LEDGER_UNKNOWN,   /* it may have some rows of it */
        LEDGER_SHARED,    /* it has the whole session as of the change */
        LEDGER_METADATA,  /* the same, without text */
        LEDGER_WITHDRAWN, /* deleted there: no longer allowed */
        LEDGER_GONE,      /* deleted there: deleted here */
        LEDGER_CONFLICT,  /* somebody else has it there: nothing is sent */
        LEDGER_EXCLUDED,  /* somebody deleted it there permanently: nothing is sent */
        LEDGER_BARRED,    /* it refuses this change: removed there */
} LedgerState;

typedef struct LedgerEntry {
        LedgerState state;
        int64_t change_seq;   /* of the session, as the remote has it */
        int64_t last_ordinal; /* of the messages that it has; -1: none */
} LedgerEntry;

/* A request may be under way. If the next run still finds this, the request may arrive late, after other ones, so the remote is
 * asked again after a while what it has. */
#define LEDGER_UNDER_WAY 1

/* Is it known what the remote has? */
typedef enum LedgerKnown {
        LEDGER_ASK,    /* no: the remote is asked */
        LEDGER_KNOWN,  /* yes: the entries say so */
        LEDGER_RESEND, /* a person wants everything sent again */
} LedgerKnown;

#define LEDGER_LISTS 5

/* One remote's own row. It owns its texts. */
typedef struct LedgerRemote {
        char *target;     /* URL as it is shown, organisation and schema */
        char *archive_id; /* of the archive that was delivered */
        char *origins; /* all names that we ever had there, the newest first, separated by spaces */
        char *claimed; /* the archive that was last known to be the one that delivers there; NULL: none */
        LedgerKnown known; /* ledger_remote_put() leaves it as it is */
        int64_t cursor_seq;
        uint64_t version;      /* the highest stamp ever used */
        uint64_t acknowledged; /* the highest that the remote itself reported; 0: none */
        uint64_t list_digests
                        [LEDGER_LISTS]; /* of its stars, pins, deletes, usage and labels; 0: unknown */
        uint64_t look_again_usec; /* since the epoch, or LEDGER_UNDER_WAY; 0: every request was answered */
        uint64_t last_delivery_usec;
        char *last_error; /* NULL: none */
} LedgerRemote;

void ledger_remote_done(LedgerRemote *r);

/* The ledger's path, which the caller owns. */
char *ledger_path(const char *archive_path);

/* Opens it, and creates it if there is none. A file that is not a ledger is moved aside. Returns 0, or a negative errno with
 * *@reterr. */
int ledger_open(const char *archive_path, Ledger **ret, char **reterr);

/* The same, but read-only. Returns -ENOENT if there is none. */
int ledger_open_read_only(const char *archive_path, Ledger **ret);

/* Takes NULL; returns NULL. */
Ledger *ledger_close(Ledger *l);
DEFINE_CLEANUP(Ledger *, ledger_close)

/* Whether the open file is still the one at its path. */
bool ledger_is_in_place(const Ledger *l);

/* Why the last call failed, in SQLite's words. */
const char *ledger_reason(Ledger *l);

/* A transaction. Return 0 or a negative errno. */
int ledger_begin(Ledger *l);
int ledger_commit(Ledger *l);
void ledger_rollback(Ledger *l);

/* Returns 1; 0: nothing is known about it (*@ret is empty); or a negative errno. */
int ledger_remote_get(Ledger *l, const char *name, LedgerRemote *ret);
/* Writes all but r->known. Returns 0 or a negative errno. */
int ledger_remote_put(Ledger *l, const char *name, const LedgerRemote *r);

/*
 * To be called before the archive's writer starts: an archive that was replaced, or restored to an older state, may soon count
 * its changes up to the ledger's cursor, and look like the one that was delivered. @archive_id, @change_seq: the archive's own.
 * Returns 0 or a negative errno.
 */
int ledger_check_archive(Ledger *l, const char *archive_id, int64_t change_seq);

/* Decides whether the next run begins by asking the remote. Returns 0 or a negative errno. */
int ledger_remote_set_known(Ledger *l, const char *name, LedgerKnown known);

/* Returns 0 (*@ret says LEDGER_NONE if there is no entry) or a negative errno. */
int ledger_get(Ledger *l, const char *name, const char *id, LedgerEntry *ret);
/* Records what the remote has of a session. Returns 0 or a negative errno. */
int ledger_put(Ledger *l, const char *name, const char *id, const LedgerEntry *entry);
/* Forgets the session. Returns 0 or a negative errno. */
int ledger_remove(Ledger *l, const char *name, const char *id);

/* Forgets all sessions of a remote. */
int ledger_clear(Ledger *l, const char *name);

/* Sessions of which the remote may have rows, or which somebody else has or deleted there, in order of id, after @after (NULL:
 * from the first). Returns how many were written to @ret, at most @max (the caller owns each), or a negative errno. */
int ledger_held(Ledger *l, const char *name, const char *after, size_t max, char **ret);

/* How many sessions the remote refuses, and the first one's id, which the caller owns. Returns 1, 0 (there are none) or a
 * negative errno. */
int ledger_barred(Ledger *l, const char *name, char **ret, uint64_t *ret_n);

/* Is there a session that somebody else has there? Returns 0 or a negative errno. */
int ledger_has_conflicts(Ledger *l, const char *name, bool *ret);
