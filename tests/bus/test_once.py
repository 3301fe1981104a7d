"""scrubjayd on the command line: --once, and the options that need no bus."""

import json
import os
import pwd
import signal
import socket
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from scrubjay_test import SCRUBJAYD, Source, archive_rows, clean_environment, github_token, run_once

KEYS = ["sessions_synced", "sessions_skipped", "secrets_detected", "errors", "secrets_new", "messages_written", "bytes_read",
        "elapsed_usec", "cpu_usec", "remotes"]


def run(*arguments, home, environment=None):
    return subprocess.run([SCRUBJAYD, *arguments], env=clean_environment(home) | (environment or {}),
                          capture_output=True, text=True, timeout=60)


def test_a_cycle_and_its_result(source, tmp_path):
    token = github_token()
    source.add_session("one", ["hello", f"my token is {token}"])
    source.add_session("two", ["nothing here"])
    archive = tmp_path / "new" / "folder" / "archive.db"
    status, result, errors = run_once(source.path, archive, home=tmp_path)
    assert (status, errors) == (0, "")
    assert list(result) == KEYS
    assert result["sessions_synced"] == 2
    assert result["messages_written"] == 3
    assert result["secrets_detected"] >= 1
    assert result["errors"] == {} and result["remotes"] == {}
    assert result["elapsed_usec"] > 0 and result["cpu_usec"] > 0 and result["bytes_read"] > 0
    texts = archive_rows(archive, "SELECT content FROM messages ORDER BY session_id, ordinal")
    assert [text for (text,) in texts] == ["hello", "my token is [REDACTED:github-pat]", "nothing here"]
    assert os.stat(archive).st_mode & 0o777 == 0o600
    assert os.stat(archive.parent).st_mode & 0o777 == 0o700
    assert os.stat(archive.parent.parent).st_mode & 0o777 == 0o700

    status, result, errors = run_once(source.path, archive, home=tmp_path)
    assert (status, errors) == (0, "")
    assert result["sessions_synced"] == 0
    assert result["secrets_detected"] == 0


def test_exclusions_below_the_home_folder_need_no_variable(source, tmp_path):
    """If HOME is not set, the home folder comes from the user database."""
    home = pwd.getpwuid(os.getuid()).pw_dir
    source.add_session("private", ["nobody's business"], cwd=f"{home}/secret-project")
    source.add_session("open", ["hello"], cwd=f"{home}/other")
    environment = clean_environment(tmp_path) | {"SCRUBJAY_PRIVACY_EXCLUDE": "~/secret*"}
    del environment["HOME"]
    archive = tmp_path / "archive" / "archive.db"
    done = subprocess.run([SCRUBJAYD, "--once", "--source", source.path, "--archive", archive], env=environment,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert archive_rows(archive, "SELECT id FROM sessions") == [("open",)]


def test_a_privacy_setting_that_means_nothing_is_an_error(source, tmp_path):
    source.add_session("one")
    archive = tmp_path / "archive" / "archive.db"
    for value in ("~somebody/secret", "'open", "$HOME/secret"):
        status, result, errors = run_once(source.path, archive, environment={"SCRUBJAY_PRIVACY_EXCLUDE": value}, home=tmp_path)
        assert (status, result) == (2, None) and len(errors.splitlines()) == 1
        assert "SCRUBJAY_PRIVACY_EXCLUDE: Exclude: " in errors and "less would be kept private" in errors
    assert not archive.exists()


def test_a_session_that_fails(source, tmp_path):
    source.add_session("good")
    source.add_session("bad" * 500)
    status, result, errors = run_once(source.path, tmp_path / "archive.db")
    assert status == 1
    assert result["sessions_synced"] == 1 and len(result["errors"]) == 1
    assert len(errors.splitlines()) == 1 and "'(row 2)'" in errors and "longer than 1024 bytes" in errors


def test_a_missing_source(tmp_path):
    status, result, errors = run_once(tmp_path / "none.db", tmp_path / "a" / "archive.db")
    assert (status, result) == (2, None)
    assert len(errors.splitlines()) == 1 and str(tmp_path / "none.db") in errors


def test_a_source_that_is_not_a_database(tmp_path):
    path = tmp_path / "sessions.db"
    path.write_text("this is no database, " * 500)
    status, result, errors = run_once(path, tmp_path / "a" / "archive.db")
    assert (status, result) == (2, None)
    assert len(errors.splitlines()) == 1 and str(path) in errors
    assert path.read_text() == "this is no database, " * 500


def test_an_archive_that_cannot_be_made(source, tmp_path):
    (tmp_path / "file").write_text("")
    status, result, errors = run_once(source.path, tmp_path / "file" / "archive.db", home=tmp_path)
    assert (status, result) == (2, None)
    assert len(errors.splitlines()) == 1 and "archive.db" in errors


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--source"], ["word"], ["--once=1"]])
def test_usage_errors(arguments, tmp_path):
    done = run(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert done.stdout == "" and "--help" in done.stderr


def test_help_and_version(tmp_path):
    done = run("--help", home=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    for option in ("--config", "--source", "--archive", "--remote", "--once", "--check-config", "--bus-introspect",
                   "--version"):
        assert option in done.stdout
    assert len(done.stdout.splitlines()) < 24
    done = run("--version", home=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("scrubjayd ")


def test_settings_that_cannot_be_used(source, tmp_path):
    config = tmp_path / "broken.conf"
    config.write_text("[Privacy\nExclude=secret\n")
    for mode in ("--once", "--check-config"):
        done = run(mode, "--source", source.path, "--config", config, home=tmp_path)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1 and str(config) in done.stderr and "line 1" in done.stderr
    assert not (tmp_path / ".local" / "share" / "scrubjay" / "archive.db").exists()


def test_bad_settings_warn_and_the_cycle_runs(source, tmp_path):
    config = tmp_path / "odd.conf"
    config.write_text("[Sync]\nQuietTime=soon\nColour=blue\n")
    source.add_session("one")
    status, result, errors = run_once(source.path, tmp_path / "archive.db", "--config", config)
    assert status == 0 and result["sessions_synced"] == 1
    assert [line.split(": ")[0] for line in errors.splitlines()] == [f"{config}:2", f"{config}:3"]


def test_check_config(tmp_path):
    config = tmp_path / "my.conf"
    config.write_text("[Sync]\nQuietTime=1s\n")
    done = run("--check-config", "--config", config, home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "") and str(config) in done.stdout
    config.write_text("[Sync]\nQuietTime=soon\n")
    done = run("--check-config", "--config", config, home=tmp_path)
    assert done.returncode == 1 and f"{config}:2:" in done.stderr
    config.write_text("[Privacy]\nMaskHome=perhaps\nExclude='open\n")
    done = run("--check-config", "--config", config, home=tmp_path)
    assert done.returncode == 2 and all(f"{config}:{line}:" in done.stderr for line in (2, 3)), "each error, not the first"
    config.write_text("[Remote team]\nURL=mysql://db.example.com/x\n")
    done = run("--check-config", "--config", config, home=tmp_path)
    assert done.returncode == 1 and "The remote 'team': Its URL names no kind of remote" in done.stderr
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "mine.json").write_text("[{]")
    done = run("--check-config", home=tmp_path, environment={"SCRUBJAY_MASK_RULESDIR": str(rules)})
    assert done.returncode == 2 and "mine.json" in done.stderr


def test_an_excluded_project_never_arrives(source, tmp_path):
    source.add_session("open", project="open-thing")
    source.add_session("closed", project="secret-thing")
    status, result, _ = run_once(source.path, tmp_path / "archive.db",
                                 environment={"SCRUBJAY_PRIVACY_EXCLUDE": "secret-*"})
    assert status == 0
    assert archive_rows(tmp_path / "archive.db", "SELECT id FROM sessions") == [("open",)]


def remotes(home, **urls):
    """Settings with a remote at each of these ports."""
    folder = home / ".config" / "scrubjay"
    folder.mkdir(parents=True)
    (folder / "scrubjay.conf").write_text("".join(f"[Remote {name}]\nURL=clickhouse+http://ann@127.0.0.1:{port}/x\n"
                                                  for name, port in urls.items()))


def test_a_remote_that_is_down_is_reported_once(source, tmp_path):
    source.add_session("one")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))   # nobody listens there
        port = closed.getsockname()[1]
        remotes(tmp_path, team=port)
        status, result, errors = run_once(source.path, tmp_path / "archive.db", home=tmp_path)
    reason = f"127.0.0.1:{port} refuses connections."
    assert status == 1 and result["sessions_synced"] == 1
    assert list(result["remotes"]) == ["team"]
    assert result["remotes"]["team"]["rows_sent"] == 0 and reason in result["remotes"]["team"]["error"]
    assert errors.count(f"The remote 'team' is not up to date: {reason}") == 1


def test_a_remote_that_hangs_does_not_hold_a_signal(source, tmp_path):
    source.add_session("one")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        remotes(tmp_path, team=silent.getsockname()[1])
        process = subprocess.Popen([SCRUBJAYD, "--once", "--source", source.path, "--archive", tmp_path / "archive.db"],
                                   env=clean_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        silent.settimeout(60)
        connection, _ = silent.accept()     # the cycle is done, and is being delivered
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
        connection.close()
    result = json.loads(output)
    assert (process.returncode, result["sessions_synced"]) == (1, 1), errors
    assert result["remotes"] == {"team": {"rows_sent": 0, "error": "It was stopped."}}


def test_the_archive_is_where_the_settings_say(tmp_path):
    source = Source(tmp_path / ".agentsview" / "sessions.db")
    source.add_session("one")
    done = run("--once", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sessions_synced"] == 1
    assert archive_rows(tmp_path / ".local/share/scrubjay/archive.db", "SELECT id FROM sessions") == [("one",)]
    source.close()


def test_introspection_is_what_was_promised(tmp_path):
    done = run("--bus-introspect", home=tmp_path)
    assert done.returncode == 0
    root = ElementTree.fromstring(done.stdout.split("<!DOCTYPE", 1)[1].split(">", 1)[1])
    interface = next(i for i in root.findall("interface") if i.get("name") == "org.scrubjay.Sync1")

    def arguments(element, direction):
        found = [a for a in element.findall("arg") if a.get("direction", direction) == direction]
        assert all(a.get("name") for a in found)
        return "".join(a.get("type") for a in found)

    assert {m.get("name"): (arguments(m, "in"), arguments(m, "out")) for m in interface.findall("method")} == {
        "Status": ("", "a{sv}"), "RunOnce": ("", "ttta{ss}"), "Deliver": ("", "a{ss}"), "ForceResync": ("", ""),
        "ResyncIdentity": ("", "")}
    assert {s.get("name"): arguments(s, "out") for s in interface.findall("signal")} == {
        "SyncStarted": "", "SyncCompleted": "ttta{ss}", "SecretsFound": "sa{su}"}
    assert {p.get("name"): (p.get("type"), p.get("access")) for p in interface.findall("property")} == {
        "LastSyncAt": ("t", "read"), "LastVerifiedAt": ("t", "read"), "TotalSessionsSynced": ("t", "read"),
        "TotalSecretsDetected": ("t", "read"), "LastError": ("s", "read"), "Running": ("b", "read"), "Syncing": ("b", "read"), "Source": ("s", "read"),
        "Archive": ("s", "read"), "Remotes": ("a(sstts)", "read"), "Version": ("s", "read")}
    assert "EmitsChangedSignal" not in done.stdout, "all properties announce changes, which is the default"
