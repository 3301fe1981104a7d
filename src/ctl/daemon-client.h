/*
 * The daemon, seen from the command line
 */
#pragma once

#include <systemd/sd-bus.h>

#include "base/cleanup.h"

#define DAEMON_NAME      "org.scrubjay.Sync1"
#define DAEMON_PATH      "/org/scrubjay/Sync1"
#define DAEMON_INTERFACE "org.scrubjay.Sync1"

typedef struct RemoteStatus {
        char *name, *url, *last_error;
        uint64_t last_delivery_usec; /* since the epoch; 0: never */
        uint64_t n_behind;           /* changes */
} RemoteStatus;

/* What Status answers. Texts are never NULL once it was filled. */
typedef struct DaemonStatus {
        uint64_t last_sync_usec; /* since the epoch; 0: never */
        uint64_t last_verified_usec;
        uint64_t total_synced;
        uint64_t total_secrets;
        uint64_t n_pending;
        uint64_t known_values, known_files, known_unread; /* of KnownFiles= */
        bool running;
        bool syncing;
        char *last_error, *source, *archive, *version;
        RemoteStatus *remotes;
        size_t n_remotes;

        pid_t pid;           /* 0: unknown */
        uint64_t since_usec; /* when the process began; 0: unknown */
} DaemonStatus;

void daemon_status_done(DaemonStatus *s);

/* What a cycle did, as RunOnce answers and SyncCompleted says. */
typedef struct CycleNumbers {
        uint64_t n_synced, n_skipped, n_secrets, n_errors;
} CycleNumbers;

/* Connects to the user bus. Returns 0 or a negative errno. */
int daemon_connect(sd_bus **ret);

/* Asks for Status. @start: let the bus start the daemon if it does not run. Returns 1; 0: it does not run; or a negative
 * errno. */
int daemon_get_status(sd_bus *bus, bool start, DaemonStatus *ret);

/* Makes a call of @member that is not sent yet. Returns 0 or a negative errno. */
int daemon_new_call(sd_bus *bus, const char *member, sd_bus_message **ret);

/* Reads "ttta{ss}". Each error is handed to @on_error (may be NULL), borrowed. Returns 0 or a negative errno. */
int daemon_read_numbers(sd_bus_message *m, CycleNumbers *ret,
                        void (*on_error)(void *userdata, const char *session_id,
                                         const char *reason),
                        void *userdata);

/* Prints why a call failed, as a sentence with what to do. Returns STATUS_FAILED. */
int daemon_failed(const sd_bus_error *error, int r);

/* Prints that there is no user bus. Returns STATUS_FAILED. */
int daemon_no_bus(int r);
