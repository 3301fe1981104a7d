/*
 * What the files of a delivery share, and nobody else
 */
#pragma once

#include <stdatomic.h>

#include "archive/feed.h"
#include "base/time-util.h"
#include "remote/delivery.h"
#include "remote/filter.h"
#include "remote/ledger.h"

/* A block goes when it has this much, whichever is first, or when all of them together are too much; so memory stays
 * bounded however long a session is. Fewer and larger blocks are less work for the server: a merge costs as much as the
 * inserts it merges. */
#define BLOCK_ROWS   10000
#define BLOCK_BYTES  ((size_t) 4 * 1024 * 1024)
#define BLOCKS_BYTES ((size_t) 6 * 1024 * 1024)

/* Session rows follow after about so much, or a whole batch. */
#define SETTLE_BYTES ((size_t) 64 * 1024 * 1024)

/* How many sessions are looked at in one go. */
#define BATCH_SESSIONS 1000

/* A session on its way. */
typedef struct Parcel {
        char *id;
        LedgerEntry entry; /* as the ledger had it */
        LedgerEntry next;  /* as it will have it */
        Share share;
        bool whole;     /* all of its rows go */
        bool fresh;     /* the remote has none of it, so nothing can be stale there */
        bool conflict;  /* somebody else's */
        bool noted;     /* the ledger knows that the remote may have some rows */
        bool packed;    /* all of its rows are in blocks, or further */
        bool tombstone; /* it has one */
        bool row_had_secrets;
} Parcel;

typedef struct RowList {
        RemoteRow *rows; /* ids are those of parcels */
        size_t n, allocated;
} RowList;

struct Delivery {
        RemoteOptions options;
        char **strings; /* what options points to */
        DeliveryCallback on_progress;
        void *userdata;
        atomic_bool stopped;

        Feed *feed;
        Ledger *ledger;
        Remote *remote;
        bool prepared; /* the tables are checked; no longer, after a failure */
        bool compared; /* with what versions the remote has, in this process */
        bool looked;   /* for sessions that are no more, in this process */

        LedgerRemote state;
        char *target;
        int64_t cursor; /* change number up to which everything is done, or held */
        int64_t deletes_seen, lists_seen[3]; /* change numbers when they were last dealt with */
        int64_t held_from;                   /* the first held change; INT64_MAX: none */
        uint64_t next_due;
        uint64_t n_late;        /* differences that were found then */
        uint64_t look_again;    /* when a request that came late would be there; 0: none may */
        uint64_t version;       /* of the batch in hand */
        uint64_t noted_version; /* the last one of a batch that the ledger knows */

        Parcel *parcels;
        size_t n_parcels, n_sent; /* those before n_sent are acknowledged */
        size_t block_bytes[N_REMOTE_TABLES], block_rows[N_REMOTE_TABLES];
        size_t rows_under_way;  /* sent, not acknowledged */
        size_t unsettled_bytes; /* sent since the last session rows */
        RowList replaced;       /* messages that the remote had in another version */
        RowList secret;         /* the same, that may have held there what is masked now */

        DeliveryProgress progress;
        char *reason, *warning;
        uint64_t retry_after_usec;
};

/* Sets the reason. Returns @error. */
int delivery_fail(Delivery *d, int error, const char *format, ...) _printf_(3, 4);
int delivery_remote_failed(Delivery *d, int error); /* what the backend said */
int delivery_feed_failed(Delivery *d, int error);
int delivery_ledger_failed(Delivery *d, int error);

/* Ends the ledger's transaction, with the state of the remote; rolls it back where @r, of what was written so far, or
 * what is left to do fails. Returns 0 or as delivery_ledger_failed(). */
int delivery_ledger_end(Delivery *d, int r);

/* A version higher than all before. It must be in the ledger before a row of it goes out. */
uint64_t delivery_next_version(Delivery *d);

/* Keeps the remote's own row. */
int delivery_save(Delivery *d);

/* Opens the archive and the ledger. */
int delivery_open(Delivery *d);

/* Reads the remote's own row and sees whether what the remote holds is known. */
int delivery_identify(Delivery *d);

/* What the remote holds is not known from now on, also for a later process. */
int delivery_forget(Delivery *d);

/* Our name there; needs a session or a user id. Returns 1, 0 (not known yet) or a negative errno. */
int delivery_set_origins(Delivery *d);

/* Asks the remote what it holds of ours; afterwards the ledger knows, and everything is sent again. */
int delivery_reconcile(Delivery *d);

/* Deletes there the sessions that the archive has no more. */
int delivery_remove_gone(Delivery *d);

/* Deletes sessions there; the ledger says afterwards @state, or GONE where there is a tombstone. */
int delivery_delete(Delivery *d, const char *const *ids, size_t n, LedgerState state);

/* Compares all that the remote holds of ours with the archive; everything is open and prepared. */
int delivery_compare(Delivery *d, DeliveryDifferenceCallback on_difference, void *userdata);

/* What is to be done with a session, given what the ledger says. Pure. */
DeliveryPlan delivery_plan(const RemoteOptions *options, const FeedSession *session,
                           const LedgerEntry *entry, uint64_t now_usec);

/* Counts what is behind the cursor, and tells. */
int delivery_count_behind(Delivery *d);

/* Moves the cursor past what needs nothing done. */
int delivery_advance(Delivery *d);

/* Makes parcels of the next sessions, and takes back those that are no longer allowed. *@ret_last: the last change that was
 * looked at. Returns 0 or a negative errno. */
int delivery_collect(Delivery *d, int64_t *ret_last);

/* Sends the next sessions. Returns 1 (there may be more), 0 (none is left) or a negative errno. */
int delivery_send_batch(Delivery *d);

/* Puts a row into its block. */
int delivery_put(Delivery *d, RemoteTable table, const Value *values, uint64_t version);

/* Sends a block and counts; delivery_finish() waits until all that was sent is acknowledged. */
int delivery_send(Delivery *d, RemoteTable table);
int delivery_finish(Delivery *d);

/* Sends a block where there are too many rows, after some were put into @table. */
int delivery_make_room(Delivery *d, RemoteTable table);

/* Sends all that is in the blocks, removes what is replaced by it, and then the session rows. The parcels before @end are
 * packed, and none behind it is. */
int delivery_settle(Delivery *d, size_t end);

/* Learns whose the sessions of the batch are there. */
int delivery_ask_owners(Delivery *d);

/* Writes into the ledger that the parcels before @end are there, and all changes up to @cursor (0: no news) dealt with. */
int delivery_note_done(Delivery *d, size_t end, int64_t cursor);

/* Says so. Returns -ENOMEM. */
int delivery_no_memory(Delivery *d);

/* Replaces the stars, pins or tombstones there, if ours are others than last time. */
int delivery_send_list(Delivery *d, RemoteTable table);

/* Forgets the batch in hand: parcels and blocks. */
void delivery_drop_batch(Delivery *d);

/* How many rows of a list the remote has to have, and the sum of their digests. */
int delivery_list_digest(Delivery *d, RemoteTable table, uint64_t *ret_n, uint64_t *ret_digest);
