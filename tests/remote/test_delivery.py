"""What is in the archive is there, row by row, whatever a person does"""

import json
import re
import shutil
import sqlite3

import pytest

from clickhouse import USER
from scrubjay_test import archive_rows, github_token, wait_for


def add_call(source, session, ordinal, name="Bash", category="Bash", tool_use_id="toolu_1", result="done", index=0, input_json="{}"):
    message = source.sql("SELECT id FROM messages WHERE session_id=? AND ordinal=?", (session, ordinal))[0][0]
    source.sql("INSERT INTO tool_calls (message_id, session_id, tool_name, category, tool_use_id, input_json, result_content,"
               " result_content_length, call_index) VALUES (?,?,?,?,?,?,?,?,?)",
               (message, session, name, category, tool_use_id, input_json, result, len(result or ""), index))
    touch(source, session)


def touch(source, session):
    source.append(session, [])


def delete_message(source, session, ordinal):
    source.sql("DELETE FROM messages WHERE session_id=? AND ordinal=?", (session, ordinal))
    touch(source, session)


def delete_for_good(source, session):
    source.sql("DELETE FROM sessions WHERE id=?", (session,))
    source.sql("DELETE FROM messages WHERE session_id=?", (session,))
    source.sql("INSERT INTO session_deletion_changes VALUES (?, 'project', (SELECT COALESCE(MAX(revision), 0) + 1 FROM"
               " session_deletion_changes), 1)", (session,))
    source.sql("INSERT INTO excluded_sessions (id) VALUES (?)", (session,))


def test_everything_arrives(ann):
    ann.source.add_session("s1", ["fix it", "done: ✓ \\ \t 'quoted' \"x\" \x01"], display_name="näme")
    ann.source.add_session("s2", ["", "x" * 300000])
    add_call(ann.source, "s1", 1)
    add_call(ann.source, "s1", 1, tool_use_id=None, index=1)
    add_call(ann.source, "s1", 1, tool_use_id="", index=2)
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s1')")
    ann.source.sql("INSERT INTO pinned_messages (session_id, message_id, ordinal, note) SELECT session_id, id, ordinal,"
                   " 'look' FROM messages WHERE session_id='s1' AND ordinal=1")
    assert ann.deliver()["rows_sent"] == 2 + 4 + 3 + 1 + 1
    ann.assert_equal()
    assert ann.deliver()["rows_sent"] == 0


@pytest.mark.only("clickhouse")
def test_rows_say_of_which_organisation_they_are(ann):
    ann.source.add_session("s1", ["one"])
    ann.deliver()
    assert ann.server.query("SELECT DISTINCT org_id FROM messages") == [["acme"]]


def test_a_result_that_is_one_event_is_whole(ann):
    ann.source.add_session("s1", ["a", "b"])
    add_call(ann.source, "s1", 1, result=None)
    ann.source.sql("INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, source, status, content)"
                   " VALUES ('s1', 1, 'tool', 'done', 'the output')")
    touch(ann.source, "s1")
    ann.deliver()
    ann.assert_equal()
    assert ann.server.query("SELECT result_content FROM tool_calls") == [["the output"]]


def test_calls_with_the_same_id_stay_apart(ann):
    ann.source.add_session("s1", ["a", "b"])
    for index in range(3):
        add_call(ann.source, "s1", 1, tool_use_id="same", index=index)
    ann.deliver()
    assert ann.server.query("SELECT count(*) FROM tool_calls") == [["3"]]


def change(source):
    """Each step, and what it does."""
    yield "a session grows", lambda: source.append("s1", ["more", "and more"])
    yield "a session is added", lambda: source.add_session("s4", ["new"])
    yield "a call is added to an old message", lambda: add_call(source, "s1", 0)
    yield "a call goes", lambda: (source.sql("DELETE FROM tool_calls WHERE session_id='s1'"), touch(source, "s1"))
    yield "a message goes", lambda: delete_message(source, "s2", 1)
    yield "a message is another one", lambda: (source.sql("UPDATE messages SET content='other' WHERE session_id='s1' AND"
                                                         " ordinal=0"), touch(source, "s1"))
    yield "a star", lambda: source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s1'), ('s2')")
    yield "a star less", lambda: source.sql("DELETE FROM starred_sessions WHERE session_id='s1'")
    yield "a commit", lambda: add_call(source, "s2", 0, input_json=json.dumps({"command": "git commit -m x"}),
                                       result="[main 1a2b3c4] x\n 1 file changed")
    yield "its message goes", lambda: delete_message(source, "s2", 0)
    yield "into the trash", lambda: (source.sql("UPDATE sessions SET deleted_at='2026-02-01T00:00:00.000Z' WHERE id='s1'"),
                                     touch(source, "s1"))
    yield "out of it", lambda: (source.sql("UPDATE sessions SET deleted_at=NULL WHERE id='s1'"), touch(source, "s1"))
    yield "deleted for good", lambda: delete_for_good(source, "s3")
    yield "renamed", lambda: (source.sql("UPDATE sessions SET display_name='name' WHERE id='s1'"), touch(source, "s1"))


def test_each_change_arrives(ann):
    for i in (1, 2, 3):
        ann.source.add_session(f"s{i}", ["one", "two"])
    ann.deliver()
    for what, do in change(ann.source):
        do()
        ann.deliver()
        try:
            ann.assert_equal()
        except AssertionError as error:
            raise AssertionError(what) from error


def test_a_deleted_session_leaves_nothing_but_its_tombstone(ann):
    ann.source.add_session("s1", ["one", "two"])
    ann.source.add_session("s2")
    ann.deliver()
    delete_for_good(ann.source, "s1")
    ann.deliver()
    for table, key in (("sessions", "id"), ("messages", "session_id")):
        assert ann.server.query(f"SELECT count(*) FROM {table} WHERE {key}='s1'") == [["0"]]
    if ann.server.kind == "clickhouse":
        assert ann.server.query("SELECT session_id, user_id FROM session_deletes") == [["s1", "ann@example.org"]]


def test_no_older_version_keeps_text_that_is_masked_now(ann):
    token = github_token()
    ann.source.add_session("s1", [f"the token {token}", "x"])
    ann.deliver(SCRUBJAY_MASK_DISABLE="*")
    assert token in ann.server.query("SELECT content FROM messages WHERE ordinal=0")[0][0]
    ann.deliver()
    ann.assert_equal()
    for column, table in (("content", "messages"), ("first_message", "sessions")):
        rows = ann.server.query(f"SELECT {column} FROM {table}")
        assert not [row for row in rows if token in row[0]], "also without"


def test_a_large_session_is_sent_in_blocks(ann):
    ann.source.add_session("s1", ["x" * 200] * 25000)
    assert ann.deliver()["rows_sent"] == 25001
    ann.assert_equal()
    blocks = {"clickhouse": "INSERT INTO `messages`", "postgresql": "COPY .*messages"}[ann.server.kind]
    assert len([r for r in ann.server.requests() if re.search(blocks, r["query"])]) in (2, 3)


def test_a_large_first_delivery_does_not_hold_up_the_cycle(ann):
    """So much text that the couriers of --once begin before the cycle ends: the same rows, and none of them twice."""
    for i in range(60):
        ann.source.add_session(f"s{i:02}", [f"{i} {n} " + "x" * 1000 for n in range(500)])
    assert ann.deliver()["rows_sent"] == 60 * 501
    ann.assert_equal()
    assert ann.server.query("SELECT count(*) FROM messages") == [["30000"]], "also without"


def test_many_sessions(ann):
    ann.source.add_many(700)
    ann.deliver()
    ann.assert_equal()
    ann.source.append("many-3", ["x"])
    assert ann.deliver()["rows_sent"] == 2


def test_very_many_messages_are_other_ones(ann):
    """More than one statement can name; messages that lost their calls lose them there, too."""
    ann.source.add_session("s1", ["text"] * 21000)
    for ordinal in (0, 10500, 20999):
        add_call(ann.source, "s1", ordinal)
    ann.deliver()
    ann.source.sql("DELETE FROM tool_calls")
    ann.source.sql("UPDATE messages SET content='other ' || ordinal || ?", (" " + github_token(),))
    touch(ann.source, "s1")
    ann.deliver()
    ann.assert_equal()
    assert ann.server.query("SELECT count(*) FROM tool_calls") == [["0"]]
    assert ann.server.stored("SELECT count(*) FROM messages WHERE content = 'text'") == [["0"]], "also without"


@pytest.mark.only("clickhouse")
def test_compressed(make_person):
    ann = make_person(settings={"Compression": "gzip"})
    ann.source.add_session("s1", ["x" * 100000, "y"])
    ann.deliver()
    ann.assert_equal()
    insert = next(r for r in ann.server.requests() if "INSERT INTO `messages`" in r["query"])
    assert insert["body_bytes"] < 10000


def test_a_rebuilt_archive_leaves_nothing_stale(ann):
    for i in (1, 2, 3):
        ann.source.add_session(f"s{i}", ["one", "two"])
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s1'), ('s2')")
    ann.deliver()
    shutil.move(ann.archive.parent, ann.home / "aside")
    ann.source.sql("DELETE FROM starred_sessions")
    ann.source.sql("DELETE FROM messages WHERE session_id='s1' OR ordinal=1")
    ann.source.sql("DELETE FROM sessions WHERE id='s1'")
    touch(ann.source, "s2")
    ann.deliver()
    ann.assert_equal()
    assert ann.server.query("SELECT count(*) FROM messages WHERE session_id='s1'") == [["0"]]


def test_only_the_archive_is_rebuilt(ann):
    for i in (1, 2):
        ann.source.add_session(f"s{i}", ["one", "two"])
    ann.deliver()
    for file in ann.archive.parent.glob("archive.db*"):
        if "remotes" not in file.name:
            file.unlink()
    ann.source.sql("DELETE FROM sessions WHERE id='s1'")
    ann.deliver()
    ann.assert_equal()


def test_a_ledger_that_is_lost_or_broken(ann):
    ann.source.add_session("s1", ["one", "two"])
    ann.deliver()
    ledger = ann.archive.parent / "archive.db.remotes"
    assert ledger.stat().st_mode & 0o777 == 0o600
    for text in (None, b"not a database at all, and long enough to be looked at" * 50):
        for file in ann.archive.parent.glob("archive.db.remotes*"):
            file.unlink()
        if text:
            ledger.write_bytes(text)
        delete_message(ann.source, "s1", 0 if text else 1)
        ann.deliver()
        ann.assert_equal()


def test_an_older_archive_restored(ann):
    ann.source.add_session("s1", ["one"])
    ann.deliver()
    shutil.copytree(ann.archive.parent, ann.home / "backup")
    ann.source.append("s1", ["two", "three"])
    ann.source.add_session("s2")
    ann.deliver()
    for file in ann.archive.parent.glob("archive.db*"):
        if "remotes" not in file.name:
            file.unlink()
            if (ann.home / "backup" / file.name).exists():
                shutil.copy(ann.home / "backup" / file.name, file)
    ann.source.sql("DELETE FROM messages WHERE ordinal=2")
    touch(ann.source, "s1")
    ann.deliver()
    ann.assert_equal()


def test_archive_and_ledger_restored_together(ann):
    """Both come from one moment, and know nothing of what was sent later."""
    for i in (1, 2, 3):
        ann.source.add_session(f"s{i}", ["one", "two"])
    ann.deliver()
    shutil.copytree(ann.archive.parent, ann.home / "backup")
    ann.source.append("s1", ["three", "four", "five"])
    ann.source.add_session("s4")
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s4')")
    delete_for_good(ann.source, "s3")
    ann.deliver()
    shutil.rmtree(ann.archive.parent)
    shutil.move(ann.home / "backup", ann.archive.parent)
    ann.source.sql("DELETE FROM messages WHERE session_id='s1' AND ordinal>2")
    touch(ann.source, "s1")
    for statement in ("DELETE FROM starred_sessions", "DELETE FROM messages WHERE session_id='s4'",
                      "DELETE FROM sessions WHERE id='s4'"):
        ann.source.sql(statement)
    ann.deliver()
    ann.assert_equal()
    assert ann.deliver()["rows_sent"] == 0


@pytest.mark.only("clickhouse")  # other servers' rows have no version
@pytest.mark.parametrize("lost", ["archive.db*", "archive.db.remotes*"])
def test_the_server_has_rows_from_the_future(ann, lost):
    """From a day when the clock was wrong; the acknowledgement that is lost here would have revealed them."""
    for i in (1, 2):
        ann.source.add_session(f"s{i}", ["one", "two"])
    add_call(ann.source, "s1", 1)
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s1')")
    ann.deliver()
    for table, column in (("sessions", "first_message"), ("messages", "content"), ("tool_calls", "result_content")):
        ann.server.query(f"INSERT INTO {table} SELECT * REPLACE('stale' AS {column}, _version + 1000000000000 AS _version)"
                         f" FROM {table}")
    for file in ann.archive.parent.glob(lost):
        file.unlink()
    ann.source.sql("DELETE FROM messages WHERE session_id='s2' AND ordinal=1")
    touch(ann.source, "s2")
    ann.deliver()
    ann.assert_equal()
    ann.source.append("s1", ["three"])
    ann.deliver()
    ann.assert_equal()


def test_an_archive_rebuilt_after_damage(ann):
    for i in range(20):
        ann.source.add_session(f"s{i}", ["one", "two " * 2000])
    ann.deliver()
    size = ann.archive.stat().st_size
    (ann.archive.parent / "archive.db.lock").write_text("1")  # as after a kill
    with ann.archive.open("r+b") as file:
        file.seek(16384)
        file.write(b"\xa5" * (size - 16384))
    delete_for_good(ann.source, "s1")
    delete_message(ann.source, "s2", 0)
    ann.deliver()
    assert list(ann.archive.parent.glob("archive.db.damaged-*"))
    ann.assert_equal()


@pytest.mark.only("clickhouse")
def test_a_request_that_comes_late(ann):
    """A block that was being sent when we were killed is still on its way, and arrives after its session was deleted."""
    ann.set(Timeout="1s")
    for i in (1, 2):
        ann.source.add_session(f"s{i}", ["one", "two"])
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s2')")
    ann.deliver()
    ann.source.append("s1", ["three"])
    ann.server.fault("hang", seconds=3, count=-1, match="INSERT INTO `messages`")
    assert "does not answer in time" in ann.fail()
    ann.server.clear_faults()
    delete_for_good(ann.source, "s1")
    ann.deliver()
    ann.assert_equal()
    for table, columns, row in (("messages", "session_id, ordinal, content", "'s1', 2, 'three'"),
                                ("tool_calls", "session_id, message_ordinal, tool_use_id", "'s2', 1, 'late'"),
                                ("session_stars", "session_id, user_id", "'s1', 'ann@example.org'")):
        ann.server.query(f"INSERT INTO {table} (org_id, {columns}, origin, _version) SELECT 'acme', {row}, any(origin), 1"
                         " FROM sessions")
    wait_for(lambda: ann.deliver() and ledger(ann, "look_again_at") == 0, "it looks again", 15)
    ann.assert_equal()


def ledger(ann, column):
    db = sqlite3.connect(ann.archive.parent / "archive.db.remotes")
    (value,), = db.execute(f"SELECT {column} FROM remotes")
    db.close()
    return value


def test_a_ledger_of_the_first_form(ann):
    ann.source.add_session("s1")
    ann.deliver()
    db = sqlite3.connect(ann.archive.parent / "archive.db.remotes")
    db.executescript("ALTER TABLE remotes DROP COLUMN look_again_at; ALTER TABLE remotes DROP COLUMN claimed;"
                     " PRAGMA user_version=1")
    db.close()
    assert ann.ctl("remote", "check", "team")[0] == 0
    assert ann.deliver()["rows_sent"] == 0
    ann.source.append("s1", ["two"])
    ann.deliver()
    ann.assert_equal()


@pytest.mark.only("clickhouse")
def test_the_server_lost_its_tables(ann):
    ann.source.add_session("s1", ["one", "two"])
    ann.deliver()
    ann.server.query("DROP TABLE messages SYNC")
    ann.deliver()
    ann.assert_equal()


def test_a_new_server(ann):
    ann.source.add_session("s1", ["one", "two"])
    ann.deliver()
    ann.server.new_database()
    ann.set(URL=ann.server.url())
    ann.deliver()
    ann.assert_equal()


@pytest.mark.only("clickhouse")
def test_tables_of_an_older_writer_are_taken(ann):
    """The columns that readers know, and nothing else."""
    ann.server.query("CREATE TABLE sessions (org_id String, id String, user_id String, user_name String, project_id String,"
                     " project_name LowCardinality(String), project_path String, agent_type String, first_message String,"
                     " started_at Nullable(DateTime64(3)), ended_at Nullable(DateTime64(3, 'UTC')), message_count UInt32,"
                     " user_message_count UInt32, parent_session_id String, relationship_type String, machine String,"
                     " source_created_at String, display_name String, total_output_tokens UInt32, peak_context_tokens UInt32,"
                     " _version UInt64) ENGINE = ReplacingMergeTree(_version) PARTITION BY org_id ORDER BY (org_id, id)")
    ann.server.query("INSERT INTO sessions (org_id, id, user_id, first_message, _version) VALUES"
                     " ('acme', 's1', 'ann@example.org', 'old', 1), ('acme', 'x', 'other', 'old', 1), ('b', 's1', 'c', '', 1)")
    ann.source.add_session("s1", ["one", "two"])
    ann.deliver()
    assert ann.server.query("SELECT org_id, id, first_message FROM sessions ORDER BY ALL") == [
        ["acme", "s1", "one"], ["acme", "x", "old"], ["b", "s1", ""]]


def test_ordinals_that_do_not_fit_are_left_out(ann):
    ann.source.add_session("s1", ["one", "two", "three"])
    ann.source.sql("UPDATE messages SET ordinal=-5 WHERE ordinal=0")
    ann.source.sql("UPDATE messages SET ordinal=? WHERE ordinal=2", (2**40,))
    ann.deliver()
    assert len(archive_rows(ann.archive, "SELECT * FROM messages")) == 3
    assert [row[3] for row in ann.server.rows_there("messages")] == ["two"]


@pytest.mark.parametrize("when", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456+02:00", "yesterday", "", None,
                                  "1969-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_times(ann, when):
    ann.source.add_session("s1", ["one"], started_at=when)
    ann.deliver()
    column = [i for i, c in enumerate(ann.server.columns("sessions")) if c == "started_at"][0]
    there = ann.server.rows_there("sessions")[0][column]
    expected = {"2026-01-01T00:00:00Z": 1767225600000, "2026-01-01T00:00:00.123456+02:00": 1767218400123}
    if ann.server.kind == "postgresql":  # its years have no limit
        expected["9999-12-31T23:59:59Z"] = 253402300799000
    assert there == expected.get(when)


def test_rows_of_the_remote_never_reach_the_archive(ann):
    """The ledger is a separate file; the archive has a single writer."""
    ann.source.add_session("s1")
    ann.deliver()
    db = sqlite3.connect(ann.archive.parent / "archive.db.remotes")
    assert db.execute("SELECT session_id, state FROM deliveries").fetchall() == [("s1", "shared")]
    text = (ann.archive.parent / "archive.db.remotes").read_bytes()
    assert ann.password.encode() not in text and f"{USER}@".encode() not in text


def add_usage(source, session, **columns):
    row = {"session_id": session, "source": "turn", "model": "gpt-5", "input_tokens": 17, "cost_microdollars": 7_000_000_000,
           "cost_status": "exact", "occurred_at": "2026-01-02T03:04:05.678Z"} | columns
    source.sql(f"INSERT INTO usage_events ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def test_usage_that_no_message_has(ann):
    """It arrives, changes and is removed without a change of its session; two events may be equal."""
    for session in ("s1", "s2"):
        ann.source.add_session(session, ["one"])
    ann.deliver()
    for session, key in (("s1", "a"), ("s1", ""), ("s1", ""), ("s2", "a")):
        add_usage(ann.source, session, dedup_key=key)
    secret = github_token("usage")
    add_usage(ann.source, "s2", model=f"model {secret}", dedup_key=f"turn:s2:model {secret}:b")  # agentsview makes its keys like this
    ann.deliver()
    ann.assert_equal()
    rows = ann.server.query(f"SELECT session_id, model FROM {ann.server.table('usage_events')} ORDER BY 1, 2")
    assert len(rows) == 5 and "[REDACTED:" in rows[-1][1]
    assert secret not in repr(ann.server.query(f"SELECT * FROM {ann.server.table('usage_events')}"))
    assert secret not in repr(archive_rows(ann.archive, "SELECT * FROM usage_events"))
    ann.source.sql("UPDATE usage_events SET output_tokens = 5 WHERE dedup_key = 'a'")
    ann.source.sql("DELETE FROM usage_events WHERE dedup_key LIKE '%:b'")
    ann.deliver()
    ann.assert_equal()
    assert ann.ctl("remote", "check", "team")[0] == 0
    assert ann.deliver()["rows_sent"] == 0
    ann.source.sql("DELETE FROM usage_events WHERE session_id = 's1'")
    delete_for_good(ann.source, "s1")
    ann.deliver()
    ann.assert_equal()


def add_label(source, session, label):
    source.sql("INSERT INTO session_labels (session_id, label) VALUES (?, ?)", (session, label))


def test_labels(ann, make_person):
    """They arrive, change and are removed without a change of their session; with metadata only, none is sent."""
    for session in ("s1", "s2", "s3"):
        ann.source.add_session(session, ["one"], project="quiet" if session == "s3" else "alpha")
    ann.set(MetadataOnly="quiet")
    ann.deliver()
    secret = github_token("label")
    for session, label in (("s1", "B"), ("s1", "a, {\"b\"}"), ("s1", "NULL"), ("s2", f"key {secret}"), ("s3", "of a quiet one")):
        add_label(ann.source, session, label)

    def there():
        return [list(row) for row in ann.server.query(f"SELECT session_id, label FROM {ann.server.table('session_labels')} ORDER BY 1, 2")]

    ann.deliver()
    assert sorted(there()) == [["s1", "B"], ["s1", "NULL"], ["s1", "a, {\"b\"}"], ["s2", "key [REDACTED:github-pat]"]]
    assert ann.ctl("remote", "check", "team")[0] == 0
    assert ann.deliver()["rows_sent"] == 0
    ann.source.sql("UPDATE session_labels SET label = 'C' WHERE label = 'B'")
    ann.source.sql("DELETE FROM session_labels WHERE session_id = 's2'")
    ann.deliver()
    assert sorted(there()) == [["s1", "C"], ["s1", "NULL"], ["s1", "a, {\"b\"}"]]
    ann.source.append("s1", ["two"])
    ann.deliver()
    assert len(there()) == 3, "a change of the session leaves them"
    ann.set(MetadataOnly="quiet alpha")
    ann.deliver()
    assert there() == []
    ann.set(MetadataOnly="")
    ann.deliver()
    ann.assert_equal()
    assert len(there()) == 4
    bob = make_person("bob")
    bob.source.add_session("b1", ["one"])
    add_label(bob.source, "b1", "bob's")
    bob.deliver()
    ann.source.sql("DELETE FROM session_labels")
    ann.deliver()
    assert there() == [["b1", "bob's"]]
    assert ann.ctl("remote", "resend", "team")[0] == 0
    ann.deliver()
    assert there() == [["b1", "bob's"]]


COLUMNS_OF_6 = ("context_pressure_max", "group_key", "transcript_fidelity", "parser_malformed_lines", "is_truncated")


def test_an_archive_of_the_previous_version_is_completed(ann):
    """Its tables and columns, and the remote's: what the source has long held arrives with the next sync."""
    ann.source.add_session("s1", ["one"])
    ann.source.sql("UPDATE sessions SET context_pressure_max = 1.0 / 3, group_key = 'g', transcript_fidelity = 'summary', parser_malformed_lines = 5")
    add_usage(ann.source, "s1")
    add_label(ann.source, "s1", "word")
    ann.deliver()
    with sqlite3.connect(ann.archive) as db:
        # a policy includes the version of the archive that it is for
        db.executescript("DROP TABLE usage_events; DELETE FROM meta WHERE key LIKE 'usage%'; UPDATE cursors SET policy = policy + 1;"
                         " PRAGMA user_version = 4;"
                         + ";".join(f"ALTER TABLE sessions DROP COLUMN {name}" for name in COLUMNS_OF_6))
    with sqlite3.connect(ann.archive.parent / "archive.db.remotes") as db:
        db.executescript("ALTER TABLE remotes DROP COLUMN usage; ALTER TABLE remotes DROP COLUMN labels; PRAGMA user_version = 4")
    status, out, stderr = ann.ctl("remote", "check", "team")
    assert status == 1 and "older version" in stderr, out + stderr
    ann.deliver()
    ann.assert_equal()
    assert len(archive_rows(ann.archive, "SELECT * FROM usage_events")) == 1
    assert [tuple(row) for row in archive_rows(ann.archive, f"SELECT {', '.join(COLUMNS_OF_6)} FROM sessions")] == [(1 / 3, "g", "summary", 5, None)]
    (pressure, lines), = ann.server.query("SELECT context_pressure_max, parser_malformed_lines FROM sessions")
    assert float(pressure) == 1 / 3 and lines == "5"
    status, out, stderr = ann.ctl("remote", "check", "team")
    assert status == 0, out + stderr
