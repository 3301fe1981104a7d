/*
 * Ledger: what was delivered to which remote
 *
 * A small SQLite file beside the archive (ARCHIVE.remotes, 0600), for the archive has one writer and that is not us. It
 * says of each session which change of it a remote has, so that an interrupted delivery goes on where it was, and what
 * must be taken back is known. What it says is never ahead of the server: it is written before a session's first
 * row goes out (UNKNOWN) and after the server's acknowledgement. If it gets lost, everything is sent again.
 */
#pragma once

#include "base/strbuf.h"

typedef struct Ledger Ledger;

typedef enum LedgerState {
        LEDGER_NONE,      /* the remote never had anything of it */
        LEDGER_UNKNOWN,   /* it may have some rows of it */
        LEDGER_SHARED,    /* it has it as of the change, whole */
        LEDGER_METADATA,  /* the same, without text */
        LEDGER_WITHDRAWN, /* deleted there: no longer allowed */
        LEDGER_GONE,      /* deleted there: deleted here */
        LEDGER_CONFLICT,  /* somebody else's there: nothing is sent */
        LEDGER_EXCLUDED,  /* deleted there for good, by somebody else: nothing is sent */
        LEDGER_BARRED,    /* it does not take this change: removed there */
} LedgerState;

typedef struct LedgerEntry {
        LedgerState state;
        int64_t change_seq;   /* of the session, as the remote has it */
        int64_t last_ordinal; /* of the messages that it has; -1: none */
} LedgerEntry;

/* A request may be under way. Where the next run still finds this, the request may arrive late, after other ones; so the
 * remote is asked once more what it has, after a while. */
#define LEDGER_UNDER_WAY 1

/* Is it known what the remote holds? */
typedef enum LedgerKnown {
        LEDGER_ASK,    /* no: the remote is asked */
        LEDGER_KNOWN,  /* the entries say it */
        LEDGER_RESEND, /* a person wants everything sent again */
} LedgerKnown;

#define LEDGER_LISTS 5

/* One remote's own row. Texts are owned by it. */
typedef struct LedgerRemote {
        char *target;      /* URL as it is shown, organisation and schema */
        char *archive_id;  /* of the archive that it was fed from */
        char *origins;     /* all that we ever were there, the newest first, separated by spaces */
        char *claimed;     /* the archive that was the one that delivers there; NULL: none was */
        LedgerKnown known; /* ledger_remote_put() leaves it as it is */
        int64_t cursor_seq;
        uint64_t version;      /* the highest stamp that was ever used */
        uint64_t acknowledged; /* the highest that the remote itself said to have; 0: none */
        uint64_t list_digests
                        [LEDGER_LISTS]; /* of its stars, pins, deletes, usage and labels; 0: not known */
        uint64_t look_again_usec; /* since the epoch, or LEDGER_UNDER_WAY; 0: all requests were answered */
        uint64_t last_delivery_usec;
        char *last_error; /* NULL: none */
} LedgerRemote;

void ledger_remote_done(LedgerRemote *r);

/* The ledger's path, which the caller owns. */
char *ledger_path(const char *archive_path);

/* Opens it, and makes it where there is none. A file that is not a ledger is moved aside. Returns 0, or a negative errno with
 * *@reterr. */
int ledger_open(const char *archive_path, Ledger **ret, char **reterr);

/* The same, only to look. Returns -ENOENT where there is none. */
int ledger_open_read_only(const char *archive_path, Ledger **ret);

/* Takes NULL; returns NULL. */
Ledger *ledger_close(Ledger *l);
DEFINE_CLEANUP(Ledger *, ledger_close)

/* Whether the file that is open is still the one at its path. */
bool ledger_is_in_place(const Ledger *l);

/* Why the last call failed, in SQLite's words. */
const char *ledger_reason(Ledger *l);

/* What is written between the first two is kept together, or undone by the third. Return 0 or a negative errno. */
int ledger_begin(Ledger *l);
int ledger_commit(Ledger *l);
void ledger_rollback(Ledger *l);

/* Returns 1; 0: nothing is known of it (*@ret is empty); or a negative errno. */
int ledger_remote_get(Ledger *l, const char *name, LedgerRemote *ret);
/* Keeps it, but for what it says of being known. Returns 0 or a negative errno. */
int ledger_remote_put(Ledger *l, const char *name, const LedgerRemote *r);

/*
 * To be called before the archive's writer begins: an archive that is another one now, or was put back to an older state,
 * may soon count its changes up to where the ledger is, and look like the one that was delivered. @archive_id, @change_seq:
 * what it says of itself. Returns 0 or a negative errno.
 */
int ledger_check_archive(Ledger *l, const char *archive_id, int64_t change_seq);

/* What the next run does first. Returns 0 or a negative errno. */
int ledger_remote_set_known(Ledger *l, const char *name, LedgerKnown known);

/* Returns 0 (*@ret says LEDGER_NONE where there is nothing) or a negative errno. */
int ledger_get(Ledger *l, const char *name, const char *id, LedgerEntry *ret);
/* What the remote has of a session from now on. Returns 0 or a negative errno. */
int ledger_put(Ledger *l, const char *name, const char *id, const LedgerEntry *entry);
/* Nothing is known of it any more. Returns 0 or a negative errno. */
int ledger_remove(Ledger *l, const char *name, const char *id);

/* Forgets all sessions of a remote. */
int ledger_clear(Ledger *l, const char *name);

/* Sessions that the remote may have something of (or CONFLICT), in order of id, after @after (NULL: from the first).
 * Returns how many of at most @max were written to @ret (each owned by the caller), or a negative errno. */
int ledger_held(Ledger *l, const char *name, const char *after, size_t max, char **ret);

/* How many sessions it does not take, and the first of them, which the caller owns. Returns 1, 0 (there is none) or a negative
 * errno. */
int ledger_barred(Ledger *l, const char *name, char **ret, uint64_t *ret_n);

/* Is there a session that somebody else has there? Returns 0 or a negative errno. */
int ledger_has_conflicts(Ledger *l, const char *name, bool *ret);
