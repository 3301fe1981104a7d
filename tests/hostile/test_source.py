"""The source as an enemy: no crash, no hang, no injection, and healthy sessions arrive"""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest
from archive_state import problems
from faulty import IDENTITY
from scrubjay_test import SCHEMA, SCRUBJAYD, Daemon, Source, archive_rows, clean_environment, run_once, wait_for

HEALTHY = ["healthy-1", "healthy-2"]


def sync(source, archive, statuses=(0, 1, 2), where=""):
    """One run that neither crashes nor hangs; each line on stderr is a sentence without control characters."""
    status, result, errors = run_once(source, archive, environment=IDENTITY)
    assert status in statuses, f"{where}: exit status {status}: {errors[-2000:]}"
    assert "Sanitizer" not in errors and "runtime error" not in errors, errors[-4000:]
    assert all(character >= " " or character == "\n" for character in errors), "control characters on a terminal"
    if status == 2:
        assert len(errors.splitlines()) == 1, errors
    return status, result, errors


def test_a_message_commands_no_terminal(tmp_path):
    """Whatever it names: here a folder whose name sets a title, rings the bell and reverses the text direction."""
    folder = tmp_path / "a\x1b]0;title\x07\u202eb"
    _, _, errors = run_once(folder / "sessions.db", tmp_path / "archive.db", environment=IDENTITY)
    assert "does not exist yet" in errors
    assert not set(errors) & set("\x1b\x07\u202e"), repr(errors)


def test_the_archive_is_one_file_afterwards(tmp_path):
    """Even if a courier read it as long as the engine did: whoever copies the file has all of it."""
    with Source(tmp_path / "sessions.db") as source:
        source.add_session("s1")
    archive = tmp_path / "run" / "archive.db"
    status, result, _ = run_once(tmp_path / "sessions.db", archive, "--remote", "clickhouse+http://127.0.0.1:1/x",
                                 environment=IDENTITY)
    assert status == 1, result
    assert not [path for path in archive.parent.iterdir() if path.name in ("archive.db-wal", "archive.db-shm")]
    assert ids(archive) == ["s1"]


def ids(archive):
    return [row[0] for row in archive_rows(archive, "SELECT id FROM sessions ORDER BY id")]


def make_healthy(source):
    for name in HEALTHY:
        source.add_session(name, ["hello", "world"])


def raw(path):
    """The schema's tables without constraints, so that anything can be inserted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    plain = SCHEMA.replace(" NOT NULL", "").replace("UNIQUE(session_id, ordinal)", "CHECK (1)") \
        .replace("TEXT PRIMARY KEY", "TEXT").replace("ON DELETE CASCADE", "") \
        .replace("UNIQUE(session_id, message_id)", "CHECK (1)")
    plain = plain.replace("REFERENCES sessions(id)", "").replace("REFERENCES messages(id)", "")
    db.executescript(plain)
    for name in HEALTHY:
        db.execute("INSERT INTO sessions (id, project, message_count) VALUES (?, 'p', 1)", (name,))
        db.execute("INSERT INTO messages (session_id, ordinal, role, content) VALUES (?, 0, 'user', 'hello')", (name,))
    return db


# The file

def build_small(path):
    source = Source(path)
    source.sql("PRAGMA journal_mode=DELETE")
    for i in range(12):
        source.add_session(f"session-{i}", [f"text {n} " + "words " * 60 for n in range(4)])
    source.close()


def test_each_page_is_corrupted(tmp_path, mutations=2):
    """Several mutations of each page: flipped bytes, runs of one value, and pages swapped."""
    good = tmp_path / "good" / "sessions.db"
    build_small(good)
    data = good.read_bytes()
    n_pages = len(data) // 4096
    assert n_pages > 20
    victim = tmp_path / "victim.db"
    rng = random.Random(5)
    healthy = 0
    for page in range(n_pages):
        for mutation in range(mutations):
            changed = bytearray(data)
            start = page * 4096
            if mutation == 0:
                for _ in range(rng.choice((1, 8, 64))):
                    changed[start + rng.randrange(4096)] = rng.randrange(256)
            elif rng.random() < 0.5:
                at, n = rng.randrange(4000), rng.randrange(8, 96)
                changed[start + at:start + at + n] = bytes([rng.choice((0, 255, 127))]) * n
            else:
                other = rng.randrange(n_pages) * 4096
                changed[start:start + 4096] = data[other:other + 4096]
            victim.write_bytes(changed)
            archive = tmp_path / "run" / "archive.db"
            shutil.rmtree(archive.parent, ignore_errors=True)
            sync(victim, archive, where=f"page {page} mutation {mutation}")
            assert victim.read_bytes() == bytes(changed), "the source's bytes never change by our hand"
            if archive.exists():
                assert problems(archive) == []
                healthy += len(ids(archive))
    assert healthy > n_pages * mutations * 12 * 0.5, "most sessions are healthy"


@pytest.mark.parametrize("what", ["fifo", "folder", "empty", "huge", "noise", "dangling", "loop", "device"])
def test_a_file_of_another_kind(tmp_path, what):
    path, archive = tmp_path / "sessions.db", tmp_path / "run" / "archive.db"
    if what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "empty":
        path.write_bytes(b"")
    elif what == "huge":
        with open(path, "wb") as f:
            f.truncate(1 << 40)
    elif what == "noise":
        path.write_bytes(random.Random(1).randbytes(100000))
    elif what == "dangling":
        path.symlink_to(tmp_path / "nowhere")
    elif what == "loop":
        path.symlink_to(path)
    else:
        path.symlink_to("/dev/zero")
    began = time.monotonic()
    status, _, errors = sync(path, archive)
    assert status == 2 and str(path) in errors
    assert time.monotonic() - began < 20


def test_a_symlink_to_a_healthy_file(source, tmp_path):
    make_healthy(source)
    link = tmp_path / "link.db"
    link.symlink_to(source.path)
    status, _, errors = sync(link, tmp_path / "run" / "archive.db")
    assert (status, errors) == (0, "")
    assert ids(tmp_path / "run" / "archive.db") == HEALTHY


@pytest.mark.parametrize("what", ["truncate", "swap", "fifo", "remove", "noise"])
def test_changed_under_the_daemon(tmp_path, bus, what):
    """The file becomes something else while the daemon has it open; then a healthy one returns."""
    path = tmp_path / "agentsview" / "sessions.db"
    source = Source(path)
    source.add_session("old", ["hello " * 2000] * 20)
    daemon = Daemon(tmp_path / "home", bus, source=path, environment=IDENTITY | {"SCRUBJAY_SYNC_QUIETTIME": "10ms"})
    daemon.start()
    try:
        wait_for(lambda: ids(daemon.archive) == ["old"], "it is synced")
        source.close()
        for name in ("-wal", "-shm"):
            path.with_name(path.name + name).unlink(missing_ok=True)
        if what == "truncate":
            os.truncate(path, 5000)
        elif what == "noise":
            with open(path, "r+b") as f:
                f.write(random.Random(2).randbytes(20000))
        else:
            path.unlink()
            if what == "fifo":
                os.mkfifo(path)
        time.sleep(0.2)     # whatever it makes of that, Status answers
        assert daemon.status()["Running"]
        new = Source(tmp_path / "new" / "sessions.db")
        make_healthy(new)
        new.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        new.close()
        os.replace(tmp_path / "new" / "sessions.db", path)
        wait_for(lambda: set(HEALTHY) <= set(ids(daemon.archive)), "the healthy sessions arrive", 20)
        assert "old" in ids(daemon.archive), "what vanished with its file is kept"
    finally:
        assert daemon.stop() == 0


# The schema

def test_other_types_in_every_column(tmp_path):
    """Blobs, NULLs, numbers and text where something else is expected."""
    path, archive = tmp_path / "s" / "sessions.db", tmp_path / "run" / "archive.db"
    db = raw(path)
    strange = [None, b"\x00\xff\xfe", 17, -1.5e300, float("inf"), "", "text", 2 ** 62, b"", "\x00"]
    for table in ("sessions", "messages", "tool_calls", "tool_result_events", "starred_sessions", "pinned_messages",
                  "excluded_sessions", "session_deletion_changes"):
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        for i in range(60):
            row = []
            for n, name in enumerate(columns):
                if name == "id" and table not in ("sessions", "excluded_sessions"):
                    row.append(None)
                elif name in ("id", "session_id") and i % 3:
                    row.append(f"odd-{i % 9}")
                elif name == "message_id" and i % 2:
                    row.append(1 + i % 5)
                else:
                    row.append(strange[(i * 7 + n * 3) % len(strange)])
            try:
                db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(columns))})", row)
            except (sqlite3.IntegrityError, OverflowError):
                pass
    db.close()
    status, result, _ = sync(path, archive, statuses=(0, 1))
    assert set(HEALTHY) <= set(ids(archive))
    assert problems(archive) == []
    assert sync(path, archive, statuses=(0, 1))[1]["sessions_synced"] == 0 or result["errors"], "and it comes to rest"


def test_views_triggers_and_generated_columns(tmp_path):
    path, archive = tmp_path / "s" / "sessions.db", tmp_path / "run" / "archive.db"
    db = raw(path)
    db.executescript("""
        ALTER TABLE messages RENAME TO real_messages;
        CREATE VIEW messages AS SELECT * FROM real_messages;
        ALTER TABLE sessions DROP COLUMN next_ordinal;
        ALTER TABLE sessions ADD COLUMN next_ordinal GENERATED ALWAYS AS (abs(-9223372036854775807 - 1)) VIRTUAL;
        CREATE TRIGGER t AFTER INSERT ON sessions BEGIN SELECT load_extension('/nowhere.so'); END;
        DROP TABLE tool_calls;
        CREATE VIEW tool_calls AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
            SELECT i AS id, 1 AS message_id, 'healthy-1' AS session_id, 'x' AS tool_name, 'y' AS category FROM n;
        DROP TABLE starred_sessions;
        CREATE VIEW starred_sessions AS SELECT readfile('/etc/passwd') AS session_id, writefile('/tmp/x', 'x') AS created_at;
        """)
    db.close()
    before = path.read_bytes()
    began = time.monotonic()
    sync(path, archive)
    assert time.monotonic() - began < 120
    assert path.read_bytes() == before


def test_a_view_for_sessions(tmp_path):
    path, archive = tmp_path / "s" / "sessions.db", tmp_path / "run" / "archive.db"
    db = raw(path)
    db.executescript("ALTER TABLE sessions RENAME TO real; CREATE VIEW sessions AS SELECT * FROM real;")
    db.close()
    assert sync(path, archive)[0] == 0
    assert ids(archive) == HEALTHY


def test_as_many_columns_as_sqlite_has(tmp_path):
    path, archive = tmp_path / "s" / "sessions.db", tmp_path / "run" / "archive.db"
    db = raw(path)
    n = len(db.execute("PRAGMA table_info(sessions)").fetchall())
    db.execute("PRAGMA writable_schema=1")
    sql = db.execute("SELECT sql FROM sqlite_schema WHERE name='sessions'").fetchone()[0]
    more = "".join(f", extra_{i} TEXT" for i in range(1999 - n))
    db.execute("UPDATE sqlite_schema SET sql=? WHERE name='sessions'", (sql[:sql.rindex(")")] + more + ")",))
    db.close()
    assert sync(path, archive)[0] == 0
    assert ids(archive) == HEALTHY
    # more than SQLite can read: it calls such a schema malformed
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA writable_schema=1")
    more = "".join(f", extra_{i} TEXT" for i in range(10000))
    db.execute("UPDATE sqlite_schema SET sql=? WHERE name='sessions'", (sql[:sql.rindex(")")] + more + ")",))
    db.close()
    assert sync(path, tmp_path / "run2" / "archive.db")[0] == 2


# The rows

HOSTILE_IDS = [
    "a'; DROP TABLE sessions; --", 'a"b', "a`b", "new\nline", "\x1b[2Jescape", "tab\there", "nul\x00inside", "", " ",
    "x" * 1024, "x" * 1025, "x" * (1 << 20), "../../../etc/passwd", "%s%n%n", "‮right to left", "\ufeffbom",
    "$(touch /tmp/owned)", "-rf", "%00", "\x7f", "😀", "sessions", "NULL",
]


def test_hostile_ids(tmp_path):
    path, archive = tmp_path / "s" / "sessions.db", tmp_path / "run" / "archive.db"
    db = raw(path)
    for name in HOSTILE_IDS:
        db.execute("INSERT INTO sessions (id, project) VALUES (?, ?)", (name, name))
        db.execute("INSERT INTO messages (session_id, ordinal, role, content) VALUES (?, 0, ?, ?)", (name, name, name))
        db.execute("INSERT INTO starred_sessions (session_id) VALUES (?)", (name,))
        db.execute("INSERT INTO session_deletion_changes VALUES (?, ?, 1, 1)", (name + "gone", name))
    for blob in (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\x00"):
        db.execute("INSERT INTO sessions (id, project) VALUES (CAST(? AS TEXT), 'p')", (blob,))
    db.close()
    status, result, errors = sync(path, archive, statuses=(1,))
    got = ids(archive)
    assert set(HEALTHY) <= set(got)
    for name in HOSTILE_IDS:
        sane = 0 < len(name.encode()) <= 1024 and not any(c < " " or c == "\x7f" for c in name)
        assert (name in got) == sane, repr(name[:40])
    assert all(len(key) < 250 and all(c >= " " for c in key) for key in result["errors"])
    assert archive_rows(archive, "SELECT count(*) FROM sqlite_schema WHERE name='sessions'") == [(1,)]
    assert problems(archive) == []


def test_hostile_ordinals(tmp_path):
    path, archive = tmp_path / "s" / "sessions.db", tmp_path / "run" / "archive.db"
    db = raw(path)
    ordinals = [-1, -2 ** 63, 2 ** 63 - 1, 2 ** 53 + 1, 2 ** 53, 0, 0, 0, 1, 1, "abc", None, 1.5, b"\x01", "7"]
    db.execute("INSERT INTO sessions (id, project) VALUES ('odd', 'p')")
    for ordinal in ordinals:
        db.execute("INSERT INTO messages (session_id, ordinal, role, content) VALUES ('odd', ?, 'user', 'text')",
                   (ordinal,))
        db.execute("INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, call_index, event_index,"
                   " content) VALUES ('odd', ?, ?, ?, 'result')", (ordinal, ordinal, ordinal))
        db.execute("INSERT INTO tool_calls (message_id, session_id, tool_name, call_index) VALUES (1, 'odd', 't', ?)",
                   (ordinal,))
        db.execute("INSERT INTO pinned_messages (session_id, message_id, ordinal) VALUES ('odd', 1, ?)", (ordinal,))
    db.close()
    status, result, errors = sync(path, archive, statuses=(0, 1))
    assert set(HEALTHY) <= set(ids(archive))
    assert problems(archive) == []
    if "odd" not in result["errors"]:
        found = [row[0] for row in archive_rows(archive, "SELECT ordinal FROM messages WHERE session_id='odd'")]
        assert {-2 ** 63, -1, 0, 1, 2 ** 53, 2 ** 53 + 1, 2 ** 63 - 1} <= set(found)
        assert sync(path, archive)[1]["sessions_synced"] == 0, "it comes to rest"


def test_hostile_text(tmp_path):
    """NUL bytes, lone surrogates, overlong forms, deep JSON, very large text: it arrives as valid UTF-8."""
    path, archive = tmp_path / "s" / "sessions.db", tmp_path / "run" / "archive.db"
    db = raw(path)
    texts = [b"a\x00b\x00c", b"\xed\xa0\x80\xed\xb0\x80", b"\xc0\xaf\xe0\x80\xaf", b"\xff" * 1000, b"\xf4\x90\x80\x80",
             b"[" * 200000, b'{"a":' * 50000, b"\\" * 100000, b"\x1b]0;title\x07", b"x" * (48 << 20),
             b"key=" * 100000, b"-----BEGIN " * 10000, b"\xe2\x80\xae" * 1000]
    for i, text in enumerate(texts):
        db.execute("INSERT INTO sessions (id, project, first_message, pr_links) VALUES (?, 'p', CAST(? AS TEXT),"
                   " CAST(? AS TEXT))", (f"text-{i:02}", text[:100000], text[:100000]))
        db.execute("INSERT INTO messages (id, session_id, ordinal, role, content) VALUES (?, ?, 0, 'user',"
                   " CAST(? AS TEXT))", (1000 + i, f"text-{i:02}", text))
        db.execute("INSERT INTO tool_calls (message_id, session_id, tool_name, input_json, call_index) VALUES"
                   " (?, ?, 'Bash', CAST(? AS TEXT), 0)", (1000 + i, f"text-{i:02}", text[:300000]))
    db.close()
    began = time.monotonic()
    status, result, errors = sync(path, archive, statuses=(0, 1))
    assert time.monotonic() - began < 100
    assert set(HEALTHY) | {f"text-{i:02}" for i in range(len(texts))} <= set(ids(archive)) | set(result["errors"])
    assert len(result["errors"]) <= 1, list(result["errors"])
    db = sqlite3.connect(archive)
    db.text_factory = bytes
    for (text,) in db.execute("SELECT content FROM messages"):
        text.decode("utf-8")
    for (text,) in db.execute("SELECT input_json FROM tool_calls WHERE input_json IS NOT NULL"):
        text.decode("utf-8")
    db.close()


def test_written_all_the_time(source, tmp_path):
    """A writer that never stops blocks nothing: --once ends, and the source is as agentsview left it."""
    make_healthy(source)
    stop = threading.Event()

    def write():
        own = sqlite3.connect(source.path, isolation_level=None, timeout=10)
        n = 0
        while not stop.is_set():
            n += 1
            own.execute("UPDATE sessions SET transcript_revision=?, display_name=? WHERE id='healthy-1'", (n, str(n)))
        own.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(5):
            status, result, errors = sync(source.path, tmp_path / "run" / "archive.db", statuses=(0,))
    finally:
        stop.set()
        writer.join()
    assert ids(tmp_path / "run" / "archive.db") == HEALTHY


LARGE = """
PRAGMA synchronous=OFF;
UPDATE messages SET content=printf('%.*c', 999000000, 'x') WHERE session_id='message' AND ordinal=1;
INSERT INTO tool_calls (message_id, session_id, tool_name, category, result_content, call_index)
  SELECT id, session_id, 'Bash', 'Bash', printf('%.*c', 200000000, 'x'), 0 FROM messages WHERE session_id='result' AND ordinal=1;
UPDATE sessions SET first_message=printf('%.*c', 200000000, 'x') WHERE id='row';
"""


def test_a_text_of_a_gigabyte(tmp_path):
    """As large as SQLite lets it be, and large ones in a result and in a session's row: left out with a sentence, not read
    into memory. The other texts of these sessions are there."""
    path, archive = tmp_path / "s" / "sessions.db", tmp_path / "run" / "archive.db"
    path.parent.mkdir()
    first = sqlite3.connect(path)
    first.execute("PRAGMA page_size=65536")
    first.execute("VACUUM")
    first.close()
    db = raw(path)
    for name in ("message", "result", "row"):
        db.execute("INSERT INTO sessions (id, project) VALUES (?, 'p')", (name,))
        db.executemany("INSERT INTO messages (session_id, ordinal, role, content) VALUES (?,?,'user',?)",
                       [(name, 0, "before"), (name, 1, "at"), (name, 2, "after")])
    db.execute("PRAGMA journal_mode=DELETE")
    db.close()
    # in another process: what this one once used would count as its children's memory
    subprocess.run(["sqlite3", path], input=LARGE, text=True, check=True)
    process = subprocess.Popen([SCRUBJAYD, "--once", "--source", path, "--archive", archive], stdout=subprocess.PIPE,
                               env=clean_environment(tmp_path / "home") | IDENTITY)
    result = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1), "it neither crashed nor was killed"
    assert usage.ru_maxrss < 700 << 10, f"{usage.ru_maxrss >> 10} MB"
    assert set(ids(archive)) == {*HEALTHY, "message", "result", "row"}, result["errors"]
    texts = dict(archive_rows(archive, "SELECT session_id || ordinal, content FROM messages"))
    for name in ("message", "result", "row"):
        assert texts[f"{name}0"] == "before" and texts[f"{name}2"] == "after"
    left_out = [texts["message1"], *archive_rows(archive, "SELECT result_content FROM tool_calls")[0],
                *archive_rows(archive, "SELECT first_message FROM sessions WHERE id='row'")[0]]
    for text, size in zip(left_out, ("999.0 MB", "200.0 MB", "200.0 MB")):
        assert text.startswith("[left out: ") and size in text and "MaxMessageSize=" in text, text[:100]
