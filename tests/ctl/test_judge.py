"""The judge: how careful it is, why it decides, and under which rule's name; with fresh values in every run"""

import json
import re
import string
import uuid

import pytest
from fixtures import rng  # noqa: F401

ALNUM = string.ascii_letters + string.digits


def made(rng, n, alphabet=ALNUM):
    return "".join(rng.choices(alphabet, k=n))


def strong(rng):
    """A password that nobody doubts, whichever values were drawn."""
    return made(rng, 7) + rng.choice("!#+") + made(rng, 4, string.digits) + made(rng, 8)


def explained(ctl, text, *more, **environ):
    return json.loads(ctl.run("rules", "explain", "--json", *more, stdin=text, **environ).out)


# Explain

def test_explain_shows_what_was_read_but_never_the_value(ctl, rng):
    value, other = strong(rng), "read_input()"
    text = f"x = 1\nexport DB_PASSWORD={value}\npassword = {other}\n"
    for out in (ctl.run("rules", "explain", stdin=text), ctl.run("rules", "explain", "-", stdin=text),
                ctl.run("mask", "--explain", stdin=text)):
        assert value not in out.out + out.err and other not in out.out + out.err
        assert f"2:20: operator, named 'DB_PASSWORD' (password), {len(value)} bytes" in out.out
        assert "masked by generic-password" in out.out and "at least" in out.out
        assert "3:12: operator, named 'password'" in out.out and "stays: a call" in out.out
    path = ctl.home / "notes"
    path.write_text(text)
    assert value not in ctl.run("rules", "explain", path).out
    assert value in ctl.run("rules", "explain", "--values", path).out


def test_explain_answers_in_json(ctl, rng):
    value = strong(rng)
    text = f"é\nDB_PASSWORD={value}\n"
    (one,) = explained(ctl, text)
    assert value not in json.dumps(one)
    assert text.encode()[one["start"]:one["end"]].decode() == value
    assert (one["form"], one["kind"], one["name"], one["rule"]) == ("operator", "password", "DB_PASSWORD", "generic-password")
    assert one["score"] >= one["threshold"] and 1 <= len(one["reasons"]) <= 5
    assert all(reason["feature"] and reason["points"] for reason in one["reasons"])
    assert [row["value"] for row in explained(ctl, text, "--values")] == [value]
    assert explained(ctl, "nothing here\n") == []
    assert "Nothing here is masked" in ctl.run("rules", "explain", stdin="nothing here\n").out


def test_explain_agrees_with_mask(ctl, rng):
    names = ["password", "API_TOKEN", "client_secret", "key", "sort_key", "token_url", "the password is", "pw"]
    values = [strong(rng), made(rng, 6, string.ascii_lowercase), "changeme", "string", "${X}", str(uuid.UUID(int=rng.getrandbits(128)))]
    for name in names:
        for value in values:
            text = f"{name}{' ' if ' ' in name else '='}{value}\n"
            told = any(row["rule"] for row in explained(ctl, text))
            assert told == ("[REDACTED:" in ctl.run("mask", stdin=text).out), name


def test_explain_names_what_masks_a_value_whoever_found_it(ctl, rng):
    """A rule that knows a form masks what the judge would leave, or only a part of it, or what has no name at all."""
    value = made(rng, 24)
    texts = {
        f"stripe_key: sk_live_{value}\n": "masked by stripe-key; by its name alone",
        f"the password is https://x:{value[:9]}@host.example/\n": "by url-password",
        f"postgres://app:{value[:9]}@db.example/prod\n": "masked by database-url, without a name",
    }
    for text, told in texts.items():
        out = ctl.run("rules", "explain", stdin=text).out
        (marker,) = re.findall(r"\[REDACTED:([a-z-]+)\]", ctl.run("mask", stdin=text).out)
        assert told in out and value[:9] not in out
        assert [row["rule"] for row in explained(ctl, text)] == [marker]
    left = ctl.run("rules", "explain", stdin=f"password = {strong(rng)}\n", SCRUBJAY_MASK_DISABLE="generic-password").out
    assert "stays, since no rule in force masks it" in left


def test_explain_refuses_conflicting_options(ctl):
    assert "--explain cannot be combined" in ctl.run("mask", "--explain", "--jsonl", stdin="", code=2).err
    assert "No such file" in ctl.run("rules", "explain", "/nonexistent/x", code=1).err


# Caution

def test_more_caution_masks_more(ctl, rng):
    weak = [made(rng, n, string.ascii_lowercase) for n in range(4, 12) for _ in range(12)]
    text = "".join(f"{name}: {value}\n" for name in ("password", "secret", "my token") for value in weak)
    rows = {caution: explained(ctl, text, SCRUBJAY_MASK_CAUTION=caution) for caution in ("low", "normal", "high")}
    assert [r["score"] for r in rows["low"]] == [r["score"] for r in rows["high"]]
    assert rows["normal"] == explained(ctl, text)
    for low, normal, high in zip(*rows.values()):
        if low["veto"] is None:
            assert low["threshold"] >= normal["threshold"] >= high["threshold"]
    n = [sum(row["rule"] is not None for row in rows[caution]) for caution in ("low", "normal", "high")]
    assert n[0] < n[1] <= n[2]


def test_a_caution_that_there_is_not_is_named(ctl):
    err = ctl.run("mask", stdin="x", SCRUBJAY_MASK_CAUTION="paranoid").err + ctl.run("doctor", SCRUBJAY_MASK_CAUTION="paranoid").out
    assert "'paranoid' is not low, normal or high" in err


# Names of rules

@pytest.mark.parametrize("name, rule", [
    ("HEROKU_API_KEY", "heroku-api-key"), ("herokuToken", "heroku-api-key"), ("my_heroku_token", "heroku-api-key"),
    ("API_KEY", "generic-api-key"), ("client_secret", "generic-secret"), ("DB_PASSWORD", "generic-password"),
])
def test_the_name_gives_the_rule(ctl, rng, name, rule):
    value = str(uuid.UUID(int=rng.getrandbits(128), version=4)) if "PASSWORD" not in name else strong(rng)
    assert ctl.run("mask", stdin=f'"{name}": "{value}",\n').out == f'"{name}": "[REDACTED:{rule}]",\n'


def test_what_is_disabled_names_nothing(ctl, rng):
    text = f"HEROKU_API_KEY={uuid.UUID(int=rng.getrandbits(128), version=4)}\n"
    out = ctl.run("mask", stdin=text, SCRUBJAY_MASK_DISABLE="heroku-api-key").out
    assert out == "HEROKU_API_KEY=[REDACTED:generic-api-key]\n"
    assert ctl.run("mask", stdin=text, SCRUBJAY_MASK_DISABLE="heroku-* generic-*").out == text


RETIRED = ["generic-hex-key", "generic-named-key", "password-in-prose", "password-value"]


@pytest.mark.parametrize("rule", RETIRED)
def test_a_retired_rule_still_marks(ctl, rule):
    for text in (f"password: [REDACTED:{rule}]\n", json.dumps({"token": f"[REDACTED:{rule}]"}), f"the password is [REDACTED:{rule}] now"):
        assert ctl.run("mask", stdin=text).out == text
    outcome = ctl.run("mask", stdin="x\n", SCRUBJAY_MASK_DISABLE=rule)
    assert f"[Mask] Disable={rule} disables nothing" in outcome.err and "'generic-" in outcome.err
    assert f"[Mask] Disable={rule} disables nothing" in ctl.run("doctor", SCRUBJAY_MASK_DISABLE=rule).out
    assert "was retired" in ctl.run("rules", "show", rule, code=1).err


# Near forms

NEAR = ["glp" + "at-", "gh" + "p_", "xox" + "b-", "np" + "m_", "sk" + "-ant-"]


@pytest.mark.parametrize("prefix", NEAR)
def test_a_known_prefix_with_another_long_tail_is_masked(ctl, rng, prefix):
    tail = made(rng, 2, string.digits) + made(rng, rng.randint(60, 90)) + made(rng, 2, string.ascii_uppercase) + "a1"
    out = ctl.run("mask", stdin=f"use {prefix}{tail} there\n").out
    assert tail[4:-4] not in out and out.startswith("use [REDACTED:") and out.endswith("] there\n")


@pytest.mark.parametrize("prefix", NEAR)
def test_what_only_begins_like_one_stays(ctl, rng, prefix):
    words = "_".join(rng.sample("apple River window garden Silver monkey train Bottle cloud forest".split(), 6)) + "_v2_x509"
    for tail in (made(rng, 4), "x" * 50, "docs/" + words) + ((words,) if prefix.endswith("_") else ()):
        text = f"see {prefix}{tail} there\n"
        assert ctl.run("mask", stdin=text).out == text, prefix


# The cost of a table

@pytest.mark.parametrize("row", ["{0}.{1},Enter your password,{1}", "| {0} | token | y key | {1} |", "{0}   password   {1}"])
def test_words_for_secrets_in_every_row_make_no_table_dear(ctl, rng, row):
    """Each word was taken for a title, and everything below was read again: 60 KB were masked as a whole."""
    text = "".join(row.format(made(rng, 5, string.ascii_lowercase), made(rng, 4, string.ascii_lowercase)) + "\n" for _ in range(8000))
    assert "unscannable" not in ctl.run("mask", stdin=text).out


@pytest.mark.parametrize("titles", ["user,password\n", "+----+----+\n| user | password |\n+----+----+\n", "| user | password |\n|---|---|\n",
                                    "It says:\nuser   password\n"])
def test_values_below_a_title_go(ctl, rng, titles):
    values = [strong(rng) for _ in range(3)]
    row = "| {} | {} |" if "|" in titles else "{},{}" if "," in titles else "{}   {}"
    out = ctl.run("mask", stdin=titles + "".join(row.format(made(rng, 4), value) + "\n" for value in values)).out
    assert not [value for value in values if value in out], out
