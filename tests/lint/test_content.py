"""What no tracked file may hold: a path of somebody's machine, a secret-shaped literal, something left open"""

import os
import re

import pytest

from tree import TOP, read, tracked

MACHINE_PATH = re.compile("(?<![\\w.~-])/(" + "|".join(["wo" + "rk", "fa" + "rm", "ro" + "ot"]) + ")/")
LEFT_OPEN = re.compile("\\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + ")\\b")

# A few formats that other people's scanners would report. The rules know many more; these are the loudest.
SECRETS = {
    "aws": r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
    "github": r"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b",
    "gitlab": r"\bglpat-[A-Za-z0-9_-]{20}\b",
    "slack": r"\bxox[abprs]-[0-9]{8,}-[0-9A-Za-z-]{20,}",
    "jwt": r"\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{20,}",
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+(?:[A-Za-z0-9+/]{40,}\s+)",
    "openai": r"\bsk-(?:proj-)?[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}",
    "anthropic": r"\bsk-ant-[a-z0-9]+-[A-Za-z0-9_-]{80,}",
    "google": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "npm": r"\bnpm_[A-Za-z0-9]{36}\b",
    "stripe": r"\b[rs]k_live_[A-Za-z0-9]{24,}\b",
}


def is_placeholder(text):
    """What documentation writes instead of a secret: it contains the word example, or repeats one character."""
    return "EXAMPLE" in text or re.search(r"([A-Za-z])\1{7}", text)


def contents():
    for path in tracked():
        with open(os.path.join(TOP, path), "rb") as f:
            data = f.read()
        if b"\0" not in data[:4096]:
            yield path, data.decode("utf-8", "replace")


def test_no_path_of_a_machine():
    assert [path for path, text in contents() if MACHINE_PATH.search(text)] == []


def test_nothing_left_open():
    code = ("src/", "tests/", "tools/", "units/", "data/", "meson")
    assert [path for path, text in contents() if path.startswith(code) and LEFT_OPEN.search(text)] == []


@pytest.mark.parametrize("kind", sorted(SECRETS))
def test_no_secret_shaped_literal(kind):
    pattern = re.compile(SECRETS[kind])
    found = {path for path, text in contents() for match in pattern.finditer(text)
             if not is_placeholder(match.group())}
    assert found == set()


def test_the_formats_are_recognised():
    """The patterns above can fire: planted secrets of these formats match."""
    import sys
    sys.path.insert(0, os.path.join(TOP, "tests", "lib"))
    from planted import one_of_each
    texts = [secret.text for secret in one_of_each()]
    for kind, pattern in SECRETS.items():
        found = [match.group() for text in texts for match in re.finditer(pattern, text + "\n")]
        assert found and not any(is_placeholder(text) for text in found), kind


FIGURE = re.compile(r"\b\d[\d,.]*\s?(?:ms|µs|s|min|KB|MB|GB|%|times|sessions|messages|rules)(?!\w)")
REPEATS = re.compile(r"`(?:tools/|tests/|scrubjayctl |systemctl |[A-Z]\w+=?`|QuietTime)")


def figures(markdown):
    """Paragraphs and rows of tables that state a figure without its source: a command, or the setting that it belongs to."""
    for block in re.split(r"\n\s*\n|\n(?=\|)", markdown):
        if FIGURE.search(block) and not REPEATS.search(block):
            yield block


def test_readme_states_no_figure_that_its_reader_cannot_repeat():
    assert list(figures(read("README.md"))) == []
    assert list(figures("It masks 120 MB in a second.\n\nSee `tools/bench`.\n")) == ["It masks 120 MB in a second."]
    assert list(figures("| a | 30 s |\n| b | `QuietTime=`, 500 ms |")) == ["| a | 30 s |"]
