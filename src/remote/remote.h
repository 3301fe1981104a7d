/*
 * Remote: a place that gets a copy of the archive; the interface of its backends
 *
 * A backend keeps sessions with the rows that belong to them, and a person's lists (stars, pins, tombstones, usage events,
 * labels). It takes rows (put) and sends them, and for each session it is told whether they replace everything there or only
 * some messages, or whether the session is removed. How it does that (transactions, versions, deletions afterwards) is its own
 * business. delivery.h decides what is sent and when, in the same way for every backend. A remote belongs to one thread; only
 * stop() may be called from others.
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
        REMOTE_STARS, /* from here on: lists, which are replaced as a whole */
        REMOTE_PINS,
        REMOTE_DELETES,
        REMOTE_USAGE,
        REMOTE_LABELS,
        N_REMOTE_TABLES,
} RemoteTable;

#define N_REMOTE_LISTS (N_REMOTE_TABLES - REMOTE_STARS)

/* Name and columns of a table. Its first column is a session id. */
const Table *remote_table(RemoteTable table);

/* The most columns that one of these tables has. */
#define REMOTE_COLUMNS_MAX 64

typedef enum RemoteCompression {
        REMOTE_COMPRESSION_AUTO, /* none on this machine, else gzip */
        REMOTE_COMPRESSION_NONE,
        REMOTE_COMPRESSION_GZIP,
} RemoteCompression;

#define REMOTE_TIMEOUT_USEC USEC_PER_MIN

/* A remote as the settings describe it. NULL and 0 mean that nothing is set; lists are NULL-terminated. What takes it borrows
 * everything that it points to for as long as it lives. */
typedef struct RemoteOptions {
        const char *name;
        const char *url;
        bool url_is_seen; /* it is on a command line, which everybody can read: it may hold no password */
        const char *org_id;  /* NULL: "" */
        const char *user_id; /* who we are until the archive knows it; or NULL */
        const char *machine; /* distinguishes two machines of one person; NULL: the machine's id */
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
        const char *schema; /* of PostgreSQL; NULL: the one that agentsview uses */
} RemoteOptions;

/* Who we are there. Borrowed from open() to close(). */
typedef struct RemoteIdentity {
        char **names; /* all that we ever had, NULL-terminated; a row with any of them is ours, new rows get the first */
        const char *user_id; /* the person; "": unknown */
        const char *archive_id;
        const char *place;    /* a digest of the archive's path */
        bool was_there;       /* this archive has been the one that delivers there */
        bool insists;         /* it takes another archive's place */
        bool only_looks;      /* nothing is created or changed */
        uint64_t stamp_limit; /* no clock gives a stamp beyond it: such stamps are ignored */
} RemoteIdentity;

/* What open() found. */
typedef struct RemoteStanding {
        bool is_new; /* a table was missing: some of what we had there may be gone */
        bool has_odd; /* rows of ours have a stamp beyond the limit; they are removed when their session is sent whole */
        bool has_former; /* rows of ours are where an earlier version put them */
        bool is_fresh; /* it was opened again (a connection may have broken while idle), and the other fields are set */
        uint64_t stamp; /* our highest */
        const char *left_out; /* columns that the tables there lack, so that their values are not sent; or NULL */
        uint64_t n_plain; /* sessions there that did not come from scrubjay, so that nothing in them is masked ... */
        const char *plain; /* ... and the id of one of them. Texts are borrowed. */
} RemoteStanding;

typedef enum RemoteParcelKind {
        REMOTE_NEW,     /* nothing of the session is there */
        REMOTE_WHOLE,   /* what was put is all of it, and replaces what was there */
        REMOTE_CHANGES, /* a message that was put replaces its older self and its calls; the links that were put replace all */
        REMOTE_REMOVE,  /* it is removed, with all rows that belong to it */
} RemoteParcelKind;

/* A session that is sent or removed. */
typedef struct RemoteParcel {
        const char *id;
        RemoteParcelKind kind;
        bool wipe; /* its old row may hold what is masked now: no copy of it may stay */
} RemoteParcel;

/* A message of a REMOTE_CHANGES parcel that may already be there. */
typedef struct RemoteChange {
        const char *session_id;
        int64_t ordinal;
        bool wipe; /* as above */
} RemoteChange;

/* What is sent together. */
typedef struct RemoteBatch {
        uint64_t stamp; /* higher than any before; each row that was put has it */
        const RemoteParcel *parcels;
        size_t n_parcels;
        const RemoteChange *changes;
        size_t n_changes;
        bool replaces[N_REMOTE_TABLES]; /* lists: what was put is our whole list */
        bool clears_former;             /* the rows of has_former are removed */
} RemoteBatch;

typedef enum RemoteOwner {
        REMOTE_OURS,
        REMOTE_OURS_ELSEWHERE, /* the same person's: from another machine (@who), or from before (@who is "") */
        REMOTE_FOREIGN,  /* another person's (@who) */
        REMOTE_EXCLUDED, /* somebody deleted it there permanently */
} RemoteOwner;

/* A session on the remote. Borrowed. */
typedef struct RemoteSession {
        const char *id;
        RemoteOwner owner;
        const char *who;
        uint64_t stamp;
} RemoteSession;

/* What one of the remote's tables holds of a session: how many rows, and the sum of their digests. Borrowed. */
typedef struct RemoteDigest {
        const char *session_id;
        uint64_t n_rows, digest;
} RemoteDigest;

typedef struct Remote Remote;

/* These only copy what they get. They return 0, or -ENOMEM, which the call then returns. */
typedef int (*RemoteSessionCallback)(void *userdata, const RemoteSession *session);
typedef int (*RemoteDigestCallback)(void *userdata, const RemoteDigest *digest);

enum {
        REMOTE_PUT_FULL = 1, /* the row was taken; call send() before many more */
        REMOTE_PUT_NOT,      /* its key does not fit the remote's columns: it is left out */
};

/*
 * open(), sessions(), send() and digests() talk to the server. They return 0, or a negative errno with remote->reason set:
 *   -EACCES: it refuses the login, or the operation   -EPROTOTYPE: its tables are not as they must be
 *   -EBUSY: it has no room for us now                 -EBADMSG: it does not understand us
 *   -EEXIST: another archive of ours delivers there   -ECANCELED: stop() was called
 *   -ERANGE: it refuses a value that was put, and trying again does not help
 *   others: it cannot be reached
 * After a failure, all or part of what was put may be there, or arrive late; only close() and open() may be called then.
 * -ERANGE is different: what was put and not sent is forgotten, part of the batch may be there, and anything may be called.
 */
typedef struct RemoteBackend {
        const char *scheme; /* its URLs begin with this */

        /* The place that a URL names, without user or password, and always the same for the same place. Touches nothing. Returns
         * 0 or a negative errno. NULL: it is the URL without its credentials. */
        int (*show)(const RemoteOptions *options, char **ret);

        /* Touches nothing. Returns 0, or a negative errno with *@reterr. */
        int (*make)(const RemoteOptions *options, Remote **ret, char **reterr);
        void (*free)(Remote *remote);

        /* Ends the current call and all later ones with -ECANCELED. May be called from any thread. */
        void (*stop)(Remote *remote);

        /* Begins: reads the password, creates and checks the tables, and checks that we are the one that delivers there. While it
         * is open, further calls check only that, and set nothing in *@ret. */
        int (*open)(Remote *remote, const RemoteIdentity *us, RemoteStanding *ret);

        /* Forgets what was put and not sent, and what it learned from the server. */
        void (*close)(Remote *remote);

        /* Reports which of these sessions are there; then which are REMOTE_EXCLUDED, and those may be there as well. */
        int (*sessions)(Remote *remote, const char *const *ids, size_t n_ids,
                        RemoteSessionCallback on_session, void *userdata);

        /* Keeps a copy of the row for send(). Returns 0, REMOTE_PUT_FULL, REMOTE_PUT_NOT, or -ENOMEM. */
        int (*put)(Remote *remote, RemoteTable table, const Value *values, uint64_t stamp);

        /* With a batch: when this returns, all that was put since the last one is stored and visible to readers, and what it
         * replaces is gone. A session's row becomes visible only when all rows that belong to it are there.
         * NULL: makes room. Session rows are kept back; other rows may be sent, and may become visible. */
        int (*send)(Remote *remote, const RemoteBatch *batch);

        /* The digest of a row, as digests() sums them. Returns 0, REMOTE_PUT_NOT (none: the remote leaves this row out) or
         * -ENOMEM. */
        int (*digest)(Remote *remote, RemoteTable table, const Value *values, uint64_t *ret);

        /* Our rows of a table, summed by session, in order of session id (bytewise): the first @max sessions after @after (NULL:
         * from the first); fewer only if no more follow. Sessions without rows may be among them. The server reads only these. */
        int (*digests)(Remote *remote, RemoteTable table, const char *after, size_t max,
                       RemoteDigestCallback on_digest, void *userdata);

        /* Appends what an administrator of the server runs before the first delivery. Contacts nobody. Returns 0 or a negative
         * errno with the reason set. NULL: the backend creates everything itself. */
        int (*setup)(Remote *remote, StrBuf *ret);
} RemoteBackend;

/* What every backend's object begins with. */
struct Remote {
        const RemoteBackend *backend;
        char *reason; /* why the last call failed: a sentence for people, which never contains a secret or content */
        char *caution; /* what a person should know before anything is sent; or NULL. Set by make(). */
        uint64_t stamp_there; /* the highest stamp that it reported, as of the last call; 0: it keeps no record of them */
        uint64_t retry_after_usec; /* what the server asked for when the last call failed; 0: nothing */
};

extern const RemoteBackend clickhouse_backend, postgresql_backend;
