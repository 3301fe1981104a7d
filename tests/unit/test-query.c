/* query: the archive as people see it */
#include "archive/query.h"

#include <sys/stat.h>

#include "archive-fixture.h"
#include "base/time-util.h"

static const char sample[] =
                "INSERT INTO meta (key, value) VALUES ('policy', 77), ('total_synced', 9), ('total_masked', 5),"
                " ('last_synced_at', '2026-03-01T10:00:00.000Z'), ('sync_version', 3);"
                "INSERT INTO sessions (id, project, project_path, agent_type, started_at, ended_at, "
                "message_count, change_seq) VALUES"
                " ('aaa-1', 'web', '/srv/web', 'claude', '2026-01-01T00:00:00.000Z', "
                "'2026-02-20T00:00:00.000Z', 2, 1),"
                " ('aaa-2', 'web', '/srv/web', 'codex', '2026-01-02T00:00:00.000Z', NULL, 1, 2),"
                " ('codex:bbb', 'tools', '/srv/tools', 'codex', '2026-01-03T00:00:00.000Z', NULL, 0, 3);"
                "INSERT INTO cursors (session_id, fingerprint, policy, last_ordinal, file_hash) VALUES"
                " ('aaa-1', 1, 77, 4, 'h1'), ('aaa-2', 2, 76, 1, 'h2'), ('codex:bbb', 3, 77, 0, NULL);"
                "INSERT INTO session_stars (session_id, user_id, created_at) VALUES ('aaa-2', 'me', NULL);"
                "INSERT INTO session_deletes (session_id, cause, change_seq) VALUES ('gone', 'deleted', 4);"
                "INSERT INTO messages (session_id, ordinal, role, content, fingerprint, change_seq) VALUES"
                " ('aaa-1', 0, 'user', 'hello', 1, 1), ('aaa-1', 4, 'assistant', 'ran it', 2, 1);"
                "INSERT INTO tool_calls (session_id, message_ordinal, call_index, tool_name, input_json) VALUES"
                " ('aaa-1', 4, 1, 'Bash', '{}'), ('aaa-1', 4, 0, 'Read', '{}');"
                "INSERT INTO tool_result_events (session_id, message_ordinal, call_index, event_index, "
                "content) VALUES ('aaa-1', 4, 0, 0, 'result');"
                "INSERT INTO findings (session_id, ordinal, field, rule, fingerprint, found_at) VALUES"
                " ('aaa-1', 0, 'content', 'jwt', 11, '2026-02-01T00:00:00.000Z'),"
                " ('aaa-1', 4, 'tool_calls/0/input_json', 'jwt', 11, '2026-02-02T00:00:00.000Z'),"
                " ('codex:bbb', NULL, 'first_message', 'jwt', 12, '2026-02-03T00:00:00.000Z'),"
                " ('aaa-2', 0, 'content', 'aws-access-key', -5, '2026-02-04T00:00:00.000Z');";

typedef struct Seen {
        char text[256];
        unsigned n;
} Seen;

static void seen_add(Seen *seen, const char *word)
{
        size_t n = strlen(seen->text);

        (void) snprintf(seen->text + n, sizeof(seen->text) - n, "%s%s", n > 0 ? " " : "", word);
        seen->n++;
}

static int on_session(void *userdata, const SessionRow *session)
{
        seen_add(userdata, session->values[SESSION_ID].text);
        return 0;
}

static const char *sessions_of(Query *q, SessionFilter filter)
{
        static Seen seen;

        seen = (Seen){ 0 };
        CHECK_INT(query_sessions(q, &filter, on_session, &seen), 0);
        return seen.text;
}

TEST(sessions_are_filtered_and_sorted)
{
        _cleanup_(query_closep) Query *q = NULL;
        uint64_t since;
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(query_open(f.path, &q) == 0);
        CHECK_STR(sessions_of(q, (SessionFilter){ 0 }), "aaa-1 codex:bbb aaa-2");
        CHECK_STR(sessions_of(q, (SessionFilter){ .sort = SORT_STARTED }), "codex:bbb aaa-2 aaa-1");
        CHECK_STR(sessions_of(q, (SessionFilter){ .sort = SORT_MESSAGES }),
                  "aaa-1 aaa-2 codex:bbb");
        CHECK_STR(sessions_of(q, (SessionFilter){ .limit = 1 }), "aaa-1");
        CHECK_STR(sessions_of(q, (SessionFilter){ .project = "web" }), "aaa-1 aaa-2");
        CHECK_STR(sessions_of(q, (SessionFilter){ .project = "*/tools" }), "codex:bbb");
        CHECK_STR(sessions_of(q, (SessionFilter){ .agent = "c*x" }), "codex:bbb aaa-2");
        CHECK_STR(sessions_of(q, (SessionFilter){ .starred = true }), "aaa-2");
        CHECK_STR(sessions_of(q, (SessionFilter){ .project = "none" }), "");
        REQUIRE(parse_timestamp("2026-02-01T00:00:00Z", &since) == 0);
        CHECK_STR(sessions_of(q, (SessionFilter){ .since_usec = since }), "aaa-1");
        q = query_close(q);
        fixture_done(&f);
}

static const char *found(Query *q, const char *prefix)
{
        static Seen seen;
        char *ids[2] = { NULL };
        int n = query_find_sessions(q, prefix, ELEMENTSOF(ids), ids);

        seen = (Seen){ 0 };
        for (int i = 0; i < n; i++) {
                seen_add(&seen, ids[i]);
                free(ids[i]);
        }
        return seen.text;
}

TEST(a_session_is_found_by_its_prefix)
{
        _cleanup_(query_closep) Query *q = NULL;
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(query_open(f.path, &q) == 0);
        CHECK_STR(found(q, "aaa-1"), "aaa-1");
        CHECK_STR(found(q, "aaa"), "aaa-1 aaa-2");
        CHECK_STR(found(q, "bb"), "codex:bbb");
        CHECK_STR(found(q, "codex"), "codex:bbb");
        CHECK_STR(found(q, "zzz"), "");
        CHECK_STR(found(q, "%"), "");
        q = query_close(q);
        fixture_done(&f);
}

static int on_message(void *userdata, const Message *m)
{
        Seen *seen = userdata;
        char text[64];

        (void) snprintf(text, sizeof(text), "%d:%zu:%zu", (int) m->values[MESSAGE_ORDINAL].integer,
                        m->n_calls, m->n_events);
        seen_add(seen, text);
        for (size_t i = 0; i < m->n_calls; i++)
                seen_add(seen, m->calls[i][CALL_TOOL_NAME].text);
        return 0;
}

TEST(messages_come_with_their_calls)
{
        _cleanup_(query_closep) Query *q = NULL;
        Seen seen = { 0 };
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(query_open(f.path, &q) == 0);
        CHECK_INT(query_messages(q, "aaa-1", NULL, on_message, &seen), 0);
        CHECK_STR(seen.text, "0:0:0 4:2:1 Read Bash");
        q = query_close(q);
        fixture_done(&f);
}

static int on_group(void *userdata, const FindingGroupRow *g)
{
        char text[64];

        (void) snprintf(text, sizeof(text), "%s:%" PRIu64 "/%" PRIu64 "/%" PRIu64, g->key,
                        g->n_findings, g->n_secrets, g->n_sessions);
        seen_add(userdata, text);
        return 0;
}

static const char *groups_of(Query *q, FindingGroup group, FindingFilter filter)
{
        static Seen seen;

        seen = (Seen){ 0 };
        CHECK_INT(query_finding_groups(q, &filter, group, on_group, &seen), 0);
        return seen.text;
}

TEST(findings_are_counted_together)
{
        _cleanup_(query_closep) Query *q = NULL;
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(query_open(f.path, &q) == 0);
        CHECK_STR(groups_of(q, GROUP_SECRET, (FindingFilter){ 0 }),
                  "aws-access-key:1/1/1 jwt:1/1/1 jwt:2/1/1");
        CHECK_STR(groups_of(q, GROUP_RULE, (FindingFilter){ 0 }), "aws-access-key:1/1/1 jwt:3/2/2");
        CHECK_STR(groups_of(q, GROUP_PROJECT, (FindingFilter){ 0 }), "web:3/2/2 tools:1/1/1");
        CHECK_STR(groups_of(q, GROUP_SESSION, (FindingFilter){ .rule = "j*" }),
                  "codex:bbb:1/1/1 aaa-1:2/1/1");
        CHECK_STR(groups_of(q, GROUP_DAY, (FindingFilter){ .project = "web", .limit = 1 }),
                  "2026-02-04:1/1/1");
        CHECK_STR(groups_of(q, GROUP_SECRET, (FindingFilter){ .session_id = "aaa-1" }),
                  "jwt:2/1/1");
        q = query_close(q);
        fixture_done(&f);
}

static int on_finding(void *userdata, const FindingRow *finding)
{
        char text[64];

        (void) snprintf(text, sizeof(text), "%s@%d", finding->rule, (int) finding->ordinal);
        seen_add(userdata, text);
        return ((Seen *) userdata)->n == 2 ? 42 : 0;
}

TEST(a_callback_can_end_the_query)
{
        _cleanup_(query_closep) Query *q = NULL;
        Seen seen = { 0 };
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(query_open(f.path, &q) == 0);
        CHECK_INT(query_findings(q, &(FindingFilter){ 0 }, on_finding, &seen), 42);
        CHECK_STR(seen.text, "aws-access-key@0 jwt@-1");
        q = query_close(q);
        fixture_done(&f);
}

TEST(the_summary_counts)
{
        _cleanup_(query_closep) Query *q = NULL;
        ArchiveSummary s;
        uint64_t when;
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(query_open(f.path, &q) == 0);
        REQUIRE(query_summary(q, &s) == 0);
        CHECK_INT(s.n_sessions, 3);
        CHECK_INT(s.n_messages, 2);
        CHECK_INT(s.n_findings, 4);
        CHECK_INT(s.n_secrets, 3);
        CHECK_INT(s.n_starred, 1);
        CHECK_INT(s.n_trashed, 0);
        CHECK_INT(s.n_deleted, 1);
        CHECK_INT(s.n_stale, 1);
        CHECK_INT(s.total_synced, 9);
        CHECK_INT(s.total_masked, 5);
        REQUIRE(parse_timestamp("2026-03-01T10:00:00Z", &when) == 0);
        CHECK_INT(s.last_synced_at_usec, when);
        CHECK(s.n_bytes > 0);
        q = query_close(q);
        fixture_done(&f);
}

TEST(its_size_includes_the_write_ahead_log)
{
        _cleanup_(query_closep) Query *q = NULL;
        ArchiveSummary s;
        sqlite3 *writer;
        struct stat st;
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(sqlite3_open(f.path, &writer) == SQLITE_OK);
        REQUIRE(sqlite3_exec(writer,
                             "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
                             "CREATE TABLE padding AS SELECT zeroblob(1000000) AS data",
                             NULL, NULL, NULL) == SQLITE_OK);
        REQUIRE(stat(f.path, &st) == 0);
        CHECK(st.st_size < 1000000);
        REQUIRE(query_open(f.path, &q) == 0);
        REQUIRE(query_summary(q, &s) == 0);
        CHECK(s.n_bytes > 1000000);
        q = query_close(q);
        (void) sqlite3_close(writer);
        fixture_done(&f);
}

TEST(a_file_that_is_not_an_archive_is_refused)
{
        Query *q = NULL;
        Fixture f;

        fixture_make(&f, "PRAGMA user_version = 99");
        CHECK_INT(query_open("/nonexistent/archive.db", &q), -ENOENT);
        CHECK_INT(query_open(f.path, &q), -EPROTONOSUPPORT);
        REQUIRE(sqlite_run(f.db, "PRAGMA user_version = 1; PRAGMA application_id = 1") == 0);
        CHECK_INT(query_open(f.path, &q), -EMEDIUMTYPE);
        sqlite_close(f.db);
        f.db = NULL;
        REQUIRE(file_write_atomic(f.path, 0600, "", 0) == 0);
        CHECK_INT(query_open(f.path, &q), -ENOENT); /* just being created */
        REQUIRE(file_write_atomic(f.path, 0600,
                                  "not a database, but longer than a header: "
                                  "..................................................",
                                  92) == 0);
        CHECK_INT(query_open(f.path, &q), -EMEDIUMTYPE);
        CHECK(!q);
        fixture_done(&f);
}

TEST(nothing_can_be_written_through_it)
{
        _cleanup_(query_closep) Query *q = NULL;
        Fixture f;

        fixture_make(&f, sample);
        REQUIRE(query_open(f.path, &q) == 0);
        CHECK_INT(sqlite_run(query_database(q), "DELETE FROM sessions"), -EROFS);
        q = query_close(q);
        fixture_done(&f);
}
