"""The disk fails: there is a reason in plain words, no loss and no busy loop, and syncing continues by itself once the disk works again"""

import os
import shutil
import subprocess
import sys
import time

import pytest
from archive_state import differences, problems, whole
from busy_source import change
from faulty import IDENTITY, LIBRARY, copy_folder, run_once
from scrubjay_test import Daemon, wait_for

REASONS = {
    "ENOSPC": ("full", "No space"), "EDQUOT": ("full", "quota"), "EIO": ("I/O", "Input/output"), "EROFS": ("ead-only", "readonly"),
    "EMFILE": ("Too many open files", "unable to open"),
}


def check_failed_run(done, where):
    """It succeeded anyway, or it says in one sentence what happened to which file."""
    assert done.status in (0, 2), f"{where}: exit status {done.status}: {done.errors}"
    assert (done.status == 0) == (done.errors == ""), f"{where}: {done.errors}"
    if done.status == 2:
        assert len(done.errors.splitlines()) == 1, f"{where}: {done.errors}"
        assert "archive" in done.errors, f"{where}: {done.errors}"


def said_why(errors, error):
    return any(word in errors for word in REASONS[error])


@pytest.mark.parametrize("error", sorted(REASONS))
@pytest.mark.parametrize("last", ["once", "from then on"])
def test_a_call_fails(source, tmp_path, error, last):
    before = tmp_path / "before"
    assert run_once(source.path, before / "archive.db").status == 0
    change(source)
    home = tmp_path / "run"

    def run(**faults):
        copy_folder(before, home / "archive")
        return run_once(source.path, home / "archive" / "archive.db", **faults)

    undisturbed = run(do=error) if error == "EMFILE" else run()
    n_calls = undisturbed.n_calls
    expected = whole(home / "archive" / "archive.db")
    n_said = n_failed = 0
    for n in range(1, n_calls + 1, 1 if error == "ENOSPC" else 5):
        where = f"{error} at call {n}, {last}"
        done = run(at=n, last=n if last == "once" else 0, do=error)
        check_failed_run(done, where)
        n_failed += done.status != 0
        n_said += said_why(done.errors, error)
        archive = home / "archive" / "archive.db"
        assert problems(archive) == [], where
        assert run_once(source.path, archive).status == 0, where
        assert differences(whole(archive), expected) == [], where
    assert n_failed > 0, "some call matters"
    assert n_said >= n_failed * 0.8, f"the reason is told in {n_said} of {n_failed}"


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def faulty_daemon(tmp_path, bus, source, **faults):
    (tmp_path / "home" / "archive").mkdir(parents=True, exist_ok=True)
    given = {f"FAULT_{name.upper()}": str(value) for name, value in faults.items()}
    return Daemon(tmp_path / "home", bus, source=source.path, environment=IDENTITY | {
        "LD_PRELOAD": str(LIBRARY), "FAULT_FOLDER": str(tmp_path / "home" / "archive"),
        "FAULT_SWITCH": str(tmp_path / "switch"), "SCRUBJAY_SYNC_QUIETTIME": "20ms", "ASAN_OPTIONS": ""} | given)


def texts(daemon):
    return {row[0] for row in daemon.rows("SELECT content FROM messages")}


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS", "EMFILE"])
def test_a_daemon_waits_for_the_disk(source, tmp_path, bus, error):
    daemon = faulty_daemon(tmp_path, bus, source, at=1, last=0, do=error).start()
    try:
        daemon.wait_idle()
        (tmp_path / "switch").write_text("")
        source.append("session-0", ["while the disk fails"])
        wait_for(lambda: daemon.status()["LastError"], "the error is told")
        assert "archive" in daemon.status()["LastError"]
        began, n_lines = cpu_seconds(daemon.process.pid), daemon.log.count("\n")
        end = time.monotonic() + 2.5
        while time.monotonic() < end:       # changes of the source do not make it try faster
            source.append("session-1", ["meanwhile"])
            time.sleep(0.02)
        assert cpu_seconds(daemon.process.pid) - began < 0.5, "it tries all the time"
        assert daemon.log.count("\n") - n_lines < 10, "it says it again and again"
        (tmp_path / "switch").unlink()
        wait_for(lambda: "while the disk fails" in texts(daemon), "it went on by itself", 15)
        wait_for(lambda: daemon.status()["LastError"] == "", "the error is over")
        assert "meanwhile" in texts(daemon)
    finally:
        assert daemon.stop() == 0


def test_the_archive_s_folder_is_removed(source, tmp_path, bus):
    daemon = faulty_daemon(tmp_path, bus, source).start()
    try:
        daemon.wait_idle()
        shutil.rmtree(daemon.archive.parent)
        source.append("session-0", ["after the folder went"])
        wait_for(lambda: "after the folder went" in texts(daemon), "a new archive is there", 20)
        wait_for(lambda: len(daemon.rows("SELECT id FROM sessions")) == 6, "with all sessions")
        assert daemon.archive.parent.stat().st_mode & 0o777 == 0o700
        assert problems(daemon.archive) == []
    finally:
        assert daemon.stop() == 0


def test_another_archive_is_put_in_its_place(source, tmp_path, bus):
    """Restored from a backup, for example: what the daemon writes goes to the file that people see."""
    daemon = faulty_daemon(tmp_path, bus, source).start()
    try:
        daemon.wait_idle()
        copy_folder(daemon.archive.parent, tmp_path / "backup")
        source.append("session-0", ["after the backup"])
        wait_for(lambda: "after the backup" in texts(daemon), "it is synced")
        for name in ("archive.db-wal", "archive.db-shm"):
            (daemon.archive.parent / name).unlink(missing_ok=True)
        os.replace(tmp_path / "backup" / "archive.db", daemon.archive)
        source.append("session-1", ["after the restore"])
        wait_for(lambda: {"after the backup", "after the restore"} <= texts(daemon), "both are in it", 20)
        assert problems(daemon.archive) == []
    finally:
        assert daemon.stop() == 0


SLOW_WRITER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE messages SET content='written slowly' WHERE session_id='session-2' AND ordinal=2")
db.execute("UPDATE sessions SET transcript_revision=99, sync_marker=strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
           " WHERE id='session-2'")
db.execute("COMMIT")
print("done", flush=True)
sys.stdin.read()
"""


def test_a_commit_is_seen_late(source, tmp_path, bus):
    """A writer gets no CPU time between its last write and what makes it visible, which is in memory: no event tells of it."""
    daemon = faulty_daemon(tmp_path, bus, source).start()
    try:
        daemon.wait_idle()
        writer = subprocess.Popen([sys.executable, "-c", SLOW_WRITER, source.path], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True, env=os.environ | {
                                      "LD_PRELOAD": str(LIBRARY), "FAULT_FOLDER": str(source.path.parent), "FAULT_DO": "slow"})
        try:
            assert writer.stdout.readline() == "done\n"
            wait_for(lambda: "written slowly" in texts(daemon), "it is synced", 20)
        finally:
            writer.stdin.close()
            writer.wait(20)
    finally:
        assert daemon.stop() == 0


@pytest.mark.parametrize("seconds", [-400 * 86400, 400 * 86400])
def test_the_clock_is_set(source, tmp_path, bus, seconds):
    clock = tmp_path / "clock"
    clock.write_text("0")
    daemon = faulty_daemon(tmp_path, bus, source, clock=clock).start()
    try:
        daemon.wait_idle()
        source.append("session-0", ["before"])
        wait_for(lambda: "before" in texts(daemon), "it is synced")
        began = cpu_seconds(daemon.process.pid)
        for n, shift in enumerate((seconds, 0)):
            clock.write_text(str(shift))
            # agentsview has the same clock, so its marks move, too
            source._now = lambda shift=shift: source.sql(
                "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?)", (f"{shift:+d} seconds",))[0][0]
            source.append("session-1", [f"after {n}"])
            wait_for(lambda text=f"after {n}": text in texts(daemon), "it is synced", 30)
        assert cpu_seconds(daemon.process.pid) - began < 1
        assert daemon.status()["LastError"] == ""
    finally:
        assert daemon.stop() == 0
