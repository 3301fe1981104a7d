"""[Mask] Notify=yes: what the desktop shows, when, and to whom."""

import subprocess
import threading

import pytest
from languages import speaking
from scrubjay_test import BUILD, github_token, wait_for

WANTED = {"SCRUBJAY_MASK_NOTIFY": "yes", "SCRUBJAY_SYNC_QUIETTIME": "20ms"}


class NotificationServer:
    """A server that shows notifications; its lines are (summary, body)."""

    def __init__(self, environment):
        self.process = subprocess.Popen([BUILD / "tests/bus/notification-server"], env=environment,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        self.shown = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.shown.append(tuple(line.rstrip("\n").split("\t")))

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def desktop(make_daemon):
    """A daemon with Notify=yes, not started yet; and the notification server."""
    daemon = make_daemon(start=False, environment=WANTED)
    server = NotificationServer(daemon.environment)
    yield daemon, server
    server.stop()


def said(source, session, *texts):
    """Appends messages with the current time."""
    source.append(session, texts)
    source.sql("UPDATE messages SET timestamp=strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE timestamp LIKE '2026-01-01%'")


def archived(daemon, session, count):
    wait_for(lambda: daemon.rows("SELECT COUNT(*) FROM messages WHERE session_id=?", (session,)) == [(count,)],
             "the messages are archived")


def test_a_pasted_credential_is_announced_once(desktop, source):
    daemon, server = desktop
    source.add_session("old", [f"token {github_token(1)}"], project="jay & <b>")
    daemon.start().wait_idle()
    assert daemon.status()["TotalSecretsDetected"] >= 1
    said(source, "old", "hello", f"use {github_token(2)}")
    shown = wait_for(lambda: server.shown, "the notification")
    said(source, "old", f"again {github_token(2)}", f"and the old one {github_token(1)}")
    archived(daemon, "old", 5)
    daemon.call("ForceResync")
    daemon.run_once()
    said(source, "old", f"{github_token(3)} and {github_token(4)}")
    wait_for(lambda: len(server.shown) >= 2, "the next one")
    first, second = shown[0], server.shown[1]
    assert first[0].startswith("Credential pasted: GitHub ") and "," not in first[0]
    assert first[1] == "It was just pasted into a session of project jay &amp; &lt;b&gt;. Rotate it."
    assert second[1].startswith("They were just pasted") and second[0].startswith("Credentials pasted: ")
    assert len(server.shown) == 2
    assert not any(github_token(n) in str(server.shown) + daemon.log for n in (1, 2, 3, 4))


def test_nothing_is_announced_unless_wanted(make_daemon, source):
    daemon = make_daemon(start=False, environment={"SCRUBJAY_SYNC_QUIETTIME": "20ms"})
    server = NotificationServer(daemon.environment)
    source.add_session("one")
    daemon.start().wait_idle()
    said(source, "one", f"use {github_token(1)}")
    archived(daemon, "one", 2)
    daemon.run_once()
    assert server.shown == []
    server.stop()


def test_without_a_notification_service_it_is_silent(make_daemon, source):
    daemon = make_daemon(environment=WANTED)
    source.add_session("one")
    daemon.wait_idle()
    said(source, "one", f"use {github_token(1)}")
    archived(daemon, "one", 2)
    daemon.run_once()
    assert daemon.status()["LastError"] == "" and "org.freedesktop" not in daemon.log


def test_it_speaks_the_language_of_the_person(make_daemon, source):
    daemon = make_daemon(start=False, environment=WANTED | speaking("de"))
    server = NotificationServer(daemon.environment)
    source.add_session("one")
    daemon.start().wait_idle()
    said(source, "one", f"use {github_token(1)}")
    wait_for(lambda: server.shown, "the notification")
    assert "eingefügt" in server.shown[0][1]
    server.stop()
