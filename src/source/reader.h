/*
 * Reader: agentsview's database, read and never written
 *
 * The database is opened read-only; its schema is discovered at run time: a column or table that is missing reads as
 * empty, and a new one is ignored. Read transactions are short and belong to the caller (reader_begin(),
 * reader_end()): agentsview's `sync --full` gives up swapping its file if one stays open for 5 s. The connection
 * is kept between cycles, since opening and closing it creates and removes files in the folder that is watched.
 */
#pragma once

#include "base/hash.h"
#include "model/session.h"

typedef struct Reader Reader;

/* A session's row. Borrowed: valid until the next call that reads. */
typedef struct SourceSession {
        int64_t rowid;        /* its place in the source's order; 0 where the table has no rowid */
        uint64_t fingerprint; /* of all that tells whether the session has to be looked at; keyed */
        bool is_read;         /* what follows is there; else reader_list_read() reads it */
        Value values[N_SESSION_COLUMNS];
        Value file_hash;
} SourceSession;

/* Remembers @path; opens nothing. @key is for the fingerprints. */
Reader *reader_new(const char *path, const HashKey *key);
Reader *reader_free(Reader *r);

static inline void reader_freep(Reader **r)
{
        (void) reader_free(*r);
}

/* The most text that a message may have, with its calls and their results; beyond that a sentence replaces a text. Limits
 * the memory that a row can take. The default is READER_MAX_BYTES. */
#define READER_MAX_BYTES ((size_t) 128 * 1024 * 1024)
void reader_set_max(Reader *r, size_t max_bytes);

/*
 * Opens the file if it is not open, and opens it again if another one replaced it (device, inode).
 * Returns 1: opened just now; 0: the file that was open already; -ENOENT: it does not exist (yet), *@reterr says so;
 * another negative errno: it cannot be used, and *@reterr (owned by the caller) says why.
 */
int reader_open(Reader *r, char **reterr);

/* The data version that agentsview wrote last. And the newest that was ever seen of this source: the next reader_open()
 * requires at least what that version has (source/contract.h). */
int64_t reader_data_version(const Reader *r);
void reader_expect(Reader *r, int64_t data_version);

/* A name for the file that is open ("device:inode"), by which a swapped file is recognised after a restart. The caller owns
 * it. */
char *reader_identity(const Reader *r);

/* Closes the file; the next reader_open() starts afresh. For after an error. */
void reader_close(Reader *r);

/* Frees caches. Not within a transaction. */
void reader_release_memory(Reader *r);

/*
 * Whether somebody committed since reader_mark_seen(). Costs a few microseconds. Returns 1, 0, or a negative errno.
 */
int reader_changed(Reader *r);

/* Marks everything committed so far as seen. Call it inside the transaction that lists the changes. */
void reader_mark_seen(Reader *r);

/* Begins and ends a read transaction. reader_end() also ends any list that is under way. */
int reader_begin(Reader *r);
void reader_end(Reader *r);
bool reader_in_transaction(const Reader *r);

/* Why the last call failed, in words, without content. */
const char *reader_reason(Reader *r);

/* Which sessions a list has; in row order, but for by_id. */
typedef struct ReaderFrom {
        /* Only those with this sync_marker or a later one, those without, and those after new_rowid; NULL: all. */
        const char *marker;
        int64_t new_rowid;
        int64_t after_rowid; /* only those after this row; INT64_MIN: from the first */

        /* All, in order of their ids, after this one; "": from the first. For reader_ids_are_plain() only. */
        const char *after_id;
        size_t after_id_size;
        bool by_id;

        bool by_row; /* read each row for itself: for after -EFBIG. Not with by_id. */
} ReaderFrom;

/* Whether every id is a text and not empty, so that sessions can be listed in order of them. Returns 1, 0 or negative. */
int reader_ids_are_plain(Reader *r);

/* Whether sessions can be listed by sync_marker at all. */
bool reader_has_markers(const Reader *r);

/* The newest sync_marker, cut off at @size: rows written from now on have it or a later one, as long as the writer's clock is
 * not set back. Returns 1: *@ret is set; 0: there is none; or a negative errno. */
int reader_newest_marker(Reader *r, char *ret, size_t size);

/* Lists sessions; then reader_list_next() until it returns 0. Returns 0 or a negative errno. */
int reader_list(Reader *r, const ReaderFrom *from);

/* Returns 1: *@ret is the next session; 0: the end; -EFBIG: a row holds a large text, list again by_row; or another
 * negative errno. */
int reader_list_next(Reader *r, SourceSession *ret);

/* Reads the rest of the session that the list has come to. Returns 1, 0 (it is not there) or a negative errno. */
int reader_list_read(Reader *r, SourceSession *s);

/* Ends a list before its end. */
void reader_list_end(Reader *r);

/* Whether a session of that id exists. Returns 1, 0, or a negative errno. */
int reader_has_session(Reader *r, const char *id, size_t size);

/* How many sessions there are. */
int reader_count(Reader *r, uint64_t *ret);

/*
 * The messages of a session from @from_ordinal on, in order of their ordinal. Then reader_message_next() until it
 * returns 0; each message stays valid until the next call. To go on after a pause in a new transaction, ask again from
 * the ordinal after the last one.
 */
int reader_messages(Reader *r, const char *session_id, size_t size, int64_t from_ordinal);
int reader_message_next(Reader *r, Message *ret);

/* Whether rows of the session whose messages were just read to their end hang on none of them. Returns 1, 0, or a negative
 * errno. */
int reader_lost_rows(Reader *r);

/* Whether agentsview says that it left out the text of a session on purpose (archive_content=usage). Returns 1, 0, or a
 * negative errno. */
int reader_leaves_out_text(Reader *r, const char *id, size_t size);

/* Whether any message of a session has text. Returns 1, 0, or a negative errno. */
int reader_has_text(Reader *r, const char *id, size_t size);

/* How many sessions with messages have no text at all. Looks at all sessions. Returns 0 or a negative errno. */
int reader_count_textless(Reader *r, uint64_t *ret);

/* All rows of star_table, pin_table, label_table, parent_table or usage_table, ordered by session; none where the source has no
 * such table. Callback results < 0 end the list. Returns 0 or a negative errno. */
typedef int (*ReaderRowFunc)(void *userdata, const Value *values);
int reader_rows(Reader *r, const Table *table, ReaderRowFunc func, void *userdata);

/* How many events of usage there are, and the number of the last one. Returns 0 or a negative errno. */
int reader_usage_extent(Reader *r, int64_t ret[static 2]);

/* Whether a session has any. Returns 1, 0, or a negative errno. */
int reader_has_usage(Reader *r, const char *id, size_t size);

/* Ids of sessions deleted for good whose journal entry is later than *@revision, which moves to the last one seen.
 * @func gets one value, the id. */
int reader_deletions(Reader *r, int64_t *revision, ReaderRowFunc func, void *userdata);
