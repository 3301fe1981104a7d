/*
 * What a cycle did, in numbers; plain structs
 */
#pragma once

#include "base/cleanup.h"

/* Why a cycle could not run at all. The names are those of the D-Bus errors. */
typedef enum CycleFailure {
        CYCLE_OK,
        CYCLE_SOURCE_MISSING,     /* does not exist yet: waited for, no error */
        CYCLE_SOURCE_UNAVAILABLE, /* there, and cannot be used */
        CYCLE_ARCHIVE_UNAVAILABLE,
        CYCLE_RULES_INVALID,
        CYCLE_STOPPING, /* asked to stop: finished work is committed */
} CycleFailure;

/* What a warning is about. */
typedef enum CycleWarning {
        WARNING_NONE,
        WARNING_RULES,            /* new rules are broken: the old ones are in force */
        WARNING_ARCHIVE_DAMAGED,  /* a damaged archive is beside the one in use */
        WARNING_TEXTS_LEFT_OUT,   /* agentsview keeps less text than the archive has */
        WARNING_ARCHIVE_VANISHED, /* somebody moved or removed the archive that was in use */
        WARNING_SESSION_STUCK,    /* the service was stuck in a session that is synced now */
        WARNING_KNOWN_FILES,      /* a file of KnownFiles= cannot be read */
        WARNING_MANY_SECRETS,     /* a session has more of them than are remembered */
} CycleWarning;

typedef struct SessionError {
        char *session_id; /* printable: control characters replaced, at most 200 bytes */
        char *reason;     /* one sentence, without content */
} SessionError;

typedef struct RuleCount {
        char *rule;
        uint32_t n;
} RuleCount;

/* Secrets in one session's committed text that no session ever had before. */
typedef struct SessionSecrets {
        char *session_id;
        RuleCount *rules; /* all, by rule id */
        size_t n_rules;

        char *project;     /* its name, masked */
        RuleCount *pasted; /* of these, those that have just been said: by description of the rule */
        size_t n_pasted;
} SessionSecrets;

/* Frees what is in it; it is empty afterwards. */
void session_secrets_done(SessionSecrets *s);

/* All counts are of this cycle. */
typedef struct CycleResult {
        CycleFailure failure;
        char *sentence; /* what happened and what to do, when failure is set; else NULL */

        uint64_t sessions_synced;
        uint64_t sessions_skipped;
        uint64_t secrets_detected; /* masked places in what was written; known ones only where all was masked again */
        uint64_t secrets_added; /* of these, places that were not masked before */
        uint64_t secrets_new;   /* different secrets that no session ever had */
        uint64_t messages_written;
        uint64_t sessions_removed;
        uint64_t bytes_read; /* of session text */
        uint64_t elapsed_usec;
        uint64_t cpu_usec; /* of the thread that ran it */

        SessionError *errors;
        size_t n_errors;
        uint64_t n_errors_left_out; /* beyond the first 1000 */

        SessionError *large; /* sessions that were synced without a text that was too large; at most 100 */
        size_t n_large;

        RuleCount *rules; /* the new secrets by rule */
        size_t n_rules;

        char *warning; /* the cycle ran, but a person should look; or NULL */
        CycleWarning warning_kind;
        bool archive_replaced; /* in this cycle a new archive began in the place of a damaged or vanished one */

        char *mended; /* a file or folder of the archive that others had access to until now; or NULL */

        bool source_swapped; /* another file has replaced it since the last cycle */
        bool full; /* rules or settings changed, or a resync: everything was masked again */
} CycleResult;

/* Frees what is in it; it is empty afterwards. */
void cycle_result_done(CycleResult *r);

/* @session_id is made printable. */
void cycle_result_add_error(CycleResult *r, const char *session_id, size_t size,
                            const char *reason);

/* The same for what was too large; a session is reported once, however many texts it has. */
void cycle_result_add_large(CycleResult *r, const char *session_id, size_t size,
                            const char *reason);

/* The session has more than @n different secrets. A warning; the first one stays. */
void cycle_result_warn_many(CycleResult *r, const char *session_id, size_t size, unsigned n);

/* Adds @n findings of @rule. */
void rule_counts_add(RuleCount **rules, size_t *n_rules, const char *rule, uint32_t n);
