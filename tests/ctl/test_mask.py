"""scrubjayctl mask, verify and rules: what people and scripts rely on"""

import json
import random
import string
import subprocess
import threading
import time

import pytest
from conftest import SCRUBJAYCTL, SESSION
from fixtures import rng  # noqa: F401

LETTERS = string.ascii_letters + string.digits


def made(n, alphabet=LETTERS, seed=7):
    return "".join(random.Random(seed).choices(alphabet, k=n))


GITHUB = "ghp" + "_" + made(36)
PASSWORD = made(5) + "7!x" + made(6, seed=8)


def test_mask_is_a_filter(ctl):
    out = ctl.run("mask", stdin=f"export A={GITHUB}\nB=1\n").out
    assert GITHUB not in out
    assert out.startswith("export A=[REDACTED:github-") and out.endswith("]\nB=1\n")
    assert ctl.run("mask", stdin=out).out == out
    assert ctl.run("mask", stdin="").out == ""


def test_mask_keeps_json_valid(ctl):
    document = {"a": [1, None, f'x "{GITHUB}"\n'], "password": 'it"s\\' + PASSWORD}
    out = json.loads(ctl.run("mask", stdin=json.dumps(document)).out)
    assert out["a"][:2] == [1, None] and GITHUB not in out["a"][2]
    assert out["password"].startswith("[REDACTED:") and out["password"].endswith("]")


def test_mask_check_answers_by_exit_status_alone(ctl):
    outcome = ctl.run("mask", "--check", stdin=f"a\nb {GITHUB}\n", code=1)
    assert outcome.out == "" and outcome.err.startswith("2: github-") and GITHUB not in outcome.err
    outcome = ctl.run("mask", "--check", stdin="nothing here\n")
    assert outcome.out == outcome.err == ""


def test_mask_jsonl_answers_in_order_with_offsets(ctl):
    texts = ["é clean", f"é {GITHUB}.", "", json.dumps({"k": GITHUB})]
    lines = "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(texts))
    answers = [json.loads(line) for line in ctl.run("mask", "--jsonl", stdin=lines).out.splitlines()]
    assert [answer["id"] for answer in answers] == [0, 1, 2, 3]
    assert answers[0] == {"id": 0, "text": "é clean", "findings": []}
    (finding,) = answers[1]["findings"]
    assert texts[1].encode()[finding["start"]:finding["end"]].decode() == GITHUB
    assert answers[1]["text"] == f"é [REDACTED:{finding['rule']}]."
    assert json.loads(answers[3]["text"])["k"].startswith("[REDACTED:")


def test_mask_jsonl_lines_are_apart_unless_they_are_a_session(ctl):
    lines = "".join(json.dumps({"id": i, "text": text}) + "\n"
                    for i, text in enumerate([f"DB_PASSWORD={PASSWORD}", f"it was {PASSWORD} then"]))
    apart = ctl.run("mask", "--jsonl", stdin=lines).out.splitlines()
    together = ctl.run("mask", "--jsonl", "--session", stdin=lines).out.splitlines()
    assert PASSWORD in apart[1] and PASSWORD not in apart[0]
    assert PASSWORD not in "".join(together)


def test_mask_jsonl_stays_in_step_with_broken_lines(ctl):
    lines = 'no json\n{"id":1}\n{"id":2,"text":"x"}\n'
    outcome = ctl.run("mask", "--jsonl", stdin=lines, code=2)
    answers = [json.loads(line) for line in outcome.out.splitlines()]
    assert ["error" in answer for answer in answers] == [True, True, False]


def test_verify_finds_nothing_where_all_is_masked(ctl):
    ctl.make_archive()
    assert "Nothing looks like a secret" in ctl.run("verify").out
    assert json.loads(ctl.run("verify", "--json").out) == []


def test_verify_names_the_place_and_never_the_text(ctl):
    ctl.make_archive()
    ctl.write(f"UPDATE messages SET thinking_text = 'use {GITHUB}' WHERE session_id = :a AND ordinal = 4")
    ctl.write(f"""UPDATE tool_calls SET input_json = '{{"password":"{PASSWORD}"}}' WHERE session_id = :a""")
    ctl.write(f"INSERT INTO usage_events (session_id, event_id, model) VALUES (:a, 1, 'model {GITHUB}')")
    outcome = ctl.run("verify", "--json", code=1)
    assert GITHUB not in outcome.out and PASSWORD not in outcome.out
    places = {(row["session_id"], row["ordinal"], row["field"]) for row in json.loads(outcome.out)}
    assert places == {(SESSION, 4, "thinking_text"), (SESSION, 4, "tool_calls/input_json"), (SESSION, None, "usage/model")}
    assert "3 places" in ctl.run("verify", code=1).out


def test_verify_looks_at_the_file(ctl):
    ctl.make_archive()
    assert "The archive is intact" in ctl.run("verify", "--integrity").out
    with open(ctl.archive, "r+b") as f:  # the last page, from its header on
        f.seek(-16384, 2)
        f.write(b"\xff" * 16384)
    assert "damaged" in ctl.run("verify", "--integrity", code=1).err


def test_rules_are_listed_and_shown(ctl):
    rules = json.loads(ctl.run("rules", "list", "--json").out)
    assert len(rules) > 200 and all(rule["id"] and rule["description"] and rule["reference"] for rule in rules)
    shown = json.loads(ctl.run("rules", "show", rules[0]["id"]).out)
    assert shown["id"] == rules[0]["id"] and shown["examples"]
    assert "no rule 'nothing'" in ctl.run("rules", "show", "nothing", code=1).err
    ctl.run("rules", "frobnicate", code=2)


def test_rules_that_do_not_hold_are_named(ctl):
    path = ctl.home / "mine.json"
    path.write_text(json.dumps([{
        "id": "mine", "literals": ["mine-"], "pattern": "mine-[0-9]{6}",
        "examples": {"positive": ["x <<mine-{digit:6}>> y", "<<mine-{hex:6}>>"], "negative": ["mine-{digit:6}"]}}]))
    out = ctl.run("rules", "test", path, code=1).out
    assert "mine: positive example 2, in a line: nothing is masked" in out
    assert "mine: negative example 1, in a line: is masked" in out
    assert "positive example 1" not in out


@pytest.mark.parametrize("examples, reason", [
    ({"positive": [None]}, "'examples' positive example 1 must be a non-empty string"),
    ({"positive": "x"}, "'examples' positive must be an array of strings"),
    ({"positive": ["x"], "negative": [["x"]]}, "'examples' negative example 1 must be a non-empty string"),
    ({"positive": ["x\0y"]}, "'examples' positive example 1 holds a NUL"),
    (["x"], "'examples' must be an object"),
    ({"positive": ["{alnum:100000}{alnum:100000}"], "negative": ["x"]}, "one of its examples is larger than 128 KiB"),
    ({"positive": ["<<abc>> {alnum:100000}"] * 11, "negative": ["x"]}, "the examples are larger than 1 MiB"),
])
def test_examples_that_cannot_be_tried_are_named(ctl, examples, reason):
    path = ctl.home / "mine.json"
    path.write_text(json.dumps([{"id": "mine", "literals": ["abc"], "pattern": "abc", "examples": examples}]))
    said = ctl.run("rules", "test", path, code=1).err
    assert reason in said and str(path) in said and len(said.splitlines()) == 1


def test_rules_test_tries_a_text(ctl):
    path = ctl.home / "notes.txt"
    path.write_text(f"one\ntwo {GITHUB}\n")
    out = ctl.run("rules", "test", path).out
    assert out.splitlines()[0].startswith(f"{path}:2: github-") and GITHUB not in out


def test_a_broken_rule_names_file_rule_and_reason(ctl):
    folder = ctl.home / "rules"
    folder.mkdir()
    (folder / "team.json").write_text('[{"id":"team","literals":["abc"],"pattern":"abc("}]')
    err = ctl.run("mask", stdin="x", code=2, SCRUBJAY_MASK_RULESDIR=str(folder)).err
    assert "team.json" in err and "'team'" in err and "parenthesis" in err


def peak_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def test_mask_streams(ctl):
    """Output begins before the input ends, and memory does not grow; a secret split across two writes is still masked."""
    line = "the session reads a file\n" * 1000
    with subprocess.Popen([SCRUBJAYCTL, "mask"], env=ctl.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        out = []
        reader = threading.Thread(target=lambda: out.extend(iter(lambda: run.stdout.read(1 << 16), "")))
        reader.start()
        for i in range(1600):
            run.stdin.write(line + f"export A={GITHUB[:20]}")
            run.stdin.flush()
            run.stdin.write(GITHUB[20:] + "\n")
            if i == 800:
                deadline = time.monotonic() + 60
                while not out and time.monotonic() < deadline:
                    time.sleep(0.01)
                assert out, "nothing came out before the end"
                early = peak_kb(run.pid)
        late = peak_kb(run.pid)
        run.stdin.close()
        reader.join()
    assert run.returncode == 0 and late <= 32 * 1024 and late <= early + 2048
    text = "".join(out)
    assert GITHUB not in text and GITHUB[20:] not in text
    assert text.count("[REDACTED:github-") == 1600 and text.count(line) == 1600


def test_mask_reads_a_file_twice(ctl, tmp_path):
    """What is learned at the end of a long file is masked at its beginning, as in a short one."""
    path = tmp_path / "long.txt"
    path.write_text(f"it was {PASSWORD} then\n" + "nothing here\n" * 400_000 + f"DB_PASSWORD={PASSWORD}\n")
    with open(path, encoding="utf-8") as long:
        done = subprocess.run([SCRUBJAYCTL, "mask"], env=ctl.environ, stdin=long, capture_output=True, text=True)
    assert done.returncode == 0 and PASSWORD not in done.stdout
    assert done.stdout.startswith("it was [REDACTED:") and len(done.stdout) > 5_000_000


@pytest.mark.parametrize("line", [
    '{"id":1,"text":"a\\u00e9\\ud83d\\ude00\\/\\t\\u0000\\u007f\\u202e b"}', '{ "text" : "x" , "id" : "a b" }',
    '{"id":1.50,"text":"x"}', '{"id":"a\\n","text":"x"}', '{"id":{"a":[1]},"text":"x"}', '{"text":"x"}',
    '{"id":1,"text":"x","more":[1]}', '{"id":1,"text":"a","text":"b"}', '{"id":-0,"text":"x"}', '{"id":1,"text":"\\ud83d"}',
    '{"id":123456789012345678901,"text":"x"}', '{"id":true,"text":"é\u2028\x7f"}'])
def test_mask_jsonl_answers_each_form_of_a_line_alike(ctl, line):
    """The fast path for a line and json-c's write the same; one more member forces json-c's."""
    longer = line[:-1].rstrip() + ',"extra":null}'
    short, long = (ctl.run("mask", "--jsonl", stdin=one + "\n").out for one in (line, longer))
    assert short == long and json.loads(short)["findings"] == []


@pytest.mark.parametrize("id", ["12345678901234567890123", "-0", "1.10", "1e999", "NaN", "-1E-2", "true", "null", '"a b"',
                                '"\\ud800"', '[1,{"a":2}]', "-Infinity"])
def test_mask_jsonl_keeps_ids_as_they_are(ctl, id):
    for line in (f'{{"id":{id},"text":"x"}}', f'\ufeff{{ "text" : "x", "more": [], "\\u0069d" :{id} }}'):
        assert ctl.run("mask", "--jsonl", stdin=line).out == f'{{"id":{id},"text":"x","findings":[]}}\n'


def test_mask_jsonl_masks_what_is_in_an_id(ctl):
    """Even a secret that only its context reveals."""
    lines = [{"id": f"password={PASSWORD}", "text": "x"}, {"id": [PASSWORD], "text": f"password={PASSWORD}"}]
    out = ctl.run("mask", "--jsonl", stdin="".join(json.dumps(line) + "\n" for line in lines)).out
    assert PASSWORD not in out and [json.loads(line)["text"][:1] for line in out.splitlines()] == ["x", "p"]


def test_mask_jsonl_answers_with_json_whatever_is_between_the_values_of_an_id(ctl):
    out = ctl.run("mask", "--jsonl", stdin='{"id":[1,\t2,\r{"a":\t3}],"text":"x"}\n').out
    assert json.loads(out)["id"] == [1, 2, {"a": 3}]
    assert "error" in json.loads(ctl.run("mask", "--jsonl", stdin='{"id":[NaN],"text":"x"}\n', code=2).out)


@pytest.mark.parametrize("line", ['{"id":1,"text":"a"}{"id":2,"text":"b"}', '{"id":1,"text":"a"} more', '{"id":1,"text":"a",}',
                                  "{'id':1,'text':'a'}", '{"id":01,"text":"a"}', '{"id":1,"text":"a', '{"id":1,"text":7}'])
def test_mask_jsonl_drops_nothing_in_silence(ctl, line):
    outcome = ctl.run("mask", "--jsonl", stdin=line + '\n{"id":2,"text":"b"}\n', code=2)
    first, second = map(json.loads, outcome.out.splitlines())
    assert "error" in first and "text" not in first and second["text"] == "b"


@pytest.mark.parametrize("before, after", [("", ""), ("worker 3 says:\n", "end\n")])
def test_mask_jsonl_keeps_lines_of_json_in_a_text(ctl, before, after):
    """A text may itself be JSON Lines, or a log with lines of JSON: each line stays valid."""
    lines = [json.dumps({"n": n, "password": 91827364554 if n % 2 else PASSWORD, "more": json.dumps({"token": GITHUB})})
             for n in range(6)]
    asked = json.dumps({"id": 1, "text": before + "".join(line + "\n" for line in lines) + after})
    text = json.loads(ctl.run("mask", "--jsonl", stdin=asked + "\n").out)["text"]
    assert text.startswith(before) and text.endswith(after)
    masked = [json.loads(line) for line in text[len(before):len(text) - len(after)].splitlines()]
    assert [item["n"] for item in masked] == list(range(6)) and "token" in json.loads(masked[0]["more"])
    assert PASSWORD not in text and GITHUB not in text and "91827364554" not in text


def test_mask_jsonl_check_prints_no_text(ctl):
    lines = "".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(["a", f"x {GITHUB}", "b"]))
    outcome = ctl.run("mask", "--jsonl", "--check", stdin=lines, code=1)
    assert outcome.out == "" and outcome.err.startswith("2: github-") and GITHUB not in outcome.err
    assert ctl.run("mask", "--jsonl", "--check", stdin='{"id":1,"text":"a"}\n').out == ""
    assert "Line 1" in ctl.run("mask", "--jsonl", "--check", stdin="no\n", code=2).err


def mask_file(ctl, path):
    with open(path, encoding="utf-8") as text:
        done = subprocess.run([SCRUBJAYCTL, "mask"], env=ctl.environ, stdin=text, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("n", [100, 60_000])
@pytest.mark.parametrize("form", ["compact", "pretty", "lines"])
def test_mask_keeps_json_of_any_length_valid(ctl, tmp_path, form, n):
    """As one document or line by line, read twice from a file or once from a pipe."""
    items = [{"n": i, "text": f'ducks "{i}"\n'} for i in range(n)]
    for i in range(0, n, n // 10):
        items[i] |= {"password": 918273645546372 + i, "api_key": PASSWORD, "more": json.dumps({"token": GITHUB})}
    text = ("".join(json.dumps(item) + "\n" for item in items) if form == "lines"
            else json.dumps(items, indent=1 if form == "pretty" else None, separators=(",", ":")))
    path = tmp_path / "long.json"
    path.write_text(text)
    for out in (ctl.run("mask", stdin=text).out, mask_file(ctl, path)[1]):
        masked = list(map(json.loads, out.splitlines())) if form == "lines" else json.loads(out)
        assert [item["n"] for item in masked] == list(range(n)) and "91827364554" not in out
        assert PASSWORD not in out and GITHUB not in out and "token" in json.loads(masked[0]["more"])


@pytest.mark.parametrize("begins, ends, rule", [
    ("-----BEGIN PRIVATE " + "KEY-----\n", "\n", "private-key"), ("ghp" + "_", "", "github-pat")])
def test_mask_does_not_end_in_silence_before_the_text_does(ctl, tmp_path, begins, ends, rule):
    """After a key or a token without an end that is longer than a window, what follows can no longer be told from it."""
    path = tmp_path / "key.txt"
    path.write_text("before\n" + begins + "".join(made(64, seed=i) + ends for i in range(135_000)) + "after\n")
    status, out, err = mask_file(ctl, path)
    assert status == 2 and out == "before\n[REDACTED:unscannable]" and f"the secret that begins on line 2 ({rule}) does not end" in err
    assert ctl.run("mask", stdin=path.read_text(), code=2).out == out


CHUNK = 512 << 10       # a long text is searched in pieces


LOG = "2026-01-02T10:00:00.123456Z stdout F [worker-7] "


@pytest.mark.parametrize("prefix, from_line, n_lines, footer", [
    ("", 0, 130, "-----"), (LOG, 1, 130, "-----"), (LOG, 1, 700, "-----"), ("", 0, 20, ""), (" ", 1, 2000, "-----")],
    ids=["whole", "no-header", "no-header-long", "footer-cut", "no-header-longer"])
def test_a_private_key_across_two_pieces_of_a_text(ctl, rng, prefix, from_line, n_lines, footer):
    """The whole key and nothing else, wherever the border of a window is, even without its header."""
    body = ["".join(rng.choices(LETTERS + "+/", k=64)) for _ in range(n_lines)]
    key = ["-----BEGIN RSA PRIVATE " + "KEY-----", *body, "-----END RSA PRIVATE " + "KEY" + footer]
    key = "".join(prefix + line + "\n" for line in key[from_line:])
    after = "all of it\n" + "".join("".join(rng.choices("0123456789abcdef", k=64)) + "\n" for _ in range(3))
    filler = "some words of a long log that say nothing\n" * (CHUNK // 42 + 1)
    borders = [*range(0, len(key), len(key) // 8), *range(len(key) - 60, len(key) + 3, 6)]
    texts = [filler[:CHUNK - at - 1] + "\n" + key + after + filler[:2000] for at in borders]
    lines = "".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts))
    for border, line in zip(borders, ctl.run("mask", "--jsonl", stdin=lines).out.splitlines()):
        text = json.loads(line)["text"]
        assert not any(line in text for line in body), border
        assert after in text, border


@pytest.mark.parametrize("around", ["Authorization: Basic {}", "clone https://AWS:{}@registry.example.com/x",
                                    "postgres://u:{}@db.example.com/x", "pypi-AgEIcHlwaS5vcmc{}"])
@pytest.mark.parametrize("size", [300, 2680, 3500])
def test_a_long_credential_is_masked_whole(ctl, rng, around, size):
    """A registry's login is a header of 2,680 characters."""
    value = "".join(rng.choices(string.ascii_letters + string.digits, k=size))
    out = ctl.run("mask", stdin=around.format(value) + "\n").out
    assert not any(value[i:i + 8] in out for i in range(size - 8)), "a part of it stays"
