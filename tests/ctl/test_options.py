"""Help, usage errors, exit statuses"""

import re
import resource
import signal
import sqlite3
import subprocess

import pytest

from conftest import SCRUBJAYCTL, SESSION

COMMANDS = ["status", "sync", "resync", "watch", "log-level", "doctor", "sessions", "show", "search", "blame", "findings", "stats", "share", "mcp", "export",
            "state", "verify", "mask", "rules", "remote"]


def test_help_is_one_screen_and_names_the_commands(ctl):
    out = ctl.run("--help").out
    lines = out.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    assert [name for name in COMMANDS if not re.search(rf"^  {name}\b", out, re.MULTILINE)] == []


def test_help_with_a_command_is_that_commands_help(ctl):
    assert ctl.run("help", "show").out == ctl.run("show", "--help").out
    assert ctl.run("help").out == ctl.run("--help").out
    assert "Did you mean 'show'?" in ctl.run("help", "shwo", code=2).err


def test_version(ctl):
    assert re.fullmatch(r"scrubjayctl \d+\.\d+\.\d+\n", ctl.run("--version").out)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(ctl, command):
    out = ctl.run(command, "--help").out
    assert out.startswith(f"Usage: scrubjayctl {command}")
    assert f"Example: scrubjayctl {command}" in out
    assert len(out.splitlines()) <= 24


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["--nonsense"], ["status", "--nonsense"], ["show"], ["show", "a", "b"], ["sessions", "extra"],
    ["sessions", "--limit", "many"], ["sessions", "--since", "whenever"], ["sessions", "--project"],
    ["findings", "--by", "colour"], ["stats", "--by", "colour"], ["state"], ["state", "delete"], ["export", "somewhere"], ["log-level", "loud"],
    ["export", "--jsonl", "--markdown", "somewhere"], ["search"], ["--archive"],
    ["show", "a", "--around", "2"], ["show", "a", "--json", "--markdown"], ["mask", "--session"], ["rules", "list", "--values"],
    ["rules", "test", "a", "--json"], ["remote", "list", "--print"], ["remote", "list", "--limit", "2"], ["remote", "resend", "a", "--json"],
    ["verify", "--integrity", "--json"], ["findings", "--places", "--by", "rule"], ["findings", "--sarif", "--by", "rule"],
    ["findings", "--sarif", "--json"], ["findings", "ack", "4000", "--json"], ["findings", "--baseline", "--sarif"],
    ["--archive=", "status"], ["sessions", "--archive", ""],
    *[["--config=/nonexistent", *command.split()] for command in ("status", "sync", "doctor", "rules list", "mask", "mcp", "remote list")],
])
def test_usage_errors_exit_2_with_a_sentence(ctl, arguments):
    outcome = ctl.run(*arguments, code=2)
    assert outcome.out == ""
    assert re.fullmatch(r"scrubjayctl: .*\.\n", outcome.err)


@pytest.mark.parametrize("command, option, words", [
    (["sessions"], "sort", "activity, started, messages, masked"), (["search", "deploy"], "in", "text, thinking, tool"),
    (["show", SESSION], "tools", "all, names, none"), (["stats"], "by", "week, agent, project"),
    (["findings"], "by", "secret, rule, project, session, day"),
])
def test_a_word_is_one_of_those_that_are_named(sample, command, option, words):
    sample.write("UPDATE messages SET thinking_text = 'deploy'")
    for word in words.split(", "):
        sample.run(*command, f"--{option}={word}")
    for wrong in ("", ",", words, words[:2], words.replace(", ", "")):
        assert f"--{option} takes one of {words}; '{wrong}' is unknown." in sample.run(*command, f"--{option}={wrong}", code=2).err


@pytest.mark.parametrize("typed, meant", [("statsu", "status"), ("session", "sessions"), ("serch", "search")])
def test_a_typing_error_is_understood(ctl, typed, meant):
    assert f"Did you mean '{meant}'?" in ctl.run(typed, code=2).err


def test_another_word_is_not_guessed_at(ctl):
    assert "Did you mean" not in ctl.run("restart", code=2).err + ctl.run("x", code=2).err


@pytest.mark.parametrize("command", [["sessions"], ["show", "x"], ["findings"], ["search", "x"], ["state", "export"],
                                     ["export", "--jsonl", "x"]])
def test_no_archive_says_what_to_do(ctl, command):
    outcome = ctl.run(*command, code=1)
    assert "There is no archive" in outcome.err and "systemctl --user enable --now scrubjay" in outcome.err
    assert not ctl.archive.exists()


def test_an_archive_in_its_first_sync_says_when_it_is_busy(sample):
    """While it is filled, it has a rollback journal, so a large session keeps readers out."""
    db = sqlite3.connect(sample.archive, isolation_level=None)
    try:
        assert db.execute("PRAGMA journal_mode = TRUNCATE").fetchone() == ("truncate",)
        db.execute("BEGIN EXCLUSIVE")
        assert "is being filled" in sample.run("sessions", code=1).err
    finally:
        db.close()
    sample.run("sessions")


def test_a_newer_archive_is_refused_and_left_alone(sample):
    sample.write("PRAGMA user_version = 99;\n")
    before = sample.archive.read_bytes()
    assert "newer scrubjay" in sample.run("sessions", code=1).err
    assert "newer scrubjay" in sample.run("status", code=1).out
    assert sample.archive.read_bytes() == before


def test_something_else_is_no_archive(sample):
    sample.archive.write_bytes(b"text" * 1000)
    assert "is not an archive" in sample.run("sessions", code=1).err


def test_the_archive_can_be_named(sample, tmp_path):
    moved = tmp_path / "else where.db"
    sample.archive.rename(moved)
    assert "web" in sample.run("sessions", "--archive", moved).out
    assert "web" in sample.run("--archive", moved, "sessions").out
    assert "web" in sample.run("sessions", SCRUBJAY_ARCHIVE_PATH=str(moved)).out
    config = tmp_path / "my.conf"
    config.write_text(f"[Archive]\nPath={moved}\n")
    assert "web" in sample.run("sessions", "--config", config).out


@pytest.mark.parametrize("command", [["export", "--jsonl", "out"], ["export", "--markdown", "out"],
                                     ["share", SESSION, "--yes", "--output", "page.html"]])
def test_a_file_that_cannot_be_written_says_why(sample, command):
    """The file system's own reason; which limit it is makes no difference."""
    def no_large_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    sample.write(f"UPDATE messages SET content = '{'word ' * 4000}' WHERE session_id = :a AND ordinal = 0;\n")
    done = subprocess.run([SCRUBJAYCTL, *command], env=sample.environ, cwd=sample.home, preexec_fn=no_large_files,
                          capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.endswith("cannot be written: File too large.\n")


def test_mask_fails_with_2_and_one_sentence(ctl):
    with open("/dev/full", "w") as full:
        done = subprocess.run([SCRUBJAYCTL, "mask"], env=ctl.environ, stdout=full, stderr=subprocess.PIPE, text=True, input="x\n")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1


def test_full_output_is_an_error(sample):
    with open("/dev/full", "w") as full:
        done = subprocess.run([SCRUBJAYCTL, "sessions"], env=sample.environ, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "could not be written" in done.stderr
