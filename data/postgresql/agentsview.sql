-- A PostgreSQL database for masked sessions, as `agentsview pg serve` (0.46.1) reads it. Run it as an administrator, in that
-- database: what is there already stays. Roles are of all databases of a server, so their names carry this one's, and two teams
-- on one server do not see each other. It makes
--   @ROLES@_owner   whose the tables are. Only what migrates them logs in with it, never a server of pages
--   @ROLES@_writer  for scrubjay: rows, and no tables
--   @ROLES@_reader  for `agentsview pg serve`
-- which nobody can log in with: a person's or a program's role is made a member of one.

DO $setup$
DECLARE
    name text;
BEGIN
    IF current_database() <> '@DATABASE@' THEN
        RAISE EXCEPTION 'This is for the database @DATABASE@, and not for %.', current_database();
    END IF;
    FOREACH name IN ARRAY ARRAY['owner', 'writer', 'reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '@ROLES@_' || name) THEN
            EXECUTE format('CREATE ROLE %I', '@ROLES@_' || name);
        END IF;
    END LOOP;
    EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), '@ROLES@_owner');
    -- search is faster with it, and works without
    IF EXISTS (SELECT FROM pg_available_extensions WHERE pg_available_extensions.name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
    END IF;
END
$setup$;

DO $setup$
BEGIN
    IF to_regnamespace('@SCHEMA@') IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE $ddl$
CREATE SCHEMA "@SCHEMA@" AUTHORIZATION "@ROLES@_owner";
SET LOCAL ROLE "@ROLES@_owner";
SET LOCAL search_path = "@SCHEMA@", public;

CREATE FUNCTION "@SCHEMA@".agentsview_json_integer(raw_value text, json_path text[], fallback_key text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
DECLARE
    parsed JSONB;
    counter TEXT;
    repaired TEXT;
BEGIN
    parsed := raw_value::JSONB;
    counter := parsed #>> json_path;
    IF counter ~ '^-?[0-9]+$' THEN
        RETURN counter;
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    BEGIN
        repaired := raw_value || repeat('}', GREATEST(
            length(raw_value) - length(replace(raw_value, '{', '')) -
            (length(raw_value) - length(replace(raw_value, '}', ''))),
            0));
        parsed := repaired::JSONB;
        counter := parsed #>> json_path;
        IF counter ~ '^-?[0-9]+$' THEN
            RETURN counter;
        END IF;
        RETURN NULL;
    EXCEPTION WHEN OTHERS THEN
        RETURN NULL;
    END;
END;
$_$;

CREATE FUNCTION "@SCHEMA@".raw_ingest_reject_accepted_mutation() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'accepted raw custody metadata is append-only'
        USING ERRCODE = '55000';
END;
$$;

CREATE TABLE "@SCHEMA@".cursor_usage_events (
    id bigint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    model text NOT NULL,
    kind text DEFAULT ''::text NOT NULL,
    input_tokens integer DEFAULT 0 NOT NULL,
    output_tokens integer DEFAULT 0 NOT NULL,
    cache_write_tokens integer DEFAULT 0 NOT NULL,
    cache_read_tokens integer DEFAULT 0 NOT NULL,
    charged_microdollars bigint DEFAULT 0 NOT NULL,
    cursor_token_fee_microdollars bigint DEFAULT 0 NOT NULL,
    user_id text DEFAULT ''::text NOT NULL,
    user_email text DEFAULT ''::text NOT NULL,
    is_headless boolean DEFAULT false NOT NULL,
    dedup_key text DEFAULT ''::text NOT NULL
);

CREATE SEQUENCE "@SCHEMA@".cursor_usage_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE "@SCHEMA@".cursor_usage_events_id_seq OWNED BY "@SCHEMA@".cursor_usage_events.id;

CREATE TABLE "@SCHEMA@".excluded_sessions (
    id text NOT NULL,
    include_codex_pages boolean DEFAULT false NOT NULL,
    owner_marker text,
    machine text,
    agent text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE "@SCHEMA@".friction_findings (
    id bigint NOT NULL,
    session_id text NOT NULL,
    kind text NOT NULL,
    detector text NOT NULL,
    message_ordinal integer,
    call_index integer,
    tool_name text DEFAULT ''::text NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    text text DEFAULT ''::text NOT NULL,
    evidence text DEFAULT ''::text NOT NULL,
    title text NOT NULL,
    fingerprint text NOT NULL,
    occurred_at timestamp with time zone,
    seq integer NOT NULL,
    rules_version text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE "@SCHEMA@".friction_findings ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME "@SCHEMA@".friction_findings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE "@SCHEMA@".genai_pricing (
    singleton smallint NOT NULL,
    version text NOT NULL,
    source_ref text DEFAULT ''::text NOT NULL,
    source text NOT NULL,
    data_json bytea NOT NULL,
    updated_at text DEFAULT ''::text NOT NULL
);

CREATE TABLE "@SCHEMA@".insights (
    id bigint NOT NULL,
    type text DEFAULT ''::text NOT NULL,
    date_from text DEFAULT ''::text NOT NULL,
    date_to text DEFAULT ''::text NOT NULL,
    project text,
    agent text DEFAULT ''::text NOT NULL,
    model text,
    prompt text,
    content text DEFAULT ''::text NOT NULL,
    kind text DEFAULT ''::text NOT NULL,
    schema_version text DEFAULT ''::text NOT NULL,
    template_id text DEFAULT ''::text NOT NULL,
    template_version text DEFAULT ''::text NOT NULL,
    aggregate_hash text DEFAULT ''::text NOT NULL,
    cache_key text DEFAULT ''::text NOT NULL,
    cache_status text DEFAULT ''::text NOT NULL,
    provenance_json text DEFAULT ''::text NOT NULL,
    structured_json text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE "@SCHEMA@".insights_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE "@SCHEMA@".insights_id_seq OWNED BY "@SCHEMA@".insights.id;

CREATE TABLE "@SCHEMA@".messages (
    session_id text NOT NULL,
    ordinal integer NOT NULL,
    role text NOT NULL,
    content text NOT NULL,
    thinking_text text DEFAULT ''::text NOT NULL,
    dialogue_text text,
    "timestamp" timestamp with time zone,
    has_thinking boolean DEFAULT false NOT NULL,
    has_tool_use boolean DEFAULT false NOT NULL,
    content_length integer DEFAULT 0 NOT NULL,
    is_system boolean DEFAULT false NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    reasoning_effort text DEFAULT ''::text NOT NULL,
    token_usage text DEFAULT ''::text NOT NULL,
    context_tokens integer DEFAULT 0 NOT NULL,
    output_tokens integer DEFAULT 0 NOT NULL,
    provider_id text DEFAULT ''::text NOT NULL,
    has_context_tokens boolean DEFAULT false NOT NULL,
    has_output_tokens boolean DEFAULT false NOT NULL,
    claude_message_id text DEFAULT ''::text NOT NULL,
    claude_request_id text DEFAULT ''::text NOT NULL,
    source_type text DEFAULT ''::text NOT NULL,
    source_subtype text DEFAULT ''::text NOT NULL,
    prompt_source text DEFAULT ''::text NOT NULL,
    source_uuid text DEFAULT ''::text NOT NULL,
    source_parent_uuid text DEFAULT ''::text NOT NULL,
    is_sidechain boolean DEFAULT false NOT NULL,
    is_compact_boundary boolean DEFAULT false NOT NULL
);

CREATE TABLE "@SCHEMA@".model_pricing (
    model_pattern text NOT NULL,
    input_microdollars_per_mtok bigint DEFAULT 0 NOT NULL,
    output_microdollars_per_mtok bigint DEFAULT 0 NOT NULL,
    cache_creation_microdollars_per_mtok bigint DEFAULT 0 NOT NULL,
    cache_creation_1h_microdollars_per_mtok bigint DEFAULT 0 NOT NULL,
    cache_read_microdollars_per_mtok bigint DEFAULT 0 NOT NULL,
    updated_at text DEFAULT ''::text NOT NULL
);

CREATE TABLE "@SCHEMA@".model_pricing_bands (
    model_pattern text NOT NULL,
    above_input_tokens bigint NOT NULL,
    input_microdollars_per_mtok bigint NOT NULL,
    output_microdollars_per_mtok bigint NOT NULL,
    cache_creation_microdollars_per_mtok bigint NOT NULL,
    cache_creation_1h_microdollars_per_mtok bigint DEFAULT 0 NOT NULL,
    cache_read_microdollars_per_mtok bigint NOT NULL,
    updated_at text DEFAULT ''::text NOT NULL
);

CREATE TABLE "@SCHEMA@".pinned_messages (
    id bigint NOT NULL,
    session_id text NOT NULL,
    message_id integer NOT NULL,
    ordinal integer NOT NULL,
    source_uuid text DEFAULT ''::text NOT NULL,
    note text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE "@SCHEMA@".pinned_messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE "@SCHEMA@".pinned_messages_id_seq OWNED BY "@SCHEMA@".pinned_messages.id;

CREATE TABLE "@SCHEMA@".raw_device_tokens (
    token_sha256 bytea NOT NULL,
    tenant_id text NOT NULL,
    device_id text NOT NULL,
    scope_bits smallint NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE "@SCHEMA@".raw_devices (
    device_id text NOT NULL,
    tenant_id text NOT NULL,
    display_name text NOT NULL,
    credential_sha256 bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);

CREATE TABLE "@SCHEMA@".raw_ingest_jobs (
    id bigint NOT NULL,
    tenant_id text NOT NULL,
    manifest_id text NOT NULL,
    stage text NOT NULL,
    processing_version text NOT NULL,
    projection_generation bigint DEFAULT 0 NOT NULL,
    projection_selected boolean DEFAULT true NOT NULL,
    state text DEFAULT 'ready'::text NOT NULL,
    attempt_count integer DEFAULT 0 NOT NULL,
    available_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_owner text DEFAULT ''::text NOT NULL,
    lease_expires_at timestamp with time zone,
    last_error_class text DEFAULT ''::text NOT NULL,
    last_error text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE "@SCHEMA@".raw_ingest_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE "@SCHEMA@".raw_ingest_jobs_id_seq OWNED BY "@SCHEMA@".raw_ingest_jobs.id;

CREATE TABLE "@SCHEMA@".raw_manifest_entries (
    tenant_id text NOT NULL,
    manifest_id text NOT NULL,
    entry_index integer NOT NULL,
    path text NOT NULL,
    path_sha256 text NOT NULL,
    entry_type text NOT NULL,
    size_bytes bigint NOT NULL
);

CREATE TABLE "@SCHEMA@".raw_manifest_objects (
    tenant_id text NOT NULL,
    manifest_id text NOT NULL,
    entry_index integer NOT NULL,
    object_index integer NOT NULL,
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL
);

CREATE TABLE "@SCHEMA@".raw_manifests (
    tenant_id text NOT NULL,
    manifest_id text NOT NULL,
    device_id text NOT NULL,
    provider text NOT NULL,
    configured_root_id text NOT NULL,
    source_key text NOT NULL,
    source_key_sha256 text NOT NULL,
    capture_id text NOT NULL,
    parent_receipt text DEFAULT ''::text NOT NULL,
    receipt text NOT NULL,
    generation bigint NOT NULL,
    kind text NOT NULL,
    captured_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone DEFAULT now() NOT NULL,
    canonical_json bytea NOT NULL
);

CREATE TABLE "@SCHEMA@".raw_objects (
    tenant_id text NOT NULL,
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    verified_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE "@SCHEMA@".raw_source_heads (
    tenant_id text NOT NULL,
    device_id text NOT NULL,
    provider text NOT NULL,
    configured_root_id text NOT NULL,
    source_key text NOT NULL,
    source_key_sha256 text NOT NULL,
    manifest_id text,
    receipt text,
    generation bigint DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE "@SCHEMA@".raw_upload_sessions (
    upload_id text NOT NULL,
    tenant_id text NOT NULL,
    device_id text NOT NULL,
    provider text NOT NULL,
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    offset_bytes bigint DEFAULT 0 NOT NULL,
    generation bigint DEFAULT 0 NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    completed_at timestamp with time zone
);

CREATE TABLE "@SCHEMA@".secret_findings (
    id bigint NOT NULL,
    session_id text NOT NULL,
    rule_name text NOT NULL,
    confidence text NOT NULL,
    location_kind text NOT NULL,
    message_ordinal integer NOT NULL,
    call_index integer,
    event_index integer,
    match_start integer NOT NULL,
    match_end integer NOT NULL,
    match_index integer NOT NULL,
    redacted_match text NOT NULL,
    rules_version text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE "@SCHEMA@".secret_findings ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME "@SCHEMA@".secret_findings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE "@SCHEMA@".session_aliases (
    session_id text NOT NULL,
    alias_id text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE "@SCHEMA@".session_plan_usage (
    session_id text NOT NULL,
    has_plan_usage boolean DEFAULT false NOT NULL,
    data_as_of text,
    data_status text DEFAULT ''::text NOT NULL,
    usage_source text DEFAULT ''::text NOT NULL,
    weekly_percent double precision,
    five_hour_percent double precision,
    credits text,
    groups_json text DEFAULT '[]'::text NOT NULL,
    is_final boolean DEFAULT false NOT NULL,
    outcome_kind text DEFAULT ''::text NOT NULL,
    outcome_at text,
    counted_under text DEFAULT ''::text NOT NULL,
    has_coverage boolean DEFAULT false NOT NULL,
    last_capture_at text,
    uncaptured_turns integer DEFAULT 0 NOT NULL
);

CREATE TABLE "@SCHEMA@".sessions (
    id text NOT NULL,
    machine text NOT NULL,
    owner_marker text DEFAULT ''::text NOT NULL,
    project text NOT NULL,
    project_assigned boolean DEFAULT false NOT NULL,
    agent text NOT NULL,
    agent_label text DEFAULT ''::text NOT NULL,
    entrypoint text DEFAULT ''::text NOT NULL,
    session_kind text DEFAULT ''::text NOT NULL,
    pr_links text DEFAULT ''::text NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    first_message text,
    display_name text,
    source_display_name text,
    session_name text,
    created_at timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    deleted_at timestamp with time zone,
    source_deleted_at timestamp with time zone,
    trash_includes_codex_pages boolean DEFAULT false NOT NULL,
    source_trash_includes_codex_pages boolean DEFAULT false NOT NULL,
    deletion_cause text,
    message_count integer DEFAULT 0 NOT NULL,
    user_message_count integer DEFAULT 0 NOT NULL,
    parent_session_id text,
    parser_parent_session_id text,
    relationship_type text DEFAULT ''::text NOT NULL,
    total_output_tokens integer DEFAULT 0 NOT NULL,
    peak_context_tokens integer DEFAULT 0 NOT NULL,
    has_total_output_tokens boolean DEFAULT false NOT NULL,
    has_peak_context_tokens boolean DEFAULT false NOT NULL,
    is_automated boolean DEFAULT false NOT NULL,
    prompt_evidence_discarded boolean DEFAULT false NOT NULL,
    tool_failure_signal_count integer DEFAULT 0 NOT NULL,
    tool_retry_count integer DEFAULT 0 NOT NULL,
    edit_churn_count integer DEFAULT 0 NOT NULL,
    consecutive_failure_max integer DEFAULT 0 NOT NULL,
    outcome text DEFAULT 'unknown'::text NOT NULL,
    outcome_confidence text DEFAULT 'low'::text NOT NULL,
    ended_with_role text DEFAULT ''::text NOT NULL,
    final_failure_streak integer DEFAULT 0 NOT NULL,
    signals_pending_since text,
    compaction_count integer DEFAULT 0 NOT NULL,
    mid_task_compaction_count integer DEFAULT 0 NOT NULL,
    context_pressure_max double precision,
    health_score integer,
    health_grade text,
    quality_signal_version integer DEFAULT 0 NOT NULL,
    short_prompt_count integer DEFAULT 0 NOT NULL,
    unstructured_start boolean DEFAULT false NOT NULL,
    missing_success_criteria_count integer DEFAULT 0 NOT NULL,
    missing_verification_count integer DEFAULT 0 NOT NULL,
    duplicate_prompt_count integer DEFAULT 0 NOT NULL,
    no_code_context_count integer DEFAULT 0 NOT NULL,
    runaway_tool_loop_count integer DEFAULT 0 NOT NULL,
    termination_status text,
    friction_count integer DEFAULT 0 NOT NULL,
    friction_rules_version text DEFAULT ''::text NOT NULL,
    friction_hash text DEFAULT ''::text NOT NULL,
    transcript_revision text DEFAULT '0'::text NOT NULL,
    source_archive_id text DEFAULT ''::text NOT NULL,
    source_database_generation text DEFAULT ''::text NOT NULL,
    file_path text,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    provenance_kind text DEFAULT 'legacy'::text NOT NULL,
    raw_group_id text DEFAULT ''::text NOT NULL,
    raw_content_revision text DEFAULT ''::text NOT NULL,
    has_tool_calls boolean DEFAULT false NOT NULL,
    has_context_data boolean DEFAULT false NOT NULL,
    data_version integer DEFAULT 0 NOT NULL,
    cwd text DEFAULT ''::text NOT NULL,
    git_branch text DEFAULT ''::text NOT NULL,
    source_session_id text DEFAULT ''::text NOT NULL,
    source_version text DEFAULT ''::text NOT NULL,
    group_key text DEFAULT ''::text NOT NULL,
    transcript_fidelity text DEFAULT ''::text NOT NULL,
    parser_malformed_lines integer DEFAULT 0 NOT NULL,
    is_truncated boolean DEFAULT false NOT NULL,
    secret_leak_count integer DEFAULT 0 NOT NULL,
    secrets_rules_version text DEFAULT ''::text NOT NULL
);

CREATE TABLE "@SCHEMA@".source_archives (
    source_archive_id text NOT NULL,
    source_archive_salt text NOT NULL
);

CREATE TABLE "@SCHEMA@".source_project_identity_observation_scopes (
    source_archive_id text NOT NULL,
    project text NOT NULL,
    machine text NOT NULL,
    root_path text DEFAULT ''::text NOT NULL,
    git_remote text DEFAULT ''::text NOT NULL,
    publication_scope text NOT NULL
);

CREATE TABLE "@SCHEMA@".source_project_identity_observations (
    source_archive_id text DEFAULT ''::text NOT NULL,
    source_archive_salt text DEFAULT ''::text NOT NULL,
    project text NOT NULL,
    machine text NOT NULL,
    root_path text DEFAULT ''::text NOT NULL,
    git_remote text DEFAULT ''::text NOT NULL,
    git_remote_name text DEFAULT ''::text NOT NULL,
    repository_path text DEFAULT ''::text NOT NULL,
    worktree_name text DEFAULT ''::text NOT NULL,
    worktree_root_path text DEFAULT ''::text NOT NULL,
    worktree_relationship text DEFAULT 'unknown'::text NOT NULL,
    checkout_state text DEFAULT 'unknown'::text NOT NULL,
    git_branch text DEFAULT ''::text NOT NULL,
    remote_resolution text DEFAULT 'unknown'::text NOT NULL,
    remote_candidate_count integer DEFAULT 0 NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    normalized_remote text DEFAULT ''::text NOT NULL,
    key_source text DEFAULT ''::text NOT NULL,
    key text DEFAULT ''::text NOT NULL
);

CREATE TABLE "@SCHEMA@".source_session_project_identity_snapshot_scopes (
    source_archive_id text NOT NULL,
    source_database_generation text NOT NULL,
    source_session_id text NOT NULL,
    publication_scope text NOT NULL
);

CREATE TABLE "@SCHEMA@".source_session_project_identity_snapshots (
    source_archive_id text NOT NULL,
    source_database_generation text NOT NULL,
    source_session_id text NOT NULL,
    project text NOT NULL,
    machine text NOT NULL,
    root_path text DEFAULT ''::text NOT NULL,
    git_remote text DEFAULT ''::text NOT NULL,
    git_remote_name text DEFAULT ''::text NOT NULL,
    repository_path text DEFAULT ''::text NOT NULL,
    worktree_name text DEFAULT ''::text NOT NULL,
    worktree_root_path text DEFAULT ''::text NOT NULL,
    worktree_relationship text DEFAULT 'unknown'::text NOT NULL,
    checkout_state text DEFAULT 'unknown'::text NOT NULL,
    git_branch text DEFAULT ''::text NOT NULL,
    remote_resolution text DEFAULT 'unknown'::text NOT NULL,
    remote_candidate_count integer DEFAULT 0 NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    normalized_remote text DEFAULT ''::text NOT NULL,
    key_source text DEFAULT ''::text NOT NULL,
    key text DEFAULT ''::text NOT NULL
);

CREATE TABLE "@SCHEMA@".source_worktree_project_mapping_scopes (
    source_archive_id text NOT NULL,
    machine text NOT NULL,
    path_prefix text NOT NULL,
    publication_scope text NOT NULL
);

CREATE TABLE "@SCHEMA@".source_worktree_project_mappings (
    source_archive_id text NOT NULL,
    machine text NOT NULL,
    path_prefix text NOT NULL,
    layout text DEFAULT 'explicit'::text NOT NULL,
    project text DEFAULT ''::text NOT NULL,
    original_project text DEFAULT ''::text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    updated_at text DEFAULT ''::text NOT NULL
);

CREATE TABLE "@SCHEMA@".starred_sessions (
    session_id text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE "@SCHEMA@".sync_metadata (
    key text NOT NULL,
    value text NOT NULL
);

CREATE TABLE "@SCHEMA@".tool_calls (
    observed_outcome text,
    observed_repeat text,
    sequence_ending text,
    id bigint NOT NULL,
    session_id text NOT NULL,
    tool_name text NOT NULL,
    category text NOT NULL,
    call_index integer DEFAULT 0 NOT NULL,
    tool_use_id text DEFAULT ''::text NOT NULL,
    input_json text,
    skill_name text,
    result_content_length integer,
    result_content text,
    subagent_session_id text,
    message_ordinal integer NOT NULL,
    file_path text
);

CREATE SEQUENCE "@SCHEMA@".tool_calls_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE "@SCHEMA@".tool_calls_id_seq OWNED BY "@SCHEMA@".tool_calls.id;

CREATE TABLE "@SCHEMA@".tool_result_events (
    id bigint NOT NULL,
    session_id text NOT NULL,
    tool_call_message_ordinal integer NOT NULL,
    call_index integer DEFAULT 0 NOT NULL,
    tool_use_id text,
    agent_id text,
    subagent_session_id text,
    source text NOT NULL,
    status text NOT NULL,
    content text NOT NULL,
    content_length integer DEFAULT 0 NOT NULL,
    "timestamp" timestamp with time zone,
    event_index integer DEFAULT 0 NOT NULL
);

CREATE SEQUENCE "@SCHEMA@".tool_result_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE "@SCHEMA@".tool_result_events_id_seq OWNED BY "@SCHEMA@".tool_result_events.id;

CREATE TABLE "@SCHEMA@".usage_events (
    id bigint NOT NULL,
    session_id text NOT NULL,
    message_ordinal integer,
    source text NOT NULL,
    model text NOT NULL,
    provider_id text DEFAULT ''::text NOT NULL,
    input_tokens integer DEFAULT 0 NOT NULL,
    output_tokens integer DEFAULT 0 NOT NULL,
    cache_creation_input_tokens integer DEFAULT 0 NOT NULL,
    cache_read_input_tokens integer DEFAULT 0 NOT NULL,
    reasoning_tokens integer DEFAULT 0 NOT NULL,
    cost_microdollars bigint,
    cost_status text DEFAULT ''::text NOT NULL,
    cost_source text DEFAULT ''::text NOT NULL,
    occurred_at timestamp with time zone,
    dedup_key text DEFAULT ''::text NOT NULL
);

CREATE SEQUENCE "@SCHEMA@".usage_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE "@SCHEMA@".usage_events_id_seq OWNED BY "@SCHEMA@".usage_events.id;

ALTER TABLE ONLY "@SCHEMA@".cursor_usage_events ALTER COLUMN id SET DEFAULT nextval('"@SCHEMA@".cursor_usage_events_id_seq'::regclass);

ALTER TABLE ONLY "@SCHEMA@".insights ALTER COLUMN id SET DEFAULT nextval('"@SCHEMA@".insights_id_seq'::regclass);

ALTER TABLE ONLY "@SCHEMA@".pinned_messages ALTER COLUMN id SET DEFAULT nextval('"@SCHEMA@".pinned_messages_id_seq'::regclass);

ALTER TABLE ONLY "@SCHEMA@".raw_ingest_jobs ALTER COLUMN id SET DEFAULT nextval('"@SCHEMA@".raw_ingest_jobs_id_seq'::regclass);

ALTER TABLE ONLY "@SCHEMA@".tool_calls ALTER COLUMN id SET DEFAULT nextval('"@SCHEMA@".tool_calls_id_seq'::regclass);

ALTER TABLE ONLY "@SCHEMA@".tool_result_events ALTER COLUMN id SET DEFAULT nextval('"@SCHEMA@".tool_result_events_id_seq'::regclass);

ALTER TABLE ONLY "@SCHEMA@".usage_events ALTER COLUMN id SET DEFAULT nextval('"@SCHEMA@".usage_events_id_seq'::regclass);

ALTER TABLE ONLY "@SCHEMA@".cursor_usage_events
    ADD CONSTRAINT cursor_usage_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY "@SCHEMA@".excluded_sessions
    ADD CONSTRAINT excluded_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY "@SCHEMA@".friction_findings
    ADD CONSTRAINT friction_findings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY "@SCHEMA@".genai_pricing
    ADD CONSTRAINT genai_pricing_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY "@SCHEMA@".insights
    ADD CONSTRAINT insights_pkey PRIMARY KEY (id);

ALTER TABLE ONLY "@SCHEMA@".messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (session_id, ordinal);

ALTER TABLE ONLY "@SCHEMA@".model_pricing_bands
    ADD CONSTRAINT model_pricing_bands_pkey PRIMARY KEY (model_pattern, above_input_tokens);

ALTER TABLE ONLY "@SCHEMA@".model_pricing
    ADD CONSTRAINT model_pricing_pkey PRIMARY KEY (model_pattern);

ALTER TABLE ONLY "@SCHEMA@".pinned_messages
    ADD CONSTRAINT pinned_messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY "@SCHEMA@".pinned_messages
    ADD CONSTRAINT pinned_messages_session_id_message_id_key UNIQUE (session_id, message_id);

ALTER TABLE ONLY "@SCHEMA@".raw_device_tokens
    ADD CONSTRAINT raw_device_tokens_pkey PRIMARY KEY (token_sha256);

ALTER TABLE ONLY "@SCHEMA@".raw_devices
    ADD CONSTRAINT raw_devices_credential_sha256_key UNIQUE (credential_sha256);

ALTER TABLE ONLY "@SCHEMA@".raw_devices
    ADD CONSTRAINT raw_devices_pkey PRIMARY KEY (device_id);

ALTER TABLE ONLY "@SCHEMA@".raw_devices
    ADD CONSTRAINT raw_devices_tenant_id_device_id_key UNIQUE (tenant_id, device_id);

ALTER TABLE ONLY "@SCHEMA@".raw_ingest_jobs
    ADD CONSTRAINT raw_ingest_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY "@SCHEMA@".raw_ingest_jobs
    ADD CONSTRAINT raw_ingest_jobs_tenant_id_manifest_id_stage_processing_vers_key UNIQUE (tenant_id, manifest_id, stage, processing_version);

ALTER TABLE ONLY "@SCHEMA@".raw_manifest_entries
    ADD CONSTRAINT raw_manifest_entries_pkey PRIMARY KEY (tenant_id, manifest_id, entry_index);

ALTER TABLE ONLY "@SCHEMA@".raw_manifest_entries
    ADD CONSTRAINT raw_manifest_entries_tenant_id_manifest_id_path_sha256_key UNIQUE (tenant_id, manifest_id, path_sha256);

ALTER TABLE ONLY "@SCHEMA@".raw_manifest_objects
    ADD CONSTRAINT raw_manifest_objects_pkey PRIMARY KEY (tenant_id, manifest_id, entry_index, object_index);

ALTER TABLE ONLY "@SCHEMA@".raw_manifests
    ADD CONSTRAINT raw_manifests_pkey PRIMARY KEY (tenant_id, manifest_id);

ALTER TABLE ONLY "@SCHEMA@".raw_manifests
    ADD CONSTRAINT raw_manifests_tenant_id_device_id_provider_configured_root__key UNIQUE (tenant_id, device_id, provider, configured_root_id, source_key_sha256, generation);

ALTER TABLE ONLY "@SCHEMA@".raw_manifests
    ADD CONSTRAINT raw_manifests_tenant_id_device_id_provider_configured_root_key1 UNIQUE (tenant_id, device_id, provider, configured_root_id, source_key_sha256, capture_id);

ALTER TABLE ONLY "@SCHEMA@".raw_manifests
    ADD CONSTRAINT raw_manifests_tenant_id_receipt_key UNIQUE (tenant_id, receipt);

ALTER TABLE ONLY "@SCHEMA@".raw_objects
    ADD CONSTRAINT raw_objects_pkey PRIMARY KEY (tenant_id, sha256);

ALTER TABLE ONLY "@SCHEMA@".raw_objects
    ADD CONSTRAINT raw_objects_tenant_id_sha256_size_bytes_key UNIQUE (tenant_id, sha256, size_bytes);

ALTER TABLE ONLY "@SCHEMA@".raw_source_heads
    ADD CONSTRAINT raw_source_heads_pkey PRIMARY KEY (tenant_id, device_id, provider, configured_root_id, source_key_sha256);

ALTER TABLE ONLY "@SCHEMA@".raw_upload_sessions
    ADD CONSTRAINT raw_upload_sessions_pkey PRIMARY KEY (upload_id);

ALTER TABLE ONLY "@SCHEMA@".secret_findings
    ADD CONSTRAINT secret_findings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY "@SCHEMA@".session_aliases
    ADD CONSTRAINT session_aliases_pkey PRIMARY KEY (session_id, alias_id);

ALTER TABLE ONLY "@SCHEMA@".session_plan_usage
    ADD CONSTRAINT session_plan_usage_pkey PRIMARY KEY (session_id);

ALTER TABLE ONLY "@SCHEMA@".sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY "@SCHEMA@".source_archives
    ADD CONSTRAINT source_archives_pkey PRIMARY KEY (source_archive_id);

ALTER TABLE ONLY "@SCHEMA@".source_project_identity_observation_scopes
    ADD CONSTRAINT source_project_identity_observation_scopes_pkey PRIMARY KEY (source_archive_id, project, machine, root_path, git_remote, publication_scope);

ALTER TABLE ONLY "@SCHEMA@".source_project_identity_observations
    ADD CONSTRAINT source_project_identity_observations_pkey PRIMARY KEY (source_archive_id, project, machine, root_path, git_remote);

ALTER TABLE ONLY "@SCHEMA@".source_session_project_identity_snapshot_scopes
    ADD CONSTRAINT source_session_project_identity_snapshot_scopes_pkey PRIMARY KEY (source_archive_id, source_database_generation, source_session_id, publication_scope);

ALTER TABLE ONLY "@SCHEMA@".source_session_project_identity_snapshots
    ADD CONSTRAINT source_session_project_identity_snapshots_pkey PRIMARY KEY (source_archive_id, source_database_generation, source_session_id);

ALTER TABLE ONLY "@SCHEMA@".source_worktree_project_mapping_scopes
    ADD CONSTRAINT source_worktree_project_mapping_scopes_pkey PRIMARY KEY (source_archive_id, machine, path_prefix, publication_scope);

ALTER TABLE ONLY "@SCHEMA@".source_worktree_project_mappings
    ADD CONSTRAINT source_worktree_project_mappings_pkey PRIMARY KEY (source_archive_id, machine, path_prefix);

ALTER TABLE ONLY "@SCHEMA@".starred_sessions
    ADD CONSTRAINT starred_sessions_pkey PRIMARY KEY (session_id);

ALTER TABLE ONLY "@SCHEMA@".sync_metadata
    ADD CONSTRAINT sync_metadata_pkey PRIMARY KEY (key);

ALTER TABLE ONLY "@SCHEMA@".tool_calls
    ADD CONSTRAINT tool_calls_pkey PRIMARY KEY (id);

ALTER TABLE ONLY "@SCHEMA@".tool_result_events
    ADD CONSTRAINT tool_result_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY "@SCHEMA@".usage_events
    ADD CONSTRAINT usage_events_pkey PRIMARY KEY (id);

CREATE UNIQUE INDEX idx_cursor_usage_events_dedup ON "@SCHEMA@".cursor_usage_events USING btree (dedup_key) WHERE (dedup_key <> ''::text);

CREATE INDEX idx_cursor_usage_events_model ON "@SCHEMA@".cursor_usage_events USING btree (model);

CREATE INDEX idx_cursor_usage_events_occurred ON "@SCHEMA@".cursor_usage_events USING btree (occurred_at);

CREATE INDEX idx_friction_findings_session ON "@SCHEMA@".friction_findings USING btree (session_id);

CREATE INDEX idx_insights_cache ON "@SCHEMA@".insights USING btree (cache_key, created_at DESC) WHERE (cache_key <> ''::text);

CREATE INDEX idx_insights_lookup ON "@SCHEMA@".insights USING btree (type, date_from, date_to, project);

CREATE INDEX idx_messages_activity_timestamp ON "@SCHEMA@".messages USING btree ("timestamp", session_id, ordinal) WHERE ("timestamp" IS NOT NULL);

CREATE INDEX idx_messages_compact_boundary ON "@SCHEMA@".messages USING btree (session_id, ordinal) WHERE (is_compact_boundary = true);

CREATE INDEX idx_messages_session_role ON "@SCHEMA@".messages USING btree (session_id, role);

CREATE INDEX idx_messages_sidechain ON "@SCHEMA@".messages USING btree (session_id) WHERE (is_sidechain = true);

CREATE INDEX idx_messages_source_uuid ON "@SCHEMA@".messages USING btree (source_uuid) WHERE (source_uuid <> ''::text);

CREATE INDEX idx_messages_usage_covering ON "@SCHEMA@".messages USING btree ("timestamp", session_id, ordinal, model, claude_message_id, claude_request_id) WHERE ((token_usage <> ''::text) AND (model <> ''::text) AND (model <> '<synthetic>'::text));

CREATE INDEX idx_messages_velocity ON "@SCHEMA@".messages USING btree (session_id, ordinal, role, "timestamp", content_length);

CREATE INDEX idx_pinned_created ON "@SCHEMA@".pinned_messages USING btree (created_at DESC);

CREATE INDEX idx_pinned_session ON "@SCHEMA@".pinned_messages USING btree (session_id);

CREATE INDEX idx_pinned_source_uuid ON "@SCHEMA@".pinned_messages USING btree (session_id, source_uuid) WHERE (source_uuid <> ''::text);

CREATE INDEX idx_raw_device_tokens_expiry ON "@SCHEMA@".raw_device_tokens USING btree (expires_at, tenant_id, device_id);

CREATE INDEX idx_raw_ingest_jobs_lease ON "@SCHEMA@".raw_ingest_jobs USING btree (lease_expires_at, id) WHERE (state = 'leased'::text);

CREATE INDEX idx_raw_ingest_jobs_ready ON "@SCHEMA@".raw_ingest_jobs USING btree (state, available_at, id) WHERE (state = ANY (ARRAY['ready'::text, 'retrying'::text]));

CREATE INDEX idx_raw_upload_sessions_expiry ON "@SCHEMA@".raw_upload_sessions USING btree (expires_at, upload_id) WHERE (state = 'open'::text);

CREATE UNIQUE INDEX idx_raw_upload_sessions_open_object ON "@SCHEMA@".raw_upload_sessions USING btree (tenant_id, device_id, provider, sha256, size_bytes) WHERE (state = 'open'::text);

CREATE INDEX idx_secret_findings_rule ON "@SCHEMA@".secret_findings USING btree (rule_name);

CREATE INDEX idx_secret_findings_session ON "@SCHEMA@".secret_findings USING btree (session_id);

CREATE INDEX idx_sessions_cwd ON "@SCHEMA@".sessions USING btree (cwd) WHERE (cwd <> ''::text);

CREATE INDEX idx_sessions_has_secret ON "@SCHEMA@".sessions USING btree (secret_leak_count) WHERE (secret_leak_count > 0);

CREATE INDEX idx_sessions_labels ON "@SCHEMA@".sessions USING gin (labels);

CREATE INDEX idx_sessions_parent ON "@SCHEMA@".sessions USING btree (parent_session_id) WHERE (parent_session_id IS NOT NULL);

CREATE INDEX idx_sessions_project_git_branch ON "@SCHEMA@".sessions USING btree (project, git_branch) WHERE (git_branch <> ''::text);

CREATE INDEX idx_sessions_raw_group ON "@SCHEMA@".sessions USING btree (raw_group_id) WHERE (raw_group_id <> ''::text);

CREATE INDEX idx_sessions_termination_status ON "@SCHEMA@".sessions USING btree (termination_status);

CREATE INDEX idx_source_project_identity_observation_scopes_scope ON "@SCHEMA@".source_project_identity_observation_scopes USING btree (source_archive_id, publication_scope);

CREATE INDEX idx_source_project_identity_observations_project ON "@SCHEMA@".source_project_identity_observations USING btree (project);

CREATE INDEX idx_source_session_project_identity_snapshot_scopes_scope ON "@SCHEMA@".source_session_project_identity_snapshot_scopes USING btree (source_archive_id, publication_scope);

CREATE INDEX idx_source_session_project_identity_snapshots_project ON "@SCHEMA@".source_session_project_identity_snapshots USING btree (source_archive_id, project);

CREATE INDEX idx_source_worktree_project_mapping_scopes_scope ON "@SCHEMA@".source_worktree_project_mapping_scopes USING btree (source_archive_id, publication_scope);

CREATE UNIQUE INDEX idx_tool_calls_dedup ON "@SCHEMA@".tool_calls USING btree (session_id, message_ordinal, call_index);

CREATE INDEX idx_tool_calls_file_path ON "@SCHEMA@".tool_calls USING btree (file_path) WHERE (file_path IS NOT NULL);

CREATE INDEX idx_tool_calls_session ON "@SCHEMA@".tool_calls USING btree (session_id);

CREATE INDEX idx_tool_calls_session_category ON "@SCHEMA@".tool_calls USING btree (session_id, category);

CREATE UNIQUE INDEX idx_tool_result_events_dedup ON "@SCHEMA@".tool_result_events USING btree (session_id, tool_call_message_ordinal, call_index, event_index);

CREATE INDEX idx_tool_result_events_session ON "@SCHEMA@".tool_result_events USING btree (session_id);

CREATE INDEX idx_tool_result_events_terminal ON "@SCHEMA@".tool_result_events USING btree (session_id, "timestamp") WHERE ((source = 'tool_execution'::text) AND (status = ANY (ARRAY['completed'::text, 'errored'::text])) AND ("timestamp" IS NOT NULL));

CREATE UNIQUE INDEX idx_usage_events_dedup ON "@SCHEMA@".usage_events USING btree (session_id, source, dedup_key) WHERE (dedup_key <> ''::text);

CREATE INDEX idx_usage_events_occurred ON "@SCHEMA@".usage_events USING btree (occurred_at);

CREATE INDEX idx_usage_events_session ON "@SCHEMA@".usage_events USING btree (session_id);

CREATE TRIGGER raw_manifest_entries_append_only BEFORE DELETE OR UPDATE ON "@SCHEMA@".raw_manifest_entries FOR EACH ROW EXECUTE FUNCTION "@SCHEMA@".raw_ingest_reject_accepted_mutation();

CREATE TRIGGER raw_manifest_objects_append_only BEFORE DELETE OR UPDATE ON "@SCHEMA@".raw_manifest_objects FOR EACH ROW EXECUTE FUNCTION "@SCHEMA@".raw_ingest_reject_accepted_mutation();

CREATE TRIGGER raw_manifests_append_only BEFORE DELETE OR UPDATE ON "@SCHEMA@".raw_manifests FOR EACH ROW EXECUTE FUNCTION "@SCHEMA@".raw_ingest_reject_accepted_mutation();

ALTER TABLE ONLY "@SCHEMA@".friction_findings
    ADD CONSTRAINT friction_findings_session_id_fkey FOREIGN KEY (session_id) REFERENCES "@SCHEMA@".sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".messages
    ADD CONSTRAINT messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES "@SCHEMA@".sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".model_pricing_bands
    ADD CONSTRAINT model_pricing_bands_model_pattern_fkey FOREIGN KEY (model_pattern) REFERENCES "@SCHEMA@".model_pricing(model_pattern) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".pinned_messages
    ADD CONSTRAINT pinned_messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES "@SCHEMA@".sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".raw_device_tokens
    ADD CONSTRAINT raw_device_tokens_tenant_id_device_id_fkey FOREIGN KEY (tenant_id, device_id) REFERENCES "@SCHEMA@".raw_devices(tenant_id, device_id) ON DELETE RESTRICT;

ALTER TABLE ONLY "@SCHEMA@".raw_ingest_jobs
    ADD CONSTRAINT raw_ingest_jobs_tenant_id_manifest_id_fkey FOREIGN KEY (tenant_id, manifest_id) REFERENCES "@SCHEMA@".raw_manifests(tenant_id, manifest_id) ON DELETE RESTRICT;

ALTER TABLE ONLY "@SCHEMA@".raw_manifest_entries
    ADD CONSTRAINT raw_manifest_entries_tenant_id_manifest_id_fkey FOREIGN KEY (tenant_id, manifest_id) REFERENCES "@SCHEMA@".raw_manifests(tenant_id, manifest_id) ON DELETE RESTRICT;

ALTER TABLE ONLY "@SCHEMA@".raw_manifest_objects
    ADD CONSTRAINT raw_manifest_objects_tenant_id_manifest_id_entry_index_fkey FOREIGN KEY (tenant_id, manifest_id, entry_index) REFERENCES "@SCHEMA@".raw_manifest_entries(tenant_id, manifest_id, entry_index) ON DELETE RESTRICT;

ALTER TABLE ONLY "@SCHEMA@".raw_manifest_objects
    ADD CONSTRAINT raw_manifest_objects_tenant_id_sha256_size_bytes_fkey FOREIGN KEY (tenant_id, sha256, size_bytes) REFERENCES "@SCHEMA@".raw_objects(tenant_id, sha256, size_bytes) ON DELETE RESTRICT;

ALTER TABLE ONLY "@SCHEMA@".raw_source_heads
    ADD CONSTRAINT raw_source_heads_tenant_id_manifest_id_fkey FOREIGN KEY (tenant_id, manifest_id) REFERENCES "@SCHEMA@".raw_manifests(tenant_id, manifest_id) ON DELETE RESTRICT;

ALTER TABLE ONLY "@SCHEMA@".raw_upload_sessions
    ADD CONSTRAINT raw_upload_sessions_tenant_id_device_id_fkey FOREIGN KEY (tenant_id, device_id) REFERENCES "@SCHEMA@".raw_devices(tenant_id, device_id) ON DELETE RESTRICT;

ALTER TABLE ONLY "@SCHEMA@".secret_findings
    ADD CONSTRAINT secret_findings_session_id_fkey FOREIGN KEY (session_id) REFERENCES "@SCHEMA@".sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".session_aliases
    ADD CONSTRAINT session_aliases_session_id_fkey FOREIGN KEY (session_id) REFERENCES "@SCHEMA@".sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".session_plan_usage
    ADD CONSTRAINT session_plan_usage_session_id_fkey FOREIGN KEY (session_id) REFERENCES "@SCHEMA@".sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".source_project_identity_observation_scopes
    ADD CONSTRAINT source_project_identity_obser_source_archive_id_project_ma_fkey FOREIGN KEY (source_archive_id, project, machine, root_path, git_remote) REFERENCES "@SCHEMA@".source_project_identity_observations(source_archive_id, project, machine, root_path, git_remote) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".source_session_project_identity_snapshot_scopes
    ADD CONSTRAINT source_session_project_identi_source_archive_id_source_dat_fkey FOREIGN KEY (source_archive_id, source_database_generation, source_session_id) REFERENCES "@SCHEMA@".source_session_project_identity_snapshots(source_archive_id, source_database_generation, source_session_id) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".source_worktree_project_mapping_scopes
    ADD CONSTRAINT source_worktree_project_mappi_source_archive_id_machine_pa_fkey FOREIGN KEY (source_archive_id, machine, path_prefix) REFERENCES "@SCHEMA@".source_worktree_project_mappings(source_archive_id, machine, path_prefix) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".starred_sessions
    ADD CONSTRAINT starred_sessions_session_id_fkey FOREIGN KEY (session_id) REFERENCES "@SCHEMA@".sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".tool_calls
    ADD CONSTRAINT tool_calls_session_id_fkey FOREIGN KEY (session_id) REFERENCES "@SCHEMA@".sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".tool_result_events
    ADD CONSTRAINT tool_result_events_session_id_fkey FOREIGN KEY (session_id) REFERENCES "@SCHEMA@".sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY "@SCHEMA@".usage_events
    ADD CONSTRAINT usage_events_session_id_fkey FOREIGN KEY (session_id) REFERENCES "@SCHEMA@".sessions(id) ON DELETE CASCADE;
$ddl$;
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        EXECUTE $ddl$
CREATE INDEX idx_messages_content_trgm ON "@SCHEMA@".messages USING gin (content gin_trgm_ops) WITH (fastupdate=off);
CREATE INDEX idx_messages_dialogue_trgm ON "@SCHEMA@".messages USING gin (COALESCE(dialogue_text, content) gin_trgm_ops) WITH (fastupdate=off);
CREATE INDEX idx_messages_thinking_trgm ON "@SCHEMA@".messages USING gin (thinking_text gin_trgm_ops) WITH (fastupdate=off);
$ddl$;
    END IF;
    RESET ROLE;
END
$setup$;

GRANT USAGE ON SCHEMA "@SCHEMA@" TO "@ROLES@_writer", "@ROLES@_reader";
GRANT SELECT ON ALL TABLES IN SCHEMA "@SCHEMA@" TO "@ROLES@_reader";
ALTER DEFAULT PRIVILEGES FOR ROLE "@ROLES@_owner" IN SCHEMA "@SCHEMA@" GRANT SELECT ON TABLES TO "@ROLES@_reader";
GRANT SELECT, INSERT, UPDATE, DELETE ON "@SCHEMA@".sessions, "@SCHEMA@".messages, "@SCHEMA@".tool_calls,
    "@SCHEMA@".tool_result_events, "@SCHEMA@".starred_sessions, "@SCHEMA@".pinned_messages, "@SCHEMA@".usage_events,
    "@SCHEMA@".sync_metadata TO "@ROLES@_writer";
GRANT SELECT ON "@SCHEMA@".excluded_sessions TO "@ROLES@_writer";
GRANT USAGE ON SEQUENCE "@SCHEMA@".tool_calls_id_seq, "@SCHEMA@".tool_result_events_id_seq, "@SCHEMA@".pinned_messages_id_seq,
    "@SCHEMA@".usage_events_id_seq TO "@ROLES@_writer";
