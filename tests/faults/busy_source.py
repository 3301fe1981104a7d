"""A source that uses every table, and how agentsview changes it"""

from planted import one_of_each

SESSIONS = 6


def fill(source, n=SESSIONS):
    """Sessions with secrets, calls, results, stars, pins, one in the trash."""
    secrets = one_of_each(seed=3)
    for i in range(n):
        name = f"session-{i}"
        source.add_session(name, [f"text {k} of {i}: {secrets[(i + k) % len(secrets)].text}" for k in range(5)])
        message = source.sql("SELECT id FROM messages WHERE session_id=? AND ordinal=1", (name,))[0][0]
        source.sql("INSERT INTO tool_calls (message_id, session_id, tool_name, category, tool_use_id, input_json,"
                   " call_index) VALUES (?,?,'Bash','Bash','use-1','{\"command\": \"git commit -m x\"}',0)",
                   (message, name))
        source.sql("INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, source, status, content)"
                   " VALUES (?,1,'user','ok',?)",
                   (name, "[main 1a2b3c4] x\nhttps://github.com/acme/alpha/pull/7\n" + secrets[i].text))
    source.sql("INSERT INTO starred_sessions (session_id) VALUES ('session-1')")
    source.sql("INSERT INTO pinned_messages (session_id, message_id, ordinal, note)"
               " SELECT session_id, id, ordinal, 'look' FROM messages WHERE session_id='session-2' AND ordinal=2")


def change(source):
    """What agentsview does to sessions: one grows, one shrinks, one is edited, one goes to the trash, one is deleted."""
    source.append("session-0", ["one more", "and one"])
    source.sql("DELETE FROM messages WHERE session_id='session-1' AND ordinal >= 3")
    source.append("session-1", [])
    source.sql("UPDATE messages SET content='edited' WHERE session_id='session-2' AND ordinal=2")
    source.append("session-2", [])
    source.sql("UPDATE sessions SET deleted_at='2026-02-01T00:00:00.000Z' WHERE id='session-3'")
    source.append("session-3", [])
    for table in ("messages", "tool_calls", "tool_result_events"):
        source.sql(f"DELETE FROM {table} WHERE session_id='session-4'")
    source.sql("DELETE FROM sessions WHERE id='session-4'")
    source.sql("INSERT INTO session_deletion_changes (session_id, project, revision, deleted)"
               " VALUES ('session-4', 'project', 1, 1)")
    source.sql("INSERT INTO starred_sessions (session_id) VALUES ('session-2')")
