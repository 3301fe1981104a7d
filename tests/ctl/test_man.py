"""The manual pages match the programs: interface, options, settings"""

import re
import subprocess
import xml.etree.ElementTree as tree

import pytest

from conftest import SCRUBJAYCTL
from scrubjay_test import SCRUBJAYD, SOURCES
from test_options import COMMANDS

MAN = SOURCES / "man"


def arguments(member, directions):
    return ", ".join(" ".join(filter(None, [arg.get("direction") if directions else None, arg.get("type"), arg.get("name")]))
                     for arg in member.iter("arg"))


def listing():
    """The interface as the page shows it, made from what the binary reports."""
    xml = subprocess.run([SCRUBJAYD, "--bus-introspect"], capture_output=True, text=True, check=True).stdout
    interface, = [i for i in tree.fromstring(xml).iter("interface") if i.get("name") == "org.scrubjay.Sync1"]
    lines = ["interface org.scrubjay.Sync1 {", "  methods:"]
    lines += [f"    {m.get('name')}({arguments(m, True)});" for m in interface.iter("method")]
    lines += ["  signals:"]
    lines += [f"    {s.get('name')}({arguments(s, False)});" for s in interface.iter("signal")]
    lines += ["  properties:"]
    access = {"read": "readonly", "readwrite": "readwrite"}
    lines += [f"    {access[p.get('access')]} {p.get('type')} {p.get('name')};" for p in interface.iter("property")]
    return "\n".join(f"\t{line}" for line in lines + ["};"])


def test_the_interface_is_what_the_binary_has():
    page = (MAN / "org.scrubjay.Sync1.5.scd").read_text()
    assert re.search(r"# THE INTERFACE\n\n```\n(.*?)\n```", page, re.DOTALL).group(1) == listing()


def help_options(command):
    out = subprocess.run([SCRUBJAYCTL, command, "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  --([a-z-]+)", out, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_scrubjayctl_are_in_its_page(command):
    page = (MAN / "scrubjayctl.1.scd").read_text()
    entry = "".join(re.findall(rf"^\*{command}[ *].*?(?=^\*|^#)", page, re.MULTILINE | re.DOTALL))
    common = {"help", "archive", "config"}
    assert [name for name in help_options(command) if name not in common and f"--{name}" not in entry] == []


def test_options_of_scrubjayd_are_in_its_page():
    page = (MAN / "scrubjayd.8.scd").read_text()
    out = subprocess.run([SCRUBJAYD, "--help"], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^  (--[a-z-]+)", out, re.MULTILINE)
    assert len(names) > 5
    assert [name for name in names if f"*{name}*" not in page] == []


def test_settings_and_their_defaults_are_in_their_page():
    page = (MAN / "scrubjay.conf.5.scd").read_text()
    section = ""
    for line in (SOURCES / "data" / "scrubjay.conf").read_text().splitlines():
        heading = re.match(r"#?\[(\w+)", line)
        setting = re.match(r"#(\w+)=(.*)", line)
        if heading:
            section = re.search(rf"# \[{heading.group(1).upper()}.*?(?=\n# |\Z)", page, re.DOTALL).group(0)
        elif setting:
            entry = re.search(rf"^\*.*{setting.group(1)}=\*.*?(?=^\*|\Z)", section, re.MULTILINE | re.DOTALL)
            assert entry, line
            if re.match(r"\d+\w*$|yes$|no$|purge$", setting.group(2)):
                assert f"Default: {setting.group(2)}." in entry.group(0), line


@pytest.mark.parametrize("page", sorted(path.name for path in MAN.glob("*.scd")))
def test_pages_are_well_formed(page):
    with open(MAN / page) as source:
        done = subprocess.run(["scdoc"], stdin=source, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
