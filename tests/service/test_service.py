"""The installed unit under a real service manager."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from scrubjay_test import BusError, github_token, wait_for
from user_session import MESSAGES, StoppedThread, thread_of


def test_one_command_starts_it(session):
    source = session.source()
    source.add_session("one", [f"token {github_token()}"])
    session.systemctl("enable", "--now", "scrubjay.service")
    assert session.show("ActiveState") == "active", "the command comes back when it is ready"
    assert session.show("UnitFileState") == "enabled"
    assert "scrubjay.service" in session.show("Wants", "default.target")
    wait_for(lambda: session.rows("SELECT content FROM messages") == [("token [REDACTED:github-pat]",)], "the session")
    wait_for(lambda: session.show("StatusText").startswith("Up to date"), "a status in plain words")
    info = os.stat(session.archive)
    assert (info.st_mode & 0o777, info.st_uid) == (0o600, session.uid)
    assert os.stat(session.archive.parent).st_mode & 0o777 == 0o700
    source.close()


def test_a_folder_that_an_installation_made_is_closed(session):
    """If it is installed below ~/.local, the rules are in the archive's folder, which is then created readable for all."""
    with session.as_user():
        (session.archive.parent / "rules").mkdir(parents=True)
    assert session.archive.parent.stat().st_mode & 0o777 == 0o755
    with session.source() as source:
        source.add_session("one")
        session.systemctl("enable", "--now", "scrubjay.service")
        wait_for(lambda: session.rows("SELECT id FROM sessions") == [("one",)], "the session")
        assert session.archive.parent.stat().st_mode & 0o777 == 0o700
        assert [found for found in session.doctor().values() if found[0] == "broken"] == []
        assert session.journal(f"MESSAGE_ID={MESSAGES['MADE_PRIVATE']}")


def test_it_starts_before_there_is_a_source(session):
    session.systemctl("start", "scrubjay.service")
    assert session.show("ActiveState") == "active"
    wait_for(lambda: "sessions.db" in session.status()["LastError"], "it says what it waits for")
    source = session.source()
    source.add_session("one")
    wait_for(lambda: session.rows("SELECT id FROM sessions") == [("one",)], "the session", 20)
    assert session.show("NRestarts") == "0"
    source.close()


def test_a_source_in_the_other_usual_place_is_found(session):
    session.source(".claude/agentsview/other.db").close()
    session.systemctl("start", "scrubjay.service")
    wait_for(lambda: session.status()["LastError"], "it waits for the source")
    source = session.source(".claude/agentsview/sessions.db")
    source.add_session("one")
    wait_for(lambda: session.rows("SELECT id FROM sessions") == [("one",)], "the session")
    wait_for(lambda: session.status()["LastError"] == "", "all is well")
    assert session.status()["Source"] == str(session.home / ".claude/agentsview/sessions.db")
    source.append("one", ["more"])
    wait_for(lambda: session.rows("SELECT COUNT(*) FROM messages") == [(2,)], "it is watched")
    assert session.show("NRestarts") == "0"
    source.close()


def test_the_other_usual_place_may_appear_as_a_whole(session):
    """Then its folder is not in the sandbox: it works after an automatic restart at the latest."""
    session.systemctl("start", "scrubjay.service")
    wait_for(lambda: session.status()["LastError"], "it waits for the source")
    source = session.source(".claude/agentsview/sessions.db")
    source.add_session("one")
    source.close()
    wait_for(lambda: session.rows("SELECT id FROM sessions") == [("one",)], "the session", 30)
    wait_for(lambda: session.show("ActiveState") == "active" and session.status()["LastError"] == "", "all is well", 20)


def test_a_call_on_the_bus_starts_it(session):
    assert session.show("ActiveState") == "inactive"
    assert session.status()["Running"]
    assert session.show("ActiveState") == "active"


def test_run_once_activates_and_answers(session):
    source = session.source()
    source.add_session("one")
    synced, skipped, secrets, errors = session.call("RunOnce")
    assert errors == {} and session.rows("SELECT id FROM sessions") == [("one",)]
    source.close()


def test_the_bus_may_go_and_come_back(started):
    pid = started.show("MainPID")
    started.systemctl("stop", "dbus.socket", "dbus.service")
    started.db.add_session("one")
    wait_for(lambda: started.rows("SELECT id FROM sessions") == [("one",)], "it archives without it")
    assert started.show("MainPID") == pid
    started.systemctl("start", "dbus.socket")
    wait_for(lambda: started.run("busctl", "--user", "status", "org.scrubjay.Sync1", check=False).returncode == 0,
             "control is back", 30)
    assert started.status()["TotalSessionsSynced"] == 1
    assert (started.show("MainPID"), started.show("NRestarts")) == (pid, "0")


def test_stop_and_start_again(started):
    started.systemctl("stop", "scrubjay.service")
    assert started.show("Result") == "success"
    started.db.add_session("one")
    started.systemctl("start", "scrubjay.service")
    wait_for(lambda: started.rows("SELECT id FROM sessions") == [("one",)], "the session")


def test_stop_in_mid_cycle_loses_nothing(started):
    started.db.add_many(8000)
    wait_for(lambda: started.status()["Syncing"], "the cycle")
    started.systemctl("stop", "scrubjay.service")
    assert started.show("Result") == "success"
    assert started.rows("SELECT COUNT(*) FROM sessions s WHERE (SELECT COUNT(*) FROM messages m"
                        " WHERE m.session_id = s.id) != 2") == [(0,)]
    started.systemctl("start", "scrubjay.service")
    wait_for(lambda: started.rows("SELECT COUNT(*) FROM sessions") == [(8000,)], "all", 60)


def test_stop_asks_for_the_time_that_it_needs(session):
    """A cycle that takes longer than TimeoutStopSec= may finish if it makes progress."""
    session.drop_in("[Service]\nTimeoutStopSec=1s\n")
    source = session.source()
    source.add_many(80000)
    session.systemctl("start", "scrubjay.service")
    wait_for(lambda: session.status()["Syncing"], "the cycle")
    # It is finished if it can be done in 30 seconds, which its beginning does not tell on a busy machine.
    wait_for(lambda: session.rows("SELECT COUNT(*) > 8000 FROM sessions") == [(1,)], "a part of it")
    began = time.monotonic()
    session.systemctl("stop", "scrubjay.service")
    print(f"the stop took {time.monotonic() - began:.1f} s")
    assert session.show("Result") == "success"
    assert session.rows("SELECT COUNT(*) FROM sessions") == [(80000,)]
    source.close()


def test_a_stuck_worker_is_restarted_by_the_watchdog(started):
    started.drop_in("[Service]\nWatchdogSec=1s\n")
    started.systemctl("restart", "scrubjay.service")
    wait_for(lambda: started.status()["LastSyncAt"] > 0, "the first cycle")
    pid = started.pid()
    StoppedThread(thread_of(pid, "sync-writer"))
    started.db.add_session("one")
    wait_for(lambda: started.show("NRestarts") != "0", "the watchdog", 20)
    wait_for(lambda: started.show("ActiveState") == "active", "it is back", 20)
    assert started.pid() != pid
    wait_for(lambda: started.rows("SELECT id FROM sessions") == [("one",)], "it goes on", 20)
    assert any("Watchdog timeout" in entry["MESSAGE"] for entry in started.journal("--since", started.began))


def cpu_seconds(pid, thread):
    fields = Path(f"/proc/{pid}/task/{thread}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_session_that_gets_it_killed_is_synced_last(session):
    session.drop_in("[Service]\nWatchdogSec=4s\n")
    with session.source() as source:
        source.add_session("long", [f"message {i} " + "some words of a text " * 200 for i in range(30000)])
        source.add_session("small")
        session.systemctl("start", "scrubjay.service")
        wait_for(lambda: session.status()["Syncing"], "the cycle")
        pid = session.pid()
        thread = thread_of(pid, "sync-writer")
        wait_for(lambda: cpu_seconds(pid, thread) > 0.3, "it is in the midst of the long one, the first by its id")
        StoppedThread(thread)
        note = session.archive.with_name("archive.db.stuck")
        line, mode = wait_for(lambda: note.exists() and (note.read_text(), note.stat().st_mode & 0o777), "the note", 30)
        assert line.startswith("1 ") and line.endswith(" long\n") and mode == 0o600
        entries = wait_for(lambda: session.journal(f"MESSAGE_ID={MESSAGES['SESSION_STUCK']}", "--since", session.began),
                           "it is named")
        assert entries[0]["SCRUBJAY_SESSION"] == "long" and "'long'" in entries[0]["MESSAGE"]
        wait_for(lambda: session.show("NRestarts") == "1" and session.show("ActiveState") == "active", "it is back", 40)
        wait_for(lambda: session.rows("SELECT id FROM sessions") == [("small",)], "the other one comes first", 40)
        wait_for(lambda: len(session.rows("SELECT id FROM sessions")) == 2, "it is synced, too", 60)
        wait_for(lambda: not note.exists(), "the note goes")
        # Status says so as well, until the next cycle
        wait_for(lambda: any("'long'" in entry["MESSAGE"] and "alone and after all others" in entry["MESSAGE"] for entry in
                             session.journal(f"MESSAGE_ID={MESSAGES['SESSION_STUCK']}", "--since", session.began)), "it is told")
        assert session.show("NRestarts") == "1" and session.pid() != pid


def test_the_watchdog_leaves_alone_who_gets_on(session):
    session.drop_in("[Service]\nWatchdogSec=400ms\n")
    source = session.source()
    source.add_many(80000)
    began = time.monotonic()
    session.systemctl("start", "scrubjay.service")
    wait_for(lambda: session.rows("SELECT COUNT(*) FROM sessions") == [(80000,)], "all", 60)
    wait_for(lambda: not session.status()["Syncing"], "the end of the cycle", 30)
    assert time.monotonic() - began > 0.5, "it took longer than the watchdog waits"
    assert session.show("NRestarts") == "0"
    source.close()


def test_a_killed_daemon_comes_back(started):
    pid = started.pid()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: started.show("NRestarts") == "1" and started.show("ActiveState") == "active", "it is back", 20)
    started.db.add_session("one")
    wait_for(lambda: started.rows("SELECT id FROM sessions") == [("one",)], "it works")


def test_reload(started):
    started.db.add_session("open", project="open-thing")
    started.db.add_session("closed", project="secret-thing")
    wait_for(lambda: len(started.rows("SELECT id FROM sessions")) == 2, "both")
    pid = started.pid()
    started.configure("[Privacy]\nExclude=secret-*\n")
    started.systemctl("reload", "scrubjay.service")
    wait_for(lambda: started.rows("SELECT id FROM sessions") == [("open",)], "the excluded project is gone")
    wait_for(lambda: started.show("ActiveState") == "active", "it is ready again")
    assert started.pid() == pid
    assert started.journal(f"MESSAGE_ID={MESSAGES['SETTINGS_RELOADED']}", "--since", started.began)


def test_broken_settings_stop_the_start_until_mended(session):
    session.configure("[Privacy\nExclude=secret-*\n")
    session.systemctl("start", "scrubjay.service", check=False)
    entries = wait_for(lambda: session.journal(f"MESSAGE_ID={MESSAGES['SETTINGS_BAD']}", "--since", session.began),
                       "the journal tells")
    assert "scrubjay.conf" in entries[0]["MESSAGE"] and "line 1" in entries[0]["MESSAGE"]
    assert not session.archive.exists()
    session.configure("[Privacy]\nExclude=secret-*\n")
    wait_for(lambda: session.show("ActiveState") == "active", "it starts by itself", 20)


def test_journal_entries_have_ids_and_fields(started):
    started.db.add_session("the-session", ["hello", f"token {github_token()}"])
    wait_for(lambda: started.rows("SELECT id FROM sessions"), "the session")

    def entries(name):
        return wait_for(lambda: started.journal(f"MESSAGE_ID={MESSAGES[name]}", "--since", started.began),
                        f"a message {name}")

    entry = entries("STARTED")[-1]
    assert entry["SYSLOG_IDENTIFIER"] == "scrubjayd"
    assert entry["SCRUBJAY_SOURCE"] == str(started.home / ".agentsview/sessions.db")
    assert entry["SCRUBJAY_ARCHIVE"] == str(started.home / ".local/share/scrubjay/archive.db")
    entry = entries("CYCLE_DONE")[-1]
    assert (entry["PRIORITY"], entry["SCRUBJAY_SYNCED"], entry["SCRUBJAY_MESSAGES"]) == ("6", "1", "2")
    assert int(entry["SCRUBJAY_SECRETS"]) >= 1 and int(entry["SCRUBJAY_ELAPSED_USEC"]) > 0
    entry = entries("SECRETS_MASKED")[-1]
    assert entry["SCRUBJAY_RULE"] == "github-pat" and int(entry["SCRUBJAY_COUNT"]) >= 1
    started.systemctl("stop", "scrubjay.service")
    entries("STOPPED")
    assert not any(github_token() in str(entry) for entry in started.journal("--since", started.began))


# The sandbox


def test_the_sandbox_is_one(started):
    """For an unprivileged user without PrivateUsers=, all of this would start, and none of it would apply."""
    pid = started.pid()
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)
    assert int(status["CapBnd"], 16) == 0 and int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    for name in ("mnt", "net", "user"):
        assert os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/{started.inside}/ns/{name}"), name

    def touch(path):
        return subprocess.run(["nsenter", "--target", str(pid), "--mount", "touch", path], capture_output=True,
                              text=True)

    for path in (started.home / "file", "/usr/file", "/etc/file", started.home / ".config/file"):
        done = touch(path)
        assert done.returncode != 0 and "Read-only" in done.stderr, path
    for path in (started.home / ".agentsview/file", started.home / ".local/share/scrubjay/file"):
        assert touch(path).returncode == 0, path
    homes = subprocess.run(["nsenter", "--target", str(pid), "--mount", "ls", "/home", "/root"], capture_output=True,
                           text=True)
    assert homes.stdout.split() == ["/home:", "tester", "/root:"], "no other home is there"
    assert touch("/tmp/only-in-there").returncode == 0 and not os.path.exists("/tmp/only-in-there")
    devices = subprocess.run(["nsenter", "--target", str(pid), "--mount", "ls", "/dev"], capture_output=True, text=True)
    assert "null" in devices.stdout.split() and not {"vda", "sda", "mem", "kmsg"} & set(devices.stdout.split())
    limits = open(f"/proc/{pid}/limits").read()
    assert re.search(r"Max core file size\s+0\s+0\s", limits)


def test_its_exposure_is_low(started):
    done = started.run("systemd-analyze", "--user", "--no-pager", "security", "scrubjay.service", check=False)
    level = float(re.search(r"exposure level for scrubjay.service: ([\d.]+)", done.stdout).group(1))
    print(f"exposure {level}")
    assert level <= 1.3, done.stdout


def test_git_tells_the_identity_in_there(session):
    with session.as_user():
        (session.here / ".gitconfig").write_text("[user]\nemail = someone@example.org\nname = Some One\n")
    project = session.home / "project"
    session.run("git", "init", "--quiet", project)
    session.run("git", "-C", project, "remote", "add", "origin", "https://example.org/team/thing.git")
    source = session.source()
    source.add_session("one", cwd=str(project))
    session.systemctl("start", "scrubjay.service")
    wait_for(lambda: session.rows("SELECT id FROM sessions"), "the session")
    assert session.rows("SELECT user_id, user_name, project_id, project_name FROM sessions") == [
        ("someone@example.org", "Some One", "https://example.org/team/thing.git", "thing")]
    source.close()


def test_a_source_folder_that_appears_late_restarts_it(session):
    """The sandbox was created without the folder, which is read-only there: a restart creates a new sandbox."""
    session.systemctl("start", "scrubjay.service")
    wait_for(lambda: session.status()["LastError"], "it waits for the source")
    (session.here / ".agentsview").rmdir()
    # all at once: while its writer runs, the -shm file exists, and a read-only folder does no harm
    source = session.source("elsewhere/sessions.db")
    source.add_session("one")
    source.close()
    (session.here / "elsewhere").rename(session.here / ".agentsview")
    wait_for(lambda: session.rows("SELECT id FROM sessions") == [("one",)], "the session", 30)
    assert session.show("NRestarts") == "1"
    assert session.journal(f"MESSAGE_ID={MESSAGES['SOURCE_READ_ONLY']}", "--since", session.began)


def test_a_source_in_another_place_needs_a_drop_in_and_says_so(session):
    source = session.source("elsewhere/sessions.db")
    source.add_session("one")
    source.close()
    session.configure(f"[Source]\nPath={session.home}/elsewhere/sessions.db\n")
    session.systemctl("start", "scrubjay.service")
    wait_for(lambda: "ReadWritePaths=" in session.status()["LastError"], "it says what to do")
    assert session.show("NRestarts") == "0"
    session.drop_in(f"[Service]\nReadWritePaths={session.home}/elsewhere\n")
    session.systemctl("restart", "scrubjay.service")
    wait_for(lambda: session.rows("SELECT id FROM sessions") == [("one",)], "the session")


def test_an_archive_in_another_place_needs_a_drop_in_and_says_so(session):
    source = session.source()
    session.configure(f"[Archive]\nPath={session.home}/elsewhere/archive.db\n")
    session.systemctl("start", "scrubjay.service")
    wait_for(lambda: "ReadWritePaths=" in session.status()["LastError"], "it says what to do")
    source.close()


def test_it_goes_without_a_trace(started):
    started.systemctl("disable", "--now", "scrubjay.service")
    assert started.show("ActiveState") == "inactive"
    assert started.show("UnitFileState") == "disabled"
    with pytest.raises(AssertionError):
        started.pid()
    assert "scrubjayd" not in started.run("ps", "-eo", "comm").stdout.split()
    left = {str(path.relative_to(started.here)) for path in started.here.rglob("*scrubjay*")
            if "/systemd/" not in str(path) and "/dbus-1/" not in str(path)}
    assert left - {".cache/scrubjay"} == {".local/share/scrubjay"}, "its archive stays, and what scrubjayctl kept of the rules"
    assert "fingerprint.key" in os.listdir(started.archive.parent)


def test_an_unknown_error_is_an_error(started):
    with pytest.raises(BusError):
        started.call("Nonsense")
