"""README's lines for a team's server, typed as they stand there"""

import re
import shlex
from pathlib import Path

import pytest
from clickhouse import PASSWORD, Server, assert_equal
from scrubjay_test import wait_for

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


def typed(session, line, text, editor):
    """A line on a terminal; with what a person types then, and an editor that writes what is given."""
    with session.as_user():
        (session.here / "typed").write_text(text)
        # where systemctl's comments say that it belongs
        # the file comes last: systemd 256 tells the line, too
        (session.here / "editor").write_text("#!/bin/bash\nsed -i '/^### Anything between here/r '$HOME/drop-in \"${@: -1}\"\n")
        (session.here / "editor").chmod(0o755)
        (session.here / "drop-in").write_text(editor)
    commands, = [path.parent for path in session.installed.rglob("bin/scrubjayctl")]
    script = f"cd; stty -echo; export EDITOR=$HOME/editor PATH={commands}:$PATH; {line}"
    # script(1) is the terminal; the typed text ends with Ctrl-D
    inner = f"(sleep 1; cat ~/typed; printf '\\004'; sleep 1) | script -qefc {shlex.quote(script)} /dev/null"
    return session.run("bash", "-c", inner).stdout


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
            said[line] = typed(session, real, PASSWORD + "\n" if "cat >" in line else "", editor)
        preview, = [text.replace("\r", "") for line, text in said.items() if "preview" in line]
        assert re.search(r"^\s*s1 +project +goes", preview, re.MULTILINE) and PASSWORD not in preview
        session.call("RunOnce")
        assert session.call("Deliver") == [{}]
        with session.as_user():
            assert_equal(server, session.archive)
        mode = (session.here / ".config/scrubjay/remote-team-password").stat().st_mode & 0o777
        assert mode == 0o600
    session.systemctl("revert", "scrubjay.service")
