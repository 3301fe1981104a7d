"""What the unit's sandbox forbids is tried within it and without it; and on a system that cannot create it."""

import json
import os
import re
import shutil
import stat
from pathlib import Path

import pytest
from scrubjay_test import github_token, wait_for
from user_session import Session

PROBE = Path(__file__).with_name("probe.py")
WITHOUT_NAMESPACES = "zz-no-user-namespaces.conf"


@pytest.fixture
def device():
    """A device that everybody may read; the usual ones are in every sandbox."""
    path = Path(f"/dev/scrubjay-test-{os.getpid()}")
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    path.chmod(0o666)
    yield
    path.unlink()


def settings_folder(session):
    with session.as_user():
        (session.here / ".config").mkdir(exist_ok=True)


def probe(session):
    """The results of probe.py, run instead of scrubjayd: the same unit, the same sandbox."""
    settings_folder(session)
    shutil.copy(PROBE, session.installed / "probe.py")
    out = session.archive.with_name("probe.json")
    session.drop_in("[Service]\nType=oneshot\nRestart=no\nWatchdogSec=0\nExecStart=\n"
                    f"ExecStart=python3 {session.installed}/probe.py %h/.local/share/scrubjay/probe.json\n")
    session.systemctl("start", "scrubjay.service")
    return json.loads(out.read_text())


def probe_unprotected(session):
    settings_folder(session)
    shutil.copy(PROBE, session.installed / "probe.py")
    out = session.home / ".config" / "probe.json"
    session.run("systemd-run", "--user", "--wait", "--quiet", "python3", session.installed / "probe.py", out)
    return json.loads((session.here / ".config" / "probe.json").read_text())


def exposure(session):
    done = session.run("systemd-analyze", "--user", "--no-pager", "security", "scrubjay.service", check=False)
    return float(re.search(r"exposure level for scrubjay.service: ([\d.]+)", done.stdout).group(1))


def succeeded(results):
    return {name for name, result in results.items() if result == "OK"}


def test_what_is_forbidden_fails(session, device):
    results = probe(session)
    assert succeeded(results) == {"read home", "write archive folder", "socket unix"}, results
    assert exposure(session) <= 1.3
    for name in ("ptrace", "process_vm_readv", "mount", "personality", "keyring", "suid", "mknod", "realtime"):
        assert results[name] == "EPERM", (name, results)
    assert {result for name, result in results.items() if name.startswith("namespace ")} == {"EPERM"}
    for name in ("inet", "inet6", "netlink"):
        assert results[f"socket {name}"] == "EAFNOSUPPORT", (name, results)
    assert results["write home"] == results["write settings"] == results["write usr"] == "EROFS"


def test_without_the_sandbox_the_same_works(session, device):
    """Otherwise the test above would prove nothing."""
    expected = {"write home", "write settings", "read home", "socket unix", "socket inet", "socket inet6", "socket netlink",
                "ptrace", "process_vm_readv", "suid", "personality", "read environment of the manager", "namespace user",
                "device", "see the credentials of others"}
    results = probe_unprotected(session)
    assert expected - succeeded(results) == set(), results


# A system that forbids user namespaces, or grants no power in them (where systemd ignores most of what it cannot do)


@pytest.fixture(scope="module", params=["refused", "powerless"])
def confined_manager(request):
    session = Session(1000, user_namespaces=request.param)
    yield session
    session.close()


@pytest.fixture
def confined(confined_manager):
    confined_manager.clean()
    yield confined_manager


def test_without_namespaces_it_starts_with_a_reduced_sandbox(confined):
    source = confined.source()
    source.add_session("one", [f"token {github_token()}"])
    refused = confined.run("systemd-run", "--user", "--wait", "--quiet", "-p", "PrivateUsers=yes",
                           "-p", "CapabilityBoundingSet=", "true", check=False)
    assert refused.returncode in (217, 218), "this system forbids them"
    confined.systemctl("enable", "--now", "scrubjay.service")
    assert confined.show("ActiveState") == "active" and confined.show("NRestarts") == "0"
    wait_for(lambda: confined.rows("SELECT content FROM messages") == [("token [REDACTED:github-pat]",)], "the session")
    assert WITHOUT_NAMESPACES in confined.show("DropInPaths")
    confined.systemctl("restart", "scrubjay.service")
    assert confined.show("ActiveState") == "active"
    assert "token" in str(confined.rows("SELECT content FROM messages"))
    source.close()


def test_protections_without_a_namespace_stay_in_force(confined):
    results = probe(confined)
    for name in ("ptrace", "process_vm_readv", "mount", "personality", "keyring", "suid", "realtime"):
        assert results[name] == "EPERM", (name, results)
    assert {result for name, result in results.items() if name.startswith("namespace ")} == {"EPERM"}
    for name in ("inet", "inet6", "netlink"):
        assert results[f"socket {name}"] == "EAFNOSUPPORT", (name, results)
    assert results["write home"] == "OK", "this is what is missing"


def journal_of_the_choice(session):
    """What units/choose-sandbox wrote: (priority, message)."""
    # for root: an unprivileged user's manager logs to the system's journal here
    entries = session.journal("_SYSTEMD_USER_UNIT=scrubjay-sandbox.service")
    return [(int(entry["PRIORITY"]), entry["MESSAGE"]) for entry in entries]


def test_the_journal_says_that_the_machine_refuses(confined):
    confined.systemctl("start", "scrubjay.service")
    warnings = [text for priority, text in journal_of_the_choice(confined) if priority == 4]
    assert any("this system forbids user namespaces" in text and "unshare: " in text for text in warnings), warnings
    assert not [text for priority, text in journal_of_the_choice(confined) if priority < 4]


def test_doctor_tells_which_protections_are_missing(confined):
    confined.systemctl("start", "scrubjay.service")
    found = confined.doctor()
    assert found["sandbox"][0] == "look" and found["sandbox"][2]
    assert "this system forbids user namespaces" in found["sandbox"][1]
    assert found["sandbox-files"][0] == found["sandbox-network"][0] == "look"
    assert found["sandbox-system-calls"][0] == "good"


def test_doctor_sees_the_whole_sandbox(started):
    found = started.doctor()
    assert found["sandbox"][0] == "good" and not any(check.startswith("sandbox-") for check in found)


def test_a_wrong_setup_is_distinguished_from_a_machine_that_refuses(session):
    """The nodes that systemd mounts over hidden paths are gone, so it fails although user namespaces work."""
    nodes = Path("/run/systemd" if session.uid == 0 else f"/run/user/{session.uid}/systemd") / "inaccessible"
    session.run("mv", nodes, f"{nodes}.gone", root=True)
    try:
        session.systemctl("start", "scrubjay.service")
        assert session.show("ActiveState") == "active"
        errors = [text for priority, text in journal_of_the_choice(session) if priority == 3]
        assert errors and "set up wrongly" in errors[-1] and "ProtectSystem=strict" in errors[-1], errors
        verdict, text, advice = session.doctor()["sandbox"]
        assert verdict == "broken" and "user namespaces work here" in text and "scrubjay-sandbox-trial" in advice
        words = [entry["MESSAGE"] for entry in session.journal("--identifier=(true)")]
        assert any("NAMESPACE" in word for word in words), "the advice leads somewhere"
    finally:
        session.run("mv", f"{nodes}.gone", nodes, root=True)
    session.systemctl("restart", "scrubjay.service")
    assert session.doctor()["sandbox"][0] == "good"


def test_the_sandbox_is_back_when_namespaces_are(session):
    """What was removed stays removed only until the next start."""
    folder = Path(f"/run/user/{session.uid}/systemd/user/scrubjay.service.d")
    session.run("mkdir", "-p", folder)
    session.run("cp", next(session.installed.rglob("no-user-namespaces.conf")), folder / WITHOUT_NAMESPACES)
    session.systemctl("daemon-reload")
    assert session.show("PrivateUsers") == "no"
    session.systemctl("start", "scrubjay.service")
    assert session.show("PrivateUsers") == "yes" and WITHOUT_NAMESPACES not in session.show("DropInPaths")
    assert session.doctor()["sandbox"][0] == "good"


def test_a_check_that_cannot_be_made_takes_nothing_off(session):
    """It fails closed: only a refusal counts."""
    session.drop_in("[Service]\nEnvironment=DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent XDG_RUNTIME_DIR=/nonexistent\n",
                    unit="scrubjay-sandbox.service")
    session.systemctl("start", "scrubjay.service")
    assert session.show("ActiveState") == "active" and session.show("PrivateUsers") == "yes"
    assert session.show("Result", "scrubjay-sandbox.service") == "exit-code"
