-- agentsview's tables, as far as scrubjay reads them
PRAGMA journal_mode=WAL;
PRAGMA user_version=143;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, project TEXT NOT NULL DEFAULT 'p', machine TEXT NOT NULL DEFAULT 'local',
    agent TEXT NOT NULL DEFAULT 'claude', first_message TEXT, display_name TEXT, session_name TEXT,
    started_at TEXT, ended_at TEXT, message_count INTEGER NOT NULL DEFAULT 0,
    user_message_count INTEGER NOT NULL DEFAULT 0, file_path TEXT, file_size INTEGER, file_mtime INTEGER,
    file_hash TEXT, local_modified_at TEXT, transcript_revision TEXT NOT NULL DEFAULT '0',
    parent_session_id TEXT, relationship_type TEXT NOT NULL DEFAULT '',
    total_output_tokens INTEGER NOT NULL DEFAULT 0, peak_context_tokens INTEGER NOT NULL DEFAULT 0,
    is_automated INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT 'unknown', health_grade TEXT,
    cwd TEXT NOT NULL DEFAULT '', git_branch TEXT NOT NULL DEFAULT '', pr_links TEXT NOT NULL DEFAULT '',
    deleted_at TEXT, created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    entrypoint TEXT, agent_label TEXT, session_kind TEXT, source_version TEXT, has_total_output_tokens INTEGER,
    has_peak_context_tokens INTEGER, has_context_data INTEGER, tool_failure_signal_count INTEGER,
    tool_retry_count INTEGER, edit_churn_count INTEGER, consecutive_failure_max INTEGER, outcome_confidence TEXT,
    ended_with_role TEXT, final_failure_streak INTEGER, compaction_count INTEGER, mid_task_compaction_count INTEGER,
    health_score INTEGER, quality_signal_version INTEGER, short_prompt_count INTEGER, unstructured_start INTEGER,
    missing_success_criteria_count INTEGER, missing_verification_count INTEGER, duplicate_prompt_count INTEGER,
    no_code_context_count INTEGER, runaway_tool_loop_count INTEGER, context_pressure_max REAL, group_key TEXT,
    transcript_fidelity TEXT, parser_malformed_lines INTEGER, is_truncated INTEGER,
    termination_status TEXT, data_version INTEGER NOT NULL DEFAULT 0, next_ordinal INTEGER NOT NULL DEFAULT 0,
    sync_marker TEXT);
CREATE INDEX idx_sessions_sync_marker ON sessions(sync_marker);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL, role TEXT NOT NULL, content TEXT NOT NULL,
    thinking_text TEXT NOT NULL DEFAULT '', dialogue_text TEXT, timestamp TEXT,
    has_thinking INTEGER NOT NULL DEFAULT 0, has_tool_use INTEGER NOT NULL DEFAULT 0,
    content_length INTEGER NOT NULL DEFAULT 0, is_system INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL DEFAULT '', token_usage TEXT NOT NULL DEFAULT '',
    context_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0,
    claude_message_id TEXT, claude_request_id TEXT, source_uuid TEXT, source_subtype TEXT, prompt_source TEXT,
    provider_id TEXT, reasoning_effort TEXT, is_compact_boundary INTEGER, has_context_tokens INTEGER,
    has_output_tokens INTEGER,
    source_type TEXT NOT NULL DEFAULT '', is_sidechain INTEGER NOT NULL DEFAULT 0,
    UNIQUE(session_id, ordinal));
CREATE TABLE tool_calls (
    id INTEGER PRIMARY KEY, message_id INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE, tool_name TEXT NOT NULL,
    category TEXT NOT NULL, tool_use_id TEXT, input_json TEXT, skill_name TEXT,
    result_content_length INTEGER, result_content TEXT, subagent_session_id TEXT, file_path TEXT,
    observed_outcome TEXT, observed_repeat TEXT, sequence_ending TEXT,
    call_index INTEGER);
CREATE TABLE tool_result_events (
    id INTEGER PRIMARY KEY, session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    tool_call_message_ordinal INTEGER NOT NULL, call_index INTEGER NOT NULL DEFAULT 0, tool_use_id TEXT,
    agent_id TEXT, subagent_session_id TEXT, source TEXT NOT NULL, status TEXT NOT NULL,
    content TEXT NOT NULL, content_length INTEGER NOT NULL DEFAULT 0, timestamp TEXT,
    event_index INTEGER NOT NULL DEFAULT 0);
-- what hangs on a message goes with it, as in agentsview, whoever deletes it
CREATE TRIGGER message_parts AFTER DELETE ON messages BEGIN
    DELETE FROM tool_calls WHERE message_id = OLD.id;
    DELETE FROM tool_result_events WHERE session_id = OLD.session_id AND tool_call_message_ordinal = OLD.ordinal;
    UPDATE sessions SET message_count = 0 WHERE id = OLD.session_id AND NOT EXISTS
        (SELECT 1 FROM messages WHERE session_id = OLD.session_id);
END;
CREATE TABLE starred_sessions (
    session_id TEXT PRIMARY KEY REFERENCES sessions(id) ON DELETE CASCADE,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
CREATE TABLE pinned_messages (
    id INTEGER PRIMARY KEY, session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    message_id INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE, ordinal INTEGER NOT NULL,
    note TEXT, created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    UNIQUE(session_id, message_id));
CREATE TABLE excluded_sessions (
    id TEXT PRIMARY KEY, created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
CREATE TABLE session_deletion_changes (
    session_id TEXT PRIMARY KEY, project TEXT NOT NULL, revision INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE session_labels (
    session_id TEXT NOT NULL, label TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), PRIMARY KEY (session_id, label));
CREATE TABLE session_external_parents (
    session_id TEXT PRIMARY KEY, parent_session_id TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
CREATE TABLE usage_events (
    id INTEGER PRIMARY KEY, session_id TEXT NOT NULL, message_ordinal INTEGER, source TEXT NOT NULL, model TEXT NOT NULL,
    provider_id TEXT NOT NULL DEFAULT '', input_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0,
    cache_creation_input_tokens INTEGER NOT NULL DEFAULT 0, cache_read_input_tokens INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0, cost_microdollars INTEGER, cost_status TEXT NOT NULL DEFAULT '',
    cost_source TEXT NOT NULL DEFAULT '', occurred_at TEXT, dedup_key TEXT NOT NULL DEFAULT '');
