"""import-gitleaks: a team's gitleaks.toml as rules"""

import json
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SCRUBJAYCTL
from test_mask import made

PROGRAM = Path(__file__).resolve().parents[2] / "data" / "import-gitleaks"

GITLEAKS = r"""
title = "team"
[[rules]]
id = "acme-token"
description = "Acme"
regex = '''(?i)\bacme[_-]?token\s*=\s*["']?([a-z0-9]{24})\z'''
entropy = 3
keywords = ["acme"]
    [[rules.allowlists]]
    regexes = ['''^0000''']
    stopwords = ["foo.bar"]
[[rules]]
id = "Greek"
regex = '''\p{Greek}+'''
keywords = ["alpha"]
[[rules]]
id = "by-path"
path = '''\.pem$'''
[allowlist]
regexes = ["EXAMPLE\\d"]
"""


def imported(ctl, text, code=0):
    """(rules file, what it said)"""
    file = ctl.home / "gitleaks.toml"
    file.write_text(text)
    done = subprocess.run([sys.executable, PROGRAM, "--scrubjayctl", SCRUBJAYCTL, file], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def rule(**members):
    return "[[rules]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in members.items())


def test_rules_are_imported_or_refused_by_name(ctl):
    out, said = imported(ctl, GITLEAKS, code=1)
    assert "Greek: refused" in said and "by-path: refused" in said and "Rules imported: 1, refused: 2." in said
    folder = ctl.home / "rules"
    folder.mkdir()
    (folder / "team.json").write_text(out)
    tried = ctl.run("rules", "test", folder / "team.json").out
    assert "0 failed" in tried and "1 rule lacks" in tried, "that it has no examples yet is no failure"
    secret = made(24, string.ascii_lowercase + string.digits)
    masked = ctl.run("mask", stdin=f"ACME_TOKEN = '{secret}\n", SCRUBJAY_MASK_RULESDIR=str(folder)).out
    assert masked == "ACME_TOKEN = '[REDACTED:acme-token]\n"
    made_of_it = json.loads(out)
    assert made_of_it["allow"]["patterns"] == [r"EXAMPLE\d"]
    assert made_of_it["rules"][0]["guards"]["not"] == ["^0000", r"(?i)(?:foo\.bar)"]


def test_broken_toml_names_the_line(ctl):
    _, said = imported(ctl, "[[rules]]\nid = x\n", code=1)
    assert "gitleaks.toml" in said and "line 2" in said


@pytest.mark.parametrize("pattern, expected", [
    ("abc_[0-9]+", "abc_"),
    ("(?i)abcd?[0-9]+", "abc"),
    ("a(bcd)e-fgh{2}", "e-fg"),
    (r"x[^]abc]wxyz\.k", "wxyz"),
])
def test_what_a_pattern_must_have_is_looked_for(ctl, pattern, expected):
    out, _ = imported(ctl, rule(id="a", regex=pattern))
    assert json.loads(out)["rules"][0]["literals"] == [expected]


@pytest.mark.parametrize("pattern", ["abc|def", "[abc]{20}", "(abc)"])
def test_without_anything_to_look_for_it_is_refused(ctl, pattern):
    assert "no fixed text" in imported(ctl, rule(id="a", regex=pattern), code=1)[1]


@pytest.mark.parametrize("pattern, group", [("abc", 0), ("abc(d)", 1), ("abc(?:d)", 0), (r"abc\(", 0), ("abc[(]", 0),
                                            ("abc(?P<n>d)(e)", [1, 2]), ("abc(?i:d)(e)", 1)])
def test_the_secret_is_the_group(ctl, pattern, group):
    out, _ = imported(ctl, rule(id="a", regex=pattern))
    assert json.loads(out)["rules"][0]["secret"] == group


def test_an_invalid_pattern_is_refused_with_its_reason(ctl):
    assert re.search("a: refused: .*parenthesis", imported(ctl, rule(id="a", regex="abc("), code=1)[1])
