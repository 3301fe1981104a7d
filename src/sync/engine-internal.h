/*
 * What the files of the engine share
 */
#pragma once

#include "archive/archive.h"
#include "base/time-util.h"
#include "enrich/identity.h"
#include "source/reader.h"
#include "sync/conversation.h"
#include "sync/engine.h"
#include "sync/known-files.h"
#include "sync/look-back.h"
#include "sync/mask-row.h"
#include "sync/policy.h"

struct Engine {
        EngineSettings settings; /* its texts are the caller's */
        EngineHooks hooks;

        Ruleset *rules;
        bool has_leftovers; /* rules were compiled, which takes memory for a short time: it is to be given back */
        bool rules_are_stale;  /* settings changed: load them again */
        uint64_t rules_digest; /* of the rules in force, loaded or not; if has_policy */
        uint64_t rules_files;  /* of their files; 0: they cannot be used */
        uint64_t loaded_files; /* of the files that @rules were loaded from; 0: not known */
        Archive *archive;
        Reader *reader;
        Identity *identity;
        Masker *masker;
        KnownFiles known_files;
        RowMasker row_masker;
        LookBack look_back;        /* of the current session */
        Conversation conversation; /* the same */
        Arena session_arena;       /* its row; kept, since memory is wiped when it is freed */

        char *source_state; /* of the source's files, before this cycle read them (file-state.h); NULL: not known */
        char marker[TIMESTAMP_MAX]; /* sync_marker from which the next window looks; "": look at all sessions */
        int64_t seen_rowid; /* the last row of the source that was read: what comes after it is new, marked or not */
        int64_t data_version; /* agentsview's newest that the archive was filled from */
        bool takes_identity; /* a person wants it: sessions from before get the identity of today, too */
        bool has_policy;
        int64_t policy; /* digest in force, if has_policy */
        bool opened; /* the source's file was opened, and not yet compared with the one from before */
        bool archive_replaced; /* just now, by a new one: not reported yet */
        bool archive_is_gone; /* somebody moved or removed the one that was open; no other is open yet */
        bool archive_vanished;   /* so it was, and the one in use began anew */
        bool looked;             /* a cycle ran to its end since the source was opened */
        bool usage_is_seen;      /* a session's usage was compared since such a session was read */
        int64_t usage_extent[2]; /* as reader_usage_extent() had it then */
        bool had_errors;         /* sessions failed in the last cycle: look again */
        bool has_traces;         /* see engine_note_traces(); as the archive has it */
        uint64_t n_left_out;     /* sessions of this cycle whose text the source keeps no longer */
        uint64_t n_cursors;      /* sessions that are in step, as of the last cycle */
        StuckList stuck; /* as it was noted when the archive was opened; without those synced since */
        EngineTotals totals;

        /* of the cycle that runs */
        CycleResult *result;
        Progress progress;
        bool stopping;
        bool follows; /* one from before looked at everything: what is new now was not there then */
        bool stuck_is_left; /* one that was to be synced last could not be read */
        char **unshared; /* sessions that were to be masked with what their conversation learned, and could not be */
        char last_stuck[SESSION_ID_MAX +
                        1]; /* the last one that was stuck before and is synced now; "": none */
        StuckCause last_cause;
        unsigned read_serial; /* counts the read transactions: a list lives as long as its own */
        uint64_t read_began_usec; /* when the read transaction began */
        uint64_t batch_began_usec, batch_bytes;
        bool batch_is_tainted; /* a session in it turned out to be bad half-way */
        CycleResult batch;     /* counts of the batch: they join the result when it is committed */
        SessionSecrets *new_secrets; /* of the batch */
        size_t n_new_secrets;
};

/* A transaction of the archive over several sessions, begun when needed, committed by time and size. Each returns 0 or
 * a negative errno, after which the cycle ends; batch_commit_if_due() returns 1 when it committed. */
int batch_begin(Engine *e);
int batch_commit(Engine *e);
int batch_commit_if_due(Engine *e);

/* Forgets the secrets that the batch would have announced. */
void batch_drop_secrets(Engine *e);

/* Notes, in the transaction that purges text or masks it again, that files still hold the old text: the end of this cycle
 * wipes it, or of the first one after a kill. Returns 0 or a negative errno. */
int engine_note_traces(Engine *e);

/* Reads whether there are any. */
void engine_load_traces(Engine *e);

/* Wipes them, unless a reader of the archive is in the way; then the next cycle tries again. */
int engine_wipe_traces(Engine *e);

/* A read transaction of the source, kept over several sessions for a short time: `sync --full` waits for it. */
int read_begin(Engine *e);
void read_end(Engine *e);
bool read_is_due(const Engine *e); /* to be ended */

/* Ends the batch without its changes. */
void batch_rollback(Engine *e);

/* Reports progress to the owner; returns false when the cycle must end. */
bool engine_tick(Engine *e);

/* Names the error that a negative errno of the archive means, in the result; returns @error. */
int engine_archive_failed(Engine *e, int error);

/* The same for the source, which is closed; the next cycle opens it again. */
int engine_source_failed(Engine *e, int error);

/* Brings a session of the source into the archive; @source is borrowed from a list that is under way. Returns 1
 * (written), 0 (nothing to do), -EBADMSG (this session cannot be archived; its error is in the result, and if
 * batch_is_tainted a part of it is written) or another negative errno: the cycle cannot go on. */
int session_sync(Engine *e, const SourceSession *source);

/* Masks an archived session again from the archive itself. As session_sync(). */
int session_remask(Engine *e, const char *id);

/* Masks an archived session with what its conversation learned since it was masked, if any of it occurs there. Returns 0,
 * -EBADMSG (there is no memory for it; the batch must be rolled back), or another negative errno. */
int session_share(Engine *e, const Value *id);

/* Does so with all sessions of the conversations that have learned something; had_errors: some are left. Returns 0 or a
 * negative errno. */
int conversations_share(Engine *e);

/* Ends with the current session, which was masked with everything that its conversation knows: what is new is written, and
 * passed on (@keeps: see conversation_settle()). */
int session_settle(Engine *e, int64_t change, bool keeps);

/* Has the notes of a session's pins masked again, if there are some. */
int pins_are_due(Engine *e, const Value *id);

/* Adds those findings of the row just masked to @secrets whose secret no session ever had. @m: the message that the row is
 * of, or NULL. Returns 0 or a negative errno. */
int secrets_count_new(Engine *e, const Message *m, SessionSecrets *secrets);

/* When something was said: @time, else @fallback (as the source has them), else now; as format_timestamp() writes it. */
void secrets_time(char ret[static TIMESTAMP_MAX], const Value *time, const Value *fallback);

/* Lets the commit of the batch announce @secrets of session @id, which move there; @project is the session's, masked. */
void secrets_announce(Engine *e, const Value *id, const Value *project, SessionSecrets *secrets);

/* Finds the links of a masked message, in what its tools printed and in its own text, and writes them. @session: the
 * row that it belongs to. Returns 0 or a negative errno. */
int session_put_links(Engine *e, const Value *session, const Message *m);

/* Loads the masker if it is not loaded yet: a cycle without a change does not need it. Returns 0; -EAGAIN: the rules have
 * changed, and the cycle must begin again; or another negative errno with the failure in the result. */
int engine_need_masker(Engine *e);

/* Who works here. */
Identity *engine_identity(Engine *e);

/* Fills in user and machine, and the project, in the session's arena. */
void session_identify(Engine *e, Value *values);

/* The same, without the project, for a session that the source no longer has. */
void session_take_identity(Engine *e, Value *values);

/* For a session that is already archived: fills in the identity and machine it was archived with, so that another git identity,
 * or another machine that reads the same source, does not change its owner; in the session's arena. Returns 0 or a negative
 * errno. */
int session_keep_identity(Engine *e, const Value *id, Value *values);

/* Syncs the sessions whose sync_marker is @marker or later; NULL: all. Returns 0, or a negative errno that
 * ends the cycle (-ECANCELED: it was asked to stop). */
int walk_sessions(Engine *e, const char *marker);

/* Masks again, from the archive, the sessions that it has under an older policy and that the source no longer has. With
 * @has_source those that the source has are left alone: they failed just now. Returns 1 (some could not be masked, and are as
 * they were), 0, or as walk_sessions(). */
int walk_stale(Engine *e, bool has_source);

/* Begins a cycle: none of the sessions that ended the service has been met yet. */
void stuck_begin(Engine *e);

/* Whether a walk leaves @s out because the service was stuck in it: it is due then, or has failed for now. Returns 1, 0 or
 * a negative errno. */
int stuck_leave_out(Engine *e, const SourceSession *s);

/* The same for an archived session that is masked again from the archive. */
int stuck_leave_out_archived(Engine *e, const Value *id, StuckDue due);

/* How many must be synced after all others. */
size_t stuck_n_due(const Engine *e);

/* Syncs them, each alone, when everything else is committed; what is left then sets had_errors. Returns 0, or a negative errno
 * that ends the cycle. */
int stuck_sync(Engine *e);

/* After a walk through all sessions: those that were not met are up to date, or gone. */
void stuck_forget_unmet(Engine *e);

/* Tells of one that was synced now. */
void stuck_warn(Engine *e);

/* Stars, pins, labels, external parents, and permanent deletions, as the source has them now. Within reader_begin() and
 * batch_begin(). Returns 0 or a negative errno. */
int mirror_rows(Engine *e);
int mirror_deletions(Engine *e);
