"""A person at a session's terminal, who types the lines of our documents"""

import os
import select
import subprocess
import time


class Typed:
    """A line, from when it is typed to its end; a context manager. `editor` is the text for its editor."""

    def __init__(self, session, line, editor="", variables=""):
        with session.as_user():
            # where systemctl's comments say that it belongs
            # the file comes last: systemd 256 passes a line number as well
            (session.here / "editor").write_text("#!/bin/bash\nsed -i '/^### Anything between here/r '$HOME/drop-in \"${@: -1}\"\n")
            (session.here / "editor").chmod(0o755)
            (session.here / "drop-in").write_text(editor)
        commands, = [path.parent for path in session.installed.rglob("bin/scrubjayctl")]
        self.line = line
        # script(1) is the terminal
        self.process = subprocess.Popen(
            session.command("script", "-qefc", f"cd; stty -echo; export EDITOR=$HOME/editor PATH={commands}:$PATH {variables}; echo ready; {line}",
                            "/dev/null"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said, self.heard = b"", 0
        self.wait("ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def _read(self, seconds=180):
        """Returns whether there is more to come."""
        assert select.select([self.process.stdout], [], [], seconds)[0], f"nothing more comes of {self.line!r}: {self.said.decode()[-1000:]}"
        more = os.read(self.process.stdout.fileno(), 65536)
        self.said += more
        return bool(more)

    def wait(self, text):
        """Waits until it prints this."""
        end = time.monotonic() + 180
        while (at := self.said.find(text.encode(), self.heard)) < 0:
            assert self._read() and time.monotonic() < end, f"{self.line!r} does not say {text!r}: {self.said.decode()[-1000:]}"
        self.heard = at + len(text)

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self):
        """All that it printed; it must succeed."""
        while self._read():
            pass
        said = self.said.decode().replace("\r", "").partition("ready\n")[2]
        assert self.process.wait(60) == 0, f"{self.line!r}: {said}"
        return said


def typed(session, line, *answers, editor="", variables=""):
    """Types a whole line. Each answer is a prompt and what to type then, or only what to type at once."""
    with Typed(session, line, editor, variables) as terminal:
        for answer in answers:
            if isinstance(answer, tuple):
                terminal.wait(answer[0])
            terminal.type(answer[-1] if isinstance(answer, tuple) else answer)
        return terminal.end()
