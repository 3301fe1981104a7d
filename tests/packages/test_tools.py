"""quickstart and test on a machine where they may install nothing: what they say, and what they leave alone"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from fresh_root import HERE, TOP, FreshRoot, copy_sources, run

NOBODY = 65534
WITHHELD = ("sudo",)


@pytest.fixture(scope="module")
def checkout():
    """A checkout that belongs to a person who is not root."""
    with tempfile.TemporaryDirectory(prefix="scrubjay-person-", dir="/var/tmp") as home:
        folder = Path(home) / "scrubjay"
        copy_sources(folder)
        for path in (folder.parent, folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        folder.parent.chmod(0o755)
        yield folder


def command_folder(checkout, hidden, *leave_out):
    """All programs except these; and a dpkg-query for which some packages are not installed."""
    folder = Path(tempfile.mkdtemp(prefix="bin-", dir=checkout.parent))
    for program in Path("/usr/bin").iterdir():
        if program.name not in (*leave_out, *WITHHELD, "dpkg-query"):
            (folder / program.name).symlink_to(program)
    (folder / "dpkg-query").write_text('#!/bin/sh\ncase " $* " in\n'
                                       + "".join(f'*" {name} "*) exit 1 ;;\n' for name in hidden)
                                       + 'esac\nexec /usr/bin/dpkg-query "$@"\n')
    (folder / "dpkg-query").chmod(0o755)
    folder.chmod(0o755)
    return folder


def as_nobody(checkout, programs, *command):
    return subprocess.run(["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "env", "-i",
                           f"PATH={programs}", f"HOME={checkout.parent}", "LC_ALL=C.UTF-8", *command], cwd=checkout,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize("tool", [["tools/quickstart"], ["tools/test", "unit"]], ids=["quickstart", "test"])
def test_without_root_and_sudo_the_missing_packages_are_named(checkout, tool):
    programs = command_folder(checkout, ["libsqlite3-dev", "scdoc"])
    done = as_nobody(checkout, programs, *tool)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "cannot be installed without root or sudo" in done.stderr
    assert "apt-get install" in done.stderr and "libsqlite3-dev" in done.stderr and "scdoc" in done.stderr


def test_without_apt_the_way_is_named(checkout):
    programs = command_folder(checkout, [], "apt-get")
    done = as_nobody(checkout, programs, "tools/quickstart")
    assert done.returncode == 1 and "elsewhere build with meson, see CONTRIBUTING.md" in done.stderr


def test_optional_packages_hold_nobody_up(checkout):
    programs = command_folder(checkout, ["scdoc", "git"])
    done = as_nobody(checkout, programs, "bash", "-c", "set -euo pipefail; . tools/lib/packages.sh; "
                                                       f"package_log={checkout}/packages.log; "
                                                       "ensure_packages build_packages; echo went on")
    assert (done.returncode, done.stderr) == (0, "")
    assert "continuing without these optional ones" in done.stdout and done.stdout.endswith("went on\n")
    assert "scdoc" in done.stdout and "git" in done.stdout


@pytest.mark.parametrize("there", ["libhyperscan-dev", "libvectorscan-dev"])
def test_of_two_packages_for_one_thing_the_installed_one_counts(there):
    """They exclude each other."""
    done = subprocess.run(["bash", "-c", ". tools/lib/packages.sh; is_installed() { [ \"$1\" = " + there + " ]; }; "
                           "has_candidate() { true; }; name_of 'libhyperscan-dev|libvectorscan-dev'; find_missing build_packages; "
                           "echo ${required[*]} ${optional[*]}"], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    name, missing = done.stdout.splitlines()
    assert name == there and "scan-dev" not in missing


def test_lists_that_were_not_read_yet_are_no_failure():
    """A fresh machine knows of no package."""
    done = subprocess.run(["bash", "-c", "set -euo pipefail; . tools/lib/packages.sh; is_installed() { false; }; "
                           "apt-cache() { echo 'E: No packages found' >&2; return 100; }; find_missing test_packages; "
                           "echo ${required[*]}"], cwd=TOP, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"clang", "postgresql"} < set(done.stdout.split())


def test_a_person_with_sudo_gets_them_installed(made):
    """The real sudo, of a fresh Debian."""
    root = FreshRoot(made[1], made[1].parent / "sudo-root")
    shutil.copy2(TOP / "tools" / "lib" / "packages.sh", root.folder / "opt")
    inside = [HERE / "enter-root", root.folder, "bash", "-ec"]
    run(*inside, "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends sudo; "
                 "echo 'tester ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/tester; rm -rf /var/lib/apt/lists/*")
    said = run(*inside, "exec setpriv --reuid 1000 --regid 1000 --clear-groups env -i HOME=/home/tester PATH=/usr/bin:/bin "
                        "bash -c 'set -euo pipefail; . /opt/packages.sh; package_log=$HOME/packages.log; "
                        "wanted() { echo netbase no-such-package-at-all?; }; ensure_packages wanted; is_installed netbase; echo went on'")
    assert said.splitlines()[-2:] == ["Packages: installing netbase ", "went on"]
    assert "continuing without no-such-package-at-all" in said


def test_no_end_without_a_sentence(checkout):
    programs = command_folder(checkout, [])
    done = as_nobody(checkout, programs, "bash", "-c", "set -euo pipefail; . tools/lib/packages.sh; mkdir /nowhere/at/all")
    assert done.returncode == 1 and "this failed: mkdir /nowhere/at/all" in done.stderr
    done = as_nobody(checkout, programs, "tools/quickstart", "--build", "/proc/nothing")
    assert done.returncode == 1 and "name another folder with --build" in done.stderr


def test_a_held_package_lock_is_waited_for(made):
    """The real lock, on a fresh Debian: apt-get gets it when the other program releases it."""
    root = FreshRoot(made[1], made[1].parent / "locked-root")
    shutil.copy2(TOP / "tools" / "lib" / "packages.sh", root.folder / "opt")
    with open(root.folder / "var/lib/dpkg/lock-frontend", "a", encoding="ascii") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        waiting = subprocess.Popen(
            [HERE / "enter-root", root.folder, "bash", "-c",
             "set -euo pipefail; . /opt/packages.sh; package_log=/opt/packages.log; apt_get install -y bash; echo done"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = waiting.stdout.readline()
        assert "another program holds the package lock" in said, said + waiting.stdout.read()
        time.sleep(3)
        assert waiting.poll() is None
    said = waiting.communicate(timeout=300)[0]
    assert waiting.returncode == 0 and said == "done\n"


def test_no_install_touches_nothing_else(checkout):
    """It works even if everything but the build folder is read-only."""
    build = checkout / "build-here"
    build.mkdir()
    home = checkout.parent / "empty-home"
    home.mkdir()
    script = (f'set -eu; mount --bind "{build}" "{build}"; '
              'mount -o remount,bind,ro /; '
              'for at in $(sed -n "s/^[^ ]* [^ ]* [^ ]* [^ ]* \\([^ ]*\\) .* - \\(ext4\\|xfs\\|btrfs\\|overlay\\|tmpfs\\) .*/\\1/p" '
              f'/proc/self/mountinfo); do case $at in "{build}") ;; *) mount -o remount,bind,ro "$at" 2>/dev/null || true ;; '
              'esac; done; ! touch /var/tmp/x 2>/dev/null; ! touch "$HOME/x" 2>/dev/null; '
              f'exec tools/quickstart --no-install --sample --build "{build}"')
    done = subprocess.run(["unshare", "--mount", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", f"HOME={home}",
                           f"TMPDIR={build}", "LC_ALL=C.UTF-8", "bash", "-c", script], cwd=checkout,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "[REDACTED:" in done.stdout and "== Install" not in done.stdout
    assert list(home.iterdir()) == []
    removal = done.stdout.rstrip().splitlines()
    assert removal[-1].strip() == f"rm -r {build}" and "To uninstall" in removal[-2]
    shown = [line.strip() for line in removal if f"--archive {build}" in line]
    assert len(shown) == 3
    for line in shown:
        looked = subprocess.run(["bash", "-c", line], env={"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8"},
                                capture_output=True, text=True, timeout=60)
        assert looked.returncode == 0 and looked.stdout != "", line + looked.stderr
