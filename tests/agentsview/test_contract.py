"""What a new agentsview may do to its tables: no row is lost, and nothing happens silently"""

import contextlib
import os
import random
import re
import shutil
import sqlite3

import pytest

from mirror import TABLES, compare
from transcripts import Transcript

# agentsview's name for each table that is mirrored, and what else is read.
ORIGINS = {"sessions": "sessions", "messages": "messages", "tool_calls": "tool_calls",
           "tool_result_events": "tool_result_events", "session_stars": "starred_sessions",
           "message_pins": "pinned_messages", "session_labels": "session_labels",
           "session_external_parents": "session_external_parents", "usage_events": "usage_events"}
JOINED = {("messages", "id"), ("tool_calls", "id"), ("tool_calls", "message_id"), ("tool_result_events", "id"),
          ("session_deletion_changes", "session_id"), ("session_deletion_changes", "revision"),
          ("session_deletion_changes", "deleted"), ("excluded_sessions", "id")}
NEEDED_TABLES = set(ORIGINS.values()) | {"session_deletion_changes", "excluded_sessions"}
NEEDED = JOINED | {(ORIGINS[table], origin) for table, (columns, _) in TABLES.items() for origin in columns.values()
                   if (table, origin) != ("tool_calls", "message_ordinal")} | {("sessions", "pr_links")}

CHANGES = ("renamed", "dropped", "retyped")


def archived(scrubjay):
    """Everything that a person finds in the archive; not what changes by itself."""
    rows = {}
    for table, (columns, key) in TABLES.items():
        for row in scrubjay.query("SELECT %s FROM %s" % (", ".join(columns), table)):
            rows[table, *(row[name] for name in key)] = row
    for row in scrubjay.query("SELECT session_id, cause FROM session_deletes"):
        rows["session_deletes", row["session_id"]] = row
    return rows


@contextlib.contextmanager
def changing(path):
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA legacy_alter_table = ON")
        yield db
    finally:
        db.close()


def strip(path):
    """Without triggers, indexes and views: they would block changes, and are not read."""
    with changing(path) as db:
        for kind in ("trigger", "view", "index"):
            for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL", (kind,)).fetchall():
                db.execute('DROP %s "%s"' % (kind, name))
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL%'").fetchall():
            db.execute('DROP TABLE "%s"' % name)


def tables_of(path):
    with changing(path) as db:
        names = [name for (name,) in db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")]
        return {name: db.execute('PRAGMA table_info("%s")' % name).fetchall() for name in names}


def rebuild(db, table, columns, values):
    """`table` with these columns (name, type), filled with these expressions over its old columns."""
    keys = {row[1] for row in db.execute('PRAGMA table_info("%s")' % table) if row[5]}
    whole = [name for name, kind in columns if name in keys and kind == "INTEGER"]
    described = ['"%s" %s%s' % (name, kind, " PRIMARY KEY" if [name] == whole and len(keys) == 1 else "")
                 for name, kind in columns]
    db.execute('ALTER TABLE "%s" RENAME TO was' % table)
    db.execute('CREATE TABLE "%s" (%s)' % (table, ", ".join(described)))
    db.execute('INSERT INTO "%s" SELECT %s FROM was' % (table, ", ".join(values)))
    db.execute("DROP TABLE was")


def mutate(path, table, column, change):
    with changing(path) as db:
        before = [(row[1], row[2]) for row in db.execute('PRAGMA table_info("%s")' % table)]
        if column is None:
            db.execute('ALTER TABLE "%s" RENAME TO another' % table if change == "renamed" else 'DROP TABLE "%s"' % table)
        elif change == "renamed":
            db.execute('ALTER TABLE "%s" RENAME COLUMN "%s" TO another' % (table, column))
        elif change == "dropped":
            left = [pair for pair in before if pair[0] != column]
            rebuild(db, table, left, ['"%s"' % name for name, _ in left])
        else:
            types = {"TEXT": "BLOB", "INTEGER": "TEXT"}
            after = [(name, types.get(kind, "TEXT") if name == column else kind) for name, kind in before]
            rebuild(db, table, after, ['CAST("%s" AS %s)' % (name, kind) if name == column else '"%s"' % name
                                       for name, kind in after])
        # every session is compared
        if table != "sessions" or column is not None:
            there = {row[1] for row in db.execute("PRAGMA table_info(sessions)")}
            for name in ("file_hash", "transcript_revision"):
                if name in there:
                    db.execute("UPDATE sessions SET %s = '77'" % name)
                    break


def label(desk, session, text):
    desk.viewer.run("session", "label", session, text)
    desk.viewer.run("session", "parent", session, desk.transcripts[1].id)


def tell_usage(desk, session):
    """As from an agent that reports its usage beside its messages."""
    with contextlib.closing(sqlite3.connect(desk.viewer.database)) as db:
        db.execute("INSERT INTO usage_events (session_id, source, model, input_tokens, occurred_at, dedup_key) VALUES"
                   " (?, 'shutdown', 'gpt-5', 17, '2026-02-03T04:05:06.789Z', 'one')", (session,))
        db.commit()


@pytest.fixture
def synced(desk):
    """Sessions with everything that can belong to one, in the archive."""
    gone = desk.transcript()
    gone.rounds(1).save()
    desk.viewer.sync()
    with desk.viewer.serve() as server:
        server.star(desk.transcripts[0].id)
        server.pin(desk.transcripts[1].id, 0, "look here")
        server.rename(desk.transcripts[2].id, "a name")
        server.trash(desk.transcripts[3].id)
    label(desk, desk.transcripts[0].id, "needs a second look")
    tell_usage(desk, desk.transcripts[1].id)
    desk.scrubjay.sync()
    with desk.viewer.serve() as server:
        server.delete_for_good(gone.id)
    desk.scrubjay.sync()
    compare(desk.viewer, desk.scrubjay, desk.planted)
    desk.before = archived(desk.scrubjay)
    assert {key[0] for key in desk.before} == set(TABLES) | {"session_deletes"}
    strip(desk.viewer.database)
    return desk


class Kept:
    """Source and archive as they are now, to be restored after each change."""

    def __init__(self, desk, folder):
        self.pairs = [(desk.viewer.folder, str(folder / "source")),
                      (os.path.dirname(desk.scrubjay.archive), str(folder / "archive"))]
        for path, kept in self.pairs:
            shutil.copytree(path, kept)

    def put_back(self):
        for path, kept in self.pairs:
            for name in os.listdir(path):
                if os.path.isfile(os.path.join(path, name)):
                    os.unlink(os.path.join(path, name))
            for name in os.listdir(kept):
                if os.path.isfile(os.path.join(kept, name)):
                    shutil.copy2(os.path.join(kept, name), path)


def check(desk, table, column, change):
    """One change, one cycle: what is archived stays as it is, and what can no longer be read is reported."""
    mutate(desk.viewer.database, table, column, change)
    outcome = desk.scrubjay.run("--once")
    after = archived(desk.scrubjay)
    lost = [key for key, row in desk.before.items() if after.get(key) != row]
    assert lost == [] and len(after) == len(desk.before), "%d rows differ: %s" % (len(lost), lost[:3])
    if (table in NEEDED_TABLES and column is None) or (table, column) in NEEDED:
        assert outcome.code == 2, outcome.said
        assert table in outcome.stderr and (column or "") in outcome.stderr, outcome.stderr
        assert re.search(r"data version \d+", outcome.stderr), outcome.stderr
        assert len(outcome.stderr.splitlines()) == 1, outcome.stderr
    else:
        assert outcome.code == 0, outcome.said


def test_each_table_and_column_renamed_dropped_retyped(synced, tmp_path):
    tables = tables_of(synced.viewer.database)
    assert NEEDED_TABLES <= set(tables)
    cases = [(table, None, change) for table in tables for change in ("renamed", "dropped")]
    cases += [(table, column[1], change) for table in sorted(NEEDED_TABLES) for column in tables[table]
              for change in CHANGES]
    seed = random.randrange(2**32)
    print("seed %d, %d changes" % (seed, len(cases)))
    others = [case for case in cases if case[0] not in NEEDED_TABLES]
    cases = [case for case in cases if case[0] in NEEDED_TABLES] + random.Random(seed).sample(others, 12)
    kept, wrong = Kept(synced, tmp_path), []
    for case in cases:
        try:
            check(synced, *case)
        except (AssertionError, sqlite3.Error) as error:
            wrong.append("%s: %s" % (case, error))
        kept.put_back()
    assert wrong == [], "%d of %d:\n%s" % (len(wrong), len(cases), "\n".join(wrong[:20]))


def test_a_source_set_back_to_an_older_agentsview(synced):
    """Columns that existed and no longer do: this is reported, even if such an agentsview never had them."""
    with changing(synced.viewer.database) as db:
        db.execute("ALTER TABLE messages DROP COLUMN thinking_text")
        db.execute("PRAGMA user_version = 5")
    outcome = synced.scrubjay.once(code=2)
    assert "thinking_text" in outcome.stderr and "data version 5" in outcome.stderr
    assert archived(synced.scrubjay) == synced.before


def test_the_service_continues_and_reports(synced):
    """With a source that it can no longer read: Status and doctor say why, and it recovers by itself."""
    with synced.scrubjay.daemon() as daemon:
        assert daemon.call("RunOnce")[3] == {}
        with changing(synced.viewer.database) as db:
            db.execute("ALTER TABLE messages RENAME COLUMN content TO body")
        assert "'content'" in daemon.failure("RunOnce")
        assert "'content'" in daemon.status()["LastError"]
        doctor = synced.scrubjay.run("doctor", program="scrubjayctl")
        assert doctor.code == 1 and "'content'" in doctor.stdout, doctor.said
        assert archived(synced.scrubjay) == synced.before
        with changing(synced.viewer.database) as db:
            db.execute("ALTER TABLE messages RENAME COLUMN body TO content")
        assert daemon.call("RunOnce")[3] == {}
        assert daemon.status()["LastError"] == ""
    assert archived(synced.scrubjay) == synced.before


@pytest.mark.parametrize("sql, word", [
    ("DELETE FROM messages WHERE session_id = :id", "none"),
    ("UPDATE messages SET session_id = rowid WHERE session_id = :id", "none"),
    ("UPDATE tool_calls SET message_id = message_id + 100000 WHERE session_id = :id", "belong"),
    ("UPDATE tool_result_events SET tool_call_message_ordinal = 100000 WHERE session_id = :id", "belong"),
], ids=["messages-gone", "messages-elsewhere", "calls-elsewhere", "results-elsewhere"])
def test_a_session_whose_rows_are_not_where_they_were(synced, sql, word):
    """It fails, with a sentence; the others continue, and what is archived of it stays."""
    bad, other = synced.transcripts[0].id, synced.transcripts[2].id
    with changing(synced.viewer.database) as db:
        db.execute(sql, {"id": bad})
        db.execute("UPDATE sessions SET file_hash = '77'")
        db.execute("UPDATE sessions SET display_name = 'another name' WHERE id = ?", (other,))
    result = synced.scrubjay.once(code=1).result
    assert list(result["errors"]) == [bad] and word in result["errors"][bad]
    after = archived(synced.scrubjay)
    assert after["sessions", other]["display_name"] == "another name"
    synced.before["sessions", other]["display_name"] = "another name"
    assert after == synced.before


def texts(desk, session):
    return desk.scrubjay.query(
        "SELECT m.ordinal, m.content, m.thinking_text, c.input_json, e.content AS result FROM messages m "
        "LEFT JOIN tool_calls c ON c.session_id = m.session_id AND c.message_ordinal = m.ordinal "
        "LEFT JOIN tool_result_events e ON e.session_id = m.session_id AND e.message_ordinal = m.ordinal "
        "WHERE m.session_id = ? ORDER BY 1, c.call_index, e.event_index", session)


@pytest.mark.parametrize("kept", ["usage", "transcripts"])
def test_agentsview_keeps_less_than_before(desk, kept):
    """archive_content: what is archived stays, and is masked again if the rules change; a person is told why."""
    desk.scrubjay.sync()
    talk, titles = desk.transcripts[0], "SELECT id, first_message FROM sessions ORDER BY id"
    before, named = texts(desk, talk.id), desk.scrubjay.query(titles)
    desk.viewer.environ["AGENTSVIEW_ARCHIVE_CONTENT"] = kept
    desk.viewer.sync(full=True)
    outcome = desk.scrubjay.once()
    assert "archive_content" in outcome.stderr
    assert texts(desk, talk.id) == before
    assert desk.scrubjay.query(titles) == named
    doctor = desk.scrubjay.run("doctor", program="scrubjayctl").stdout
    assert ("archive_content" in doctor) == (kept == "usage"), doctor

    rule = desk.scrubjay.value("SELECT rule FROM findings WHERE session_id = ? AND field = 'content' LIMIT 1", talk.id)
    folder = os.path.join(desk.home, "rules")
    os.makedirs(folder)
    word = max((w for row in before for w in row["content"].split() if w.isalpha()), key=len)
    with open(os.path.join(folder, "word.json"), "w") as f:
        f.write('[{"id": "one-word", "description": "a word", "literals": ["%s"], "pattern": "%s"}]' % (word, word))
    desk.scrubjay.configure("[Mask]\nRulesDir=%s\n" % folder)
    desk.scrubjay.sync()
    again = texts(desk, talk.id)
    assert len(again) == len(before) and rule
    for was, now in zip(before, again):
        assert word not in now["content"]
        assert now["content"] == was["content"].replace(word, "[REDACTED:one-word]")
    desk.scrubjay.configure("")

    # what is said from now on arrives as far as agentsview keeps it; and all of it again once it keeps everything
    talk.user("One question more.")
    talk.save()
    desk.viewer.sync()
    desk.scrubjay.sync()
    assert len(texts(desk, talk.id)) >= len(before)
    del desk.viewer.environ["AGENTSVIEW_ARCHIVE_CONTENT"]
    desk.viewer.sync(full=True)
    desk.scrubjay.sync()
    compare(desk.viewer, desk.scrubjay, desk.planted)
