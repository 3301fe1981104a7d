"""org.scrubjay.Sync1, as busctl and gdbus see it."""

import os
import re
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from scrubjay_test import BUILD, NAME, PATH, RULES, BusError, Daemon, Monitor, Source, github_token, wait_for

LOG_CONTROL = {"interface": "org.freedesktop.DBus.Properties", "path": "/org/freedesktop/LogControl1"}


def test_status_has_all_fields(make_daemon, source):
    source.add_session("one", [f"token {github_token()}"])
    before = time.time()
    daemon = make_daemon()
    daemon.wait_idle()
    status = daemon.status()
    assert set(status) == {"LastSyncAt", "LastVerifiedAt", "TotalSessionsSynced", "TotalSecretsDetected", "LastError", "Running",
                           "Syncing", "SessionsPending", "Source", "Archive", "Remotes", "Version", "KnownValues", "KnownFiles",
                           "KnownFilesUnread"}
    assert status["LastVerifiedAt"] == status["LastSyncAt"], "the first cycle compares all"
    assert before - 1 <= status["LastSyncAt"] / 1e6 <= time.time() + 1
    assert status["TotalSessionsSynced"] == 1
    assert status["TotalSecretsDetected"] >= 1
    assert (status["LastError"], status["Running"], status["Syncing"]) == ("", True, False)
    assert (status["Source"], status["Archive"]) == (str(daemon.source), str(daemon.archive))
    assert status["Remotes"] == []
    properties = daemon.call("GetAll", "s", NAME, interface="org.freedesktop.DBus.Properties")[0]
    assert properties == {key: value for key, value in status.items() if key != "SessionsPending" and "Known" not in key}


def test_the_totals_are_known_before_the_first_cycle(make_daemon, source):
    source.add_session("one")
    daemon = make_daemon()
    daemon.wait_idle()
    first = daemon.status()
    daemon.stop()
    source.close()
    daemon.source.rename(daemon.source.with_name("elsewhere.db"))
    again = make_daemon()
    wait_for(lambda: again.status()["TotalSessionsSynced"] == 1, "the totals of the archive")
    assert again.status()["LastSyncAt"] == first["LastSyncAt"] > 0


def test_run_once_by_both_tools(daemon, source):
    source.add_session("one", ["hello", f"token {github_token()}"])
    synced, skipped, secrets, errors = daemon.run_once()
    # the watch may have been faster
    assert daemon.status()["TotalSessionsSynced"] == 1 and synced in (0, 1) and errors == {}
    assert daemon.rows("SELECT content FROM messages ORDER BY ordinal") == [
        ("hello",), ("token [REDACTED:github-pat]",)]
    output, ok = daemon.gdbus("RunOnce")
    assert ok and re.fullmatch(r"\(uint64 0, uint64 \d+, uint64 0, (@a\{ss\} )?\{\}\)\s*", output)


def test_the_first_cycle_comes_by_itself(make_daemon, source):
    source.add_session("one")
    daemon = make_daemon()
    wait_for(lambda: daemon.rows("SELECT id FROM sessions") == [("one",)], "the first cycle")


def test_a_commit_arrives_after_the_quiet_time(make_daemon, source):
    daemon = make_daemon(environment={"SCRUBJAY_SYNC_QUIETTIME": "200ms"})
    daemon.wait_idle()
    source.add_session("warm", ["up"])
    wait_for(lambda: daemon.rows("SELECT id FROM sessions"), "the session")
    delays = []
    for i in range(5):
        began = time.monotonic()
        source.append("warm", [f"line {i}"])
        wait_for(lambda: len(daemon.rows("SELECT ordinal FROM messages")) == 2 + i, "the message")
        delays.append(time.monotonic() - began)
    assert min(delays) >= 0.2, "the quiet time was waited for"
    assert sorted(delays)[2] < 0.3, delays


def test_a_steady_writer_is_not_starved(make_daemon, source):
    daemon = make_daemon(environment={"SCRUBJAY_SYNC_QUIETTIME": "300ms", "SCRUBJAY_SYNC_MAXDELAY": "600ms"})
    daemon.wait_idle()
    source.add_session("busy")
    stop = threading.Event()

    def write():
        other = __import__("sqlite3").connect(source.path, isolation_level=None, timeout=10)
        n = 100
        while not stop.wait(0.05):
            other.execute("INSERT INTO messages (session_id, ordinal, role, content) VALUES ('busy', ?, 'user', 'x')",
                          (n,))
            n += 1
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_for(lambda: daemon.rows("SELECT id FROM sessions"), "the session, while it is written", 5)
    finally:
        stop.set()
        writer.join()


def test_our_own_reading_does_not_wake_us(make_daemon, source):
    source.add_session("one")
    source.close()  # the last connection: opening it creates -wal and -shm anew
    daemon = make_daemon(environment={"SCRUBJAY_SYNC_QUIETTIME": "20ms", "SCRUBJAY_SYNC_MAXDELAY": "50ms"})
    daemon.wait_idle()
    daemon.run_once()
    monitor = Monitor(daemon)
    time.sleep(1.5)  # forty quiet times, in which nothing may happen
    assert monitor.matching("SyncStarted") == []
    monitor.stop()


def test_two_calls_share_a_cycle_that_began_after_both(make_daemon, source):
    source.add_many(25000)
    daemon = make_daemon()
    monitor = Monitor(daemon)
    assert daemon.status()["Syncing"], "the first cycle is still running"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: daemon.run_once(), range(8)))
    assert {answer[0] for answer in answers} == {0}, "the first cycle's result was answered to nobody"
    assert len(set(map(str, answers))) == 1
    assert daemon.status()["TotalSessionsSynced"] == 25000
    wait_for(lambda: monitor.matching("SyncCompleted"), "the signal")
    assert len(monitor.matching("SyncStarted")) == 1
    monitor.stop()


def test_fifty_clients_are_all_answered(daemon, source):
    source.add_many(20)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: daemon.run_once(), range(50)))
    assert len(answers) == 50
    assert daemon.status()["TotalSessionsSynced"] == 20


def test_force_resync_answers_at_once_and_syncs_all(make_daemon, source):
    source.add_many(1000)
    daemon = make_daemon()
    daemon.wait_idle()
    began = time.monotonic()
    assert daemon.call("ForceResync") == []
    assert time.monotonic() - began < 0.5
    wait_for(lambda: daemon.status()["TotalSessionsSynced"] == 2000, "all are synced again", 60)
    daemon.wait_idle()
    assert daemon.run_once()[0] == 0


def test_deliver_without_remotes(daemon):
    assert daemon.call("Deliver") == [{}]


def test_signals(daemon, source):
    monitor = Monitor(daemon)
    source.add_session("the-session", [f"token {github_token(1)}", f"another {github_token(2)}"])
    wait_for(lambda: monitor.matching(r"SyncCompleted"), "the cycle")
    assert len(monitor.matching(r"SyncStarted \(\)")) == 1
    found = monitor.matching("SecretsFound")
    assert len(found) == 1 and "'the-session'" in found[0] and re.search(r"'github-pat': (uint32 )?\d", found[0])
    assert re.search(r"SyncCompleted \(uint64 1, (uint64 )?\d+, (uint64 )?[1-9]\d*, (@a\{ss\} )?\{\}\)",
                     monitor.matching("SyncCompleted")[0])
    wait_for(lambda: monitor.matching("'Syncing': <false>"), "the property")
    text = "\n".join(monitor.lines)
    for name in ("LastSyncAt", "TotalSessionsSynced", "TotalSecretsDetected", "Syncing"):
        assert f"'{name}': <" in text
    assert github_token(1) not in text
    monitor.stop()


def test_a_source_that_is_not_there_yet(make_daemon):
    daemon = make_daemon()
    daemon.wait_idle()
    output, ok = daemon.gdbus("RunOnce")
    assert not ok and f"{NAME}.Error.SourceUnavailable" in output
    sentence = daemon.status()["LastError"]
    assert str(daemon.source) in sentence and sentence in output
    source = Source(daemon.source)
    source.add_session("one")
    wait_for(lambda: daemon.rows("SELECT id FROM sessions"), "the source is found")
    wait_for(lambda: daemon.status()["LastError"] == "", "the error is over")
    assert daemon.logged("can be read again")
    source.close()


def test_one_bad_session_stops_no_other(make_daemon, source):
    source.add_session("good")
    source.add_session("bad" * 500)
    daemon = make_daemon()
    daemon.wait_idle()
    for _ in range(2):
        errors = daemon.run_once()[3]
        assert list(errors) == ["(row 2)"], "an id that is no key is not repeated"
        assert "longer than 1024 bytes" in daemon.status()["LastError"]
    assert daemon.rows("SELECT id FROM sessions") == [("good",)]
    assert daemon.log.count("could not be synced") == 1, "told once"
    source.sql("DELETE FROM sessions WHERE id != 'good'")
    daemon.run_once()
    assert daemon.status()["LastError"] == ""


def test_file_names_may_hold_any_bytes(make_daemon, tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    daemon = make_daemon(source=os.fsdecode(folder + b"/sessions.db"))
    wait_for(lambda: "caf\ufffd" in daemon.status()["LastError"], "the sentence")
    assert "caf\ufffd" in daemon.status()["Source"]
    output, ok = daemon.gdbus("RunOnce")
    assert not ok and "SourceUnavailable" in output
    os.mkdir(folder)
    source = Source(os.fsdecode(folder + b"/sessions.db"))
    source.add_session("one")
    wait_for(lambda: daemon.rows("SELECT id FROM sessions"), "it is synced all the same")
    source.close()


def test_a_source_that_is_broken_and_mended(make_daemon):
    daemon = make_daemon(start=False)
    daemon.source.parent.mkdir(parents=True)
    daemon.source.write_text("this is no database, " * 1000)
    daemon.start()
    wait_for(lambda: daemon.status()["LastError"], "the error")
    output, ok = daemon.gdbus("RunOnce")
    assert not ok and "SourceUnavailable" in output
    daemon.source.unlink()
    source = Source(daemon.source)
    source.add_session("one")
    wait_for(lambda: daemon.rows("SELECT id FROM sessions"), "it goes on")
    wait_for(lambda: daemon.status()["LastError"] == "", "the error is over")
    source.close()


def test_a_swapped_source(daemon, source, tmp_path):
    source.add_session("one", ["old text"])
    wait_for(lambda: daemon.rows("SELECT id FROM sessions"), "the session")
    other = Source(tmp_path / "home" / "agentsview" / "new.db")
    other.add_session("one", ["new text"])
    other.add_session("two")
    other.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    source.close()
    for suffix in ("-wal", "-shm"):
        (daemon.source.with_name("sessions.db" + suffix)).unlink(missing_ok=True)
    other.path.rename(daemon.source)
    wait_for(lambda: daemon.rows("SELECT content FROM messages WHERE session_id='one'") == [("new text",)],
             "the new file's text")
    assert daemon.rows("SELECT id FROM sessions ORDER BY id") == [("one",), ("two",)]
    wait_for(lambda: daemon.logged("Another file replaced"), "it is told")


def test_an_archive_that_cannot_be_used_and_then_can(make_daemon, source):
    source.add_session("one")
    daemon = make_daemon(start=False)
    daemon.archive.parent.write_text("in the way")
    daemon.start()
    wait_for(lambda: daemon.status()["LastError"], "the error")
    output, ok = daemon.gdbus("RunOnce")
    assert not ok and "ArchiveUnavailable" in output and daemon.status()["LastError"] in output
    daemon.archive.parent.unlink()
    wait_for(lambda: daemon.rows("SELECT id FROM sessions"), "it goes on by itself", 15)
    wait_for(lambda: daemon.status()["LastError"] == "", "the error is over")
    assert daemon.log.count("can be written again") == 1


def test_an_archive_that_vanishes_is_reported_until_a_restart(make_daemon, source):
    source.add_session("one")
    daemon = make_daemon(environment={"SCRUBJAY_SYNC_RECONCILEINTERVAL": "1s"})
    daemon.wait_idle()
    kept = daemon.archive.with_name("kept.db")
    daemon.archive.rename(kept)
    # by itself, at the next check, without any change of the source
    error = wait_for(lambda: daemon.status()["LastError"], "it is told")
    assert str(daemon.archive) in error and "moved or removed" in error and "put it back" in error
    assert daemon.rows("SELECT id FROM sessions") == [("one",)], "rebuilt from the source"
    source.add_session("two")
    wait_for(lambda: daemon.rows("SELECT id FROM sessions ORDER BY id") == [("one",), ("two",)], "it goes on")
    assert daemon.status()["LastError"] == error and daemon.log.count("was moved or removed") == 1
    daemon.stop()
    daemon.start()
    daemon.run_once()
    assert daemon.status()["LastError"] == ""
    # an archive with its sessions that replaces the one before is not worth reporting
    kept.rename(daemon.archive)
    wait_for(lambda: daemon.rows("SELECT id FROM sessions ORDER BY id") == [("one",), ("two",)], "the old one is in use")
    daemon.run_once()
    assert daemon.status()["LastError"] == ""


def test_last_verified_is_the_last_audit_without_a_difference(make_daemon, source):
    source.add_session("one")
    daemon = make_daemon(environment={"SCRUBJAY_SYNC_AUDITINTERVAL": "1s", "SCRUBJAY_SYNC_RECONCILEINTERVAL": "1s"})
    daemon.wait_idle()
    first = daemon.status()["LastVerifiedAt"]
    assert first > 0
    monitor = Monitor(daemon)
    later = wait_for(lambda: (now := daemon.status()["LastVerifiedAt"]) > first and now, "another audit")
    wait_for(lambda: monitor.matching("LastVerifiedAt"), "its change is announced")
    monitor.stop()
    # audits that leave out a session verify nothing, although syncs continue
    source.add_session("bad" * 500)
    wait_for(lambda: daemon.status()["LastError"], "it cannot be archived")
    stopped = daemon.status()
    wait_for(lambda: daemon.status()["LastSyncAt"] > stopped["LastSyncAt"] + 2_500_000, "more audits")
    assert daemon.status()["LastVerifiedAt"] == stopped["LastVerifiedAt"] >= later
    daemon.stop()
    daemon.environment["SCRUBJAY_SYNC_AUDITINTERVAL"] = "1h"
    daemon.start()
    assert daemon.status()["LastVerifiedAt"] == stopped["LastVerifiedAt"], "a restart knows it"


def test_rules_that_are_broken_and_mended(make_daemon, source, tmp_path):
    source.add_session("one", [f"token {github_token()}"])
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "rules.json").write_text('{"rules": [}')
    daemon = make_daemon(environment={"SCRUBJAY_MASK_RULESDIR": str(rules)})
    wait_for(lambda: daemon.status()["LastError"], "the error")
    output, ok = daemon.gdbus("RunOnce")
    assert not ok and "RulesInvalid" in output and "rules.json" in output
    assert daemon.rows("SELECT content FROM messages") == [], "nothing without rules"
    (rules / "rules.json").unlink()
    for path in RULES.glob("*.json"):
        (rules / path.name).write_text(path.read_text())
    wait_for(lambda: daemon.rows("SELECT content FROM messages") == [("token [REDACTED:github-pat]",)],
             "it goes on by itself", 15)


def test_a_failure_is_reported_once(make_daemon):
    daemon = make_daemon(start=False)
    daemon.source.parent.mkdir(parents=True)
    daemon.source.write_text("this is no database, " * 1000)
    daemon.start()
    wait_for(lambda: daemon.status()["LastError"], "the error")
    sentence = daemon.status()["LastError"]
    for _ in range(3):
        daemon.gdbus("RunOnce")
    assert daemon.log.count(sentence) == 1


def test_bad_calls_leave_it_alone(daemon):
    for arguments in (["RunOnce", "s", "x"], ["Nonsense"], ["Status", "as", "2", "a", "b"]):
        with pytest.raises(BusError):
            daemon.call(*arguments)
    with pytest.raises(BusError):
        daemon.call("Set", "ssv", NAME, "LastError", "s", "x" * 10000, interface="org.freedesktop.DBus.Properties")
    with pytest.raises(BusError):
        daemon.call("Status", path="/org/scrubjay/Other")
    assert daemon.status()["Running"]


def test_a_caller_that_leaves_is_no_trouble(make_daemon, source):
    source.add_many(3000)
    daemon = make_daemon()
    caller = subprocess.Popen(["busctl", "--user", "call", NAME, PATH, NAME, "RunOnce"], env=daemon.environment)
    wait_for(lambda: caller.poll() is None, "it calls")
    caller.kill()
    caller.wait()
    daemon.wait_idle()
    assert daemon.run_once()[0] == 0


def test_log_control(daemon, source):
    def get(name):
        return daemon.call("Get", "ss", "org.freedesktop.LogControl1", name, **LOG_CONTROL)[0]

    def put(name, value):
        daemon.call("Set", "ssv", "org.freedesktop.LogControl1", name, "s", value, **LOG_CONTROL)

    assert (get("LogLevel"), get("LogTarget"), get("SyslogIdentifier")) == ("info", "auto", "scrubjayd")
    daemon.run_once()
    assert not daemon.logged("Synced 0 sessions")
    put("LogLevel", "debug")
    assert get("LogLevel") == "debug"
    daemon.run_once()
    wait_for(lambda: daemon.logged("Synced 0 sessions"), "idle cycles are told at debug")
    put("LogTarget", "null")
    length = len(daemon.log)
    daemon.run_once()
    assert len(daemon.log) == length
    for name, value in (("LogLevel", "loud"), ("LogTarget", "printer")):
        with pytest.raises(BusError):
            put(name, value)


def test_the_standard_interfaces_answer(daemon):
    daemon.call("Ping", interface="org.freedesktop.DBus.Peer")
    xml = daemon.call("Introspect", interface="org.freedesktop.DBus.Introspectable")[0]
    printed = subprocess.run([daemon.command()[0], "--bus-introspect"], capture_output=True, text=True).stdout

    def own(text):
        return re.search(r'<interface name="org.scrubjay.Sync1">.*?</interface>', text, re.DOTALL).group(0)

    assert own(xml) == own(printed)
    tree = subprocess.run(["busctl", "--user", "introspect", NAME, PATH], env=daemon.environment, capture_output=True,
                          text=True)
    assert tree.returncode == 0 and ".RunOnce" in tree.stdout


def test_the_second_of_two_says_so_and_leaves(make_daemon, source, daemon, tmp_path, bus):
    second = Daemon(tmp_path / "second", bus, source=daemon.source)
    second.start(ready=False)
    assert second.wait() == 1
    assert second.logged("another scrubjayd runs already")
    assert second.notified("READY=1") == 0
    assert daemon.status()["Running"]


def test_without_a_bus_it_archives_and_with_one_it_can_be_controlled(make_daemon, source, bus):
    source.add_session("one")
    bus.kill()
    lonely = make_daemon()  # it is ready
    wait_for(lambda: lonely.rows("SELECT id FROM sessions") == [("one",)], "it archives")
    assert lonely.logged("archiving continues without it")
    bus.start()
    wait_for(lambda: lonely.logged("The user bus can be used again"), "it is back")
    assert lonely.status()["TotalSessionsSynced"] == 1


def test_archiving_continues_without_the_bus(daemon, bus, source):
    for name in ("one", "two"):
        bus.kill()
        source.add_session(name)
        wait_for(lambda: (name,) in daemon.rows("SELECT id FROM sessions"), "it goes on")
        bus.start()
        assert wait_for(lambda: answers(daemon) and daemon.run_once()[3] == {}, "control is back")
    assert daemon.log.count("archiving continues without it") == daemon.log.count("can be used again") == 2
    monitor = Monitor(daemon)
    source.add_session("three")
    wait_for(lambda: monitor.matching("SyncCompleted"), "signals come, too")
    monitor.stop()


def answers(daemon):
    try:
        return daemon.status()["Running"]
    except BusError:
        return False


def test_a_call_that_the_bus_takes_with_it_is_no_trouble(make_daemon, source, bus):
    source.add_many(5000)
    daemon = make_daemon()
    caller = subprocess.Popen(["busctl", "--user", "call", NAME, PATH, NAME, "RunOnce"], env=daemon.environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: daemon.status()["Syncing"], "the cycle")
    bus.kill()
    caller.wait(30)
    wait_for(lambda: daemon.rows("SELECT COUNT(*) FROM sessions") == [(5000,)], "all", 60)
    bus.start()
    wait_for(lambda: answers(daemon), "control is back")


def test_calls_of_force_resync_within_a_cycle_are_one(make_daemon, source):
    source.add_many(30000)
    daemon = make_daemon()
    daemon.wait_idle()
    before = daemon.status()
    daemon.call("ForceResync")
    wait_for(lambda: daemon.status()["Syncing"], "the cycle")
    for _ in range(5):
        daemon.call("ForceResync")
    status = daemon.status()
    assert status["Syncing"] and status["LastSyncAt"] == before["LastSyncAt"], "all of them came within the cycle"
    daemon.wait_idle()
    assert daemon.run_once()[0] == 0
    assert daemon.status()["TotalSessionsSynced"] - before["TotalSessionsSynced"] == 30000
    daemon.call("ForceResync")
    wait_for(lambda: daemon.status()["TotalSessionsSynced"] - before["TotalSessionsSynced"] == 60000, "a later one counts", 60)


def test_status_waits_for_no_sync(make_daemon, source):
    """While it syncs, Status costs what a call costs that asks for nothing: the loop touches no database.

    The medians are compared, taken in turn in one run; the percentiles are the benchmark's to show (tools/bench).
    """
    text = "some words of a session, neither long nor short; " * 200
    source.add_many(600, texts=[text] * 10)
    daemon = make_daemon()
    assert daemon.status()["Syncing"]
    done = subprocess.run([BUILD / "tests" / "bus" / "status-latency", "1000"], env=daemon.environment,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    medians = {}
    for line in done.stdout.splitlines():
        name, calls, p50, p99, worst = line.split()
        medians[name] = int(p50)
        print(f"{name}: {calls} calls, 50 %: {p50} us, 99 %: {p99} us, worst {worst} us")
    assert medians["Status"] < 10 * medians["Ping"]
    daemon.wait_idle()


# Signals and what the service manager is told


def test_it_is_ready_when_name_and_watch_stand(make_daemon, source):
    daemon = make_daemon()
    assert daemon.status()["Running"], "the name is owned by then"
    wait_for(lambda: daemon.notified("STATUS=Up to date"), "a status in plain words")
    assert [line for line in daemon.notifications if line == "READY=1"] == ["READY=1"]
    assert daemon.stop() == 0
    assert daemon.notified("STOPPING=1") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_by_a_signal(daemon, number):
    daemon.signal(number)
    assert daemon.wait() == 0
    assert daemon.logged("Stopped.")


def test_a_stop_finishes_a_cycle_that_fits_in_the_time(make_daemon, source):
    source.add_many(15000)
    daemon = make_daemon()
    assert daemon.status()["Syncing"]
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert daemon.rows("SELECT COUNT(*) FROM sessions") == [(15000,)]
    assert daemon.notified("EXTEND_TIMEOUT_USEC=") >= 1
    again = make_daemon()
    again.wait_idle()
    assert again.status()["TotalSessionsSynced"] == 15000


def test_the_second_signal_stops_after_the_current_session(make_daemon, source):
    source.add_many(120000)
    daemon = make_daemon()
    waiting = subprocess.Popen(["gdbus", "call", "--session", "--dest", NAME, "--object-path", PATH, "--method",
                                f"{NAME}.RunOnce"], env=daemon.environment, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: 0 < daemon.status()["TotalSessionsSynced"] or daemon.rows("SELECT id FROM sessions LIMIT 1"),
             "the sync gets on")
    daemon.signal(signal.SIGTERM)
    wait_for(lambda: daemon.notified("STOPPING=1"), "it heard the first one")
    output, ok = daemon.gdbus("RunOnce")
    assert not ok and ("Error.Stopping" in output or "NoReply" in output or "ServiceUnknown" in output)
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert "Error.Stopping" in waiting.communicate(timeout=10)[1]
    (count,), = daemon.rows("SELECT COUNT(*) FROM sessions")
    assert 0 < count < 120000
    assert daemon.rows("SELECT COUNT(*) FROM sessions s WHERE (SELECT COUNT(*) FROM messages m"
                       " WHERE m.session_id = s.id) != 2") == [(0,)], "each session is whole"
    again = make_daemon()
    wait_for(lambda: not again.status()["Syncing"], "the rest", 120)
    assert again.rows("SELECT COUNT(*) FROM sessions") == [(120000,)]
    assert again.status()["TotalSessionsSynced"] in (120000 - count, 120000), "what was done is not done again"


def test_reload_takes_new_settings(make_daemon, source, tmp_path):
    config = tmp_path / "my.conf"
    config.write_text("[Sync]\nQuietTime=50ms\n")
    source.add_session("open", project="open-thing")
    source.add_session("closed", project="secret-thing")
    daemon = make_daemon("--config", config)
    daemon.wait_idle()
    assert len(daemon.rows("SELECT id FROM sessions")) == 2
    config.write_text("[Privacy]\nExclude=secret-*\n[Remote team]\nURL=clickhouse://me:hush@host/db\nTimeout=x\n")
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: daemon.rows("SELECT id FROM sessions") == [("open",)], "the excluded project is gone")
    assert daemon.notified("RELOADING=1") == 1 and daemon.notified("MONOTONIC_USEC=") == 1
    wait_for(lambda: daemon.notified("READY=1") == 2, "ready again")
    (name, url, delivered, _, error), = daemon.status()["Remotes"]
    assert (name, url, delivered) == ("team", "clickhouse://host/db", 0)
    assert "no kind of remote" in error and "hush" not in error
    wait_for(lambda: daemon.logged("my.conf:5:") and daemon.logged("The settings were read again"), "it is told")
    assert not daemon.logged("hush")


def test_reload_of_a_broken_file_keeps_the_settings(make_daemon, source, tmp_path):
    config = tmp_path / "my.conf"
    config.write_text("[Privacy]\nExclude=secret-*\n")
    daemon = make_daemon("--config", config)
    config.write_text("[Privacy\n")
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: daemon.logged("stay in force"), "it is told")
    wait_for(lambda: daemon.notified("READY=1") == 2, "ready again")
    source.add_session("closed", project="secret-thing")
    source.add_session("open", project="open-thing")
    wait_for(lambda: daemon.rows("SELECT id FROM sessions"), "the sync")
    assert daemon.rows("SELECT id FROM sessions") == [("open",)]
    daemon.wait_idle()
    assert "my.conf" in daemon.status()["LastError"] and daemon.status()["LastError"].endswith("stay in force.")
    config.write_text("[Privacy]\n")
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: daemon.status()["LastError"] == "", "mended")


def test_reload_moves_the_watch(make_daemon, source, tmp_path):
    config = tmp_path / "my.conf"
    config.write_text("")
    daemon = make_daemon("--config", config, start=False)
    daemon.command = lambda base=daemon.command()[0]: [base, "--archive", daemon.archive, "--config", config]
    config.write_text(f"[Source]\nPath={source.path}\n")
    daemon.start()
    daemon.wait_idle()
    other = Source(tmp_path / "other" / "sessions.db")
    config.write_text(f"[Source]\nPath={other.path}\n[Sync]\nQuietTime=50ms\n")
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: daemon.status()["Source"] == str(other.path), "the other source")
    daemon.wait_idle()
    other.add_session("from-the-other")
    wait_for(lambda: ("from-the-other",) in daemon.rows("SELECT id FROM sessions"), "it is watched")
    other.close()


def test_the_watchdog_is_fed(make_daemon, source):
    source.add_many(3000)
    daemon = make_daemon(environment={"WATCHDOG_USEC": "400000"})
    wait_for(lambda: daemon.notified("WATCHDOG=1") >= 8, "it is fed, while syncing and while idle")
