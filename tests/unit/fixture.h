/*
 * A source database of agentsview's shape, built from SQL, and a folder of its own
 *
 * The schema is the part of agentsview's that scrubjay reads; the tests in tests/agentsview run against the real one.
 */
#pragma once

#include <ftw.h>
#include <sys/stat.h>

#include "base/file-util.h"
#include "base/sqlite-util.h"
#include "test.h"

/* The folder of this test program, removed at its end. */
static char fixture_folder[] = "/tmp/scrubjay-test-XXXXXX";

static int fixture_remove(const char *path, _unused_ const struct stat *st, _unused_ int type,
                          _unused_ struct FTW *ftw)
{
        return remove(path);
}

static void fixture_clean(void)
{
        (void) nftw(fixture_folder, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* @name in the folder; the caller frees. */
static _unused_ char *fixture_path(const char *name)
{
        static bool made;
        char *path;

        if (!made) {
                REQUIRE(mkdtemp(fixture_folder));
                made = true;
                atexit(fixture_clean);
        }
        REQUIRE((path = path_join(fixture_folder, name)) != NULL);
        return path;
}

static _unused_ void fixture_sql(const char *path, const char *sql)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;

        REQUIRE(sqlite3_open(path, &db) == SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
                fprintf(stderr, "fixture: %s\n", sqlite3_errmsg(db));
                exit(1);
        }
}

/* The first column of the first row; INT64_MIN where there is none. */
static _unused_ int64_t fixture_int(const char *path, const char *sql)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;
        int64_t i = INT64_MIN;

        REQUIRE(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
        REQUIRE(sqlite_query_int(db, sql, &i) >= 0);
        return i;
}

/* The same as text, the caller frees; NULL where there is none. */
static _unused_ char *fixture_text(const char *path, const char *sql)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;

        REQUIRE(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
        REQUIRE(sqlite_prepare(db, sql, &stmt) >= 0);
        if (sqlite_step(stmt) <= 0 || !sqlite3_column_text(stmt, 0))
                return NULL;
        return strdup((const char *) sqlite3_column_text(stmt, 0));
}

#define FIXTURE_SCHEMA                                                                                             \
        "PRAGMA journal_mode = WAL; PRAGMA user_version = 143;"                                                    \
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, project TEXT NOT NULL DEFAULT 'p', machine TEXT DEFAULT 'm'," \
        " agent TEXT DEFAULT 'claude', first_message TEXT, display_name TEXT, session_name TEXT,"                  \
        " started_at TEXT, ended_at TEXT, message_count INTEGER DEFAULT 0,"                                        \
        " user_message_count INTEGER DEFAULT 0, file_hash TEXT, file_size INTEGER,"                                \
        " next_ordinal INTEGER DEFAULT 0, transcript_revision TEXT DEFAULT '0',"                                   \
        " parent_session_id TEXT, relationship_type TEXT DEFAULT '',"                                              \
        " total_output_tokens INTEGER DEFAULT 0, peak_context_tokens INTEGER DEFAULT 0,"                           \
        " data_version INTEGER DEFAULT 0, cwd TEXT DEFAULT '', git_branch TEXT DEFAULT '',"                        \
        " pr_links TEXT DEFAULT '', deleted_at TEXT, created_at TEXT, sync_marker TEXT,"                           \
        " is_automated INTEGER DEFAULT 0, outcome TEXT, health_grade TEXT, termination_status TEXT"                \
        ", entrypoint TEXT, agent_label TEXT, session_kind TEXT"                                                   \
        ", source_version TEXT, has_total_output_tokens INTEGER, has_peak_context_tokens INTEGER"                  \
        ", has_context_data INTEGER, tool_failure_signal_count INTEGER, tool_retry_count INTEGER"                  \
        ", edit_churn_count INTEGER, consecutive_failure_max INTEGER, outcome_confidence TEXT"                     \
        ", ended_with_role TEXT, final_failure_streak INTEGER, compaction_count INTEGER"                           \
        ", mid_task_compaction_count INTEGER, health_score INTEGER, quality_signal_version INTEGER"                \
        ", short_prompt_count INTEGER, unstructured_start INTEGER, missing_success_criteria_count INTEGER"         \
        ", missing_verification_count INTEGER, duplicate_prompt_count INTEGER, no_code_context_count INTEGER"      \
        ", runaway_tool_loop_count INTEGER"                                                                        \
        ");"                                                                                                       \
        "CREATE INDEX idx_sessions_sync_marker ON sessions (sync_marker);"                                         \
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id TEXT NOT NULL, ordinal INTEGER NOT NULL,"       \
        " role TEXT NOT NULL, content TEXT NOT NULL, thinking_text TEXT DEFAULT '', dialogue_text TEXT,"           \
        " timestamp TEXT, has_thinking INTEGER DEFAULT 0, has_tool_use INTEGER DEFAULT 0,"                         \
        " content_length INTEGER DEFAULT 0, model TEXT DEFAULT '', token_usage TEXT DEFAULT '',"                   \
        " context_tokens INTEGER DEFAULT 0, output_tokens INTEGER DEFAULT 0, is_system INTEGER DEFAULT 0,"         \
        " is_sidechain INTEGER DEFAULT 0, source_type TEXT DEFAULT ''"                                             \
        ", claude_message_id TEXT, claude_request_id TEXT, source_uuid TEXT"                                       \
        ", source_subtype TEXT, prompt_source TEXT, provider_id TEXT"                                              \
        ", reasoning_effort TEXT, is_compact_boundary INTEGER, has_context_tokens INTEGER"                         \
        ", has_output_tokens INTEGER"                                                                              \
        ","                                                                                                        \
        " UNIQUE (session_id, ordinal));"                                                                          \
        "CREATE TABLE tool_calls (id INTEGER PRIMARY KEY, message_id INTEGER NOT NULL, session_id TEXT NOT NULL,"  \
        " tool_name TEXT NOT NULL, category TEXT NOT NULL, tool_use_id TEXT, input_json TEXT,"                     \
        " skill_name TEXT, result_content_length INTEGER, result_content TEXT,"                                    \
        " subagent_session_id TEXT, file_path TEXT, call_index INTEGER"                                            \
        ", observed_outcome TEXT, observed_repeat TEXT, sequence_ending TEXT"                                      \
        ");"                                                                                                       \
        "CREATE TABLE tool_result_events (id INTEGER PRIMARY KEY, session_id TEXT NOT NULL,"                       \
        " tool_call_message_ordinal INTEGER NOT NULL, call_index INTEGER DEFAULT 0,"                               \
        " tool_use_id TEXT, agent_id TEXT, subagent_session_id TEXT, source TEXT NOT NULL,"                        \
        " status TEXT NOT NULL, content TEXT NOT NULL, content_length INTEGER DEFAULT 0,"                          \
        " timestamp TEXT, event_index INTEGER DEFAULT 0);"                                                         \
        "CREATE TABLE starred_sessions (session_id TEXT PRIMARY KEY, created_at TEXT);"                            \
        "CREATE TABLE pinned_messages (id INTEGER PRIMARY KEY, session_id TEXT NOT NULL,"                          \
        " message_id INTEGER NOT NULL, ordinal INTEGER NOT NULL, note TEXT, created_at TEXT);"                     \
        "CREATE TABLE session_deletion_changes (session_id TEXT PRIMARY KEY, project TEXT NOT NULL,"               \
        " revision INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);"                                         \
        "CREATE TABLE excluded_sessions (id TEXT PRIMARY KEY, created_at TEXT);"                                   \
        "CREATE TABLE session_labels (session_id TEXT NOT NULL, label TEXT NOT NULL, created_at TEXT,"             \
        " PRIMARY KEY (session_id, label));"                                                                       \
        "CREATE TABLE session_external_parents (session_id TEXT PRIMARY KEY, parent_session_id TEXT NOT NULL,"     \
        " created_at TEXT, updated_at TEXT);"                                                                      \
        "CREATE TABLE usage_events (id INTEGER PRIMARY KEY, session_id TEXT NOT NULL, message_ordinal "            \
        "INTEGER, source TEXT NOT NULL, model TEXT NOT NULL, provider_id TEXT NOT NULL DEFAULT '', "               \
        "input_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0, "                      \
        "cache_creation_input_tokens INTEGER NOT NULL DEFAULT 0, cache_read_input_tokens INTEGER NOT NULL "        \
        "DEFAULT 0, reasoning_tokens INTEGER NOT NULL DEFAULT 0, cost_microdollars INTEGER, cost_status TEXT "     \
        "NOT NULL DEFAULT '', cost_source TEXT NOT NULL DEFAULT '', occurred_at TEXT, dedup_key TEXT NOT NULL "    \
        "DEFAULT '');"
