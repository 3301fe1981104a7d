/*
 * Remote: a place that gets a copy of the archive; the interface of its backends
 *
 * A backend is one RemoteBackend: it keeps tables of rows, replaces a row by another one of the same key and a higher
 * version, and deletes rows below a version. Who decides what goes where and when is delivery.h, which is the same for
 * all of them. A backend belongs to one thread, but for stop().
 */
#pragma once

#include "archive/feed.h"
#include "base/strbuf.h"
#include "base/time-util.h"
#include "model/session.h"

typedef enum RemoteTable {
        REMOTE_SESSIONS,
        REMOTE_MESSAGES,
        REMOTE_CALLS,
        REMOTE_LINKS,
        REMOTE_STARS,
        REMOTE_PINS,
        REMOTE_DELETES,
        N_REMOTE_TABLES,
} RemoteTable;

/* Name and columns of a table there. Its first column is a session id. */
const Table *remote_table(RemoteTable table);

/* The most columns that one of these tables has. */
#define REMOTE_COLUMNS_MAX 32

typedef enum RemoteCompression {
        REMOTE_COMPRESSION_AUTO, /* none on this machine, else gzip */
        REMOTE_COMPRESSION_NONE,
        REMOTE_COMPRESSION_GZIP,
} RemoteCompression;

#define REMOTE_TIMEOUT_USEC USEC_PER_MIN

/* A remote as the settings have it. NULL and 0 where nothing is set; lists are NULL-terminated. */
typedef struct RemoteOptions {
        const char *name;
        const char *url;
        bool url_is_seen; /* it stands on a command line, where all can read it: no password in it */
        const char *org_id;  /* NULL: "default" */
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
} RemoteOptions;

/* Rows that a call means: those of @ids, or @rows, or all; below a version; of our own, or of anybody. */
typedef struct RemoteRow {
        const char *session_id;
        int64_t ordinal;
} RemoteRow;

typedef struct RemoteSelection {
        RemoteTable table;
        const char *const *ids; /* sessions */
        size_t n_ids;
        const RemoteRow *rows; /* messages; in REMOTE_CALLS the calls of these */
        size_t n_rows;
        bool all;               /* neither ids nor rows */
        uint64_t below_version; /* 0: any */
        bool own;               /* only those whose origin is one of ours */
        const char *user_id; /* with @own: also those of this user that have no origin; or NULL */
} RemoteSelection;

/* Whose a session row there is. All borrowed. */
typedef struct RemoteOwner {
        const char *session_id;
        const char *user_id;
        const char *origin;
        const char *machine;
        uint64_t version;
} RemoteOwner;

/* What is there of one session in one table: how many rows, and the sum of their hashes (see row-digest.h). */
typedef struct RemoteDigest {
        const char *session_id;
        uint64_t n_rows, digest;
} RemoteDigest;

typedef struct Remote Remote;

/* Callbacks return 0 to go on, or a negative errno that the call then returns. */
typedef int (*RemoteOwnerCallback)(void *userdata, const RemoteOwner *owner);
typedef int (*RemoteIdCallback)(void *userdata, const char *session_id);
typedef int (*RemoteDigestCallback)(void *userdata, const RemoteDigest *digest);

/*
 * Each call but put() speaks to the server, and returns 0 or a negative errno with remote->reason set:
 *   -EACCES: it does not let us in, or not do this    -EPROTOTYPE: its tables are not what they have to be
 *   -EBUSY: it has no room for us now                 -EBADMSG: it does not understand us
 *   -ECANCELED: stop() was called                     others: it cannot be reached
 */
typedef struct RemoteBackend {
        const char *scheme; /* the URL's scheme up to "+" */

        /* Touches nothing. Returns 0, or a negative errno with *@reterr. */
        int (*new)(const RemoteOptions *options, Remote **ret, char **reterr);
        void (*free)(Remote *remote);

        /* Ends the call in hand and all later ones with -ECANCELED. From any thread. */
        void (*stop)(Remote *remote);

        /* Reads the password, makes and checks the tables. *@ret_made: one of them was missing, so it is empty. */
        int (*prepare)(Remote *remote, bool *ret_made);

        /* Adds a row to the block of its table; *@ret_size: bytes in it now. Returns 0 or -ENOMEM. */
        int (*put)(Remote *remote, RemoteTable table, const Value *values, uint64_t version,
                   size_t *ret_size);

        /* Sends the block of a table (nothing, if it is empty), which is empty afterwards and may be filled while the
         * server works. It is stored once, and before anything that is asked for later; what is said of it may come with
         * the next call. */
        int (*send)(Remote *remote, RemoteTable table);

        /* Returns when all that was sent is acknowledged. */
        int (*finish)(Remote *remote);

        /* Forgets all blocks, also one that is on its way (it may be stored or not). */
        void (*drop)(Remote *remote);

        /* Deletes rows, and returns when readers see them no more. */
        int (*delete)(Remote *remote, const RemoteSelection *selection);

        /* The different session ids of such rows, as readers see them. */
        int (*select)(Remote *remote, const RemoteSelection *selection, RemoteIdCallback on_id,
                      void *userdata);

        /* Who owns these sessions; those that are not there are left out. */
        int (*owners)(Remote *remote, const char *const *ids, size_t n_ids,
                      RemoteOwnerCallback on_owner, void *userdata);

        /* The highest version of our own rows. */
        int (*version)(Remote *remote, uint64_t *ret);

        /* Our own rows of a table, by session, in order of session id (bytewise). */
        int (*digests)(Remote *remote, RemoteTable table, RemoteDigestCallback on_digest,
                       void *userdata);
} RemoteBackend;

/* What every backend's object begins with. */
struct Remote {
        const RemoteBackend *backend;
        char **origins; /* NULL-terminated; ours: the first one goes into new rows. Set by whoever uses it. */
        char *reason; /* why the last call failed: a sentence for people, never with a secret or content */
        uint64_t retry_after_usec; /* what the server asked for then; 0: nothing */
};

/* The backend for @url. Returns 0; -EPROTONOSUPPORT (unknown, or not compiled in) with *@reterr. */
int remote_backend_find(const char *url, const RemoteBackend **ret, char **reterr);

extern const RemoteBackend clickhouse_backend;
