/* sync state: the operations on the JSON form */
#include <sys/stat.h>

#include "archive/sync-state.h"
#include "base/file-util.h"
#include "base/time-util.h"
#include "test.h"

static SyncState parsed(const char *json)
{
        _cleanup_free_ char *error = NULL;
        SyncState s = { 0 };

        if (sync_state_parse(json, strlen(json), "state.json", &s, &error) < 0)
                fprintf(stderr, "%s\n", error);
        return s;
}

TEST(an_unknown_session_has_no_ordinal_and_is_changed)
{
        _cleanup_(sync_state_done) SyncState s;

        sync_state_init(&s);
        CHECK_INT(s.version, 3);
        CHECK_INT(sync_state_last_ordinal(&s, "a"), -1);
        CHECK(sync_state_is_changed(&s, "a", ""));
        CHECK(sync_state_is_changed(&s, "a", NULL));
        CHECK(!sync_state_needs_full_resync(&s));
}

TEST(another_hash_means_changed)
{
        _cleanup_(sync_state_done) SyncState s;

        sync_state_init(&s);
        CHECK_INT(sync_state_mark_synced(&s, "a", "h1", 7, 0), 0);
        CHECK_INT(sync_state_last_ordinal(&s, "a"), 7);
        CHECK(!sync_state_is_changed(&s, "a", "h1"));
        CHECK(sync_state_is_changed(&s, "a", "h2"));
        CHECK(sync_state_is_changed(&s, "a", NULL));
        CHECK_INT(sync_state_mark_synced(&s, "a", NULL, 2, 0), 0);
        CHECK_INT(sync_state_last_ordinal(&s, "a"), 2);
        CHECK(!sync_state_is_changed(&s, "a", ""));
}

TEST(last_session_created_at_never_goes_back)
{
        _cleanup_(sync_state_done) SyncState s;

        sync_state_init(&s);
        CHECK_INT(sync_state_mark_synced(&s, "a", "h", 0, 50), 0);
        CHECK_INT(s.last_session_created_at_usec, 50);
        CHECK_INT(sync_state_mark_synced(&s, "b", "h", 0, 40), 0);
        CHECK_INT(s.last_session_created_at_usec, 50);
        CHECK_INT(sync_state_mark_synced(&s, "c", "h", 0, 60), 0);
        CHECK_INT(s.last_session_created_at_usec, 60);
        CHECK_INT(sync_state_mark_synced(&s, "d", "h", 0, 0), 0);
        CHECK_INT(s.last_session_created_at_usec, 60);
}

TEST(sessions_are_found_whatever_the_order_they_came_in)
{
        _cleanup_(sync_state_done) SyncState s;
        char id[16];

        sync_state_init(&s);
        for (int i = 0; i < 1000; i++) {
                (void) snprintf(id, sizeof(id), "s%d", i * 7919 % 1000);
                CHECK_INT(sync_state_mark_synced(&s, id, "h", i * 7919 % 1000, 0), 0);
        }
        CHECK_INT(s.n_sessions, 1000);
        for (int i = 0; i < 1000; i++) {
                (void) snprintf(id, sizeof(id), "s%d", i);
                CHECK_INT(sync_state_last_ordinal(&s, id), i);
                if (i > 0)
                        CHECK(strcmp(s.sessions[i - 1].session_id, s.sessions[i].session_id) < 0);
        }
}

TEST(an_older_version_needs_a_full_resync)
{
        _cleanup_(sync_state_done) SyncState s = parsed(
                        "{\"version\": 2, \"sessions\": {\"a\": {\"file_hash\": \"h\", "
                        "\"last_ordinal\": 4}}, \"total_synced\": 11, \"total_masked\": 12, "
                        "\"last_synced_at\": \"2026-01-02T03:04:05.678Z\"}");

        CHECK(sync_state_needs_full_resync(&s));
        CHECK_INT(sync_state_last_ordinal(&s, "a"), 4);
        sync_state_reset_for_resync(&s);
        CHECK(!sync_state_needs_full_resync(&s));
        CHECK_INT(s.version, SYNC_VERSION);
        CHECK_INT(s.n_sessions, 0);
        CHECK_INT(sync_state_last_ordinal(&s, "a"), -1);
        CHECK_INT(s.total_synced, 11);
        CHECK_INT(s.total_masked, 12);
        CHECK(s.last_synced_at_usec > 0);
}

TEST(missing_keys_are_empty_and_a_missing_version_is_old)
{
        _cleanup_(sync_state_done) SyncState s = parsed("{}");
        _cleanup_(sync_state_done) SyncState never = parsed(
                        "{\"version\": 3, \"sessions\": null, \"last_synced_at\": null, "
                        "\"last_session_created_at\": \"0001-01-01T00:00:00Z\", \"more\": [1]}");

        CHECK(sync_state_needs_full_resync(&s));
        CHECK_INT(s.n_sessions, 0);
        CHECK(!sync_state_needs_full_resync(&never));
        CHECK_INT(never.last_session_created_at_usec, 0);
}

TEST(broken_json_is_an_error_that_says_where)
{
        static const struct {
                const char *json, *says;
        } cases[] = {
                { "", "line 1" },
                { "{\n\"version\": 3,\n", "line 3" },
                { "{\"version\": 3} x", "line 1" },
                { "[]", "not an object" },
                { "3", "not an object" },
                { "{\"version\": \"3\"}", "\"version\"" },
                { "{\"version\": -1}", "\"version\"" },
                { "{\"total_synced\": 1.5}", "\"total_synced\"" },
                { "{\"sessions\": []}", "\"sessions\"" },
                { "{\"sessions\": {\"a\": 3}}", "\"sessions\"" },
                { "{\"sessions\": {\"a\": {\"last_ordinal\": \"x\"}}}", "\"sessions\"" },
                { "{\"last_synced_at\": \"yesterday\"}", "\"last_synced_at\"" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *error = NULL;
                SyncState s = { .version = 77 };

                CHECK_INT(sync_state_parse(cases[i].json, strlen(cases[i].json), "x.json", &s,
                                           &error),
                          -EBADMSG);
                REQUIRE(error);
                CHECK(strstr(error, "x.json"));
                CHECK(strstr(error, cases[i].says));
                CHECK_INT(s.version, 77);
        }
}

TEST(what_is_written_is_read_again)
{
        char folder[] = "/tmp/scrubjay-test-XXXXXX";
        _cleanup_(sync_state_done) SyncState s, again = { 0 };
        _cleanup_free_ char *path = NULL, *error = NULL;
        struct stat st;

        REQUIRE(mkdtemp(folder));
        REQUIRE((path = path_join(folder, "state.json")) != NULL);
        sync_state_init(&s);
        CHECK_INT(sync_state_load(path, &again, &error), 0);
        CHECK_INT(again.n_sessions, 0);
        CHECK_INT(again.version, SYNC_VERSION);

        CHECK_INT(sync_state_mark_synced(&s, "b \"quoted\"\n", "h1", 3, 1767323045678000), 0);
        CHECK_INT(sync_state_mark_synced(&s, "a/b", NULL, -1, 0), 0);
        s.total_synced = 5;
        s.total_masked = UINT32_MAX + (uint64_t) 1;
        s.last_synced_at_usec = 1767323046000000;
        CHECK_INT(sync_state_save(&s, path), 0);
        CHECK_INT(stat(path, &st), 0);
        CHECK_INT(st.st_mode & 0777, 0600);
        CHECK_INT(sync_state_load(path, &again, &error), 0);
        CHECK_INT(again.n_sessions, 2);
        CHECK_INT(sync_state_last_ordinal(&again, "b \"quoted\"\n"), 3);
        CHECK(!sync_state_is_changed(&again, "b \"quoted\"\n", "h1"));
        CHECK(!sync_state_is_changed(&again, "a/b", ""));
        CHECK_INT(again.total_synced, 5);
        CHECK_INT(again.total_masked, UINT32_MAX + (uint64_t) 1);
        CHECK_INT(again.last_synced_at_usec, s.last_synced_at_usec);
        CHECK_INT(again.last_session_created_at_usec, s.last_session_created_at_usec);
        (void) unlink(path);
        (void) rmdir(folder);
}

TEST(a_broken_file_is_kept)
{
        char folder[] = "/tmp/scrubjay-test-XXXXXX";
        _cleanup_free_ char *path = NULL, *error = NULL, *text = NULL;
        SyncState s = { 0 };
        size_t size;

        REQUIRE(mkdtemp(folder));
        REQUIRE((path = path_join(folder, "state.json")) != NULL);
        REQUIRE(file_write_atomic(path, 0600, "{\"vers", 6) == 0);
        CHECK_INT(sync_state_load(path, &s, &error), -EBADMSG);
        REQUIRE(error);
        CHECK(strstr(error, path));
        CHECK_INT(file_read(path, 100, &text, &size), 0);
        CHECK_STR(text, "{\"vers");
        (void) unlink(path);
        (void) rmdir(folder);
}
