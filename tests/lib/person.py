"""Somebody with a source, an archive and remotes."""

import subprocess
import time
from pathlib import Path

from scrubjay_test import BUILD, Daemon, Source, clean_environment, run_once

SCRUBJAYCTL = BUILD / "src" / "ctl" / "scrubjayctl"


class Person:
    def __init__(self, home, name, server, machine=None, settings=None, password=None, user_id=None):
        self.home = Path(home)
        self.server = server
        self.source = Source(self.home / "agentsview" / "sessions.db")
        self.archive = self.home / "archive" / "archive.db"
        self.config = self.home / ".config" / "scrubjay"
        self.config.mkdir(parents=True)
        self.identity = {"UserId": user_id or f"{name}@example.org", "UserName": name.title(), "OrgId": "acme"}
        if machine:
            self.identity["Machine"] = machine
        self.remotes = {"team": {"URL": server.url()} | (settings or {})}
        self.password = password or server.password
        self.daemon = None
        self.write_settings()

    def write_settings(self):
        lines = ["[Identity]"] + [f"{key}={value}" for key, value in self.identity.items()]
        for name, keys in self.remotes.items():
            lines += [f"[Remote {name}]"] + [f"{key}={value}" for key, value in keys.items()]
            file = self.config / f"remote-{name}-password"
            file.write_text(self.password + "\n")
            file.chmod(0o600)
        (self.config / "scrubjay.conf").write_text("\n".join(lines) + "\n")

    def set(self, remote="team", **keys):
        self.remotes.setdefault(remote, {}).update(keys)
        self.write_settings()

    def once(self, **environment):
        """One cycle and one delivery. Returns (exit status, result, stderr)."""
        return run_once(self.source.path, self.archive, environment=environment, home=self.home)

    def deliver(self, **environment):
        """The same; it must succeed. Returns the result of the remote "team"."""
        status, result, stderr = self.once(**environment)
        assert status == 0, (result, stderr)
        assert result["remotes"]["team"]["error"] == ""
        return result["remotes"]["team"]

    def fail(self):
        """The same; it must fail. Returns the error."""
        status, result, _ = self.once()
        assert status == 1
        error = result["remotes"]["team"]["error"]
        assert error and self.password not in error
        return error

    def deliver_at_last(self):
        """The same, repeated until it succeeds: each try may fail."""
        for _ in range(60):  # a server that was killed takes a while to start
            if self.once()[0] == 0:
                return
            time.sleep(0.2)
        raise AssertionError("it never succeeded")

    def ctl(self, *arguments, **environment):
        done = subprocess.run([SCRUBJAYCTL, *arguments], capture_output=True, text=True, timeout=60,
                              env=clean_environment(self.home) | {"SCRUBJAY_ARCHIVE_PATH": str(self.archive)} | environment)
        return done.returncode, done.stdout, done.stderr

    def start(self, bus, **environment):
        self.daemon = Daemon(self.home, bus, source=self.source.path, archive=self.archive,
                             environment={"SCRUBJAY_SYNC_QUIETTIME": "20ms"} | environment).start()
        return self.daemon

    def settle(self):
        """Waits until the daemon has delivered what the source holds."""
        self.daemon.run_once()
        assert self.daemon.call("Deliver") == [{}]

    def remote(self):
        """What the daemon says about it: name, URL, last delivery, behind, error."""
        return self.daemon.status()["Remotes"][0]

    def assert_equal(self, **choice):
        self.server.assert_equal(self.archive, **choice)

    def close(self):
        if self.daemon:
            self.daemon.stop()
        self.source.close()
