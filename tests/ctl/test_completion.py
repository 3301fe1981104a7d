"""Completion: bash's is run as bash runs it; all three know every command and option"""

import os
import re
import subprocess

import pytest

from conftest import CODEX, OTHER, SCRUBJAYCTL, SESSION
from scrubjay_test import SOURCES
from test_man import help_options
from test_options import COMMANDS

FOLDER = SOURCES / "data" / "completions"
FILES = ["scrubjayctl.bash", "_scrubjayctl", "scrubjayctl.fish"]

DRIVER = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_scrubjayctl
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(ctl, *words):
    environ = ctl.environ | {"PATH": f"{os.path.dirname(SCRUBJAYCTL)}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", DRIVER, "bash", FOLDER / "scrubjayctl.bash", "scrubjayctl", *words], env=environ,
                          capture_output=True, text=True, cwd=ctl.home)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("words, expected", [
    (["se"], ["sessions", "search"]),
    (["--ver"], ["--version"]),
    (["sessions", "--st"], ["--starred"]),
    (["--archive", "x", "resync", "--no"], ["--no-wait"]),
    (["findings", "--by", "r"], ["rule"]),
    (["findings", "--by", "=", "d"], ["day"]),
    (["findings", "--by", "="], ["secret", "rule", "project", "session", "day"]),
    (["log-level", "d"], ["debug"]),
    (["state", ""], ["export", "import", "--archive", "--config", "--help"]),
    (["show", "0199"], [OTHER, SESSION]),
    (["show", ""], [OTHER, SESSION, CODEX]),
    (["search", "--session", "0199a1b2-b"], [OTHER]),
    (["sessions", "--project", ""], ["tools", "web"]),
    (["findings", "--rule", "aws-access"], ["aws-access-key"]),
    (["stats", "--by", ""], ["week", "agent", "project"]),
    (["findings", "a"], ["ack"]),
    (["findings", "ack", ""], ["fffffffffffffffe", "4000000000000000"]),
    (["rules", "sh"], ["show"]),
    (["rules", "show", "aws-access"], ["aws-access-key"]),
    (["mask", "--session", "--ch"], ["--check"]),
])
def test_bash(sample, words, expected):
    assert complete(sample, *words) == expected


def test_bash_without_an_archive_is_silent(ctl):
    assert complete(ctl, "show", "") == []


@pytest.mark.parametrize("file", FILES)
def test_every_command_and_option_is_known(file):
    text = (FOLDER / file).read_text()
    words = set(re.findall(r"[\w-]+", text.replace("\\n", " ")))
    assert [name for name in COMMANDS if name not in words] == []
    prefix = "" if file.endswith(".fish") else "--"
    missing = {(command, option) for command in COMMANDS for option in help_options(command)
               if prefix + option not in words}
    assert missing == set()
