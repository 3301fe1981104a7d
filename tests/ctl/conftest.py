"""scrubjayctl as a person has it: a home folder, an archive with the real schema, a terminal"""

import os
import pty
import sqlite3
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from fixtures import bus  # noqa: E402,F401
from scrubjay_test import BUILD, RULES, Daemon, Source  # noqa: E402

SCRUBJAYCTL = BUILD / "src" / "ctl" / "scrubjayctl"
MAKE_ARCHIVE = BUILD / "tests" / "ctl" / "archive-schema"

SESSION = "0199a1b2-aaaa-4444-8888-000000000001"
OTHER = "0199a1b2-bbbb-4444-8888-000000000002"
CODEX = "codex:0199ffff"
EVIL = "before \x1b]0;owned\x07\x1b[31m \x9b31m \x7f \u202e after"

SAMPLE = """
INSERT OR REPLACE INTO meta (key, value) VALUES ('policy', 77), ('total_synced', 9), ('total_masked', 5),
    ('last_synced_at', '2026-03-01T10:00:00.000Z'), ('sync_version', 3), ('change_seq', 3);
INSERT INTO sessions (id, project, project_path, cwd, agent_type, started_at, ended_at, message_count,
    user_message_count, first_message, git_branch, source_created_at, change_seq) VALUES
    (:a, 'web', '/srv/web', '/srv/web', 'claude', '2026-02-22T08:00:00.000Z', '2026-02-22T10:00:00.000Z', 2, 1,
     'Deploy with [REDACTED:aws-access-key] please', 'main', '2026-02-22T08:00:00.000Z', 1),
    (:b, 'web', '/srv/web', '/srv/web', 'codex', '2026-02-23T00:00:00.000Z', NULL, 1, 1, :evil, NULL, NULL, 2),
    (:c, 'tools', '/srv/tools', '/srv/tools', 'codex', '2026-02-20T00:00:00.000Z', NULL, 0, 0, 'an old one', NULL, NULL, 3);
INSERT INTO cursors (session_id, fingerprint, policy, last_ordinal, file_hash) VALUES
    (:a, 1, 77, 4, 'h1'), (:b, 2, 77, 0, 'h2'), (:c, 3, 77, 0, NULL);
INSERT INTO session_stars (session_id, user_id, created_at) VALUES (:c, 'me', NULL);
INSERT INTO messages (session_id, ordinal, role, content, thinking_text, model, timestamp, has_tool_use, fingerprint,
    change_seq) VALUES
    (:a, 0, 'user', 'Deploy with [REDACTED:aws-access-key] please', NULL, NULL, '2026-02-22T08:00:00.000Z', 0, 1, 1),
    (:a, 4, 'assistant', 'It is deployed.', 'Careful now', 'model-x', '2026-02-22T08:01:00.000Z', 1, 2, 1),
    (:b, 0, 'user', :evil, NULL, NULL, '2026-02-23T00:00:00.000Z', 0, 3, 2);
INSERT INTO tool_calls (session_id, message_ordinal, call_index, tool_use_id, tool_name, tool_category, input_json) VALUES
    (:a, 4, 0, 't1', 'Bash', 'Bash', '{"command":"make deploy","description":"x"}');
INSERT INTO tool_result_events (session_id, message_ordinal, call_index, event_index, tool_use_id, content) VALUES
    (:a, 4, 0, 0, 't1', 'token [REDACTED:jwt]');
INSERT INTO git_links (session_id, user_id, message_ordinal, commit_sha, pr_url, link_type, confidence) VALUES
    (:a, 'me', 4, 'abc1234', '', 'commit', 'high');
INSERT INTO findings (session_id, ordinal, field, rule, fingerprint, found_at) VALUES
    (:a, 0, 'content', 'aws-access-key', 4611686018427387904, '2026-02-22T08:00:00.000Z'),
    (:a, NULL, 'first_message', 'aws-access-key', 4611686018427387904, '2026-02-22T08:00:00.000Z'),
    (:a, 4, 'tool_result_events/0/0/content', 'jwt', -2, '2026-02-23T01:00:00.000Z');
"""


def columns(text):
    """Of a terminal: wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@dataclass
class Outcome:
    code: int
    out: str
    err: str


class Ctl:
    """Runs scrubjayctl; the archive is the one of the settings' default place."""

    def __init__(self, home):
        self.home = Path(home)
        self.archive = self.home / ".local" / "share" / "scrubjay" / "archive.db"
        self.environ = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "XDG_RUNTIME_DIR": str(self.home / "no-runtime-folder"), "SCRUBJAY_MASK_RULESDIR": str(RULES),
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environ[name] = os.environ[name]

    def make_archive(self, sql=SAMPLE):
        self.archive.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        subprocess.run([MAKE_ARCHIVE, self.archive], check=True)
        self.write(sql)

    def write(self, sql):
        """Runs SQL with the sample's names; text with control characters is bound as a parameter."""
        db = sqlite3.connect(self.archive)
        names = {"a": SESSION, "b": OTHER, "c": CODEX, "evil": EVIL}
        for statement in filter(str.strip, sql.split(";\n")):
            used = {name: value for name, value in names.items() if ":" + name in statement}
            db.execute(statement, used)
        db.commit()
        db.close()

    def run(self, *arguments, code=0, stdin=None, **environ):
        done = subprocess.run([SCRUBJAYCTL, *map(str, arguments)], env=self.environ | environ, input=stdin,
                              capture_output=True, text=True, errors="surrogateescape", timeout=60, cwd=self.home)
        assert done.returncode == code, f"exit status {done.returncode}, not {code}: {done.stdout}{done.stderr}"
        return Outcome(done.returncode, done.stdout, done.stderr)

    def on_terminal(self, *arguments, code=0, **environ):
        """What a person sees: standard output and error are a terminal of 100 columns, the pager is cat."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([SCRUBJAYCTL, *map(str, arguments)], stdin=follower, stdout=follower, stderr=follower,
                                   env=self.environ | {"TERM": "xterm", "COLUMNS": "100", "PAGER": "cat"} | environ,
                                   cwd=self.home, start_new_session=True)
        os.close(follower)
        seen = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:     # EIO: the last one who had it open is gone
                break
            if not part:
                break
            seen += part
        os.close(leader)
        assert process.wait(60) == code, seen
        return seen.decode(errors="surrogateescape").replace("\r\n", "\n")


@pytest.fixture
def ctl(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return Ctl(home)


@pytest.fixture
def sample(ctl):
    ctl.make_archive()
    return ctl


@pytest.fixture
def source(tmp_path):
    source = Source(tmp_path / "home" / ".agentsview" / "sessions.db")
    yield source
    source.close()


@pytest.fixture
def daemon(ctl, bus, source):
    """Running, on a bus that ctl knows, with the archive at its default path; its first cycle is done."""
    daemon = Daemon(ctl.home, bus, source=source.path, archive=ctl.archive)
    ctl.environ["DBUS_SESSION_BUS_ADDRESS"] = bus.address
    daemon.start()
    daemon.wait_idle()
    yield daemon
    daemon.stop()
