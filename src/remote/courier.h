/*
 * Courier: the thread that keeps one remote up to date
 *
 * It delivers when it is poked, and after a failure it tries again, waiting longer each time (see backoff.h). It shares with
 * its owner one small struct under one mutex, and an eventfd that says "there is something new to look at". Nothing that the
 * server does delays the owner.
 */
#pragma once

#include "remote/remote.h"

typedef struct Courier Courier;

typedef struct CourierStatus {
        uint64_t last_delivery_usec; /* since the epoch; 0: never */
        uint64_t n_behind;           /* sessions whose last change the remote does not have */
        uint64_t rows_sent;          /* since the courier was created */
        char *last_error;            /* a sentence, "" when all is well; owned by the caller */
        bool delivering;
        bool failing;
        uint64_t n_outages; /* grows when an outage begins, or its cause becomes one of the other kind */
        uint64_t n_warnings; /* grows with each new warning */
        char *warning;       /* the last one; "" or a sentence; owned by the caller */
        uint64_t done;       /* the last courier_ask() that was answered */
        bool has_ended;      /* courier_free() no longer waits */
} CourierStatus;

void courier_status_done(CourierStatus *s);

/* To be called once, before the archive's writer and any courier start: checks whether the archive was restored to an older
 * state (see ledger_check_archive()). If it cannot tell, it does nothing. */
void courier_check_archive(const char *archive_path);

/* Starts the thread, which delivers when it is poked or asked. Borrows what @options points to. Returns 0, or a negative errno
 * with *@reterr: the settings make no sense. */
int courier_new(const RemoteOptions *options, Courier **ret, char **reterr);

/* Ends the current delivery (what is not acknowledged is sent again next time) and waits for the thread. */
Courier *courier_free(Courier *c);
DEFINE_CLEANUP(Courier *, courier_free)

/* Asks it to end, without waiting; status.has_ended is set when it has. */
void courier_stop(Courier *c);

/* Readable when the status has changed. Owned by the courier. */
int courier_fd(const Courier *c);

/* The archive changed. */
void courier_poke(Courier *c);

/* Delivers now, whatever failed before. Returns a number; when status.done has reached it, the remote has what the archive
 * held at this call, or last_error says why not. */
uint64_t courier_ask(Courier *c);

/* Returns a copy, and makes courier_fd() no longer readable. */
void courier_status(Courier *c, CourierStatus *ret);
