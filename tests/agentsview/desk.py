"""A person's home: two projects with sessions, agentsview, scrubjay"""

import os

from scrubjay import Scrubjay
from transcripts import Transcript, make_repository
from viewer import Viewer

GITCONFIG = "[user]\n\temail = ada@example.com\n\tname = Ada\n"


class Desk:
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
        """From now on the archive is sent to this server, to its own database there."""
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
