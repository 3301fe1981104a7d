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

/* -1: it is not there. */
static int64_t ordinal_of(const SyncState *s, const char *id)
{
        for (size_t i = 0; i < s->n_sessions; i++)
                if (strcmp(s->sessions[i].session_id, id) == 0)
                        return s->sessions[i].last_ordinal;
        return -1;
}

TEST(a_session_is_there_once)
{
        _cleanup_(sync_state_done) SyncState s;

        sync_state_init(&s);
        CHECK_INT(s.version, 3);
        sync_state_put(&s, "a", "h1", 7);
        CHECK_INT(ordinal_of(&s, "a"), 7);
        CHECK_STR(s.sessions[0].file_hash, "h1");
        sync_state_put(&s, "a", NULL, 2);
        CHECK_INT(s.n_sessions, 1);
        CHECK_INT(ordinal_of(&s, "a"), 2);
        CHECK_STR(s.sessions[0].file_hash, "");
}

TEST(sessions_are_found_whatever_the_order_they_came_in)
{
        _cleanup_(sync_state_done) SyncState s;
        char id[16];

        sync_state_init(&s);
        for (int i = 0; i < 1000; i++) {
                (void) snprintf(id, sizeof(id), "s%d", i * 7919 % 1000);
                sync_state_put(&s, id, "h", i * 7919 % 1000);
        }
        CHECK_INT(s.n_sessions, 1000);
        for (int i = 0; i < 1000; i++) {
                (void) snprintf(id, sizeof(id), "s%d", i);
                CHECK_INT(ordinal_of(&s, id), i);
                if (i > 0)
                        CHECK(strcmp(s.sessions[i - 1].session_id, s.sessions[i].session_id) < 0);
        }
}

TEST(an_older_version_is_read)
{
        _cleanup_(sync_state_done) SyncState s = parsed(
                        "{\"version\": 2, \"sessions\": {\"a\": {\"file_hash\": \"h\", "
                        "\"last_ordinal\": 4}}, \"total_synced\": 11, \"total_masked\": 12, "
                        "\"last_synced_at\": \"2026-01-02T03:04:05.678Z\"}");

        CHECK_INT(s.version, 2);
        CHECK_INT(ordinal_of(&s, "a"), 4);
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

        CHECK_INT(s.version, 0);
        CHECK_INT(s.n_sessions, 0);
        CHECK_INT(never.version, SYNC_VERSION);
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
                { "{\"sessions\": {\"a\xf5\x80\x80\x80z\": {}}}", "not UTF-8" },
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

TEST(a_written_ledger_is_read_back)
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

        sync_state_put(&s, "b \"quoted\"\n", "h1", 3);
        sync_state_put(&s, "a/b", NULL, -1);
        s.last_session_created_at_usec = 1767323045678000;
        s.total_synced = 5;
        s.total_masked = UINT32_MAX + (uint64_t) 1;
        s.last_synced_at_usec = 1767323046000000;
        CHECK_INT(sync_state_save(&s, path), 0);
        CHECK_INT(stat(path, &st), 0);
        CHECK_INT(st.st_mode & 0777, 0600);
        CHECK_INT(sync_state_load(path, &again, &error), 0);
        CHECK_INT(again.n_sessions, 2);
        CHECK_INT(ordinal_of(&again, "b \"quoted\"\n"), 3);
        CHECK_INT(ordinal_of(&again, "a/b"), -1);
        CHECK_STR(again.sessions[0].file_hash, "");
        CHECK_STR(again.sessions[1].file_hash, "h1");
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
