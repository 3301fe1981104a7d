"""What the tests that run the real binary share: a source, a bus, a daemon, and waiting for things.

The binaries come from SCRUBJAY_BUILD (a meson build folder, default: build/ beside the sources), the rules from
SCRUBJAY_TEST_RULES (default: data/rules of the sources).
"""

import json
import os
import random
import re
import select
import signal
import socket
import sqlite3
import string
import subprocess
import threading
import time
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SCRUBJAY_BUILD", SOURCES / "build"))
RULES = Path(os.environ.get("SCRUBJAY_TEST_RULES", SOURCES / "data" / "rules"))
SCRUBJAYD = BUILD / "src" / "scrubjayd"

NAME = "org.scrubjay.Sync1"
PATH = "/org/scrubjay/Sync1"

SCHEMA = (Path(__file__).parent / "agentsview.sql").read_text()


def wait_for(condition, what, timeout=60.0):
    """Waits until condition() is true, and returns what it returned; fails after the timeout."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.01)


def github_token(seed=0):
    """A text in the form of a GitHub personal access token."""
    letters = random.Random(f"token {seed}")
    return "gh" + "p_" + "".join(letters.choice(string.ascii_letters + string.digits) for _ in range(36))


class Source:
    """A database as agentsview writes it."""

    def __init__(self, path):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.db.executescript(SCHEMA)

    def close(self):
        self.db.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def sql(self, statement, values=()):
        return self.db.execute(statement, values).fetchall()

    def _now(self):
        return self.sql("SELECT strftime('%Y-%m-%dT%H:%M:%fZ','now')")[0][0]

    def add_session(self, session_id, texts=("hello",), project="project", **columns):
        """A session with a message for each text, from person and agent by turns; one transaction."""
        self.db.execute("BEGIN")
        row = {"id": session_id, "project": project, "first_message": texts[0] if texts else None,
               "started_at": "2026-01-01T00:00:00.000Z", "ended_at": "2026-01-01T01:00:00.000Z"} | columns
        self.db.execute(f"INSERT INTO sessions ({','.join(row)}) VALUES ({','.join('?' * len(row))})",
                        tuple(row.values()))
        self._append(session_id, texts)
        self.db.execute("COMMIT")

    def append(self, session_id, texts):
        """Adds messages to a session, as when a transcript grows."""
        self.db.execute("BEGIN")
        self._append(session_id, texts)
        self.db.execute("COMMIT")

    def _append(self, session_id, texts):
        first = self.sql("SELECT COALESCE(MAX(ordinal) + 1, 0) FROM messages WHERE session_id=?", (session_id,))[0][0]
        self.db.executemany(
            "INSERT INTO messages (session_id, ordinal, role, content, content_length, timestamp) VALUES (?,?,?,?,?,?)",
            [(session_id, first + i, "user" if (first + i) % 2 == 0 else "assistant", text, len(text),
              "2026-01-01T00:00:00.000Z") for i, text in enumerate(texts)])
        now = self._now()
        self.db.execute(
            "UPDATE sessions SET message_count=(SELECT COUNT(*) FROM messages WHERE session_id=id),"
            " user_message_count=(SELECT COUNT(*) FROM messages m WHERE m.session_id=sessions.id AND role='user'),"
            " transcript_revision=CAST(transcript_revision AS INTEGER)+1, file_hash=hex(randomblob(16)),"
            " local_modified_at=?, sync_marker=? WHERE id=?", (now, now, session_id))

    def add_many(self, count, texts=("hello", "world"), prefix="many"):
        """Many sessions in one transaction; @texts: what each session says, or a function of its number."""
        now = self._now()
        said = [texts(i) if callable(texts) else texts for i in range(count)]
        self.db.execute("BEGIN")
        self.db.executemany(
            "INSERT INTO sessions (id, project, first_message, message_count, file_hash, local_modified_at, sync_marker)"
            " VALUES (?, 'project', ?, ?, hex(randomblob(16)), ?, ?)",
            [(f"{prefix}-{i}", said[i][0], len(said[i]), now, now) for i in range(count)])
        self.db.executemany(
            "INSERT INTO messages (session_id, ordinal, role, content, content_length) VALUES (?,?,'user',?,?)",
            [(f"{prefix}-{i}", n, text, len(text)) for i in range(count) for n, text in enumerate(said[i])])
        self.db.execute("COMMIT")


def archive_rows(path, query, values=()):
    """Rows of an archive, read-only; none if there is no archive yet."""
    if not Path(path).exists():
        return []
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return db.execute(query, values).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise
    finally:
        db.close()


class PrivateBus:
    """A private dbus-daemon."""

    CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>
"""

    def __init__(self, folder):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "bus.conf"
        config.write_text(self.CONFIG.format(socket=folder / "bus"))
        self.address = f"unix:path={folder / 'bus'}"
        self.config, self.socket = config, folder / "bus"
        self.start()

    def start(self):
        """When started again, it has the same address."""
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(["dbus-daemon", f"--config-file={self.config}", "--nofork", "--print-address"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with self.process.stdout as told:  # it prints this once it listens: the socket exists earlier
            assert told.readline(), "the bus does not come up"

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class BusError(Exception):
    """An error answer to a call: its name and sentence."""

    def __init__(self, text):
        super().__init__(text)
        self.text = text


class Daemon:
    """scrubjayd as a service, with its own bus and notification socket."""

    def __init__(self, folder, bus=None, arguments=(), environment=None, source=None, archive=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.source = Path(source or self.folder / "agentsview" / "sessions.db")
        self.archive = Path(archive or self.folder / "archive" / "archive.db")
        self.bus = bus
        self.arguments = list(arguments)
        self.notifications = []
        self.log = ""
        self._lines = threading.Lock()
        self.process = None
        self.environment = clean_environment(self.folder) | (environment or {})
        if bus:
            self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.address

    def command(self):
        return [SCRUBJAYD, "--source", self.source, "--archive", self.archive, *self.arguments]

    def start(self, ready=True):
        path = self.folder / "notify"
        path.unlink(missing_ok=True)
        n_ready = self.notified("READY=1")  # from an earlier start
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.process = subprocess.Popen(self.command(), stderr=subprocess.PIPE,
                                        env=self.environment | {"NOTIFY_SOCKET": str(path)})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if ready:
            wait_for(lambda: self.notified("READY=1") > n_ready, "READY=1")
        return self

    def _read(self):
        """Collects notifications and the log until the daemon is gone."""
        stderr, open_fds = self.process.stderr.fileno(), 1
        while open_fds:
            for fd in select.select([stderr, self.socket], [], [])[0]:
                if fd == self.socket:
                    with self._lines:
                        self.notifications += self.socket.recv(65536).decode().split("\n")
                    continue
                data = os.read(stderr, 65536)
                open_fds = len(data)
                with self._lines:
                    self.log += data.decode(errors="replace")

    def notified(self, text):
        """How often a notification with this text arrived."""
        with self._lines:
            return sum(1 for line in self.notifications if text in line)

    def logged(self, text):
        with self._lines:
            return text in self.log

    def signal(self, number):
        os.kill(self.process.pid, number)

    def wait(self, timeout=30):
        status = self.process.wait(timeout)
        self._reader.join(timeout)
        return status

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.socket.close()

    def call(self, method, *arguments, interface=NAME, path=PATH, timeout=30):
        """A method call by busctl. Returns the list of results; raises BusError."""
        done = subprocess.run(["busctl", "--user", "--json=short", f"--timeout={timeout}", "call", NAME, path,
                               interface, method, *arguments], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise BusError(done.stderr.strip())
        return plain(json.loads(done.stdout)["data"]) if done.stdout.strip() else []

    def gdbus(self, method):
        """The same with gdbus, which shows the names of errors. Returns its output, and whether it succeeded."""
        done = subprocess.run(["gdbus", "call", "--session", "--timeout", "30", "--dest", NAME, "--object-path", PATH,
                               "--method", f"{NAME}.{method}"], env=self.environment, capture_output=True, text=True)
        return done.stdout + done.stderr, done.returncode == 0

    def status(self):
        return self.call("Status")[0]

    def run_once(self):
        """RunOnce: (synced, skipped, secrets, errors)."""
        return tuple(self.call("RunOnce"))

    def wait_idle(self):
        wait_for(lambda: not self.status()["Syncing"], "the cycle is done", 60)

    def rows(self, query, values=()):
        return archive_rows(self.archive, query, values)


class Monitor:
    """The signals on a bus, as gdbus prints them."""

    def __init__(self, daemon):
        self.process = subprocess.Popen(["gdbus", "monitor", "--session", "--dest", NAME], env=daemon.environment,
                                        stdout=subprocess.PIPE, text=True)
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_for(lambda: any("is owned by" in line for line in self.lines), "the monitor listens")

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def matching(self, pattern):
        return [line for line in list(self.lines) if re.search(pattern, line)]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def clean_environment(home):
    """An environment with only PATH from the caller's, and the rules of the sources."""
    environment = {"HOME": str(home), "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8",
                   "SCRUBJAY_MASK_RULESDIR": str(RULES)}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment


def run_once(source, archive, *arguments, environment=None, home=None):
    """scrubjayd --once. Returns (exit status, result or None, stderr)."""
    done = subprocess.run([SCRUBJAYD, "--once", "--source", source, "--archive", archive, *arguments],
                          env=clean_environment(home or Path(archive).parent) | (environment or {}),
                          capture_output=True, text=True, timeout=300)
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr


def plain(value):
    """busctl's JSON without the types of its variants."""
    if isinstance(value, dict):
        if set(value) == {"type", "data"}:
            return plain(value["data"])
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value
