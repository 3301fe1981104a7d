/*
 * Link: an archive, a remote, and the ledger between them
 *
 * What all parts of a delivery work with, and what went wrong in it. It knows who we are there, and whether what the ledger
 * says may be relied on. The parts, each above the one before it: link, lists, batch and survey, delivery.
 */
#pragma once

#include <stdatomic.h>

#include "remote/progress.h"

/* How many sessions are looked at in one go. */
#define BATCH_SESSIONS 1000

/* A session on its way. */
typedef struct Parcel {
        char *id;
        RemoteParcelKind kind;
        LedgerEntry had, will; /* what the ledger says before and afterwards */
        bool metadata_only;
        bool wipe;      /* see RemoteParcel */
        bool trashed;   /* it has a tombstone */
        bool is_packed; /* all of it was put; without that, the ledger keeps what it has */
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

        /* As of this run; read anew at the begin of each one. */
        LedgerRemote state;
        RemoteIdentity us;
        char *user_id, *archive_id;
        bool has_sessions; /* the archive */
        bool is_complete; /* a sync came to its end there: what it lacks has gone, and is not yet to come */
        bool is_trusted;    /* what the ledger says of sessions is what the remote has */
        bool is_of_archive; /* it is of this archive, at least */
        bool is_unsure;   /* but for what may still arrive: no ordinal is past all that is there */
        size_t page_most; /* of a survey, in sessions, after pages that took too long; 0: any */
        uint64_t look_again_usec; /* when nothing can arrive any more; 0: all was answered */

        /* The position: how far the remote is. Forgotten after any failure. */
        bool is_open;
        bool has_former;
        int64_t cursor;       /* change number up to which everything is done, or held */
        int64_t held_from;    /* the first held change; INT64_MAX: none */
        uint64_t next_due;    /* when its time has come */
        int64_t deletes_seen; /* change numbers when they were last dealt with; -1: not yet */
        int64_t lists_seen[N_REMOTE_LISTS];
        uint64_t lists_put[N_REMOTE_LISTS]; /* what lists_put() put, as the ledger keeps it */

        /* The batch in hand. */
        Parcel *parcels;
        size_t n_parcels, n_settled; /* those before n_settled are done with */
        RemoteChange *changes;       /* ids are those of parcels */
        size_t n_changes;
        size_t n_rows, n_bytes; /* put, and not acknowledged */
        uint64_t stamp;
        bool has_list; /* what was sent last had a list with it */

        size_t n_barred;  /* sessions that the remote did not take in this run ... */
        char *why_barred; /* ... and why it did not take the first of them */

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

/* Something that a person should know, which is no failure: the first one stays. */
void link_warn(Delivery *d, const char *format, ...) _printf_(2, 3);

/* 0, or -ECANCELED where it is to end. To be asked between any two steps. */
int link_go_on(Delivery *d);

/* Opens archive and ledger, or others that took their place. Returns 0; -ENOENT: there is no archive yet; or negative. */
int link_open(Delivery *d);

/* Reads what is known: who we are, and whether the ledger is of this archive and this remote. */
int link_identify(Delivery *d);

/* What the ledger says of a session; nothing (LEDGER_NONE) while it is not trusted. */
int link_entry(Delivery *d, const char *id, LedgerEntry *ret);

/* Keeps the remote's own row. */
int link_save(Delivery *d);

/* Ends the ledger's transaction, with the remote's own row; rolls it back where @r, of what was written so far, or what is
 * left to do fails. Returns 0 or as link_ledger_failed(). */
int link_end_ledger(Delivery *d, int r);

/* What the remote holds is not known from now on, also for a later process. */
int link_forget(Delivery *d);

/* Rows of ours may be on their way: no ordinal counts as new, and it is looked again when they have to be there. */
void link_expect_late(Delivery *d);

/* A stamp higher than all before. It must be in the ledger before a row of it goes out. */
uint64_t link_next_stamp(Delivery *d);

/* Before rows of a new stamp go out, or are removed: the ledger has it, and that something is under way. */
int link_begin_sending(Delivery *d);

/* Puts a row, and counts it. Returns 0, REMOTE_PUT_FULL or a negative errno. */
int link_put(Delivery *d, RemoteTable table, const Value *values);

/* Sends (see RemoteBackend). @batch may be NULL. */
int link_send(Delivery *d, const RemoteBatch *batch);

/* The remote has just refused (-ERANGE) what is in this session as of this change: nothing of it stays there, for what is there
 * may be what is masked now, or no longer shared. It is not tried again until it changes. */
int link_bar(Delivery *d, const char *id, int64_t change_seq);

/* Counts what is past the cursor, and tells. */
int link_count_behind(Delivery *d);
