/*
 * Link: an archive, a remote, and the ledger between them
 *
 * What all parts of a delivery work with, and why the last one failed. It knows who we are on the remote, and whether the
 * ledger can be relied on. The parts, each above the one before it: link, lists, batch and survey, delivery.
 */
#pragma once

#include <stdatomic.h>

#include "remote/progress.h"

/* The most sessions in one batch. */
#define BATCH_SESSIONS 1000

/* A session that is being sent or removed. */
typedef struct Parcel {
        char *id;
        RemoteParcelKind kind;
        LedgerEntry had, will; /* what the ledger says before and afterwards */
        bool metadata_only;
        bool wipe;      /* see RemoteParcel */
        bool trashed;   /* it has a tombstone */
        bool is_packed; /* all of it was put; if not, the ledger's entry stays */
} Parcel;

struct Delivery {
        RemoteOptions options;
        DeliveryCallback on_progress;
        void *userdata;
        atomic_bool stopped;
        bool only_looks; /* nothing is written, here or there */

        Feed *feed;
        Ledger *ledger; /* NULL while there is none and it only looks */
        Remote *remote;
        char *target;   /* URL without credentials, and the organisation */
        char place[17]; /* see RemoteIdentity */

        /* Of this run; read again at the beginning of each. */
        LedgerRemote state;
        RemoteIdentity us;
        char *user_id, *archive_id;
        bool has_sessions; /* the archive has any */
        bool is_complete; /* a sync of the archive was completed: what it lacks is gone, not still to come */
        bool is_trusted; /* what the ledger says about sessions is what the remote has */
        bool is_of_both; /* the ledger belongs to this archive and this remote, at least */
        bool is_unsure;  /* rows may still arrive, so no ordinal is certain to be new there */
        size_t page_most; /* the most sessions in a page of a survey, after one that took too long; 0: no limit */
        uint64_t look_again_usec; /* when nothing can arrive any more; 0: every request was answered */

        /* The position: how far the remote is. Forgotten after any failure. */
        bool is_open;
        bool has_former;
        int64_t cursor;    /* everything up to this change is done, or held */
        int64_t held_from; /* the first held change; INT64_MAX: none */
        uint64_t next_due; /* when the first hold time is over */
        int64_t deletes_seen; /* this and lists_seen: the change at which they were last done; -1: not yet */
        int64_t lists_seen[N_REMOTE_LISTS];
        uint64_t lists_put[N_REMOTE_LISTS]; /* what lists_put() put, as the ledger keeps it */

        /* The current batch. */
        Parcel *parcels;
        size_t n_parcels, n_settled; /* those before n_settled are done */
        RemoteChange *changes;       /* their ids belong to the parcels */
        size_t n_changes;
        size_t n_rows, n_bytes; /* put, and not acknowledged */
        uint64_t stamp;
        bool has_list; /* a list went with what was last sent */

        size_t n_barred;  /* sessions that the remote refused in this run ... */
        char *why_barred; /* ... and why it refused the first of them */

        DeliveryProgress progress;
        char *reason, *warning;
        bool has_conflicts;
        uint64_t retry_after_usec;
};

/* Sets the reason. Returns @error. */
int link_fail(Delivery *d, int error, const char *format, ...) _printf_(3, 4);
int link_remote_failed(Delivery *d, int error); /* what the backend said */
int link_feed_failed(Delivery *d, int error);
int link_ledger_failed(Delivery *d, int error);
int link_no_memory(Delivery *d);

/* Sets the warning, which a person should know about although it is not a failure. The first one stays. */
void link_warn(Delivery *d, const char *format, ...) _printf_(2, 3);

/* Returns 0, or -ECANCELED if the run is to end. To be called between any two steps. */
int link_go_on(Delivery *d);

/* Opens archive and ledger, or the files that replaced them. Returns 0; -ENOENT: there is no archive yet; or another negative
 * errno. */
int link_open(Delivery *d);

/* Reads who we are, and whether the ledger belongs to this archive and this remote. */
int link_identify(Delivery *d);

/* What the ledger says about a session; nothing (LEDGER_NONE) while it is not trusted. */
int link_entry(Delivery *d, const char *id, LedgerEntry *ret);

/* Writes the remote's own row to the ledger. */
int link_save(Delivery *d);

/* Writes the remote's own row and commits the ledger's transaction. If @r, the result of the writes so far, is negative, or
 * something fails here, it is rolled back. Returns 0 or as link_ledger_failed(). */
int link_end_ledger(Delivery *d, int r);

/* From now on it is unknown what the remote holds, also for a later process. */
int link_forget(Delivery *d);

/* Rows of ours may be on their way: no ordinal counts as new, and the remote is asked again once they must have arrived. */
void link_expect_late(Delivery *d);

/* A stamp higher than any before. It must be in the ledger before a row with it is sent. */
uint64_t link_next_stamp(Delivery *d);

/* To be called before rows are sent or removed: notes in the ledger a new stamp, and that a request is under way. */
int link_begin_sending(Delivery *d);

/* Puts and counts a row. Returns 0, REMOTE_PUT_FULL or a negative errno. */
int link_put(Delivery *d, RemoteTable table, const Value *values);

/* Sends (see RemoteBackend). @batch may be NULL. */
int link_send(Delivery *d, const RemoteBatch *batch);

/* The remote has just refused (-ERANGE) this session as of this change. It is removed there, since what is there may be masked
 * now, or no longer shared; and it is not tried again until it changes. */
int link_bar(Delivery *d, const char *id, int64_t change_seq);
