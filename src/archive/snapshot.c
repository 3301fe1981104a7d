/* Snapshot: the archive as a database that agentsview shows */
#include "archive/snapshot.h"

#include <fcntl.h>
#include <string.h>

#include "archive/query-internal.h"

/* What agentsview calls its data version; it migrates an older file and refuses a newer one. */
#define DATA_VERSION 143

#define TEXT_0    "TEXT NOT NULL DEFAULT ''"
#define INTEGER_0 "INTEGER NOT NULL DEFAULT 0"
#define NOW       "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"

/* A column of agentsview's table: how it is declared, and what it gets from the archive (NULL: its default). */
typedef struct Field {
        const char *name;
        const char *declaration;
        const char *value;
} Field;

/* What the archive knows nothing about. */
#define NUMBER(name)                  \
        {                             \
                name, INTEGER_0, NULL \
        }
#define WORD(name)                 \
        {                          \
                name, TEXT_0, NULL \
        }
/* The column of the same name, in the table with the alias @t. */
#define NUMBER_OF(t, name)                                     \
        {                                                      \
                name, INTEGER_0, "coalesce(" t "." name ", 0)" \
        }
#define WORD_OF(t, name)                                     \
        {                                                    \
                name, TEXT_0, "coalesce(" t "." name ", '')" \
        }

static const Field session_fields[] = {
        { "id", "TEXT PRIMARY KEY", "s.id" },
        { "project", "TEXT NOT NULL", "coalesce(s.project, '')" },
        { "machine", "TEXT NOT NULL DEFAULT 'local'", "coalesce(s.machine, 'local')" },
        { "agent", "TEXT NOT NULL DEFAULT 'claude'", "coalesce(s.agent_type, '')" },
        WORD_OF("s", "agent_label"),
        WORD_OF("s", "entrypoint"),
        WORD_OF("s", "session_kind"),
        { "first_message", "TEXT", "s.first_message" },
        { "display_name", "TEXT", "s.display_name" },
        { "session_name", "TEXT", "s.session_name" },
        { "started_at", "TEXT", "s.started_at" },
        { "ended_at", "TEXT", "s.ended_at" },
        NUMBER_OF("s", "message_count"),
        NUMBER_OF("s", "user_message_count"),
        { "file_path", "TEXT", NULL },
        { "file_size", "INTEGER", NULL },
        { "file_mtime", "INTEGER", NULL },
        NUMBER("next_ordinal"),
        { "last_entry_uuid", "TEXT", NULL },
        { "claude_linear_parse", "INTEGER", NULL },
        { "file_inode", "INTEGER", NULL },
        { "file_device", "INTEGER", NULL },
        { "file_hash", "TEXT", NULL },
        { "local_modified_at", "TEXT", NULL },
        { "transcript_revision", "TEXT NOT NULL DEFAULT '0'", NULL },
        { "parent_session_id", "TEXT", "s.parent_session_id" },
        { "parser_parent_session_id", "TEXT", NULL },
        { "parser_relationship_type", "TEXT", NULL },
        WORD_OF("s", "relationship_type"),
        NUMBER_OF("s", "total_output_tokens"),
        NUMBER_OF("s", "peak_context_tokens"),
        NUMBER_OF("s", "has_total_output_tokens"),
        NUMBER_OF("s", "has_peak_context_tokens"),
        NUMBER_OF("s", "is_automated"),
        NUMBER_OF("s", "tool_failure_signal_count"),
        NUMBER_OF("s", "tool_retry_count"),
        NUMBER_OF("s", "edit_churn_count"),
        NUMBER_OF("s", "consecutive_failure_max"),
        { "outcome", "TEXT NOT NULL DEFAULT 'unknown'", "coalesce(s.outcome, 'unknown')" },
        { "outcome_confidence", "TEXT NOT NULL DEFAULT 'low'",
          "coalesce(s.outcome_confidence, 'low')" },
        WORD_OF("s", "ended_with_role"),
        NUMBER_OF("s", "final_failure_streak"),
        { "signals_pending_since", "TEXT", NULL },
        NUMBER_OF("s", "compaction_count"),
        NUMBER_OF("s", "mid_task_compaction_count"),
        { "context_pressure_max", "REAL", "s.context_pressure_max" },
        { "health_score", "INTEGER", "s.health_score" },
        { "health_grade", "TEXT", "s.health_grade" },
        { "has_tool_calls", INTEGER_0,
          "EXISTS (SELECT 1 FROM archive.tool_calls c WHERE c.session_id = s.id)" },
        NUMBER_OF("s", "has_context_data"),
        NUMBER_OF("s", "quality_signal_version"),
        NUMBER_OF("s", "short_prompt_count"),
        NUMBER_OF("s", "unstructured_start"),
        NUMBER_OF("s", "missing_success_criteria_count"),
        NUMBER_OF("s", "missing_verification_count"),
        NUMBER_OF("s", "duplicate_prompt_count"),
        NUMBER_OF("s", "no_code_context_count"),
        NUMBER_OF("s", "runaway_tool_loop_count"),
        { "data_version", INTEGER_0, "143" },
        WORD_OF("s", "cwd"),
        WORD_OF("s", "git_branch"),
        WORD_OF("s", "pr_links"),
        WORD("source_session_id"),
        WORD_OF("s", "source_version"),
        WORD_OF("s", "group_key"),
        WORD_OF("s", "transcript_fidelity"),
        NUMBER_OF("s", "parser_malformed_lines"),
        NUMBER_OF("s", "is_truncated"),
        NUMBER("last_write_incremental"),
        { "deleted_at", "TEXT", "s.deleted_at" },
        NUMBER("trash_includes_codex_pages"),
        { "deletion_cause", "TEXT", NULL },
        { "source_missing_at", "TEXT", NULL },
        { "created_at", "TEXT NOT NULL DEFAULT " NOW,
          "coalesce(s.source_created_at, s.started_at, " NOW ")" },
        { "termination_status", "TEXT", "s.termination_status" },
        NUMBER("secret_leak_count"),
        WORD("secrets_rules_version"),
        NUMBER("friction_count"),
        WORD("friction_rules_version"),
        WORD("friction_hash"),
        { "sync_marker", "TEXT", "coalesce(s.ended_at, s.started_at, '')" },
        { NULL },
};

static const Field message_fields[] = {
        { "id", "INTEGER PRIMARY KEY", NULL },
        { "session_id", "TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE",
          "m.session_id" },
        { "ordinal", "INTEGER NOT NULL", "m.ordinal" },
        { "role", "TEXT NOT NULL", "coalesce(m.role, '')" },
        { "content", "TEXT NOT NULL", "coalesce(m.content, '')" },
        WORD_OF("m", "thinking_text"),
        { "dialogue_text", "TEXT", "m.dialogue_text" },
        { "timestamp", "TEXT", "m.timestamp" },
        NUMBER_OF("m", "has_thinking"),
        NUMBER_OF("m", "has_tool_use"),
        NUMBER_OF("m", "content_length"),
        NUMBER_OF("m", "is_system"),
        WORD_OF("m", "model"),
        WORD_OF("m", "reasoning_effort"),
        WORD_OF("m", "token_usage"),
        NUMBER_OF("m", "context_tokens"),
        NUMBER_OF("m", "output_tokens"),
        WORD_OF("m", "provider_id"),
        NUMBER_OF("m", "has_context_tokens"),
        NUMBER_OF("m", "has_output_tokens"),
        WORD_OF("m", "claude_message_id"),
        WORD_OF("m", "claude_request_id"),
        WORD_OF("m", "source_type"),
        WORD_OF("m", "source_subtype"),
        WORD_OF("m", "prompt_source"),
        WORD_OF("m", "source_uuid"),
        WORD("source_parent_uuid"),
        NUMBER_OF("m", "is_sidechain"),
        NUMBER_OF("m", "is_compact_boundary"),
        { NULL },
};

static const Field call_fields[] = {
        { "id", "INTEGER PRIMARY KEY", NULL },
        { "message_id", "INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE", "m.id" },
        { "session_id", "TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE",
          "c.session_id" },
        { "tool_name", "TEXT NOT NULL", "coalesce(c.tool_name, '')" },
        { "category", "TEXT NOT NULL", "coalesce(c.tool_category, '')" },
        { "tool_use_id", "TEXT", "c.tool_use_id" },
        { "input_json", "TEXT", "c.input_json" },
        { "skill_name", "TEXT", "c.skill_name" },
        { "result_content_length", "INTEGER", "c.result_content_length" },
        { "result_content", "TEXT", "c.result_content" },
        { "subagent_session_id", "TEXT", "c.subagent_session_id" },
        { "file_path", "TEXT", "c.file_path" },
        { "call_index", "INTEGER", "c.call_index" },
        { "observed_outcome", "TEXT", "c.observed_outcome" },
        { "observed_repeat", "TEXT", "c.observed_repeat" },
        { "sequence_ending", "TEXT", "c.sequence_ending" },
        { NULL },
};

static const Field event_fields[] = {
        { "id", "INTEGER PRIMARY KEY", NULL },
        { "session_id", "TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE",
          "e.session_id" },
        { "tool_call_message_ordinal", "INTEGER NOT NULL", "e.message_ordinal" },
        { "call_index", INTEGER_0, "e.call_index" },
        { "tool_use_id", "TEXT", "e.tool_use_id" },
        { "agent_id", "TEXT", "e.agent_id" },
        { "subagent_session_id", "TEXT", "e.subagent_session_id" },
        { "source", "TEXT NOT NULL", "coalesce(e.source, '')" },
        { "status", "TEXT NOT NULL", "coalesce(e.status, '')" },
        { "content", "TEXT NOT NULL", "coalesce(e.content, '')" },
        NUMBER_OF("e", "content_length"),
        { "timestamp", "TEXT", "e.timestamp" },
        { "event_index", INTEGER_0, "e.event_index" },
        { "raw_content_digest", "BLOB", NULL },
        { "summary_participates", "INTEGER", NULL },
        { NULL },
};

static const Field star_fields[] = {
        { "session_id", "TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE",
          "t.session_id" },
        { "created_at", "TEXT NOT NULL DEFAULT " NOW, "coalesce(t.created_at, " NOW ")" },
        { NULL },
};

static const Field pin_fields[] = {
        { "id", "INTEGER PRIMARY KEY", NULL },
        { "session_id", "TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE",
          "p.session_id" },
        { "message_id", "INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE", "m.id" },
        { "ordinal", "INTEGER NOT NULL", "p.message_ordinal" },
        { "note", "TEXT", "p.note" },
        { "created_at", "TEXT NOT NULL DEFAULT " NOW, "coalesce(p.created_at, " NOW ")" },
        { NULL },
};

static const Field label_fields[] = {
        { "session_id", "TEXT NOT NULL", "l.session_id" },
        { "label", "TEXT NOT NULL", "l.label" },
        { "created_at", "TEXT NOT NULL DEFAULT " NOW, "coalesce(l.created_at, " NOW ")" },
        { NULL },
};

static const Field parent_fields[] = {
        { "session_id", "TEXT PRIMARY KEY", "x.session_id" },
        { "parent_session_id", "TEXT NOT NULL", "x.parent_session_id" },
        { "created_at", "TEXT NOT NULL DEFAULT " NOW, "coalesce(x.created_at, " NOW ")" },
        { "updated_at", "TEXT NOT NULL DEFAULT " NOW, "coalesce(x.updated_at, " NOW ")" },
        { NULL },
};

/* In order: later ones refer to rows of earlier ones. */
static const struct {
        const char *name;
        const Field *fields;
        const char *unique;
        const char *from;
} tables[] = {
        { "sessions", session_fields, NULL,
          "archive.sessions s JOIN temp.chosen k ON k.id = s.id" },
        { "messages", message_fields, "session_id, ordinal",
          "archive.messages m JOIN temp.chosen k ON k.id = m.session_id" },
        { "tool_calls", call_fields, NULL,
          "archive.tool_calls c JOIN main.messages m ON m.session_id = c.session_id AND m.ordinal = "
          "c.message_ordinal" },
        { "tool_result_events", event_fields, NULL,
          "archive.tool_result_events e JOIN temp.chosen k ON k.id = e.session_id" },
        { "starred_sessions", star_fields, NULL,
          "archive.session_stars t JOIN temp.chosen k ON k.id = t.session_id" },
        { "pinned_messages", pin_fields, "session_id, message_id",
          "archive.message_pins p JOIN main.messages m ON m.session_id = p.session_id AND m.ordinal = "
          "p.message_ordinal" },
        { "session_labels", label_fields, "session_id, label",
          "archive.session_labels l JOIN temp.chosen k ON k.id = l.session_id" },
        { "session_external_parents", parent_fields, NULL,
          "archive.session_external_parents x JOIN temp.chosen k ON k.id = x.session_id" },
};

static int make_table(sqlite3 *db, size_t t)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_printf(&sql, "CREATE TABLE main.%s (", tables[t].name);
        for (const Field *f = tables[t].fields; f->name; f++)
                (void) strbuf_printf(&sql, "%s%s %s", f == tables[t].fields ? "" : ", ", f->name,
                                     f->declaration);
        if (tables[t].unique)
                (void) strbuf_printf(&sql, ", UNIQUE (%s)", tables[t].unique);
        (void) strbuf_putc(&sql, ')');
        return sqlite_run(db, sql.data);
}

static int fill_table(sqlite3 *db, size_t t)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 }, values = { 0 };
        const char *comma = "";
        int r;

        if (strncmp(tables[t].name, "session_", 8) == 0) {
                r = query_has_table(db, "archive", tables[t].name); /* an old archive lacks it */
                if (r <= 0)
                        return r;
        }
        (void) strbuf_printf(&sql, "INSERT OR IGNORE INTO main.%s (", tables[t].name);
        for (const Field *f = tables[t].fields; f->name; f++) {
                if (!f->value)
                        continue;
                (void) strbuf_printf(&sql, "%s%s", comma, f->name);
                (void) strbuf_printf(&values, "%s%s", comma, f->value);
                comma = ", ";
        }
        (void) strbuf_printf(&sql, ") SELECT %s FROM %s", values.data, tables[t].from);
        return sqlite_run(db, sql.data);
}

static int choose(sqlite3 *db, char *const *ids, size_t n_ids)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        int r;

        r = sqlite_run(db, "CREATE TEMP TABLE chosen (id TEXT PRIMARY KEY) WITHOUT ROWID");
        if (r >= 0)
                r = sqlite_prepare(db, "INSERT OR IGNORE INTO temp.chosen VALUES (?)", &stmt);
        for (size_t i = 0; r >= 0 && i < n_ids; i++) {
                (void) sqlite_bind_text(stmt, 1, ids[i], strlen(ids[i]));
                r = sqlite_execute(stmt);
        }
        return r;
}

static int write_all(sqlite3 *db, const char *archive_path, char *const *ids, size_t n_ids)
{
        int r;

        r = query_attach_archive(db, archive_path);
        if (r >= 0)
                r = sqlite_run(db, "PRAGMA temp_store = MEMORY");
        if (r >= 0)
                r = choose(db, ids, n_ids);
        if (r >= 0)
                r = sqlite_run(db, "BEGIN");
        for (size_t t = 0; r >= 0 && t < ELEMENTSOF(tables); t++) {
                r = make_table(db, t);
                if (r >= 0)
                        r = fill_table(db, t);
        }
        if (r >= 0)
                r = sqlite_runf(db, "PRAGMA main.user_version = %d", DATA_VERSION);
        return r < 0 ? r : sqlite_run(db, "COMMIT");
}

int snapshot_write(const char *archive_path, char *const *ids, size_t n_ids, const char *path,
                   char **reterr)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0) {
                r = -errno;
                format_error(reterr, "%s", strerror(-r));
                return r;
        }
        r = sqlite_errno(NULL, sqlite3_open_v2(path, &db,
                                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI |
                                                               SQLITE_OPEN_NOMUTEX,
                                               NULL));
        if (r >= 0)
                r = write_all(db, archive_path, ids, n_ids);
        if (r < 0) {
                format_error(reterr, "%s", sqlite_reason(db));
                (void) unlink(path);
        }
        return r;
}
