/*
 * Remote: a place that gets a copy of the archive; the interface of its backends
 *
 * A backend keeps sessions with what hangs on them, and lists of a person's (stars, pins, tombstones, events of usage, labels). It is given rows
 * (put), sends them, and is told for each session whether they replace all that was there or some messages, or that the
 * session goes. How that comes about (transactions, versions, deletions afterwards) is its own. Who decides what goes where
 * and when is delivery.h, which is the same for all of them. A remote belongs to one thread, but for stop().
 */
#pragma once

#include "archive/feed.h"
#include "base/strbuf.h"
#include "base/time-util.h"

typedef enum RemoteTable {
        REMOTE_SESSIONS,
        REMOTE_MESSAGES,
        REMOTE_CALLS,
        REMOTE_LINKS,
        REMOTE_STARS, /* from here on: lists, replaced as a whole */
        REMOTE_PINS,
        REMOTE_DELETES,
        REMOTE_USAGE,
        REMOTE_LABELS,
        N_REMOTE_TABLES,
} RemoteTable;

#define N_REMOTE_LISTS (N_REMOTE_TABLES - REMOTE_STARS)

/* Name and columns of a table there. Its first column is a session id. */
const Table *remote_table(RemoteTable table);

/* The most columns that one of these tables has. */
#define REMOTE_COLUMNS_MAX 64

typedef enum RemoteCompression {
        REMOTE_COMPRESSION_AUTO, /* none on this machine, else gzip */
        REMOTE_COMPRESSION_NONE,
        REMOTE_COMPRESSION_GZIP,
} RemoteCompression;

#define REMOTE_TIMEOUT_USEC USEC_PER_MIN

/* A remote as the settings have it. NULL and 0 where nothing is set; lists are NULL-terminated. Whoever is given it borrows
 * all that it points to, to its own end. */
typedef struct RemoteOptions {
        const char *name;
        const char *url;
        bool url_is_seen; /* it stands on a command line, where all can read it: no password in it */
        const char *org_id;  /* NULL: "" */
        const char *user_id; /* who we are before the archive knows it; or NULL */
        const char *machine; /* what tells two machines of one person apart; NULL: the machine's id */
        const char *archive_path;
        const char *home; /* what "~" stands for in the lists */

        const char *const *projects;
        const char *const *exclude;
        const char *const *metadata_only;
        uint64_t hold_usec;

        uint64_t timeout_usec; /* of one request; 0: REMOTE_TIMEOUT_USEC */
        RemoteCompression compression;
        const char *password_file;
        const char *ca_file;
        const char *client_certificate;
        const char *client_key;
        const char *schema; /* of PostgreSQL; NULL: agentsview's own name for it */
} RemoteOptions;

/* Who we are there. Borrowed from open() to close(). */
typedef struct RemoteIdentity {
        char **names; /* all that we ever were, NULL-terminated; rows are ours that have one of them, new ones have the first */
        const char *user_id; /* the person; "": not known */
        const char *archive_id;
        const char *place;    /* a digest of where the archive lies */
        bool was_there;       /* this archive was the one that delivers there */
        bool insists;         /* it takes another archive's place */
        bool only_looks;      /* nothing is made or changed */
        uint64_t stamp_limit; /* a stamp beyond it comes from no clock, and counts for nothing */
} RemoteIdentity;

/* What open() found. */
typedef struct RemoteStanding {
        bool is_new; /* some of what we had there may have gone: a table was missing */
        bool has_odd; /* there are rows of ours with a stamp beyond the limit; they go when their session is sent whole */
        bool has_former; /* there are rows of ours where a former version put them */
        bool is_fresh; /* it was opened anew, and this holds: what was open may have broken while nobody used it */
        uint64_t stamp; /* the highest of ours */
        const char *left_out; /* columns that what is there does not have, so that what is in them does not go; or NULL */
        uint64_t n_plain; /* sessions there that no scrubjay brought, so that nothing in them is masked ... */
        const char *plain; /* ... and the id of one. Both are borrowed. */
} RemoteStanding;

typedef enum RemoteParcelKind {
        REMOTE_NEW,   /* nothing of it is there */
        REMOTE_WHOLE, /* what was put is all of it: what was there before goes */
        REMOTE_CHANGES, /* messages that were put replace what hung on them; links are all that were put */
        REMOTE_REMOVE, /* it goes, with all that hangs on it */
} RemoteParcelKind;

/* A session that is sent or removed. */
typedef struct RemoteParcel {
        const char *id;
        RemoteParcelKind kind;
        bool wipe; /* its row as it was may hold what is masked now: nothing of that may stay */
} RemoteParcel;

/* A message of a REMOTE_CHANGES that may be there already. */
typedef struct RemoteChange {
        const char *session_id;
        int64_t ordinal;
        bool wipe; /* as above */
} RemoteChange;

/* What is sent together. */
typedef struct RemoteBatch {
        uint64_t stamp; /* higher than all before; each row that was put has it */
        const RemoteParcel *parcels;
        size_t n_parcels;
        const RemoteChange *changes;
        size_t n_changes;
        bool replaces[N_REMOTE_TABLES]; /* lists: what was put is all of ours, and not more of it */
        bool clears_former;             /* has_former's rows go */
} RemoteBatch;

typedef enum RemoteOwner {
        REMOTE_OURS,
        REMOTE_OURS_ELSEWHERE, /* of the same person: from another machine (@who), or from before (@who is "") */
        REMOTE_FOREIGN,  /* another person's (@who) */
        REMOTE_EXCLUDED, /* deleted there for good, by somebody who read it there */
} RemoteOwner;

/* A session as it is there. Borrowed. */
typedef struct RemoteSession {
        const char *id;
        RemoteOwner owner;
        const char *who;
        uint64_t stamp;
} RemoteSession;

/* What is there of one session in one table: how many rows, and the sum of their digests. Borrowed. */
typedef struct RemoteDigest {
        const char *session_id;
        uint64_t n_rows, digest;
} RemoteDigest;

typedef struct Remote Remote;

/* These only take a copy. They return 0, or -ENOMEM, which the call then returns. */
typedef int (*RemoteSessionCallback)(void *userdata, const RemoteSession *session);
typedef int (*RemoteDigestCallback)(void *userdata, const RemoteDigest *digest);

enum {
        REMOTE_PUT_FULL = 1, /* the row is there, and send() wanted before much more */
        REMOTE_PUT_NOT,      /* its key does not fit there: it is left out */
};

/*
 * open(), sessions(), send() and digests() speak to the server. They return 0, or a negative errno with remote->reason set:
 *   -EACCES: it does not let us in, or not do this    -EPROTOTYPE: its tables are not what they have to be
 *   -EBUSY: it has no room for us now                 -EBADMSG: it does not understand us
 *   -EEXIST: another archive of ours delivers there   -ECANCELED: stop() was called
 *   -ERANGE: it does not take a value of what was put, however often it is tried
 *   others: it cannot be reached
 * After a failure what was put may be there, or a part of it, or come late; only close() and open() may be called then. But for
 * -ERANGE: all that was put and not sent is forgotten, some of the batch may be there, and anything may be called.
 */
typedef struct RemoteBackend {
        const char *scheme; /* what its URLs begin with */

        /* What its URL says of the place, in the same words for the same place and without a user or a password. Touches nothing.
         * Returns 0 or a negative errno. NULL: the URL without its credentials says it. */
        int (*show)(const RemoteOptions *options, char **ret);

        /* Touches nothing. Returns 0, or a negative errno with *@reterr. */
        int (*make)(const RemoteOptions *options, Remote **ret, char **reterr);
        void (*free)(Remote *remote);

        /* Ends the call in hand and all later ones with -ECANCELED. From any thread. */
        void (*stop)(Remote *remote);

        /* Begins: reads the password, makes and checks the tables, sees whether we are the one that delivers there. While it is
         * open, a further call sees only whether we still are, and *@ret says nothing new. */
        int (*open)(Remote *remote, const RemoteIdentity *us, RemoteStanding *ret);

        /* Forgets what was put and not sent, and all that was learnt. */
        void (*close)(Remote *remote);

        /* Of these sessions those that are there; then those that are REMOTE_EXCLUDED, which may be there as well. */
        int (*sessions)(Remote *remote, const char *const *ids, size_t n_ids,
                        RemoteSessionCallback on_session, void *userdata);

        /* Keeps a copy of the row, for send(). Returns 0, REMOTE_PUT_FULL, REMOTE_PUT_NOT, or -ENOMEM. */
        int (*put)(Remote *remote, RemoteTable table, const Value *values, uint64_t stamp);

        /* With a batch: all that was put since the last one is stored when this returns, what it replaces has gone, and
         * readers see it. A session's row is seen only where all is there that it stands for.
         * NULL: makes room. Session rows stay, other rows may go out, and may be seen. */
        int (*send)(Remote *remote, const RemoteBatch *batch);

        /* The digest of a row, as digests() sums them up. Returns 0, REMOTE_PUT_NOT (it has none: the row is left out there) or
         * -ENOMEM. */
        int (*digest)(Remote *remote, RemoteTable table, const Value *values, uint64_t *ret);

        /* Our rows of a table by session, in order of session id (bytewise): the first @max after @after (NULL: from the
         * first); fewer only where no more follow. Sessions without rows may be among them. The server works on these alone. */
        int (*digests)(Remote *remote, RemoteTable table, const char *after, size_t max,
                       RemoteDigestCallback on_digest, void *userdata);

        /* Appends what an administrator of the server runs before the first delivery. Speaks to nobody. Returns 0 or a negative
         * errno with the reason set. NULL: there is nothing that the backend does not make itself. */
        int (*setup)(Remote *remote, StrBuf *ret);
} RemoteBackend;

/* What every backend's object begins with. */
struct Remote {
        const RemoteBackend *backend;
        char *reason; /* why the last call failed: a sentence for people, never with a secret or content */
        char *caution; /* what a person should know before anything is sent; or NULL. Known from make() on. */
        uint64_t stamp_there; /* the highest that it says to have, as of the last call; 0: it keeps no account of them */
        uint64_t retry_after_usec; /* what the server asked for when the last call failed; 0: nothing */
};

extern const RemoteBackend clickhouse_backend, postgresql_backend;
