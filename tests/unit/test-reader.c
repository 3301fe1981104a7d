/* source: what the reader makes of agentsview's databases: today's, yesterday's and broken ones */
#include "fixture.h"
#include "source/reader.h"

static const HashKey key = { .bytes = { 7 } };

/* A reader on @path, opened. */
static Reader *open_reader(const char *path)
{
        Reader *r = NULL;

        r = reader_new(path, &key);
        REQUIRE(reader_open(r, NULL) == 1);
        return r;
}

static size_t count_sessions(Reader *r, const char *marker, uint64_t *ret_fingerprint)
{
        ReaderFrom from = { .marker = marker, .after_rowid = INT64_MIN, .new_rowid = INT64_MAX };
        SourceSession s;
        size_t n = 0;

        REQUIRE(reader_begin(r) == 0);
        REQUIRE(reader_list(r, &from) == 0);
        while (reader_list_next(r, &s) > 0) {
                if (ret_fingerprint)
                        *ret_fingerprint = s.fingerprint;
                n++;
        }
        reader_end(r);
        return n;
}

/* The session in row @rowid. Returns what reader_list_next() does; the list stays open, so that *@ret stays valid. */
static int session_at(Reader *r, int64_t rowid, SourceSession *ret)
{
        uint64_t fingerprint;
        int k;

        REQUIRE(reader_list(r, &(ReaderFrom){ .after_rowid = rowid - 1 }) == 0);
        k = reader_list_next(r, ret);
        if (k <= 0 || ret->is_read)
                return k;
        fingerprint = ret->fingerprint;
        k = reader_list_read(r, ret);
        CHECK_INT(ret->fingerprint, fingerprint); /* the same, whoever reads the row */
        return k;
}

/* The fingerprint of the message @ordinal; 0 if there is none. */
static uint64_t message_fingerprint(Reader *r, const char *id, int64_t ordinal)
{
        uint64_t fingerprint = 0;
        Message m;

        REQUIRE(reader_begin(r) == 0);
        REQUIRE(reader_messages(r, id, strlen(id), INT64_MIN) == 0);
        while (reader_message_next(r, &m) > 0)
                if (m.values[MESSAGE_ORDINAL].integer == ordinal)
                        fingerprint = m.fingerprint;
        reader_end(r);
        return fingerprint;
}

TEST(files_that_are_no_source_say_why)
{
        _cleanup_free_ char *missing = fixture_path("missing.db"), *text = fixture_path("text.db");
        _cleanup_free_ char *other = fixture_path("other.db"), *folder = fixture_path("folder.db");
        _cleanup_free_ char *fifo = fixture_path("fifo.db"), *empty = fixture_path("empty.db");
        struct {
                const char *path, *says;
                int error;
        } cases[] = {
                { missing, "does not exist yet", -ENOENT },
                { text, "not a SQLite database", -EMEDIUMTYPE },
                { other, "not an agentsview database", -EPROTO },
                { folder, "not a regular file", -EISDIR },
                { fifo, "not a regular file", -EINVAL },
                { empty, "not an agentsview database", -EPROTO },
        };

        REQUIRE(file_write_atomic(text, 0600,
                                  "This is no database, but long enough to be one. This is "
                                  "no database, but long enough to be one, is it not?",
                                  104) == 0);
        REQUIRE(file_write_atomic(empty, 0600, "", 0) == 0);
        fixture_sql(other, "CREATE TABLE t (x)");
        REQUIRE(mkdir(folder, 0700) == 0);
        REQUIRE(mkfifo(fifo, 0600) == 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(reader_freep) Reader *r = NULL;
                _cleanup_free_ char *reason = NULL;

                r = reader_new(cases[i].path, &key);
                CHECK_INT(reader_open(r, &reason), cases[i].error);
                CHECK(reason && strstr(reason, cases[i].says));
                CHECK(reason && strstr(reason, cases[i].path));
        }
}

/* What every source has. */
#define CORE "id TEXT PRIMARY KEY, project TEXT, agent TEXT, message_count INTEGER"
#define MESSAGES                                                                                       \
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id TEXT, ordinal INTEGER, role TEXT, " \
        "content TEXT);"

TEST(an_older_schema_reads_as_empty_columns)
{
        _cleanup_free_ char *path = fixture_path("old.db");
        _cleanup_(reader_freep) Reader *r = NULL;
        Message m;

        fixture_sql(path,
                    "CREATE TABLE sessions (" CORE ");" MESSAGES
                    "INSERT INTO sessions (id) VALUES ('a');"
                    "INSERT INTO messages VALUES (1, 'a', 0, 'user', 'hello'), (2, 'a', 2, 'user', 'you');");
        r = open_reader(path);
        CHECK(!reader_has_markers(r));
        CHECK_INT(count_sessions(r, NULL, NULL), 1);
        CHECK_INT(count_sessions(r, "2026", NULL), 1);
        REQUIRE(reader_messages(r, "a", 1, 1) == 0);
        CHECK_INT(reader_message_next(r, &m), 1);
        CHECK_INT(m.values[MESSAGE_ORDINAL].integer, 2);
        CHECK_INT(m.values[MESSAGE_THINKING_TEXT].type, VALUE_NULL);
        CHECK_INT(m.n_calls, 0);
        CHECK_INT(reader_message_next(r, &m), 0);
}

TEST(views_and_tables_without_rowid_are_read_too)
{
        static const char *const schemas[] = {
                MESSAGES "CREATE TABLE sessions (" CORE ") WITHOUT ROWID;"
                         "INSERT INTO sessions (id) VALUES ('a'), ('b');",
                MESSAGES
                "CREATE TABLE real (id TEXT, project, agent, message_count INTEGER);"
                "INSERT INTO real (id) VALUES ('b'), ('a'); CREATE VIEW sessions AS SELECT * FROM real;",
        };

        for (size_t i = 0; i < ELEMENTSOF(schemas); i++) {
                _cleanup_free_ char *path = fixture_path(i == 0 ? "without.db" : "view.db");
                _cleanup_(reader_freep) Reader *r = NULL;
                SourceSession s;

                fixture_sql(path, schemas[i]);
                r = open_reader(path);
                CHECK_INT(count_sessions(r, NULL, NULL), 2);
                CHECK_INT(session_at(r, 2, &s), 1);
                CHECK(s.values[SESSION_ID].size == 1 && s.values[SESSION_ID].text[0] == 'b');
        }
}

TEST(an_endless_view_is_interrupted)
{
        _cleanup_free_ char *path = fixture_path("endless.db");
        _cleanup_(reader_freep) Reader *r = NULL;
        SourceSession s;

        fixture_sql(path, MESSAGES
                    "CREATE VIEW sessions AS WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 "
                    "FROM n) SELECT 'x' || id AS id, 'p' AS project, 'a' AS agent, 0 AS message_count "
                    "FROM n WHERE id < 0");
        r = open_reader(path);
        REQUIRE(reader_list(r, &(ReaderFrom){ .after_rowid = INT64_MIN }) == 0);
        CHECK_INT(reader_list_next(r, &s), -ECANCELED);
}

TEST(what_counts_as_a_change_of_the_session)
{
        _cleanup_free_ char *path = fixture_path("change.db");
        _cleanup_(reader_freep) Reader *r = NULL;
        uint64_t before = 0, after = 0;

        fixture_sql(path, AGENTSVIEW_SCHEMA
                    "INSERT INTO sessions (id, sync_marker, file_hash) VALUES ('a', '2026-01-01', 'ff')");
        r = open_reader(path);
        CHECK_INT(count_sessions(r, NULL, &before), 1);
        fixture_sql(path,
                    "UPDATE sessions SET sync_marker = '2026-02-01', created_at = '2026-02-01'");
        CHECK_INT(count_sessions(r, NULL, &after), 1);
        CHECK(before == after); /* touched, not changed */
        CHECK_INT(count_sessions(r, "2026-02-01", NULL), 1);
        CHECK_INT(count_sessions(r, "2026-02-02", NULL), 0);
        fixture_sql(path, "UPDATE sessions SET display_name = 'named'");
        (void) count_sessions(r, NULL, &after);
        CHECK(before != after);
        fixture_sql(path, "UPDATE sessions SET display_name = NULL, transcript_revision = '1'");
        (void) count_sessions(r, NULL, &after);
        CHECK(before != after);
        fixture_sql(path, "UPDATE sessions SET sync_marker = ''");
        CHECK_INT(count_sessions(r, "2026-02-02", NULL), 1); /* unparsable: always compared */
}

TEST(a_fingerprint_covers_calls_and_results_but_not_the_row_id)
{
        _cleanup_free_ char *path = fixture_path("message.db");
        _cleanup_(reader_freep) Reader *r = NULL;
        uint64_t before, after;

        fixture_sql(path, AGENTSVIEW_SCHEMA
                    "INSERT INTO sessions (id) VALUES ('a');"
                    "INSERT INTO messages (id, session_id, ordinal, role, content) VALUES (5, 'a', 4, 'assistant', 'x');"
                    "INSERT INTO tool_calls (message_id, session_id, tool_name, category, input_json, call_index) "
                    "VALUES (5, 'a', 'Bash', 'Bash', '{}', 0);");
        r = open_reader(path);
        before = message_fingerprint(r, "a", 4);
        CHECK(before != 0);
        fixture_sql(path,
                    "UPDATE messages SET id = 9; UPDATE tool_calls SET message_id = 9, id = 77");
        CHECK(message_fingerprint(r, "a", 4) == before);
        fixture_sql(path,
                    "INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, source, status, content) "
                    "VALUES ('a', 4, 'tool_result', '', 'late')");
        after = message_fingerprint(r, "a", 4);
        CHECK(after != before);
        fixture_sql(path, "UPDATE tool_result_events SET content = 'later'");
        CHECK(message_fingerprint(r, "a", 4) != after);
        fixture_sql(path,
                    "DELETE FROM tool_result_events; UPDATE tool_calls SET input_json = '{\"a\":1}'");
        CHECK(message_fingerprint(r, "a", 4) != before);
}

/* The names of the calls of message @ordinal, in order, each with its number. */
static void list_calls(Reader *r, const char *id, int64_t ordinal, StrBuf *ret)
{
        Message m;

        REQUIRE(reader_begin(r) == 0);
        REQUIRE(reader_messages(r, id, strlen(id), INT64_MIN) == 0);
        while (reader_message_next(r, &m) > 0)
                for (size_t i = 0; m.values[MESSAGE_ORDINAL].integer == ordinal && i < m.n_calls;
                     i++) {
                        CHECK_INT(m.calls[i][CALL_MESSAGE_ORDINAL].integer, ordinal);
                        REQUIRE(strbuf_printf(ret, "%.*s%" PRId64 " ",
                                              (int) m.calls[i][CALL_TOOL_NAME].size,
                                              m.calls[i][CALL_TOOL_NAME].text,
                                              m.calls[i][CALL_CALL_INDEX].integer) >= 0);
                }
        reader_end(r);
}

TEST(calls_come_in_order_of_their_numbers)
{
        _cleanup_free_ char *path = fixture_path("calls.db");
        _cleanup_(reader_freep) Reader *r = NULL;
        _cleanup_(strbuf_done) StrBuf ordered = { 0 }, odd = { 0 };

        fixture_sql(path, AGENTSVIEW_SCHEMA
                    "INSERT INTO sessions (id) VALUES ('a');"
                    "INSERT INTO messages (id, session_id, ordinal, role, content) VALUES "
                    "(5, 'a', 4, 'assistant', 'x'), (6, 'a', 7, 'assistant', 'y');"
                    "INSERT INTO tool_calls (message_id, session_id, tool_name, category, call_index) VALUES "
                    "(5, 'a', 'C', '', 2), (5, 'a', 'A', '', 0), (5, 'a', 'B', '', 1), (5, 'a', 'D', '', 9), "
                    /* first without a number, then in order of rows: a repeated one, text, and one below 0 */
                    "(6, 'a', 'L', '', 3), (6, 'a', 'K', '', 1), (6, 'a', 'M', '', 3), (6, 'a', 'I', '', NULL), "
                    "(6, 'a', 'J', '', -5), (6, 'a', 'H', '', 'none')");
        r = open_reader(path);
        list_calls(r, "a", 4, &ordered);
        CHECK_STR(ordered.data, "A0 B1 C2 D9 ");
        list_calls(r, "a", 7, &odd);
        CHECK_STR(odd.data, "I0 H1 J2 K3 L4 M5 ");
}

TEST(a_commit_is_seen_and_a_swapped_file_is_opened)
{
        _cleanup_free_ char *path = fixture_path("swap.db"), *other = fixture_path("swap-new.db");
        _cleanup_free_ char *wal = NULL, *shm = NULL;
        _cleanup_(reader_freep) Reader *r = NULL;

        fixture_sql(path, AGENTSVIEW_SCHEMA "INSERT INTO sessions (id) VALUES ('a')");
        r = open_reader(path);
        reader_mark_seen(r);
        CHECK_INT(reader_changed(r), 0);
        CHECK_INT(reader_open(r, NULL), 0);
        fixture_sql(path, "INSERT INTO sessions (id) VALUES ('b')");
        CHECK_INT(reader_changed(r), 1);
        CHECK_INT(reader_open(r, NULL), 0);
        CHECK_INT(count_sessions(r, NULL, NULL), 2);
        fixture_sql(other,
                    AGENTSVIEW_SCHEMA "INSERT INTO sessions (id) VALUES ('c'), ('d'), ('e')");
        REQUIRE(rename(other, path) == 0);
        /* agentsview removes the old file's; with them, SQLite would read the old pages */
        REQUIRE(asprintf(&wal, "%s-wal", path) > 0 && asprintf(&shm, "%s-shm", path) > 0);
        REQUIRE(unlink(wal) == 0 && unlink(shm) == 0);
        CHECK_INT(reader_open(r, NULL), 1);
        CHECK_INT(count_sessions(r, NULL, NULL), 3);
}

TEST(a_column_that_comes_later_is_read)
{
        _cleanup_free_ char *path = fixture_path("migrate.db");
        _cleanup_(reader_freep) Reader *r = NULL;
        SourceSession s;

        fixture_sql(path, MESSAGES "CREATE TABLE sessions (" CORE
                                   "); INSERT INTO sessions (id) VALUES ('a')");
        r = open_reader(path);
        fixture_sql(path,
                    "ALTER TABLE sessions ADD COLUMN display_name TEXT; UPDATE sessions SET display_name = 'x'");
        CHECK_INT(reader_open(r, NULL), 0);
        CHECK_INT(session_at(r, 1, &s), 1);
        CHECK_INT(s.values[SESSION_DISPLAY_NAME].type, VALUE_TEXT);
}

/* Opens @path after running @sql on it; returns the error of reader_open(), which the caller frees. */
static char *refusal(const char *path, const char *sql, int64_t expected)
{
        _cleanup_(reader_freep) Reader *r = NULL;
        char *reason = NULL;

        fixture_sql(path, sql);
        r = reader_new(path, &key);
        reader_expect(r, expected);
        CHECK_INT(reader_open(r, &reason), reason ? -EPROTO : 1);
        return reason;
}

TEST(the_required_columns_depend_on_the_data_version)
{
        static const struct {
                const char *sql;
                int64_t expected;
                const char *table, *column; /* named by the error; NULL: it can be read */
        } cases[] = {
                { "SELECT 1", 0, NULL, NULL },
                { "ALTER TABLE messages RENAME TO entries", 0, "messages", NULL },
                { "ALTER TABLE messages RENAME COLUMN content TO body", 0, "messages", "content" },
                { "ALTER TABLE messages DROP COLUMN thinking_text", 0, "messages",
                  "thinking_text" },
                { "ALTER TABLE messages DROP COLUMN thinking_text; PRAGMA user_version = 17", 0,
                  NULL, NULL },
                { "ALTER TABLE messages DROP COLUMN thinking_text; PRAGMA user_version = 17", 18,
                  "messages", "thinking_text" },
                { "DROP TABLE pinned_messages", 0, "pinned_messages", NULL },
                { "DROP TABLE pinned_messages; PRAGMA user_version = 4", 0, NULL, NULL },
                { "ALTER TABLE tool_calls RENAME COLUMN message_id TO message; PRAGMA user_version = 0",
                  0, "tool_calls", "message_id" },
                { "DROP INDEX idx_sessions_sync_marker; ALTER TABLE sessions DROP COLUMN sync_marker",
                  0, NULL, NULL },
                { "ALTER TABLE sessions ADD COLUMN mood TEXT; PRAGMA user_version = 999", 0, NULL,
                  NULL },
                { "DROP TABLE starred_sessions; CREATE TABLE starred_sessions (session_id BLOB, created_at TEXT)",
                  0, "starred_sessions", "session_id" },
                { "DROP TABLE starred_sessions; CREATE TABLE starred_sessions (session_id, created_at)",
                  0, NULL, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *path = fixture_path("contract.db"), *reason = NULL;

                (void) unlink(path);
                fixture_sql(path, AGENTSVIEW_SCHEMA);
                reason = refusal(path, cases[i].sql, cases[i].expected);
                if (!cases[i].table) {
                        CHECK(!reason);
                        continue;
                }
                REQUIRE(reason);
                CHECK(strstr(reason, cases[i].table) && strstr(reason, "data version"));
                CHECK(!cases[i].column || strstr(reason, cases[i].column));
        }
}

TEST(rows_that_hang_on_no_message_are_noticed)
{
        static const struct {
                const char *sql;
                int lost;
        } cases[] = {
                { "INSERT INTO tool_calls (message_id, session_id, tool_name, category) VALUES (1, 'a', 'x', 'y')",
                  0 },
                { "INSERT INTO tool_calls (message_id, session_id, tool_name, category) VALUES (3, 'a', 'x', 'y')",
                  1 },
                { "INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, source, status, content) "
                  "VALUES ('a', 4, '', '', '')",
                  0 },
                { "INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, source, status, content) "
                  "VALUES ('a', 3, '', '', '')",
                  1 },
                { "INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, source, status, content) "
                  "VALUES ('a', 5, '', '', '')",
                  1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *path = fixture_path("lost.db");
                _cleanup_(reader_freep) Reader *r = NULL;
                Message m;

                (void) unlink(path);
                fixture_sql(path, AGENTSVIEW_SCHEMA
                            "INSERT INTO sessions (id, message_count) VALUES ('a', 2);"
                            "INSERT INTO messages (id, session_id, ordinal, role, content) VALUES "
                            "(1, 'a', 0, 'user', 'x'), (2, 'a', 4, 'user', 'y')");
                fixture_sql(path, cases[i].sql);
                r = open_reader(path);
                REQUIRE(reader_messages(r, "a", 1, INT64_MIN) == 0);
                while (reader_message_next(r, &m) > 0)
                        ;
                CHECK_INT(reader_lost_rows(r), cases[i].lost);
                REQUIRE(reader_messages(r, "a", 1, 4) == 0);
                while (reader_message_next(r, &m) > 0)
                        ;
                CHECK_INT(reader_lost_rows(r), cases[i].lost); /* a pause forgets nothing */
        }
}

TEST(values_of_unexpected_types_are_read_as_the_columns_type)
{
        _cleanup_free_ char *path = fixture_path("types.db");
        _cleanup_(reader_freep) Reader *r = NULL;
        SourceSession s;

        fixture_sql(path, MESSAGES
                    "CREATE TABLE sessions (id, project, message_count, user_message_count, first_message, "
                    "agent); INSERT INTO sessions VALUES ('a', x'706a', '12', 'many', 3.5, 'a')");
        r = open_reader(path);
        CHECK_INT(session_at(r, 1, &s), 1);
        CHECK(s.values[SESSION_PROJECT].type == VALUE_TEXT && s.values[SESSION_PROJECT].size == 2);
        CHECK_INT(s.values[SESSION_MESSAGE_COUNT].integer, 12);
        CHECK_INT(s.values[SESSION_USER_MESSAGE_COUNT].type, VALUE_NULL);
        CHECK_INT(s.values[SESSION_FIRST_MESSAGE].type, VALUE_TEXT);
}

TEST(a_fraction_is_a_number_that_others_can_write)
{
        static const struct {
                const char *sql;
                double is; /* -1: nothing */
        } cases[] = { { "0.1", 0.1 },    { "1", 1 },     { "'many'", -1 },
                      { "x'3031'", -1 }, { "NULL", -1 }, { "9e999", -1 } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *path = fixture_path("fraction.db");
                _cleanup_(reader_freep) Reader *r = NULL;
                char sql[200];
                SourceSession s;
                const Value *v = s.values + SESSION_CONTEXT_PRESSURE_MAX;

                (void) unlink(path);
                fixture_sql(path, AGENTSVIEW_SCHEMA);
                (void) snprintf(sql, sizeof(sql),
                                "INSERT INTO sessions (id, context_pressure_max) VALUES ('a', %s)",
                                cases[i].sql);
                fixture_sql(path, sql);
                r = open_reader(path);
                CHECK_INT(session_at(r, 1, &s), 1);
                CHECK(cases[i].is < 0 ? v->type == VALUE_NULL
                                      : v->type == VALUE_REAL && v->real == cases[i].is);
        }
}

/* SQL for a text of @n times 100 kB. */
#define TEXT(n) "printf('%." #n "00000c', 'x')"

/* The messages of session @id: "ordinal:size of content:size of its texts:left out" of each. */
static char *describe_messages(Reader *r, const char *id)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        char *text = NULL;
        Message m;
        int k;

        REQUIRE(reader_begin(r) == 0);
        REQUIRE(reader_messages(r, id, strlen(id), INT64_MIN) == 0);
        while ((k = reader_message_next(r, &m)) > 0)
                (void) strbuf_printf(&b, "%" PRId64 ":%zu:%zu:%zu:%" PRIu64 " ",
                                     m.values[MESSAGE_ORDINAL].integer,
                                     m.values[MESSAGE_CONTENT].size, m.n_calls, m.n_events,
                                     m.n_left_out);
        CHECK_INT(k, 0);
        reader_end(r);
        REQUIRE(strbuf_take(&b, &text) == 0);
        return text;
}

TEST(large_texts_are_taken_as_far_as_there_is_room)
{
        _cleanup_free_ char *path = fixture_path("large.db"), *all = NULL, *some = NULL;
        _cleanup_(reader_freep) Reader *r = NULL;
        uint64_t before;
        Message m;

        fixture_sql(path, AGENTSVIEW_SCHEMA
                    "INSERT INTO sessions (id) VALUES ('a');"
                    "INSERT INTO messages (id, session_id, ordinal, role, content) VALUES "
                    "(1, 'a', 0, 'user', 'small'), (2, 'a', 2, 'user', " TEXT(
                                    20) "), "
                                        "(3, 'a', 3, 'user', " TEXT(40) "), (4, 'a', 4, 'user', " TEXT(
                                                        9) "), "
                                                           "(5, 'a', 5, 'user', 'b'), (6, 'a', 6, 'user', 'c');"
                                                           "UPDATE messages SET thinking_text = " TEXT(9) ", dialogue_text = " TEXT(
                                                                           9) ", "
                                                                              "model = " TEXT(9) " WHERE id = 4;"
                                                                                                 "INSERT INTO tool_calls (message_id, session_id, tool_name, category, input_json, call_index) "
                                                                                                 "VALUES (2, 'a', 'Bash', 'Bash', '{}', 0), (5, 'a', 'Bash', 'Bash', '{}', 1), "
                                                                                                 "(5, 'a', 'Bash', 'Bash', " TEXT(
                                                                                                                 40) ", 0);"
                                                                                                                     "INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, call_index, event_index, "
                                                                                                                     "source, status, content) VALUES ('a', 2, 0, 0, 'r', '', 'x'), ('a', 5, 1, 0, 'r', '', 'y'), "
                                                                                                                     "('a', 5, 0, 0, 'r', '', " TEXT(
                                                                                                                                     20) "), ('a', 6, 0, 0, 'r', '', 'z')");
        r = open_reader(path);
        all = describe_messages(r, "a");
        CHECK_STR(all,
                  "0:5:0:0:0 2:2000000:1:1:0 3:4000000:0:0:0 4:900000:0:0:0 5:1:2:2:0 6:1:0:1:0 ");

        reader_set_max(r, 3000000);
        some = describe_messages(r, "a");
        CHECK_STR(some, "0:5:0:0:0 2:2000000:1:1:0 3:61:0:0:1 4:900000:0:0:1 5:1:2:2:1 6:1:0:1:0 ");
        REQUIRE(reader_messages(r, "a", 1, 3) == 0);
        REQUIRE(reader_message_next(r, &m) == 1);
        CHECK(memcmp(m.values[MESSAGE_CONTENT].text, "[left out: a text of 4.0 MB", 27) == 0);
        REQUIRE(reader_messages(r, "a", 1, 5) == 0);
        REQUIRE(reader_message_next(r, &m) == 1);
        CHECK_INT(m.calls[0][CALL_CALL_INDEX].integer, 0);
        CHECK(m.calls[0][CALL_INPUT_JSON].text[0] == '"'); /* JSON stays JSON */
        CHECK_INT(m.events[0][EVENT_CONTENT].size, 2000000);
        CHECK_INT(m.events[1][EVENT_CONTENT].size, 1);

        before = message_fingerprint(r, "a", 3);
        CHECK_INT(message_fingerprint(r, "a", 3), before);
        fixture_sql(path, "UPDATE messages SET content = " TEXT(50) " WHERE ordinal = 3");
        CHECK(message_fingerprint(r, "a", 3) != before);
}

static int count_row(void *userdata, const Value *values)
{
        size_t *sizes = userdata;

        sizes[0]++;
        sizes[1] += values[PIN_NOTE].size;
        return 0;
}

TEST(sessions_and_pins_with_large_texts_are_listed)
{
        ReaderFrom from = { .after_rowid = INT64_MIN, .by_row = true };
        _cleanup_free_ char *path = fixture_path("large-row.db");
        _cleanup_(reader_freep) Reader *r = NULL;
        uint64_t fingerprints[2] = { 0 };
        size_t sizes[2] = { 0 };
        SourceSession s;

        fixture_sql(path, AGENTSVIEW_SCHEMA
                    "INSERT INTO sessions (id, first_message) VALUES ('a', 'x'), ('b', " TEXT(
                                    20) "), ('c', 'y');"
                                        "INSERT INTO pinned_messages (session_id, message_id, ordinal, note) VALUES ('a', 1, 0, 'n'), "
                                        "('b', 2, 0, " TEXT(20) "), ('c', 3, 0, 'nn')");
        r = open_reader(path);
        reader_set_max(r, 1500000);
        CHECK_INT(session_at(r, 1, &s), 1);
        CHECK_INT(reader_list_next(r, &s), -EFBIG);
        for (int i = 0; i < 2; i++) {
                REQUIRE(reader_list(r, &from) == 0);
                for (int n = 0; n < 3; n++) {
                        REQUIRE(reader_list_next(r, &s) == 1);
                        CHECK_INT(s.values[SESSION_ID].text[0], 'a' + n);
                        if (n != 1)
                                continue;
                        CHECK(memcmp(s.values[SESSION_FIRST_MESSAGE].text, "[left out: ", 11) == 0);
                        fingerprints[i] = s.fingerprint;
                }
                CHECK_INT(reader_list_next(r, &s), 0);
                fixture_sql(path, "UPDATE sessions SET transcript_revision = 7");
        }
        CHECK(fingerprints[0] != fingerprints[1]);
        CHECK_INT(reader_rows(r, &pin_table, count_row, sizes), 0);
        CHECK_INT(sizes[0], 3);
        CHECK_INT(sizes[1], 3 + 61);
}
