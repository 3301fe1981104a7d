/*
 * Fuzz: rows of the source
 *
 * The bytes become the values of a session, its messages, calls and results, of any type; a cycle brings them into an
 * archive. No cycle fails as a whole, the healthy session is always there, and all archived text is UTF-8.
 */
#include <ftw.h>
#include <sys/stat.h>

#include "base/file-util.h"
#include "base/sqlite-util.h"
#include "fuzz.h"
#include "mask/utf8.h"
#include "sync/engine.h"

/* Columns without types and constraints, so that whatever a row holds reaches the reader. */
static const char *const schema =
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
                "CREATE TABLE sessions (id, project, machine, agent, first_message, display_name, started_at,"
                " ended_at, message_count, file_hash, transcript_revision, cwd, git_branch, pr_links,"
                " deleted_at, created_at, sync_marker);"
                "CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id, ordinal, role, content,"
                " thinking_text, timestamp, has_tool_use, model, token_usage);"
                "CREATE TABLE tool_calls (id INTEGER PRIMARY KEY, message_id, session_id, tool_name, category,"
                " tool_use_id, input_json, result_content, file_path, call_index);"
                "CREATE TABLE tool_result_events (id INTEGER PRIMARY KEY, session_id,"
                " tool_call_message_ordinal, call_index, source, status, content, event_index);"
                "CREATE TABLE starred_sessions (session_id, created_at);"
                "CREATE TABLE pinned_messages (id INTEGER PRIMARY KEY, session_id, message_id, ordinal, note);"
                "INSERT INTO sessions (id, project) VALUES ('healthy', 'p');"
                "INSERT INTO messages (id, session_id, ordinal, content) VALUES (1, 'healthy', 0, 'hello');";

static const char *const inserts[] = {
        "INSERT INTO sessions VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        "INSERT INTO messages VALUES (NULL,?,?,?,?,?,?,?,?,?)",
        "INSERT INTO tool_calls VALUES (NULL,?,?,?,?,?,?,?,?,?)",
        "INSERT INTO tool_result_events VALUES (NULL,?,?,?,?,?,?,?)",
        "INSERT INTO starred_sessions VALUES (?,?)",
        "INSERT INTO pinned_messages VALUES (NULL,?,?,?,?)",
};

static const char *const texts[] = {
        "SELECT first_message, display_name, project, cwd, git_branch, pr_links, id FROM sessions",
        "SELECT content, thinking_text, role, model, token_usage, session_id FROM messages",
        "SELECT input_json, result_content, tool_name, file_path, tool_use_id FROM tool_calls",
        "SELECT content, source, status FROM tool_result_events",
        "SELECT note FROM message_pins",
};

static char folder[] = "/tmp/scrubjay-fuzz-XXXXXX";
static char *source_path, *archive_path;
static sqlite3 *source;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

static void clean(void)
{
        sqlite_close(source);
        (void) nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void prepare(void)
{
        if (source)
                return;
        MUST(mkdtemp(folder));
        MUST((source_path = path_join(folder, "source.db")) != NULL);
        MUST((archive_path = path_join(folder, "archive.db")) != NULL);
        MUST(sqlite3_open(source_path, &source) == SQLITE_OK);
        MUST(sqlite_run(source, schema) == 0);
        (void) atexit(clean);
}

/* A value of any type: the first byte says which one. */
static void bind(sqlite3_stmt *stmt, int index, Input *in)
{
        unsigned kind = take(in);
        size_t n = take(in);

        n = n < in->size ? n : in->size;
        switch (kind % 8) {
        case 0:
                (void) sqlite3_bind_null(stmt, index);
                return;
        case 1:
                (void) sqlite3_bind_int64(stmt, index, (int64_t) n - 4);
                return;
        case 2:
                (void) sqlite3_bind_int64(stmt, index, n % 2 ? INT64_MAX : INT64_MIN);
                return;
        case 3:
                (void) sqlite3_bind_double(stmt, index, (double) n * 1e300);
                return;
        case 4:
                (void) sqlite3_bind_blob(stmt, index, in->data, (int) n, SQLITE_STATIC);
                break;
        case 5: /* rows belong together if they share an id */
                (void) sqlite3_bind_text(stmt, index, n % 2 ? "one" : "healthy", -1, SQLITE_STATIC);
                return;
        default:
                (void) sqlite3_bind_text64(stmt, index, (const char *) in->data, n, SQLITE_STATIC,
                                           SQLITE_UTF8);
        }
        in->data += n;
        in->size -= n;
}

static void insert_rows(Input *in)
{
        MUST(sqlite_run(source,
                        "BEGIN; DELETE FROM tool_calls; DELETE FROM tool_result_events;"
                        "DELETE FROM starred_sessions; DELETE FROM pinned_messages;"
                        "DELETE FROM sessions WHERE rowid > 1; DELETE FROM messages WHERE id > 1") ==
             0);
        for (int n = 0; n < 24 && in->size > 0; n++) {
                _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;

                MUST(sqlite_prepare(source, inserts[take(in) % ELEMENTSOF(inserts)], &stmt) == 0);
                for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++)
                        bind(stmt, i, in);
                (void) sqlite_execute(stmt);
        }
        MUST(sqlite_run(source, "COMMIT") == 0);
}

static void check_archive(void)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;
        int64_t n = 0;

        MUST(sqlite3_open_v2(archive_path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
        MUST(sqlite_query_int(db, "SELECT count(*) FROM sessions WHERE id = 'healthy'", &n) > 0 &&
             n == 1);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;

                MUST(sqlite_prepare(db, texts[i], &stmt) == 0);
                while (sqlite_step(stmt) > 0)
                        for (int k = 0; k < sqlite3_column_count(stmt); k++) {
                                const char *text = (const char *) sqlite3_column_text(stmt, k);
                                size_t size = (size_t) sqlite3_column_bytes(stmt, k);

                                MUST(!text || utf8_valid_length(text, size) == size);
                        }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const rules[] = { TEST_RULES_DIR, NULL };
        static Engine *engine;
        EngineSettings settings = { .rules_folders = rules, .user_id = "me", .user_name = "Me" };
        _cleanup_(cycle_result_done) CycleResult result = { 0 };
        Input in = { data, size };

        prepare();
        insert_rows(&in);
        settings.source_path = source_path;
        settings.archive_path = archive_path;
        if (!engine)
                engine = engine_new(&settings, NULL);
        engine_cycle(engine, CYCLE_AUDIT, &result);
        if (result.failure != CYCLE_OK)
                fprintf(stderr, "%s\n", result.sentence ?: "no sentence");
        MUST(result.failure == CYCLE_OK);
        check_archive();
        return 0;
}
