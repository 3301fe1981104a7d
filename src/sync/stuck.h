/*
 * Stuck: the sessions that ended the service
 *
 * The watchdog ends it if nothing moves, base/memory.h if there is no memory. The sessions are listed in a note beside the
 * archive (<archive>.stuck, 0600, which exists only while there are some): the thread that is stuck may hold the archive, so
 * another thread writes the note. It is an aid, not part of the archive: without it, or if a line of it is invalid, sessions
 * are synced in their usual order. It holds ids and numbers, no content.
 */
#pragma once

#include "base/cleanup.h"

#define SESSION_ID_MAX 1024 /* bytes; agentsview's are UUIDs and short names */

/* How often a session may end the service; after that it is left out until it changes. */
#define STUCK_MAX 3

/* A session as it is in the source, or was when it was archived, under a policy. */
typedef struct SessionVersion {
        char id[SESSION_ID_MAX + 1]; /* "": no session */
        uint64_t fingerprint;
        int64_t policy;
} SessionVersion;

typedef enum StuckCause {
        STUCK_WATCHDOG,
        STUCK_MEMORY,
        N_STUCK_CAUSES,
} StuckCause;

/* What is to be done with a session after all others; with several, the last of these is. */
typedef enum StuckDue {
        STUCK_DUE_NOTHING,
        STUCK_DUE_SHARE,  /* it is masked with what its conversation learned */
        STUCK_DUE_REMASK, /* it is masked again from the archive */
        STUCK_DUE_SYNC,
} StuckDue;

typedef struct StuckSession {
        SessionVersion version; /* in which it was stuck last */
        StuckCause cause;       /* the last time */
        unsigned n_times;

        /* of the cycle that runs */
        int64_t rowid;
        bool is_met;     /* it was come to, and left */
        bool has_failed; /* too often: its note stays */
        StuckDue due;
} StuckSession;

typedef struct StuckList {
        StuckSession *sessions; /* the oldest first */
        size_t n;
} StuckList;

void stuck_list_done(StuckList *list);

/* NULL: it is not in it. */
StuckSession *stuck_list_find(const StuckList *list, const char *id, size_t size);

/* Takes it out, if it is in it. */
void stuck_list_remove(StuckList *list, const char *id);

/* Reads the note of the archive at @archive_path; no file is an empty list. Returns 0 or a negative errno. */
int stuck_read(const char *archive_path, StuckList *ret);

/* Notes that @version ends the service, once more. @ret_n_times may be NULL. Returns 0 or a negative errno. */
int stuck_note(const char *archive_path, const SessionVersion *version, StuckCause cause,
               unsigned *ret_n_times);

/* This process has @version of the source of @archive_path in hand from now on; NULL: none. */
void stuck_hold(const char *archive_path, const SessionVersion *version);

/* The session that is being synced. Returns false if there is none. */
bool stuck_held(SessionVersion *ret);

/* Notes that there is no memory for the session that is being synced. It allocates none itself: it is for
 * memory_before_end(). */
void stuck_note_without_memory(void);

/* Takes the last stuck_note() of @id back: it got on after all. Returns 0 or a negative errno. */
int stuck_take_back(const char *archive_path, const char *id);

/* Removes @id from the note: it was synced, or is gone. Returns 0 or a negative errno. */
int stuck_forget(const char *archive_path, const char *id);
