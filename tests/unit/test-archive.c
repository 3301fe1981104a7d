/* archive: opening, refusing, transactions, the rows of a session */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "archive-version-1.h"
#include "archive/archive-damage.h"
#include "archive/archive-schema.h"
#include "archive/archive-secrets.h"
#include "archive/archive.h"
#include "archive/query.h"
#include "base/time-util.h"
#include "fixture.h"

static Value text(const char *s)
{
        return value_text(s, strlen(s));
}

static Archive *open_archive(const char *path)
{
        Archive *a = NULL;

        REQUIRE(archive_open(path, &a, NULL) == 0);
        return a;
}

static void put_session(Archive *a, const char *id, const char *project)
{
        Value values[N_SESSION_COLUMNS] = {
                [SESSION_ID] = text(id), [SESSION_PROJECT] = text(project)
        };

        REQUIRE(archive_session_put(a, values, archive_next_change(a), false, false) == 0);
}

static void put_message(Archive *a, const char *id, int64_t ordinal, const char *content,
                        uint64_t fingerprint)
{
        Value call[1][N_CALL_COLUMNS] = { { [CALL_SESSION_ID] = text(id),
                                            [CALL_MESSAGE_ORDINAL] = value_integer(ordinal),
                                            [CALL_CALL_INDEX] = value_integer(0),
                                            [CALL_TOOL_NAME] = text("Bash") } };
        Message m = { .values = { [MESSAGE_SESSION_ID] = text(id),
                                  [MESSAGE_ORDINAL] = value_integer(ordinal),
                                  [MESSAGE_CONTENT] = text(content) },
                      .calls = call,
                      .n_calls = 1,
                      .fingerprint = fingerprint };

        REQUIRE(archive_message_put(a, &m, archive_next_change(a), true) == 0);
}

TEST(a_new_archive_is_private_and_has_its_tables)
{
        _cleanup_free_ char *path = fixture_path("new/deep/archive.db"),
                            *folder = fixture_path("new/deep");
        static const char *const tables[] = { "sessions",     "messages",
                                              "tool_calls",   "tool_result_events",
                                              "git_links",    "session_stars",
                                              "message_pins", "session_deletes",
                                              "findings",     "cursors" };
        struct stat st;
        mode_t mask = umask(0);

        (void) archive_close(open_archive(path));
        (void) umask(mask);
        REQUIRE(stat(path, &st) == 0);
        CHECK_INT(st.st_mode & 0777, 0600);
        REQUIRE(stat(folder, &st) == 0);
        CHECK_INT(st.st_mode & 0777, 0700);
        CHECK_INT(fixture_int(path, "PRAGMA user_version"), ARCHIVE_SCHEMA_VERSION);
        CHECK_INT(fixture_int(path, "PRAGMA application_id"), ARCHIVE_APPLICATION_ID);
        CHECK_INT(fixture_int(path, "PRAGMA page_size"), 8192);
        for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
                char sql[100];

                (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", tables[i]);
                CHECK_INT(fixture_int(path, sql), 0);
        }
        CHECK_INT(fixture_int(path, "SELECT length(value) FROM meta WHERE key = 'archive_id'"), 32);
}

static bool has_wal(const char *path)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;

        REQUIRE(sqlite3_open(path, &db) == SQLITE_OK);
        REQUIRE(sqlite_prepare(db, "PRAGMA journal_mode", &stmt) == 0 && sqlite_step(stmt) > 0);
        return strcmp((const char *) sqlite3_column_text(stmt, 0), "wal") == 0;
}

TEST(a_new_archive_is_filled_without_a_wal)
{
        _cleanup_free_ char *path = fixture_path("filling/archive.db");
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        sqlite3 *reader = NULL;

        REQUIRE(archive_begin(a) == 0);
        put_session(a, "a", "p");
        REQUIRE(archive_commit(a) == 0);
        CHECK(!has_wal(path));
        a = archive_close(a);
        a = open_archive(path);
        CHECK(!has_wal(path)); /* the first sync was not complete: the next one continues it */

        REQUIRE(sqlite3_open(path, &reader) == SQLITE_OK);
        REQUIRE(sqlite_run(reader, "BEGIN; SELECT count(*) FROM sessions") == 0);
        CHECK_INT(archive_end_filling(a), 0);
        CHECK(!has_wal(path)); /* a reader is in the way */
        REQUIRE(sqlite_run(reader, "COMMIT") == 0);
        sqlite_close(reader);
        CHECK_INT(archive_end_filling(a), 0);
        CHECK(has_wal(path));
        a = archive_close(a);
        a = open_archive(path);
        CHECK(has_wal(path));
}

TEST(an_archive_that_remotes_read_has_a_wal_and_an_index_by_change)
{
        _cleanup_free_ char *path = fixture_path("shared/archive.db");
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        static const char by_change[] =
                        "SELECT count(*) FROM sqlite_schema WHERE name = 'sessions_by_change'";

        CHECK_INT(fixture_int(path, by_change), 0);
        CHECK_INT(archive_share(a), 0);
        CHECK(has_wal(path));
        CHECK_INT(fixture_int(path, by_change), 1);
        CHECK_INT(archive_share(a), 0);
}

/* A process that is killed while it fills the archive at @path: its pages are in the file, and beside it is how to undo
 * that. */
static void fill_and_die(const char *path)
{
        pid_t pid = fork();
        int status;

        REQUIRE(pid >= 0);
        if (pid == 0) {
                Archive *a = open_archive(path);
                static char long_text[64 * 1024];

                memset(long_text, 'x', sizeof(long_text) - 1);
                REQUIRE(archive_begin(a) == 0);
                for (int64_t i = 0; i < 400; i++) /* more than the cache holds */
                        put_message(a, "killed", i, long_text, 1);
                (void) raise(SIGKILL);
        }
        REQUIRE(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
                WTERMSIG(status) == SIGKILL);
}

TEST(a_first_sync_that_was_killed_is_undone_by_the_next_one)
{
        _cleanup_free_ char *path = fixture_path("hot/archive.db");
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        Query *q = NULL;

        REQUIRE(archive_begin(a) == 0);
        put_session(a, "a", "p");
        REQUIRE(archive_commit(a) == 0);
        a = archive_close(a);
        fill_and_die(path);
        CHECK_INT(query_open(path, &q), -EINPROGRESS);
        CHECK(!q);
        a = open_archive(path); /* 0, not 1: nothing is damaged */
        CHECK_INT(query_open(path, &q), 0);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM sessions"), 1);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM messages"), 0);
        q = query_close(q);
}

TEST(a_row_that_is_written_again_leaves_its_index_alone)
{
        _cleanup_free_ char *path = fixture_path("pages/archive.db"), *wal = NULL;
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        struct stat before, after;

        REQUIRE(asprintf(&wal, "%s-wal", path) > 0);
        REQUIRE(archive_end_filling(a) == 0);
        REQUIRE(archive_begin(a) == 0);
        put_session(a, "a", "p");
        REQUIRE(archive_commit(a) == 0);
        REQUIRE(stat(wal, &before) == 0);
        REQUIRE(archive_begin(a) == 0);
        put_session(a, "a", "q");
        REQUIRE(archive_commit(a) == 0);
        REQUIRE(stat(wal, &after) == 0);
        /* the row and the change sequence, each with a page and a header of 24 bytes */
        CHECK_INT(after.st_size - before.st_size, 2 * (8192 + 24));
}

TEST(the_second_writer_learns_who_has_it)
{
        _cleanup_free_ char *path = fixture_path("lock/archive.db"), *reason = NULL;
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        char pid[24];
        Archive *b = NULL;

        REQUIRE(a);
        (void) snprintf(pid, sizeof(pid), "%d", (int) getpid());
        CHECK_INT(archive_open(path, &b, &reason), -EBUSY);
        CHECK(reason && strstr(reason, pid));
        CHECK(!b);
}

TEST(foreign_or_newer_files_are_left_untouched)
{
        _cleanup_free_ char *newer = fixture_path("newer/archive.db"),
                            *other = fixture_path("other.db");
        _cleanup_free_ char *noise = fixture_path("noise.db"), *reason = NULL, *bytes = NULL;
        char junk[5000];
        Archive *a = NULL;
        size_t size;

        (void) archive_close(open_archive(newer));
        fixture_sql(newer, "PRAGMA user_version = 99; INSERT INTO meta VALUES ('x', 'kept')");
        CHECK_INT(archive_open(newer, &a, &reason), -EPROTONOSUPPORT);
        CHECK(reason && strstr(reason, "newer"));
        CHECK_INT(fixture_int(newer, "PRAGMA user_version"), 99);
        CHECK_INT(fixture_int(newer, "SELECT count(*) FROM meta WHERE key = 'x'"), 1);

        fixture_sql(other, "CREATE TABLE mine (x)");
        CHECK_INT(archive_open(other, &a, &reason), -EMEDIUMTYPE);
        CHECK(reason && strstr(reason, "not a scrubjay archive"));
        CHECK_INT(fixture_int(other, "SELECT count(*) FROM sqlite_schema"), 1);

        memset(junk, 'x', sizeof(junk));
        REQUIRE(file_write_atomic(noise, 0600, junk, sizeof(junk)) == 0);
        CHECK(archive_open(noise, &a, &reason) < 0);
        REQUIRE(file_read(noise, 100000, &bytes, &size) == 0);
        CHECK(size == sizeof(junk) && memcmp(bytes, junk, size) == 0);
        CHECK(!a);
}

/* Every column and every index, as text. */
#define SCHEMA_SQL                                                                                                   \
        "SELECT group_concat(line, char(10)) FROM (SELECT t.name || '.' || c.name || ' ' || c.type || c.pk || "      \
        "c.\"notnull\" || coalesce(c.dflt_value, '') AS line FROM sqlite_schema t JOIN pragma_table_info(t.name) c " \
        "WHERE t.type = 'table' UNION ALL SELECT name || ' ' || coalesce(sql, '') FROM sqlite_schema WHERE type = "  \
        "'index' ORDER BY line)"

static char *schema_of_a_new_archive(void)
{
        _cleanup_free_ char *path = fixture_path("schema/archive.db");

        (void) archive_close(open_archive(path));
        return fixture_text(path, SCHEMA_SQL);
}

TEST(an_older_archive_gets_missing_tables_and_columns)
{
        _cleanup_free_ char *path = fixture_path("version-1.db"), *is = NULL, *again = NULL,
                            *wanted = schema_of_a_new_archive();

        fixture_sql(path, archive_version_1);
        (void) archive_close(open_archive(path));
        is = fixture_text(path, SCHEMA_SQL);
        CHECK_STR(is, wanted);
        CHECK_INT(fixture_int(path, "PRAGMA user_version"), ARCHIVE_SCHEMA_VERSION);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM messages WHERE session_id = 's1' AND "
                                    "content = 'as it was' AND fingerprint = 7"),
                  1);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM findings WHERE ordinal = 0 AND "
                                    "fingerprint = 77"),
                  1);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM secrets WHERE conversation = 's1' AND "
                                    "fingerprint = 77 AND rule = 'some-rule'"),
                  1);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM secrets_seen WHERE fingerprint = 77 AND "
                                    "first_seen IS (SELECT found_at FROM findings)"),
                  1);
        CHECK_INT(fixture_int(path,
                              "SELECT count(*) FROM meta WHERE key = 'archive_id' AND value = "
                              "'of-version-1'"),
                  1);
        (void) archive_close(open_archive(path));
        again = fixture_text(path, SCHEMA_SQL);
        CHECK_STR(again, wanted);
}

/* Whatever an archive lacks: declarations of the future are missing in the same way. */
TEST(a_table_a_column_or_an_index_that_is_missing_is_added)
{
        static const char *const changes[] = {
                "DROP TABLE session_stars",
                "ALTER TABLE sessions DROP COLUMN outcome",
                "ALTER TABLE sessions DROP COLUMN metadata_only",
                "ALTER TABLE findings DROP COLUMN found_at",
                "DROP INDEX findings_by_message",
                "DROP TABLE findings",
        };
        _cleanup_free_ char *wanted = schema_of_a_new_archive();

        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                _cleanup_free_ char *path = fixture_path("lacks.db"), *is = NULL;
                char sql[200];

                (void) unlink(path);
                fixture_sql(path, archive_version_1);
                (void) snprintf(sql, sizeof(sql), "%s; PRAGMA user_version = 1", changes[i]);
                fixture_sql(path, sql);
                (void) archive_close(open_archive(path));
                is = fixture_text(path, SCHEMA_SQL);
                CHECK_STR(is, wanted);
        }
}

TEST(a_migration_that_fails_changes_nothing)
{
        _cleanup_free_ char *path = fixture_path("fails.db"), *before = NULL, *after = NULL,
                            *reason = NULL;
        Archive *a = NULL;

        fixture_sql(path, archive_version_1);
        fixture_sql(path,
                    "DROP TABLE git_links; DROP INDEX findings_by_message; DROP TABLE findings; "
                    "CREATE VIEW findings AS SELECT 1 AS session_id");
        before = fixture_text(path, SCHEMA_SQL);
        CHECK(archive_open(path, &a, &reason) < 0);
        CHECK(reason && strstr(reason, path));
        after = fixture_text(path, SCHEMA_SQL);
        CHECK_STR(after, before);
        CHECK_INT(fixture_int(path, "PRAGMA user_version"), 1);
}

/* The name of the conversation to which session "@i" belongs. */
static void conversation_of(Archive *a, unsigned i, char ret[static 16])
{
        _cleanup_(arena_done) Arena arena = { 0 };
        char id[16];
        Value name, value;

        (void) snprintf(id, sizeof(id), "%u", i);
        value = text(id);
        REQUIRE(archive_conversation_get(a, &arena, &value, &name, NULL) >= 0);
        (void) snprintf(ret, 16, "%.*s", (int) name.size, name.text);
}

/* In whatever order parents and children arrive, each family is one conversation, and has its secrets. */
TEST(sessions_become_one_conversation_in_any_order)
{
        enum { N = 60, FAMILIES = 3 };
        _cleanup_free_ char *path = fixture_path("families/archive.db");
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        _cleanup_(arena_done) Arena arena = { 0 };
        unsigned seed = (unsigned) now_usec(CLOCK_REALTIME), order[N];
        char names[N][16];

        printf("# seed %u\n", seed);
        srand(seed);
        for (unsigned i = 0; i < N; i++)
                order[i] = i;
        for (unsigned i = N - 1; i > 0; i--) {
                unsigned k = (unsigned) rand() % (i + 1), t = order[i];

                order[i] = order[k];
                order[k] = t;
        }
        REQUIRE(archive_begin(a) == 0);
        for (unsigned i = 0; i < N; i++) {
                char id[16], parent[16];
                Value child, other, name;
                unsigned family = order[i] % FAMILIES, nth = order[i] / FAMILIES;
                ArchivedSecret secret = { .fingerprint = order[i] + 1,
                                          .rule = "r",
                                          .change = i + 1 };

                (void) snprintf(id, sizeof(id), "%u", order[i]);
                child = text(id);
                if (nth > 0) { /* its parent is an earlier one */
                        (void) snprintf(parent, sizeof(parent), "%u",
                                        family + FAMILIES * ((unsigned) rand() % nth));
                        other = text(parent);
                        REQUIRE(archive_conversation_join(a, &arena, &child, &other, i + 1) == 0);
                }
                REQUIRE(archive_conversation_get(a, &arena, &child, &name, NULL) >= 0);
                REQUIRE(archive_secret_put(a, &name, &secret) == 0);
        }
        for (unsigned i = 0; i < N; i++)
                conversation_of(a, i, names[i]);
        for (unsigned i = 0; i < N; i++)
                for (unsigned k = 0; k < N; k++)
                        CHECK((strcmp(names[i], names[k]) == 0) == (i % FAMILIES == k % FAMILIES));
        REQUIRE(archive_commit(a) == 0);
        CHECK_INT(fixture_int(path, "SELECT count(DISTINCT conversation) FROM secrets"), FAMILIES);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM secrets s JOIN conversations c ON "
                                    "c.conversation = s.conversation AND c.session_id = "
                                    "CAST(s.fingerprint - 1 AS TEXT)"),
                  N);
}

TEST(a_transaction_is_kept_or_undone_as_a_whole)
{
        _cleanup_free_ char *path = fixture_path("whole/archive.db");
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        int64_t change;

        REQUIRE(archive_begin(a) == 0);
        put_session(a, "kept", "p");
        REQUIRE(archive_commit(a) == 0);
        change = fixture_int(path, "SELECT value FROM meta WHERE key = 'change_seq'");
        REQUIRE(archive_begin(a) == 0);
        CHECK(archive_in_transaction(a));
        put_session(a, "never", "p");
        put_message(a, "never", 0, "text", 1);
        archive_rollback(a);
        CHECK(!archive_in_transaction(a));
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM sessions"), 1);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM messages"), 0);
        CHECK_INT(archive_next_change(a), change + 1);
}

TEST(a_cursor_has_the_place_of_its_row_unless_another_has_it)
{
        _cleanup_free_ char *path = fixture_path("place/archive.db");
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        Cursor cursor = { .source_rowid = 5, .fingerprint = 1 };

        REQUIRE(archive_begin(a) == 0);
        CHECK_INT(archive_cursor_put(a, "a", 1, &cursor, true), 0);
        CHECK_INT(archive_cursor_put(a, "b", 1, &cursor, true), 0);
        cursor.fingerprint = 2;
        cursor.source_rowid = 9;
        CHECK_INT(archive_cursor_put(a, "a", 1, &cursor, true), 0);
        archive_cursor_list(a, INT64_MIN);
        CHECK_INT(archive_cursor_list_next(a, &cursor), 1);
        CHECK_INT(cursor.source_rowid, 5);
        CHECK_INT(cursor.fingerprint, 2);
        CHECK_INT(archive_cursor_list_next(a, &cursor), 1);
        CHECK_INT(cursor.fingerprint, 1);
        CHECK_INT(archive_cursor_list_next(a, &cursor), 0);
        REQUIRE(archive_commit(a) == 0);
}

TEST(the_change_sequence_only_grows)
{
        _cleanup_free_ char *path = fixture_path("change/archive.db");
        Archive *a = open_archive(path);
        int64_t first;

        REQUIRE(archive_begin(a) == 0);
        first = archive_next_change(a);
        put_session(a, "a", "p");
        REQUIRE(archive_commit(a) == 0);
        (void) archive_close(a);
        a = open_archive(path);
        CHECK(archive_next_change(a) > first);
        (void) archive_close(a);
}

TEST(a_message_replaces_its_old_rows)
{
        _cleanup_free_ char *path = fixture_path("message/archive.db"), *content = NULL;
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        const ArchivedFinding finding = { 3, "content", "some-rule", 5,
                                          "2026-01-02T03:04:05.678Z" };
        ArchivedMessage list[8];
        Message m;
        size_t n;

        REQUIRE(archive_begin(a) == 0);
        put_session(a, "a", "p");
        put_message(a, "a", 3, "old", 11);
        put_message(a, "a", 5, "other", 13);
        REQUIRE(archive_finding_put(a, "a", 1, &finding) == 0);
        CHECK_INT(archive_messages(a, "a", 1, 4, list, 8, &n), 0);
        CHECK(n == 1 && list[0].ordinal == 5);
        CHECK_INT(archive_messages(a, "a", 1, INT64_MIN, list, 1, &n), 0);
        CHECK(n == 1 && list[0].ordinal == 3);
        CHECK_INT(archive_messages(a, "a", 1, INT64_MIN, list, 8, &n), 0);
        CHECK_INT(n, 2);
        CHECK(list[0].ordinal == 3 && list[0].fingerprint == 11 && list[0].has_findings);
        CHECK(list[1].ordinal == 5 && !list[1].has_findings);
        put_message(a, "a", 3, "new", 12);
        REQUIRE(archive_message_remove(a, "a", 1, 5) == 0);
        REQUIRE(archive_commit(a) == 0);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM messages"), 1);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM tool_calls"), 1);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM findings"), 0);
        content = fixture_text(path, "SELECT content FROM messages");
        CHECK_STR(content, "new");
        CHECK_INT(archive_message_get(a, "a", 1, 3, &m), 1);
        CHECK_INT(m.n_calls, 1);
        CHECK_INT(m.fingerprint, 12);
        CHECK_INT(archive_message_get(a, "a", 1, 5, &m), 0);
}

TEST(of_two_places_of_a_link_the_certain_one_is_kept)
{
        _cleanup_free_ char *path = fixture_path("link/archive.db");
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        static const struct {
                int64_t ordinal;
                const char *confidence;
        } places[] = { { 1, "medium" }, { 4, "high" }, { 9, "medium" } };

        REQUIRE(archive_begin(a) == 0);
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                Value link[N_LINK_COLUMNS] = {
                        [LINK_SESSION_ID] = text("a"),
                        [LINK_MESSAGE_ORDINAL] = value_integer(places[i].ordinal),
                        [LINK_COMMIT_SHA] = text(""),
                        [LINK_PR_URL] = text("https://example.com/o/r/pull/1"),
                        [LINK_LINK_TYPE] = text("pr"),
                        [LINK_CONFIDENCE] = text(places[i].confidence)
                };

                CHECK_INT(archive_link_put(a, link), 0);
        }
        REQUIRE(archive_commit(a) == 0);
        CHECK_INT(fixture_int(path, "SELECT count(*) FROM git_links"), 1);
        CHECK_INT(fixture_int(path, "SELECT message_ordinal FROM git_links"), 4);
}

TEST(a_purge_leaves_the_tombstone_only)
{
        _cleanup_free_ char *path = fixture_path("purge/archive.db"), *cause = NULL;
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        Cursor cursor = { .fingerprint = 1, .policy = 2 };

        REQUIRE(archive_begin(a) == 0);
        put_session(a, "a", "p");
        put_message(a, "a", 0, "text", 1);
        REQUIRE(archive_cursor_put(a, "a", 1, &cursor, true) == 0);
        CHECK_INT(archive_tombstone_put(a, "a", 1, "me", 2, "p", 1, DELETE_TRASH, "2026"), 1);
        CHECK_INT(archive_tombstone_put(a, "a", 1, "me", 2, "p", 1, DELETE_TRASH, "2027"), 0);
        CHECK_INT(archive_tombstone_put(a, "a", 1, "me", 2, "p", 1, DELETE_FOREVER, "2027"), 1);
        CHECK_INT(archive_session_purge(a, "a", 1), 1);
        CHECK_INT(archive_session_purge(a, "a", 1), 0);
        REQUIRE(archive_commit(a) == 0);
        CHECK_INT(fixture_int(path,
                              "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM messages) + "
                              "(SELECT count(*) FROM tool_calls) + (SELECT count(*) FROM cursors)"),
                  0);
        cause = fixture_text(path, "SELECT cause FROM session_deletes WHERE session_id = 'a'");
        CHECK_STR(cause, "deleted");
}

TEST(sessions_under_another_policy_are_stale)
{
        _cleanup_free_ char *path = fixture_path("stale/archive.db");
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        Cursor now = { .policy = 2 }, old = { .policy = 1 };
        char *ids[4] = { NULL };

        REQUIRE(archive_begin(a) == 0);
        put_session(a, "a", "p");
        put_session(a, "b", "p");
        put_session(a, "c", "p");
        REQUIRE(archive_cursor_put(a, "a", 1, &now, true) == 0);
        REQUIRE(archive_cursor_put(a, "b", 1, &old, true) == 0);
        CHECK_INT(archive_stale_sessions(a, 2, NULL, ELEMENTSOF(ids), ids), 2);
        CHECK_STR(ids[0], "b");
        CHECK_STR(ids[1], "c");
        free(ids[0]);
        free(ids[1]);
        CHECK_INT(archive_stale_sessions(a, 2, "b", 1, ids), 1);
        CHECK_STR(ids[0], "c");
        free(ids[0]);
        archive_rollback(a);
}

/* The text of a lock file; the caller frees it. */
static char *lock_text(const char *path)
{
        _cleanup_free_ char *lock = NULL;
        char *text = NULL;

        REQUIRE(asprintf(&lock, "%s.lock", path) > 0);
        REQUIRE(file_read(lock, 100, &text, NULL) == 0);
        return text;
}

/* Writes @byte over @n bytes of @path at @offset. */
static void spoil(const char *path, off_t offset, size_t n, int byte)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
        _cleanup_free_ char *bytes = malloc(n);

        REQUIRE(fd >= 0 && bytes);
        memset(bytes, byte, n);
        REQUIRE(pwrite(fd, bytes, n, offset) == (ssize_t) n);
}

TEST(a_lock_file_tells_how_the_last_one_ended)
{
        _cleanup_free_ char *path = fixture_path("ended/archive.db"), *open = NULL, *closed = NULL,
                            *suspect = NULL;
        Archive *a = open_archive(path), *b = NULL;

        CHECK_INT(archive_open(path, &b, NULL), -EBUSY);
        open = lock_text(path);
        CHECK(*open);
        (void) archive_close(a);
        closed = lock_text(path);
        CHECK_STR(closed, "");
        a = open_archive(path);
        archive_suspect(a);
        (void) archive_close(a);
        suspect = lock_text(path);
        CHECK_STR(suspect, "check");
        (void) archive_close(open_archive(path));
}

TEST(a_damaged_archive_is_moved_aside_untouched)
{
        static const struct {
                const char *name;
                off_t offset;
                size_t n;
                int byte;
                bool is_cut;
        } damages[] = {
                { "page", 3 * 16384, 16384, 0xa5, false },
                { "schema", 100, 200, 0xff, false },
                { "magic", 0, 16, 'x', false },
                { "zeros", 0, 16384, 0, false },
                { "cut", 5 * 16384, 0, 0, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(damages); i++) {
                _cleanup_free_ char *folder = fixture_path(damages[i].name),
                                    *path = path_join(folder, "archive.db"),
                                    *lock = path_join(folder, "archive.db.lock");
                _cleanup_free_ char *before = NULL, *after = NULL, *reason = NULL;
                _cleanup_(archive_closep) Archive *a = open_archive(path);
                size_t n_before = 0, n_after = 1;

                REQUIRE(a);
                a = archive_close(a);
                if (damages[i].is_cut)
                        REQUIRE(truncate(path, damages[i].offset) == 0);
                else
                        spoil(path, damages[i].offset, damages[i].n, damages[i].byte);
                /* as after a kill: then it is checked */
                REQUIRE(file_write_atomic(lock, 0600, "1", 1) == 0);
                REQUIRE(file_read(path, 1 << 20, &before, &n_before) == 0);
                CHECK_INT(archive_open(path, &a, &reason), 1);
                CHECK_STR(reason ?: "", "");
                REQUIRE(a && archive_moved_aside(a));
                REQUIRE(file_read(archive_moved_aside(a), 1 << 20, &after, &n_after) == 0);
                CHECK(n_before == n_after && memcmp(before, after, n_before) == 0);
                CHECK(archive_next_change(a) > INT64_C(1000000000000000));
                CHECK_INT(fixture_int(path, "SELECT count(*) FROM sessions"), 0);
                /* it is reported until the file is gone */
                a = archive_close(a);
                a = open_archive(path);
                REQUIRE(a && archive_moved_aside(a));
                REQUIRE(unlink(archive_moved_aside(a)) == 0);
                CHECK(!archive_moved_aside(a));
        }
}

/* What opening needs is read without a check, since it was closed properly. */
TEST(damage_after_the_first_page_is_found_at_once)
{
        _cleanup_free_ char *path = fixture_path("behind/archive.db"), *reason = NULL;
        _cleanup_(archive_closep) Archive *a = open_archive(path);
        struct stat st;

        a = archive_close(a);
        REQUIRE(stat(path, &st) == 0);
        spoil(path, 8192, (size_t) st.st_size - 8192, 0xa5);
        CHECK_INT(archive_open(path, &a, &reason), 1);
        CHECK(a && archive_moved_aside(a));
        CHECK(!reason);
}

TEST(damage_without_end_is_refused)
{
        _cleanup_free_ char *path = fixture_path("endless/archive.db"), *reason = NULL;
        Archive *a = NULL;

        for (int i = 0; i < ARCHIVE_DAMAGED_MAX; i++) {
                (void) archive_close(open_archive(path));
                spoil(path, 0, 16, 'x');
                CHECK_INT(archive_open(path, &a, NULL), 1);
                a = archive_close(a);
        }
        spoil(path, 0, 16, 'x');
        CHECK_INT(archive_open(path, &a, &reason), -EUCLEAN);
        CHECK(reason && strstr(reason, "Check the disk"));
        CHECK(!a && access(path, F_OK) == 0);
}

TEST(an_archive_that_was_replaced_is_seen)
{
        _cleanup_free_ char *path = fixture_path("replaced/archive.db"),
                            *away = fixture_path("away.db");
        _cleanup_(archive_closep) Archive *a = open_archive(path);

        REQUIRE(a);
        CHECK(archive_is_in_place(a));
        REQUIRE(rename(path, away) == 0);
        CHECK(!archive_is_in_place(a));
}
