"""The real agentsview, run offline in its own home folder"""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import urllib.error
import urllib.request

from scrubjay_test import wait_for


def find_program():
    """The agentsview binary itself, not its Python wrapper (which would get the signals)."""
    command = os.environ.get("AGENTSVIEW") or shutil.which("agentsview")
    assert command, "agentsview is not installed: run tools/test, or set AGENTSVIEW to the program"
    with open(command, "rb") as f:
        if f.read(4) == b"\x7fELF":
            return command
    python = os.path.join(os.path.dirname(command), "python3")
    where = "import agentsview, os; print(os.path.join(os.path.dirname(agentsview.__file__), 'bin', 'agentsview'))"
    program = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
    return program


class Viewer:
    def __init__(self, home, folder=None, program=None):
        self.home = str(home)
        self.folder = str(folder or os.path.join(self.home, ".agentsview"))
        self.database = os.path.join(self.folder, "sessions.db")
        self.program = program or find_program()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": self.home,
            "AGENTSVIEW_DATA_DIR": self.folder,
            "AGENTSVIEW_TELEMETRY_ENABLED": "0",
            "AGENTSVIEW_DISABLE_UPDATE_CHECK": "1",
            "LC_ALL": "C.UTF-8",
        }

    def sync(self, full=False):
        """Runs the command that reads the transcripts; it ends when everything is committed."""
        self.run("sync", *(["--full"] if full else []))

    def run(self, *arguments):
        command = [self.program, *arguments]
        environ = dict(self.environ, AGENTSVIEW_NO_DAEMON="1")
        done = subprocess.run(command, env=environ, cwd=self.home, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    def query(self, sql, *arguments):
        """Rows as dicts, from a connection that is closed at once."""
        db = sqlite3.connect("file:%s?mode=ro" % self.database, uri=True)
        db.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in db.execute(sql, arguments)]
        finally:
            db.close()

    def serve(self):
        return Server(self)


class Server:
    """`agentsview serve` on loopback; a context manager. A person's click is a call of its HTTP interface."""

    name = "serve"
    options = ("--no-sync", "--no-browser", "--no-update-check")
    starts_within = 30
    says = r"listening at (http://127\.0\.0\.1:\d+)"

    def __init__(self, viewer, **environ):
        self.viewer = viewer
        self.environ = viewer.environ | environ

    def __enter__(self):
        self.log = os.path.join(self.viewer.home, self.name.replace(" ", "-") + ".log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([self.viewer.program, *self.name.split(), *self.options, "--port", "0"],
                                            env=self.environ, cwd=self.viewer.home, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        try:
            self.url = wait_for(self._url, f"agentsview {self.name} to listen", self.starts_within)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _url(self):
        with open(self.log) as f:
            text = f.read()
        assert self.process.poll() is None, text
        found = re.search(self.says, text)
        return found and found.group(1)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + "/api/v1/" + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Origin": self.url})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as reply:
            return reply.read()

    def get(self, path):
        """What its web interface reads."""
        return json.loads(self._call("GET", path))

    def rename(self, session, name):
        self._call("PATCH", "sessions/%s/rename" % session, {"display_name": name})

    def star(self, session):
        self._call("PUT", "sessions/%s/star" % session)

    def unstar(self, session):
        self._call("DELETE", "sessions/%s/star" % session)

    def pin(self, session, ordinal, note):
        self._call("POST", "sessions/%s/messages/%d/pin" % (session, self._row(session, ordinal)), {"note": note})

    def unpin(self, session, ordinal):
        self._call("DELETE", "sessions/%s/messages/%d/pin" % (session, self._row(session, ordinal)))

    def _row(self, session, ordinal):
        sql = "SELECT id FROM messages WHERE session_id = ? AND ordinal = ?"
        return self.viewer.query(sql, session, ordinal)[0]["id"]

    def trash(self, session):
        self._call("DELETE", "sessions/" + session)

    def restore(self, session):
        self._call("POST", "sessions/%s/restore" % session)

    def delete_for_good(self, session):
        self.trash(session)
        self._call("DELETE", "sessions/%s/permanent" % session)
