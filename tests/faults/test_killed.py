"""Killed at every call and at random moments: the archive is whole, each session old or new, and the next cycle repairs it"""

import random
import signal
import subprocess
import time

import pytest
from archive_state import differences, problems, sessions, whole
from busy_source import change
from faulty import IDENTITY, copy_folder, run_once
from scrubjay_test import SCRUBJAYD, Daemon, archive_rows, clean_environment, wait_for


def fresh(source, folder, key_of):
    """What a first full sync of today's source produces, with the same fingerprint key."""
    copy_folder(key_of, folder)
    for path in folder.glob("archive.db*"):
        path.unlink()
    assert run_once(source, folder / "archive.db").status == 0
    return whole(folder / "archive.db")


def check_after_kill(archive, old, new, where):
    if not archive.exists():
        return
    assert problems(archive) == [], where
    for session, rows in sessions(archive).items():
        assert rows in (old.get(session), new.get(session)), f"{where}: {session} is neither old nor new"


class Scene:
    """An archive before and after a sync, which is then stopped everywhere."""

    def __init__(self, source, tmp_path):
        self.source, self.tmp_path, self.settings = source, tmp_path, {}
        self.before = tmp_path / "before" / "archive"
        self.before.mkdir(parents=True, mode=0o700)

    def sync_before(self):
        assert run_once(self.source.path, self.before / "archive.db").status == 0

    def prepare(self):
        """Runs the sync undisturbed; returns how many calls it makes."""
        archive = self.before / "archive.db"
        self.old = sessions(archive) if archive.exists() else {}
        if not (self.before / "fingerprint.key").exists():
            (self.before / "fingerprint.key").write_bytes(bytes(range(16)))
        done = self.run("undisturbed")
        assert done.status == 0, done.errors
        self.new = whole(self.archive)
        return done.n_calls

    def run(self, name, **faults):
        folder = self.tmp_path / "run" / "archive"
        copy_folder(self.before, folder)
        self.archive = folder / "archive.db"
        return run_once(self.source.path, self.archive, settings=self.settings, **faults)

    def stop_at(self, n, how):
        where = f"{how} at call {n}"
        done = self.run(where, at=n, do=how)
        assert done.killed, f"{where}: {done.status} {done.errors}"
        check_after_kill(self.archive, self.old, self.new["sessions"], where)
        done = run_once(self.source.path, self.archive, settings=self.settings)
        assert done.status == 0, f"after {where}: {done.errors}"
        assert differences(whole(self.archive), self.new) == [], f"after {where}"
        assert problems(self.archive) == []
        return where


@pytest.mark.parametrize("how", ["kill", "torn"])
def test_a_first_sync_is_stopped_at_every_call(source, tmp_path, how):
    scene = Scene(source, tmp_path)
    n_calls = scene.prepare()
    assert n_calls > 30, "the calls are counted"
    for n in range(1, n_calls + 1):
        scene.stop_at(n, how)


@pytest.mark.parametrize("how", ["kill", "torn"])
def test_a_sync_of_changes_is_stopped_at_every_call(source, tmp_path, how):
    scene = Scene(source, tmp_path)
    scene.sync_before()
    change(source)
    n_calls = scene.prepare()
    assert n_calls > 10, "the calls are counted"
    for n in range(1, n_calls + 1):
        scene.stop_at(n, how)


def test_a_sync_in_several_transactions_is_stopped(source, tmp_path, rounds):
    """Enough text for several commits and a checkpoint: stopped at every n-th call."""
    for i in range(24):
        source.add_session(f"large-{i}", [f"{i} {k} " + "many words " * 10000 for k in range(10)])
    scene = Scene(source, tmp_path)
    n_calls = scene.prepare()
    assert n_calls > 500
    step = max(1, n_calls // max(12, rounds // 2))
    partly = 0
    for n in range(step // 2, n_calls + 1, step):
        scene.stop_at(n, "kill")
    for n in range(n_calls // 2, n_calls, n_calls // 4):
        scene.run("", at=n, do="kill")
        partly += 0 < len(sessions(scene.archive)) < len(scene.new["sessions"])
    assert partly > 0, "no kill was between two commits"


def test_a_resync_is_stopped(source, tmp_path, rounds):
    """Other settings: everything is masked again, and no session is left half under old and half under new ones."""
    scene = Scene(source, tmp_path)
    scene.sync_before()
    scene.settings = {"SCRUBJAY_PRIVACY_METADATAONLY": "project"}
    n_calls = scene.prepare()
    for n in range(1, n_calls + 1, 3 if rounds < 100 else 1):
        scene.stop_at(n, "kill")


def scribble(source, rng, n):
    """One small change of the source."""
    ids = [row[0] for row in source.sql("SELECT id FROM sessions ORDER BY id")]
    what = rng.randrange(5)
    name = rng.choice(ids)
    if what == 0 or len(ids) < 4:
        source.add_session(f"new-{n}-{rng.randrange(10**6)}", [f"hello {n}"] * rng.randrange(1, 20))
    elif what == 1:
        source.append(name, [f"more {n}"])
    elif what == 2:
        source.sql("UPDATE messages SET content=? WHERE session_id=? AND ordinal=0", (f"edited {n}", name))
        source.append(name, [])
    elif what == 3:
        source.sql("DELETE FROM messages WHERE session_id=? AND ordinal > 2", (name,))
        source.append(name, [])
    else:
        source.sql("UPDATE sessions SET display_name=? WHERE id=?", (f"name {n}", name))
        source.append(name, [])


def test_killed_at_random_while_the_source_changes(source, tmp_path, rounds):
    """kill -9 of --once and nothing else; seeded, so that a failure can be repeated."""
    rng = random.Random(7)
    folder = tmp_path / "home" / "archive"
    archive = folder / "archive.db"
    command = [SCRUBJAYD, "--once", "--source", source.path, "--archive", archive]
    environment = clean_environment(tmp_path / "home") | IDENTITY
    (tmp_path / "home").mkdir()
    n_killed = 0
    began = time.monotonic()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    typical = time.monotonic() - began
    for n in range(rounds):
        for _ in range(rng.randrange(1, 6)):
            scribble(source, rng, n)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        began = time.monotonic()
        end = began + rng.uniform(0, typical)
        while time.monotonic() < end and process.poll() is None:
            scribble(source, rng, n)
        # how long it takes depends on how busy the machine is just now
        typical = 1.2 * typical if process.poll() is None else time.monotonic() - began
        process.kill()
        n_killed += process.wait() == -signal.SIGKILL
        assert problems(archive) == [], f"round {n}"
        for session, rows in sessions(archive).items():
            check_cursor(archive, session, rows, n)
        if n % 10 == 9 or n == rounds - 1:
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            expected = fresh(source.path, tmp_path / "fresh" / "archive", folder)
            assert differences(whole(archive), expected) == [], f"round {n}"
    assert n_killed >= rounds // 3, f"only {n_killed} of {rounds} were killed in time"


def check_cursor(archive, session, rows, n):
    """A session that is there has its cursor, and its last message is the one that the cursor names."""
    tables = [table for table, _ in rows]
    assert tables.count("sessions") == 1 and tables.count("cursors") == 1, f"round {n}: {session}"
    last = archive_rows(archive, "SELECT (SELECT max(ordinal) FROM messages WHERE session_id=?),"
                        " (SELECT last_ordinal FROM cursors WHERE session_id=?)", (session, session))[0]
    assert last[0] == last[1] or (last[0] is None and last[1] == -1), f"round {n}: {session}"


def test_a_daemon_is_killed_at_random(source, tmp_path, bus, rounds):
    rng = random.Random(11)
    daemon = Daemon(tmp_path / "home", bus, source=source.path,
                    environment=IDENTITY | {"SCRUBJAY_SYNC_QUIETTIME": "10ms"})
    for n in range(max(5, rounds // 5)):
        daemon.start(ready=rng.random() < 0.5)
        end = time.monotonic() + rng.uniform(0, 0.4)
        while time.monotonic() < end:
            scribble(source, rng, n)
        daemon.signal(signal.SIGKILL)
        daemon.wait()
        daemon.socket.close()
        assert not daemon.archive.exists() or problems(daemon.archive) == [], f"round {n}"
    daemon.start()
    expected = fresh(source.path, tmp_path / "fresh" / "archive", daemon.archive.parent)
    wait_for(lambda: differences(whole(daemon.archive), expected) == [], "the daemon is in step again", 30)
    assert daemon.stop() == 0
