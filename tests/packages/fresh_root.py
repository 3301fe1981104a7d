"""The package, and a fresh Debian with it: made by mmdebstrap, installed by apt, used by a person in it"""

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
USER_MANAGER = TOP / "tests" / "tools" / "user-manager"
PERSON = 1000


def run(*command, **options):
    """Runs it; if it fails, its output is shown."""
    options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **options)
    assert done.returncode == 0, "%s\n%s" % (command, done.stdout[-6000:])
    return done.stdout


def copy_sources(sources):
    """The checkout without anything built in it."""
    sources.mkdir(parents=True)
    listed = run("git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=TOP)
    for name in filter(None, listed.split("\0")):
        if (TOP / name).is_file():
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, sources / name)


def build_packages(folder):
    """Runs dpkg-buildpackage on a copy of the checkout. Returns the .changes file's path."""
    sources = folder / "scrubjay"
    copy_sources(sources)
    # our own tests are other suites
    environ = dict(os.environ, DEB_BUILD_OPTIONS="nocheck parallel=2")
    run("dpkg-buildpackage", "-us", "-uc", "-b", cwd=sources, env=environ)
    changes, = folder.glob("*.changes")
    return changes


def debian_sources(release):
    """This machine's own lists of Debian's packages."""
    lists = Path("/etc/apt")
    found = [path for path in (*sorted((lists / "sources.list.d").glob("*.sources")), lists / "sources.list")
             if path.exists() and release in path.read_text()]
    assert found, "no package lists of Debian %s in %s" % (release, lists)
    return found[0]


def make_base(folder):
    """A Debian of the same release, with a service manager for users and nothing of scrubjay. Returns an archive of it."""
    release = next(line.partition("=")[2].strip() for line in open("/etc/os-release")
                   if line.startswith("VERSION_CODENAME="))
    base = folder / "base.tar"
    run("mmdebstrap", "--variant=minbase", "--include=systemd,dbus-user-session", "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/scrubjay/*", "--skip=cleanup/apt/lists", release, base, debian_sources(release))
    return base


class FreshRoot:
    """The unpacked base. `root()` runs commands as its root, `person()` as a person in a session."""

    def __init__(self, base, folder):
        self.folder = folder
        self.session = None
        folder.mkdir()
        run("tar", "xf", base, "-C", folder)
        shutil.copy2("/etc/resolv.conf", folder / "etc" / "resolv.conf")
        shutil.copy2(USER_MANAGER, folder / "usr" / "local" / "bin")
        run("chroot", folder, "useradd", "--create-home", "--uid", PERSON, "--shell", "/bin/bash", "tester")
        self.before = self.files()

    def files(self):
        return {os.path.join(top, name)[len(str(self.folder)):]
                for top, folders, names in os.walk(self.folder) for name in folders + names}

    def install(self, package):
        """As a person does it: apt-get install ./the.deb"""
        shutil.copy2(package, self.folder / "root")
        log = run(HERE / "enter-root", self.folder, "bash", "-c",
                  "cd ~root && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ./*.deb")
        (self.folder / "root" / package.name).unlink()
        return log

    def log_in(self):
        """A session with a service manager and a bus; it ends with log_out()."""
        command = [HERE / "enter-root", self.folder, "/usr/local/bin/user-manager", "--uid", str(PERSON), "--",
                   "bash", "-c", "echo $USER_MANAGER_FOLDER && cat"]
        self.session = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        folder = self.session.stdout.readline().strip()
        assert folder, "the person's service manager came up"
        children = Path("/proc/%d/task/%d/children" % (self.session.pid, self.session.pid)).read_text().split()
        self.inside = children[0]
        # what the person sees as the home folder; enter-root's /run is not this machine's
        self.home = Path("/proc/%s/root/home/tester" % self.inside)

    def log_out(self):
        if self.session:
            self.session.stdin.close()
            self.session.wait(60)
            self.session = None

    def _inside(self, user, command):
        environ = ["HOME=/home/tester", "XDG_RUNTIME_DIR=/run/user/%d" % PERSON, "LC_ALL=C.UTF-8",
                   "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/%d/bus" % PERSON, "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        return subprocess.run(["nsenter", "--target", self.inside, "--mount", "--pid", "--", *user, "env", "-i", *environ,
                               "bash", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def person(self, command, status=0):
        """Runs a shell command as the person; returns its output (both streams), and checks its exit status."""
        done = self._inside(["setpriv", "--reuid", str(PERSON), "--regid", str(PERSON), "--clear-groups"], "cd; " + command)
        assert done.returncode == status, "%s: %d\n%s%s" % (command, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def administrator(self, command):
        done = self._inside([], command)
        assert done.returncode == 0, "%s: %d\n%s%s" % (command, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr
