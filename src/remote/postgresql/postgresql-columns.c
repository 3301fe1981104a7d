/* Which of our values goes in which column of agentsview's schema, and with which type */
#include "remote/postgresql/postgresql-columns.h"

#include <inttypes.h>
#include <string.h>

#include "base/terminal-text.h"
#include "base/time-util.h"
#include "remote/postgresql/sha256.h"

/* A btree entry has at most 2,704 bytes: limits for an index on one column, and for one on a session id and up to three
 * more. */
#define LONG_MAX_BYTES 2000
#define SHORT_MAX      600
#define ID_MAX         500

/* clang-format off */
static const PgColumn session_columns[] = {
        { "id", PG_TEXT, .from = SESSION_ID, .is_core = true },
        { "owner_marker", PG_TEXT, PG_OWNER, .is_core = true },
        { "machine", PG_TEXT, .from = SESSION_MACHINE, .fallback = "unknown", .is_core = true },
        { "project", PG_TEXT, .from = SESSION_PROJECT, .fallback = "unknown", .is_core = true, .most = SHORT_MAX },
        { "agent", PG_TEXT, .from = SESSION_AGENT_TYPE, .fallback = "unknown", .is_core = true },
        { "first_message", PG_TEXT, .from = SESSION_FIRST_MESSAGE, .is_core = true },
        { "source_display_name", PG_TEXT, .from = SESSION_DISPLAY_NAME },
        { "display_name", PG_TEXT, PG_KEPT, SESSION_DISPLAY_NAME, .shadow = "source_display_name" },
        { "session_name", PG_TEXT, .from = SESSION_SESSION_NAME },
        { "created_at", PG_TIME, .from = SESSION_SOURCE_CREATED_AT },
        { "started_at", PG_TIME, .from = SESSION_STARTED_AT, .is_core = true },
        { "ended_at", PG_TIME, .from = SESSION_ENDED_AT, .is_core = true },
        { "source_deleted_at", PG_TIME, .from = SESSION_DELETED_AT },
        { "deleted_at", PG_TIME, PG_KEPT, SESSION_DELETED_AT, .shadow = "source_deleted_at" },
        { "message_count", PG_INT, .from = SESSION_MESSAGE_COUNT, .fallback = "", .is_core = true },
        { "user_message_count", PG_INT, .from = SESSION_USER_MESSAGE_COUNT, .fallback = "", .is_core = true },
        { "parser_parent_session_id", PG_TEXT, .from = SESSION_PARENT_SESSION_ID, .most = SHORT_MAX },
        { "parent_session_id", PG_TEXT, .from = SESSION_PARENT_SESSION_ID, .most = SHORT_MAX },
        { "relationship_type", PG_TEXT, .from = SESSION_RELATIONSHIP_TYPE, .fallback = "" },
        { "total_output_tokens", PG_INT, .from = SESSION_TOTAL_OUTPUT_TOKENS, .fallback = "" },
        { "peak_context_tokens", PG_INT, .from = SESSION_PEAK_CONTEXT_TOKENS, .fallback = "" },
        { "is_automated", PG_BOOL, .from = SESSION_IS_AUTOMATED, .fallback = "" },
        { "outcome", PG_TEXT, .from = SESSION_OUTCOME, .fallback = "unknown" },
        { "health_grade", PG_TEXT, .from = SESSION_HEALTH_GRADE },
        { "termination_status", PG_TEXT, .from = SESSION_TERMINATION_STATUS, .most = LONG_MAX_BYTES },
        { "cwd", PG_TEXT, .from = SESSION_CWD, .fallback = "", .most = LONG_MAX_BYTES },
        { "git_branch", PG_TEXT, .from = SESSION_GIT_BRANCH, .fallback = "", .most = SHORT_MAX },
        { "pr_links", PG_TEXT, .from = SESSION_PR_LINKS, .fallback = "" },
        { "entrypoint", PG_TEXT, .from = SESSION_ENTRYPOINT, .fallback = "" },
        { "agent_label", PG_TEXT, .from = SESSION_AGENT_LABEL, .fallback = "" },
        { "session_kind", PG_TEXT, .from = SESSION_SESSION_KIND, .fallback = "" },
        { "source_version", PG_TEXT, .from = SESSION_SOURCE_VERSION, .fallback = "" },
        { "has_total_output_tokens", PG_BOOL, .from = SESSION_HAS_TOTAL_OUTPUT_TOKENS, .fallback = "" },
        { "has_peak_context_tokens", PG_BOOL, .from = SESSION_HAS_PEAK_CONTEXT_TOKENS, .fallback = "" },
        { "has_context_data", PG_BOOL, .from = SESSION_HAS_CONTEXT_DATA, .fallback = "" },
        { "tool_failure_signal_count", PG_INT, .from = SESSION_TOOL_FAILURE_SIGNAL_COUNT, .fallback = "" },
        { "tool_retry_count", PG_INT, .from = SESSION_TOOL_RETRY_COUNT, .fallback = "" },
        { "edit_churn_count", PG_INT, .from = SESSION_EDIT_CHURN_COUNT, .fallback = "" },
        { "consecutive_failure_max", PG_INT, .from = SESSION_CONSECUTIVE_FAILURE_MAX, .fallback = "" },
        { "outcome_confidence", PG_TEXT, .from = SESSION_OUTCOME_CONFIDENCE, .fallback = "low" },
        { "ended_with_role", PG_TEXT, .from = SESSION_ENDED_WITH_ROLE, .fallback = "" },
        { "final_failure_streak", PG_INT, .from = SESSION_FINAL_FAILURE_STREAK, .fallback = "" },
        { "compaction_count", PG_INT, .from = SESSION_COMPACTION_COUNT, .fallback = "" },
        { "mid_task_compaction_count", PG_INT, .from = SESSION_MID_TASK_COMPACTION_COUNT, .fallback = "" },
        { "context_pressure_max", PG_REAL, .from = SESSION_CONTEXT_PRESSURE_MAX },
        { "health_score", PG_INT, .from = SESSION_HEALTH_SCORE },
        { "quality_signal_version", PG_INT, .from = SESSION_QUALITY_SIGNAL_VERSION, .fallback = "" },
        { "short_prompt_count", PG_INT, .from = SESSION_SHORT_PROMPT_COUNT, .fallback = "" },
        { "unstructured_start", PG_BOOL, .from = SESSION_UNSTRUCTURED_START, .fallback = "" },
        { "missing_success_criteria_count", PG_INT, .from = SESSION_MISSING_SUCCESS_CRITERIA_COUNT, .fallback = "" },
        { "missing_verification_count", PG_INT, .from = SESSION_MISSING_VERIFICATION_COUNT, .fallback = "" },
        { "duplicate_prompt_count", PG_INT, .from = SESSION_DUPLICATE_PROMPT_COUNT, .fallback = "" },
        { "no_code_context_count", PG_INT, .from = SESSION_NO_CODE_CONTEXT_COUNT, .fallback = "" },
        { "runaway_tool_loop_count", PG_INT, .from = SESSION_RUNAWAY_TOOL_LOOP_COUNT, .fallback = "" },
        { "group_key", PG_TEXT, .from = SESSION_GROUP_KEY, .fallback = "", .most = SHORT_MAX },
        { "transcript_fidelity", PG_TEXT, .from = SESSION_TRANSCRIPT_FIDELITY, .fallback = "" },
        { "parser_malformed_lines", PG_INT, .from = SESSION_PARSER_MALFORMED_LINES, .fallback = "" },
        { "is_truncated", PG_BOOL, .from = SESSION_IS_TRUNCATED, .fallback = "" },
        { "transcript_revision", PG_TEXT, PG_REVISION },
        { "updated_at", PG_TIME, PG_NOW, .is_core = true },
};

static const PgColumn message_columns[] = {
        { "session_id", PG_TEXT, .from = MESSAGE_SESSION_ID, .is_core = true },
        { "ordinal", PG_INT, .from = MESSAGE_ORDINAL, .fallback = "", .is_core = true },
        { "role", PG_TEXT, .from = MESSAGE_ROLE, .fallback = "", .is_core = true, .most = SHORT_MAX },
        { "content", PG_TEXT, .from = MESSAGE_CONTENT, .fallback = "", .is_core = true },
        { "thinking_text", PG_TEXT, .from = MESSAGE_THINKING_TEXT, .fallback = "" },
        { "dialogue_text", PG_TEXT, .from = MESSAGE_DIALOGUE_TEXT, .keeps_empty = true }, /* NULL: a search uses the content */
        { "timestamp", PG_TIME, .from = MESSAGE_TIMESTAMP, .is_core = true },
        { "has_thinking", PG_BOOL, .from = MESSAGE_HAS_THINKING, .fallback = "" },
        { "has_tool_use", PG_BOOL, .from = MESSAGE_HAS_TOOL_USE, .fallback = "" },
        { "content_length", PG_INT, .from = MESSAGE_CONTENT_LENGTH, .fallback = "", .is_core = true },
        { "is_system", PG_BOOL, .from = MESSAGE_IS_SYSTEM, .fallback = "" },
        { "model", PG_TEXT, .from = MESSAGE_MODEL, .fallback = "", .most = SHORT_MAX },
        { "token_usage", PG_TEXT, .from = MESSAGE_TOKEN_USAGE, .fallback = "" },
        { "context_tokens", PG_INT, .from = MESSAGE_CONTEXT_TOKENS, .fallback = "" },
        { "output_tokens", PG_INT, .from = MESSAGE_OUTPUT_TOKENS, .fallback = "" },
        { "source_type", PG_TEXT, .from = MESSAGE_SOURCE_TYPE, .fallback = "" },
        { "is_sidechain", PG_BOOL, .from = MESSAGE_IS_SIDECHAIN, .fallback = "" },
        { "claude_message_id", PG_TEXT, .from = MESSAGE_CLAUDE_MESSAGE_ID, .fallback = "", .most = SHORT_MAX },
        { "claude_request_id", PG_TEXT, .from = MESSAGE_CLAUDE_REQUEST_ID, .fallback = "", .most = SHORT_MAX },
        { "source_uuid", PG_TEXT, .from = MESSAGE_SOURCE_UUID, .fallback = "", .most = LONG_MAX_BYTES },
        { "source_subtype", PG_TEXT, .from = MESSAGE_SOURCE_SUBTYPE, .fallback = "" },
        { "prompt_source", PG_TEXT, .from = MESSAGE_PROMPT_SOURCE, .fallback = "" },
        { "provider_id", PG_TEXT, .from = MESSAGE_PROVIDER_ID, .fallback = "" },
        { "reasoning_effort", PG_TEXT, .from = MESSAGE_REASONING_EFFORT, .fallback = "" },
        { "is_compact_boundary", PG_BOOL, .from = MESSAGE_IS_COMPACT_BOUNDARY, .fallback = "" },
        { "has_context_tokens", PG_BOOL, .from = MESSAGE_HAS_CONTEXT_TOKENS, .fallback = "" },
        { "has_output_tokens", PG_BOOL, .from = MESSAGE_HAS_OUTPUT_TOKENS, .fallback = "" },
};

static const PgColumn call_columns[] = {
        { "session_id", PG_TEXT, .from = CALL_SESSION_ID, .is_core = true },
        { "message_ordinal", PG_INT, .from = CALL_MESSAGE_ORDINAL, .fallback = "", .is_core = true },
        { "call_index", PG_INT, .from = CALL_CALL_INDEX, .fallback = "", .is_core = true },
        { "tool_name", PG_TEXT, .from = CALL_TOOL_NAME, .fallback = "", .is_core = true },
        { "category", PG_TEXT, .from = CALL_TOOL_CATEGORY, .fallback = "Other", .is_core = true, .most = SHORT_MAX },
        { "tool_use_id", PG_TEXT, .from = CALL_TOOL_USE_ID, .fallback = "" },
        { "input_json", PG_TEXT, .from = CALL_INPUT_JSON, .is_core = true },
        { "skill_name", PG_TEXT, .from = CALL_SKILL_NAME },
        { "result_content", PG_TEXT, .from = CALL_RESULT_CONTENT },
        { "result_content_length", PG_INT, .from = CALL_RESULT_CONTENT_LENGTH },
        { "subagent_session_id", PG_TEXT, .from = CALL_SUBAGENT_SESSION_ID },
        { "file_path", PG_TEXT, .from = CALL_FILE_PATH, .most = LONG_MAX_BYTES },
        { "observed_outcome", PG_TEXT, .from = CALL_OBSERVED_OUTCOME },
        { "observed_repeat", PG_TEXT, .from = CALL_OBSERVED_REPEAT },
        { "sequence_ending", PG_TEXT, .from = CALL_SEQUENCE_ENDING },
};

static const PgColumn star_columns[] = {
        { "session_id", PG_TEXT, .from = STAR_SESSION_ID, .is_core = true },
        { "created_at", PG_TIME, .from = STAR_CREATED_AT, .fallback = "", .is_core = true },
};

/* there, a message's id is its ordinal */
static const PgColumn pin_columns[] = {
        { "session_id", PG_TEXT, .from = PIN_SESSION_ID, .is_core = true },
        { "message_id", PG_INT, .from = PIN_MESSAGE_ORDINAL, .fallback = "", .is_core = true },
        { "ordinal", PG_INT, .from = PIN_MESSAGE_ORDINAL, .fallback = "", .is_core = true },
        { "note", PG_TEXT, .from = PIN_NOTE },
        { "created_at", PG_TIME, .from = PIN_CREATED_AT, .fallback = "", .is_core = true },
};

/* agentsview's own key contains names, which are masked here; ours contains none */
static const PgColumn usage_columns[] = {
        { "session_id", PG_TEXT, .from = USAGE_SESSION_ID, .is_core = true },
        { "message_ordinal", PG_INT, .from = USAGE_MESSAGE_ORDINAL },
        { "source", PG_TEXT, .from = USAGE_SOURCE, .fallback = "", .is_core = true, .most = SHORT_MAX },
        { "model", PG_TEXT, .from = USAGE_MODEL, .fallback = "", .is_core = true },
        { "provider_id", PG_TEXT, .from = USAGE_PROVIDER_ID, .fallback = "" },
        { "input_tokens", PG_INT, .from = USAGE_INPUT_TOKENS, .fallback = "" },
        { "output_tokens", PG_INT, .from = USAGE_OUTPUT_TOKENS, .fallback = "" },
        { "cache_creation_input_tokens", PG_INT, .from = USAGE_CACHE_CREATION_INPUT_TOKENS, .fallback = "" },
        { "cache_read_input_tokens", PG_INT, .from = USAGE_CACHE_READ_INPUT_TOKENS, .fallback = "" },
        { "reasoning_tokens", PG_INT, .from = USAGE_REASONING_TOKENS, .fallback = "" },
        { "cost_microdollars", PG_LONG, .from = USAGE_COST_MICRODOLLARS },
        { "cost_status", PG_TEXT, .from = USAGE_COST_STATUS, .fallback = "" },
        { "cost_source", PG_TEXT, .from = USAGE_COST_SOURCE, .fallback = "" },
        { "occurred_at", PG_TIME, .from = USAGE_OCCURRED_AT },
        { "dedup_key", PG_TEXT, .from = USAGE_EVENT_ID, .is_core = true, .is_name = true },
};

static const PgColumn label_columns[] = {
        { "session_id", PG_TEXT, .from = LABEL_SESSION_ID },
        { "label", PG_TEXT, .from = LABEL_LABEL, .fallback = "", .most = SHORT_MAX },
};
/* clang-format on */

const PgLayout *pg_layout(PgTable table)
{
        static const PgLayout layouts[N_PG_TABLES] = {
                [PG_SESSIONS] = { "sessions", REMOTE_SESSIONS, "id", session_columns,
                                  ELEMENTSOF(session_columns) },
                [PG_MESSAGES] = { "messages", REMOTE_MESSAGES, "session_id, ordinal",
                                  message_columns, ELEMENTSOF(message_columns) },
                [PG_CALLS] = { "tool_calls", REMOTE_CALLS,
                               "session_id, message_ordinal, call_index", call_columns,
                               ELEMENTSOF(call_columns) },
                [PG_STARS] = { "starred_sessions", REMOTE_STARS, "session_id", star_columns,
                               ELEMENTSOF(star_columns) },
                [PG_PINS] = { "pinned_messages", REMOTE_PINS, "session_id, message_id", pin_columns,
                              ELEMENTSOF(pin_columns) },
                [PG_USAGE] = { "usage_events", REMOTE_USAGE, "session_id, source, dedup_key",
                               usage_columns, ELEMENTSOF(usage_columns), "dedup_key <> ''" },
                [PG_LABELS] = { "session_labels", REMOTE_LABELS, NULL, label_columns,
                                ELEMENTSOF(label_columns), .array = "labels" },
        };

        return layouts + table;
}

PgTable pg_table_of(RemoteTable table)
{
        PgTable i = 0;

        while (i < N_PG_TABLES && pg_layout(i)->table != table)
                i++;
        return i;
}

/* Values */

static size_t first_bad(const char *text, size_t size)
{
        size_t i = 0;
        uint32_t c;

        while (i < size) {
                size_t n = (unsigned char) text[i] < 0x80 ? 1 : utf8_read(text + i, size - i, &c);

                if (text[i] == '\0' || (n > 1 && c == UINT32_MAX) ||
                    (n == 1 && (unsigned char) text[i] >= 0x80))
                        return i;
                i += n;
        }
        return size;
}

/* The server accepts neither NUL nor invalid UTF-8: each such byte becomes U+FFFD. */
static int write_anew(StrBuf *b, const char *text, size_t size)
{
        int r = 0;

        while (r >= 0 && size > 0) {
                size_t n = first_bad(text, size);

                r = strbuf_append(b, text, n);
                if (n == size)
                        break;
                r = strbuf_puts(b, "\xef\xbf\xbd");
                text += n + 1;
                size -= n + 1;
        }
        return r;
}

/* At most @n bytes, cut between two characters, and an ellipsis. */
static int cut(StrBuf *b, const char *text, size_t n)
{
        while (n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80)
                n--;
        (void) strbuf_append(b, text, n);
        return strbuf_puts(b, "…");
}

static int text_cell(const PgColumn *column, const Value *v, StrBuf *scratch, PgCell *ret)
{
        _cleanup_(strbuf_done) StrBuf anew = { 0 };
        const char *text = v->text;
        size_t size = v->size, at = scratch->size;
        int r = 0;

        if (v->type != VALUE_TEXT || size == 0) {
                *ret = (PgCell){ .is_null = !column->fallback &&
                                            (v->type != VALUE_TEXT || !column->keeps_empty),
                                 .text = column->fallback ?: "",
                                 .size = column->fallback ? strlen(column->fallback) : 0 };
                return 0;
        }
        if (first_bad(text, size) < size) {
                r = write_anew(&anew, text, size);
                text = anew.data;
                size = anew.size;
        }
        if (r >= 0 && column->most > 0 && size > column->most)
                r = cut(scratch, text, column->most);
        else if (r >= 0 && text == anew.data)
                r = strbuf_append(scratch, text, size);
        *ret = (PgCell){ .text = text, .size = size };
        if (scratch->size > at)
                *ret = (PgCell){ .text = scratch->data + at, .size = scratch->size - at };
        return r;
}

static int64_t clamp(int64_t n)
{
        return n > INT32_MAX ? INT32_MAX : n < 0 ? 0 : n;
}

static void time_cell(const PgColumn *column, const Value *v, PgCell *ret)
{
        char text[64];
        uint64_t usec;

        *ret = (PgCell){ .is_null = !column->fallback };
        if (v->type != VALUE_TEXT || v->size == 0 || v->size >= sizeof(text))
                return;
        memcpy(text, v->text, v->size);
        text[v->size] = '\0';
        if (parse_timestamp(text, &usec) >= 0 && usec <= INT64_MAX)
                *ret = (PgCell){ .number = (int64_t) usec };
}

static int name_cell(const Value *v, StrBuf *scratch, PgCell *ret)
{
        size_t at = scratch->size;
        int r = strbuf_printf(scratch, "scrubjay:%" PRIi64, v->integer);

        if (r >= 0)
                *ret = (PgCell){ .text = scratch->data + at, .size = scratch->size - at };
        return r;
}

int pg_cell(const PgColumn *column, const Value *values, StrBuf *scratch, PgCell *ret)
{
        const Value *v = values + column->from;

        switch (column->type) {
        case PG_TEXT:
                return column->is_name ? name_cell(v, scratch, ret)
                                       : text_cell(column, v, scratch, ret);
        case PG_LONG:
                *ret = (PgCell){ .is_null = v->type != VALUE_INTEGER, .number = v->integer };
                break;
        case PG_REAL:
                *ret = (PgCell){ .is_null = v->type != VALUE_REAL, .number = (int64_t) v->bits };
                break;
        case PG_TIME:
                time_cell(column, v, ret);
                break;
        case PG_INT:
                *ret = (PgCell){ .is_null = v->type != VALUE_INTEGER && !column->fallback };
                if (v->type == VALUE_INTEGER)
                        ret->number = clamp(v->integer);
                break;
        case PG_BOOL:
                *ret = (PgCell){ .number = v->type == VALUE_INTEGER && v->integer != 0 };
                break;
        }
        return 0;
}

static bool is_ordinal(const Value *v)
{
        return v->type == VALUE_INTEGER && v->integer >= 0 && v->integer <= INT32_MAX;
}

bool pg_row_fits(RemoteTable table, const Value *values)
{
        if (values[0].type != VALUE_TEXT || values[0].size == 0 || values[0].size > ID_MAX ||
            first_bad(values[0].text, values[0].size) < values[0].size)
                return false;
        switch (table) {
        case REMOTE_MESSAGES:
                return is_ordinal(values + MESSAGE_ORDINAL);
        case REMOTE_CALLS:
                return is_ordinal(values + CALL_MESSAGE_ORDINAL) &&
                       (values[CALL_CALL_INDEX].type != VALUE_INTEGER ||
                        is_ordinal(values + CALL_CALL_INDEX));
        case REMOTE_PINS:
                return is_ordinal(values + PIN_MESSAGE_ORDINAL);
        default:
                return true;
        }
}

bool pg_column_is_sent(const PgColumn *column)
{
        return column->use == PG_VALUE || column->use == PG_KEPT;
}

/* Digests */

bool pg_column_is_digested(const PgColumn *column)
{
        return column->use == PG_VALUE;
}

int pg_digest(PgTable table, const bool *has, const Value *values, StrBuf *scratch, uint64_t *ret)
{
        _cleanup_(strbuf_done) StrBuf texts = { 0 };
        const PgLayout *l = pg_layout(table);
        int r = 0;

        strbuf_clear(scratch);
        for (size_t i = 0; r >= 0 && i < l->n_columns; i++) {
                PgCell cell;

                if (!has[i] || !pg_column_is_digested(l->columns + i))
                        continue;
                strbuf_clear(&texts);
                r = pg_cell(l->columns + i, values, &texts, &cell);
                if (r >= 0 && l->columns[i].type == PG_TEXT)
                        r = strbuf_append(scratch, cell.text, cell.size);
                else if (r >= 0 && !cell.is_null)
                        r = strbuf_printf(scratch, "%" PRIi64, cell.number);
                if (r >= 0)
                        r = strbuf_putc(scratch, 0x1f);
        }
        if (r >= 0)
                *ret = sha256_begin(scratch->data, scratch->size);
        return r;
}

int pg_digest_sql(PgTable table, const bool *has, StrBuf *sql)
{
        static const char *const forms[] = {
                [PG_TEXT] = "coalesce(t.\"%s\", '')",
                [PG_INT] = "coalesce(t.\"%s\"::text, '')",
                [PG_LONG] = "coalesce(t.\"%s\"::text, '')",
                [PG_REAL] = "coalesce(('x' || encode(float8send(t.\"%s\"), 'hex'))::bit(64)::bigint::text, '')",
                [PG_BOOL] = "t.\"%s\"::int::text",
                [PG_TIME] = "coalesce((extract(epoch FROM t.\"%s\") * 1000000)::bigint::text, '')",
        };
        const PgLayout *l = pg_layout(table);

        (void) strbuf_puts(sql, "('x' || left(encode(sha256(convert_to(''");
        for (size_t i = 0; i < l->n_columns; i++) {
                if (!has[i] || !pg_column_is_digested(l->columns + i))
                        continue;
                (void) strbuf_puts(sql, " || ");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                (void) strbuf_printf(sql, forms[l->columns[i].type], l->columns[i].name);
#pragma GCC diagnostic pop
                (void) strbuf_puts(sql, " || chr(31)");
        }
        return strbuf_puts(sql, ", 'UTF8')), 'hex'), 16))::bit(64)::bigint");
}
