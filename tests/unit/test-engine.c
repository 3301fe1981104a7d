/* sync: every action of agentsview arrives, masked, and nothing else is written */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/file-util.h"
#include "base/time-util.h"
#include "fixture.h"
#include "mask/known.h"
#include "source/file-state.h"
#include "sync/engine.h"

/* A source, an archive, and an engine between them. */
typedef struct World {
        char *source, *archive;
        EngineSettings settings;
        Engine *engine;
        CycleResult result;
        unsigned stop_after; /* on_progress() stops the cycle at this call; 0: never */
        unsigned n_progress, n_secrets, n_pasted;
        StrBuf in_hand; /* the ids of the sessions that were synced, with a space after each */
        SessionVersion version; /* of the last one */
        int64_t n_archived; /* sessions that others see in the archive when the last one begins; with counts_archived */
        bool counts_archived;
} World;

static const char *const rules_folders[] = { TEST_RULES_DIR, NULL };

/* "ghp_" and 36 characters that follow from @seed, as GitHub makes its tokens. */
static const char *token(unsigned seed)
{
        static char buffers[4][41];
        static unsigned next;
        static const char alphabet[] =
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        char *b = buffers[next++ % ELEMENTSOF(buffers)];

        (void) snprintf(b, 5, "%s_", "ghp");
        for (unsigned i = 4; i < 40; i++) {
                seed = seed * 1103515245 + 12345;
                b[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
        }
        b[40] = 0;
        return b;
}

static bool on_progress(void *userdata, _unused_ const Progress *progress)
{
        World *w = userdata;

        return ++w->n_progress != w->stop_after;
}

static void on_secrets(void *userdata, SessionSecrets *secrets)
{
        World *w = userdata;

        for (size_t i = 0; i < secrets->n_rules; i++)
                w->n_secrets += secrets->rules[i].n;
        for (size_t i = 0; i < secrets->n_pasted; i++)
                w->n_pasted += secrets->pasted[i].n;
}

static void on_session(void *userdata, const SessionVersion *version)
{
        World *w = userdata;

        if (!version)
                return;
        w->version = *version;
        (void) strbuf_printf(&w->in_hand, "%s ", version->id);
        if (w->counts_archived)
                w->n_archived = fixture_int(w->archive, "SELECT count(*) FROM sessions");
}

static void restart(World *w)
{
        EngineHooks hooks = { .userdata = w,
                              .on_progress = on_progress,
                              .on_session = on_session,
                              .on_secrets = on_secrets };

        w->engine = engine_free(w->engine);
        w->engine = engine_new(&w->settings, &hooks);
}

static void world_begin(World *w, const char *name)
{
        char file[64];

        *w = (World){ 0 };
        (void) snprintf(file, sizeof(file), "%s-source.db", name);
        w->source = fixture_path(file);
        (void) snprintf(file, sizeof(file), "%s/archive.db", name);
        w->archive = fixture_path(file);
        fixture_sql(w->source, AGENTSVIEW_SCHEMA);
        w->settings = (EngineSettings){
                .source_path = w->source,
                .archive_path = w->archive,
                .rules_folders = rules_folders,
                .user_id = "me@example.com",
                .user_name = "Me",
        };
        restart(w);
}

static void world_done(World *w)
{
        cycle_result_done(&w->result);
        w->engine = engine_free(w->engine);
        strbuf_done(&w->in_hand);
        free(w->source);
        free(w->archive);
}

static const CycleResult *cycle(World *w, CycleKind kind)
{
        cycle_result_done(&w->result);
        engine_cycle(w->engine, kind, &w->result);
        return &w->result;
}

/* A cycle that must succeed. */
static const CycleResult *sync_ok(World *w)
{
        cycle(w, CYCLE_NORMAL);
        CHECK_STR(w->result.sentence ?: "", "");
        CHECK_INT(w->result.failure, CYCLE_OK);
        CHECK_INT(w->result.n_errors, 0);
        return &w->result;
}

/* A session of @n messages that say "@id message K". */
static void add_session(World *w, const char *id, unsigned n)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_printf(
                        &sql,
                        "INSERT INTO sessions (id, project, first_message, message_count, file_hash, sync_marker, cwd) "
                        "VALUES ('%s', 'jay', 'hello', %u, 'ab12', strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now'), '/none');",
                        id, n);
        for (unsigned i = 0; i < n; i++)
                (void) strbuf_printf(
                                &sql,
                                "INSERT INTO messages (session_id, ordinal, role, content) VALUES "
                                "('%s', %u, 'user', '%s message %u');",
                                id, i, id, i);
        fixture_sql(w->source, sql.data);
}

#define TOUCH                                             \
        "transcript_revision = transcript_revision + 1, " \
        "sync_marker = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

static void change(World *w, const char *sql)
{
        fixture_sql(w->source, sql);
}

static int64_t count(World *w, const char *sql)
{
        return fixture_int(w->archive, sql);
}

TEST(a_first_sync_then_nothing)
{
        World w;

        world_begin(&w, "first");
        add_session(&w, "a", 3);
        add_session(&w, "b", 2);
        CHECK_INT(sync_ok(&w)->sessions_synced, 2);
        CHECK_INT(w.result.messages_written, 5);
        CHECK_INT(w.result.sessions_skipped, 0);
        CHECK_INT(sync_ok(&w)->sessions_synced, 0);
        CHECK_INT(w.result.sessions_skipped, 2);
        CHECK_INT(cycle(&w, CYCLE_AUDIT)->sessions_synced, 0);
        restart(&w);
        CHECK_INT(sync_ok(&w)->sessions_synced, 0);
        CHECK_INT(w.result.sessions_skipped, 2);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages"), 5);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM sessions WHERE user_id = 'me@example.com' AND project_name = 'jay'"),
                  2);
        world_done(&w);
}

/* A message with @secret in it, from @timestamp (SQL). */
static void say(World *w, const char *session, unsigned ordinal, const char *timestamp,
                const char *secret)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_printf(
                        &sql,
                        "INSERT INTO messages (session_id, ordinal, role, content, timestamp) VALUES "
                        "('%s', %u, 'user', 'use %s', %s); UPDATE sessions SET %s WHERE id = '%s'",
                        session, ordinal, secret, timestamp, TOUCH, session);
        change(w, sql.data);
}

TEST(pasted_just_now)
{
        static const char now[] = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
        World w;

        world_begin(&w, "pasted");
        add_session(&w, "a", 1);
        add_session(&w, "b", 1);
        say(&w, "a", 10, now, token(1));
        (void) sync_ok(&w);
        CHECK_INT(w.n_secrets, 1);
        CHECK_INT(w.n_pasted, 0); /* the backlog */

        say(&w, "a", 11, now, token(2));
        (void) sync_ok(&w);
        CHECK_INT(w.n_pasted, 1);
        say(&w, "a", 12, now, token(2)); /* again; and in another session */
        say(&w, "b", 10, now, token(2));
        say(&w, "b", 11, now, token(1));
        (void) sync_ok(&w);
        CHECK_INT(w.n_secrets, 2);
        CHECK_INT(w.n_pasted, 1);
        say(&w, "b", 12, "'2020-01-01T00:00:00.000Z'", token(3)); /* a transcript found late */
        (void) sync_ok(&w);
        CHECK_INT(w.n_pasted, 1);
        say(&w, "b", 13, "NULL", token(4));
        (void) sync_ok(&w);
        CHECK_INT(w.n_pasted, 2);

        restart(&w);
        say(&w, "b", 14, now, token(5)); /* while it did not run */
        (void) sync_ok(&w);
        CHECK_INT(w.n_pasted, 2);
        REQUIRE(engine_reset(w.engine, RESYNC_ALL, NULL) == 0);
        say(&w, "b", 15, now, token(6));
        (void) sync_ok(&w);
        CHECK_INT(w.n_secrets, 6);
        CHECK_INT(w.n_pasted, 2);
        world_done(&w);
}

/* What was found stays found, with the day on which it was said, and counts once. */
TEST(an_old_secret_is_not_new)
{
        static const char total[] = "SELECT value FROM meta WHERE key = 'total_masked'";
        static const char first[] =
                        "SELECT strftime('%Y', min(first_seen)) FROM secrets_seen WHERE fingerprint = "
                        "(SELECT fingerprint FROM findings WHERE ordinal = 11 OR ordinal = 12)";
        World w;

        world_begin(&w, "old");
        add_session(&w, "a", 1);
        change(&w, "UPDATE sessions SET started_at = '2019-01-01T00:00:00Z'");
        say(&w, "a", 10, "'2021-02-03T04:05:06.789Z'", token(1));
        say(&w, "a", 11, "'2020-01-01T01:00:00+01:00'", token(2));
        say(&w, "a", 12, "NULL", token(2));
        CHECK_INT(sync_ok(&w)->secrets_new, 2);
        CHECK_INT(w.result.secrets_detected, 3);
        CHECK_INT(w.result.n_rules, 1);
        CHECK_INT(count(&w, total), 3);
        CHECK_INT(count(&w, "SELECT count(*) FROM findings WHERE ordinal = 10 AND found_at = "
                            "'2021-02-03T04:05:06.789Z'"),
                  1);
        CHECK_INT(count(&w, "SELECT count(*) FROM findings WHERE ordinal = 11 AND found_at = "
                            "'2020-01-01T00:00:00.000Z'"),
                  1);
        CHECK_INT(count(&w, first), 2019);

        /* all again */
        REQUIRE(engine_reset(w.engine, RESYNC_ALL, NULL) == 0);
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        CHECK_INT(w.result.secrets_detected, 3);
        CHECK_INT(w.result.secrets_new, 0);
        CHECK_INT(w.result.n_rules, 0);
        CHECK_INT(count(&w, total), 3);

        /* one more message without a secret; then a known secret in another session */
        say(&w, "a", 13, "NULL", "nothing");
        CHECK_INT(sync_ok(&w)->secrets_detected, 0);
        add_session(&w, "b", 1);
        say(&w, "b", 10, "'2022-02-03T04:05:06.789Z'", token(1));
        CHECK_INT(sync_ok(&w)->secrets_detected, 1);
        CHECK_INT(w.result.secrets_new, 0);
        CHECK_INT(count(&w, total), 4);

        /* it is gone, and returns later */
        change(&w, "DELETE FROM messages WHERE ordinal = 12; UPDATE sessions SET " TOUCH);
        (void) sync_ok(&w);
        CHECK_INT(count(&w, first), 2019);
        change(&w, "DELETE FROM messages WHERE ordinal = 11; UPDATE sessions SET " TOUCH);
        (void) sync_ok(&w);
        say(&w, "b", 11, "'2023-02-03T04:05:06.789Z'", token(2));
        CHECK_INT(sync_ok(&w)->secrets_new, 0);
        CHECK_INT(count(&w, first), 2019);
        CHECK_INT(w.n_secrets, 2);
        world_done(&w);
}

TEST(only_changes_are_written)
{
        World w;

        world_begin(&w, "edit");
        add_session(&w, "a", 5);
        add_session(&w, "b", 5);
        (void) sync_ok(&w);

        change(&w, "UPDATE messages SET content = 'edited' WHERE session_id = 'a' AND ordinal = 2;"
                   "UPDATE sessions SET " TOUCH " WHERE id = 'a'");
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        CHECK_INT(w.result.messages_written, 1);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM messages WHERE content = 'edited' AND ordinal = 2"),
                  1);
        CHECK_INT(count(&w, "SELECT shrunk_seq FROM sessions WHERE id = 'a'"), 0);

        /* a commit that changes nothing for us */
        change(&w, "CREATE TABLE something_else (x)");
        CHECK_INT(sync_ok(&w)->sessions_synced, 0);

        /* a tool result that arrives late for an old row */
        change(&w,
               "INSERT INTO tool_calls (message_id, session_id, tool_name, category, input_json, call_index) "
               "SELECT id, 'b', 'Bash', 'Bash', '{}', 0 FROM messages WHERE session_id = 'b' AND ordinal = 1;"
               "UPDATE sessions SET " TOUCH " WHERE id = 'b'");
        CHECK_INT(sync_ok(&w)->messages_written, 1);
        change(&w,
               "INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, source, status, content) "
               "VALUES ('b', 1, 'tool_result', '', 'late'); UPDATE sessions SET " TOUCH
               " WHERE id = 'b'");
        CHECK_INT(sync_ok(&w)->messages_written, 1);
        CHECK_INT(count(&w, "SELECT count(*) FROM tool_result_events WHERE content = 'late'"), 1);
        CHECK_INT(count(&w, "SELECT count(*) FROM tool_calls"), 1);
        world_done(&w);
}

TEST(entries_removed_shift_and_truncation)
{
        World w;

        world_begin(&w, "shift");
        add_session(&w, "a", 6);
        (void) sync_ok(&w);
        /* 0 1 2 3 4 5 becomes 0 1 4 5: ordinals shift, row ids are used again for other messages */
        change(&w,
               "CREATE TEMP TABLE t AS SELECT content FROM messages WHERE ordinal >= 4 ORDER BY ordinal;"
               "DELETE FROM messages WHERE ordinal >= 2;"
               "INSERT INTO messages (id, session_id, ordinal, role, content) "
               "SELECT 2 + rowid, 'a', 1 + rowid, 'user', content FROM t;"
               "UPDATE sessions SET message_count = 4, " TOUCH);
        CHECK_INT(sync_ok(&w)->messages_written, 2);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages"), 4);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM messages WHERE ordinal = 2 AND content = 'a message 4'"),
                  1);
        CHECK_INT(count(&w, "SELECT shrunk_seq = change_seq FROM sessions"), 1);
        change(&w,
               "DELETE FROM messages WHERE ordinal > 0; UPDATE sessions SET message_count = 1, " TOUCH);
        CHECK_INT(sync_ok(&w)->messages_written, 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages"), 1);
        CHECK_INT(count(&w, "SELECT last_ordinal FROM cursors"), 0);
        world_done(&w);
}

#define USAGE(id, tokens)                                                                     \
        "INSERT INTO usage_events (id, session_id, source, model, output_tokens) VALUES (" id \
        ", 'a', 'turn', 'm', " tokens ");"
#define MARK "UPDATE sessions SET sync_marker = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = "

/* agentsview writes a session's events with its row: if none has any, only their number is checked. */
TEST(events_of_usage_are_read_with_their_session)
{
        static const char sum[] = "SELECT coalesce(sum(output_tokens), 0) FROM usage_events";
        World w;

        world_begin(&w, "usage");
        add_session(&w, "a", 1);
        add_session(&w, "b", 1);
        change(&w, "UPDATE sessions SET sync_marker = '2020-01-01T00:00:00.000Z'");
        (void) sync_ok(&w);
        change(&w, USAGE("1", "1") USAGE("2", "2") USAGE("3", "4"));
        (void) sync_ok(&w);
        CHECK_INT(count(&w, sum), 7);
        change(&w, MARK "'b'"); /* the newest mark, from which the next cycle continues */
        (void) sync_ok(&w);

        /* agentsview does not do this: it shows that they were not read */
        change(&w, "UPDATE usage_events SET output_tokens = 8 WHERE id = 2;" MARK "'b'");
        (void) sync_ok(&w);
        CHECK_INT(count(&w, sum), 7);
        change(&w, MARK "'a'");
        (void) sync_ok(&w);
        CHECK_INT(count(&w, sum), 13);

        /* a session that is read again: the same numbers */
        change(&w, "DELETE FROM usage_events;" USAGE("1", "16") USAGE("2", "16") USAGE("3", "16")
                                   MARK "'a'");
        (void) sync_ok(&w);
        CHECK_INT(count(&w, sum), 48);

        /* one was removed; and one was added, without any change of its session */
        change(&w,
               "UPDATE sessions SET sync_marker = '2020-01-01T00:00:00.000Z'; DELETE FROM usage_events WHERE id = 2");
        (void) sync_ok(&w);
        CHECK_INT(count(&w, sum), 32);
        change(&w, USAGE("7", "32"));
        (void) sync_ok(&w);
        CHECK_INT(count(&w, sum), 64);

        change(&w, "UPDATE usage_events SET output_tokens = 1");
        (void) cycle(&w, CYCLE_AUDIT);
        CHECK_INT(count(&w, sum), 3);
        world_done(&w);
}

TEST(rename_trash_restore_star_pin)
{
        World w;

        world_begin(&w, "marks");
        add_session(&w, "a", 2);
        (void) sync_ok(&w);
        change(&w,
               "UPDATE sessions SET display_name = 'named', sync_marker = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')");
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        CHECK_INT(w.result.messages_written, 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM sessions WHERE display_name = 'named'"), 1);

        change(&w,
               "INSERT INTO starred_sessions VALUES ('a', '2026-01-01T00:00:00Z');"
               "INSERT INTO pinned_messages (session_id, message_id, ordinal, note) VALUES ('a', 1, 0, 'look')");
        CHECK_INT(sync_ok(&w)->sessions_synced, 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM session_stars WHERE user_id = 'me@example.com'"),
                  1);
        CHECK_INT(count(&w, "SELECT count(*) FROM message_pins WHERE note = 'look'"), 1);
        change(&w, "DELETE FROM starred_sessions; UPDATE pinned_messages SET note = 'again'");
        (void) sync_ok(&w);
        CHECK_INT(count(&w, "SELECT count(*) FROM session_stars"), 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM message_pins WHERE note = 'again'"), 1);

        change(&w,
               "UPDATE sessions SET deleted_at = '2026-01-01T00:00:00Z', sync_marker = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')");
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        CHECK_INT(count(&w, "SELECT count(*) FROM session_deletes WHERE cause = 'trash'"), 1);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages"), 2);
        change(&w,
               "UPDATE sessions SET deleted_at = NULL, sync_marker = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')");
        (void) sync_ok(&w);
        CHECK_INT(count(&w, "SELECT count(*) FROM session_deletes"), 0);
        world_done(&w);
}

TEST(deleted_for_good_is_purged_or_kept_as_set)
{
        for (int keep = 0; keep < 2; keep++) {
                World w;

                world_begin(&w, keep ? "keep" : "purge");
                w.settings.keep_deleted_sessions = keep;
                restart(&w);
                add_session(&w, "a", 2);
                add_session(&w, "b", 2);
                (void) sync_ok(&w);
                change(&w,
                       "DELETE FROM sessions WHERE id = 'a'; DELETE FROM messages WHERE session_id = 'a';"
                       "INSERT INTO session_deletion_changes VALUES ('a', 'jay', 1, 1);"
                       "INSERT INTO excluded_sessions (id) VALUES ('a'), ('never-seen')");
                CHECK_INT(sync_ok(&w)->sessions_removed, 1);
                CHECK_INT(count(&w,
                                "SELECT count(*) FROM session_deletes WHERE cause = 'deleted' AND session_id = 'a'"),
                          1);
                CHECK_INT(count(&w, "SELECT count(*) FROM session_deletes"), 1);
                CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE session_id = 'a'"),
                          keep ? 2 : 0);
                CHECK_INT(cycle(&w, CYCLE_AUDIT)->sessions_removed, 0);
                world_done(&w);
        }
}

TEST(a_session_that_only_vanished_is_kept)
{
        World w;

        world_begin(&w, "vanished");
        add_session(&w, "a", 2);
        (void) sync_ok(&w);
        change(&w, "DELETE FROM sessions; DELETE FROM messages");
        (void) cycle(&w, CYCLE_AUDIT);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages"), 2);
        /* and a resync masks it again from the archive itself: there is nothing to change, so nothing is written */
        REQUIRE(engine_reset(w.engine, RESYNC_ALL, NULL) == 0);
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        CHECK_INT(w.result.messages_written, 0);
        CHECK_INT(sync_ok(&w)->sessions_synced, 0);
        world_done(&w);
}

TEST(a_swapped_file_with_the_same_content_writes_nothing)
{
        _cleanup_free_ char *other = fixture_path("swapped-source.db");
        World w;

        world_begin(&w, "swap");
        add_session(&w, "a", 3);
        (void) sync_ok(&w);
        change(&w, "PRAGMA wal_checkpoint(TRUNCATE)");
        {
                _cleanup_(strbuf_done) StrBuf sql = { 0 };

                (void) strbuf_printf(&sql, "VACUUM INTO '%s'", other);
                change(&w, sql.data);
        }
        fixture_sql(other,
                    "UPDATE messages SET id = id + 100; UPDATE sessions SET sync_marker = '2099-01-01'");
        REQUIRE(rename(other, w.source) == 0);
        CHECK_INT(sync_ok(&w)->sessions_synced, 0);
        CHECK(w.result.source_swapped);
        CHECK_INT(w.result.messages_written, 0);
        change(&w,
               "UPDATE messages SET content = 'x' WHERE ordinal = 1; UPDATE sessions SET " TOUCH);
        CHECK_INT(sync_ok(&w)->messages_written, 1);
        CHECK(!w.result.source_swapped);
        world_done(&w);
}

/* Half way through another file, the marker of the previous one says nothing about the rest. */
TEST(a_stop_in_a_swapped_file_is_resumed)
{
        World w, o;

        world_begin(&w, "stopped-swap");
        add_session(&w, "a", 1);
        (void) sync_ok(&w);
        world_begin(&o, "stopped-swap-new");
        add_session(&o, "b", 1);
        add_session(&o, "c", 1);
        add_session(&o, "d", 1);
        change(&o, "UPDATE sessions SET sync_marker = '2001-01-01T00:00:00.000Z';"
                   "PRAGMA wal_checkpoint(TRUNCATE)");
        REQUIRE(rename(o.source, w.source) == 0);
        world_done(&o);
        w.n_progress = 0;
        w.stop_after = 2;
        CHECK_INT(cycle(&w, CYCLE_NORMAL)->failure, CYCLE_STOPPING);
        CHECK(w.result.source_swapped);
        CHECK_INT(w.result.sessions_synced, 1);
        w.stop_after = 0;
        restart(&w);
        CHECK_INT(sync_ok(&w)->sessions_synced, 2);
        world_done(&w);
}

TEST(a_marker_in_the_future_hides_no_later_change)
{
        World w;

        world_begin(&w, "future");
        add_session(&w, "a", 1);
        change(&w, "UPDATE sessions SET sync_marker = '2099-01-01T00:00:00.000Z'");
        (void) sync_ok(&w);
        add_session(&w, "b", 1);
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        change(&w, "UPDATE sessions SET display_name = 'x', sync_marker = ''  WHERE id = 'b'");
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        world_done(&w);
}

/* The window follows the source's marks if they are earlier than our clock. */
TEST(a_clock_that_is_ahead_hides_no_change)
{
        World w;

        world_begin(&w, "ahead");
        add_session(&w, "a", 1);
        add_session(&w, "b", 1);
        change(&w, "UPDATE sessions SET sync_marker = '2001-01-01T00:00:00.000Z'");
        (void) sync_ok(&w);
        for (int n = 1; n < 4; n++) {
                char sql[128];

                (void) snprintf(sql, sizeof(sql),
                                "UPDATE sessions SET display_name = 'x%d', "
                                "sync_marker = '2001-01-01T0%d:00:00.000Z' WHERE id = '%s'",
                                n, n, n % 2 ? "a" : "b");
                change(&w, sql);
                CHECK_INT(sync_ok(&w)->sessions_synced, 1);
                restart(&w);
        }
        world_done(&w);
}

/* The clock was a year ahead when the last window ended; then it was corrected, while the service was not running. */
TEST(a_clock_that_was_set_back_hides_no_change)
{
        World w;

        world_begin(&w, "back");
        add_session(&w, "a", 1);
        add_session(&w, "b", 1);
        change(&w, "UPDATE sessions SET sync_marker = '2099-01-01T00:00:00.000Z' WHERE id = 'b'");
        (void) sync_ok(&w);
        w.engine = engine_free(w.engine);
        fixture_sql(w.archive,
                    "UPDATE meta SET value = '2099-01-01T00:00:00.000Z' WHERE key = 'source_marker'");
        change(&w, "UPDATE sessions SET display_name = 'x', sync_marker = "
                   "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-60 seconds') WHERE id = 'a'");
        restart(&w);
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        CHECK_INT(sync_ok(&w)->sessions_synced, 0);
        world_done(&w);
}

TEST(the_largest_ordinal_is_the_last)
{
        World w;

        world_begin(&w, "largest");
        add_session(&w, "a", 2);
        change(&w, "UPDATE messages SET ordinal = 9223372036854775807 WHERE ordinal = 1");
        (void) sync_ok(&w);
        change(&w, "UPDATE messages SET content = 'edited' WHERE ordinal > 1;"
                   "UPDATE sessions SET " TOUCH);
        CHECK_INT(sync_ok(&w)->messages_written, 1);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE content = 'edited'"), 1);
        world_done(&w);
}

TEST(the_audit_finds_changes_that_the_window_misses)
{
        World w;

        world_begin(&w, "audit");
        add_session(&w, "a", 1);
        add_session(&w, "b", 1);
        change(&w, "UPDATE sessions SET sync_marker = '2001-01-01T00:00:00.000Z' WHERE id = 'a'");
        (void) sync_ok(&w);
        change(&w, "UPDATE sessions SET display_name = 'silent' WHERE id = 'a'");
        CHECK_INT(sync_ok(&w)->sessions_synced, 0);
        CHECK_INT(cycle(&w, CYCLE_AUDIT)->sessions_synced, 1);
        /* a new session is found at once, whatever its marker says, even after a restart */
        add_session(&w, "old-but-new", 1);
        change(&w, "UPDATE sessions SET sync_marker = '2001-01-01' WHERE id = 'old-but-new'");
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        restart(&w);
        add_session(&w, "another", 1);
        change(&w, "UPDATE sessions SET sync_marker = '2001-01-01' WHERE id = 'another'");
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        world_done(&w);
}

/* Are the source's files so old that a write to them is noticed? */
static bool is_settled(const World *w)
{
        _cleanup_free_ char *state = NULL;

        return file_state_get(w->source, now_usec(CLOCK_REALTIME), &state) > 0;
}

static void wait_until_settled(World *w)
{
        for (int i = 0; i < 6000 && !is_settled(w); i++)
                (void) usleep(10000);
        REQUIRE(is_settled(w));
}

/* Makes a session's cursor say that it was never synced, which no cycle notices without comparing. */
static void spoil_a_cursor(World *w)
{
        w->engine = engine_free(w->engine);
        fixture_sql(w->archive, "UPDATE cursors SET fingerprint = 0 WHERE session_id = 'a'");
        restart(w);
}

static void replace_with_a_copy(World *w)
{
        _cleanup_free_ char *copy = fixture_path("copy.db");
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        struct stat st;

        (void) strbuf_printf(&sql, "VACUUM INTO '%s'", copy);
        change(w, sql.data);
        REQUIRE(stat(w->source, &st) == 0 && rename(copy, w->source) == 0);
        REQUIRE(utimensat(AT_FDCWD, w->source, (struct timespec[]){ st.st_atim, st.st_mtim }, 0) ==
                0);
}

TEST(an_audit_holds_until_somebody_writes)
{
        static const char *const modes[] = { "DELETE", "WAL" };

        for (size_t i = 0; i < ELEMENTSOF(modes); i++) {
                _cleanup_(strbuf_done) StrBuf sql = { 0 };
                sqlite3 *other = NULL;
                uint64_t synced;
                World w;

                world_begin(&w, modes[i]);
                (void) strbuf_printf(&sql, "PRAGMA journal_mode = %s", modes[i]);
                change(&w, sql.data);
                /* while it is open, a commit stays in the write-ahead log */
                REQUIRE(sqlite3_open(w.source, &other) == SQLITE_OK &&
                        sqlite3_exec(other, "SELECT * FROM sessions", NULL, NULL, NULL) ==
                                        SQLITE_OK);
                add_session(&w, "a", 1);
                add_session(&w, "b", 1);
                CHECK_INT(cycle(&w, CYCLE_SURE)->sessions_synced, 2);
                spoil_a_cursor(&w);
                synced = cycle(&w, CYCLE_SURE)->sessions_synced;
                if (!is_settled(&w)) /* it was too fresh to tell; under valgrind it need not be */
                        CHECK_INT(synced, 1);

                wait_until_settled(&w);
                CHECK_INT(cycle(&w, CYCLE_SURE)->sessions_synced, 0);
                spoil_a_cursor(&w);
                CHECK_INT(cycle(&w, CYCLE_SURE)->sessions_synced, 0);
                CHECK_INT(w.result.sessions_skipped, 2);
                CHECK_INT(cycle(&w, CYCLE_AUDIT)->sessions_synced, 1);

                /* what no marker reveals */
                change(&w, "UPDATE sessions SET display_name = 'silent' WHERE id = 'b'");
                CHECK_INT(cycle(&w, CYCLE_SURE)->sessions_synced, 1);
                wait_until_settled(&w);
                CHECK_INT(cycle(&w, CYCLE_SURE)->sessions_synced, 0);

                /* the archive was written to by another cycle */
                change(&w, "UPDATE sessions SET display_name = 'told', " TOUCH " WHERE id = 'b'");
                wait_until_settled(&w);
                CHECK_INT(cycle(&w, CYCLE_LOOK)->sessions_synced, 1);
                spoil_a_cursor(&w);
                CHECK_INT(cycle(&w, CYCLE_SURE)->sessions_synced, 1);

                /* what may be archived is decided again */
                w.settings.max_message_bytes = 1 << 20;
                engine_set_settings(w.engine, &w.settings);
                CHECK_INT(cycle(&w, CYCLE_SURE)->sessions_synced, 2);
                CHECK_INT(cycle(&w, CYCLE_SURE)->sessions_synced, 0);

                /* another file replaces it, with the same times */
                (void) sqlite3_close(other);
                w.engine = engine_free(w.engine);
                change(&w, "PRAGMA journal_mode = DELETE");
                restart(&w);
                wait_until_settled(&w);
                CHECK_INT(cycle(&w, CYCLE_SURE)->sessions_synced, 0);
                spoil_a_cursor(&w);
                replace_with_a_copy(&w);
                CHECK_INT(cycle(&w, CYCLE_SURE)->sessions_synced, 1);
                world_done(&w);
        }
}

TEST(secrets_go_in_every_text_column)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        static const char *const files[] = { "", "-wal" };
        const char *secret;
        World w;

        world_begin(&w, "secrets");
        add_session(&w, "a", 2);
        (void) strbuf_printf(
                        &sql,
                        "UPDATE sessions SET first_message = 'my %s', display_name = '%s', cwd = '/src/%s', git_branch = '%s';",
                        token(1), token(2), token(3), token(4));
        (void) strbuf_printf(
                        &sql,
                        "UPDATE messages SET content = 'x %s y', thinking_text = '%s', dialogue_text = 'x %s', role = '%s';",
                        token(1), token(5), token(1), token(6));
        /* what a source calls an id is still text, if it is not a key */
        (void) strbuf_printf(
                        &sql,
                        "UPDATE messages SET claude_message_id = '%s', claude_request_id = '%s', source_uuid = '%s';",
                        token(11), token(12), token(13));
        (void) strbuf_printf(
                        &sql,
                        "INSERT INTO tool_calls (message_id, session_id, tool_name, category, input_json, result_content, call_index, tool_use_id) "
                        "VALUES (1, 'a', 'Bash', 'Bash', '{\"command\":\"echo \\\"%s\\\"\"}', '%s', 0, '%s');",
                        token(7), token(8), token(14));
        (void) strbuf_printf(
                        &sql,
                        "INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, source, status, tool_use_id, agent_id, content) "
                        "VALUES ('a', 0, 'tool_result', '', '%s', '%s', '%s');"
                        "INSERT INTO pinned_messages (session_id, message_id, ordinal, note) VALUES ('a', 1, 0, 'n %s');",
                        token(14), token(15), token(9), token(10));
        change(&w, sql.data);
        CHECK(sync_ok(&w)->secrets_detected >= 9);
        CHECK(w.n_secrets >= 9);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM findings WHERE field = 'tool_calls/0/input_json' AND rule = 'github-pat'"),
                  1);
        CHECK_INT(count(&w, "SELECT json_valid(input_json) FROM tool_calls"), 1);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM messages WHERE content = 'x [REDACTED:github-pat] y'"),
                  2);
        for (unsigned seed = 1; seed <= 15; seed++) {
                secret = token(seed);
                for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                        _cleanup_free_ char *path = NULL, *bytes = NULL;
                        size_t size = 0;

                        REQUIRE(asprintf(&path, "%s%s", w.archive, files[i]) > 0);
                        if (file_read(path, 10000000, &bytes, &size) == 0)
                                CHECK(!memmem(bytes, size, secret, strlen(secret)));
                }
        }
        /* the same secrets again announce nothing */
        w.n_secrets = 0;
        REQUIRE(engine_reset(w.engine, RESYNC_ALL, NULL) == 0);
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        CHECK_INT(w.n_secrets, 0);
        world_done(&w);
}

/* A secret that its context reveals in one message is masked where it is bare, before and after, now and later. */
TEST(a_secret_found_once_is_masked_everywhere_in_its_session)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        const char *bare = token(77) + 6; /* no prefix: nothing shows that it is a secret */
        World w;

        world_begin(&w, "known");
        add_session(&w, "a", 4);
        (void) strbuf_printf(&sql,
                             "UPDATE messages SET content = 'it is %s there' WHERE ordinal = 0;",
                             bare);
        (void) strbuf_printf(&sql,
                             "UPDATE messages SET content = 'password = \"%s\"' WHERE ordinal = 2;",
                             bare);
        (void) strbuf_printf(&sql, "UPDATE messages SET content = 'again: %s.' WHERE ordinal = 3;",
                             bare);
        change(&w, sql.data);
        (void) sync_ok(&w);
        strbuf_clear(&sql);
        (void) strbuf_printf(&sql, "SELECT count(*) FROM messages WHERE instr(content, '%s') > 0",
                             bare);
        CHECK_INT(count(&w, sql.data), 0);
        /* searching the earlier messages again does not move the cursor */
        CHECK_INT(count(&w, "SELECT last_ordinal FROM cursors"), 3);
        /* one more message later, in another process */
        restart(&w);
        strbuf_clear(&sql);
        (void) strbuf_printf(
                        &sql,
                        "INSERT INTO messages (session_id, ordinal, role, content) VALUES ('a', 9, 'user', 'and %s');"
                        "UPDATE sessions SET transcript_revision = 9, sync_marker = '2099-01-01'",
                        bare);
        change(&w, sql.data);
        CHECK_INT(sync_ok(&w)->messages_written, 1);
        strbuf_clear(&sql);
        (void) strbuf_printf(&sql, "SELECT count(*) FROM messages WHERE instr(content, '%s') > 0",
                             bare);
        CHECK_INT(count(&w, sql.data), 0);
        world_done(&w);
}

/* The bare places for which a pass from the first message to the last, and from the first text to the last, comes too late. */
TEST(a_secret_is_seen_before_it_was_learned)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 }, look = { 0 };
        const char *bare = token(91) + 6, *slashed = "q7/Zk+0aLw9=Xr5T/uV3";
        World w;

        world_begin(&w, "before");
        add_session(&w, "a", 4);
        /* learned from the tool's input, which is masked after the content; and with signs that JSON may escape */
        (void) strbuf_printf(
                        &sql,
                        "UPDATE messages SET content = 'so %s it is' WHERE ordinal = 1;"
                        "INSERT INTO tool_calls (message_id, session_id, tool_name, category, input_json, call_index) "
                        "VALUES (2, 'a', 'Write', 'Write', '{\"password\":\"%s\"}', 0);"
                        "UPDATE messages SET content = '{\"x\":\"%s\"}' WHERE ordinal = 0;"
                        "UPDATE messages SET content = 'password = \"%s\"' WHERE ordinal = 3;",
                        bare, bare, slashed, slashed);
        change(&w, sql.data);
        (void) sync_ok(&w);
        (void) strbuf_printf(
                        &look,
                        "SELECT count(*) FROM messages WHERE instr(content, '%s') > 0 OR instr(content, '%s') > 0",
                        bare, slashed);
        CHECK_INT(count(&w, look.data), 0);

        /* a message before the one that has it is edited, in another process: the one that has it stays unchanged */
        restart(&w);
        strbuf_clear(&sql);
        (void) strbuf_printf(
                        &sql,
                        "UPDATE messages SET content = 'was it %s?' WHERE ordinal = 0;"
                        "UPDATE sessions SET transcript_revision = 9, sync_marker = '2099-01-01'",
                        bare);
        change(&w, sql.data);
        CHECK(sync_ok(&w)->messages_written >= 1);
        CHECK_INT(count(&w, look.data), 0);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM messages WHERE content LIKE 'was it [REDACTED:%]?'"),
                  1);
        world_done(&w);
}

/* Is @word in any byte of the archive's files? */
static bool has_traces(World *w, const char *word)
{
        static const char *const files[] = { "", "-wal", "-shm" };

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_free_ char *path = NULL, *bytes = NULL;
                size_t size = 0;

                REQUIRE(asprintf(&path, "%s%s", w->archive, files[i]) > 0);
                if (file_read(path, 100000000, &bytes, &size) == 0 &&
                    memmem(bytes, size, word, strlen(word)))
                        return true;
        }
        return false;
}

/* Contexts that reveal a secret, and differ in how much of a text they take for it. */
static const char *const contexts[][2] = {
        { "password = \"", "\"" },
        { "DB_PASSWORD=", "" },
        { "{\"api_key\": \"", "\"}" },
        { "Authorization: Bearer ", "" },
        { "export TOKEN='", "'" },
        { "https://me:", "@db.example.com/x" },
        { "--password ", "" },
        { "secret: ", "" },
        { "curl -u me:", " https://x.example.com" },
};

/* A secret with signs at which some contexts end, so that one takes it and another only a part of it. */
static void random_secret(char ret[static 32])
{
        static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        static const char signs[] = "-_.+/=,;:!#%&";

        for (size_t i = 0; i < 28; i++)
                ret[i] = letters[(size_t) rand() % (sizeof(letters) - 1)];
        ret[14] = signs[(size_t) rand() % (sizeof(signs) - 1)];
        ret[28] = 0;
}

static void tell(char ret[static 120], const char *const context[2], const char *secret)
{
        (void) snprintf(ret, 120, "%s%s%s", context[0], secret, context[1]);
}

/* How much of @secret is in the archived messages of @session: the longest piece of it, in bytes. */
static size_t longest_piece(World *w, const char *session, const char *secret)
{
        _cleanup_free_ char *sql = NULL, *all = NULL;
        size_t n = strlen(secret);

        REQUIRE(asprintf(&sql,
                         "SELECT group_concat(content, char(10)) FROM messages WHERE session_id = '%s'",
                         session) > 0);
        all = fixture_text(w->archive, sql);
        for (size_t size = n; size >= 8; size--)
                for (size_t at = 0; at + size <= n; at++)
                        if (all && memmem(all, strlen(all), secret + at, size))
                                return size;
        return 0;
}

/* A session with two messages that reveal @secret, in the context @first and in @second. */
static void add_told_twice(World *w, const char *session, size_t first, size_t second,
                           const char *secret)
{
        char text[2][120];

        tell(text[0], contexts[first], secret);
        tell(text[1], contexts[second], secret);
        add_session(w, session, 2);
        for (int i = 0; i < 2; i++) {
                char *sql = sqlite3_mprintf(
                                "UPDATE messages SET content = %Q WHERE session_id = %Q AND ordinal = %d",
                                text[i], session, i);

                change(w, sql);
                sqlite3_free(sql);
        }
}

/* Said in one way, then in another: whatever the second context masks is also masked where only the first one was known. */
TEST(two_contexts_of_one_secret_leave_no_part_of_it)
{
        enum { N = ELEMENTSOF(contexts) };
        const char *given = getenv("SCRUBJAY_TEST_SEED");
        unsigned n_left = 0, seed = given ? (unsigned) strtoul(given, NULL, 10)
                                          : (unsigned) now_usec(CLOCK_REALTIME);
        char secrets[N * N][32], id[32];
        World w;

        printf("# seed %u\n", seed);
        srand(seed);
        world_begin(&w, "contexts");
        for (size_t i = 0; i < N * N; i++) {
                size_t pair[2] = { i / N, i % N };

                random_secret(secrets[i]);
                /* what each context leaves of it alone, then both in one session */
                for (size_t m = 0; m < 3; m++) {
                        (void) snprintf(id, sizeof(id), "%zu-%zu", i, m);
                        add_told_twice(&w, id, pair[m == 1], pair[m != 0], secrets[i]);
                }
        }
        (void) sync_ok(&w);
        for (size_t i = 0; i < N * N; i++) {
                size_t left[3];

                for (size_t m = 0; m < 3; m++) {
                        (void) snprintf(id, sizeof(id), "%zu-%zu", i, m);
                        left[m] = longest_piece(&w, id, secrets[i]);
                }
                if (left[2] > (left[0] < left[1] ? left[0] : left[1])) {
                        printf("# more stays of '%s' than '%s' and '%s' leave alone\n", secrets[i],
                               contexts[i / N][0], contexts[i % N][0]);
                        n_left++;
                }
        }
        CHECK_INT(n_left, 0);
        world_done(&w);
}

/* What only the archive has is also masked again in two passes. */
TEST(a_secret_found_late_is_masked_in_archive_only_messages)
{
        _cleanup_free_ char *rules = fixture_path("late-rules"), *file = NULL, *content = NULL;
        static const char rule[] =
                        "{\"rules\": [{\"id\": \"the-nest\", \"description\": \"A nest\", "
                        "\"secret\": 1, \"literals\": [\"nest is\"], \"pattern\": \"nest is ([a-z0-9]{12})\", \"guards\": {}, \"examples\": {\"positive\": [\"nest is <<q8zr4k1vw0xj>>\"], \"negative\": []}}]}";
        const char *folders[] = { TEST_RULES_DIR, rules, NULL };
        World w;

        world_begin(&w, "late");
        REQUIRE(mkdir(rules, 0700) == 0);
        w.settings.rules_folders = folders;
        restart(&w);
        add_session(&w, "a", 2);
        change(&w, "UPDATE messages SET content = 'so q8zr4k1vw0xj then' WHERE ordinal = 0;"
                   "UPDATE messages SET content = 'the nest is q8zr4k1vw0xj' WHERE ordinal = 1");
        (void) sync_ok(&w);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE content LIKE '%q8zr4k1vw0xj%'"),
                  2);
        change(&w, "DELETE FROM sessions; DELETE FROM messages");
        REQUIRE((file = path_join(rules, "late.json")) != NULL);
        REQUIRE(file_write_atomic(file, 0600, rule, strlen(rule)) == 0);
        engine_set_settings(w.engine, &w.settings);
        (void) sync_ok(&w);
        CHECK_STR(w.result.warning ?: "", "");
        content = fixture_text(w.archive, "SELECT content FROM messages WHERE ordinal = 0");
        CHECK_STR(content, "so [REDACTED:the-nest] then");
        CHECK_INT(count(&w, "SELECT count(*) FROM findings"), 2);

        /* and what was found before is not forgotten when it is masked once more */
        REQUIRE(engine_reset(w.engine, RESYNC_ALL, NULL) == 0);
        (void) sync_ok(&w);
        CHECK_INT(count(&w, "SELECT count(*) FROM findings"), 2);
        world_done(&w);
}

/* Names are remembered as clean; a secret that is learned later may be in one. */
TEST(a_name_without_secrets_is_checked_again)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        const char *bare = token(0) + 6;
        World w;

        world_begin(&w, "names");
        for (int i = 0; i < 2; i++) {
                char id[2] = { (char) ('a' + i), 0 };

                add_session(&w, id, 3);
        }
        (void) strbuf_printf(
                        &sql,
                        "UPDATE sessions SET project = '%s', machine = '%s';"
                        "UPDATE messages SET model = '%s';"
                        "UPDATE messages SET content = 'password = \"%s\"' WHERE ordinal = 1 AND session_id = 'b';"
                        "INSERT INTO tool_calls (message_id, session_id, tool_name, category, skill_name, call_index) "
                        "SELECT id, session_id, 'Bash', 'Bash', '%s', 0 FROM messages;",
                        bare, bare, bare, bare, bare);
        change(&w, sql.data);
        (void) sync_ok(&w);
        /* in session a, nothing shows that it is one */
        CHECK_INT(count(&w, "SELECT count(*) FROM sessions WHERE project LIKE '[REDACTED:%'"), 1);
        CHECK_INT(count(&w, "SELECT count(*) FROM sessions WHERE machine LIKE '[REDACTED:%'"), 1);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE model LIKE '[REDACTED:%'"), 3);
        CHECK_INT(count(&w, "SELECT count(*) FROM tool_calls WHERE skill_name LIKE '[REDACTED:%'"),
                  3);
        world_done(&w);
}

/* A name of the session reveals it: it is masked in the messages, which are read before. */
TEST(a_secret_in_a_name_is_masked_in_the_messages)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        const char *bare = token(0) + 6;
        World w;

        world_begin(&w, "told-by-name");
        add_session(&w, "a", 3);
        (void) strbuf_printf(&sql,
                             "UPDATE sessions SET display_name = 'password: %s', git_branch = '%s';"
                             "UPDATE messages SET content = 'so %s' WHERE ordinal = 1;",
                             bare, bare, bare);
        change(&w, sql.data);
        (void) sync_ok(&w);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE content LIKE 'so [REDACTED:%'"),
                  1);
        CHECK_INT(count(&w, "SELECT count(*) FROM sessions WHERE git_branch LIKE '[REDACTED:%' AND "
                            "display_name LIKE 'password: [REDACTED:%'"),
                  1);
        world_done(&w);
}

/* How many archived texts of people contain @word. */
static int64_t n_texts_with(World *w, const char *word)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_printf(
                        &sql,
                        "SELECT (SELECT count(*) FROM messages WHERE instr(content, '%s')) + "
                        "(SELECT count(*) FROM sessions WHERE instr(coalesce(display_name, '') || "
                        "first_message, '%s')) + (SELECT count(*) FROM message_pins WHERE "
                        "instr(coalesce(note, ''), '%s'))",
                        word, word, word);
        return count(w, sql.data);
}

_printf_(2, 3) static void changef(World *w, const char *format, ...)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        va_list ap;

        va_start(ap, format);
        REQUIRE(strbuf_vprintf(&sql, format, ap) == 0);
        va_end(ap);
        change(w, sql.data);
}

/* The text that revealed a secret is removed; the secret stays masked, in each later process. */
TEST(a_masked_secret_stays_masked_without_its_context)
{
        const char *bare = token(0) + 6;
        World w;

        world_begin(&w, "context-left");
        add_session(&w, "a", 4);
        changef(&w,
                "UPDATE messages SET content = 'password = \"%s\"' WHERE ordinal = 0;"
                "UPDATE messages SET content = 'trying %s' WHERE ordinal = 1;",
                bare, bare);
        (void) sync_ok(&w);
        restart(&w);
        change(&w,
               "UPDATE messages SET content = 'never mind' WHERE ordinal = 0; UPDATE sessions SET " TOUCH);
        (void) sync_ok(&w);
        CHECK_INT(n_texts_with(&w, bare), 0);
        restart(&w);
        changef(&w,
                "UPDATE messages SET content = 'once more %s' WHERE ordinal = 1;"
                "UPDATE messages SET content = '{\"a\":\"x\\n%s\"}' WHERE ordinal = 2;"
                "UPDATE sessions SET display_name = 'about %s'",
                bare, bare, bare);
        change(&w, "UPDATE sessions SET " TOUCH);
        (void) sync_ok(&w);
        CHECK_INT(n_texts_with(&w, bare), 0);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM messages WHERE content LIKE 'once more [REDACTED:%'"),
                  1);
        REQUIRE(engine_reset(w.engine, RESYNC_ALL, NULL) == 0);
        (void) sync_ok(&w);
        CHECK_INT(n_texts_with(&w, bare), 0);
        /* not a secret of another session */
        add_session(&w, "b", 1);
        changef(&w, "UPDATE messages SET content = 'it is %s' WHERE session_id = 'b'", bare);
        (void) sync_ok(&w);
        CHECK_INT(n_texts_with(&w, bare), 1);
        world_done(&w);
}

/* A text of megabytes is not kept for another search; it is read again. */
TEST(a_masked_secret_stays_masked_in_a_long_session)
{
        const char *bare = token(0) + 6;
        World w;

        world_begin(&w, "context-left-long");
        add_session(&w, "a", 4);
        changef(&w, "UPDATE messages SET content = 'password = \"%s\"' WHERE ordinal = 0;", bare);
        change(&w,
               "UPDATE messages SET content = replace(hex(zeroblob(1500000)), '00', 'word ') WHERE ordinal IN (1, 2)");
        (void) sync_ok(&w);
        changef(&w,
                "UPDATE messages SET content = 'gone' WHERE ordinal = 0;"
                "UPDATE messages SET content = 'so %s' WHERE ordinal = 3",
                bare);
        change(&w, "UPDATE sessions SET " TOUCH);
        (void) sync_ok(&w);
        CHECK_INT(n_texts_with(&w, bare), 0);
        world_done(&w);
}

/* What the rules no longer take for a secret returns, and so does what a person switched off. */
TEST(a_changed_rule_can_unmask)
{
        static const char *const off[] = { "github-pat", NULL };
        const char *secret = token((unsigned) now_usec(CLOCK_REALTIME));
        World w;

        world_begin(&w, "refuted");
        add_session(&w, "a", 3);
        changef(&w, "UPDATE messages SET content = 'see %s here'", secret);
        (void) sync_ok(&w);
        CHECK_INT(n_texts_with(&w, secret), 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM secrets"), 1);
        w.settings.rules_disable = off;
        engine_set_settings(w.engine, &w.settings);
        (void) sync_ok(&w);
        CHECK_INT(n_texts_with(&w, secret), 3);
        CHECK_INT(count(&w, "SELECT count(*) FROM secrets"), 0);
        world_done(&w);
}

static void add_relative(World *w, unsigned k, unsigned teller, const char *bare)
{
        static const char ids[] = "pcg";
        char id[2] = { ids[k], 0 };

        add_session(w, id, 3);
        if (k > 0)
                changef(w,
                        "UPDATE sessions SET parent_session_id = '%c', relationship_type = 'subagent' "
                        "WHERE id = '%c'",
                        ids[k - 1], ids[k]);
        changef(w,
                "UPDATE messages SET content = 'so %s' WHERE session_id = '%s' AND ordinal = 0;"
                "UPDATE sessions SET first_message = 'so %s', display_name = 'of %s' WHERE id = '%s';"
                "INSERT INTO pinned_messages (session_id, message_id, ordinal, note) SELECT session_id, id, "
                "ordinal, 'see %s' FROM messages WHERE session_id = '%s' AND ordinal = 1",
                bare, id, bare, bare, id, bare, id);
        if (teller == k)
                changef(w,
                        "UPDATE messages SET content = 'password = \"%s\"' WHERE session_id = '%s' AND "
                        "ordinal = 2",
                        bare, id);
        if (teller == 3 && k == 1)
                changef(w,
                        "UPDATE pinned_messages SET note = 'password: %s' WHERE session_id = 'c'",
                        bare);
        if (teller == 4 && k == 1)
                changef(w, "UPDATE sessions SET display_name = 'password: %s' WHERE id = 'c'",
                        bare);
}

/* Parent, child and grandchild, a pin's note and a name: whichever reveals it, and whichever comes first. */
TEST(a_conversation_shares_known_secrets)
{
        for (unsigned teller = 0; teller < 5; teller++)
                for (unsigned first = 0; first < 3; first++) {
                        /* not random: whether a value is taken for a password is tested elsewhere */
                        const char *bare = token(teller) + 6;
                        char world[40];
                        int64_t before;
                        World w;

                        (void) snprintf(world, sizeof(world), "family-%u-%u", teller, first);
                        world_begin(&w, world);
                        for (unsigned i = 0; i < 3; i++) {
                                add_relative(&w, (first + i) % 3, teller, bare);
                                (void) sync_ok(&w);
                                restart(&w); /* everything known is in the archive */
                        }
                        CHECK_INT(n_texts_with(&w, bare), 0);
                        (void) sync_ok(&w);
                        (void) sync_ok(&w);
                        /* nothing more is to be done */
                        before = count(&w, "SELECT value FROM meta WHERE key = 'change_seq'");
                        CHECK_INT(cycle(&w, CYCLE_AUDIT)->messages_written, 0);
                        CHECK_INT(count(&w, "SELECT value FROM meta WHERE key = 'change_seq'"),
                                  before);
                        CHECK_INT(count(&w, "SELECT count(*) FROM conversations_due"), 0);
                        REQUIRE(engine_reset(w.engine, RESYNC_ALL, NULL) == 0);
                        (void) sync_ok(&w);
                        CHECK_INT(n_texts_with(&w, bare), 0);
                        world_done(&w);
                }
}

/* Stopped or killed between what a session reveals and what its relatives are masked with: the next process continues. */
TEST(the_next_process_shares_pending_secrets)
{
        const char *bare = token(0) + 6;
        World w;

        world_begin(&w, "shared-later");
        add_session(&w, "p", 2);
        add_session(&w, "c", 2);
        changef(&w,
                "UPDATE sessions SET parent_session_id = 'p' WHERE id = 'c';"
                "UPDATE messages SET content = 'so %s' WHERE session_id = 'p'",
                bare);
        (void) sync_ok(&w);
        changef(&w, "UPDATE messages SET content = 'password = %s' WHERE session_id = 'c'", bare);
        change(&w, "UPDATE sessions SET " TOUCH " WHERE id = 'c'");
        /* at each place where it can stop, until the child has it */
        for (unsigned i = 1; i < 20 && count(&w, "SELECT count(*) FROM conversations_due") == 0;
             i++) {
                w.stop_after = w.n_progress + i;
                (void) cycle(&w, CYCLE_NORMAL);
                CHECK_INT(w.result.failure, CYCLE_STOPPING);
        }
        CHECK_INT(n_texts_with(&w, bare), 2);
        w.stop_after = 0;
        restart(&w);
        (void) sync_ok(&w);
        CHECK_INT(n_texts_with(&w, bare), 0);
        world_done(&w);
}

/* What only the archive has is masked with what the others reveal. */
TEST(a_session_that_the_source_lost_shares_its_secrets)
{
        const char *bare = token(0) + 6;
        World w;

        world_begin(&w, "shared-lost");
        add_session(&w, "p", 2);
        changef(&w, "UPDATE messages SET content = 'so %s'", bare);
        (void) sync_ok(&w);
        change(&w, "DELETE FROM sessions; DELETE FROM messages");
        add_session(&w, "c", 1);
        changef(&w,
                "UPDATE sessions SET parent_session_id = 'p' WHERE id = 'c';"
                "UPDATE messages SET content = 'password = %s'",
                bare);
        (void) sync_ok(&w);
        CHECK_INT(n_texts_with(&w, bare), 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM findings WHERE session_id = 'p'"), 2);
        world_done(&w);
}

static uint64_t cpu_of_secrets(unsigned n, const char *name)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        uint64_t cpu;
        World w;

        world_begin(&w, name);
        add_session(&w, "a", n / 100);
        for (unsigned i = 0; i < n / 100; i++) {
                (void) strbuf_printf(&sql, "UPDATE messages SET content = '");
                for (unsigned k = 0; k < 100; k++)
                        (void) strbuf_printf(&sql, "password: %s\n", token(i * 100 + k) + 20);
                (void) strbuf_printf(&sql, "' WHERE ordinal = %u;", i);
        }
        change(&w, sql.data);
        cpu = sync_ok(&w)->cpu_usec;
        CHECK(w.result.secrets_detected >= n * 9 / 10);
        world_done(&w);
        return cpu;
}

/* Three times as many different secrets in one session cost about three times as much. */
TEST(the_cost_of_many_secrets_is_linear)
{
        bool linear = false;

        /* a neighbour on the same core makes CPU time longer, never shorter */
        for (unsigned i = 0; i < 3 && !linear; i++) {
                uint64_t few = cpu_of_secrets(3000, "few-secrets"),
                         many = cpu_of_secrets(9000, "many-secrets");

                printf("# %llu and %llu ms\n", (unsigned long long) few / 1000,
                       (unsigned long long) many / 1000);
                linear = many < few * 6;
        }
        CHECK(linear);
}

/* The length of a text is that of the archived text: the source's would reveal how long each secret is. */
TEST(lengths_are_those_of_the_archived_texts)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        World w;

        world_begin(&w, "lengths");
        add_session(&w, "a", 2);
        (void) strbuf_printf(
                        &sql,
                        "UPDATE messages SET content = 'key %s', content_length = 44;"
                        "INSERT INTO tool_calls (message_id, session_id, tool_name, category, result_content_length, call_index) "
                        "VALUES (1, 'a', 'Bash', 'Bash', 42, 0);"
                        "INSERT INTO tool_calls (message_id, session_id, tool_name, category, result_content, "
                        "result_content_length, call_index) VALUES (1, 'a', 'Bash', 'Bash', '%s!', 41, 1);"
                        "INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, call_index, event_index, "
                        "source, status, content, content_length) VALUES ('a', 0, 0, 0, 's', '', 'first', 5), "
                        "('a', 0, 0, 1, 's', '', '%s..', 42);",
                        token(1), token(1), token(1));
        change(&w, sql.data);
        (void) sync_ok(&w);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE content_length = "
                            "length(CAST(content AS BLOB)) AND content_length <> 44"),
                  2);
        CHECK_INT(count(&w, "SELECT count(*) FROM tool_result_events WHERE content_length = "
                            "length(CAST(content AS BLOB))"),
                  2);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM tool_calls c WHERE result_content_length = "
                        "coalesce(length(result_content), (SELECT content_length FROM "
                        "tool_result_events e WHERE e.call_index = c.call_index AND event_index = 1))"),
                  2);
        world_done(&w);
}

TEST(purged_text_leaves_no_byte_in_the_files)
{
        _cleanup_free_ char *index = NULL;
        World w;

        world_begin(&w, "traces");
        add_session(&w, "a", 2);
        add_session(&w, "b", 2);
        /* long enough for its own pages, which go to the list of free pages */
        change(&w,
               "UPDATE messages SET content = (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
               "WHERE i < 5000) SELECT group_concat('jackdaw' || i) || ' in /home/me/nest' FROM n) WHERE ordinal = 1;"
               "UPDATE messages SET content = replace(content, 'jackdaw', 'magpie') WHERE session_id = 'b'");
        (void) sync_ok(&w);
        CHECK(has_traces(&w, "jackdaw") && has_traces(&w, "magpie") && has_traces(&w, "/home/me"));
        REQUIRE((index = fixture_path("traces/search.db")) != NULL);
        REQUIRE(file_write_atomic(index, 0600, "jackdaw", 7) == 0);

        change(&w,
               "DELETE FROM sessions WHERE id = 'a'; DELETE FROM messages WHERE session_id = 'a';"
               "INSERT INTO session_deletion_changes VALUES ('a', 'jay', 1, 1)");
        (void) sync_ok(&w);
        CHECK(!has_traces(&w, "jackdaw"));
        CHECK(access(index, F_OK) < 0);
        CHECK(has_traces(&w, "magpie"));

        w.settings.mask_home = "/home/me";
        engine_set_settings(w.engine, &w.settings);
        (void) sync_ok(&w);
        CHECK(!has_traces(&w, "/home/me"));
        world_done(&w);
}

/* Killed, or stopped by a reader, before what was purged is wiped: the next process wipes it. */
TEST(the_next_process_wipes_pending_text)
{
        _cleanup_free_ char *index = NULL;
        sqlite3 *reader = NULL;
        World w;

        world_begin(&w, "wiped-later");
        add_session(&w, "a", 2);
        add_session(&w, "b", 2);
        change(&w,
               "UPDATE messages SET content = 'the jackdaw' || hex(zeroblob(9000)) WHERE session_id = 'a'");
        (void) sync_ok(&w);
        REQUIRE((index = fixture_path("wiped-later/search.db")) != NULL);
        REQUIRE(file_write_atomic(index, 0600, "jackdaw", 7) == 0);
        REQUIRE(sqlite3_open(w.archive, &reader) == SQLITE_OK);
        REQUIRE(sqlite_run(reader, "BEGIN; SELECT count(*) FROM messages") == 0);
        change(&w,
               "DELETE FROM sessions WHERE id = 'a'; DELETE FROM messages WHERE session_id = 'a';"
               "INSERT INTO session_deletion_changes VALUES ('a', 'jay', 1, 1)");
        (void) sync_ok(&w);
        CHECK(has_traces(&w, "jackdaw"));
        restart(&w); /* the reader is still there */
        CHECK(has_traces(&w, "jackdaw"));
        REQUIRE(sqlite_run(reader, "COMMIT") == 0);
        sqlite_close(reader);
        (void) sync_ok(&w);
        CHECK(!has_traces(&w, "jackdaw"));
        CHECK(access(index, F_OK) < 0);
        CHECK_INT(count(&w, "SELECT value FROM meta WHERE key = 'has_traces'"), 0);

        /* even without a change in between: a cycle with nothing to read wipes */
        REQUIRE(file_write_atomic(index, 0600, "jackdaw", 7) == 0);
        w.engine = engine_free(w.engine);
        fixture_sql(w.archive, "UPDATE meta SET value = 1 WHERE key = 'has_traces'");
        restart(&w);
        (void) unlink(w.source); /* nor is there a source */
        (void) cycle(&w, CYCLE_NORMAL);
        CHECK_INT(w.result.failure, CYCLE_SOURCE_MISSING);
        CHECK(access(index, F_OK) < 0);
        world_done(&w);
}

TEST(settings_are_applied_to_archived_sessions)
{
        static const char *const none[] = { NULL }, *const jay[] = { "j*", NULL };
        World w;

        world_begin(&w, "privacy");
        add_session(&w, "a", 2);
        add_session(&w, "b", 2);
        change(&w,
               "UPDATE sessions SET project = 'wren' WHERE id = 'b';"
               "UPDATE messages SET content = 'see /home/me/src and /home/meg' WHERE ordinal = 0");
        (void) sync_ok(&w);

        w.settings.mask_home = "/home/me";
        engine_set_settings(w.engine, &w.settings);
        CHECK_INT(sync_ok(&w)->sessions_synced, 2);
        CHECK(w.result.full);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM messages WHERE content = 'see ~/src and /home/meg'"),
                  2);

        w.settings.metadata_only = jay;
        engine_set_settings(w.engine, &w.settings);
        CHECK_INT(sync_ok(&w)->sessions_synced, 2);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM messages WHERE session_id = 'a' AND content = '' AND role = 'user'"),
                  2);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM sessions WHERE id = 'a' AND metadata_only = 1 AND first_message = '' AND message_count = 2"),
                  1);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM messages WHERE session_id = 'b' AND content <> ''"),
                  2);

        w.settings.metadata_only = none;
        w.settings.exclude = jay;
        engine_set_settings(w.engine, &w.settings);
        (void) sync_ok(&w);
        CHECK_INT(w.result.sessions_removed, 1);
        CHECK_INT(count(&w, "SELECT count(*) FROM sessions"), 1);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE session_id = 'a'"), 0);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM session_deletes WHERE session_id = 'a' AND cause = 'excluded'"),
                  1);

        w.settings.exclude = none;
        engine_set_settings(w.engine, &w.settings);
        (void) sync_ok(&w);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM messages WHERE session_id = 'a' AND content <> ''"),
                  2);
        CHECK_INT(count(&w, "SELECT count(*) FROM session_deletes"), 0);
        world_done(&w);
}

TEST(a_session_that_moves_to_another_project_follows_its_privacy)
{
        static const char *const jay[] = { "jay", NULL };
        World w;

        world_begin(&w, "moves");
        w.settings.metadata_only = jay;
        engine_set_settings(w.engine, &w.settings);
        add_session(&w, "a", 2);
        change(&w,
               "UPDATE sessions SET project = 'wren';"
               "UPDATE messages SET content = 'see https://github.com/o/r/pull/7' WHERE ordinal = 0;"
               "INSERT INTO pinned_messages (session_id, message_id, ordinal, note) VALUES ('a', 1, 0, 'a note')");
        (void) sync_ok(&w);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE content <> ''"), 2);
        CHECK_INT(count(&w, "SELECT count(*) FROM message_pins WHERE note <> ''"), 1);
        CHECK_INT(count(&w, "SELECT count(*) FROM git_links"), 1);

        change(&w, "UPDATE sessions SET project = 'jay'");
        (void) sync_ok(&w);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE content = ''"), 2);
        CHECK_INT(count(&w, "SELECT count(*) FROM message_pins WHERE note <> ''"), 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM git_links"), 0);

        change(&w, "UPDATE sessions SET project = 'wren'");
        (void) sync_ok(&w);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE content <> ''"), 2);
        CHECK_INT(count(&w, "SELECT count(*) FROM message_pins WHERE note <> ''"), 1);
        world_done(&w);
}

TEST(a_session_that_cannot_be_archived_stops_no_other)
{
        World w;

        world_begin(&w, "bad");
        add_session(&w, "a", 1);
        add_session(&w, "b", 1);
        change(&w,
               "INSERT INTO sessions (id) VALUES ('x' || char(10) || 'y'), (''), (NULL), (hex(zeroblob(1000)))");
        (void) cycle(&w, CYCLE_NORMAL);
        CHECK_INT(w.result.failure, CYCLE_OK);
        CHECK_INT(w.result.sessions_synced, 2);
        CHECK_INT(w.result.n_errors, 4);
        CHECK(w.result.n_errors > 0 && strncmp(w.result.errors[0].session_id, "(row ", 5) == 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM sessions"), 2);
        /* it stays bad: it is reported again, and does not make each later cycle a full one */
        (void) cycle(&w, CYCLE_NORMAL);
        CHECK_INT(w.result.n_errors, 4);
        CHECK(!w.result.full);
        CHECK_INT(cycle(&w, CYCLE_AUDIT)->n_errors, 4);
        /* repaired, it arrives */
        change(&w, "DELETE FROM sessions WHERE id <> 'a' OR id IS NULL");
        add_session(&w, "c", 1);
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        world_done(&w);
}

TEST(a_stop_between_two_sessions_is_resumed)
{
        World w;

        world_begin(&w, "stop");
        for (int i = 0; i < 5; i++) {
                char id[16];

                (void) snprintf(id, sizeof(id), "s%d", i);
                add_session(&w, id, 2);
        }
        w.stop_after = 3;
        CHECK_INT(cycle(&w, CYCLE_NORMAL)->failure, CYCLE_STOPPING);
        CHECK_INT(w.result.sessions_synced, 2);
        CHECK_INT(count(&w, "SELECT count(*) FROM sessions"), 2);
        CHECK_INT(count(&w, "SELECT count(*) FROM cursors"), 2);
        CHECK_INT(count(&w, "SELECT value FROM meta WHERE key = 'total_synced'"), 2);
        w.stop_after = 0;
        restart(&w);
        CHECK_INT(sync_ok(&w)->sessions_synced, 3);
        CHECK_INT(count(&w, "SELECT value FROM meta WHERE key = 'total_synced'"), 5);
        world_done(&w);
}

TEST(a_source_that_comes_later_is_waited_for)
{
        World w;

        world_begin(&w, "later");
        add_session(&w, "a", 1);
        {
                _cleanup_free_ char *away = fixture_path("away.db");

                change(&w, "PRAGMA wal_checkpoint(TRUNCATE)");
                REQUIRE(rename(w.source, away) == 0);
                CHECK_INT(cycle(&w, CYCLE_NORMAL)->failure, CYCLE_SOURCE_MISSING);
                CHECK(w.result.sentence && strstr(w.result.sentence, "does not exist yet"));
                REQUIRE(rename(away, w.source) == 0);
        }
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        world_done(&w);
}

TEST(broken_rules_at_start_and_later)
{
        _cleanup_free_ char *folder = fixture_path("rules"), *file = fixture_path("rules/bad.json");
        const char *const bad[] = { TEST_RULES_DIR, folder, NULL };
        World w;

        REQUIRE(folder_make(folder) == 0);
        REQUIRE(file_write_atomic(file, 0600, "{\"rules\": [{\"id\": ", 18) == 0);
        world_begin(&w, "rules-world");
        add_session(&w, "a", 1);
        (void) sync_ok(&w);
        w.settings.rules_folders = bad;
        engine_set_settings(w.engine, &w.settings);
        add_session(&w, "b", 1);
        CHECK_INT(cycle(&w, CYCLE_NORMAL)->failure, CYCLE_OK);
        CHECK(w.result.warning && strstr(w.result.warning, "bad.json"));
        CHECK_INT(w.result.sessions_synced, 1);
        restart(&w);
        CHECK_INT(cycle(&w, CYCLE_NORMAL)->failure, CYCLE_RULES_INVALID);
        CHECK(w.result.sentence && strstr(w.result.sentence, "bad.json"));
        world_done(&w);
}

TEST(git_links_come_from_shell_output)
{
        World w;

        world_begin(&w, "links");
        add_session(&w, "a", 2);
        change(&w,
               "INSERT INTO tool_calls (message_id, session_id, tool_name, category, input_json, call_index) "
               "VALUES (1, 'a', 'Bash', 'Bash', '{\"command\":\"git commit -m x\"}', 0);"
               "INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, source, status, content) "
               "VALUES ('a', 0, 'tool_result', '', '[main 1a2b3c4] x');"
               "UPDATE messages SET content = 'see https://github.com/o/r/pull/7' WHERE ordinal = 1");
        (void) sync_ok(&w);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM git_links WHERE commit_sha = '1a2b3c4' AND confidence = 'high' AND link_type = 'commit'"),
                  1);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM git_links WHERE pr_url = 'https://github.com/o/r/pull/7' AND confidence = 'medium'"),
                  1);
        world_done(&w);
}

TEST(totals_survive_a_restart)
{
        EngineTotals totals;
        World w;

        world_begin(&w, "totals");
        add_session(&w, "a", 1);
        (void) sync_ok(&w);
        restart(&w);
        REQUIRE(engine_open_archive(w.engine, NULL) == 0);
        engine_totals(w.engine, &totals);
        CHECK_INT(totals.total_synced, 1);
        CHECK(totals.last_sync_at_usec + USEC_PER_MIN > now_usec(CLOCK_REALTIME));
        world_done(&w);
}

/* A message with @n secrets of its own, from number @first on. */
static void say_many(World *w, const char *session, unsigned ordinal, unsigned first, unsigned n)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };

        for (unsigned i = 0; i < n; i++)
                (void) strbuf_printf(&text, "%s\n", token(first + i));
        say(w, session, ordinal, "NULL", text.data);
}

TEST(more_secrets_than_are_remembered_are_reported)
{
        enum { PER_MESSAGE = 512, N = KNOWN_SECRETS_MAX + PER_MESSAGE };
        World w;

        world_begin(&w, "many");
        add_session(&w, "many", 1);
        add_session(&w, "few", 1);
        for (unsigned i = 0; i < N / PER_MESSAGE; i++)
                say_many(&w, "many", 10 + i, i * PER_MESSAGE, PER_MESSAGE);
        CHECK_INT(sync_ok(&w)->sessions_synced, 2);
        CHECK_INT(w.result.warning_kind, WARNING_MANY_SECRETS);
        CHECK(w.result.warning && strstr(w.result.warning, "'many' has more than 32768 "));

        say(&w, "few", 5, "NULL", token(1));
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        CHECK_INT(w.result.warning_kind, WARNING_NONE);
        world_done(&w);
}

TEST(a_text_that_is_too_large_is_left_out_and_reported)
{
        World w;

        world_begin(&w, "large");
        w.settings.max_message_bytes = 1200000;
        engine_set_settings(w.engine, &w.settings);
        add_session(&w, "a", 3);
        add_session(&w, "b", 1);
        add_session(&w, "c", 1);
        change(&w,
               "UPDATE messages SET content = printf('%.2000000c', 'x') WHERE session_id = 'a' AND ordinal = 1;"
               "UPDATE sessions SET first_message = printf('%.3000000c', 'y') WHERE id = 'b'");
        CHECK_INT(sync_ok(&w)->sessions_synced, 3);
        CHECK_INT(w.result.n_large, 1);
        CHECK_STR(w.result.large[0].session_id, "a");
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM messages WHERE content GLOB '?left out: a text of 2.0 MB, *'"),
                  1);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages WHERE content GLOB '? message *'"), 4);
        CHECK_INT(count(&w,
                        "SELECT count(*) FROM sessions WHERE first_message GLOB '?left out: *'"),
                  1);
        CHECK_INT(cycle(&w, CYCLE_AUDIT)->sessions_synced, 0);

        change(&w, "UPDATE messages SET content = 'more' WHERE session_id = 'a' AND ordinal = 2;"
                   "UPDATE sessions SET " TOUCH " WHERE id = 'a'");
        CHECK_INT(sync_ok(&w)->messages_written, 1);
        CHECK_INT(w.result.n_large, 0); /* reported once */

        w.settings.max_message_bytes = 64000000;
        engine_set_settings(w.engine, &w.settings);
        CHECK_INT(sync_ok(&w)->sessions_synced, 3);
        CHECK_INT(count(&w,
                        "SELECT length(content) FROM messages WHERE session_id = 'a' AND ordinal = 1"),
                  2000000);
        CHECK_INT(count(&w, "SELECT length(first_message) FROM sessions WHERE id = 'b'"), 3000000);
        world_done(&w);
}

TEST(a_long_session_is_compared_piece_by_piece)
{
        World w;

        world_begin(&w, "long");
        add_session(&w, "a", 1);
        change(&w, "INSERT INTO messages (session_id, ordinal, role, content) "
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
                   "SELECT 'a', 2 * i, 'user', 'm' || i FROM n");
        CHECK_INT(sync_ok(&w)->messages_written, 5001);
        /* some are removed, some edited, some added in between, all over it */
        change(&w,
               "DELETE FROM messages WHERE ordinal % 300 = 0 AND ordinal > 0;"
               "DELETE FROM messages WHERE ordinal BETWEEN 3001 AND 7000;"
               "UPDATE messages SET content = 'edited' WHERE ordinal % 1000 = 2;"
               "INSERT INTO messages (session_id, ordinal, role, content) "
               "SELECT session_id, ordinal + 1, 'user', 'between' FROM messages WHERE ordinal % 100 = 4;"
               "UPDATE sessions SET " TOUCH);
        (void) sync_ok(&w);
        CHECK_INT(w.result.messages_written,
                  count(&w,
                        "SELECT count(*) FROM messages WHERE content IN ('edited', 'between')"));
        CHECK_INT(count(&w, "SELECT count(*) FROM messages"),
                  fixture_int(w.source, "SELECT count(*) FROM messages"));
        CHECK_INT(count(&w, "SELECT sum(ordinal * length(content)) FROM messages"),
                  fixture_int(w.source, "SELECT sum(ordinal * length(content)) FROM messages"));
        change(&w, "DELETE FROM messages WHERE ordinal > 10; UPDATE sessions SET " TOUCH);
        CHECK_INT(sync_ok(&w)->messages_written, 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM messages"),
                  fixture_int(w.source, "SELECT count(*) FROM messages"));
        world_done(&w);
}

static bool has_note(const World *w)
{
        char path[4096];

        (void) snprintf(path, sizeof(path), "%s.stuck", w->archive);
        return access(path, F_OK) == 0;
}

/* Sessions a, b and c, and a note that the service was stuck in b, @n times, as it is now. Nothing is archived. */
static void world_begin_stuck(World *w, const char *name, unsigned n)
{
        SessionVersion version;

        world_begin(w, name);
        add_session(w, "b", 2);
        (void) sync_ok(w);
        REQUIRE(strcmp(w->version.id, "b") == 0);
        version = w->version;
        w->engine = engine_free(w->engine);
        REQUIRE(unlink(w->archive) == 0); /* the key stays, and with it the fingerprints */
        add_session(w, "a", 2);
        add_session(w, "c", 2);
        for (unsigned i = 0; i < n; i++)
                REQUIRE(stuck_note(w->archive, &version, STUCK_WATCHDOG, NULL) == 0);
        strbuf_clear(&w->in_hand);
        w->n_progress = 0;
        restart(w);
}

TEST(a_session_that_was_stuck_is_synced_last_and_alone)
{
        World w;

        world_begin_stuck(&w, "stuck", 1);
        CHECK(has_note(&w));
        w.counts_archived = true;
        CHECK_INT(cycle(&w, CYCLE_LOOK)->failure, CYCLE_OK);
        CHECK_STR(w.in_hand.data ?: "", "a c b ");
        CHECK_INT(w.n_archived, 2);
        CHECK_INT(w.result.sessions_synced, 3);
        CHECK_INT(w.result.n_errors, 0);
        CHECK_INT(w.result.warning_kind, WARNING_SESSION_STUCK);
        CHECK(w.result.warning && strstr(w.result.warning, "'b'"));
        CHECK(!has_note(&w));
        CHECK_INT(sync_ok(&w)->sessions_synced, 0);
        CHECK(!w.result.warning);
        world_done(&w);
}

TEST(a_session_that_is_stuck_again_delays_no_other)
{
        World w;

        world_begin_stuck(&w, "stuck-again", 2);
        w.stop_after = 4; /* before b: as good as a kill */
        CHECK_INT(cycle(&w, CYCLE_LOOK)->failure, CYCLE_STOPPING);
        CHECK_STR(w.in_hand.data ?: "", "a c ");
        w.stop_after = 0;
        restart(&w);
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        CHECK_STR(w.in_hand.data ?: "", "a c b ");
        CHECK(!has_note(&w));
        world_done(&w);
}

TEST(a_session_that_was_stuck_three_times_has_failed_until_it_changes)
{
        World w;

        world_begin_stuck(&w, "stuck-failed", 3);
        for (int i = 0; i < 2; i++) {
                CHECK_INT(cycle(&w, CYCLE_LOOK)->failure, CYCLE_OK);
                CHECK_STR(w.in_hand.data ?: "", "a c ");
                REQUIRE(w.result.n_errors == 1);
                CHECK_STR(w.result.errors[0].session_id, "b");
                CHECK(strstr(w.result.errors[0].reason, "3 times"));
                CHECK_INT(count(&w, "SELECT count(*) FROM sessions"), 2);
                CHECK(has_note(&w));
                restart(&w);
        }
        change(&w, "UPDATE sessions SET " TOUCH " WHERE id = 'b'");
        CHECK_INT(sync_ok(&w)->sessions_synced, 1);
        CHECK_STR(w.in_hand.data ?: "", "a c b ");
        CHECK(!has_note(&w));
        world_done(&w);
}

TEST(a_resync_tries_a_stuck_session_again)
{
        World w;

        world_begin_stuck(&w, "stuck-resync", 3);
        CHECK_INT(cycle(&w, CYCLE_LOOK)->n_errors, 1);
        REQUIRE(engine_reset(w.engine, RESYNC_ALL, NULL) == 0);
        CHECK_INT(sync_ok(&w)->sessions_synced, 3);
        CHECK_STR(w.in_hand.data ?: "", "a c a c b ");
        CHECK(!has_note(&w));
        world_done(&w);
}

TEST(the_note_of_a_removed_session_is_removed)
{
        World w;

        world_begin_stuck(&w, "stuck-gone", 1);
        change(&w,
               "DELETE FROM messages WHERE session_id = 'b'; DELETE FROM sessions WHERE id = 'b'");
        CHECK_INT(sync_ok(&w)->sessions_synced, 2);
        CHECK(!has_note(&w));
        world_done(&w);
}

/* "c" has a password that its parent "p" has since revealed, and a note that the service was stuck in it then, @n times; "z" is
 * new. */
static void world_begin_stuck_sharing(World *w, const char *name, unsigned n, const char *bare)
{
        SessionVersion version;

        world_begin(w, name);
        add_session(w, "p", 2);
        (void) sync_ok(w);
        add_session(w, "c", 2);
        changef(w,
                "UPDATE sessions SET parent_session_id = 'p' WHERE id = 'c';"
                "UPDATE messages SET content = 'so %s' WHERE session_id = 'c'",
                bare);
        (void) sync_ok(w);
        REQUIRE(strcmp(w->version.id, "c") == 0);
        version = w->version;
        changef(w, "UPDATE messages SET content = 'password = %s' WHERE session_id = 'p'", bare);
        change(w, "UPDATE sessions SET " TOUCH " WHERE id = 'p'");
        for (unsigned i = 1; i < 20 && count(w, "SELECT count(*) FROM conversations_due") == 0;
             i++) {
                w->stop_after = w->n_progress + i;
                (void) cycle(w, CYCLE_NORMAL);
        }
        w->stop_after = 0;
        CHECK_INT(n_texts_with(w, bare), 2);
        add_session(w, "z", 2);
        for (unsigned i = 0; i < n; i++)
                REQUIRE(stuck_note(w->archive, &version, STUCK_MEMORY, NULL) == 0);
        strbuf_clear(&w->in_hand);
        restart(w);
}

TEST(a_session_stuck_while_masking_shared_secrets_is_masked_last)
{
        const char *bare = token(0) + 6;
        World w;

        world_begin_stuck_sharing(&w, "stuck-shared", 1, bare);
        w.counts_archived = true;
        CHECK_INT(cycle(&w, CYCLE_LOOK)->failure, CYCLE_OK);
        CHECK_STR(w.in_hand.data ?: "", "z c ");
        CHECK_INT(w.n_archived, 3);
        CHECK_INT(w.result.warning_kind, WARNING_SESSION_STUCK);
        CHECK_INT(n_texts_with(&w, bare), 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM conversations_due"), 0);
        CHECK(!has_note(&w));
        world_done(&w);
}

TEST(a_session_that_was_stuck_three_times_so_has_failed_until_it_changes)
{
        const char *bare = token(0) + 6;
        World w;

        world_begin_stuck_sharing(&w, "stuck-shared-failed", 3, bare);
        for (int i = 0; i < 2; i++) {
                CHECK_INT(cycle(&w, CYCLE_LOOK)->failure, CYCLE_OK);
                CHECK_STR(w.in_hand.data ?: "", "z ");
                REQUIRE(w.result.n_errors == 1);
                CHECK_STR(w.result.errors[0].session_id, "c");
                CHECK(strstr(w.result.errors[0].reason, "3 times"));
                CHECK_INT(n_texts_with(&w, bare), 2);
                CHECK_INT(count(&w, "SELECT count(*) FROM conversations_due"), 1);
                CHECK(has_note(&w));
                restart(&w);
        }
        change(&w, "UPDATE sessions SET " TOUCH " WHERE id = 'c'");
        (void) sync_ok(&w);
        CHECK_INT(n_texts_with(&w, bare), 0);
        CHECK_INT(count(&w, "SELECT count(*) FROM conversations_due"), 0);
        (void) cycle(&w, CYCLE_AUDIT);
        CHECK_INT(w.result.n_errors, 0);
        CHECK(!has_note(&w));
        world_done(&w);
}

/* Sessions that only the archive has are masked again from there: "b" has an even older policy. */
TEST(a_session_that_was_stuck_when_it_was_masked_again_is_masked_last_or_has_failed)
{
        for (unsigned n = 1; n <= 3; n += 2) {
                SessionVersion version;
                char name[40];
                World w;

                (void) snprintf(name, sizeof(name), "stuck-masked-%u", n);
                world_begin(&w, name);
                add_session(&w, "a", 2);
                add_session(&w, "c", 2);
                (void) sync_ok(&w);
                add_session(&w, "b", 2);
                (void) sync_ok(&w);
                version = w.version;
                REQUIRE(strcmp(version.id, "b") == 0);
                w.engine = engine_free(w.engine);
                change(&w, "DELETE FROM messages; DELETE FROM sessions");
                fixture_sql(w.archive, "UPDATE cursors SET policy = 0;"
                                       "INSERT OR REPLACE INTO meta VALUES ('stale_left', 1)");
                for (unsigned i = 0; i < n; i++)
                        REQUIRE(stuck_note(w.archive, &version, STUCK_WATCHDOG, NULL) == 0);
                strbuf_clear(&w.in_hand);
                restart(&w);
                CHECK_INT(cycle(&w, CYCLE_AUDIT)->failure, CYCLE_OK);
                CHECK_STR(w.in_hand.data ?: "", n < 3 ? "a c b " : "a c ");
                CHECK_INT(w.result.n_errors, n < 3 ? 0 : 1);
                CHECK(has_note(&w) == (n == 3));
                CHECK_INT(count(&w, "SELECT count(*) FROM cursors WHERE policy = 0"), n == 3);
                if (n == 3) {
                        REQUIRE(engine_reset(w.engine, RESYNC_ALL, NULL) == 0);
                        CHECK_INT(sync_ok(&w)->sessions_synced, 3);
                        CHECK(!has_note(&w));
                }
                world_done(&w);
        }
}

static void *note_and_forget(void *archive)
{
        const SessionVersion version = { .id = "forgotten" };

        for (int i = 0; i < 100; i++)
                REQUIRE(stuck_note(archive, &version, STUCK_WATCHDOG, NULL) == 0 &&
                        stuck_forget(archive, version.id) == 0);
        return NULL;
}

/* The worker finishes a session just when the main thread has noted another. */
TEST(two_threads_write_the_note_of_stuck_sessions)
{
        _cleanup_free_ char *archive = fixture_path("threads.db"),
                            *path = fixture_path("threads.db.stuck");
        const SessionVersion version = { .id = "taken-back" };
        pthread_t thread;

        REQUIRE(pthread_create(&thread, NULL, note_and_forget, archive) == 0);
        for (int i = 0; i < 100; i++)
                REQUIRE(stuck_note(archive, &version, STUCK_WATCHDOG, NULL) == 0 &&
                        stuck_take_back(archive, version.id) == 0);
        REQUIRE(pthread_join(thread, NULL) == 0);
        CHECK(access(path, F_OK) < 0);
}

TEST(the_note_of_stuck_sessions_is_counted_taken_back_and_never_trusted)
{
        SessionVersion one = { .id = "one two", .fingerprint = UINT64_MAX, .policy = INT64_MIN };
        SessionVersion other = { .id = "other", .fingerprint = 1 };
        _cleanup_(stuck_list_done) StuckList list = { 0 };
        _cleanup_free_ char *archive = fixture_path("note.db"),
                            *path = fixture_path("note.db.stuck");
        struct stat info;
        unsigned n = 0;

        REQUIRE(stuck_read(archive, &list) == 0);
        CHECK_INT(list.n, 0);
        REQUIRE(stuck_note(archive, &one, STUCK_WATCHDOG, &n) == 0 && n == 1);
        REQUIRE(stuck_note(archive, &other, STUCK_WATCHDOG, &n) == 0 && n == 1);
        REQUIRE(stuck_note(archive, &one, STUCK_WATCHDOG, &n) == 0 && n == 2);
        REQUIRE(stat(path, &info) == 0);
        CHECK_INT(info.st_mode & 0777, 0600);
        REQUIRE(stuck_read(archive, &list) == 0);
        CHECK_INT(list.n, 2);
        REQUIRE(stuck_list_find(&list, "one two", 7));
        CHECK_INT(stuck_list_find(&list, "one two", 7)->n_times, 2);
        CHECK(stuck_list_find(&list, "one two", 7)->version.fingerprint == UINT64_MAX);
        CHECK(stuck_list_find(&list, "one two", 7)->version.policy == INT64_MIN);
        CHECK(!stuck_list_find(&list, "one", 3));
        stuck_list_done(&list);
        REQUIRE(stuck_take_back(archive, "other") == 0);
        REQUIRE(stuck_take_back(archive, "one two") == 0);
        REQUIRE(stuck_read(archive, &list) == 0);
        CHECK_INT(list.n, 1);
        CHECK_INT(list.n > 0 ? list.sessions[0].n_times : 0, 1);
        REQUIRE(stuck_forget(archive, "one two") == 0);
        CHECK(access(path, F_OK) < 0);
        stuck_list_done(&list);

        static const char junk[] =
                        "\n0 0 0 none\n1 0 0 \n1 x y z\n2 a 5 memory kept\n3 b 6 thirst left\n1 a 5 watchdog kept\nno number\n";
        REQUIRE(file_write_atomic(path, 0600, junk, strlen(junk)) == 0);
        REQUIRE(stuck_read(archive, &list) == 0);
        CHECK_INT(list.n, 1);
        CHECK(stuck_list_find(&list, "kept", 4));
        CHECK_INT(stuck_list_find(&list, "kept", 4)->n_times,
                  3); /* the lines of one session count together */
        CHECK_INT(stuck_list_find(&list, "kept", 4)->cause, STUCK_WATCHDOG);
        for (unsigned i = 0; i < 100; i++) {
                (void) snprintf(one.id, sizeof(one.id), "s%u", i);
                REQUIRE(stuck_note(archive, &one, STUCK_WATCHDOG, NULL) == 0);
        }
        stuck_list_done(&list);
        REQUIRE(stuck_read(archive, &list) == 0);
        CHECK_INT(list.n, 64);
        CHECK(stuck_list_find(&list, "s99", 3) && !stuck_list_find(&list, "s35", 3));
}
