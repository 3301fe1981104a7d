"""A person on a fresh Debian: install, enable, look, search, break the settings, repair them, remove everything

The tests follow one another, as the person's steps do.
"""

import json
import re

from fresh_root import TOP
from scrubjay_test import wait_for

UNIT = "scrubjay.service"

# Not the package's: what apt, dpkg and systemd keep for every package, and the person's own files.
OF_OTHERS = ("/var/lib/apt/", "/var/cache/", "/var/log/", "/var/lib/dpkg/", "/var/lib/systemd/", "/home/",
             "/var/lib/user-manager-")   # the session itself


def test_installing_starts_nothing(debian):
    assert debian.person("systemctl --user is-enabled " + UNIT, status=1).strip() == "disabled"
    assert debian.person("systemctl --user is-active " + UNIT, status=3).strip() == "inactive"


def test_a_preset_leaves_it_to_the_person(debian):
    debian.person("systemctl --user preset scrubjay")
    assert debian.person("systemctl --user is-enabled " + UNIT, status=1).strip() == "disabled"


def test_the_catalog_knows_its_messages(debian):
    ids = re.findall("^-- ([0-9a-f]{32})$", (TOP / "data" / "scrubjay.catalog").read_text(), re.MULTILINE)
    listed = debian.administrator("journalctl --list-catalog")
    assert ids and [one for one in ids if one not in listed] == []


def test_once_without_a_service(debian):
    (debian.home / "sample.db").write_bytes(debian.sample)
    result = json.loads(debian.person("scrubjayd --once --source ~/sample.db --archive ~/once/archive.db"))
    assert (result["sessions_synced"], result["errors"]) == (4, {})
    assert result["secrets_detected"] >= 10
    said = debian.person("scrubjayctl --archive ~/once/archive.db status")
    assert "4 sessions" in said and "systemctl --user enable --now scrubjay" in said
    debian.person("rm -r ~/once ~/sample.db")


def test_doctor_says_how_to_begin(debian):
    said = debian.person("scrubjayctl doctor || true")
    assert "systemctl --user enable --now scrubjay" in said
    assert "agentsview" in said


def test_enable_and_look(debian):
    debian.person("systemctl --user enable --now scrubjay")
    debian.person("mkdir -p ~/.agentsview")
    (debian.home / ".agentsview" / "sessions.db").write_bytes(debian.sample)
    wait_for(lambda: "4 sessions" in debian.person("scrubjayctl status"), "the sessions to arrive")
    said = debian.person("scrubjayctl status")
    assert "running" in said and "not running" not in said
    assert "Payment webhook" in debian.person("scrubjayctl sessions")
    assert "[REDACTED:" in debian.person("scrubjayctl search staging")
    assert "Rotate them" in debian.person("scrubjayctl findings")
    assert "org.scrubjay.Sync1" in debian.person("busctl --user list")


def test_sync_and_journal(debian):
    debian.person("scrubjayctl sync")
    journal = debian.administrator("journalctl --no-pager --catalog --identifier scrubjayd")
    assert "Synced 4 sessions" in journal
    # its explanation is beside it
    assert "░░ Cycles that found nothing to do" in journal


def test_broken_settings_are_named_and_mended(debian):
    debian.person("mkdir -p ~/.config/scrubjay && printf '[Sync]\\nQuietTime=soon\\n' >~/.config/scrubjay/scrubjay.conf")
    said = debian.person("scrubjayd --check-config", status=1)
    assert "/home/tester/.config/scrubjay/scrubjay.conf:2" in said and "QuietTime" in said
    debian.person("systemctl --user reload scrubjay")
    assert "QuietTime" in debian.person("scrubjayctl doctor || true")
    assert debian.person("systemctl --user is-active scrubjay").strip() == "active"
    debian.person("printf '[Sync]\\nQuietTime=1s\\n' >~/.config/scrubjay/scrubjay.conf && systemctl --user reload scrubjay")
    said = debian.person("scrubjayd --check-config")
    assert "QuietTime" not in said
    debian.person("rm -r ~/.config/scrubjay")


def test_unusable_rules_are_named(debian):
    debian.person("mkdir -p ~/.config/scrubjay && printf '[Mask]\\nRulesDir=/nowhere\\n' >~/.config/scrubjay/scrubjay.conf")
    assert "/nowhere" in debian.person("scrubjayd --check-config", status=2)
    debian.person("systemctl --user restart scrubjay")
    assert "/nowhere" in debian.person("scrubjayctl sync", status=1)
    assert "/nowhere" in debian.person("scrubjayctl doctor", status=1)
    debian.person("rm -r ~/.config/scrubjay && systemctl --user restart scrubjay && scrubjayctl sync")


def test_an_archive_elsewhere_by_following_the_advice(debian):
    debian.person("mkdir -p ~/.config/scrubjay && printf '[Archive]\\nPath=~/there/a.db\\n' >~/.config/scrubjay/scrubjay.conf")
    debian.person("systemctl --user restart scrubjay")
    said = debian.person("scrubjayctl sync", status=1)
    setting = re.search(r"create it if it does not exist, add (ReadWritePaths=\S+) to \[Service\]", said).group(1)

    debian.person("systemctl --user reset-failed scrubjay")  # nobody types this many restarts within ten seconds
    # half of the settings: doctor knows the other half
    drop_in = "~/.config/systemd/user/scrubjay.service.d"
    debian.person("mkdir -p %s && printf '[Service]\\n%s\\n' >%s/there.conf" % (drop_in, setting, drop_in))
    debian.person("systemctl --user daemon-reload && systemctl --user restart scrubjay", status=1)
    assert "is a folder in ReadWritePaths= missing?" in debian.person("scrubjayctl doctor", status=1)

    debian.person("mkdir %s && systemctl --user restart scrubjay" % setting.partition("=")[2])
    debian.person("scrubjayctl sync")
    assert "4 sessions" in debian.person("scrubjayctl status")
    debian.person("rm -r ~/.config/scrubjay %s && systemctl --user daemon-reload" % drop_in)
    debian.person("systemctl --user restart scrubjay && rm -r ~/there")


def test_removed_without_a_trace_but_the_archive(debian):
    debian.person("systemctl --user disable --now scrubjay")
    debian.administrator("DEBIAN_FRONTEND=noninteractive apt-get purge --yes --autoremove scrubjay")
    debian.person("systemctl --user daemon-reload")
    assert "could not be found" in debian.person("systemctl --user status scrubjay", status=4)
    assert "scrubjay" not in debian.administrator("journalctl --list-catalog")
    assert "scrubjay" not in debian.person("busctl --user list --activatable")
    # and what scrubjayctl kept of the rules
    assert set(debian.person("find . -name '*scrubjay*'").split()) - {"./.cache/scrubjay"} == {"./.local/share/scrubjay"}
    # and what belongs to the archive
    kept = debian.person("ls .local/share/scrubjay").split()
    assert sorted(kept) == ["archive.db", "archive.db.lock", "fingerprint.key", "search.db"]
    assert {path for path in debian.files() - debian.before if not path.startswith(OF_OTHERS)} == set()
