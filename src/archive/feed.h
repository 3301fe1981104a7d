/*
 * Feed: the archive as couriers read it
 *
 * It has a connection of its own, strictly read-only, so that the archive's writer never waits for it. Rows come as readers of
 * a shared archive know them: tool results that the archive keeps as events are joined, and two calls of one message with the
 * same id are distinguished.
 */
#pragma once

#include "base/cleanup.h"
#include "model/session.h"

enum {
        TOMBSTONE_SESSION_ID,
        TOMBSTONE_USER_ID,
        TOMBSTONE_CREATED_AT,
        TOMBSTONE_CAUSE,
        N_TOMBSTONE_COLUMNS,
};

extern const Table tombstone_table; /* session_deletes, as others see it */

typedef struct Feed Feed;

/* Returns 0, -ENOENT (there is no archive yet), or a negative errno with *@reterr. */
int feed_open(const char *archive_path, Feed **ret, char **reterr);
Feed *feed_close(Feed *f);
DEFINE_CLEANUP(Feed *, feed_close)

/* Whether the file that is open is still the one at its path: it may have been removed, or replaced. */
bool feed_is_in_place(const Feed *f);

/* Why the last call failed, in SQLite's words. */
const char *feed_reason(Feed *f);

/* Between the two everything is seen as of one moment. Beginning twice is fine. */
int feed_begin(Feed *f);
void feed_end(Feed *f);

/* A number of meta; 0 if there is none. */
int64_t feed_meta(Feed *f, const char *key);

/* Which archive this is ("" for one that does not say). Returns 0 or a negative errno; the caller owns *@ret. */
int feed_archive_id(Feed *f, char **ret);

/* Who owns the session that changed last. Returns 1, 0 (there is none) or a negative errno; the caller owns *@ret. */
int feed_user_id(Feed *f, char **ret);

/* A session's own row; all is borrowed until the next call of the function that gave it. */
typedef struct FeedSession {
        Value values[N_SESSION_COLUMNS];
        bool metadata_only;
        int64_t change_seq, shrunk_seq;
        uint64_t synced_at_usec;
        bool has_findings; /* in this row */
} FeedSession;

/* Sessions that changed after @change, in order of change: seek, then next until 0. */
void feed_seek(Feed *f, int64_t change);
int feed_next(Feed *f, FeedSession *ret); /* 1, 0 at the end, or a negative errno */

/* The same in order of id (bytewise): those after @after (NULL: from the first) up to @last (NULL: to the end). Both are
 * borrowed until the last feed_next(). */
void feed_seek_ids(Feed *f, const char *after, const char *last);

/* One session. Returns 1, 0 (no such) or a negative errno. */
int feed_session(Feed *f, const char *id, FeedSession *ret);

/* Its tombstone, if it has one that others may know of. Returns 1, 0 or a negative errno. */
int feed_has_tombstone(Feed *f, const char *id);

/* The highest ordinal of its messages; -1: it has none. Returns 0 or a negative errno. */
int feed_last_ordinal(Feed *f, const char *id, int64_t *ret);

/*
 * Rows of message_table or call_table: those of session @id, of messages after ordinal @after (INT64_MIN: all) that changed
 * after @change (-1: all), in order. Of link_table: all of the session. Of star_table, pin_table, usage_table, label_table and
 * tombstone_table all there are; @id is NULL. Then next until 0; values are borrowed until then. *@ret_has_findings (of messages only) may be NULL.
 */
void feed_rows(Feed *f, const Table *table, const char *id, int64_t after, int64_t change);
int feed_next_row(Feed *f, const Table *table, Value *values, bool *ret_has_findings);
