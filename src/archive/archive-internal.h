/*
 * What the files of the archive's writing side share
 */
#pragma once

#include "archive/archive.h"
#include "base/arena.h"
#include "base/sqlite-util.h"

typedef enum ArchiveQuery {
        ARCHIVE_BEGIN,
        ARCHIVE_COMMIT,
        ARCHIVE_META_GET,
        ARCHIVE_META_SET,
        ARCHIVE_CURSOR_GET,
        ARCHIVE_CURSOR_PUT,
        ARCHIVE_CURSOR_REMOVE,
        ARCHIVE_CURSOR_LIST,
        ARCHIVE_HAS_SESSION,
        ARCHIVE_STALE,
        ARCHIVE_SESSION_REMOVE,
        ARCHIVE_MESSAGES,
        ARCHIVE_MESSAGE_REMOVE,
        ARCHIVE_CALLS_REMOVE,
        ARCHIVE_EVENTS_REMOVE,
        ARCHIVE_LINKS_REMOVE,
        ARCHIVE_FINDINGS_REMOVE,
        ARCHIVE_FINDINGS_COUNT,
        ARCHIVE_FINDING_PUT,
        ARCHIVE_SEEN_PUT,
        ARCHIVE_SECRETS,
        ARCHIVE_SECRET_PUT,
        ARCHIVE_SECRET_REMOVE,
        ARCHIVE_SECRET_SEEN,
        ARCHIVE_CONVERSATION_GET,
        ARCHIVE_CONVERSATION_PUT,
        ARCHIVE_CONVERSATION_APPLIED,
        ARCHIVE_CONVERSATION_LATE,
        ARCHIVE_DUE_PUT,
        ARCHIVE_DUE_NEXT,
        ARCHIVE_DUE_REMOVE,
        ARCHIVE_HAS_PINS,
        ARCHIVE_TOMBSTONE_GET,
        ARCHIVE_TOMBSTONE_PUT,
        ARCHIVE_TOMBSTONE_REMOVE,
        N_ARCHIVE_QUERIES,
} ArchiveQuery;

/* The tables whose statements are made from their column lists. */
typedef enum ArchiveInsert {
        INSERT_SESSION,
        INSERT_MESSAGE,
        INSERT_CALL,
        INSERT_EVENT,
        INSERT_LINK,
        INSERT_STAR,
        INSERT_PIN,
        INSERT_LABEL,
        INSERT_PARENT,
        INSERT_USAGE,
        N_ARCHIVE_INSERTS,
} ArchiveInsert;

struct Archive {
        sqlite3 *db;
        char *mended; /* what others had access to until this opening, the first of them; or NULL */
        char *path;
        dev_t device; /* of the file that is open */
        ino_t inode;
        char *moved_aside; /* the damaged one that was here before, or NULL */
        bool unclean;      /* the last one to have it did not close it */
        bool filling;      /* see archive_end_filling() */
        bool shared;       /* see archive_share() */
        bool suspect;      /* it seems to be damaged: the next process checks all of it */
        int lock_fd;
        HashKey key;
        int64_t change, change_at_begin;
        int64_t n_cursors, n_cursors_at_begin;
        bool keeps_cursors; /* see archive_keep_cursors() */
        struct KeptCursor {
                Value id;
                Cursor cursor;
        } * kept;
        size_t n_kept;
        Arena kept_texts;
        bool has_tombstones; /* there may be some: most archives have none, and need not look */
        sqlite3_stmt *queries[N_ARCHIVE_QUERIES];
        sqlite3_stmt *inserts[N_ARCHIVE_INSERTS];
        sqlite3_stmt *selects[N_ARCHIVE_INSERTS];
        Arena arena; /* of archive_message_get() */
};

/* The prepared statement, reset; see sqlite_keep(). */
sqlite3_stmt *archive_query(Archive *a, ArchiveQuery query);

/* The same with @id bound as ?1. */
sqlite3_stmt *archive_query_for(Archive *a, ArchiveQuery query, const char *id, size_t size);

/* Runs one that needs nothing but the id. */
int archive_run_for(Archive *a, ArchiveQuery query, const char *id, size_t size);

/* Writes the cursors that are kept; or forgets them. */
int archive_cursors_flush(Archive *a);
void archive_cursors_drop(Archive *a);
