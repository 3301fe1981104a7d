"""The journal catalog explains every message that has an id, and nothing else."""

import re
import shutil
import subprocess

from scrubjay_test import SOURCES

CATALOG = SOURCES / "data" / "scrubjay.catalog"
HEADER = (SOURCES / "src" / "service" / "log.h").read_text()


def test_every_message_is_explained():
    ids = re.findall(r'#define MESSAGE_\w+ "([0-9a-f]{32})"', HEADER)
    explained = re.findall(r"^-- ([0-9a-f]{32})$", CATALOG.read_text(), re.MULTILINE)
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == sorted(explained)


def test_its_fields_are_those_that_are_sent():
    sent = set(re.findall(r'"(SCRUBJAY_\w+)"', "".join(
        path.read_text() for path in (SOURCES / "src" / "service").glob("*.c"))))
    assert set(re.findall(r"@(SCRUBJAY_\w+)@", CATALOG.read_text())) <= sent


def test_journalctl_takes_it(tmp_path):
    folder = tmp_path / "usr" / "lib" / "systemd" / "catalog"
    folder.mkdir(parents=True)
    shutil.copy(CATALOG, folder)
    (tmp_path / "var" / "lib" / "systemd" / "catalog").mkdir(parents=True)
    subprocess.run(["journalctl", f"--root={tmp_path}", "--update-catalog"], check=True)
    listed = subprocess.run(["journalctl", f"--root={tmp_path}", "--list-catalog"], check=True, capture_output=True,
                            text=True).stdout
    assert len(listed.splitlines()) == len(re.findall(r"^-- ", CATALOG.read_text(), re.MULTILINE))
