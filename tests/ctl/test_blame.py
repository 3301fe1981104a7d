"""blame: a line, the commit it comes from, the session that made it; in a real repository, with its history rewritten"""

import os
import subprocess

import pytest
from conftest import CODEX, OTHER, SESSION

from test_reading import as_json


class Repository:
    def __init__(self, folder):
        self.folder = folder
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "dev@example.com")
        self.git("config", "user.name", "Dev")

    def git(self, *arguments):
        return subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True,
                              env=self.environ).stdout.strip()

    def commit(self, name, text, message):
        """Appends to a file, commits it, and returns the short id that git commit prints."""
        with open(self.folder / name, "a") as f:
            f.write(text)
        self.git("add", name)
        printed = self.git("commit", "-m", message)
        return printed[printed.index(" ") + 1:printed.index("]")].split()[-1]


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path / "repository")
    repository.commit("main.c", "by a person\n", "Begin")
    return repository


def link(sample, session, commit, ordinal=4):
    sample.write("INSERT INTO git_links (session_id, user_id, message_ordinal, commit_sha, pr_url, link_type, confidence) "
                 f"VALUES ('{session}', 'me', {ordinal}, '{commit}', '', 'commit', 'high');\n")


def found(sample, place, code=0):
    out = sample.run("blame", place, "--json", code=code).out
    import json
    return {(s["session_id"], commit["match"]) for commit in json.loads(out) for s in commit["sessions"]}


def test_a_line_leads_to_its_session(sample, repository):
    link(sample, SESSION, repository.commit("main.c", "by a session\n", "Add a line"))
    out = sample.run("blame", f"{repository.folder}/main.c:2").out
    assert "Add a line" in out and f"scrubjayctl show {SESSION} --message 4" in out
    assert found(sample, f"{repository.folder}/main.c:2") == {(SESSION, "id")}
    assert found(sample, f"{repository.folder}/main.c:1", code=1) == set()
    whole = sample.run("blame", repository.folder / "main.c")
    assert SESSION in whole.out and whole.err == "1 line comes from no session of the archive.\n"


def test_a_rebased_commit_is_recognised(sample, repository):
    repository.git("checkout", "-q", "-b", "topic")
    link(sample, SESSION, repository.commit("other.c", "by a session\n", "Add a file"))
    link(sample, OTHER, repository.commit("third.c", "by another session\n", "Add another"))
    repository.git("checkout", "-q", "main")
    repository.commit("main.c", "by a person\n", "Meanwhile")
    repository.git("rebase", "-q", "main", "topic")
    assert found(sample, f"{repository.folder}/other.c:1") == {(SESSION, "patch")}
    assert found(sample, f"{repository.folder}/third.c:1") == {(OTHER, "patch")}
    assert "when the session made it" in sample.run("blame", f"{repository.folder}/other.c").out


def test_a_squashed_commit_is_recognised(sample, repository):
    repository.git("checkout", "-q", "-b", "topic")
    for i in range(3):
        link(sample, SESSION, repository.commit("other.c", f"line {i}\n", f"Step {i}"), ordinal=i)
    repository.git("checkout", "-q", "main")
    repository.commit("main.c", "by a person\n", "Meanwhile")
    repository.git("merge", "-q", "--squash", "topic")
    repository.git("commit", "-q", "-m", "All steps")
    assert found(sample, f"{repository.folder}/other.c:2") == {(SESSION, "squash")}
    assert "squash of the session's branch" in sample.run("blame", f"{repository.folder}/other.c:2").out


@pytest.mark.parametrize("name", ["caf\u00e9 \u4e2d.c", 'with "quotes".c', "*.c", ":(top)x.c", "a\tb.c"])
def test_a_rebased_commit_is_recognised_by_any_name(sample, repository, name):
    """Even if the file was renamed since, or if a person's git shows changes differently."""
    repository.git("checkout", "-q", "-b", "topic")
    link(sample, SESSION, repository.commit("./" + name, "by a session\n", "Add a file"))
    repository.git("checkout", "-q", "main")
    repository.commit("main.c", "by a person\n", "Meanwhile")
    repository.git("rebase", "-q", "main", "topic")
    repository.git("mv", "./" + name, "renamed.c")
    repository.git("commit", "-qm", "Rename it")
    for key, value in (("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("diff.context", "0"), ("color.ui", "always")):
        repository.git("config", key, value)
    assert found(sample, f"{repository.folder}/renamed.c:1") == {(SESSION, "patch")}


def test_one_of_many_branches_was_squashed(sample, repository):
    for name, session in (("one", OTHER), ("two", SESSION), ("three", CODEX)):
        repository.git("checkout", "-q", "-b", name, "main")
        for i in range(2):
            link(sample, session, repository.commit(f"{name}.c", f"{name} {i}\n", f"Step {i}"), ordinal=i)
    repository.git("checkout", "-q", "--orphan", "apart")
    link(sample, "other-root", repository.commit("apart.c", "nothing in common\n", "Apart"))
    repository.git("checkout", "-q", "main")
    repository.commit("main.c", "by a person\n", "Meanwhile")
    repository.git("merge", "-q", "--squash", "two")
    repository.git("commit", "-q", "-m", "All steps")
    assert found(sample, f"{repository.folder}/two.c:2") == {(SESSION, "squash")}
    assert found(sample, f"{repository.folder}/main.c:2", code=1) == set()


def test_lines_without_a_commit_or_a_file_are_reported(sample, repository, tmp_path):
    with open(repository.folder / "main.c", "a") as f:
        f.write("not committed\n")
    assert sample.run("blame", f"{repository.folder}/main.c:2", code=1).err == "1 line is not committed yet.\n"
    assert "has no such line" in sample.run("blame", f"{repository.folder}/main.c:99", code=1).err
    (repository.folder / "new.c").write_text("new\n")
    assert "was never committed" in sample.run("blame", repository.folder / "new.c", code=1).err
    (tmp_path / "alone.c").write_text("alone\n")
    assert "not in a git repository" in sample.run("blame", tmp_path / "alone.c", code=1).err
    assert "There is no file" in sample.run("blame", tmp_path / "none.c:3", code=1).err


def test_a_file_name_may_look_like_a_place_or_an_option(sample, repository):
    link(sample, SESSION, repository.commit("odd:1", "by a session\n", "Odd name"))
    assert found(sample, f"{repository.folder}/odd:1") == {(SESSION, "id")}
    assert found(sample, f"{repository.folder}/odd:1:1") == {(SESSION, "id")}
    link(sample, OTHER, repository.commit("./--contents", "by a session\n", "Odder name"))
    assert found(sample, f"{repository.folder}/--contents") == {(OTHER, "id")}


def test_nothing_of_a_repository_is_run(sample, repository, tmp_path):
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/touched\ncat >/dev/null\n")
    trap.chmod(0o755)
    (repository.folder / ".gitattributes").write_text("*.c diff=trap\n")
    repository.git("checkout", "-q", "-b", "topic")
    link(sample, SESSION, repository.commit("other.c", "by a session\n", "Add a file"))
    repository.git("checkout", "-q", "main")
    repository.commit("main.c", "by a person\n", "Meanwhile")
    repository.git("rebase", "-q", "main", "topic")
    for key, value in (("diff.external", trap), ("diff.trap.textconv", trap), ("diff.trap.command", trap),
                       ("core.pager", trap), ("core.fsmonitor", trap)):
        repository.git("config", key, str(value))
    assert found(sample, f"{repository.folder}/other.c:1") == {(SESSION, "patch")}
    assert not (tmp_path / "touched").exists()


def test_sessions_of_a_commit_or_a_pull_request(sample):
    link(sample, OTHER, "abcdef1")
    sample.write("INSERT INTO git_links (session_id, user_id, message_ordinal, commit_sha, pr_url, link_type, confidence) "
                 f"VALUES ('{CODEX}', 'me', 0, '', 'https://github.com/acme/web/pull/17', 'pr', 'high');\n")

    def ids(*arguments):
        return [session["id"] for session in as_json(sample, "sessions", *arguments)]

    assert ids("--commit", "abc1234") == [SESSION]
    assert ids("--commit", "abc1") == [SESSION]
    assert ids("--commit", "abc1234" + "0" * 33) == [SESSION]
    assert ids("--commit", "abc1235") == []
    assert sorted(ids("--commit", "abcd")) == [OTHER]
    assert ids("--pr", "17") == [CODEX]
    assert ids("--pr", "https://github.com/acme/web/pull/17") == [CODEX]
    assert ids("--pr", "7") == []
    assert "four or more" in sample.run("sessions", "--commit", "HEAD", code=2).err
