"""git is asked in folders that strangers made: nothing of theirs is run, and nothing of it is waited for long"""

import os
import subprocess
import time

import pytest
from scrubjay_test import archive_rows, run_once, wait_for


def git(folder, home, *arguments):
    subprocess.run(["git", "-c", "init.defaultBranch=main", *arguments], cwd=folder, check=True, capture_output=True,
                   env={"PATH": os.environ["PATH"], "HOME": str(home)})


@pytest.fixture
def repository(tmp_path):
    """A repository whose settings try to run a program at every occasion; `touched` says whether any did."""
    folder, home = tmp_path / "repository", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    git(folder, home, "init", "-q")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/touched\ncat >/dev/null\n")
    trap.chmod(0o755)
    for key, value in (("remote.origin.url", "https://git.example.com/acme/alpha.git"), ("core.fsmonitor", trap),
                       ("core.hooksPath", tmp_path / "hooks"), ("core.pager", trap), ("pager.config", trap),
                       ("core.editor", trap), ("credential.helper", f"!{trap}"), ("core.sshCommand", trap),
                       ("core.askPass", trap), ("core.gitProxy", trap), ("alias.config", f"!{trap}"),
                       ("diff.external", trap), ("filter.x.smudge", trap), ("gpg.program", trap)):
        git(folder, home, "config", key, str(value))
    (tmp_path / "hooks").mkdir()
    for name in ("post-checkout", "reference-transaction", "fsmonitor-watchman", "post-index-change"):
        os.symlink(trap, tmp_path / "hooks" / name)
    return folder


def project_id(source, tmp_path, environment=None):
    status, _, errors = run_once(source.path, tmp_path / "archive" / "archive.db", home=tmp_path / "home",
                                 environment=environment)
    assert (status, errors) == (0, "")
    return archive_rows(tmp_path / "archive" / "archive.db", "SELECT project_id FROM sessions")[0][0]


def test_nothing_of_the_repository_is_run(source, tmp_path, repository):
    source.add_session("one", cwd=str(repository))
    assert project_id(source, tmp_path) == "https://git.example.com/acme/alpha.git"
    assert not (tmp_path / "touched").exists()


def test_the_caller_s_environment_points_nowhere_else(source, tmp_path, repository):
    source.add_session("one", cwd=str(repository))
    assert project_id(source, tmp_path, {
        "GIT_DIR": "/nowhere", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "remote.origin.url",
        "GIT_CONFIG_VALUE_0": "https://elsewhere/", "GIT_EXEC_PATH": str(tmp_path)}) \
        == "https://git.example.com/acme/alpha.git"


def is_running(pid):
    """Is it more than a zombie? Whoever adopts it may be slow to reap it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("does", ["sleep 1000", "yes", "sleep 1000 & echo $! >> $PIDS; sleep 1000", "kill -9 $$"])
def test_a_git_that_hangs(source, tmp_path, repository, does):
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "git").write_text(f"#!/bin/sh\nPIDS={tmp_path}/pids\necho $$ >> $PIDS\n{does}\n")
    (fake / "git").chmod(0o755)
    for n in range(3):      # git is asked once for each folder, not for each session
        source.add_session(f"session-{n}", cwd=str(repository))
    began = time.monotonic()
    project_id(source, tmp_path, {"PATH": f"{fake}:{os.environ['PATH']}"})
    assert time.monotonic() - began < 15
    pids = (tmp_path / "pids").read_text().split()
    assert 1 <= len(pids) <= 3 * (1 + does.count("&")), "user.email, user.name, the folder"
    wait_for(lambda: not any(is_running(pid) for pid in pids), "all that it started is gone")


def test_a_repository_of_somebody_else(source, tmp_path, repository):
    """Their settings are not read at all."""
    if os.geteuid() == 0:
        for top, folders, files in os.walk(repository):
            for name in [top, *[os.path.join(top, name) for name in files]]:
                os.chown(name, 65534, 65534)
        os.chown(repository / ".git", 65534, 65534)
    else:       # without root, a folder cannot be given away; a safe.directory that names no folder has the same effect on git
        os.rename(repository / ".git", repository / "inner")
        os.symlink("/", repository / ".git")
    source.add_session("one", cwd=str(repository))
    assert project_id(source, tmp_path) == ""
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("cwd", ["-C", "--exec-path=/tmp", "relative/path", "/nowhere", "/dev/null", "/proc/self",
                                 "/tmp/$(touch x)", "/" + "x" * 5000, "/tmp/\n/x"])
def test_paths_that_are_not_folders(source, tmp_path, cwd):
    (tmp_path / "home").mkdir()
    source.add_session("one", cwd=cwd)
    assert project_id(source, tmp_path) == ""
