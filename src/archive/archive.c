/* Archive: the masked database, its cursors and its change sequence; statements, transactions, meta */
#include "archive/archive.h"

#include <string.h>

#include "archive/archive-internal.h"
#include "archive/search-index.h"

static const char *const query_sql[N_ARCHIVE_QUERIES] = {
        [ARCHIVE_BEGIN] = "BEGIN IMMEDIATE",
        [ARCHIVE_COMMIT] = "COMMIT",
        [ARCHIVE_META_GET] = "SELECT value FROM meta WHERE key = ?1",
        [ARCHIVE_META_SET] = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO "
                             "UPDATE SET value = excluded.value",
        [ARCHIVE_CURSOR_GET] =
                        "SELECT source_rowid, fingerprint, policy, last_ordinal FROM cursors "
                        "WHERE session_id = ?1",
        /* its place is the source's row, unless another session has it (after a swap of the source) */
        [ARCHIVE_CURSOR_PUT] =
                        "INSERT INTO cursors (session_id, source_rowid, fingerprint, policy, "
                        "last_ordinal, file_hash, synced_at) VALUES (?1, CASE WHEN EXISTS "
                        "(SELECT 1 FROM cursors WHERE source_rowid = ?2) THEN NULL ELSE ?2 "
                        "END, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (session_id) DO UPDATE SET "
                        "fingerprint = ?3, policy = ?4, last_ordinal = ?5, file_hash = ?6, "
                        "synced_at = ?7",
        [ARCHIVE_CURSOR_LIST] = "SELECT source_rowid, fingerprint, policy FROM cursors "
                                "WHERE source_rowid > ?1 ORDER BY source_rowid",
        [ARCHIVE_HAS_SESSION] = "SELECT 1 FROM sessions WHERE id = ?1",
        [ARCHIVE_CURSOR_REMOVE] = "DELETE FROM cursors WHERE session_id = ?1",
        [ARCHIVE_STALE] = "SELECT id FROM sessions WHERE id > ?1 AND NOT EXISTS (SELECT 1 FROM "
                          "cursors WHERE session_id = id AND policy = ?3) ORDER BY id LIMIT ?2",
        [ARCHIVE_SESSION_REMOVE] = "DELETE FROM sessions WHERE id = ?1",
        [ARCHIVE_MESSAGES] = "SELECT ordinal, fingerprint, EXISTS (SELECT 1 FROM findings f WHERE "
                             "f.session_id = ?1 AND f.ordinal = m.ordinal) FROM messages m "
                             "WHERE session_id = ?1 AND ordinal >= ?2 ORDER BY ordinal",
        [ARCHIVE_MESSAGE_REMOVE] = "DELETE FROM messages WHERE session_id = ?1 AND ordinal = ?2",
        [ARCHIVE_CALLS_REMOVE] = "DELETE FROM tool_calls WHERE session_id = ?1 AND "
                                 "message_ordinal = ?2",
        [ARCHIVE_EVENTS_REMOVE] = "DELETE FROM tool_result_events WHERE session_id = ?1 AND "
                                  "message_ordinal = ?2",
        [ARCHIVE_LINKS_REMOVE] = "DELETE FROM git_links WHERE session_id = ?1 AND "
                                 "message_ordinal = ?2",
        [ARCHIVE_FINDINGS_REMOVE] = "DELETE FROM findings WHERE session_id = ?1 AND ordinal IS ?2",
        [ARCHIVE_FINDINGS_COUNT] =
                        "SELECT count(*) FROM findings WHERE session_id = ?1 AND ordinal IS ?2",
        [ARCHIVE_FINDING_PUT] = "INSERT INTO findings (session_id, ordinal, field, rule, "
                                "fingerprint, found_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        [ARCHIVE_SEEN_PUT] =
                        "INSERT INTO secrets_seen (fingerprint, first_seen) VALUES (?1, ?2) ON "
                        "CONFLICT DO UPDATE SET first_seen = ?2 WHERE first_seen > ?2 OR first_seen IS NULL",
        [ARCHIVE_SECRETS] =
                        "SELECT fingerprint, rule, shape, policy, teller, change_seq FROM secrets "
                        "WHERE conversation = ?1",
        [ARCHIVE_SECRET_PUT] =
                        "INSERT OR REPLACE INTO secrets (conversation, fingerprint, rule, "
                        "shape, policy, teller, change_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        [ARCHIVE_SECRET_REMOVE] =
                        "DELETE FROM secrets WHERE conversation = ?1 AND fingerprint = ?2",
        [ARCHIVE_SECRET_SEEN] = "SELECT 1 FROM secrets_seen WHERE fingerprint = ?1",
        [ARCHIVE_CONVERSATION_GET] = "SELECT conversation, applied FROM conversations WHERE "
                                     "session_id = ?1",
        [ARCHIVE_CONVERSATION_PUT] = "INSERT INTO conversations (session_id, conversation) VALUES "
                                     "(?1, ?2) ON CONFLICT DO UPDATE SET conversation = ?2",
        [ARCHIVE_CONVERSATION_APPLIED] = "UPDATE conversations SET applied = ?2 WHERE session_id = "
                                         "?1",
        [ARCHIVE_CONVERSATION_LATE] =
                        "SELECT session_id FROM conversations WHERE conversation = ?1 AND applied < "
                        "(SELECT max(change_seq) FROM secrets WHERE conversation = ?1) AND "
                        "session_id > ?3 ORDER BY session_id LIMIT ?2",
        [ARCHIVE_DUE_PUT] = "INSERT OR IGNORE INTO conversations_due (conversation) VALUES (?1)",
        [ARCHIVE_DUE_NEXT] = "SELECT conversation FROM conversations_due WHERE conversation > ?1 "
                             "ORDER BY conversation LIMIT 1",
        [ARCHIVE_DUE_REMOVE] = "DELETE FROM conversations_due WHERE conversation = ?1",
        [ARCHIVE_HAS_PINS] = "SELECT 1 FROM message_pins WHERE session_id = ?1 LIMIT 1",
        [ARCHIVE_TOMBSTONE_GET] = "SELECT cause FROM session_deletes WHERE session_id = ?1",
        [ARCHIVE_TOMBSTONE_PUT] = "INSERT OR REPLACE INTO session_deletes (session_id, user_id, "
                                  "project, cause, created_at, change_seq) "
                                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        [ARCHIVE_TOMBSTONE_REMOVE] = "DELETE FROM session_deletes WHERE session_id = ?1",
};

sqlite3_stmt *archive_query(Archive *a, ArchiveQuery query)
{
        return sqlite_keep(a->db, query_sql[query], a->queries + query);
}

sqlite3_stmt *archive_query_for(Archive *a, ArchiveQuery query, const char *id, size_t size)
{
        sqlite3_stmt *stmt = archive_query(a, query);

        (void) sqlite_bind_text(stmt, 1, id, size);
        return stmt;
}

int archive_run_for(Archive *a, ArchiveQuery query, const char *id, size_t size)
{
        return sqlite_execute(archive_query_for(a, query, id, size));
}

/* Transactions */

int archive_begin(Archive *a)
{
        sqlite3_stmt *stmt = archive_query(a, ARCHIVE_BEGIN);

        a->change_at_begin = a->change;
        a->n_cursors_at_begin = a->n_cursors;
        return sqlite_execute(stmt);
}

int archive_commit(Archive *a)
{
        sqlite3_stmt *stmt = archive_query(a, ARCHIVE_COMMIT);
        int r = 0;

        if (a->n_kept > 0)
                r = archive_cursors_flush(a);
        if (r >= 0 && a->change != a->change_at_begin)
                r = archive_meta_set_int(a, "change_seq", a->change);
        if (r >= 0 && a->n_cursors != a->n_cursors_at_begin)
                r = archive_meta_set_int(a, "n_cursors", a->n_cursors);
        return r < 0 ? r : sqlite_execute(stmt);
}

void archive_rollback(Archive *a)
{
        archive_cursors_drop(a);
        if (sqlite3_get_autocommit(a->db))
                return;
        sqlite_reset_all(a->queries, ELEMENTSOF(a->queries));
        (void) sqlite_run(a->db, "ROLLBACK");
        a->change = a->change_at_begin;
        a->n_cursors = a->n_cursors_at_begin;
}

bool archive_in_transaction(const Archive *a)
{
        return !sqlite3_get_autocommit(a->db);
}

int archive_wipe_traces(Archive *a)
{
        const char *path = sqlite3_db_filename(a->db, "main");
        int code = sqlite3_wal_checkpoint_v2(a->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        int r = sqlite_errno(a->db, code);

        return r < 0 ? r : search_index_remove(path);
}

void archive_release_memory(Archive *a)
{
        (void) sqlite3_db_release_memory(a->db);
        arena_done(&a->arena);
}

int64_t archive_n_changes(const Archive *a)
{
        return sqlite3_total_changes64(a->db);
}

int64_t archive_last_change(const Archive *a)
{
        return a->change;
}

int64_t archive_next_change(Archive *a)
{
        return ++a->change;
}

/* meta */

int archive_meta_get(Archive *a, const char *key, char **ret)
{
        sqlite3_stmt *stmt = archive_query_for(a, ARCHIVE_META_GET, key, strlen(key));
        int r = sqlite_step(stmt);

        if (r > 0) {
                const char *text = (const char *) sqlite3_column_text(stmt, 0);

                *ret = xstrdup(text ?: "");
        }
        (void) sqlite3_reset(stmt);
        return r;
}

int64_t archive_meta_get_int(Archive *a, const char *key, int64_t fallback)
{
        sqlite3_stmt *stmt = archive_query_for(a, ARCHIVE_META_GET, key, strlen(key));

        if (sqlite_step(stmt) > 0)
                fallback = sqlite3_column_int64(stmt, 0);
        (void) sqlite3_reset(stmt);
        return fallback;
}

int archive_meta_set(Archive *a, const char *key, const char *value)
{
        sqlite3_stmt *stmt = archive_query_for(a, ARCHIVE_META_SET, key, strlen(key));

        (void) sqlite_bind_text(stmt, 2, value, strlen(value));
        return sqlite_execute(stmt);
}

int archive_meta_set_int(Archive *a, const char *key, int64_t value)
{
        sqlite3_stmt *stmt = archive_query_for(a, ARCHIVE_META_SET, key, strlen(key));

        (void) sqlite3_bind_int64(stmt, 2, value);
        return sqlite_execute(stmt);
}
