"""Where the benchmarks run: databases that are made once, the programs that run on them, and what they cost

Everything big lies on tmpfs: on a disk the same run varies by a factor of two.
"""

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import corpus  # noqa: E402
from scrubjay_test import BUILD, RULES, SCHEMA, SCRUBJAYD, SOURCES, Source, clean_environment  # noqa: E402

# The indexes of agentsview's that find the rows of a session.
INDEXES = """
CREATE INDEX idx_tool_calls_session ON tool_calls(session_id);
CREATE INDEX idx_tool_calls_message ON tool_calls(message_id);
CREATE INDEX idx_tool_result_events_call
    ON tool_result_events(session_id, tool_call_message_ordinal, call_index, event_index);
CREATE INDEX idx_pinned_session ON pinned_messages(session_id);
"""
TOOLS = BUILD / "tests" / "bench"


class TookTooLong(RuntimeError):
    """A command was stopped at its limit."""


class Lab:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment = clean_environment(self.folder) | {
            "SCRUBJAY_IDENTITY_USERID": "dev@example.net", "SCRUBJAY_IDENTITY_USERNAME": "Dev"}
        self.facts = {}

    def path(self, name):
        return self.folder / name

    def source(self, shape, count):
        """A database of this shape; made at the first request."""
        path = self.path(f"{shape}-{count}.db")
        if path not in self.facts:
            self.remove(path)
            db = sqlite3.connect(path, isolation_level=None)
            db.executescript(SCHEMA + INDEXES)
            db.close()
            done = subprocess.run([TOOLS / "make-source", path, shape, str(count), *corpus.write(self.folder)],
                                  capture_output=True, text=True, check=True)
            self.facts[path] = json.loads(done.stdout) | {"file_bytes": path.stat().st_size}
        return path

    def made(self, name, fill):
        """A database that a function fills."""
        path = self.path(f"{name}.db")
        self.remove(path)
        with Source(path) as source:
            source.db.executescript(INDEXES)
            fill(source)
        return path

    def text_bytes(self, source):
        return self.facts[source]["text_bytes"]

    def remove(self, path):
        """Removes a database, with what SQLite and scrubjay keep beside it."""
        for ending in ("", "-wal", "-shm", ".lock", "-search", "-search-wal", "-search-shm"):
            Path(f"{path}{ending}").unlink(missing_ok=True)
        self.facts.pop(Path(path), None)

    def steps(self, source, archive, *steps, count=False):
        """Runs engine-bench; returns the cost of each step."""
        command = [TOOLS / "engine-bench", *(["--count"] if count else []), source, archive, RULES, *steps]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"engine-bench {' '.join(steps)}: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def measure(self, *command, environment=None, given=os.devnull, fine=(0,), most_seconds=None):
        """What a command cost. Its figures, and what it printed ("stdout"). It reads the file given; these statuses are fine. No
        process of it may take more seconds of CPU."""
        result = self.path("measured.json")

        def bound():
            if most_seconds:
                resource.setrlimit(resource.RLIMIT_CPU, (most_seconds, most_seconds))

        with open(given, "rb") as stdin:
            done = subprocess.run([TOOLS / "measure", result, *command], env=environment or self.environment, stdin=stdin,
                                  capture_output=True, text=True, errors="replace", preexec_fn=bound)
        if most_seconds and json.loads(result.read_text())["user_usec"] + 1e6 > most_seconds * 1e6:
            raise TookTooLong(f"more than {most_seconds} s of CPU")
        if done.returncode not in fine:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()}")
        figures = json.loads(result.read_text())
        figures["cpu_usec"] = figures["user_usec"] + figures["system_usec"]
        figures["stdout"] = done.stdout
        return figures

    def once(self, source, archive):
        return self.measure(SCRUBJAYD, "--once", "--source", source, "--archive", archive)

    def clean(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def machine():
    """The processor, the number of cores, memory and SQLite: figures mean nothing without them."""
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), os.uname().machine)
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    return f"{cpu}, {os.cpu_count()} processors, {memory:.0f} GiB, SQLite {sqlite3.sqlite_version}"
