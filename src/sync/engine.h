/*
 * Engine: one cycle at a time, from the source through the masker into the archive
 *
 * It finds what changed, and for each changed session reads, masks, writes and commits. It belongs to one thread; it
 * does not log, it returns. It owns the reader, the masker and the archive's writing side, and keeps them open between
 * cycles; what fails to open is tried again at the next cycle.
 */
#pragma once

#include "sync/engine-settings.h"
#include "sync/status.h"
#include "sync/stuck.h"

typedef struct Engine Engine;

typedef enum CycleKind {
        CYCLE_NORMAL, /* only if the source changed since the last one */
        CYCLE_LOOK,   /* look for changes even if the source says there are none */
        CYCLE_AUDIT,  /* compare all fingerprints */
        CYCLE_SURE, /* an audit, unless neither side was written to since the last one that found no difference at its end */
} CycleKind;

typedef struct Progress {
        uint64_t sessions_done;    /* checked and finished in this cycle */
        uint64_t sessions_pending; /* known to be still waiting; 0 when not known */
        uint64_t bytes_read;
} Progress;

/* Called on the engine's thread, during engine_cycle(). Each may be NULL. */
typedef struct EngineHooks {
        void *userdata;

        /* Reports progress, between two sessions and within a large one. Returns true to continue, false to stop after the
         * current session (finished work is committed, the result says CYCLE_STOPPING). */
        bool (*on_progress)(void *userdata, const Progress *progress);

        /* The session that is being synced from now on, borrowed; NULL: none. */
        void (*on_session)(void *userdata, const SessionVersion *version);

        /* A session whose committed text has secrets that no session ever had. May take what is in @secrets and
         * leave it empty; the rest is freed. */
        void (*on_secrets)(void *userdata, SessionSecrets *secrets);
} EngineHooks;

/* What the archive has counted since it was made, for Status. */
typedef struct EngineTotals {
        uint64_t last_sync_at_usec; /* since the epoch; 0: never */
        uint64_t last_verified_at_usec; /* all of both sides was compared, and nothing differed at the end; 0: never */
        uint64_t total_synced;
        uint64_t total_secrets; /* masked places, each once however often it is masked again */
        uint64_t known_values, known_files,
                        known_unread; /* of KnownFiles=: values, files, files that cannot be read */
} EngineTotals;

/* The texts of @settings belong to the caller, and must outlive the engine or its next settings. Touches no file. */
Engine *engine_new(const EngineSettings *settings, const EngineHooks *hooks);
Engine *engine_free(Engine *e);
DEFINE_CLEANUP(Engine *, engine_free)

/* Applies new settings from the next cycle on. Rules are read again; if the new ones are broken, the next cycle's result says
 * so and the engine continues with the rules it had. */
void engine_set_settings(Engine *e, const EngineSettings *settings);

/* Loads and compiles the rules now instead of in the first cycle. Returns 0, or a negative errno with *@reterr. */
int engine_check_rules(const EngineSettings *settings, char **reterr);

typedef enum Resync {
        RESYNC_NONE,
        RESYNC_ALL,
        RESYNC_IDENTITY, /* all, and sessions from before get the identity of today, too */
} Resync;

/* Resets the cursors: the next cycle syncs every session again. Returns 0, or a negative errno with *@reterr. */
int engine_reset(Engine *e, Resync resync, char **reterr);

/*
 * Runs one cycle. @ret is filled in every case (cycle_result_done() it); failures are in it, not returned.
 */
void engine_cycle(Engine *e, CycleKind kind, CycleResult *ret);

/* The totals as of the last cycle (all 0 before the archive could be opened; then read from it). */
void engine_totals(const Engine *e, EngineTotals *ret);

/* Opens the archive if it is not open, so that the totals are known before the first cycle. Returns 0, or a negative
 * errno with *@reterr. */
int engine_open_archive(Engine *e, char **reterr);
