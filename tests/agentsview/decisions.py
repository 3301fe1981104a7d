"""What becomes of each table and column of agentsview: mirrored (mirror.py says into what), read, or left out with a reason

A new agentsview with something that is not listed here fails the test: somebody has to decide.
"""

# Read to find, join and distinguish rows; not kept as such.
READ = {
    "sessions": "file_hash file_size transcript_revision data_version next_ordinal last_entry_uuid sync_marker pr_links",
    "messages": "id",
    "tool_calls": "id message_id",
    "tool_result_events": "id",
    "session_deletion_changes": "session_id revision deleted",
    "excluded_sessions": "id",
    "conversation_session_changes": "session_id gap",
}

# Columns of tables that are mirrored or read.
COLUMNS = {
    "sessions": {
        "where agentsview found it, and how it reads it": "file_path file_mtime file_inode file_device local_modified_at "
            "claude_linear_parse last_write_incremental source_missing_at "
            "source_session_id parser_parent_session_id parser_relationship_type",
        "computed from the messages, which are mirrored": "signals_pending_since has_tool_calls "
            "friction_count friction_rules_version friction_hash",
        "of agentsview's own search for secrets; scrubjay has its findings": "secret_leak_count secrets_rules_version",
        "its trash, which deleted_at tells": "trash_includes_codex_pages deletion_cause",
    },
    "messages": {"which entry of a transcript was before it": "source_parent_uuid"},
    "tool_result_events": {"computed, and tells what a text was": "raw_content_digest summary_participates"},
    "pinned_messages": {"its number in agentsview; session and ordinal say the same": "id message_id"},
    "usage_events": {"it holds the names that are masked; the id tells events apart": "dedup_key"},
    "session_deletion_changes": {"the tombstone has the archive's": "project"},
    "excluded_sessions": {"when and where, of what is gone": "created_at file_path include_codex_pages"},
    "conversation_session_changes": {"agentsview's journal": "revision deleted"},
}

# Whole tables.
TABLES = {
    "agentsview's own state and caches": "stats archive_metadata background_migrations pg_sync_state git_cache "
        "skipped_files source_failures provider_freshness remote_skipped_files local_session_source_baselines "
        "claude_subagent_sources parser_checkpoints parser_checkpoint_blobs session_signal_state "
        "subagent_parent_cleanup_queue subagent_parent_repair_queue tool_call_occurrence_agent_state",
    "its exchange with other agentsviews": "artifact_export_queue artifact_publications artifact_publication_revisions "
        "artifact_checkpoint_heads artifact_checkpoint_floors artifact_checkpoint_landings "
        "artifact_checkpoint_landing_sessions artifact_checkpoint_stages artifact_checkpoint_stage_sessions "
        "artifact_import_attempt_generations artifact_import_queue artifact_imported_sessions "
        "artifact_peer_checkpoint_heads",
    "copies of original transcripts, unmasked by their nature": "raw_archive_devices raw_archive_files raw_archive_roots "
        "raw_archive_root_aliases raw_archive_sessions raw_archive_sources",
    "a second copy of message texts": "conversation_messages",
    "computed from sessions; made by a model, or about costs": "insights friction_findings session_plan_usage "
        "cursor_usage_events model_pricing model_pricing_bands genai_pricing",
    "its memory of sessions, distilled by a model": "recall_entries recall_evidence recall_corpus_state recall_query_state "
        "recall_query_events recall_query_exposures recall_embedding_changes recall_embedding_deletions "
        "recall_extract_generations recall_extract_progress",
    "its findings of secrets; scrubjay has its own": "secret_findings",
    "which project a folder is; sessions.project is the outcome": "worktree_project_mappings worktree_project_mapping_changes "
        "session_project_assignments project_identity_observations project_identity_observation_changes "
        "session_project_identity_snapshots session_project_identity_snapshot_changes",
}
