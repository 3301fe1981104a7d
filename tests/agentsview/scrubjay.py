"""scrubjayd as a person has it: a home folder, settings, an archive; run once or as a service"""

import json
import os
import sqlite3
import subprocess
import time
from dataclasses import dataclass

import pytest
import scrubjay_test
from scrubjay_test import BusError, PrivateBus, wait_for


def find_program(name):
    """An installed program: SCRUBJAY_PREFIX says where (tools/test sets it)."""
    prefix = os.environ.get("SCRUBJAY_PREFIX")
    assert prefix, "SCRUBJAY_PREFIX is not set: run tools/test, or set it to the prefix of an installed build"
    program = os.path.join(prefix, "bin", name)
    assert os.access(program, os.X_OK), "%s is not there: meson install first" % program
    return program


@dataclass
class Outcome:
    code: int
    stdout: str
    stderr: str

    @property
    def result(self):
        return json.loads(self.stdout)

    @property
    def said(self):
        """Everything that a person reads."""
        return self.stdout + self.stderr


class Scrubjay:
    def __init__(self, home, source):
        self.home = str(home)
        self.source = str(source)
        self.archive = os.path.join(self.home, ".local", "share", "scrubjay", "archive.db")
        self.settings = os.path.join(self.home, ".config", "scrubjay", "scrubjay.conf")
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": self.home,
            "AGENTSVIEW_DATA_DIR": os.path.dirname(self.source),
            "LC_ALL": "C.UTF-8",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environ[name] = os.environ[name]
        self.said = []

    def configure(self, text):
        os.makedirs(os.path.dirname(self.settings), exist_ok=True)
        with open(self.settings, "w") as f:
            f.write(text)

    def run(self, *arguments, program="scrubjayd", stdin=None):
        done = subprocess.run([find_program(program), *arguments], env=self.environ, cwd=self.home, input=stdin,
                              capture_output=True, text=True, timeout=120)
        self.said.append(done.stdout + done.stderr)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def once(self, *arguments, code=0):
        """One cycle; fails if it ends with another exit code."""
        outcome = self.run("--once", *arguments)
        assert outcome.code == code, "exit code %d, not %d:\n%s" % (outcome.code, code, outcome.said)
        return outcome

    def sync(self, *arguments):
        """One cycle that must succeed; returns its result."""
        result = self.once(*arguments).result
        assert result["errors"] == {}
        return result

    def query(self, sql, *arguments):
        db = sqlite3.connect("file:%s?mode=ro" % self.archive, uri=True)
        db.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in db.execute(sql, arguments)]
        finally:
            db.close()

    def value(self, sql, *arguments):
        (row,) = self.query(sql, *arguments)
        (value,) = row.values()
        return value

    def change_seq(self):
        return int(self.value("SELECT value FROM meta WHERE key = 'change_seq'"))

    def files(self):
        """Every file that scrubjay may have written, as bytes."""
        found = {}
        for top in (os.path.dirname(self.archive), os.path.join(self.home, ".local", "state"),
                    os.path.join(self.home, ".cache"), os.path.dirname(self.settings)):
            for folder, _, names in os.walk(top):
                for name in names:
                    path = os.path.join(folder, name)
                    with open(path, "rb") as f:
                        found[path] = f.read()
        return found

    def everything(self):
        """All text that scrubjay has made: files, each value of the archive, and all output."""
        yield from self.files().items()
        for table in self.query("SELECT name FROM sqlite_schema WHERE type = 'table'"):
            for row in self.query('SELECT * FROM "%s"' % table["name"]):
                for column, value in row.items():
                    if isinstance(value, (str, bytes)):
                        yield "%s.%s" % (table["name"], column), value.encode() if isinstance(value, str) else value
        yield "what it said", "".join(self.said).encode()

    def daemon(self, *arguments):
        return Daemon(self, arguments)


class Daemon(scrubjay_test.Daemon):
    """The installed scrubjayd as a service on its own bus; a context manager that waits until it is ready."""

    def __init__(self, scrubjay, arguments=()):
        super().__init__(scrubjay.home, PrivateBus(os.path.join(scrubjay.home, "bus")), arguments,
                         source=scrubjay.source, archive=scrubjay.archive)
        self.scrubjay = scrubjay
        self.environment = dict(scrubjay.environ, DBUS_SESSION_BUS_ADDRESS=self.bus.address)

    def command(self):
        return [find_program("scrubjayd"), *self.arguments]

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.code = self.stop()
        self.bus.stop()
        self.scrubjay.said.append(self.log)

    def failure(self, method):
        """The error of a method that fails."""
        with pytest.raises(BusError) as error:
            self.call(method)
        return error.value.text

    def wait_row(self, sql, *arguments):
        """Waits until this query of the archive returns a row; returns the time of that (time.monotonic())."""
        def there():
            try:
                return self.scrubjay.query(sql, *arguments)
            except sqlite3.OperationalError:    # not created yet
                return None
        wait_for(there, sql)
        return time.monotonic()
