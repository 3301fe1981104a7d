/* search index: built, updated, and emptied of what is gone */
#include "archive/search-index.h"

#include "archive-fixture.h"

static const char sample[] =
                "INSERT INTO meta (key, value) VALUES ('policy', 77), ('change_seq', 3);"
                "INSERT INTO sessions (id, project, display_name, agent_type, started_at, change_seq) VALUES"
                " ('a', 'web', 'Harbour lights', 'claude', '2026-01-01T00:00:00.000Z', 1),"
                " ('b', 'tools', NULL, 'codex', '2026-01-02T00:00:00.000Z', 3);"
                "INSERT INTO messages (session_id, ordinal, role, content, thinking_text, fingerprint, "
                "change_seq) VALUES"
                " ('a', 0, 'user', 'The quick zebra, at the café', NULL, 1, 1),"
                " ('a', 1, 'assistant', 'Nothing here', 'pondering deeply', 2, 1),"
                " ('b', 0, 'user', 'another zebra', NULL, 3, 3);"
                "INSERT INTO tool_calls (session_id, message_ordinal, call_index, tool_name, input_json) VALUES"
                " ('a', 1, 0, 'Bash', '{\"command\":\"first\\nlistfiles --all\"}'),"
                " ('a', 1, 1, 'Odd', 'no json');"
                "INSERT INTO tool_result_events (session_id, message_ordinal, call_index, event_index, "
                "content) VALUES ('a', 1, 0, 0, 'directory contents');";

static char found[512];

static int on_hit(void *userdata, const SearchHit *hit)
{
        size_t n = strlen(found);

        (void) snprintf(found + n, sizeof(found) - n, "%s%s:%d", n > 0 ? " " : "", hit->session_id,
                        (int) hit->ordinal);
        if (userdata)
                *(char **) userdata = strdup(hit->snippet);
        return 0;
}

/* Updates, searches, and returns the places that were found. */
static const char *find(Fixture *f, SearchFilter filter)
{
        _cleanup_(search_index_closep) SearchIndex *x = NULL;
        _cleanup_free_ char *error = NULL;

        found[0] = 0;
        REQUIRE(search_index_open(f->path, &x, &error) == 0);
        CHECK_INT(search_index_update(x, NULL, NULL), 0);
        CHECK_INT(search_index_find(x, &filter, on_hit, NULL), 0);
        return found;
}

static const char *find_text(Fixture *f, const char *text)
{
        return find(f, (SearchFilter){ .text = text });
}

static char *index_path(Fixture *f)
{
        char *path = path_join(f->folder, "search.db");

        REQUIRE(path);
        return path;
}

static void search_done(Fixture *f)
{
        _cleanup_free_ char *path = index_path(f);

        (void) unlink(path);
        fixture_done(f);
}

TEST(words_are_found_wherever_they_stand)
{
        Fixture f;

        fixture_make(&f, sample);
        CHECK_STR(find_text(&f, "zebra"), "b:0 a:0");
        CHECK_STR(find_text(&f, "ZEBRA quick"), "a:0");
        CHECK_STR(find_text(&f, "cafe"), "a:0");
        CHECK_STR(find_text(&f, "pondering"), "a:1");
        CHECK_STR(find_text(&f, "listfiles"), "a:1"); /* after an escaped line break */
        CHECK_STR(find_text(&f, "directory"), "a:1");
        CHECK_STR(find_text(&f, "json"), "a:1");
        CHECK_STR(find_text(&f, "harbour"), "a:-1");
        CHECK_STR(find_text(&f, "\"quick zebra\""), "a:0");
        CHECK_STR(find_text(&f, "\"zebra quick\""), "");
        CHECK_STR(find_text(&f, "zeb*"), "b:0 a:0");
        CHECK_STR(find_text(&f, "zeb"), "");
        CHECK_STR(find_text(&f, "quick OR another"), ""); /* words, not operators */
        CHECK_STR(find(&f, (SearchFilter){ .text = "zebra", .project = "w*" }), "a:0");
        CHECK_STR(find(&f, (SearchFilter){ .text = "zebra", .session_id = "b" }), "b:0");
        CHECK_STR(find(&f, (SearchFilter){ .text = "zebra", .limit = 1 }), "b:0");
        search_done(&f);
}

TEST(snippets_mark_what_matched)
{
        _cleanup_(search_index_closep) SearchIndex *x = NULL;
        _cleanup_free_ char *snippet = NULL;
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(search_index_open(f.path, &x, NULL) == 0);
        REQUIRE(search_index_update(x, NULL, NULL) == 0);
        CHECK_INT(search_index_find(x, &(SearchFilter){ .text = "CAFE" }, on_hit, &snippet), 0);
        REQUIRE(snippet);
        CHECK(strstr(snippet, "at the \001café\002"));
        CHECK_INT(search_index_find(x, &(SearchFilter){ .text = " *( \"" }, on_hit, NULL), -EINVAL);
        x = search_index_close(x);
        search_done(&f);
}

TEST(scripts_without_spaces_are_searched_too)
{
        _cleanup_(search_index_closep) SearchIndex *x = NULL;
        _cleanup_free_ char *snippet = NULL;
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(sqlite_run(f.db, "UPDATE messages SET content = '请修复这个问题 in main.c' WHERE "
                                 "session_id = 'b';"
                                 "UPDATE messages SET content = '日本語のテスト' WHERE "
                                 "session_id = 'a' AND ordinal = 1") == 0);
        CHECK_STR(find_text(&f, "修复"), "b:0");
        CHECK_STR(find_text(&f, "问题 main"), "b:0");
        CHECK_STR(find_text(&f, "复修"), ""); /* a phrase, not two characters anywhere */
        CHECK_STR(find_text(&f, "テスト"), "a:1");
        CHECK_STR(find_text(&f, "zebra"), "a:0");
        REQUIRE(search_index_open(f.path, &x, NULL) == 0);
        CHECK_INT(search_index_find(x, &(SearchFilter){ .text = "修复" }, on_hit, &snippet), 0);
        REQUIRE(snippet);
        CHECK(strstr(snippet, "请\001修复\002这个问题 in main.c"));
        x = search_index_close(x);
        search_done(&f);
}

TEST(many_hits_come_chunk_by_chunk)
{
        _cleanup_(search_index_closep) SearchIndex *x = NULL;
        uint64_t n = 0;
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(sqlite_run(f.db,
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
                           "i < 200) INSERT INTO messages (session_id, ordinal, content, "
                           "fingerprint, change_seq) SELECT 'b', i, 'walrus', 0, 3 FROM n") == 0);
        found[0] = 0;
        REQUIRE(search_index_open(f.path, &x, NULL) == 0);
        REQUIRE(search_index_update(x, NULL, NULL) == 0);
        CHECK_INT(search_index_find(x, &(SearchFilter){ .text = "walrus" }, on_hit, NULL), 0);
        for (const char *p = found; (p = strstr(p, "b:")) != NULL; p++)
                n++;
        CHECK(n > 64); /* what fits in the buffer */
        CHECK(strncmp(found, "b:200 b:199 ", 12) == 0);
        x = search_index_close(x);
        search_done(&f);
}

TEST(changes_are_taken_in)
{
        Fixture f;

        fixture_make(&f, sample);
        CHECK_STR(find_text(&f, "zebra"), "b:0 a:0");
        REQUIRE(sqlite_run(f.db, "UPDATE messages SET content = 'an okapi', change_seq = 4 WHERE "
                                 "session_id = 'a' AND ordinal = 0;"
                                 "INSERT INTO messages (session_id, ordinal, content, fingerprint, "
                                 "change_seq) VALUES ('a', 2, 'third zebra', 5, 4);"
                                 "UPDATE sessions SET change_seq = 4 WHERE id = 'a';"
                                 "UPDATE meta SET value = 4 WHERE key = 'change_seq'") == 0);
        CHECK_STR(find_text(&f, "zebra"), "b:0 a:2"); /* what is new is ordered by its time */
        CHECK_STR(find_text(&f, "okapi"), "a:0");
        CHECK_STR(find_text(&f, "pondering"), "a:1");
        CHECK_STR(find_text(&f, "harbour"), "a:-1");

        /* truncated: rows vanish */
        REQUIRE(sqlite_run(f.db,
                           "DELETE FROM messages WHERE session_id = 'a' AND ordinal > 0;"
                           "UPDATE sessions SET change_seq = 5, shrunk_seq = 5 WHERE id = 'a';"
                           "UPDATE meta SET value = 5 WHERE key = 'change_seq'") == 0);
        CHECK_STR(find_text(&f, "zebra"), "b:0");
        CHECK_STR(find_text(&f, "okapi"), "a:0");
        search_done(&f);
}

/* An older conversation that arrives later is still older: hits and limits follow the messages' times. */
TEST(hits_go_by_the_time_of_the_message)
{
        Fixture f;

        fixture_make(&f, sample);
        CHECK_STR(find_text(&f, "zebra"), "b:0 a:0");
        REQUIRE(sqlite_run(f.db,
                           "INSERT INTO sessions (id, project, agent_type, started_at, change_seq) VALUES "
                           "('old', 'web', 'claude', '2025-06-01T00:00:00.000Z', 4);"
                           "INSERT INTO messages (session_id, ordinal, role, content, timestamp, "
                           "fingerprint, change_seq) VALUES "
                           "('old', 0, 'user', 'an old zebra', '2025-06-01T00:00:00.000Z', 1, 4), "
                           "('old', 1, 'user', 'a late zebra', '2026-01-01T12:00:00.000Z', 1, 4), "
                           "('old', 2, 'user', 'same zebra', '2026-01-01T12:00:00.000Z', 1, 4), "
                           "('old', 3, 'user', 'no time zebra', 'yesterday', 1, 4);"
                           "UPDATE meta SET value = 4 WHERE key = 'change_seq'") == 0);
        CHECK_STR(find_text(&f, "zebra"), "b:0 old:2 old:1 a:0 old:0 old:3");
        CHECK_STR(find(&f, (SearchFilter){ .text = "zebra", .limit = 2 }), "b:0 old:2");
        CHECK_STR(find(&f,
                       (SearchFilter){ .text = "zebra", .since_usec = UINT64_C(1767225600000000) }),
                  "b:0 old:2 old:1 a:0"); /* 2026-01-01T00:00:00Z */
        CHECK_STR(find(&f,
                       (SearchFilter){ .text = "zebra", .until_usec = UINT64_C(1767225600000000) }),
                  "old:0 old:3");
        search_done(&f);
}

TEST(hits_are_of_a_part_an_agent_a_role)
{
        Fixture f;

        fixture_make(&f, sample);
        CHECK_STR(find(&f, (SearchFilter){ .text = "pondering", .part = SEARCH_IN_THINKING }),
                  "a:1");
        CHECK_STR(find(&f, (SearchFilter){ .text = "pondering deeply", .part = SEARCH_IN_TEXT }),
                  "");
        CHECK_STR(find(&f, (SearchFilter){ .text = "listfiles directory", .part = SEARCH_IN_TOOL }),
                  "a:1");
        CHECK_STR(find(&f, (SearchFilter){ .text = "nothing directory", .part = SEARCH_IN_TOOL }),
                  "");
        CHECK_STR(find(&f, (SearchFilter){ .text = "harbour", .part = SEARCH_IN_TEXT }), "a:-1");
        CHECK_STR(find(&f, (SearchFilter){ .text = "zebra", .agent = "cod*" }), "b:0");
        CHECK_STR(find(&f, (SearchFilter){ .text = "nothing", .role = "user" }), "");
        CHECK_STR(find(&f, (SearchFilter){ .text = "nothing", .role = "assistant" }), "a:1");
        search_done(&f);
}

static bool index_holds(Fixture *f, const char *word)
{
        _cleanup_free_ char *path = index_path(f), *bytes = NULL;
        size_t size;

        REQUIRE(file_read(path, 1 << 24, &bytes, &size) == 0);
        return memmem(bytes, size, word, strlen(word)) != NULL;
}

TEST(no_word_outlives_its_text)
{
        Fixture f;

        fixture_make(&f, sample);
        CHECK_STR(find_text(&f, "pondering"), "a:1");
        CHECK(index_holds(&f, "pondering"));

        /* deleted permanently */
        REQUIRE(sqlite_run(f.db,
                           "DELETE FROM messages WHERE session_id = 'a';"
                           "DELETE FROM sessions WHERE id = 'a';"
                           "INSERT INTO session_deletes (session_id, cause, change_seq) VALUES "
                           "('a', 'deleted', 4);"
                           "UPDATE meta SET value = 4 WHERE key = 'change_seq'") == 0);
        CHECK_STR(find_text(&f, "zebra"), "b:0");
        CHECK(!index_holds(&f, "pondering"));

        /* masked again, with other rules */
        CHECK(index_holds(&f, "another"));
        REQUIRE(sqlite_run(f.db, "UPDATE messages SET content = 'masked zebra', change_seq = 5;"
                                 "UPDATE sessions SET change_seq = 5;"
                                 "UPDATE meta SET value = 5 WHERE key = 'change_seq';"
                                 "UPDATE meta SET value = 78 WHERE key = 'policy'") == 0);
        CHECK_STR(find_text(&f, "masked"), "b:0");
        CHECK(!index_holds(&f, "another"));
        search_done(&f);
}

TEST(a_broken_index_is_rebuilt)
{
        _cleanup_free_ char *path = NULL;
        Fixture f;

        fixture_make(&f, sample);
        path = index_path(&f);
        REQUIRE(file_write_atomic(path, 0600,
                                  "this is no database, but it is longer than a header is: "
                                  "so it is looked at, and refused by SQLite",
                                  97) == 0);
        CHECK_STR(find_text(&f, "okapi"), "");
        CHECK_STR(find_text(&f, "zebra"), "b:0 a:0");
        search_done(&f);
}
