/*
 * What the files of the reader share
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/sqlite-util.h"
#include "source/reader.h"

/* Columns of a session's row that are read beside those of session_table, behind them. */
enum {
        READER_EXTRA_FILE_HASH,
        N_READER_EXTRAS = 6,
};

typedef enum Query {
        QUERY_BEGIN,
        QUERY_END,
        QUERY_DATA_VERSION,
        QUERY_LIST_ALL,
        QUERY_LIST_MARKER,
        QUERY_LIST_BY_ID,
        QUERY_ODD_IDS,
        QUERY_HAS_SESSION,
        QUERY_COUNT,
        QUERY_MESSAGES,
        QUERY_CALL_COUNT,
        QUERY_CALLS,
        QUERY_EVENTS,
        QUERY_STARS,
        QUERY_PINS,
        QUERY_DELETED,
        QUERY_EXCLUDED,
        N_QUERIES,
} Query;

struct Reader {
        char *path;
        dev_t device;
        ino_t inode;
        sqlite3 *db;
        sqlite3_stmt *queries[N_QUERIES]; /* NULL: the source has no such table */
        Query list;
        bool has_markers;
        int64_t schema_version;
        int64_t seen_version; /* data_version at reader_mark_seen(); -1: nothing seen */
        unsigned ticks;

        Hasher *hasher;
        Arena arena;      /* a message's calls and events */
        char *session_id; /* of the messages under way */
        size_t session_id_size;
        int64_t n_calls_left;
        int has_event; /* the statement of events stands on a row (1), is at its end (0), or failed (negative) */
};

/* Prepares what the open database allows; a missing table leaves its statement NULL. Returns 0 or a negative errno. */
int reader_prepare(Reader *r);

/* sqlite_step() with the limit on a single step. */
int reader_step(Reader *r, Query query);

/* Adds one value to a fingerprint: its type, and what it holds. */
void reader_hash_value(Hasher *h, const Value *v);
