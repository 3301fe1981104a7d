"""A headless Chromium: what a page of agentsview's web interface shows, as text and as a picture"""

import shutil
import subprocess
import tempfile

# Nothing but the page itself is asked for, and root may run it.
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,720",
           # the page's own clock: it has loaded what it shows by then
           "--virtual-time-budget=10000"]


class Browser:
    """With a profile of its own; a context manager."""

    def __enter__(self):
        self.program = shutil.which("chromium") or shutil.which("chromium-browser")
        assert self.program, "there is no Chromium: apt-get install chromium"
        self.profile = tempfile.TemporaryDirectory(prefix="scrubjay-browser-")
        return self

    def __exit__(self, *_):
        self.profile.cleanup()

    def _run(self, *arguments):
        command = [self.program, *OPTIONS, "--user-data-dir=" + self.profile.name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def page(self, url):
        """The page as it is once its scripts have run, as HTML."""
        return self._run("--dump-dom", url)

    def screenshot(self, url, path):
        self._run("--screenshot=" + path, url)
