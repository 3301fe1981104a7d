"""[Mask] KnownFiles= in scrubjayctl: mask and its exit status, and what doctor says about each file"""

import json

import pytest
from fixtures import rng, value  # noqa: F401

MARK = "[REDACTED:known-value]"
PHRASE = "correct horse battery staple"


def test_mask_uses_them(ctl, rng):
    secret = value(rng)
    (ctl.home / ".env").write_text(f"A={secret}\nP='{PHRASE}'\n")
    known = {"SCRUBJAY_MASK_KNOWNFILES": "~/.env"}
    text = f"I said {PHRASE}, or {secret}, or correct\n> horse battery staple.\n"
    assert ctl.run("mask", stdin=text).out == text
    assert ctl.run("mask", stdin=text, **known).out == f"I said {MARK}, or {MARK}, or {MARK}.\n"
    assert ctl.run("mask", "--check", stdin=text, code=1, **known).err.count(": known-value\n") == 3
    line = json.dumps({"id": 1, "text": text}) + "\n"
    answer = json.loads(ctl.run("mask", "--jsonl", stdin=line, **known).out)
    assert [f["rule"] for f in answer["findings"]] == ["known-value"] * 3


@pytest.mark.parametrize("marker, what", [("known-value", "[Mask] KnownFiles="), ("unscannable", "within the limits")])
def test_a_marker_that_is_no_rule_is_explained(ctl, marker, what):
    said = ctl.run("rules", "show", marker, code=1).err
    assert f"'{marker}' is not a rule: " in said and what in said


def test_an_unreadable_file_is_reported_and_the_rest_is_masked(ctl):
    (ctl.home / ".env").write_text(f"P='{PHRASE}'\n")
    (ctl.home / "config.json").write_text('{"token": "' + PHRASE)
    known = {"SCRUBJAY_MASK_KNOWNFILES": "~/.env ~/config.json ~/none"}
    outcome = ctl.run("mask", stdin=PHRASE, **known)
    assert outcome.out == MARK
    assert outcome.err.count("cannot be read") == 1 and f"'{ctl.home}/config.json'" in outcome.err and PHRASE not in outcome.err

    found = [entry for entry in json.loads(ctl.run("doctor", "--json", **known).out) if entry["check"] == "known-files"]
    assert [entry["verdict"] for entry in found] == ["look", "look", "good"]
    assert f"'{ctl.home}/config.json'" in found[0]["text"] and f"'{ctl.home}/none'" in found[1]["text"]
    assert "1 value of [Mask] KnownFiles=" in found[2]["text"] and PHRASE not in str(found)
