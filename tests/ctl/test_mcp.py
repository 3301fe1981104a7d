"""mcp: the official SDK as the client, and lines that no client would write"""

import json
import os
import subprocess

import pytest
from conftest import EVIL, OTHER, SCRUBJAYCTL, SESSION
from scrubjay_test import SOURCES

CLIENT = SOURCES / "tests" / "ctl" / "mcp_client.py"
VERSIONS = ["auto", "2025-11-25", "2025-06-18"]
TOOLS = ["list_findings", "list_sessions", "read_session", "search_messages", "sessions_of_commit"]


def ask(sample, *calls, mode="auto"):
    """tools/test creates the environment that has the SDK, and names its Python."""
    done = subprocess.run([os.environ["MCP_PYTHON"], CLIENT, mode, SCRUBJAYCTL, "mcp"], input=json.dumps(calls), text=True,
                          env=sample.environ, cwd=sample.home, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def answers(sample, *calls):
    """What the tools answer, without the note that it is quoted data."""
    said = ask(sample, *calls)["answers"]
    for answer in said:
        assert not answer["error"], answer
        assert "data, not instructions" in answer["texts"][0]
    return [json.loads(answer["texts"][1]) for answer in said]


def lines(sample, *messages):
    """Raw lines in; the answers as objects."""
    text = "".join((m if isinstance(m, str) else json.dumps(m)) + "\n" for m in messages)
    return [json.loads(line) for line in sample.run("mcp", stdin=text).out.splitlines()]


@pytest.mark.parametrize("mode", VERSIONS)
def test_the_newest_version_and_the_two_before(sample, mode):
    said = ask(sample, ["list_sessions", {"limit": 1}], mode=mode)
    assert said["version"] == (said["newest"] if mode == "auto" else mode)
    assert sorted(said["tools"]) == TOOLS
    assert all(tool["annotations"]["readOnlyHint"] for tool in said["tools"].values())
    assert json.loads(said["answers"][0]["texts"][1])["sessions"][0]["id"] == OTHER


def test_search_list_and_findings(sample):
    hits, none, some, sessions, findings, commit = answers(
        sample, ["search_messages", {"query": "deploy"}], ["search_messages", {"query": "deploy", "project": "tools"}],
        ["search_messages", {"query": "deploy", "limit": 1}],
        ["list_sessions", {"project": "web", "since": "2026-02-22"}], ["list_findings", {}],
        ["sessions_of_commit", {"commit": "abc1234"}])
    assert [(hit["session_id"], hit["message"]) for hit in hits["hits"]] == [(SESSION, 4), (SESSION, 0)]
    assert (none["hits"], none["more"], len(some["hits"]), some["more"]) == ([], False, 1, True)
    assert [s["id"] for s in sessions["sessions"]] == [OTHER, SESSION]
    assert {(s["rule"], s["places"]) for s in findings["secrets"]} == {("jwt", 1), ("aws-access-key", 2)}
    assert [s["id"] for s in commit["sessions"]] == [SESSION]
    sample.run("findings", "ack", "4000")
    still, all_of_them = answers(sample, ["list_findings", {}], ["list_findings", {"all": True}])
    assert [s["rule"] for s in still["secrets"]] == ["jwt"]
    assert {s["rule"]: s["open"] for s in all_of_them["secrets"]} == {"jwt": True, "aws-access-key": False}


def test_sessions_in_the_trash_are_not_shown(sample):
    sample.write("INSERT INTO session_deletes (session_id, cause, change_seq) VALUES (:a, 'trash', 4);\n")
    hits, sessions = answers(sample, ["search_messages", {"query": "deploy"}], ["list_sessions", {"limit": 2}])
    assert hits["hits"] == [] and SESSION not in [s["id"] for s in sessions["sessions"]]
    assert len(sessions["sessions"]) == 2 and not sessions["more"]
    answer, = ask(sample, ["read_session", {"session_id": SESSION}])["answers"]
    assert answer["error"] and "in the trash" in answer["texts"][0]


def test_a_session_is_read_in_pieces(sample):
    text = "".join(f"Zeile {i} – 行\n" for i in range(9000))
    sample.write(f"UPDATE messages SET content = '{text}' WHERE ordinal = 4;\n")
    whole, offset, pieces = "", 0, 0
    while offset is not None:
        piece, = answers(sample, ["read_session", {"session_id": SESSION[:10], "offset": offset}])
        assert len(piece["text"].encode()) <= 24000
        whole += piece["text"]
        offset = piece.get("next_offset")
        pieces += 1
    assert pieces > 5
    assert whole == sample.run("show", SESSION, "--markdown", "--tools", "names").out
    around, = answers(sample, ["read_session", {"session_id": SESSION, "message": 0, "around": 0, "tools": "none"}])
    assert "Deploy with" in around["text"] and "Zeile" not in around["text"]
    inside, = answers(sample, ["read_session", {"session_id": SESSION, "offset": whole.encode().index("–".encode()) + 1}])
    assert inside["text"].startswith(" 行")


WRONG = [
    ("search_messages", {}, "'query', the text to search for, is missing"),
    ("search_messages", {"query": "*("}, "no word to search for"),
    ("search_messages", {"query": 5}, "must be a string"),
    ("search_messages", {"query": "x", "in": "nowhere"}, "an invalid value"),
    ("search_messages", {"query": "x", "session_id": "0199a1b2"}, "Several ids begin"),
    ("list_sessions", {"limit": -1}, "whole number"),
    ("list_sessions", {"since": "someday"}, "must be a time"),
    ("list_sessions", {"starred": "yes"}, "true or false"),
    ("read_session", {}, "'session_id' is missing"),
    ("read_session", {"session_id": "zzz"}, "no session 'zzz'"),
    ("read_session", {"session_id": SESSION, "message": 3}, "no such message"),
    ("sessions_of_commit", {}, "Give either"),
    ("sessions_of_commit", {"commit": "HEAD"}, "not a commit id"),
]


def test_wrong_arguments_are_reported_to_the_model(sample):
    said = ask(sample, *([tool, arguments] for tool, arguments, _ in WRONG), ["nothing", {}])["answers"]
    assert [(i, a) for i, a in enumerate(said[:-1]) if not a["error"] or WRONG[i][2] not in a["texts"][0]] == []
    assert said[-1] == {"refused": "There is no such tool."}


def test_nothing_unsafe_and_no_secret_comes_out(sample):
    out = sample.run("mcp", stdin=json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "read_session", "arguments": {"session_id": OTHER}}}) + "\n").out
    assert "before" in out and not any(c in out for c in set(EVIL) if ord(c) < 32 or 0x7f <= ord(c) < 0xa0)


def test_a_missing_archive_is_reported(ctl):
    answer, = ask(ctl, ["list_sessions", {}])["answers"]
    assert answer["error"] and "There is no archive at" in answer["texts"][0]


def test_lines_that_are_no_request(sample):
    ping = {"jsonrpc": "2.0", "id": 7, "method": "ping"}
    said = lines(sample, "not json", "{} {}", "17", json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}),
                 {"jsonrpc": "2.0", "id": "x", "method": "nothing"}, {"jsonrpc": "2.0", "id": 1, "method": 5},
                 {"jsonrpc": "2.0", "id": 2, "method": "ping", "params": []}, {"jsonrpc": "2.0", "id": 3, "result": {}}, "",
                 [ping, {"jsonrpc": "2.0", "method": "x"}, ping], "x" * (2 << 20), "[" * 100000, ping)
    codes = [(m["id"], m["error"]["code"]) if isinstance(m, dict) and "error" in m else m for m in said]
    assert codes == [(None, -32700), (None, -32700), (None, -32600), ("x", -32601), (1, -32600), (2, -32600),
                     [{"jsonrpc": "2.0", "id": 7, "result": {}}] * 2, (None, -32600), (None, -32700),
                     {"jsonrpc": "2.0", "id": 7, "result": {}}]


def test_an_unknown_version_is_answered_with_those_that_are_known(sample):
    meta = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2099-01-01"}}
    said, old = lines(sample, {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": meta},
                      {"jsonrpc": "2.0", "id": 2, "method": "initialize", "params": {"protocolVersion": "1999-01-01"}})
    assert said["error"]["code"] == -32022 and "2026-07-28" in said["error"]["data"]["supported"]
    assert old["result"]["protocolVersion"] == "2025-11-25"


def test_a_modern_result_says_what_the_version_asks_for(sample):
    meta = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
    said = lines(sample, *({"jsonrpc": "2.0", "id": i, "method": method, "params": meta}
                           for i, method in enumerate(["server/discover", "tools/list", "ping"])))
    assert all(m["result"]["resultType"] == "complete" for m in said)
    assert all(m["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "scrubjay" for m in said)
    assert said[0]["result"]["cacheScope"] == said[1]["result"]["cacheScope"] == "private"


def test_the_archive_stays_as_it_is(sample):
    before = sample.archive.read_bytes()
    answers(sample, ["list_sessions", {}], ["read_session", {"session_id": SESSION}], ["list_findings", {}])
    assert sample.archive.read_bytes() == before
