/* Archive: how far each session got, and the tombstones of those that went */
#include <string.h>

#include "archive/archive-internal.h"
#include "base/time-util.h"

/* So many are kept before they are written: some megabytes. */
#define KEPT_CURSORS_MAX ((size_t) 32768)

int archive_cursor_get(Archive *a, const char *id, size_t size, Cursor *ret)
{
        sqlite3_stmt *stmt = archive_query_for(a, ARCHIVE_CURSOR_GET, id, size);
        int r = sqlite_step(stmt);

        if (r > 0)
                *ret = (Cursor){
                        .source_rowid = sqlite3_column_int64(stmt, 0),
                        .fingerprint = (uint64_t) sqlite3_column_int64(stmt, 1),
                        .policy = sqlite3_column_int64(stmt, 2),
                        .last_ordinal = sqlite3_column_int64(stmt, 3),
                };
        (void) sqlite3_reset(stmt);
        return r;
}

static int write_cursor(Archive *a, const char *id, size_t size, const Cursor *cursor)
{
        char now[TIMESTAMP_MAX];
        sqlite3_stmt *stmt = archive_query_for(a, ARCHIVE_CURSOR_PUT, id, size);

        format_timestamp(now, now_usec(CLOCK_REALTIME));
        (void) sqlite3_bind_int64(stmt, 2, cursor->source_rowid);
        (void) sqlite3_bind_int64(stmt, 3, (int64_t) cursor->fingerprint);
        (void) sqlite3_bind_int64(stmt, 4, cursor->policy);
        (void) sqlite3_bind_int64(stmt, 5, cursor->last_ordinal);
        (void) sqlite_bind_text(stmt, 6, cursor->file_hash.text, cursor->file_hash.size);
        (void) sqlite_bind_text(stmt, 7, now, strlen(now));
        return sqlite_execute(stmt);
}

/* Keeps a copy of a cursor until the commit. */
static int keep_cursor(Archive *a, const char *id, size_t size, const Cursor *cursor)
{
        struct KeptCursor *kept;

        if (!a->kept) {
                a->kept = xcalloc(KEPT_CURSORS_MAX, sizeof(*a->kept));
        }
        kept = a->kept + a->n_kept;
        kept->cursor = *cursor;
        kept->id = value_text(arena_copy(&a->kept_texts, id, size), size);
        if (cursor->file_hash.type == VALUE_TEXT)
                kept->cursor.file_hash.text = arena_copy(&a->kept_texts, cursor->file_hash.text,
                                                         cursor->file_hash.size);
        if (!kept->id.text || (cursor->file_hash.text && !kept->cursor.file_hash.text))
                return -ENOMEM;
        a->n_kept++;
        return a->n_kept < KEPT_CURSORS_MAX ? 0 : archive_cursors_flush(a);
}

int archive_cursor_put(Archive *a, const char *id, size_t size, const Cursor *cursor, bool is_new)
{
        int r;

        if (is_new && a->keeps_cursors)
                r = keep_cursor(a, id, size, cursor);
        else
                r = write_cursor(a, id, size, cursor);
        if (r >= 0 && is_new)
                a->n_cursors++;
        return r;
}

static int compare_places(const void *x, const void *y)
{
        const struct KeptCursor *a = x, *b = y;

        return (a->cursor.source_rowid > b->cursor.source_rowid) -
               (a->cursor.source_rowid < b->cursor.source_rowid);
}

int archive_cursors_flush(Archive *a)
{
        int r = 0;

        if (a->n_kept > 0 && sqlite3_get_autocommit(a->db))
                r = -EIO; /* SQLite gave the transaction up, and with it the sessions that these are of */
        else if (a->n_kept > 1)
                qsort(a->kept, a->n_kept, sizeof(*a->kept), compare_places);
        for (size_t i = 0; r >= 0 && i < a->n_kept; i++)
                r = write_cursor(a, a->kept[i].id.text, a->kept[i].id.size, &a->kept[i].cursor);
        archive_cursors_drop(a);
        return r;
}

void archive_cursors_drop(Archive *a)
{
        a->n_kept = 0;
        arena_clear(&a->kept_texts);
        if (!a->keeps_cursors) {
                free(a->kept);
                a->kept = NULL;
                arena_done(&a->kept_texts);
        }
}

int archive_keep_cursors(Archive *a, bool on)
{
        a->keeps_cursors = on;
        return on ? 0 : archive_cursors_flush(a);
}

uint64_t archive_cursor_count(const Archive *a)
{
        return (uint64_t) a->n_cursors;
}

void archive_cursor_list(Archive *a, int64_t after_rowid)
{
        sqlite3_stmt *stmt = archive_query(a, ARCHIVE_CURSOR_LIST);

        (void) sqlite3_bind_int64(stmt, 1, after_rowid);
}

int archive_cursor_list_next(Archive *a, Cursor *ret)
{
        sqlite3_stmt *stmt = a->queries[ARCHIVE_CURSOR_LIST];
        int r = sqlite_step(stmt);

        if (r > 0)
                *ret = (Cursor){
                        .source_rowid = sqlite3_column_int64(stmt, 0),
                        .fingerprint = (uint64_t) sqlite3_column_int64(stmt, 1),
                        .policy = sqlite3_column_int64(stmt, 2),
                };
        else
                (void) sqlite3_reset(stmt);
        return r;
}

void archive_cursor_list_end(Archive *a)
{
        (void) sqlite3_reset(a->queries[ARCHIVE_CURSOR_LIST]);
}

int archive_stale_sessions(Archive *a, int64_t policy, const char *after, size_t max, char **ret)
{
        sqlite3_stmt *stmt = archive_query_for(a, ARCHIVE_STALE, after ?: "",
                                               after ? strlen(after) : 0);

        (void) sqlite3_bind_int64(stmt, 2, (int64_t) max);
        (void) sqlite3_bind_int64(stmt, 3, policy);
        return sqlite_take_texts(stmt, ret, max);
}

int archive_has_session(Archive *a, const char *id, size_t size)
{
        return sqlite_exists(archive_query_for(a, ARCHIVE_HAS_SESSION, id, size));
}

/* Tombstones */

static const char *const cause_names[] = {
        [DELETE_TRASH] = "trash",
        [DELETE_FOREVER] = "deleted",
        [DELETE_EXCLUDED] = "excluded",
};

int archive_tombstone_put(Archive *a, const char *id, size_t size, const char *user_id,
                          size_t user_size, const char *project, size_t project_size,
                          DeleteCause cause, const char *created_at)
{
        const char *name = cause_names[cause];
        sqlite3_stmt *stmt = archive_query_for(a, ARCHIVE_TOMBSTONE_GET, id, size);
        bool same = false;
        int r = sqlite_step(stmt);

        if (r > 0) {
                const char *had = (const char *) sqlite3_column_text(stmt, 0);

                same = had && strcmp(had, name) == 0;
        }
        (void) sqlite3_reset(stmt);
        if (r < 0 || same)
                return r < 0 ? r : 0;

        stmt = archive_query_for(a, ARCHIVE_TOMBSTONE_PUT, id, size);
        (void) sqlite_bind_text(stmt, 2, user_id, user_size);
        (void) sqlite_bind_text(stmt, 3, project, project_size);
        (void) sqlite_bind_text(stmt, 4, name, strlen(name));
        (void) sqlite_bind_text(stmt, 5, created_at, created_at ? strlen(created_at) : 0);
        (void) sqlite3_bind_int64(stmt, 6, archive_next_change(a));
        a->has_tombstones = true;
        r = sqlite_execute(stmt);
        if (r >= 0)
                r = archive_meta_set_int(a, "deletes_change_seq", a->change);
        return r < 0 ? r : 1;
}

int archive_tombstone_remove(Archive *a, const char *id, size_t size)
{
        int r;

        if (!a->has_tombstones)
                return 0;
        r = archive_run_for(a, ARCHIVE_TOMBSTONE_REMOVE, id, size);
        if (r >= 0 && sqlite3_changes(a->db) > 0)
                r = archive_meta_set_int(a, "deletes_change_seq", archive_next_change(a));
        return r;
}
