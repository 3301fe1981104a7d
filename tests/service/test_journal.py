"""What a person reads with journalctl -x, and how to make it say more."""

import pytest
from scrubjay_test import github_token, wait_for

PREPARE = """
mkdir -p /var/log/journal /var/lib/systemd/catalog
for folder in /var/log/journal /var/lib/systemd/catalog /usr/lib/systemd/catalog; do mount -t tmpfs tmpfs $folder; done
cp "$0" /usr/lib/systemd/catalog
journalctl --update-catalog
journalctl --flush
"""


@pytest.fixture(scope="module")
def explained(manager):
    """A journal on disk, so that each user has their own, and the catalog where packages install it; visible in there only."""
    manager.run("sh", "-ec", PREPARE, next(manager.installed.rglob("scrubjay.catalog")), root=True)


def journal(session):
    # the messages of system users, such as root, are in the system's journal
    which = ["--user-unit", "scrubjay"] if session.uid == 0 else ["--user", "-u", "scrubjay"]
    return session.run("journalctl", *which, "-x", "--no-pager", "--since", session.began).stdout


def test_the_journal_explains(explained, started):
    started.db.add_session("one", [f"token {github_token()}"])
    wait_for(lambda: started.rows("SELECT id FROM sessions"), "the session")
    text = wait_for(lambda: "by the rule 'github-pat'" in (text := journal(started)) and text, "the messages")
    assert "Subject: The service is ready" in text and "Subject: New secrets were found and masked" in text
    assert "Defined-By: scrubjay" in text
    assert str(started.home / ".agentsview/sessions.db") in text and "@SCRUBJAY_" not in text


def test_the_log_level_changes_without_a_restart(started):
    pid = started.show("MainPID")
    assert started.systemctl("service-log-level", "scrubjay").stdout == "info\n"
    started.systemctl("service-log-level", "scrubjay", "debug")
    assert started.systemctl("service-log-level", "scrubjay").stdout == "debug\n"
    began = started.run("date", "+%Y-%m-%d %H:%M:%S.%6N").stdout.strip()
    started.call("RunOnce")
    wait_for(lambda: any(entry["PRIORITY"] == "7" for entry in started.journal("_PID=" + pid, "--since", began)),
             "what is told at level debug only")
    assert started.show("MainPID") == pid
