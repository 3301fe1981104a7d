"""Does the archive hold what agentsview holds, masked?

The comparison knows nothing of scrubjay's rules: the archive's text must be the source's with some spans replaced by
markers, and each span must be a planted secret, exactly. Which columns stand where is written down here once more, on
purpose: the test must not learn it from the program.
"""

import json
import re

MARKER = re.compile(r"\[REDACTED:[a-z0-9_.-]+\]")

SESSIONS = {
    "id": "id",
    "project_path": "cwd",
    "agent_type": "agent",
    "first_message": "first_message",
    "started_at": "started_at",
    "ended_at": "ended_at",
    "message_count": "message_count",
    "user_message_count": "user_message_count",
    "parent_session_id": "parent_session_id",
    "relationship_type": "relationship_type",
    "machine": "machine",
    "source_created_at": "created_at",
    "display_name": "display_name",
    "total_output_tokens": "total_output_tokens",
    "peak_context_tokens": "peak_context_tokens",
    "project": "project",
    "session_name": "session_name",
    "cwd": "cwd",
    "git_branch": "git_branch",
    "deleted_at": "deleted_at",
    "is_automated": "is_automated",
    "outcome": "outcome",
    "health_grade": "health_grade",
    "termination_status": "termination_status",
} | {name: name for name in (
    "entrypoint agent_label session_kind source_version has_total_output_tokens has_peak_context_tokens has_context_data "
    "tool_failure_signal_count tool_retry_count edit_churn_count consecutive_failure_max outcome_confidence ended_with_role final_failure_streak "
    "compaction_count mid_task_compaction_count health_score quality_signal_version short_prompt_count "
    "unstructured_start missing_success_criteria_count missing_verification_count duplicate_prompt_count no_code_context_count runaway_tool_loop_count "
    "context_pressure_max group_key transcript_fidelity parser_malformed_lines is_truncated").split()}

MESSAGES = {name: name for name in (
    "session_id ordinal role content timestamp has_thinking has_tool_use content_length model token_usage "
    "context_tokens output_tokens thinking_text dialogue_text is_system is_sidechain source_type "
    "claude_message_id claude_request_id source_uuid source_subtype prompt_source provider_id "
    "reasoning_effort is_compact_boundary has_context_tokens has_output_tokens").split()}

CALLS = dict({name: name for name in (
    "session_id tool_use_id tool_name input_json skill_name result_content result_content_length subagent_session_id "
    "call_index file_path observed_outcome observed_repeat sequence_ending").split()}, message_ordinal="message_ordinal", tool_category="category")

EVENTS = dict({name: name for name in (
    "session_id call_index event_index tool_use_id agent_id subagent_session_id source status content content_length "
    "timestamp").split()}, message_ordinal="tool_call_message_ordinal")

STARS = {name: name for name in ("session_id", "created_at")}
PINS = {"session_id": "session_id", "message_ordinal": "ordinal", "note": "note", "created_at": "created_at"}
LABELS = {name: name for name in ("session_id", "label", "created_at")}
PARENTS = {name: name for name in ("session_id", "parent_session_id", "created_at", "updated_at")}
USAGE = dict({name: name for name in (
    "session_id message_ordinal source model provider_id input_tokens output_tokens cache_creation_input_tokens cache_read_input_tokens "
    "reasoning_tokens cost_microdollars cost_status cost_source occurred_at").split()}, event_id="id")

SOURCE_SQL = {
    "sessions": "SELECT * FROM sessions",
    "messages": "SELECT * FROM messages",
    "tool_calls": "SELECT c.*, m.ordinal AS message_ordinal FROM tool_calls c JOIN messages m ON m.id = c.message_id "
                  "ORDER BY c.id",
    "tool_result_events": "SELECT * FROM tool_result_events",
    "session_stars": "SELECT * FROM starred_sessions",
    "message_pins": "SELECT * FROM pinned_messages",
    "session_labels": "SELECT * FROM session_labels",
    "session_external_parents": "SELECT * FROM session_external_parents",
    "usage_events": "SELECT * FROM usage_events",
}

# archive table -> its columns and where they come from, and the key that distinguishes its rows
TABLES = {
    "sessions": (SESSIONS, ("id",)),
    "messages": (MESSAGES, ("session_id", "ordinal")),
    "tool_calls": (CALLS, ("session_id", "message_ordinal", "call_index")),
    "tool_result_events": (EVENTS, ("session_id", "message_ordinal", "call_index", "event_index")),
    "session_stars": (STARS, ("session_id",)),
    "message_pins": (PINS, ("session_id", "message_ordinal")),
    "session_labels": (LABELS, ("session_id", "label")),
    "session_external_parents": (PARENTS, ("session_id",)),
    "usage_events": (USAGE, ("session_id", "event_id")),
}


def keyed(rows, key):
    found = {tuple(row[name] for name in key): row for row in rows}
    assert len(found) == len(rows), "two rows with the same key"
    return found


def source_tables(viewer):
    """What agentsview holds, with the archive's names: table -> key -> column -> value."""
    tables = {}
    for table, (columns, key) in TABLES.items():
        origin_table = SOURCE_SQL[table].split(" FROM ")[1].split()[0]
        there = viewer.query("SELECT 1 FROM sqlite_schema WHERE name = ?", origin_table)
        # an old agentsview lacks columns and tables: they are empty
        rows = [{name: row.get(origin) for name, origin in columns.items()}
                for row in (viewer.query(SOURCE_SQL[table]) if there else [])]
        if table == "tool_calls":
            number_calls(rows)
        tables[table] = keyed(rows, key)
    return tables


def number_calls(rows):
    """A message's calls are numbered in order if the source has no numbers yet."""
    n = {}
    for row in rows:
        place = row["session_id"], row["message_ordinal"]
        if row["call_index"] is None:
            row["call_index"] = n.get(place, 0)
        n[place] = row["call_index"] + 1


def archive_tables(scrubjay):
    tables = {}
    for table, (columns, key) in TABLES.items():
        rows = scrubjay.query("SELECT %s FROM %s" % (", ".join(columns), table))
        tables[table] = keyed(rows, key)
    return tables


def masked_spans(source, archive):
    """The spans of `source` that are markers in `archive`; None if `archive` is not a masked form of it."""
    if source == archive:
        return []
    if not isinstance(source, str) or not isinstance(archive, str):
        return None
    pattern = "(.+?)".join(re.escape(piece) for piece in MARKER.split(archive))
    found = re.fullmatch(pattern, source, re.DOTALL)
    return list(found.groups()) if found else None


def json_spans(source, archive):
    """The same for JSON: equal in structure, its strings masked one by one."""
    if isinstance(source, dict) and isinstance(archive, dict) and list(source) == list(archive):
        pairs = [(source[name], archive[name]) for name in source]
    elif isinstance(source, list) and isinstance(archive, list) and len(source) == len(archive):
        pairs = list(zip(source, archive))
    elif isinstance(source, str):
        return masked_spans(source, archive)
    else:
        return [] if source == archive else None
    spans = [json_spans(*pair) for pair in pairs]
    return None if None in spans else [span for part in spans for span in part]


def allowed_spans(planted):
    """What a marker may stand for."""
    allowed = set()
    for secret in planted:
        allowed.update([secret.text] if secret.kind == "private-key" else secret.gone)
    return allowed


def same_or_masked(column, source, archive, allowed):
    """Returns the number of markers, or raises with the place that differs (never its text: a test's output may hold no secret)."""
    if source in (None, "") and archive in (None, ""):
        return 0
    if column == "source_created_at":
        # When agentsview created the row: a rebuild creates all rows anew. The time when it was first seen is kept.
        assert archive <= source, "later than the source"
        return 0
    if column == "input_json":
        spans = json_spans(json.loads(source), json.loads(archive))
    else:
        spans = masked_spans(source, archive)
    assert spans is not None, "not the source's text masked"
    assert "[REDACTED:unscannable]" not in str(archive), "masked as unscannable"
    for span in spans:
        if column == "first_message":
            # agentsview makes one line of it, and cuts it: a key that begins there ends with it.
            begun = re.sub(r"(\.\.\.|\u2026)$", "", span)
            assert any(" ".join(secret.split()).startswith(begun) for secret in allowed), "no planted secret"
            continue
        assert span in allowed, "%d bytes masked that are no planted secret" % len(span)
    return len(spans)


def archived_length(archive, table, key, length):
    """What a length must be: that of the archived text, if the source has one at all."""
    row = archive[table][key]
    text = row["content" if table != "tool_calls" else "result_content"]
    if table == "tool_calls" and not text:
        # agentsview keeps a result once: if it came as events, it is in the last one
        events = sorted(k for k in archive["tool_result_events"] if k[:3] == key)
        text = archive["tool_result_events"][events[-1]]["content"] if events else ""
    return length if length is None else len((text or "").encode())


def compare(viewer, scrubjay, planted=(), leave_out=(), home=None):
    """
    Fails where the archive differs from what agentsview holds. `leave_out`: session ids that may not be there at all;
    `home`: the folder that stands as "~" in every text. Returns the number of markers in all.
    """
    source, archive = source_tables(viewer), archive_tables(scrubjay)
    allowed, n_markers = allowed_spans(planted), 0
    for table, (columns, key) in TABLES.items():
        wanted = {k: row for k, row in source[table].items() if k[0] not in leave_out}
        assert set(archive[table]) == set(wanted), "rows of %s differ" % table
        for k, row in wanted.items():
            for column in columns:
                value = row[column]
                if column in ("content_length", "result_content_length"):
                    value = archived_length(archive, table, k, value)
                if home and isinstance(value, str):
                    value = value.replace(home, "~")
                try:
                    n_markers += same_or_masked(column, value, archive[table][k][column], allowed)
                except AssertionError as e:
                    raise AssertionError("%s %s, column %s: %s" % (table, k, column, e)) from None
    return n_markers


def changed_messages(before, after):
    """The messages whose content (with calls and results) differs in `after`."""

    def whole(tables):
        messages = {key: [row] for key, row in tables["messages"].items()}
        for table in ("tool_calls", "tool_result_events"):
            for key, row in sorted(tables[table].items()):
                messages[key[:2]].append(row)
        return messages

    old, new = whole(before), whole(after)
    return {key for key, rows in new.items() if old.get(key) != rows}
