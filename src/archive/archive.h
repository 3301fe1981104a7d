/*
 * Archive: the masked database, its cursors and its change sequence; the writing side
 *
 * One writer at a time holds it (a lock file beside it says who). What belongs together is written in one
 * transaction: if the process is killed at any instant, the archive holds every session either as it was or as it is.
 *
 * Nothing here masks: what comes in is stored unchanged.
 */
#pragma once

#include "base/hash.h"
#include "model/session.h"

typedef struct Archive Archive;

/* The version of what cursors mean; with an older one every session is synced again. */
#define SYNC_VERSION 3

/*
 * Opens the archive at @path for writing, creates it (0600 in a 0700 folder) if there is none, and takes its lock. Files that
 * others had access to are made private, once they are known to be ours; a folder that is not only ours is refused.
 * fingerprint.key (0600) is beside it. One with an older schema gets what it lacks (archive-schema.h). It is checked for
 * damage: its header each time, and with PRAGMA quick_check if the last process did not close it. A damaged one is moved aside
 * (archive_moved_aside() says where), and a new one is created, whose change sequence begins far beyond any number that the old
 * one can have had.
 *
 * Returns 0; 1: a damaged one was moved aside; or a negative errno with *@reterr (owned by the caller): -EBUSY: another process
 * has it; -EPROTONOSUPPORT: made by a newer version, left untouched; -EMEDIUMTYPE: not an archive, left untouched; -EUCLEAN:
 * damaged, and too many damaged ones are already beside it; ...
 */
int archive_open(const char *path, Archive **ret, char **reterr);

/* Rolls back what is open, closes, and gives up the lock. Takes NULL; returns NULL. */
Archive *archive_close(Archive *a);

static inline void archive_closep(Archive **a)
{
        (void) archive_close(*a);
}

/* Notes that it seems to be damaged: the next archive_open() checks all of it. */
void archive_suspect(Archive *a);

/* Whether the file that is open is still the one at its path: it may have been removed, or replaced. */
bool archive_is_in_place(const Archive *a);

/* The first file or folder that others had access to until it was opened just now, returned only once (the caller owns it);
 * NULL: there was none. */
char *archive_take_mended(Archive *a);

/* The damaged archive that this one replaces, as long as it exists; otherwise NULL. Asks the file system. */
const char *archive_moved_aside(const Archive *a);

/* The key of this archive's fingerprints. */
const HashKey *archive_key(const Archive *a);

/* Why the last call failed, in SQLite's words. */
const char *archive_reason(Archive *a);

/*
 * A new archive is filled with a rollback journal: pages that the file did not have need no second copy, so a first sync
 * writes half as much as with a WAL. In return readers wait for a commit, and a commit for them. This function switches to
 * the WAL for good; if a reader is in the way, it does nothing, and the next call tries again. Returns 0 or a negative errno.
 */
int archive_end_filling(Archive *a);

/* Prepares it for remotes: they read it at any time, so it is not filled without a WAL, and they find changes by an index
 * that nobody else needs. Returns 0 or a negative errno. */
int archive_share(Archive *a);

/* Transactions. archive_commit() writes the change sequence and the counts with the rest. After a failure of any call
 * within one, only archive_rollback() is left. Each returns 0 or a negative errno. */
int archive_begin(Archive *a);
int archive_commit(Archive *a);
void archive_rollback(Archive *a);
bool archive_in_transaction(const Archive *a);

/* Leaves no byte of what was removed or overwritten: the write-ahead log is emptied, and the search index goes (freed
 * pages are zeroed anyway). Not within a transaction. Returns 0; -EBUSY: a reader is in the way, try again later. */
int archive_wipe_traces(Archive *a);

/* Frees caches: after much work, there may be none for hours. */
void archive_release_memory(Archive *a);

/* How many rows were written through this connection so far: whether there is anything to commit. */
int64_t archive_n_changes(const Archive *a);

/* The last number of the change sequence that was taken. */
int64_t archive_last_change(const Archive *a);

/* Takes the next number of the change sequence. It becomes durable with archive_commit(). */
int64_t archive_next_change(Archive *a);

/* meta: small facts by name. archive_meta_get_int() gives @fallback if there is none. The text is the caller's. */
int archive_meta_get(Archive *a, const char *key,
                     char **ret); /* 1, 0 = no such key, or a negative errno */
int64_t archive_meta_get_int(Archive *a, const char *key, int64_t fallback);
int archive_meta_set(Archive *a, const char *key, const char *value);
int archive_meta_set_int(Archive *a, const char *key, int64_t value);

/* How far a session got. */
typedef struct Cursor {
        int64_t source_rowid; /* where the source had it when it was first synced; a hint */
        uint64_t fingerprint; /* of the source's session row when it was synced; 0: unknown, look again */
        int64_t policy;       /* digest of the rules and settings that it was masked with */
        int64_t last_ordinal;
        Value file_hash; /* text, borrowed */
} Cursor;

/* Returns 1, 0 (never synced) or a negative errno; file_hash is not filled. */
int archive_cursor_get(Archive *a, const char *id, size_t size, Cursor *ret);
int archive_cursor_put(Archive *a, const char *id, size_t size, const Cursor *cursor, bool is_new);

/*
 * While sessions come in another order than the source's rows: new cursors are kept and written at the commit, sorted, so
 * that each page of their table is written once, not once for each. A kept one is not seen by archive_cursor_get(). Off writes
 * those that are kept, and has to be within the transaction where there are any. Returns 0 or a negative errno.
 */
int archive_keep_cursors(Archive *a, bool on);

/* How many sessions have one. Kept, not counted. */
uint64_t archive_cursor_count(const Archive *a);

/* Ids of sessions that the archive holds and whose cursor has another policy than @policy, in order of id, after
 * @after (NULL: from the first). Returns how many of at most @max were written to @ret (each owned by the caller). */
int archive_stale_sessions(Archive *a, int64_t policy, const char *after, size_t max, char **ret);

/* All cursors after @after_rowid (INT64_MIN: from the first) in order of source_rowid: archive_cursor_list(), then
 * archive_cursor_list_next() until it returns 0 (1: source_rowid, fingerprint and policy of @ret are filled), or _end(). */
void archive_cursor_list(Archive *a, int64_t after_rowid);
int archive_cursor_list_next(Archive *a, Cursor *ret);
void archive_cursor_list_end(Archive *a);

/* Returns 1 (the archive holds the session), 0 or a negative errno. */
int archive_has_session(Archive *a, const char *id, size_t size);

/*
 * The session's own row; @change is its change number, @shrunk says that rows of it vanished. @metadata_only is noted.
 */
int archive_session_put(Archive *a, const Value *values, int64_t change, bool shrunk,
                        bool metadata_only);

/* Reads the session's row as it is archived. Returns 1, 0 or a negative errno; borrowed until the next call. */
int archive_session_get(Archive *a, const char *id, size_t size, Value *values,
                        bool *ret_metadata_only);

/* What is archived of a session's messages. */
typedef struct ArchivedMessage {
        int64_t ordinal;
        uint64_t fingerprint;
        bool has_findings;
} ArchivedMessage;

/* Those of a session from @from_ordinal on, by ordinal, at most @max. Returns 0 or a negative errno. */
int archive_messages(Archive *a, const char *id, size_t size, int64_t from_ordinal,
                     ArchivedMessage *ret, size_t max, size_t *ret_n);

/* A message with its calls and events. @replaces: one with that ordinal is there, and is removed with all that belongs to
 * it. */
int archive_message_put(Archive *a, const Message *m, int64_t change, bool replaces);

/* Removes a message and all that hangs on it, its findings and links too. */
int archive_message_remove(Archive *a, const char *id, size_t size, int64_t ordinal);

/* Reads a message back as it is archived, for masking it again. Returns 1, 0 or a negative errno; borrowed until the
 * next call of it. */
int archive_message_get(Archive *a, const char *id, size_t size, int64_t ordinal, Message *ret);

/* Stands for "in the session's own row" where an ordinal is asked for (agentsview's begin at 0; the source may lie). */
#define ARCHIVE_NO_ORDINAL INT64_MIN

/* A masked place. */
typedef struct ArchivedFinding {
        int64_t ordinal; /* or ARCHIVE_NO_ORDINAL */
        const char *field;
        const char *rule;
        uint64_t fingerprint;
        const char *seen_at; /* when it was said, as format_timestamp() writes it */
} ArchivedFinding;

/* Adds one; its secret counts as seen from then on. Returns 0 or a negative errno. */
int archive_finding_put(Archive *a, const char *id, size_t size, const ArchivedFinding *finding);

/* How many findings a message has, or the session's own row (ARCHIVE_NO_ORDINAL). Returns 0 or a negative errno. */
int archive_findings_count(Archive *a, const char *id, size_t size, int64_t ordinal, uint64_t *ret);

/* Removes the findings of one message, or of the session's own row (ARCHIVE_NO_ORDINAL). */
int archive_findings_remove(Archive *a, const char *id, size_t size, int64_t ordinal);

/* A git link, as link_table says. The same one again changes nothing. */
int archive_link_put(Archive *a, const Value *values);

typedef enum DeleteCause {
        DELETE_TRASH,    /* in agentsview's trash: the text stays, until it is deleted for good */
        DELETE_FOREVER,  /* deleted for good at the source */
        DELETE_EXCLUDED, /* the settings no longer allow it here */
} DeleteCause;

/* Leaves a tombstone; if there is one with the same cause, nothing changes. Returns 1 (new), 0, or negative. */
int archive_tombstone_put(Archive *a, const char *id, size_t size, const char *user_id,
                          size_t user_size, const char *project, size_t project_size,
                          DeleteCause cause, const char *created_at);
int archive_tombstone_remove(Archive *a, const char *id, size_t size);

/* Removes all that the archive holds of a session, cursor included; the tombstone is the caller's. Returns 1 (there
 * was something), 0, or a negative errno. */
int archive_session_purge(Archive *a, const char *id, size_t size);

/* Replaces all rows of @table (star_table, pin_table, label_table, parent_table, usage_table): clear, then put each. Text is
 * stored as given. */
int archive_rows_clear(Archive *a, const Table *table);
int archive_row_put(Archive *a, const Table *table, const Value *values);
