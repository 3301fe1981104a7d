"""Bad input: one clear sentence, nothing lost or overwritten, and it continues when the cause is gone"""

import json
import os
import shutil
import sqlite3
import subprocess

import pytest

from mirror import compare
from scrubjay_test import wait_for


@pytest.fixture
def synced(desk):
    """Four sessions in the archive, and one change that is not archived yet."""
    desk.scrubjay.sync()
    desk.waiting = desk.transcripts[0]
    desk.waiting.user("This waits for a better day.")
    desk.waiting.save()
    desk.viewer.sync()
    desk.before = archived(desk)
    return desk


def archived(desk):
    tables = [row["name"] for row in desk.scrubjay.query(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('sessions', 'messages', 'tool_calls', "
        "'tool_result_events', 'findings', 'git_links', 'session_deletes', 'cursors')")]
    return {table: desk.scrubjay.query("SELECT * FROM %s ORDER BY 1, 2" % table) for table in sorted(tables)}


def sentence(said, *words):
    """Checks that it is a sentence that names its subject, and no longer than one message."""
    lines = [line for line in said.splitlines() if line.strip()]
    assert lines, "it said nothing"
    assert len(lines) <= 3, said
    for word in words:
        assert word in said, said
    assert "assert" not in said and "(null)" not in said, said


def recovers(desk):
    """The cause is gone: the next cycle archives what waited."""
    desk.scrubjay.sync()
    compare(desk.viewer, desk.scrubjay, desk.planted)
    assert desk.scrubjay.sync()["sessions_synced"] == 0


class Replaced:
    """The source is another file for a while. Its -wal goes with it, as if everything were swapped."""

    def __init__(self, path):
        self.path, self.kept = path, path + ".kept"

    def __enter__(self):
        for end in ("", "-wal", "-shm"):
            if os.path.exists(self.path + end):
                os.rename(self.path + end, self.kept + end)
        return self

    def __exit__(self, *_):
        """Puts the source back; a test may call this itself to do so earlier."""
        if not os.path.exists(self.kept):
            return
        if os.path.isdir(self.path) and not os.path.islink(self.path):
            os.rmdir(self.path)
        for end in ("", "-wal", "-shm"):
            if os.path.lexists(self.path + end):
                os.unlink(self.path + end)
            if os.path.exists(self.kept + end):
                os.rename(self.kept + end, self.path + end)


def text_file(path):
    with open(path, "w") as f:
        f.write("This is a shopping list, not a database.\n" * 200)


def empty_file(path):
    open(path, "w").close()


def empty_database(path):
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 143")
    db.commit()
    db.close()


def other_database(path):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE recipes (id INTEGER PRIMARY KEY, title TEXT)")
    db.commit()
    db.close()


def same_names_other_columns(path):
    db = sqlite3.connect(path)
    db.executescript("CREATE TABLE sessions (number INTEGER, colour TEXT); CREATE TABLE messages (size REAL);"
                     "INSERT INTO sessions VALUES (1, 'red')")
    db.commit()
    db.close()


@pytest.mark.parametrize("make", [text_file, empty_file, empty_database, other_database, same_names_other_columns,
                                  os.mkdir], ids=lambda make: make.__name__)
def test_source_that_is_none(synced, make):
    with Replaced(synced.viewer.database):
        make(synced.viewer.database)
        outcome = synced.scrubjay.once(code=2)
        sentence(outcome.stderr, synced.viewer.database)
        assert archived(synced) == synced.before
    recovers(synced)


def test_source_that_does_not_exist(synced):
    """It is waited for, as by the service: no error, and nothing is deleted."""
    with Replaced(synced.viewer.database):
        outcome = synced.scrubjay.run("--once")
        assert outcome.code in (0, 2)
        sentence(outcome.stderr, synced.viewer.database)
        assert archived(synced) == synced.before
    recovers(synced)


def test_source_that_is_locked(synced):
    db = sqlite3.connect(synced.viewer.database)
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN EXCLUSIVE")
    db.execute("UPDATE sessions SET display_name = display_name")
    outcome = synced.scrubjay.run("--once")
    assert outcome.code in (1, 2)
    sentence(outcome.stderr, "lock")
    assert archived(synced) == synced.before
    db.rollback()
    db.close()
    recovers(synced)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9])
def test_source_that_is_cut_short(synced, part):
    size = os.path.getsize(synced.viewer.database)
    with Replaced(synced.viewer.database):
        shutil.copy(synced.viewer.database + ".kept", synced.viewer.database)
        os.truncate(synced.viewer.database, int(size * part))
        outcome = synced.scrubjay.run("--once")
        assert outcome.code in (1, 2), outcome.said
        assert outcome.stderr.strip() or outcome.result["errors"]
        # what could be read may have arrived; nothing may be gone
        after = archived(synced)
        for table, key in (("sessions", ("id",)), ("messages", ("session_id", "ordinal"))):
            held = {tuple(row[name] for name in key) for row in after[table]}
            assert held >= {tuple(row[name] for name in key) for row in synced.before[table]}, table
        assert after["session_deletes"] == []
    recovers(synced)


@pytest.mark.parametrize("text, words", [
    ("[Sync]\nQuietTime=soon\n", ("scrubjay.conf", "2", "QuietTime")),
    ("[Sync]\n\nQuietTme=1s\n", ("scrubjay.conf", "3", "QuietTme")),
    ("[Nonsense]\nA=b\n", ("scrubjay.conf", "1", "Nonsense")),
], ids=["value", "key", "section"])
def test_settings_with_a_mistake_in_them(synced, text, words):
    """A warning with file and line; the default applies, and the work is done."""
    synced.scrubjay.configure(text)
    outcome = synced.scrubjay.once()
    sentence(outcome.stderr, *words)
    compare(synced.viewer, synced.scrubjay, synced.planted)


def test_a_privacy_setting_with_a_mistake_in_it(synced):
    """Nothing is done: otherwise less would be kept private."""
    synced.scrubjay.configure("[Privacy]\nMaskHome=perhaps\n")
    outcome = synced.scrubjay.once(code=2)
    sentence(outcome.stderr, "scrubjay.conf", "2", "MaskHome")
    assert archived(synced) == synced.before
    synced.scrubjay.configure("")
    recovers(synced)


def test_settings_file_that_cannot_be_read(synced):
    os.makedirs(synced.scrubjay.settings)
    outcome = synced.scrubjay.once(code=2)
    sentence(outcome.stderr, "scrubjay.conf")
    assert archived(synced) == synced.before
    os.rmdir(synced.scrubjay.settings)
    recovers(synced)


def test_settings_file_of_the_option_that_is_missing(synced):
    outcome = synced.scrubjay.once("--config", "/nonexistent/scrubjay.conf", code=2)
    sentence(outcome.stderr, "/nonexistent/scrubjay.conf")
    assert archived(synced) == synced.before


@pytest.mark.parametrize("text, word", [
    ("this is not JSON", "bad.json"),
    (json.dumps([{"id": "broken-one", "description": "x", "literals": ["abc"], "pattern": "abc("}]), "broken-one"),
    (json.dumps([{"id": "without-pattern", "description": "x", "literals": ["abc"]}]), "without-pattern"),
], ids=["not-json", "pattern", "no-pattern"])
def test_broken_rules(synced, text, word):
    """Nothing is written with broken rules: it fails closed."""
    folder = os.path.join(synced.home, "rules")
    os.makedirs(folder)
    with open(os.path.join(folder, "bad.json"), "w") as f:
        f.write(text)
    synced.scrubjay.configure("[Mask]\nRulesDir=%s\n" % folder)
    outcome = synced.scrubjay.once(code=2)
    sentence(outcome.stderr, "bad.json", word)
    assert archived(synced) == synced.before
    os.unlink(os.path.join(folder, "bad.json"))
    recovers(synced)


def test_rules_folder_that_is_missing(synced):
    synced.scrubjay.configure("[Mask]\nRulesDir=/nonexistent/rules\n")
    outcome = synced.scrubjay.once(code=2)
    sentence(outcome.stderr, "/nonexistent/rules")
    assert archived(synced) == synced.before


def test_archive_of_a_newer_version(synced):
    db = sqlite3.connect(synced.scrubjay.archive)
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    with open(synced.scrubjay.archive, "rb") as f:
        before = f.read()
    outcome = synced.scrubjay.once(code=2)
    sentence(outcome.stderr, synced.scrubjay.archive, "newer")
    with open(synced.scrubjay.archive, "rb") as f:
        assert f.read() == before, "a newer archive was touched"
    db = sqlite3.connect(synced.scrubjay.archive)
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    recovers(synced)


@pytest.mark.parametrize("make", [text_file, other_database], ids=lambda make: make.__name__)
def test_archive_path_that_holds_something_else(synced, make):
    """A file that is not our archive is refused and left as it is."""
    other = os.path.join(synced.home, "mine.db")
    make(other)
    with open(other, "rb") as f:
        before = f.read()
    outcome = synced.scrubjay.once("--archive", other, code=2)
    sentence(outcome.stderr, other)
    with open(other, "rb") as f:
        assert f.read() == before, "somebody's file was changed"


def test_archive_folder_that_cannot_be_made(synced):
    outcome = synced.scrubjay.once("--archive", "/dev/null/archive.db", code=2)
    sentence(outcome.stderr, "/dev/null")


@pytest.fixture
def small_disk(synced):
    """The archive's folder on its own file system, of the given size."""
    folder = os.path.dirname(synced.scrubjay.archive)
    aside = folder + ".aside"
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    os.rename(folder, aside)
    os.mkdir(folder, 0o700)

    def size(n, how=()):
        options = "size=%d,mode=0700,uid=%d,gid=%d" % (n, os.geteuid(), os.getegid())
        subprocess.run([*sudo, "mount", "-t", "tmpfs", "-o", ",".join([options, *how]), "tmpfs", folder], check=True)

    size(4 << 20)
    for name in os.listdir(aside):
        shutil.copy2(os.path.join(aside, name), folder)
    yield lambda n: size(n, ["remount"])
    subprocess.run([*sudo, "umount", folder], check=True)
    shutil.rmtree(folder)
    os.rename(aside, folder)


def test_full_disk(synced, small_disk):
    folder = os.path.dirname(synced.scrubjay.archive)
    for transcript in synced.transcripts:
        transcript.user("word " * 60000)
        transcript.save()
    synced.viewer.sync()
    fill = os.path.join(folder, "fill")
    with open(fill, "wb") as f:
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        f.write(b"\0" * max(free - (256 << 10), 0))
    outcome = synced.scrubjay.run("--once")
    assert outcome.code in (1, 2), outcome.said
    said = outcome.stderr + (" ".join(outcome.result["errors"].values()) if outcome.stdout.strip() else "")
    assert "space" in said or "full" in said, said
    db = sqlite3.connect(synced.scrubjay.archive)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    held = {row["id"] for row in synced.scrubjay.query("SELECT id FROM sessions")}
    assert held == {row["id"] for row in synced.before["sessions"]}

    os.unlink(fill)
    small_disk(64 << 20)
    recovers(synced)


def test_broken_sync_state(synced):
    for text in ("{", "[]", '{"version": "three"}', ""):
        state = os.path.join(synced.home, "state.json")
        with open(state, "w") as f:
            f.write(text)
        outcome = synced.scrubjay.run("state", "import", state, program="scrubjayctl")
        assert outcome.code == 1, text
        sentence(outcome.stderr, "state.json")
        with open(state) as f:
            assert f.read() == text
        assert archived(synced) == synced.before
    recovers(synced)


def test_the_service_continues_when_the_cause_is_gone(synced):
    """The daemon on a broken source: it answers, says why, and works again when the file is back."""
    synced.scrubjay.configure("[Sync]\nQuietTime=50ms\n")
    with Replaced(synced.viewer.database) as replaced:
        text_file(synced.viewer.database)
        with synced.scrubjay.daemon() as daemon:
            wait_for(lambda: daemon.status()["LastError"], "the reason in Status")
            assert synced.viewer.database in daemon.status()["LastError"]
            assert archived(synced) == synced.before
            replaced.__exit__()
            sql = "SELECT 1 FROM messages WHERE session_id = ? AND content = 'This waits for a better day.'"
            daemon.wait_row(sql, synced.waiting.id)
            wait_for(lambda: daemon.status()["LastError"] == "", "the reason to be gone")
    assert daemon.code == 0
    compare(synced.viewer, synced.scrubjay, synced.planted)
