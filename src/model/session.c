/* Session, message, tool call: the tables that the archive has */
#include "model/session.h"

#define N(columns) (sizeof(columns) / sizeof((columns)[0]))

static const Column session_columns[N_SESSION_COLUMNS] = {
        [SESSION_ID] = { "id", COLUMN_ID, "id", 0 },
        [SESSION_USER_ID] = { "user_id", COLUMN_WORD, NULL },
        [SESSION_USER_NAME] = { "user_name", COLUMN_WORD, NULL },
        [SESSION_PROJECT_ID] = { "project_id", COLUMN_WORD, NULL },
        [SESSION_PROJECT_NAME] = { "project_name", COLUMN_WORD, NULL },
        [SESSION_PROJECT_PATH] = { "project_path", COLUMN_TEXT, "cwd", 18 },
        [SESSION_AGENT_TYPE] = { "agent_type", COLUMN_WORD, "agent", 0 },
        [SESSION_FIRST_MESSAGE] = { "first_message", COLUMN_TEXT, "first_message", 5 },
        [SESSION_STARTED_AT] = { "started_at", COLUMN_TIME, "started_at", 5 },
        [SESSION_ENDED_AT] = { "ended_at", COLUMN_TIME, "ended_at", 5 },
        [SESSION_MESSAGE_COUNT] = { "message_count", COLUMN_NUMBER, "message_count", 0 },
        [SESSION_USER_MESSAGE_COUNT] = { "user_message_count", COLUMN_NUMBER, "user_message_count",
                                         5 },
        [SESSION_PARENT_SESSION_ID] = { "parent_session_id", COLUMN_ID, "parent_session_id", 5 },
        [SESSION_RELATIONSHIP_TYPE] = { "relationship_type", COLUMN_WORD, "relationship_type", 5 },
        [SESSION_MACHINE] = { "machine", COLUMN_WORD, "machine", 5 },
        [SESSION_SOURCE_CREATED_AT] = { "source_created_at", COLUMN_TIME, "created_at", 5 },
        [SESSION_DISPLAY_NAME] = { "display_name", COLUMN_TEXT, "display_name", 5 },
        [SESSION_TOTAL_OUTPUT_TOKENS] = { "total_output_tokens", COLUMN_NUMBER,
                                          "total_output_tokens", 5 },
        [SESSION_PEAK_CONTEXT_TOKENS] = { "peak_context_tokens", COLUMN_NUMBER,
                                          "peak_context_tokens", 5 },
        [SESSION_PROJECT] = { "project", COLUMN_WORD, "project", 0 },
        [SESSION_SESSION_NAME] = { "session_name", COLUMN_TEXT, "session_name", 57 },
        [SESSION_CWD] = { "cwd", COLUMN_TEXT, "cwd", 18 },
        [SESSION_GIT_BRANCH] = { "git_branch", COLUMN_TEXT, "git_branch", 18 },
        [SESSION_PR_LINKS] = { "pr_links", COLUMN_JSON, "pr_links", 142 },
        [SESSION_DELETED_AT] = { "deleted_at", COLUMN_TIME, "deleted_at", 5 },
        [SESSION_IS_AUTOMATED] = { "is_automated", COLUMN_NUMBER, "is_automated", 8 },
        [SESSION_OUTCOME] = { "outcome", COLUMN_WORD, "outcome", 18 },
        [SESSION_HEALTH_GRADE] = { "health_grade", COLUMN_WORD, "health_grade", 18 },
        [SESSION_TERMINATION_STATUS] = { "termination_status", COLUMN_WORD, "termination_status",
                                         29 },
        /* what agentsview's pages show beyond that */
        [SESSION_ENTRYPOINT] = { "entrypoint", COLUMN_WORD, "entrypoint", 143 },
        [SESSION_AGENT_LABEL] = { "agent_label", COLUMN_WORD, "agent_label", 143 },
        [SESSION_SESSION_KIND] = { "session_kind", COLUMN_WORD, "session_kind", 143 },
        [SESSION_SOURCE_VERSION] = { "source_version", COLUMN_WORD, "source_version", 143 },
        [SESSION_HAS_TOTAL_OUTPUT_TOKENS] = { "has_total_output_tokens", COLUMN_NUMBER,
                                              "has_total_output_tokens", 143 },
        [SESSION_HAS_PEAK_CONTEXT_TOKENS] = { "has_peak_context_tokens", COLUMN_NUMBER,
                                              "has_peak_context_tokens", 143 },
        [SESSION_HAS_CONTEXT_DATA] = { "has_context_data", COLUMN_NUMBER, "has_context_data", 143 },
        [SESSION_TOOL_FAILURE_SIGNAL_COUNT] = { "tool_failure_signal_count", COLUMN_NUMBER,
                                                "tool_failure_signal_count", 143 },
        [SESSION_TOOL_RETRY_COUNT] = { "tool_retry_count", COLUMN_NUMBER, "tool_retry_count", 143 },
        [SESSION_EDIT_CHURN_COUNT] = { "edit_churn_count", COLUMN_NUMBER, "edit_churn_count", 143 },
        [SESSION_CONSECUTIVE_FAILURE_MAX] = { "consecutive_failure_max", COLUMN_NUMBER,
                                              "consecutive_failure_max", 143 },
        [SESSION_OUTCOME_CONFIDENCE] = { "outcome_confidence", COLUMN_WORD, "outcome_confidence",
                                         143 },
        [SESSION_ENDED_WITH_ROLE] = { "ended_with_role", COLUMN_WORD, "ended_with_role", 143 },
        [SESSION_FINAL_FAILURE_STREAK] = { "final_failure_streak", COLUMN_NUMBER,
                                           "final_failure_streak", 143 },
        [SESSION_COMPACTION_COUNT] = { "compaction_count", COLUMN_NUMBER, "compaction_count", 143 },
        [SESSION_MID_TASK_COMPACTION_COUNT] = { "mid_task_compaction_count", COLUMN_NUMBER,
                                                "mid_task_compaction_count", 143 },
        [SESSION_HEALTH_SCORE] = { "health_score", COLUMN_NUMBER, "health_score", 143 },
        [SESSION_QUALITY_SIGNAL_VERSION] = { "quality_signal_version", COLUMN_NUMBER,
                                             "quality_signal_version", 143 },
        [SESSION_SHORT_PROMPT_COUNT] = { "short_prompt_count", COLUMN_NUMBER, "short_prompt_count",
                                         143 },
        [SESSION_UNSTRUCTURED_START] = { "unstructured_start", COLUMN_NUMBER, "unstructured_start",
                                         143 },
        [SESSION_MISSING_SUCCESS_CRITERIA_COUNT] = { "missing_success_criteria_count",
                                                     COLUMN_NUMBER,
                                                     "missing_success_criteria_count", 143 },
        [SESSION_MISSING_VERIFICATION_COUNT] = { "missing_verification_count", COLUMN_NUMBER,
                                                 "missing_verification_count", 143 },
        [SESSION_DUPLICATE_PROMPT_COUNT] = { "duplicate_prompt_count", COLUMN_NUMBER,
                                             "duplicate_prompt_count", 143 },
        [SESSION_NO_CODE_CONTEXT_COUNT] = { "no_code_context_count", COLUMN_NUMBER,
                                            "no_code_context_count", 143 },
        [SESSION_RUNAWAY_TOOL_LOOP_COUNT] = { "runaway_tool_loop_count", COLUMN_NUMBER,
                                              "runaway_tool_loop_count", 143 },
        [SESSION_CONTEXT_PRESSURE_MAX] = { "context_pressure_max", COLUMN_REAL,
                                           "context_pressure_max", 143 },
        [SESSION_GROUP_KEY] = { "group_key", COLUMN_WORD, "group_key", 143 },
        [SESSION_TRANSCRIPT_FIDELITY] = { "transcript_fidelity", COLUMN_WORD, "transcript_fidelity",
                                          143 },
        [SESSION_PARSER_MALFORMED_LINES] = { "parser_malformed_lines", COLUMN_NUMBER,
                                             "parser_malformed_lines", 143 },
        [SESSION_IS_TRUNCATED] = { "is_truncated", COLUMN_NUMBER, "is_truncated", 143 },
};

const Table session_table = { "sessions", "sessions", session_columns, N(session_columns), "id" };

static const Column message_columns[N_MESSAGE_COLUMNS] = {
        [MESSAGE_SESSION_ID] = { "session_id", COLUMN_ID, "session_id", 0 },
        [MESSAGE_ORDINAL] = { "ordinal", COLUMN_NUMBER, "ordinal", 0 },
        [MESSAGE_ROLE] = { "role", COLUMN_WORD, "role", 0 },
        [MESSAGE_CONTENT] = { "content", COLUMN_TEXT, "content", 0 },
        [MESSAGE_TIMESTAMP] = { "timestamp", COLUMN_TIME, "timestamp", 5 },
        [MESSAGE_HAS_THINKING] = { "has_thinking", COLUMN_NUMBER, "has_thinking", 5 },
        [MESSAGE_HAS_TOOL_USE] = { "has_tool_use", COLUMN_NUMBER, "has_tool_use", 5 },
        [MESSAGE_CONTENT_LENGTH] = { "content_length", COLUMN_NUMBER, "content_length", 5 },
        [MESSAGE_MODEL] = { "model", COLUMN_WORD, "model", 5 },
        [MESSAGE_TOKEN_USAGE] = { "token_usage", COLUMN_WORD, "token_usage", 5 },
        [MESSAGE_CONTEXT_TOKENS] = { "context_tokens", COLUMN_NUMBER, "context_tokens", 5 },
        [MESSAGE_OUTPUT_TOKENS] = { "output_tokens", COLUMN_NUMBER, "output_tokens", 5 },
        [MESSAGE_THINKING_TEXT] = { "thinking_text", COLUMN_TEXT, "thinking_text", 18 },
        [MESSAGE_DIALOGUE_TEXT] = { "dialogue_text", COLUMN_TEXT, "dialogue_text", 142 },
        [MESSAGE_IS_SYSTEM] = { "is_system", COLUMN_NUMBER, "is_system", 5 },
        [MESSAGE_IS_SIDECHAIN] = { "is_sidechain", COLUMN_NUMBER, "is_sidechain", 18 },
        [MESSAGE_SOURCE_TYPE] = { "source_type", COLUMN_WORD, "source_type", 18 },
        /* distinguishes repeated entries, whose tokens are charged once, and what the pages show */
        [MESSAGE_CLAUDE_MESSAGE_ID] = { "claude_message_id", COLUMN_WORD, "claude_message_id",
                                        143 },
        [MESSAGE_CLAUDE_REQUEST_ID] = { "claude_request_id", COLUMN_WORD, "claude_request_id",
                                        143 },
        [MESSAGE_SOURCE_UUID] = { "source_uuid", COLUMN_WORD, "source_uuid", 143 },
        [MESSAGE_SOURCE_SUBTYPE] = { "source_subtype", COLUMN_WORD, "source_subtype", 143 },
        [MESSAGE_PROMPT_SOURCE] = { "prompt_source", COLUMN_WORD, "prompt_source", 143 },
        [MESSAGE_PROVIDER_ID] = { "provider_id", COLUMN_WORD, "provider_id", 143 },
        [MESSAGE_REASONING_EFFORT] = { "reasoning_effort", COLUMN_WORD, "reasoning_effort", 143 },
        [MESSAGE_IS_COMPACT_BOUNDARY] = { "is_compact_boundary", COLUMN_NUMBER,
                                          "is_compact_boundary", 143 },
        [MESSAGE_HAS_CONTEXT_TOKENS] = { "has_context_tokens", COLUMN_NUMBER, "has_context_tokens",
                                         143 },
        [MESSAGE_HAS_OUTPUT_TOKENS] = { "has_output_tokens", COLUMN_NUMBER, "has_output_tokens",
                                        143 },
};

const Table message_table = { "messages", "messages", message_columns, N(message_columns),
                              "session_id, ordinal" };

static const Column call_columns[N_CALL_COLUMNS] = {
        [CALL_SESSION_ID] = { "session_id", COLUMN_ID, "session_id", 0 },
        [CALL_MESSAGE_ORDINAL] = { "message_ordinal", COLUMN_NUMBER, NULL },
        [CALL_TOOL_USE_ID] = { "tool_use_id", COLUMN_WORD, "tool_use_id", 5 },
        [CALL_TOOL_NAME] = { "tool_name", COLUMN_WORD, "tool_name", 0 },
        [CALL_TOOL_CATEGORY] = { "tool_category", COLUMN_WORD, "category", 5 },
        [CALL_INPUT_JSON] = { "input_json", COLUMN_JSON, "input_json", 0 },
        [CALL_SKILL_NAME] = { "skill_name", COLUMN_WORD, "skill_name", 5 },
        [CALL_RESULT_CONTENT] = { "result_content", COLUMN_TEXT, "result_content", 0 },
        [CALL_RESULT_CONTENT_LENGTH] = { "result_content_length", COLUMN_NUMBER,
                                         "result_content_length", 5 },
        [CALL_SUBAGENT_SESSION_ID] = { "subagent_session_id", COLUMN_ID, "subagent_session_id", 5 },
        [CALL_CALL_INDEX] = { "call_index", COLUMN_NUMBER, "call_index", 57 },
        [CALL_FILE_PATH] = { "file_path", COLUMN_TEXT, "file_path", 57 },
        [CALL_OBSERVED_OUTCOME] = { "observed_outcome", COLUMN_WORD, "observed_outcome", 143 },
        [CALL_OBSERVED_REPEAT] = { "observed_repeat", COLUMN_WORD, "observed_repeat", 143 },
        [CALL_SEQUENCE_ENDING] = { "sequence_ending", COLUMN_WORD, "sequence_ending", 143 },
};

const Table call_table = { "tool_calls",
                           "tool_calls",
                           call_columns,
                           N(call_columns),
                           "session_id, message_ordinal, call_index",
                           5 };

static const Column event_columns[N_EVENT_COLUMNS] = {
        [EVENT_SESSION_ID] = { "session_id", COLUMN_ID, "session_id", 0 },
        [EVENT_MESSAGE_ORDINAL] = { "message_ordinal", COLUMN_NUMBER, "tool_call_message_ordinal",
                                    0 },
        [EVENT_CALL_INDEX] = { "call_index", COLUMN_NUMBER, "call_index", 8 },
        [EVENT_EVENT_INDEX] = { "event_index", COLUMN_NUMBER, "event_index", 8 },
        [EVENT_TOOL_USE_ID] = { "tool_use_id", COLUMN_WORD, "tool_use_id", 8 },
        [EVENT_AGENT_ID] = { "agent_id", COLUMN_WORD, "agent_id", 8 },
        [EVENT_SUBAGENT_SESSION_ID] = { "subagent_session_id", COLUMN_ID, "subagent_session_id",
                                        8 },
        [EVENT_SOURCE] = { "source", COLUMN_WORD, "source", 8 },
        [EVENT_STATUS] = { "status", COLUMN_WORD, "status", 8 },
        [EVENT_CONTENT] = { "content", COLUMN_TEXT, "content", 0 },
        [EVENT_CONTENT_LENGTH] = { "content_length", COLUMN_NUMBER, "content_length", 8 },
        [EVENT_TIMESTAMP] = { "timestamp", COLUMN_TIME, "timestamp", 8 },
};

const Table event_table = { "tool_result_events",
                            "tool_result_events",
                            event_columns,
                            N(event_columns),
                            "session_id, message_ordinal, call_index, event_index",
                            8 };

static const Column link_columns[N_LINK_COLUMNS] = {
        [LINK_SESSION_ID] = { "session_id", COLUMN_ID, NULL },
        [LINK_USER_ID] = { "user_id", COLUMN_WORD, NULL },
        [LINK_MESSAGE_ORDINAL] = { "message_ordinal", COLUMN_NUMBER, NULL },
        [LINK_COMMIT_SHA] = { "commit_sha", COLUMN_ID, NULL },
        [LINK_PR_URL] = { "pr_url", COLUMN_TEXT, NULL },
        [LINK_LINK_TYPE] = { "link_type", COLUMN_WORD, NULL },
        [LINK_CONFIDENCE] = { "confidence", COLUMN_WORD, NULL },
        [LINK_DETECTED_AT] = { "detected_at", COLUMN_TIME, NULL },
};

const Table link_table = { "git_links", NULL, link_columns, N(link_columns),
                           "session_id, commit_sha, pr_url" };

static const Column star_columns[N_STAR_COLUMNS] = {
        [STAR_SESSION_ID] = { "session_id", COLUMN_ID, "session_id", 0 },
        [STAR_USER_ID] = { "user_id", COLUMN_WORD, NULL },
        [STAR_CREATED_AT] = { "created_at", COLUMN_TIME, "created_at", 5 },
};

const Table star_table = { "session_stars", "starred_sessions",    star_columns,
                           N(star_columns), "session_id, user_id", 5 };

static const Column pin_columns[N_PIN_COLUMNS] = {
        [PIN_SESSION_ID] = { "session_id", COLUMN_ID, "session_id", 0 },
        [PIN_MESSAGE_ORDINAL] = { "message_ordinal", COLUMN_NUMBER, "ordinal", 0 },
        [PIN_USER_ID] = { "user_id", COLUMN_WORD, NULL },
        [PIN_NOTE] = { "note", COLUMN_TEXT, "note", 0 },
        [PIN_CREATED_AT] = { "created_at", COLUMN_TIME, "created_at", 5 },
};

const Table pin_table = { "message_pins",
                          "pinned_messages",
                          pin_columns,
                          N(pin_columns),
                          "session_id, message_ordinal, user_id",
                          5 };

static const Column label_columns[N_LABEL_COLUMNS] = {
        [LABEL_SESSION_ID] = { "session_id", COLUMN_ID, "session_id", 0 },
        [LABEL_LABEL] = { "label", COLUMN_TEXT, "label", 0 },
        [LABEL_CREATED_AT] = { "created_at", COLUMN_TIME, "created_at", 142 },
};

const Table label_table = { "session_labels", "session_labels",    label_columns,
                            N(label_columns), "session_id, label", 142 };

static const Column parent_columns[N_PARENT_COLUMNS] = {
        [PARENT_SESSION_ID] = { "session_id", COLUMN_ID, "session_id", 0 },
        [PARENT_PARENT_SESSION_ID] = { "parent_session_id", COLUMN_ID, "parent_session_id", 0 },
        [PARENT_CREATED_AT] = { "created_at", COLUMN_TIME, "created_at", 142 },
        [PARENT_UPDATED_AT] = { "updated_at", COLUMN_TIME, "updated_at", 142 },
};

const Table parent_table = { "session_external_parents",
                             "session_external_parents",
                             parent_columns,
                             N(parent_columns),
                             "session_id",
                             142 };

/* what agents report about a session beside its messages: the pages use it to count costs */
static const Column usage_columns[N_USAGE_COLUMNS] = {
        [USAGE_SESSION_ID] = { "session_id", COLUMN_ID, "session_id", 0 },
        [USAGE_EVENT_ID] = { "event_id", COLUMN_NUMBER, "id", 143 },
        [USAGE_MESSAGE_ORDINAL] = { "message_ordinal", COLUMN_NUMBER, "message_ordinal", 143 },
        [USAGE_SOURCE] = { "source", COLUMN_WORD, "source", 143 },
        [USAGE_MODEL] = { "model", COLUMN_WORD, "model", 143 },
        [USAGE_PROVIDER_ID] = { "provider_id", COLUMN_WORD, "provider_id", 143 },
        [USAGE_INPUT_TOKENS] = { "input_tokens", COLUMN_NUMBER, "input_tokens", 143 },
        [USAGE_OUTPUT_TOKENS] = { "output_tokens", COLUMN_NUMBER, "output_tokens", 143 },
        [USAGE_CACHE_CREATION_INPUT_TOKENS] = { "cache_creation_input_tokens", COLUMN_NUMBER,
                                                "cache_creation_input_tokens", 143 },
        [USAGE_CACHE_READ_INPUT_TOKENS] = { "cache_read_input_tokens", COLUMN_NUMBER,
                                            "cache_read_input_tokens", 143 },
        [USAGE_REASONING_TOKENS] = { "reasoning_tokens", COLUMN_NUMBER, "reasoning_tokens", 143 },
        [USAGE_COST_MICRODOLLARS] = { "cost_microdollars", COLUMN_NUMBER, "cost_microdollars",
                                      143 },
        [USAGE_COST_STATUS] = { "cost_status", COLUMN_WORD, "cost_status", 143 },
        [USAGE_COST_SOURCE] = { "cost_source", COLUMN_WORD, "cost_source", 143 },
        [USAGE_OCCURRED_AT] = { "occurred_at", COLUMN_TIME, "occurred_at", 143 },
};

const Table usage_table = { "usage_events",   "usage_events",         usage_columns,
                            N(usage_columns), "session_id, event_id", 143 };
