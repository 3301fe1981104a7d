"""A headless Chromium: what a page shows, as text and as a picture; or a page that stays open and is clicked"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from scrubjay_test import wait_for

# Nothing but the page itself is requested, and root may run it.
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,720",
           "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
PATIENCE = 600  # seconds for a page; on a busy machine, one of 5 MB took more than 90


class Browser:
    """Loads a page, shows it, and ends; a context manager, with its own profile."""

    def __enter__(self):
        self.program = shutil.which("chromium") or shutil.which("chromium-browser")
        assert self.program, "there is no Chromium: apt-get install chromium"
        self.profile = tempfile.TemporaryDirectory(prefix="scrubjay-browser-", ignore_cleanup_errors=True)
        return self

    def __exit__(self, *_):
        self.profile.cleanup()

    def _run(self, *arguments):
        # the page's own clock: it has loaded what it shows by then
        command = [self.program, *OPTIONS, "--virtual-time-budget=10000", "--user-data-dir=" + self.profile.name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def page(self, url):
        """The page as it is after its scripts have run, as HTML."""
        return self._run("--dump-dom", url)

    def screenshot(self, url, path):
        self._run("--screenshot=" + path, url)


class OpenPage(Browser):
    """A page that stays open. It takes commands through a pipe, in the DevTools protocol."""

    def __enter__(self):
        super().__enter__()
        its_in, self.out = self._pipe()
        self.answers, its_out = self._pipe()
        # it reads from 3 and writes to 4; our descriptors are above both
        self.process = subprocess.Popen(["bash", "-c", f'exec "$@" 3<&{its_in} 4>&{its_out} {its_in}<&- {its_out}>&-', "bash", self.program, *OPTIONS,
                                         "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "about:blank"],
                                        pass_fds=(its_in, its_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(its_in)
        os.close(its_out)
        self.waiting, self.n_commands, self.session = b"", 0, None
        try:
            page = wait_for(self._find_page, "the browser has a page", PATIENCE)
            self.session = self._do("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
            self._do("Page.enable")
            self._do("Emulation.setDeviceMetricsOverride", width=1280, height=720, deviceScaleFactor=1, mobile=False)
        except BaseException:
            self.__exit__()
            raise
        return self

    @staticmethod
    def _pipe():
        ends = os.pipe()
        above = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
        for end in ends:
            os.close(end)
        return above

    def __exit__(self, *_):
        os.close(self.out)  # which ends it
        os.close(self.answers)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        super().__exit__()

    def _find_page(self):
        targets = self._do("Target.getTargets")["targetInfos"]
        return next((target["targetId"] for target in targets if target["type"] == "page"), None)

    def _do(self, method, **parameters):
        """Runs a command and returns its answer. Events in between are ignored."""
        self.n_commands += 1
        command = {"id": self.n_commands, "method": method, "params": parameters} | ({"sessionId": self.session} if self.session else {})
        os.write(self.out, json.dumps(command).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while True:
            message, found, rest = self.waiting.partition(b"\0")
            if not found:
                assert select.select([self.answers], [], [], max(0, end - time.monotonic()))[0], f"the browser does not answer {method}"
                more = os.read(self.answers, 1 << 20)
                assert more, f"the browser has ended at {method}"
                self.waiting += more
                continue
            self.waiting = rest
            answer = json.loads(message)
            if answer.get("id") == self.n_commands:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def run(self, script):
        """The value of an expression in the page's own language."""
        answer = self._do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"].get("exception", answer)
        return answer["result"].get("value")

    def open(self, url, *texts):
        """Opens another page; it is there when it shows these texts."""
        answer = self._do("Page.navigate", url=url)
        assert "errorText" not in answer, f"{url}: {answer['errorText']}"
        wait_for(lambda: self.run("location.href != 'about:blank' && document.readyState == 'complete'"), f"{url} has loaded", PATIENCE)
        self.wait(*texts)

    def wait(self, *texts):
        """Waits until the page shows all of these."""
        for text in texts:
            wait_for(lambda: text in self.text(), f"the page shows '{text}'", PATIENCE)

    def text(self):
        """What a person reads."""
        return self.run("document.body.innerText")

    def html(self):
        """The whole page as its scripts have made it, including what is not visible."""
        return self.run("document.documentElement.outerHTML")

    def click(self, selector, text=""):
        """Clicks the first selected element that has this text."""
        wanted = f"[...document.querySelectorAll({json.dumps(selector)})].find(e => e.textContent.includes({json.dumps(text)}))"
        wait_for(lambda: self.run(f"!!{wanted}"), f"{selector} with '{text}' is there", PATIENCE)
        self.run(f"{wanted}.click()")

    def type(self, text):
        """Types at the cursor."""
        self._do("Input.insertText", text=text)

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._do("Page.captureScreenshot")["data"]))
