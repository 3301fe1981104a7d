"""Each column of agentsview's tables in PostgreSQL: what `agentsview pg push` writes there and what scrubjay delivers, side by side

Both have the same sessions, in a database each. A column is equal but for what is masked, or DIFFERENT names it, with the reason.
"""

import contextlib
import json
import sqlite3

from mirror import masked_spans
from postgresql import SCHEMA
from pushing import push

# Table -> the order of its rows, by columns that both have.
TABLES = {"sessions": "id", "messages": "session_id, ordinal", "tool_calls": "session_id, message_ordinal, call_index",
          "usage_events": "session_id, occurred_at"}

DIFFERENT = {
    "sessions.owner_marker": "whose the row is: scrubjay's, so that a push leaves it alone",
    "sessions.transcript_revision": "counts other things: what was delivered",
    "sessions.updated_at": "when it came there",
    "sessions.data_version": "stays 0: a higher one would lock older readers out",
    "sessions.file_path": "of the transcript, which nobody else has",
    "sessions.source_session_id": "by which the person's own machine goes on with it",
    "sessions.source_archive_id": "of agentsview's own exchange between machines",
    "sessions.source_database_generation": "of agentsview's own exchange between machines",
    "sessions.secret_leak_count": "of agentsview's own search for secrets, which are masked",
    "sessions.secrets_rules_version": "of agentsview's own search for secrets, which are masked",
    "messages.content_length": "of the masked text",
    "messages.source_parent_uuid": "which entry of a transcript was before it, by which nothing is shown",
    "tool_calls.id": "a number of the server's",
    "tool_calls.result_content": "the push leaves it to tool_result_events, which shows the same",
    "tool_calls.result_content_length": "of the masked text",
    "usage_events.dedup_key": "holds the names that are masked; the number of the event tells it apart",
}


def rows(server, database, table):
    (text,), = server.query("SELECT coalesce(json_agg(t ORDER BY %s), '[]') FROM %s.%s t" % (TABLES[table], SCHEMA, table), database)
    return json.loads(text)


def is_masked(source, masked):
    return source == masked or (isinstance(source, str) and isinstance(masked, str) and masked_spans(source, masked) is not None)


def tell_more(desk):
    """What a transcript does not contain: names, labels, usage, and everything that agentsview computes from sessions."""
    session, other = desk.transcripts[0].id, desk.transcripts[1].id
    with contextlib.closing(sqlite3.connect(desk.viewer.database)) as db:
        db.execute("INSERT INTO usage_events (session_id, message_ordinal, source, model, provider_id, input_tokens, output_tokens,"
                   " cache_creation_input_tokens, cache_read_input_tokens, reasoning_tokens, cost_microdollars, cost_status, cost_source,"
                   " occurred_at, dedup_key) VALUES (?, 1, 'shutdown', 'gpt-5', 'openai', 4321, 765, 3, 5, 7, 12345678901, 'exact',"
                   " 'agent-reported', '2026-02-03T04:05:06.789Z', 'one'), (?, NULL, 'turn', 'claude-sonnet-4-20250514', '', 98765, 4321, 0,"
                   " 0, 0, NULL, '', '', '2026-02-03T05:05:06.789Z', '')", (session, session))
        numbers = [name for name, in db.execute("SELECT name FROM pragma_table_info('sessions') WHERE name LIKE '%_count' AND name NOT IN"
                                                " ('message_count', 'user_message_count', 'friction_count', 'secret_leak_count')")]
        assert len(numbers) > 9
        db.execute("UPDATE sessions SET %s, consecutive_failure_max = 31, final_failure_streak = 32, unstructured_start = 1, is_truncated = 1,"
                   " parser_malformed_lines = 33, transcript_fidelity = 'summary', group_key = 'group-1', entrypoint = 'cli',"
                   " agent_label = 'reviewer', session_kind = 'interactive', source_version = '2.1', context_pressure_max = 2.0 / 3,"
                   " sync_marker = strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now') WHERE id = ?"
                   % ", ".join("%s = %d" % (name, n + 2) for n, name in enumerate(numbers)), (other,))
        db.execute("UPDATE messages SET source_subtype = 'compact', prompt_source = 'typed', provider_id = 'anthropic', is_compact_boundary = 1,"
                   " reasoning_effort = 'high', is_sidechain = 1 WHERE session_id = ? AND ordinal = 1", (other,))
        db.execute("UPDATE tool_calls SET observed_outcome = 'errored', observed_repeat = 'same', sequence_ending = 'abandoned', skill_name = 'x',"
                   " file_path = '/src/a.c' WHERE id = (SELECT min(id) FROM tool_calls WHERE session_id = ?)", (other,))
        db.commit()
    desk.viewer.run("session", "label", session, "zebra", "alpha", "B", "role=reviewer, it's \"x\" {y}", "ünï")
    with desk.viewer.serve() as server:
        server.rename(session, "a name")
        server.trash(desk.transcripts[2].id)


def test_each_column_is_what_a_push_writes(desk, postgresql):
    tell_more(desk)
    postgresql.new_database()
    theirs = postgresql.database
    desk.share(postgresql)
    desk.scrubjay.once()
    done = push(desk, theirs)
    assert done.returncode == 0, done.stdout + done.stderr
    found, n_told = set(), 0
    for table in TABLES:
        one, other = (rows(postgresql, database, table) for database in (theirs, postgresql.database))
        assert len(one) == len(other) > 0
        for column in one[0]:
            pairs = [(a[column], b[column]) for a, b in zip(one, other)]
            n_told += any(a not in (None, "", 0, False, []) for a, _ in pairs)
            if not all(is_masked(*pair) for pair in pairs):
                found.add("%s.%s" % (table, column))
    assert found == set(DIFFERENT), "other ones, or fewer, are different"
    assert n_told > 90, "%d columns hold anything" % n_told
