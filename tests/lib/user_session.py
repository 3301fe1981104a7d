"""A real `systemd --user` with scrubjay installed in it."""

import ctypes
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from scrubjay_test import BUILD, NAME, PATH, RULES, SOURCES, BusError, Source, archive_rows, plain, wait_for

USER_MANAGER = Path(__file__).resolve().parents[1] / "tools" / "user-manager"
MESSAGES = dict(re.findall(r'#define MESSAGE_(\w+) "([0-9a-f]{32})"', (SOURCES / "src/service/log.h").read_text()))
PRINT_PLACES = ('import json, os, sys; print(json.dumps({k: os.environ[k] for k in ("HOME", "XDG_RUNTIME_DIR",'
                ' "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS", "PATH", "USER_MANAGER_FOLDER")}), flush=True); sys.stdin.read()')
# What a test sets for all: short times, a fair share of a busy machine, and the rules of the sources, since the build need
# not be installed.
SETTINGS = f"""[Service]
Environment=SCRUBJAY_MASK_RULESDIR={{rules}}
Environment=SCRUBJAY_SYNC_QUIETTIME=50ms
RestartSec=300ms
Nice=0
"""


def staged(folder):
    """The build as meson installs it, below a folder; and the prefix that it was configured for."""
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", folder], check=True,
                   stdout=subprocess.DEVNULL)
    options = json.loads(subprocess.run(["meson", "introspect", "--buildoptions", BUILD], check=True,
                                        capture_output=True).stdout)
    return next(option["value"] for option in options if option["name"] == "prefix")


class Session:
    """A user manager that lives in its own namespaces. Commands are run in there; files are seen from here too.

    user_namespaces: "allowed", "refused", or "powerless" (made, but no capability has an effect in them).
    """

    def __init__(self, uid, user_namespaces="allowed"):
        self.uid = uid
        # not below /tmp, which the service does not see, nor below /run, which differs in there
        self.installed = Path(tempfile.mkdtemp(prefix="scrubjay-test-", dir="/var/lib"))
        self.installed.chmod(0o755)
        without = BUILD / "tests/service/no-user-namespaces"
        manager_in = {"allowed": "", "refused": without, "powerless": f"{without} --powerless"}[user_namespaces]
        self.process = subprocess.Popen([USER_MANAGER, "--uid", str(uid), "--manager-in", str(manager_in), "--",
                                         "/usr/bin/python3", "-c", PRINT_PLACES],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line, "the user manager came up"
        self.environment = json.loads(line)
        self.home = Path(self.environment["HOME"])
        self.here = Path(self.environment["USER_MANAGER_FOLDER"]) / "home"  # the same folder, as seen from here
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.inside = children[0]
        self._install()

    def _install(self):
        prefix = staged(self.installed)
        place = str(self.installed / prefix.lstrip("/"))
        shutil.copytree(RULES, self.installed / "rules")
        units = self.here / ".local/share/systemd/user"
        activation = self.here / ".local/share/dbus-1/services"
        drop_in = units / "scrubjay.service.d"
        with self.as_user():
            for folder in (units, activation, drop_in):
                folder.mkdir(parents=True)
            for path in self.installed.rglob("scrubjay*.service"):
                (units / path.name).write_text(path.read_text().replace(f"{prefix}/", f"{place}/"))
            for path in self.installed.rglob("org.scrubjay.Sync1.service"):
                (activation / path.name).write_text(path.read_text().replace(f"{prefix}/", f"{place}/"))
            (drop_in / "10-test.conf").write_text(SETTINGS.format(rules=self.installed / "rules"))
        self.systemctl("daemon-reload")
        self.run("busctl", "--user", "call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ReloadConfig")

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
        shutil.rmtree(self.installed)

    @contextmanager
    def as_user(self):
        """Whatever is done to files in here is done as the session's user."""
        umask = os.umask(0o022)
        os.setegid(self.uid)
        os.seteuid(self.uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.umask(umask)

    def command(self, *command, root=False):
        """The command that runs it in the session's namespaces, as its user or as root."""
        user = [] if root or self.uid == 0 else ["setpriv", "--reuid", str(self.uid), "--regid", str(self.uid),
                                                  "--clear-groups"]
        return ["nsenter", "--target", self.inside, "--mount", "--pid", "--", *user, "env", "-i",
                *(f"{key}={value}" for key, value in self.environment.items()), "LC_ALL=C.UTF-8", *map(str, command)]

    def run(self, *command, root=False, check=True, timeout=120):
        done = subprocess.run(self.command(*command, root=root), capture_output=True, text=True, timeout=timeout)
        if check:
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def systemctl(self, *arguments, check=True):
        return self.run("systemctl", "--user", *arguments, check=check)

    def show(self, name, unit="scrubjay.service"):
        return self.systemctl("show", "--value", "--property", name, unit).stdout.strip()

    def call(self, method, *arguments):
        done = self.run("busctl", "--user", "--json=short", "call", NAME, PATH, NAME, method, *arguments, check=False)
        if done.returncode != 0:
            raise BusError(done.stderr.strip())
        return plain(json.loads(done.stdout)["data"]) if done.stdout.strip() else []

    def status(self):
        return self.call("Status")[0]

    def doctor(self):
        """What scrubjayctl doctor finds, by check: (verdict, text, advice)."""
        command = next(self.installed.rglob("bin/scrubjayctl"))
        done = self.run("env", f"SCRUBJAY_MASK_RULESDIR={self.installed}/rules", command, "doctor", "--json", check=False)
        return {entry["check"]: (entry["verdict"], entry["text"], entry.get("advice")) for entry in json.loads(done.stdout)}

    def journal(self, *matches):
        """The unit's journal entries, as dicts."""
        done = self.run("journalctl", "--output=json", "--all", "--no-pager", "--quiet", *matches, root=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def drop_in(self, text, unit="scrubjay.service"):
        path = self.here / ".local/share/systemd/user" / f"{unit}.d" / "50-this-test.conf"
        with self.as_user():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        self.systemctl("daemon-reload")

    def configure(self, text):
        path = self.here / ".config/scrubjay/scrubjay.conf"
        with self.as_user():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def source(self, path=".agentsview/sessions.db"):
        with self.as_user():
            return Source(self.here / path)

    @property
    def archive(self):
        """Its path, as seen from here."""
        return self.here / ".local/share/scrubjay/archive.db"

    def rows(self, query, values=()):
        with self.as_user():
            return archive_rows(self.archive, query, values)

    def pid(self):
        """The daemon's process id, as seen from here."""
        inner = self.show("MainPID")
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            if re.search(rf"^NSpid:.*\s{inner}$", text, re.MULTILINE) and "\nName:\tscrubjayd\n" in "\n" + text:
                return int(status.parent.name)
        raise AssertionError("no such process")

    def clean(self):
        """As before the first test: stopped, disabled, no data, no settings."""
        self.systemctl("disable", "--now", "scrubjay.service", check=False)
        self.systemctl("stop", "scrubjay.service", check=False)
        for path in (self.here / ".local/share/systemd/user").glob("*.d/50-this-test.conf"):
            path.unlink()
        for name in (".agentsview", ".claude", ".local/share/scrubjay", ".config/scrubjay", "elsewhere", ".gitconfig", "project"):
            path = self.here / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed", check=False)


class StoppedThread:
    """Stops one thread of another process with a debugger: the other threads continue, and the process can be killed."""

    ATTACH, WALL = 16, 0x40000000

    def __init__(self, tid):
        libc = ctypes.CDLL(None, use_errno=True)
        ready = threading.Event()

        def hold():
            # the thread that attaches must also be the one that waits for its end
            self.attached = libc.ptrace(self.ATTACH, tid, None, None) == 0
            os.waitpid(tid, self.WALL)
            ready.set()
            while not os.WIFSIGNALED(os.waitpid(tid, self.WALL)[1]):
                pass

        self.holder = threading.Thread(target=hold, daemon=True)
        self.holder.start()
        assert ready.wait(10) and self.attached, "it is stopped"


def thread_of(pid, name):
    for comm in Path(f"/proc/{pid}/task").glob("*/comm"):
        if comm.read_text().strip() == name:
            return int(comm.parent.name)
    raise AssertionError(f"no thread {name}")
