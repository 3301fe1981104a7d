"""README's lines for a team's server, typed as they are"""

import re
from pathlib import Path

import pytest
from clickhouse import PASSWORD, Server, assert_equal
from scrubjay_test import wait_for
from terminal import typed

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("clickhouse"))
    yield server
    server.stop()


def blocks():
    """The commands, and what is typed into the editor."""
    section = re.search(r"^## A team's server\n(.*?)^## ", README, re.MULTILINE | re.DOTALL).group(1)
    found = [re.sub("^    ", "", block, flags=re.MULTILINE) for block in re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)]
    commands, editor = found
    return commands.splitlines(), editor


def test_a_team_s_server_as_typed(session, server):
    server.new_database()
    commands, editor = blocks()
    with session.source() as source:
        source.add_session("s1", ["one", "two"])
        session.systemctl("enable", "--now", "scrubjay.service")
        wait_for(lambda: session.status()["LastSyncAt"] > 0, "the first cycle", 30)
        said = {}
        for line in commands:
            real = re.sub(r"URL=\S+sessions", "URL=" + server.url(), line)
            said[line] = typed(session, real, *([PASSWORD + "\n\x04"] if "cat >" in line else []), editor=editor)
        preview, = [text for line, text in said.items() if "preview" in line]
        assert re.search(r"^\s*s1 +project +will be sent", preview, re.MULTILINE) and PASSWORD not in preview
        session.call("RunOnce")
        assert session.call("Deliver") == [{}]
        with session.as_user():
            assert_equal(server, session.archive)
        mode = (session.here / ".config/scrubjay/remote-team-password").stat().st_mode & 0o777
        assert mode == 0o600
    session.systemctl("revert", "scrubjay.service")
