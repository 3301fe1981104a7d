"""The daemon itself: how quiet it is when nothing happens, and what it does while somebody writes all the time"""

import os
import re
import sqlite3
import threading
import time
from pathlib import Path

from lab import TOOLS
from rows import Row
from scrubjay_test import Daemon, Monitor, PrivateBus, wait_for

MAX_DELAY = 2.0  # the default of Sync.MaxDelay
TICK = os.sysconf("SC_CLK_TCK")


class Process:
    """What the kernel reports about a process."""

    def __init__(self, pid):
        self.folder = Path("/proc", str(pid))

    def cpu_usec(self):
        fields = (self.folder / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1_000_000 // TICK

    def number(self, file, name):
        return int(re.search(rf"^{name}:?\s+(\d+)", (self.folder / file).read_text(), re.MULTILINE)[1])

    def wakeups(self):
        return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.MULTILINE)[1])
                   for task in (self.folder / "task").iterdir())

    def bytes_written(self):
        """None if only root may know: the daemon lets no other process look into it."""
        try:
            return self.number("io", "wchar")
        except PermissionError:
            return None


def with_daemon(lab, source, name, work, more=None, idle=True):
    """@more: variables for its environment; @idle: the work begins when its first cycle is done."""
    bus = PrivateBus(lab.path(f"{name}-bus"))
    daemon = Daemon(lab.path(name), bus, source=source, environment=lab.environment | (more or {}))
    try:
        daemon.start()
        if idle:
            daemon.wait_idle()
        return work(daemon, Process(daemon.process.pid))
    finally:
        daemon.stop()
        bus.stop()


def idle(lab, n_sessions, seconds):
    """Nothing happens: memory, and how often it wakes. For a daemon that filled the archive itself, and for the next one."""
    source = lab.source("real", n_sessions)
    for name in ("after its first sync", "started again"):
        yield with_daemon(lab, source, "idle", lambda daemon, process: quiet(process, name, seconds))
    lab.remove(lab.path("idle") / "archive" / "archive.db")


def quiet(process, name, seconds):
    time.sleep(1)  # what the last question over the bus woke is asleep again
    cpu, wakeups = process.cpu_usec(), process.wakeups()
    time.sleep(seconds)
    wakeups = process.wakeups() - wakeups
    return Row(f"idle for {seconds} s, {name}: {wakeups} wake-ups", process.cpu_usec() - cpu, seconds * 1e6,
               peak_kb=process.number("status", "VmRSS"), bytes_written=0, limits={"peak_kb": 16 * 1024},
               problems=["it wakes for nothing"] if wakeups > 4 else [])


def write_steadily(path, seconds, per_second):
    """Commits messages one after the other. Returns how many."""
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    ids = [row[0] for row in db.execute("SELECT id FROM sessions ORDER BY rowid LIMIT 20")]
    began, n = time.monotonic(), 0
    while n < seconds * per_second:
        session = ids[n % len(ids)]
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO messages (session_id, ordinal, role, content) SELECT ?1, max(ordinal) + 1, 'user', ?2 "
                   "FROM messages WHERE session_id = ?1", (session, f"under pressure {n}"))
        db.execute("UPDATE sessions SET message_count = message_count + 1, transcript_revision = transcript_revision + 1,"
                   " sync_marker = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ?", (session,))
        db.execute("COMMIT")
        n += 1
        time.sleep(max(0, began + n / per_second - time.monotonic()))
    db.close()
    return n


def steady_writer(lab, n_sessions, seconds, per_second=50):
    """Somebody commits all the time: everything arrives, with at most one cycle per maximum delay."""
    source = lab.source("real", n_sessions)

    def work(daemon, process):
        monitor = Monitor(daemon)
        try:
            cpu, written = process.cpu_usec(), process.bytes_written()
            began = time.monotonic()
            n = write_steadily(source, seconds, per_second)
            wall = time.monotonic() - began
            cpu = process.cpu_usec() - cpu
            written = None if written is None else process.bytes_written() - written
            arrived = "SELECT count(*) FROM messages WHERE content GLOB 'under pressure *'"
            late = time.monotonic()
            wait_for(lambda: daemon.rows(arrived) == [(n,)], "all that was written arrives", 30)
            late = time.monotonic() - late
            n_cycles = len(monitor.matching("SyncStarted"))
        finally:
            monitor.stop()
        most = int(wall / MAX_DELAY) + 3
        return Row(f"{per_second} commits a second for {seconds} s: {n:,} messages, {n_cycles} cycles, the last one "
                   f"{late:.1f} s later", cpu, wall * 1e6, peak_kb=process.number("status", "VmHWM"),
                   bytes_written=written, limits={"peak_kb": 48 * 1024, "cpu_usec": 0.05 * wall * 1e6},
                   problems=[f"{n_cycles} cycles, and {most} are the most"] if n_cycles > most else [])
    row = with_daemon(lab, source, "pressure", work)
    lab.remove(lab.path("pressure") / "archive" / "archive.db")
    return row


class Repeated(threading.Thread):
    """Something that is repeated beside the work; the longest time that it took."""

    def __init__(self, what):
        super().__init__()
        self.what, self.longest, self.times, self.ended = what, 0, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.02):
            began = time.monotonic()
            self.what()
            self.longest, self.times = max(self.longest, time.monotonic() - began), self.times + 1

    def stop(self):
        self.ended.set()
        self.join()


def slow_disk(lab, n_sessions, usec=2000):
    """Each read of the source takes time: Status still answers, and agentsview's WAL is still checkpointed."""
    folder = lab.path("slow")
    folder.mkdir(exist_ok=True)
    source = folder / "sessions.db"
    lab.source("real", n_sessions).rename(source)
    slow = {"LD_PRELOAD": str(TOOLS / "slow-disk.so"), "SLOW_FOLDER": str(folder), "SLOW_USEC": str(usec)}

    def checkpoint():
        db = sqlite3.connect(source, isolation_level=None, timeout=10)
        db.execute("UPDATE sessions SET file_mtime = 1 WHERE rowid = 1")
        assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, "no checkpoint within 10 s"
        db.close()

    def work(daemon, process):
        beside = [Repeated(what) for what in (daemon.status, checkpoint)]
        began = time.monotonic()
        try:
            wait_for(lambda: daemon.rows("SELECT count(*) FROM cursors") == [(n_sessions,)], "the first sync", 600)
            wall = time.monotonic() - began
        finally:
            for thread in beside:
                thread.stop()
        status, checked = (thread.longest for thread in beside)
        return Row(f"a source on a disk of {usec / 1000:.0f} ms a read, {n_sessions:,} sessions: Status within "
                   f"{status * 1000:.0f} ms, {beside[1].times} checkpoints within {checked * 1000:.0f} ms",
                   process.cpu_usec(), wall * 1e6, peak_kb=process.number("status", "VmHWM"),
                   bytes_written=process.bytes_written(), limits={"peak_kb": 48 * 1024},
                   problems=[f"{name} took {longest:.1f} s" for name, longest in (("Status", status), ("a checkpoint", checked))
                             if longest > 1])
    row = with_daemon(lab, source, "slow-daemon", work, slow, idle=False)
    lab.remove(source)
    lab.remove(lab.path("slow-daemon") / "archive" / "archive.db")
    return row
