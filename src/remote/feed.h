/*
 * Feed: the archive as couriers read it
 *
 * A connection of its own, strictly read-only, so that the archive's writer never waits for it. Rows come as readers of a
 * remote know them: tool results that the archive keeps as events are put together, and two calls of one message with
 * the same id are told apart.
 */
#pragma once

#include "remote/remote.h"

typedef struct Feed Feed;

/* Returns 0, -ENOENT (there is no archive yet), or a negative errno with *@reterr. */
int feed_open(const char *archive_path, Feed **ret, char **reterr);
Feed *feed_close(Feed *f);
DEFINE_CLEANUP(Feed *, feed_close)

/* Why the last call failed, in SQLite's words. */
const char *feed_reason(Feed *f);

/* Between the two everything is seen as of one moment. Beginning twice is fine. */
int feed_begin(Feed *f);
void feed_end(Feed *f);

/* A number of meta; 0 where there is none. */
int64_t feed_meta(Feed *f, const char *key);

/* Which archive this is ("" for one that does not say). Returns 0 or a negative errno; the caller owns *@ret. */
int feed_archive_id(Feed *f, char **ret);

/* Whose the session is that changed last. Returns 1, 0 (there is none) or a negative errno; the caller owns *@ret. */
int feed_user_id(Feed *f, char **ret);

/* How many sessions changed after @change. Returns 0 or a negative errno. */
int feed_count(Feed *f, int64_t change, uint64_t *ret);

/* A session's own row; all is borrowed until the next call of the function that gave it. */
typedef struct FeedSession {
        Value values[N_SESSION_COLUMNS];
        bool metadata_only;
        int64_t change_seq, shrunk_seq;
        uint64_t synced_at_usec;
        bool has_findings; /* in this row */
} FeedSession;

/* Sessions that changed after @change, in order of change: seek, then next until 0. */
int feed_seek(Feed *f, int64_t change);
int feed_next(Feed *f, FeedSession *ret); /* 1, 0 = no more, or a negative errno */

/* The same in order of id (bytewise), from the first. */
int feed_seek_all(Feed *f);

/* One session. Returns 1, 0 (no such) or a negative errno. */
int feed_session(Feed *f, const char *id, FeedSession *ret);

/* Its tombstone, if it has one that others may know of. Returns 1, 0 or a negative errno. */
int feed_has_tombstone(Feed *f, const char *id);

/*
 * Rows of another table: those of session @id, of messages that changed after @change (-1: all); of the small tables
 * (stars, pins, deletes) all there are, @id is NULL. Then next until 0; values are borrowed until then. *@ret_has_findings
 * (of messages only) may be NULL.
 */
int feed_rows(Feed *f, RemoteTable table, const char *id, int64_t change);
int feed_next_row(Feed *f, RemoteTable table, Value *values, bool *ret_has_findings);
