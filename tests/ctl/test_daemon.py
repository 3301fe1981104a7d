"""status, sync, resync, watch, log-level, doctor with the real daemon on a private bus"""

import json
import os
import re
import signal
import subprocess
import time

from conftest import SCRUBJAYCTL
from scrubjay_test import github_token, wait_for


def test_status_of_a_running_daemon(ctl, daemon, source):
    out = ctl.run("status").out
    assert "is running since" in out and str(source.path) in out and "just now" in out
    status = json.loads(ctl.run("status", "--json").out)
    assert status["running"] is True and status["pid"] == daemon.process.pid and status["since"]


def test_sync_waits_until_it_is_there(ctl, daemon, source):
    source.add_session("one", ["hello", f"token {github_token()}"])
    out = ctl.run("sync").out
    assert re.match(r"1 session synced, \d+ secrets? masked \(", out)
    assert "one" in ctl.run("sessions").out
    result = json.loads(ctl.run("sync", "--json").out)
    assert (result["sessions_synced"], result["secrets_detected"], result["errors"]) == (0, 0, {})


def test_sync_does_not_start_a_second_daemon_for_want_of_one(ctl, bus):
    ctl.environ["DBUS_SESSION_BUS_ADDRESS"] = bus.address
    assert "systemctl --user enable --now scrubjay" in ctl.run("sync", code=1).err


def test_without_a_bus_it_says_so(ctl):
    assert "no user bus" in ctl.run("sync", code=1).err
    assert "no user bus" in ctl.run("watch", code=1).err
    status = ctl.run("status").out
    assert "no user bus" in status and "systemctl" not in status, "that would not work either"


def test_resync_does_everything_again(ctl, daemon, source):
    source.add_many(20)
    ctl.run("sync")
    assert ctl.run("resync").out.startswith("20 sessions synced")


def test_resync_need_not_wait(ctl, daemon, source):
    source.add_many(20)
    ctl.run("sync")
    before = daemon.status()["TotalSessionsSynced"]
    assert ctl.run("resync", "--no-wait").out == ""
    wait_for(lambda: daemon.status()["TotalSessionsSynced"] == before + 20, "all are synced again")


def test_a_cycle_that_cannot_run_gives_the_daemons_sentence(ctl, daemon, source):
    other = source.path.with_suffix(".other")
    other.write_bytes(b"no database" * 1000)
    for suffix in ("-wal", "-shm"):
        source.path.with_name(source.path.name + suffix).unlink(missing_ok=True)
    os.replace(other, source.path)
    err = ctl.run("sync", code=1).err
    assert str(source.path) in err and err.startswith("scrubjayctl: ")
    assert str(source.path) in ctl.run("status").out


def catches(pid, number):
    """Whether a process has a handler for a signal."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        caught = next(int(line.split()[1], 16) for line in f if line.startswith("SigCgt"))
    return bool(caught >> (number - 1) & 1)


def test_ctrl_c_leaves_the_daemon_at_work(ctl, daemon, source):
    source.add_many(20000, texts=[f"text {n} " * 60 for n in range(4)])
    process = subprocess.Popen([SCRUBJAYCTL, "sync"], env=ctl.environ, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: catches(process.pid, signal.SIGINT), "it waits for the answer")
    wait_for(lambda: daemon.status()["Syncing"], "the cycle is under way")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == -signal.SIGINT
    assert "scrubjayd continues" in process.stderr.read()
    daemon.wait_idle()
    assert daemon.rows("SELECT count(*) FROM sessions") == [(20000,)]


def test_a_terminal_gets_a_progress_bar(ctl, daemon, source):
    source.add_many(40000, texts=[f"text {n} " * 60 for n in range(4)])
    seen = ctl.on_terminal("resync")
    assert re.search(r"\[#*-*\] \d+ of \d+ sessions", seen)
    assert "40000 sessions synced" in seen or "80000 sessions synced" in seen


def test_watch_follows(ctl, daemon, source):
    process = subprocess.Popen([SCRUBJAYCTL, "watch", "--json"], env=ctl.environ, stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(process.stdout.readline())["event"] == "watching"
        source.add_session("leaky", ["hello", f"token {github_token()}"])
        seen = []
        while not seen or seen[-1]["event"] != "sync-completed" or seen[-1]["sessions_synced"] == 0:
            seen.append(json.loads(process.stdout.readline()))
        assert {"sync-started", "secrets-found", "sync-completed"} <= {event["event"] for event in seen}
        found = [event for event in seen if event["event"] == "secrets-found"][0]
        assert found["session"] == "leaky" and "github-pat" in found["rules"]
        daemon.stop()
        while seen[-1]["event"] != "daemon-stopped":
            seen.append(json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(10)


def test_watch_sums_up_more_secrets_than_can_be_read(ctl, daemon, source):
    """One line for each session of a first sync would help nobody."""
    process = subprocess.Popen([SCRUBJAYCTL, "watch"], env=ctl.environ, stdout=subprocess.PIPE, text=True)
    try:
        assert "watching" in process.stdout.readline()
        began = time.monotonic()
        source.add_many(3000, texts=lambda i: [f"token {github_token(i)}"])
        lines = []
        while not lines or "3000 sessions synced" not in lines[-1]:
            lines.append(process.stdout.readline())
        seconds = time.monotonic() - began + 1
    finally:
        process.terminate()
        process.wait(10)
    own = [line for line in lines if "secrets found in session many-" in line]
    sums = [re.search(r"secrets found in (\d+) more sessions: (\d+)\. Rotate them\.", line) for line in lines]
    sums = [match for match in sums if match]
    assert 5 <= len(own) <= 5 * seconds and 1 <= len(sums) <= seconds
    assert len(own) + sum(int(match[1]) for match in sums) == 3000
    assert sum(int(match[2]) for match in sums) == 3000 - len(own)


def test_status_tells_how_much_is_to_go(ctl, daemon, source):
    source.add_many(20000)
    ctl.run("sync")
    ctl.run("resync", "--no-wait")
    seen = []
    while not seen or seen[-1]["syncing"] or seen[-1]["total_sessions_synced"] < 40000:
        seen.append(json.loads(ctl.run("status", "--json").out))
    pending = [status["sessions_pending"] for status in seen if status["sessions_pending"]]
    assert len(pending) > 1 and pending == sorted(pending, reverse=True) and pending[0] < 20000
    assert seen[-1]["sessions_pending"] == 0


def test_log_level(ctl, daemon):
    assert ctl.run("log-level").out == "info\n"
    ctl.run("log-level", "debug")
    assert json.loads(ctl.run("log-level", "--json").out) == {"log_level": "debug"}


def test_doctor_finds_what_is_wrong(ctl, daemon, source):
    ctl.environ["AGENTSVIEW_DATA_DIR"] = str(source.path.parent)
    checks = json.loads(ctl.run("doctor", "--json").out)
    assert [check for check in checks if check["verdict"] == "broken"] == []
    assert {"settings", "rules", "source", "archive", "service", "watch"} <= {check["check"] for check in checks}
    os.chmod(ctl.archive, 0o644)
    checks = json.loads(ctl.run("doctor", "--json", code=1).out)
    assert [check["check"] for check in checks if check["verdict"] == "broken"] == ["archive-mode"]


def test_when_both_sides_were_compared_is_shown(ctl, daemon, source):
    ctl.environ["AGENTSVIEW_DATA_DIR"] = str(source.path.parent)
    assert re.search(r"Verified: just now", ctl.run("status").out)
    verified = json.loads(ctl.run("status", "--json").out)["last_verified_at"]
    assert verified.endswith("Z")
    found = {check["check"]: check["verdict"] for check in json.loads(ctl.run("doctor", "--json").out)}
    assert found["verified"] == "good"
    # for doctor, an audit is due every second, and this daemon runs one every hour
    ctl.environ["SCRUBJAY_SYNC_AUDITINTERVAL"] = "1s"
    late = wait_for(lambda: (found := {check["check"]: check for check in json.loads(ctl.run("doctor", "--json").out)}
                             )["verified"]["verdict"] == "look" and found["verified"], "it is worth a look", 20)
    assert "due every 1s" in late["text"]
    daemon.stop()
    assert json.loads(ctl.run("status", "--json").out)["last_verified_at"] == verified, "from the archive"


def test_doctor_reports_a_new_archive_after_a_lost_one(ctl, daemon, source):
    source.add_session("one")
    ctl.run("sync")
    daemon.archive.rename(daemon.archive.with_name("kept.db"))
    ctl.run("sync")
    checks = {check["check"]: check for check in json.loads(ctl.run("doctor", "--json", code=1).out)}
    assert checks["last-error"]["verdict"] == "broken" and "moved or removed" in checks["last-error"]["text"]
    assert checks["archive-new"]["verdict"] == "look" and "put it back" in checks["archive-new"]["advice"]


def test_doctor_reports_damaged_archives(ctl, daemon, source):
    source.add_session("one")
    ctl.run("sync")

    def verdict():
        checks = {check["check"]: check for check in json.loads(ctl.run("doctor", "--json").out)}
        return checks.get("archive-damaged")

    assert verdict() is None
    for suffix in ("20260102T030405Z", "20260102T030405Z-wal", "20260102T030406Z"):
        daemon.archive.with_name(daemon.archive.name + ".damaged-" + suffix).write_text("x")
    assert verdict()["verdict"] == "look" and "2 damaged archives" in verdict()["text"]


def test_doctor_names_a_bad_setting_with_its_line(ctl, tmp_path):
    config = tmp_path / "bad.conf"
    config.write_text("[Sync]\nQuietTime=soon\n")
    out = ctl.run("doctor", "--config", config).out
    assert f"{config}:2" in out and "The default is used" in out
    assert "no user bus" in out


def test_doctor_reports_broken_settings_and_goes_on(sample):
    """Each of them, and with what the others say."""
    settings = sample.home / ".config" / "scrubjay"
    (settings / "scrubjay.conf.d").mkdir(parents=True)
    (settings / "scrubjay.conf").write_text("[Privacy]\nMaskHome=perhaps\n[Remote team]\nHoldTime=soon\n")
    (settings / "scrubjay.conf.d" / "a.conf").write_text("[Sync\n")
    (settings / "scrubjay.conf.d" / "b.conf").write_text("[Source]\nPath=/nowhere/sessions.db\n")
    checks = json.loads(sample.run("doctor", "--json", code=1).out)
    broken = [check["text"] for check in checks if check["verdict"] == "broken"]
    assert [text.split("'")[0].rpartition("/")[2] for text in broken[:2]] == ["scrubjay.conf:2: MaskHome: ", "scrubjay.conf:4: HoldTime: "]
    assert "a.conf' cannot be used" in broken[2] and len(broken) == 3
    assert [check["verdict"] for check in checks if check["check"] in ("rules", "archive")] == ["good", "good"]
    assert "/nowhere/sessions.db" in next(check["text"] for check in checks if check["check"] == "source")
    (settings / "scrubjay.conf.d" / "a.conf").write_text("[Remote other]\nURL=mysql://db.example.com/x\n")
    assert "The remote 'other': Its URL names no kind of remote" in sample.run("doctor", code=1).out
    assert "MaskHome" in sample.run("sessions", code=1).err, "who reads with them still refuses"


def test_doctor_without_rules(ctl, tmp_path):
    out = ctl.run("doctor", code=1, SCRUBJAY_MASK_RULESDIR=str(tmp_path / "none")).out
    assert "Nothing is synced without rules" in out
