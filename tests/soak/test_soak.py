"""Everything at once, for a while: a writer, reloads, fifty clients on the bus that behave badly, and kills

Memory and descriptors stay flat, every call is answered, and at the end the archive is what a fresh sync gives.
"""

import os
import random
import signal
import sqlite3
import statistics
import subprocess
import threading
import time

from archive_state import differences, problems, whole
from faulty import IDENTITY, copy_folder
from planted import one_of_each
from scrubjay_test import NAME, PATH, Daemon, run_once, wait_for

N_CLIENTS = 50
SESSIONS_MAX = 60

# What clients send: good calls, wrong arguments, wrong members, wrong paths, huge strings, and calls whose answer they do not wait for.
CALLS = [
    ["call", NAME, PATH, NAME, "Status"],
    ["call", NAME, PATH, NAME, "RunOnce"],
    ["call", NAME, PATH, NAME, "Status", "s", "too much"],
    ["call", NAME, PATH, NAME, "RunOnce", "u", "7"],
    ["call", NAME, PATH, NAME, "NoSuchMember"],
    ["call", NAME, "/nowhere", NAME, "Status"],
    ["call", NAME, PATH, "org.example.Other", "Status"],
    ["call", NAME, PATH, NAME, "Status", "s", "x" * 100000],
    ["call", NAME, PATH, NAME, "ForceResync", "ay", "3", "1", "2", "3"],
    ["get-property", NAME, PATH, NAME, "LastError"],
    ["get-property", NAME, PATH, NAME, "No" + "x" * 1000],
    ["set-property", NAME, PATH, NAME, "Source", "s", "/etc/passwd"],
    ["set-property", NAME, "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1", "LogLevel", "s", "nonsense"],
    ["introspect", NAME, PATH],
    ["call", "--timeout=1ms", NAME, PATH, NAME, "RunOnce"],
    ["call", "--expect-reply=no", NAME, PATH, NAME, "RunOnce"],
]


class Writer(threading.Thread):
    """agentsview at work: sessions are added, grow, shrink, are edited, renamed, and removed."""

    def __init__(self, path):
        super().__init__()
        self.path, self.ending, self.pause = path, threading.Event(), threading.Event()
        self.rng, self.n, self.failure = random.Random(3), 0, None
        self.secrets = one_of_each(seed=8)

    def run(self):
        try:
            db = sqlite3.connect(self.path, isolation_level=None, timeout=10)
            while not self.ending.wait(0.02):
                if not self.pause.is_set():
                    self.step(db)
            db.close()
        except Exception as error:      # reported by the test
            self.failure = error

    def step(self, db):
        rng, self.n = self.rng, self.n + 1
        db.execute("BEGIN IMMEDIATE")
        ids = [row[0] for row in db.execute("SELECT id FROM sessions ORDER BY id")]
        if len(ids) < 10 or (len(ids) < SESSIONS_MAX and rng.random() < 0.2):
            name = f"soak-{self.n}"
            db.execute("INSERT INTO sessions (id, project) VALUES (?, 'p')", (name,))
        else:
            name = rng.choice(ids)
        what = rng.randrange(6)
        if what == 0 and len(ids) > 20:
            db.execute("DELETE FROM messages WHERE session_id=?", (name,))
            db.execute("DELETE FROM sessions WHERE id=?", (name,))
            db.execute("INSERT OR REPLACE INTO session_deletion_changes VALUES (?, 'p', ?, 1)", (name, self.n))
        elif what == 1:
            db.execute("DELETE FROM messages WHERE session_id=? AND ordinal > 3", (name,))
        elif what == 2:
            db.execute("UPDATE sessions SET display_name=? WHERE id=?", (f"name {self.n}", name))
        else:
            first = db.execute("SELECT COALESCE(MAX(ordinal) + 1, 0) FROM messages WHERE session_id=?",
                               (name,)).fetchone()[0]
            if first > 40:
                db.execute("DELETE FROM messages WHERE session_id=?", (name,))
            for k in range(rng.randrange(1, 4)):
                # never empty: a session without text is one whose text agentsview left out
                text = rng.choice(self.secrets).text if rng.random() < 0.2 else "words " * rng.randrange(1, 500)
                db.execute("INSERT INTO messages (session_id, ordinal, role, content) VALUES (?,?,'user',?)",
                           (name, first + k, text))
        now = db.execute("SELECT strftime('%Y-%m-%dT%H:%M:%fZ','now')").fetchone()[0]
        db.execute("UPDATE sessions SET transcript_revision=?, file_hash=hex(randomblob(16)), sync_marker=?"
                   " WHERE id=?", (str(self.n), now, name))
        db.execute("COMMIT")


class Clients:
    """Fifty calls under way at any time; each must end by itself."""

    def __init__(self, environment):
        self.environment, self.rng = environment, random.Random(4)
        self.running, self.n_done = [], 0
        self.slowest = 0.0

    def step(self):
        now = time.monotonic()
        left = []
        for process, began in self.running:
            if process.poll() is None:
                self.slowest = max(self.slowest, now - began)
                left.append((process, began))
            else:
                self.n_done += 1
        while len(left) < N_CLIENTS:
            call = self.rng.choice(CALLS)
            process = subprocess.Popen(["busctl", "--user", *call], env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if self.rng.random() < 0.05:
                process.kill()      # a caller that is gone before its answer arrives
            left.append((process, now))
        self.running = left

    def finish(self):
        for process, _ in self.running:
            process.wait(60)
        self.running = []


def memory_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))


def n_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_soak(source, tmp_path, bus, minutes):
    settings = tmp_path / "home" / ".config" / "scrubjay" / "scrubjay.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text("[Sync]\nQuietTime=50ms\n")
    daemon = Daemon(tmp_path / "home", bus, source=source.path, environment=IDENTITY).start()
    writer, clients = Writer(source.path), Clients(daemon.environment)
    writer.start()
    seconds = minutes * 60
    began = time.monotonic()
    kill_at = [began + seconds * part for part in (0.1, 0.2)]     # after that, it runs undisturbed, and is measured
    measure_from = began + seconds * 0.4
    memory, descriptors = [], []
    n_reloads = 0
    next_reload = began
    try:
        while time.monotonic() < began + seconds:
            clients.step()
            now = time.monotonic()
            if kill_at and now >= kill_at[0]:
                kill_at.pop(0)
                daemon.signal(signal.SIGKILL)
                daemon.wait()
                daemon.socket.close()
                assert problems(daemon.archive) == []
                daemon.start()
            if now >= next_reload:
                next_reload = now + 1
                n_reloads += 1
                settings.write_text(f"[Sync]\nQuietTime={40 + n_reloads % 20}ms\n[Odd]\nKey={n_reloads}\n")
                daemon.signal(signal.SIGHUP)
            if now >= measure_from:
                memory.append(memory_kb(daemon.process.pid))
                descriptors.append(n_descriptors(daemon.process.pid))
            assert daemon.process.poll() is None, daemon.log[-3000:]
            time.sleep(0.1)
        writer.ending.set()
        writer.join()
        assert writer.failure is None, writer.failure
        clients.finish()
        wait_for(lambda: not daemon.status()["Syncing"], "it comes to rest", 60)
        daemon.run_once()
        assert daemon.status()["LastError"] == ""
        third = len(memory) // 3
        early, late = statistics.median(memory[:third]), statistics.median(memory[-third:])
        print(f"memory {early} to {late} kB, descriptors {min(descriptors)} to {max(descriptors)},"
              f" {clients.n_done} calls, the slowest {clients.slowest:.1f} s, {writer.n} writes, {n_reloads} reloads")
        assert late < early * 1.15 + 2048, f"memory grows: {early} to {late} kB"
        # clients that wait on the bus have descriptors in the bus; what is open here are files, eventfds and git's pipes
        assert max(descriptors) - min(descriptors) <= 8, f"{min(descriptors)} to {max(descriptors)}"
        assert clients.n_done > 20 * minutes
        assert clients.slowest < 20, "busctl gives up after 25 s: what is slower was not answered"
        fresh = copy_folder(daemon.archive.parent, tmp_path / "fresh")
        for path in fresh.glob("archive.db*"):
            path.unlink()
        assert run_once(source.path, fresh / "archive.db", environment=IDENTITY)[0] == 0
        ours, expected = whole(daemon.archive), whole(fresh / "archive.db")
        for state in (ours, expected):      # which tombstones there are of sessions that were never seen depends on timing
            state["session_deletes"] = []
        assert differences(ours, expected) == []
        assert problems(daemon.archive) == []
    finally:
        writer.ending.set()
        clients.finish()
        assert daemon.stop() == 0
