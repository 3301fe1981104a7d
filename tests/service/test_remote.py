"""A remote from within the sandbox: closed by default, opened by the drop-in that docs/team-server.md shows"""

import re
from pathlib import Path

import pytest

from clickhouse import PASSWORD, Server, assert_equal
from scrubjay_test import wait_for

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "team-server.md"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("clickhouse"))
    yield server
    server.stop()


def drop_in():
    """The guide's drop-in, as a person copies it."""
    found = re.findall(r"^```ini\n(\[Service\]\n.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return found[0]


def remote(session):
    """Name, URL, last delivery, behind, error."""
    entry, = session.status()["Remotes"]
    return entry


def test_the_guide_s_drop_in_opens_the_sandbox(session, server):
    server.new_database()
    session.configure(f"[Identity]\nUserId=ann@example.org\nUserName=Ann\n[Remote team]\nURL={server.url()}\n")
    with session.as_user():
        password = session.here / ".config/scrubjay/remote-team-password"
        password.write_text(PASSWORD + "\n")
        password.chmod(0o600)
    with session.source() as source:
        source.add_session("s1", ["one", "two"])
        session.systemctl("enable", "--now", "scrubjay.service")
        wait_for(lambda: remote(session)[4] != "", "it cannot get out", 20)
        assert "sandbox" in remote(session)[4] and "scrubjay/team-server.md'" in remote(session)[4]
        assert PASSWORD not in remote(session)[4]

        session.drop_in(drop_in())
        session.systemctl("restart", "scrubjay.service")
        session.call("RunOnce")
        assert session.call("Deliver") == [{}]
        assert remote(session)[2] > 0 and remote(session)[3:] == [0, ""]
        with session.as_user():
            assert_equal(server, session.archive)

        # the drop-in opened only the network, and the rest of the sandbox still works
        assert session.show("PrivateUsers") == "yes" and session.show("NRestarts") == "0"
        assert "no-user-namespaces" not in session.show("DropInPaths")

        # the password is a credential: the file may be deleted once the service has started
        password.unlink()
        source.append("s1", ["three"])
        session.call("RunOnce")
        assert session.call("Deliver") == [{}]
        assert server.query("SELECT count() FROM messages FINAL") == [["3"]]
        with session.as_user():
            assert_equal(server, session.archive)
