/* sync state: export from the archive and import into it */
#include "archive-fixture.h"
#include "archive/sync-state.h"
#include "base/time-util.h"

static const char sample[] =
                "INSERT INTO meta (key, value) VALUES ('policy', 77), ('total_synced', 9), ('total_masked', 5),"
                " ('last_synced_at', '2026-03-01T10:00:00.000Z'),"
                " ('last_session_created_at', '2026-02-01T00:00:00.000Z'), ('sync_version', 3),"
                " ('source_marker', '2026-03-01T09:00:00.000Z'), ('verified', '77 9 files');"
                "INSERT INTO sessions (id, change_seq) VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4);"
                "INSERT INTO cursors (session_id, source_rowid, fingerprint, policy, last_ordinal, file_hash)"
                " VALUES ('a', 5, 1001, 77, 4, 'h1'), ('b', 6, 1002, 76, 1, 'h2'), ('d', 7, 1003, 77, 0, NULL);";

static int64_t number(sqlite3 *db, const char *sql)
{
        int64_t n = -99;

        CHECK_INT(sqlite_query_int(db, sql, &n), 1);
        return n;
}

static SyncState parsed(const char *json)
{
        SyncState s = { 0 };

        REQUIRE(sync_state_parse(json, strlen(json), "test", &s, NULL) == 0);
        return s;
}

TEST(export_has_the_cursors_that_count)
{
        _cleanup_(sync_state_done) SyncState s = { 0 };
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(sync_state_export(f.db, &s) == 0);
        CHECK_INT(s.version, SYNC_VERSION);
        CHECK_INT(s.n_sessions, 2); /* b was masked with other rules, c has no cursor */
        CHECK_STR(s.sessions[0].session_id, "a");
        CHECK_INT(s.sessions[0].last_ordinal, 4);
        CHECK_STR(s.sessions[0].file_hash, "h1");
        CHECK_INT(s.total_synced, 9);
        CHECK_INT(s.total_masked, 5);
        CHECK(s.last_synced_at_usec > s.last_session_created_at_usec);
        CHECK(s.last_session_created_at_usec > 0);
        fixture_done(&f);
}

TEST(the_newest_session_counts_as_created)
{
        _cleanup_(sync_state_done) SyncState s = { 0 };
        uint64_t newest = 0;
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(sqlite_run(f.db,
                           "UPDATE sessions SET source_created_at = '2026-02-05T00:00:00.000Z' "
                           "WHERE id = 'b'") == 0);
        REQUIRE(sync_state_export(f.db, &s) == 0);
        REQUIRE(parse_timestamp("2026-02-05T00:00:00Z", &newest) == 0);
        CHECK_INT(s.last_session_created_at_usec, newest);
        fixture_done(&f);
}

TEST(an_export_imported_again_changes_nothing)
{
        _cleanup_(sync_state_done) SyncState s = { 0 };
        SyncImport result = { 0 };
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(sync_state_export(f.db, &s) == 0);
        REQUIRE(sync_state_import(&s, f.db, &result) == 0);
        CHECK_INT(result.n_taken, 2);
        CHECK_INT(result.n_unknown, 0);
        CHECK_INT(number(f.db, "SELECT fingerprint FROM cursors WHERE session_id = 'd'"), 1003);
        CHECK_INT(number(f.db, "SELECT fingerprint FROM cursors WHERE session_id = 'a'"), 1001);
        CHECK_INT(number(f.db, "SELECT policy FROM cursors WHERE session_id = 'a'"), 77);
        CHECK_INT(number(f.db, "SELECT count(*) FROM cursors"), 3);
        fixture_done(&f);
}

TEST(import_takes_cursors_of_archived_sessions)
{
        _cleanup_(sync_state_done) SyncState s = parsed(
                        "{\"version\": 3, \"total_synced\": 100, \"total_masked\": 200, "
                        "\"last_session_created_at\": \"2026-01-01T00:00:00Z\", "
                        "\"last_synced_at\": \"2026-04-01T00:00:00Z\", \"sessions\": {"
                        "\"a\": {\"file_hash\": \"other\", \"last_ordinal\": 9}, "
                        "\"b\": {\"file_hash\": \"h2\", \"last_ordinal\": 1}, "
                        "\"c\": {\"file_hash\": \"h3\", \"last_ordinal\": 3}, "
                        "\"gone\": {\"file_hash\": \"h4\", \"last_ordinal\": 4}}}");
        _cleanup_(sync_state_done) SyncState after = { 0 };
        SyncImport result = { 0 };
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(sync_state_import(&s, f.db, &result) == 0);
        CHECK_INT(result.n_taken, 3);
        CHECK_INT(result.n_unknown, 1);
        CHECK(!result.outdated);

        /* a differs: compared again. b agrees: stays as it is, to be masked again. */
        CHECK_INT(number(f.db, "SELECT fingerprint FROM cursors WHERE session_id = 'a'"), 0);
        CHECK_INT(number(f.db, "SELECT policy FROM cursors WHERE session_id = 'a'"), 77);
        CHECK_INT(number(f.db, "SELECT source_rowid FROM cursors WHERE session_id = 'a'"), 5);
        CHECK_INT(number(f.db, "SELECT fingerprint FROM cursors WHERE session_id = 'b'"), 1002);
        CHECK_INT(number(f.db, "SELECT policy FROM cursors WHERE session_id = 'b'"), 76);
        /* nobody knows what masked c: its cursor is ignored until the next cycle */
        CHECK_INT(number(f.db, "SELECT policy FROM cursors WHERE session_id = 'c'"), 0);
        CHECK_INT(number(f.db, "SELECT count(*) FROM cursors WHERE session_id = 'gone'"), 0);

        /* the next cycle compares all sessions, not only the newest or none */
        CHECK_INT(number(f.db,
                         "SELECT count(*) FROM meta WHERE key IN ('source_marker', 'verified')"),
                  0);

        REQUIRE(sync_state_export(f.db, &after) == 0);
        CHECK_INT(after.total_synced, 100);
        CHECK_INT(after.total_masked, 200);
        CHECK_INT(after.last_synced_at_usec, s.last_synced_at_usec);
        CHECK(after.last_session_created_at_usec > s.last_session_created_at_usec);
        CHECK_STR(after.sessions[0].session_id, "a");
        CHECK_INT(after.sessions[0].last_ordinal, 9);
        fixture_done(&f);
}

TEST(an_older_state_gives_its_totals_only)
{
        _cleanup_(sync_state_done) SyncState s = parsed(
                        "{\"version\": 2, \"total_synced\": 100, \"sessions\": "
                        "{\"a\": {\"file_hash\": \"other\", \"last_ordinal\": 9}}}");
        SyncImport result = { 0 };
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(sync_state_import(&s, f.db, &result) == 0);
        CHECK(result.outdated);
        CHECK_INT(result.n_taken, 0);
        CHECK_INT(number(f.db, "SELECT last_ordinal FROM cursors WHERE session_id = 'a'"), 4);
        CHECK_INT(number(f.db, "SELECT value FROM meta WHERE key = 'total_synced'"), 100);
        fixture_done(&f);
}

TEST(a_newer_state_is_refused)
{
        _cleanup_(sync_state_done) SyncState s = parsed("{\"version\": 4, \"total_synced\": 100}");
        SyncImport result = { 0 };
        Fixture f;

        fixture_make(&f, sample);
        CHECK_INT(sync_state_import(&s, f.db, &result), -EPROTONOSUPPORT);
        CHECK_INT(number(f.db, "SELECT value FROM meta WHERE key = 'total_synced'"), 9);
        fixture_done(&f);
}
