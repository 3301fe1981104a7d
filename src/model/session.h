/*
 * Session, message, tool call: the tables of the archive
 *
 * Column names are those that readers of a shared archive know (docs/team-server.md); further columns of agentsview
 * follow them.
 */
#pragma once

#include "model/value.h"

enum {
        SESSION_ID,
        SESSION_USER_ID,
        SESSION_USER_NAME,
        SESSION_PROJECT_ID,
        SESSION_PROJECT_NAME,
        SESSION_PROJECT_PATH,
        SESSION_AGENT_TYPE,
        SESSION_FIRST_MESSAGE,
        SESSION_STARTED_AT,
        SESSION_ENDED_AT,
        SESSION_MESSAGE_COUNT,
        SESSION_USER_MESSAGE_COUNT,
        SESSION_PARENT_SESSION_ID,
        SESSION_RELATIONSHIP_TYPE,
        SESSION_MACHINE,
        SESSION_SOURCE_CREATED_AT,
        SESSION_DISPLAY_NAME,
        SESSION_TOTAL_OUTPUT_TOKENS,
        SESSION_PEAK_CONTEXT_TOKENS,
        SESSION_PROJECT,
        SESSION_SESSION_NAME,
        SESSION_CWD,
        SESSION_GIT_BRANCH,
        SESSION_PR_LINKS,
        SESSION_DELETED_AT,
        SESSION_IS_AUTOMATED,
        SESSION_OUTCOME,
        SESSION_HEALTH_GRADE,
        SESSION_TERMINATION_STATUS,
        SESSION_ENTRYPOINT,
        SESSION_AGENT_LABEL,
        SESSION_SESSION_KIND,
        SESSION_SOURCE_VERSION,
        SESSION_HAS_TOTAL_OUTPUT_TOKENS,
        SESSION_HAS_PEAK_CONTEXT_TOKENS,
        SESSION_HAS_CONTEXT_DATA,
        SESSION_TOOL_FAILURE_SIGNAL_COUNT,
        SESSION_TOOL_RETRY_COUNT,
        SESSION_EDIT_CHURN_COUNT,
        SESSION_CONSECUTIVE_FAILURE_MAX,
        SESSION_OUTCOME_CONFIDENCE,
        SESSION_ENDED_WITH_ROLE,
        SESSION_FINAL_FAILURE_STREAK,
        SESSION_COMPACTION_COUNT,
        SESSION_MID_TASK_COMPACTION_COUNT,
        SESSION_HEALTH_SCORE,
        SESSION_QUALITY_SIGNAL_VERSION,
        SESSION_SHORT_PROMPT_COUNT,
        SESSION_UNSTRUCTURED_START,
        SESSION_MISSING_SUCCESS_CRITERIA_COUNT,
        SESSION_MISSING_VERIFICATION_COUNT,
        SESSION_DUPLICATE_PROMPT_COUNT,
        SESSION_NO_CODE_CONTEXT_COUNT,
        SESSION_RUNAWAY_TOOL_LOOP_COUNT,
        SESSION_CONTEXT_PRESSURE_MAX,
        SESSION_GROUP_KEY,
        SESSION_TRANSCRIPT_FIDELITY,
        SESSION_PARSER_MALFORMED_LINES,
        SESSION_IS_TRUNCATED,
        N_SESSION_COLUMNS,
};

enum {
        MESSAGE_SESSION_ID,
        MESSAGE_ORDINAL,
        MESSAGE_ROLE,
        MESSAGE_CONTENT,
        MESSAGE_TIMESTAMP,
        MESSAGE_HAS_THINKING,
        MESSAGE_HAS_TOOL_USE,
        MESSAGE_CONTENT_LENGTH,
        MESSAGE_MODEL,
        MESSAGE_TOKEN_USAGE,
        MESSAGE_CONTEXT_TOKENS,
        MESSAGE_OUTPUT_TOKENS,
        MESSAGE_THINKING_TEXT,
        MESSAGE_DIALOGUE_TEXT,
        MESSAGE_IS_SYSTEM,
        MESSAGE_IS_SIDECHAIN,
        MESSAGE_SOURCE_TYPE,
        MESSAGE_CLAUDE_MESSAGE_ID,
        MESSAGE_CLAUDE_REQUEST_ID,
        MESSAGE_SOURCE_UUID,
        MESSAGE_SOURCE_SUBTYPE,
        MESSAGE_PROMPT_SOURCE,
        MESSAGE_PROVIDER_ID,
        MESSAGE_REASONING_EFFORT,
        MESSAGE_IS_COMPACT_BOUNDARY,
        MESSAGE_HAS_CONTEXT_TOKENS,
        MESSAGE_HAS_OUTPUT_TOKENS,
        N_MESSAGE_COLUMNS,
};

enum {
        CALL_SESSION_ID,
        CALL_MESSAGE_ORDINAL,
        CALL_TOOL_USE_ID,
        CALL_TOOL_NAME,
        CALL_TOOL_CATEGORY,
        CALL_INPUT_JSON,
        CALL_SKILL_NAME,
        CALL_RESULT_CONTENT,
        CALL_RESULT_CONTENT_LENGTH,
        CALL_SUBAGENT_SESSION_ID,
        CALL_CALL_INDEX,
        CALL_FILE_PATH,
        CALL_OBSERVED_OUTCOME,
        CALL_OBSERVED_REPEAT,
        CALL_SEQUENCE_ENDING,
        N_CALL_COLUMNS,
};

enum {
        EVENT_SESSION_ID,
        EVENT_MESSAGE_ORDINAL,
        EVENT_CALL_INDEX,
        EVENT_EVENT_INDEX,
        EVENT_TOOL_USE_ID,
        EVENT_AGENT_ID,
        EVENT_SUBAGENT_SESSION_ID,
        EVENT_SOURCE,
        EVENT_STATUS,
        EVENT_CONTENT,
        EVENT_CONTENT_LENGTH,
        EVENT_TIMESTAMP,
        N_EVENT_COLUMNS,
};

enum {
        LINK_SESSION_ID,
        LINK_USER_ID,
        LINK_MESSAGE_ORDINAL,
        LINK_COMMIT_SHA,
        LINK_PR_URL,
        LINK_LINK_TYPE,
        LINK_CONFIDENCE,
        LINK_DETECTED_AT,
        N_LINK_COLUMNS,
};

enum {
        STAR_SESSION_ID,
        STAR_USER_ID,
        STAR_CREATED_AT,
        N_STAR_COLUMNS,
};

enum {
        PIN_SESSION_ID,
        PIN_MESSAGE_ORDINAL,
        PIN_USER_ID,
        PIN_NOTE,
        PIN_CREATED_AT,
        N_PIN_COLUMNS,
};

enum {
        LABEL_SESSION_ID,
        LABEL_LABEL,
        LABEL_CREATED_AT,
        N_LABEL_COLUMNS,
};

enum {
        PARENT_SESSION_ID,
        PARENT_PARENT_SESSION_ID,
        PARENT_CREATED_AT,
        PARENT_UPDATED_AT,
        N_PARENT_COLUMNS,
};

enum {
        USAGE_SESSION_ID,
        USAGE_EVENT_ID,
        USAGE_MESSAGE_ORDINAL,
        USAGE_SOURCE,
        USAGE_MODEL,
        USAGE_PROVIDER_ID,
        USAGE_INPUT_TOKENS,
        USAGE_OUTPUT_TOKENS,
        USAGE_CACHE_CREATION_INPUT_TOKENS,
        USAGE_CACHE_READ_INPUT_TOKENS,
        USAGE_REASONING_TOKENS,
        USAGE_COST_MICRODOLLARS,
        USAGE_COST_STATUS,
        USAGE_COST_SOURCE,
        USAGE_OCCURRED_AT,
        N_USAGE_COLUMNS,
};

extern const Table session_table;
extern const Table message_table;
extern const Table call_table;  /* tool_calls */
extern const Table event_table; /* tool_result_events */
extern const Table link_table;  /* git_links */
extern const Table star_table;  /* session_stars */
extern const Table pin_table;   /* message_pins */
extern const Table label_table; /* session_labels: what people or programs call it */
extern const Table
                parent_table; /* session_external_parents: who began it, as another program said */
extern const Table usage_table; /* usage_events: tokens and costs that no message has */

/* A message with its tool calls and results. The reader that fills it owns all of it, until its next call. */
typedef struct Message {
        Value values[N_MESSAGE_COLUMNS];
        Value (*calls)[N_CALL_COLUMNS]; /* by call index */
        size_t n_calls;
        Value (*events)[N_EVENT_COLUMNS]; /* by call index, then event index */
        size_t n_events;
        uint64_t fingerprint; /* of all that agentsview holds of it, its calls and results; keyed */
        uint64_t n_bytes;     /* of text in it */
        uint64_t n_left_out;  /* texts of it that were too large; a sentence replaces them */
} Message;
