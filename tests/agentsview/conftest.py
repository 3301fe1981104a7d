"""Fixtures: a home folder with agentsview and scrubjay side by side in it"""

import os
import sys

import pytest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), folder) for folder in ("", "../lib")]

from clickhouse import Server               # noqa: E402
from planted import EVERY, one_of_each      # noqa: E402
from scrubjay import Scrubjay               # noqa: E402
from transcripts import Transcript, make_repository     # noqa: E402
from viewer import Viewer                   # noqa: E402

GITCONFIG = "[user]\n\temail = ada@example.com\n\tname = Ada\n"


class Desk:
    """A person's home: two projects with sessions, agentsview, scrubjay."""

    def __init__(self, home):
        self.home = str(home)
        with open(os.path.join(self.home, ".gitconfig"), "w") as f:
            f.write(GITCONFIG)
        self.projects = [
            make_repository(os.path.join(self.home, "src", "alpha"), "git@github.com:acme/alpha.git"),
            make_repository(os.path.join(self.home, "src", "beta"), "https://gitlab.example.com/team/beta.git"),
        ]
        self.viewer = Viewer(self.home)
        self.scrubjay = Scrubjay(self.home, self.viewer.database)
        self.transcripts = []
        self.server = None

    def share(self, server):
        """From now on the archive goes to this server, in a database of its own."""
        server.new_database()
        self.server = server
        self.scrubjay.configure("[Remote team]\nURL=%s\n" % server.url())
        password = os.path.join(os.path.dirname(self.scrubjay.settings), "remote-team-password")
        with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(server.password)

    def transcript(self, project=0):
        transcript = Transcript(self.home, self.projects[project], seed=len(self.transcripts))
        self.transcripts.append(transcript)
        return transcript

    @property
    def planted(self):
        return [secret for transcript in self.transcripts for secret in transcript.planted]


@pytest.fixture
def empty_desk(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return Desk(home)


@pytest.fixture
def desk(empty_desk):
    """Four sessions, every kind of secret in each of the first two, read by agentsview; scrubjay has not run yet."""
    for n in range(4):
        secrets = one_of_each(seed=n, makers=EVERY) if n < 2 else []
        empty_desk.transcript(project=n % 2).rounds(6, secrets).save()
    empty_desk.viewer.sync()
    return empty_desk


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A real ClickHouse."""
    server = Server(tmp_path_factory.mktemp("clickhouse"))
    yield server
    server.stop()
