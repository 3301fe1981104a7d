"""[Mask] KnownFiles=: what is in a person's own files is masked in every session, even after the file has changed or is gone."""

import contextlib
import json
import sqlite3
import subprocess

import pytest
from fixtures import rng, value  # noqa: F401
from scrubjay_test import SCRUBJAYD, archive_rows, clean_environment, run_once, wait_for

PHRASE = "correct horse battery staple"
MARK = "[REDACTED:known-value]"


class Once:
    def __init__(self, source, home):
        self.source, self.home = source, home
        self.archive = home / "archive" / "archive.db"
        self.environment = {"SCRUBJAY_MASK_KNOWNFILES": "~/.env ~/projects/*/.env"}

    def run(self):
        status, result, errors = run_once(self.source.path, self.archive, environment=self.environment, home=self.home)
        assert status == 0, errors
        return result, errors

    def texts(self):
        return dict(archive_rows(self.archive, "SELECT session_id, content FROM messages WHERE ordinal = 0"))

    def text_of_files(self):
        return b"".join(path.read_bytes() for path in self.archive.parent.iterdir())


@pytest.fixture
def once(source, tmp_path):
    home = tmp_path / "person"
    home.mkdir()
    return Once(source, home)


def test_a_file_that_appears_changes_and_vanishes(once, rng):
    first, second, third = value(rng), value(rng), value(rng)
    once.source.add_session("phrase", [f"I told him {PHRASE} today"])
    once.source.add_session("first", [f"yesterday {first} was blue"])
    once.source.add_session("second", [f"yesterday {second} was blue"])
    once.run()
    assert MARK not in "".join(once.texts().values())

    # it appears: what was masked without it is masked again, including what only the archive has
    once.source.sql("DELETE FROM sessions WHERE id = 'phrase'")
    (once.home / ".env").write_text(f"A={first}\nPHRASE='{PHRASE}'\n")
    result, errors = once.run()
    assert errors == ""
    assert once.texts() == {"phrase": f"I told him {MARK} today", "first": f"yesterday {MARK} was blue",
                            "second": f"yesterday {second} was blue"}
    assert once.run()[0]["messages_written"] == 0, "nothing changed"
    assert {rule for (rule,) in archive_rows(once.archive, "SELECT rule FROM findings")} == {"known-value"}

    # another file, by a glob
    (once.home / "projects" / "one").mkdir(parents=True)
    (once.home / "projects" / "one" / ".env").write_text(f"B={second}\n")
    once.run()
    assert once.texts()["second"] == f"yesterday {MARK} was blue"

    # it is gone: a sentence, and what was known is still masked, in what is archived and in what comes
    (once.home / ".env").unlink()
    once.source.add_session("later", [f"again {first} and\n{PHRASE}!"])
    once.source.add_session("other", [f"not known: {third}"])
    once.source.append("first", ["one more"])
    result, errors = once.run()
    assert "/.env', a file of [Mask] KnownFiles=, cannot be read: it is gone. Its values that are already known are still masked." in errors
    assert len(errors.splitlines()) == 1
    texts = once.texts()
    assert texts["later"] == f"again {MARK} and\n{MARK}!" and texts["other"] == f"not known: {third}"
    assert texts["first"] == f"yesterday {MARK} was blue"
    assert result["sessions_synced"] == 3, "a file that goes has nothing masked again"

    # nothing of the values is in the archive's folder, in any form
    for secret in (first, second, PHRASE):
        assert secret.encode() not in once.text_of_files()
    assert [".env" in str(row) for row in archive_rows(once.archive, "SELECT * FROM secrets")].count(True) == 0


def test_a_value_that_left_its_file_is_found_in_a_large_session(once, rng):
    """More text than is kept for looking back: 2 MB."""
    secret = value(rng)
    (once.home / ".env").write_text(f"A={secret}\nP={PHRASE}\n")
    once.source.add_session("one", ["nothing of it here"])
    once.run()
    (once.home / ".env").write_text("B=other\n")
    filling = "The quick brown fox jumps over the lazy dog. " * 12_000
    once.source.add_session("large", [f"{secret} {filling}"] + [filling] * 6 + [f"{filling} {PHRASE}."])
    once.run()
    texts = [text for (text,) in archive_rows(once.archive, "SELECT content FROM messages WHERE session_id = 'large' ORDER BY ordinal")]
    assert texts[0][:40].startswith(MARK) and texts[-1].endswith(f" {MARK}.")
    for hidden in (secret, PHRASE):
        assert hidden not in "".join(texts)


@pytest.mark.parametrize("signal_after", range(4))
def test_killed_at_any_time_it_ends_as_without(once, rng, signal_after):
    values = [value(rng) for _ in range(300)]
    once.source.add_many(60, lambda i: [f"said {values[i % 300]} and {PHRASE}", "hello"])
    once.run()
    (once.home / ".env").write_text("".join(f"A{i}={v}\n" for i, v in enumerate(values)) + f"P={PHRASE}\n")
    process = subprocess.Popen([SCRUBJAYD, "--once", "--source", once.source.path, "--archive", once.archive],
                               env=clean_environment(once.home) | once.environment, stdout=subprocess.DEVNULL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(rng.random() * 0.3 * (signal_after + 1) / 4)
    process.kill()
    process.wait()
    once.run()
    assert set(once.texts().values()) == {f"said {MARK} and {MARK}"}
    (once.home / ".env").unlink()
    once.source.add_session("later", [f"{values[7]}; {PHRASE}"])
    once.run()
    assert once.texts()["later"] == f"{MARK}; {MARK}"


@pytest.mark.parametrize("broken", ["json", "unreadable"])
def test_a_broken_file_is_named_and_stays_known(once, rng, broken):
    secret = value(rng)
    path = once.home / "config.json"
    path.write_text(json.dumps({"token": secret}))
    once.environment = {"SCRUBJAY_MASK_KNOWNFILES": str(path)}
    once.source.add_session("one", [f"yesterday {secret} was blue"])
    assert once.run()[1] == ""
    if broken == "json":
        path.write_text(json.dumps({"token": secret})[:-1])
    else:   # root can read what is forbidden
        path.unlink()
        path.mkdir()
    once.source.add_session("two", [f"today {secret} is"])
    errors = once.run()[1]
    assert f"'{path}'" in errors and "cannot be read" in errors and secret not in errors
    assert set(once.texts().values()) == {f"yesterday {MARK} was blue", f"today {MARK} is"}


def test_switched_off_everything_is_as_without_it(once, rng):
    secret = value(rng)
    (once.home / ".env").write_text(f"A={secret}\n")
    once.source.add_session("one", [f"yesterday {secret} was blue"])
    once.run()
    assert once.texts()["one"] == f"yesterday {MARK} was blue"
    once.environment = {}
    once.run()
    assert once.texts()["one"] == f"yesterday {secret} was blue"
    assert archive_rows(once.archive, "SELECT * FROM secrets WHERE rule = 'known-value'") == []


def test_a_relative_path_is_an_error(once):
    once.environment = {"SCRUBJAY_MASK_KNOWNFILES": "project/.env"}
    once.source.add_session("one")
    status, _, errors = run_once(once.source.path, once.archive, environment=once.environment, home=once.home)
    assert status == 2 and "KnownFiles" in errors


def test_the_service_reads_them_again_and_says_how_many_it_knows(make_daemon, source, tmp_path, rng):
    known = tmp_path / "known"
    known.mkdir()
    first, second = value(rng), value(rng)
    (known / "a.env").write_text(f"A={first}\n")
    daemon = make_daemon(environment={"SCRUBJAY_MASK_KNOWNFILES": f"{known}/*.env {known}/netrc",
                                      "SCRUBJAY_SYNC_QUIETTIME": "10ms"})
    source.add_session("one", [f"{first} {second}"])
    text = "SELECT content FROM messages WHERE session_id = 'one'"
    wait_for(lambda: archive_rows(daemon.archive, text) == [(f"{MARK} {second}",)], "the first value is masked")
    status = daemon.status()
    assert (status["KnownValues"], status["KnownFiles"], status["KnownFilesUnread"]) == (1, 1, 1)
    (known / "netrc").write_text(f"machine x login y password {second}\n")
    source.add_session("two", ["hello"])
    wait_for(lambda: archive_rows(daemon.archive, text) == [(f"{MARK} {MARK}",)], "so is the second one, as soon as a cycle runs")
    wait_for(lambda: daemon.status()["KnownValues"] == 2, "Status says so")
    (known / "netrc").unlink()
    source.add_session("three", [second])
    wait_for(lambda: "it is gone" in daemon.status()["LastError"], "a sentence in Status")
    third = "SELECT content FROM messages WHERE session_id = 'three'"
    wait_for(lambda: archive_rows(daemon.archive, third), "the cycle after that")
    assert archive_rows(daemon.archive, third) == [(MARK,)]
    assert first not in daemon.log and second not in daemon.log
    assert sqlite3.connect(daemon.archive).execute("PRAGMA integrity_check").fetchone() == ("ok",)
