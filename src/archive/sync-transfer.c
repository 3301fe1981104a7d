/* SyncState and the archive: export and import */
#include <inttypes.h>
#include <string.h>

#include "archive/sync-state.h"
#include "base/sqlite-util.h"
#include "base/time-util.h"

/* The cursors that count: masked by the rules and settings in force. */
#define COUNTING "policy = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'policy')"

static int get_meta(sqlite3 *db, const char *key, sqlite3_stmt **ret)
{
        *ret = sqlite_make(db, "SELECT value FROM meta WHERE key = ?");
        (void) sqlite_bind_text(*ret, 1, key, strlen(key));
        return sqlite_step(*ret);
}

/* 0 if there is none */
static int get_meta_count(sqlite3 *db, const char *key, uint64_t *ret)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        int64_t n = 0;
        int r;

        r = get_meta(db, key, &stmt);
        if (r > 0)
                n = sqlite3_column_int64(stmt, 0);
        *ret = n > 0 ? (uint64_t) n : 0;
        return r < 0 ? r : 0;
}

static int get_meta_time(sqlite3 *db, const char *key, uint64_t *ret)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        const char *text;
        int r;

        *ret = 0;
        r = get_meta(db, key, &stmt);
        if (r <= 0)
                return r;
        text = (const char *) sqlite3_column_text(stmt, 0);
        if (text)
                (void) parse_timestamp(text, ret);
        return 0;
}

static int export_cursors(sqlite3 *db, SyncState *s)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(
                        db,
                        "SELECT session_id, file_hash, last_ordinal FROM cursors WHERE " COUNTING
                        " ORDER BY session_id");
        int r;

        while ((r = sqlite_step(stmt)) > 0) {
                const char *id = (const char *) sqlite3_column_text(stmt, 0);

                if (!id)
                        return -ENOMEM;
                sync_state_put(s, id, (const char *) sqlite3_column_text(stmt, 1),
                               sqlite3_column_int64(stmt, 2));
        }
        return r;
}

/* The newest session, if it is later than what was noted. */
static int raise_created(sqlite3 *db, SyncState *s)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(
                        db, "SELECT max(source_created_at) FROM sessions");
        const char *text;
        uint64_t newest;
        int r = sqlite_step(stmt);

        if (r <= 0)
                return r;
        text = (const char *) sqlite3_column_text(stmt, 0);
        if (text && parse_timestamp(text, &newest) >= 0 && newest > s->last_session_created_at_usec)
                s->last_session_created_at_usec = newest;
        return 0;
}

static int export_all(sqlite3 *db, SyncState *s)
{
        uint64_t version;
        int r;

        if ((r = get_meta_count(db, "sync_version", &version)) < 0 ||
            (r = get_meta_count(db, "total_synced", &s->total_synced)) < 0 ||
            (r = get_meta_count(db, "total_masked", &s->total_masked)) < 0 ||
            (r = get_meta_time(db, "last_synced_at", &s->last_synced_at_usec)) < 0 ||
            (r = get_meta_time(db, "last_session_created_at", &s->last_session_created_at_usec)) <
                            0 ||
            (r = raise_created(db, s)) < 0)
                return r;
        s->version = version > 0 ? (int64_t) version : SYNC_VERSION;
        return export_cursors(db, s);
}

int sync_state_export(sqlite3 *archive, SyncState *ret)
{
        _cleanup_(sync_state_done) SyncState s;
        int r;

        sync_state_init(&s);
        /* one read transaction, so that totals and cursors are of the same moment */
        r = sqlite_run(archive, "BEGIN");
        if (r < 0)
                return r;
        r = export_all(archive, &s);
        (void) sqlite_run(archive, "COMMIT");
        if (r < 0)
                return r;
        *ret = s;
        s = (SyncState){ 0 };
        return 0;
}

static int set_meta_count(sqlite3 *db, const char *key, uint64_t n)
{
        return sqlite_runf(db,
                           "INSERT OR REPLACE INTO meta (key, value) VALUES ('%s', %" PRIu64 ")",
                           key, n);
}

/* Sets a time that never goes back. */
static int raise_meta_time(sqlite3 *db, const char *key, uint64_t usec)
{
        char buffer[TIMESTAMP_MAX];
        uint64_t present;
        int r;

        r = get_meta_time(db, key, &present);
        if (r < 0 || usec <= present)
                return r;
        return sqlite_runf(db, "INSERT OR REPLACE INTO meta (key, value) VALUES ('%s', '%s')", key,
                           format_timestamp(buffer, usec));
}

/* Cursor columns: policy stays as it is, and is 0 (counts for nothing: mask again) for a session without a cursor;
 * fingerprint 0 matches no session row, so the next cycle looks. */
#define TAKE_CURSOR                                                                       \
        "INSERT INTO cursors (session_id, fingerprint, policy, last_ordinal, file_hash) " \
        "SELECT id, 0, 0, ?2, ?3 FROM sessions WHERE id = ?1 "                            \
        "ON CONFLICT (session_id) DO UPDATE SET "                                         \
        "last_ordinal = excluded.last_ordinal, file_hash = excluded.file_hash, "          \
        "fingerprint = CASE WHEN last_ordinal IS excluded.last_ordinal AND "              \
        "coalesce(file_hash, '') = excluded.file_hash THEN fingerprint ELSE 0 END"

static int import_cursors(const SyncState *s, sqlite3 *db, SyncImport *result)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(db, TAKE_CURSOR);
        int r;

        for (size_t i = 0; i < s->n_sessions; i++) {
                const SyncCursor *c = s->sessions + i;

                (void) sqlite_bind_text(stmt, 1, c->session_id, strlen(c->session_id));
                (void) sqlite3_bind_int64(stmt, 2, c->last_ordinal);
                (void) sqlite_bind_text(stmt, 3, c->file_hash, strlen(c->file_hash));
                r = sqlite_execute(stmt);
                if (r < 0)
                        return r;
                if (sqlite3_changes(db) > 0)
                        result->n_taken++;
                else
                        result->n_unknown++;
        }
        return 0;
}

static int import_all(const SyncState *s, sqlite3 *db, SyncImport *result)
{
        int r;

        if ((r = set_meta_count(db, "total_synced", s->total_synced)) < 0 ||
            (r = set_meta_count(db, "total_masked", s->total_masked)) < 0 ||
            (r = raise_meta_time(db, "last_synced_at", s->last_synced_at_usec)) < 0 ||
            (r = raise_meta_time(db, "last_session_created_at", s->last_session_created_at_usec)) <
                            0)
                return r;
        result->outdated = s->version < SYNC_VERSION;
        if (result->outdated)
                return 0;
        /* the next cycle must not look at the newest sessions only */
        r = sqlite_run(db,
                       "DELETE FROM meta WHERE key IN ('source_marker', 'n_cursors', 'verified')");
        return r < 0 ? r : import_cursors(s, db, result);
}

int sync_state_import(const SyncState *s, sqlite3 *archive, SyncImport *ret)
{
        SyncImport result = { 0 };
        int r;

        if (s->version > SYNC_VERSION)
                return -EPROTONOSUPPORT;
        r = sqlite_run(archive, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;
        r = import_all(s, archive, &result);
        if (r >= 0)
                r = sqlite_run(archive, "COMMIT");
        if (r < 0) {
                (void) sqlite_run(archive, "ROLLBACK");
                return r;
        }
        *ret = result;
        return 0;
}
