/*
 * What the files of the reader share
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/sqlite-util.h"
#include "source/reader.h"
#include "source/schema.h"

/* Columns of a session's row that are read after those of session_table. */
enum {
        READER_EXTRA_FILE_HASH,
        N_READER_EXTRAS = 6,
};

extern const Table reader_extra_table;

typedef enum Query {
        QUERY_BEGIN,
        QUERY_END,
        QUERY_DATA_VERSION,
        QUERY_LIST_ALL, /* rows' numbers and fingerprints; the others have all of a row */
        QUERY_LIST_BY_ID,
        QUERY_ROWS_ALL, /* the same lists without the rows themselves, for those that hold large texts */
        QUERY_ROWS_MARKER,
        QUERY_SESSION,
        QUERY_ODD_IDS,
        QUERY_HAS_SESSION,
        QUERY_COUNT,
        QUERY_MESSAGES,
        QUERY_CALL_COUNT,
        QUERY_CALLS,
        QUERY_EVENTS,
        QUERY_USAGE_EXTENT,
        QUERY_HAS_USAGE,
        QUERY_DELETED,
        QUERY_EXCLUDED,
        QUERY_NEWEST_MARKER,
        QUERY_HAS_TEXT,
        QUERY_LEFT_OUT,
        QUERY_LOST_CALLS,
        N_QUERIES,
} Query;

/* Tables that are read as a whole, and what follows their names. */
#define READER_N_LISTS 5
typedef struct ReaderList {
        const Table *table;
        const char *tail;
} ReaderList;
extern const ReaderList reader_lists[READER_N_LISTS];

struct Reader {
        char *path;
        dev_t device;
        ino_t inode;
        sqlite3 *db;
        Schema schema;
        int64_t expected_version;         /* data version that the source had before */
        sqlite3_stmt *queries[N_QUERIES]; /* NULL: the source has no such table */
        sqlite3_stmt *lists[READER_N_LISTS];
        Query list;
        bool by_row; /* the list has row numbers only */
        bool has_markers;
        const char *event_order; /* of those of one message */
        int64_t schema_version;
        int64_t seen_version; /* data_version at reader_mark_seen(); -1: nothing seen */
        unsigned ticks;

        size_t max_bytes; /* of text of one message */
        size_t left;      /* of that, for the message or row in hand */
        uint64_t n_left_out;
        bool is_utf8; /* else its texts need SQLite to become that */

        Hasher *hasher;
        Arena arena;      /* a message's calls and events */
        char *session_id; /* of the messages under way */
        size_t session_id_size;
        int64_t next_ordinal; /* messages from this one on are still to come ... */
        bool at_end;          /* ... unless there can be none */
        int64_t n_calls_left; /* at most; INT64_MAX: unknown, somebody wrote in a pause */
        bool has_lost_rows;   /* some hang on no message */
        int has_event; /* the statement of events stands on a row (1), is at its end (0), or failed (negative) */
};

/* Prepares what the open database allows; a missing table leaves its statement NULL. Returns 0 or a negative errno. */
int reader_prepare(Reader *r);

/* sqlite_step() with the limit on a single step. */
int reader_step_statement(Reader *r, sqlite3_stmt *stmt);
int reader_step(Reader *r, Query query);

/* Tells SQLite the limit; after each opening. */
void reader_apply_max(Reader *r);

/* A message begins, or a row of another kind: how much text may be in it. */
void reader_allow_message(Reader *r);
void reader_allow_row(Reader *r);

/* Takes the texts of a row that was read: what there is no room for is left out. */
void reader_take_row(Reader *r, const Table *table, Value *values);

/* Called for each row of a list of row numbers; negative ends it. */
typedef int (*ReaderRowidFunc)(Reader *r, int64_t rowid, void *userdata);

/*
 * Lists row numbers of @table: "SELECT rowid FROM @table @tail" with the session under way as ?1 and @number as ?2, where
 * the tail names them. Returns 0, a negative errno, or what @func returned.
 */
int reader_list_rows(Reader *r, const Table *table, const char *tail, int64_t number,
                     ReaderRowidFunc func, void *userdata);

/* Reads the row @rowid of @table, which SQLite refused as a whole (-EFBIG), into the arena. Returns 0 or a negative
 * errno. */
int reader_read_large_row(Reader *r, const Table *table, int64_t rowid, Value *values);

/* The fingerprint of a session's row. */
uint64_t reader_fingerprint(Reader *r, const Value *values, const Value *extras);

/* Adds one value to a fingerprint: its type and its content. */
static inline void reader_hash_value(Hasher *h, const Value *v)
{
        switch (v->type) {
        case VALUE_NULL:
                hasher_add_null(h);
                break;
        case VALUE_INTEGER:
                hasher_add_int(h, v->integer);
                break;
        case VALUE_REAL:
                hasher_add_int(h, (int64_t) v->bits);
                break;
        case VALUE_TEXT:
                hasher_add_bytes(h, v->text, v->size);
                break;
        }
}
