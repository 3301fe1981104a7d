"""status, sessions, show, findings, search, export, on an archive with the real schema and no daemon"""

import json
import os
import re
import sqlite3
import stat

import pytest

from conftest import CODEX, OTHER, SESSION, columns
from languages import speaking

# ESC, BEL, DEL, C1 controls, bidirectional overrides
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def as_json(sample, *arguments):
    return json.loads(sample.run(*arguments, "--json").out)


# status

def test_status_without_daemon(sample):
    out = sample.run("status").out
    assert "not running" in out
    assert "3 sessions, 3 messages, 1 starred" in out
    assert "2 different secrets to rotate, 3 places" in out
    assert "Log in to a systemd session" in out, "there is no bus that systemctl could use"
    assert len(out.splitlines()) < 24


def test_status_json(sample):
    status = as_json(sample, "status")
    assert status["running"] is False
    assert status["archive"] == str(sample.archive)
    assert (status["sessions"], status["messages"], status["secrets"], status["findings"]) == (3, 3, 2, 3)
    assert (status["open_secrets"], status["open_findings"]) == (2, 3)
    assert status["rules"] == {"aws-access-key": {"findings": 2, "secrets": 1, "open_secrets": 1},
                               "jwt": {"findings": 1, "secrets": 1, "open_secrets": 1}}
    assert status["last_sync_at"] == "2026-03-01T10:00:00.000Z"
    assert (status["total_sessions_synced"], status["total_secrets_detected"]) == (9, 5)


def test_status_before_the_first_sync(ctl):
    out = ctl.run("status").out
    assert "not there yet" in out and "never" in out


# sessions

def test_an_empty_archive_is_distinguished_from_an_empty_result(sample):
    assert sample.run("sessions", "--project", "nobody").err == "No session matches.\n"
    with sqlite3.connect(sample.archive) as db:
        db.execute("DELETE FROM sessions")
    assert sample.run("sessions").err == "The archive holds no sessions yet.\n"


def ids(sample, *arguments):
    return [session["id"] for session in as_json(sample, "sessions", *arguments)]


@pytest.mark.parametrize("arguments, expected", [
    ([], [OTHER, SESSION, CODEX]),
    (["--project", "web"], [OTHER, SESSION]),
    (["--project", "t*"], [CODEX]),
    (["--agent", "codex"], [OTHER, CODEX]),
    (["--starred"], [CODEX]),
    (["--limit", "1"], [OTHER]),
    (["--since", "2026-02-22 09:00"], [OTHER, SESSION]),
    (["--since", "2026-02-22T10:00:01Z"], [OTHER]),
    (["--since", "yesterday"], []),
])
def test_sessions_are_filtered(sample, arguments, expected):
    assert ids(sample, *arguments) == expected


def test_sessions_in_a_pipe_are_plain_and_whole(sample):
    out = sample.run("sessions").out
    assert SESSION in out and "Deploy with [REDACTED:aws-access-key] please" in out
    assert "\x1b" not in out
    assert "★ an old one" in out


def test_a_resumed_session_is_on_top(sample):
    sample.write("UPDATE sessions SET ended_at = '2026-02-24T00:00:00.000Z' WHERE id = :c;\n")
    assert ids(sample) == [CODEX, OTHER, SESSION]
    out = sample.run("sessions").out
    assert re.search(r"codex:0199ffff +2026-02-24 00:00 +2026-02-20 00:00", out)


@pytest.mark.parametrize("by, expected", [
    ("activity", [OTHER, SESSION, CODEX]), ("started", [OTHER, SESSION, CODEX]), ("messages", [SESSION, OTHER, CODEX]),
    ("masked", [SESSION, OTHER, CODEX])])
def test_sessions_are_sorted(sample, by, expected):
    assert ids(sample, "--sort", by) == expected
    assert "activity, started, messages, masked" in sample.run("sessions", "--sort", "x", code=2).err


@pytest.mark.parametrize("language", ["C", "de", "zh_CN"])
@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("arguments", [["sessions"], ["findings"], ["findings", "--places"], ["findings", "--by", "session"],
                                       ["findings", "--all"], ["findings", "--all", "--places"],
                                       ["findings", "--all", "--by", "project"], ["stats", "--by", "project"],
                                       ["stats", "--by", "agent"], ["rules", "list"]])
def test_listings_fit_into_the_terminal(sample, arguments, width, language):
    sample.write("UPDATE sessions SET project = 'a-project-with-quite-a-long-name', agent_type = 'an-agent-with-a-name';\n"
                 "UPDATE sessions SET first_message = '" + "部署这个版本 " * 30 + "' WHERE id = :c;\n"
                 "UPDATE findings SET rule = 'a-rule-with-a-name-of-some-length', field = 'tool_calls/0/input_json';\n")
    sample.run("findings", "ack", "4000", "--note", "rotated by the team that owns it, 部署 " * 5)
    seen = sample.on_terminal(*arguments, COLUMNS=str(width), **speaking(language))
    lines = COLOURS.sub("", seen).split("\n\n")[0].splitlines()
    assert len(lines) > 1 and max(map(columns, lines)) <= width
    if width == 200 and arguments[0] != "rules" and "agent" not in arguments:
        assert "a-project-with-quite-a-long-name" in seen
    assert SESSION not in seen


def test_no_color_is_respected(sample):
    assert "\x1b" not in sample.on_terminal("sessions", NO_COLOR="1")
    assert "\x1b" not in sample.on_terminal("sessions", TERM="dumb")


@pytest.mark.parametrize("pager", ["no-such-pager", "no-such-pager --with options", "/etc/passwd"])
def test_without_its_pager_the_output_is_printed(sample, pager):
    warning, _, listing = sample.on_terminal("findings", PAGER=pager).partition("\n")
    assert pager.split()[0] in warning and listing == sample.on_terminal("findings")
    assert sample.on_terminal("findings", PAGER="head -n 1 >/dev/null; echo left early") == "left early\n"


# show

def test_show_reads_like_a_conversation(sample):
    out = sample.run("show", SESSION).out
    order = ["Deploy with", "Project: web", "abc1234", "── user", "── assistant · model-x", "Careful now",
             "It is deployed.", "▸ Bash", "make deploy", "token [REDACTED:jwt]"]
    places = [out.index(text) for text in order]
    assert places == sorted(places)


def test_thinking_and_tools_are_shown_once(sample):
    """agentsview repeats them in a message's content, and keeps apart what was said."""
    sample.write("UPDATE messages SET content = '[Thinking]\nCareful now\n[/Thinking]\nIt is deployed.\n[Bash: x]\n$ make deploy', "
                 "dialogue_text = '\n\nIt is deployed.\n' WHERE session_id = :a AND ordinal = 4;\n")
    sample.run("share", SESSION, "--yes", "--output", "page.html")
    for shown in (sample.run("show", SESSION).out, sample.run("show", SESSION, "--markdown").out, (sample.home / "page.html").read_text()):
        assert [shown.count(text) for text in ("Careful now", "It is deployed.", "[Bash: x]")] == [1, 1, 0] and "make deploy" in shown
    sample.write("UPDATE messages SET content = '[Note]', dialogue_text = '' WHERE session_id = :b;\n")
    assert "[Note]" in sample.run("show", OTHER).out, "what has nothing else is shown as it is"


def test_show_highlights_masked_places(sample):
    seen = sample.on_terminal("show", SESSION)
    assert "\x1b[7;33m[REDACTED:aws-access-key]\x1b[0m" in seen
    assert "\x1b[7;33m[REDACTED:jwt]\x1b[0m" in seen


def test_show_finds_a_message_and_those_around_it(sample):
    out = sample.run("show", SESSION, "--message", "4", "--around", "0").out
    assert "It is deployed." in out and "── user" not in out
    assert "── user" in sample.run("show", SESSION, "--message", "4").out
    assert [m["ordinal"] for m in json.loads(sample.run("show", SESSION, "--message", "0", "--around", "0", "--json").out)
            ["messages"]] == [0]
    assert "no message 3" in sample.run("show", SESSION, "--message", "3", code=1).err


@pytest.mark.parametrize("form", [[], ["--markdown"]])
def test_show_leaves_tools_out(sample, form):
    assert "make deploy" in sample.run("show", SESSION, *form, "--tools", "all").out
    names = sample.run("show", SESSION, *form, "--tools", "names").out
    assert "Bash" in names and "make deploy" not in names and "[REDACTED:jwt]" not in names
    assert "Bash" not in sample.run("show", SESSION, *form, "--tools", "none").out
    assert "all, names, none" in sample.run("show", SESSION, "--tools", "some", code=2).err


def test_show_links_parents_and_children(sample):
    sample.write("UPDATE sessions SET parent_session_id = :a, relationship_type = 'subagent' WHERE id = :c;\n")
    assert re.search(rf"^Child: {CODEX}  subagent  an old one$", sample.run("show", SESSION).out, re.MULTILINE)
    assert re.search(rf"^Parent: {SESSION}  subagent  Deploy with", sample.run("show", CODEX).out, re.MULTILINE)
    assert json.loads(sample.run("show", SESSION, "--json").out)["children"] == [
        {"id": CODEX, "relationship_type": "subagent"}]
    sample.write("UPDATE sessions SET parent_session_id = 'elsewhere' WHERE id = :c;\n")
    assert re.search(r"^Parent: elsewhere  subagent$", sample.run("show", CODEX).out, re.MULTILINE)


def test_show_takes_a_unique_prefix(sample):
    assert "It is deployed." in sample.run("show", "0199a1b2-a").out
    assert "an old one" in sample.run("show", "0199ff").out
    ambiguous = sample.run("show", "0199a1b2", code=1).err
    assert SESSION in ambiguous and OTHER in ambiguous
    assert "no session 'zzz'" in sample.run("show", "zzz", code=1).err


def test_show_json(sample):
    session = json.loads(sample.run("show", SESSION, "--json").out)
    assert session["id"] == SESSION and session["findings"] == 3
    assert [message["ordinal"] for message in session["messages"]] == [0, 4]
    call = session["messages"][1]["tool_calls"][0]
    assert call["tool_name"] == "Bash"
    assert call["result_events"][0]["content"] == "token [REDACTED:jwt]"
    assert session["git_links"][0]["commit_sha"] == "abc1234"


def test_show_markdown(sample):
    out = sample.run("show", SESSION, "--markdown").out
    assert out.startswith("# Deploy with")
    assert "## 4. assistant" in out and "> Careful now" in out and "```\nmake deploy\n```" in out


def test_markdown_fences_hold_what_has_fences(sample):
    sample.write("UPDATE tool_result_events SET content = 'a\n````\nb';\n")
    out = sample.run("show", SESSION, "--markdown").out
    assert "`````\na\n````\nb\n`````\n" in out


# What would be HTML, or a heading like those of messages, outside of code: (text, how it must be written)
HOSTILE = [
    ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
    ("\\<img src=x onerror=y>", "\\&lt;img src=x onerror=y>"),
    ("a <!-- comment", "a &lt;!-- comment"),
    ("## 7. user, 2026-01-01", "\\## 7. user, 2026-01-01"),
    ("   # indented", "   \\# indented"),
    ("no heading\n===", "no heading\n> \\==="),
    ("no heading\n  ---  ", "no heading\n>   \\---  "),
    ("1 < 2, a<b", "1 < 2, a&lt;b"),
    ("```html\n<b># fine</b>\n```\n<b>", "```html\n> <b># fine</b>\n> ```\n> &lt;b>"),
    ("~~~~\n<b>\n~~~\n```\n  ~~~~~ \n<b>", "~~~~\n> <b>\n> ~~~\n> ```\n>   ~~~~~ \n> &lt;b>"),
    ("```a`b\n<b>", "```a`b\n> &lt;b>"),
    # a fence that may have been opened in a list, and ends with it; and one that closes it
    ("- x\n  ```\n<b>", "- x\n>   ```\n> &lt;b>"),
    ("   ```\n```\n<b>", "   ```\n> ```\n> &lt;b>"),
    ("```\nleft open <b>", "```\n> left open <b>"),
]


@pytest.mark.parametrize("text, shown", HOSTILE)
def test_markdown_is_not_written_by_what_is_in_it(sample, text, shown):
    with sqlite3.connect(sample.archive) as db:
        db.execute("UPDATE messages SET content = ?, thinking_text = NULL WHERE ordinal = 0 AND session_id = ?", (text, SESSION))
    out = sample.run("show", SESSION, "--markdown").out
    assert f"\n\n> {shown}\n\n" in out
    # whatever the text leaves open ends with the quote
    assert re.findall(r"^## (\d+)\.", out, re.MULTILINE) == ["0", "4"]


def test_markdown_has_no_html_in_titles(sample):
    sample.write("UPDATE sessions SET display_name = '<img src=x> x', project = '<b>';\n"
                 "UPDATE tool_calls SET tool_name = '<i>';\nUPDATE messages SET role = '<u>';\n")
    out = sample.run("show", SESSION, "--markdown").out
    assert out.startswith("# &lt;img src=x> x\n") and "**&lt;i>**" in out and ". &lt;u>, " in out
    assert re.findall("<[a-z/]", out) == []


def trash(sample, session):
    with sqlite3.connect(sample.archive) as db:
        db.execute("INSERT INTO session_deletes (session_id, cause, change_seq) VALUES (?, 'trash', 9)", (session,))


def test_sessions_in_the_trash_are_marked(sample):
    trash(sample, CODEX)
    assert [(s["id"], s["trashed"]) for s in as_json(sample, "sessions") if s["trashed"]] == [(CODEX, True)]
    assert json.loads(sample.run("show", CODEX, "--json").out)["trashed"] is True
    assert "★ [in the trash] an old one" in sample.run("sessions").out
    assert sample.run("show", CODEX).out.startswith("★ [in the trash] an old one")
    assert sample.run("show", CODEX, "--markdown").out.startswith("# ★ [in the trash] an old one")
    assert sample.run("sessions").out.count("in the trash") == 1


@pytest.mark.parametrize("form", ["--jsonl", "--markdown", "--agentsview"])
def test_sessions_in_the_trash_are_exported_on_request(sample, tmp_path, form):
    trash(sample, CODEX)
    out = sample.run("export", form, tmp_path / "out").out
    assert "2 sessions written" in out and "1 session in the trash was left out; --trash includes it." in out
    for path in (tmp_path / "out").iterdir():
        assert "ffff" not in path.name and (path.is_dir() or b"an old one" not in path.read_bytes())
    out = sample.run("export", form, "--trash", tmp_path / "all").out
    assert "3 sessions written" in out and "left out" not in out


@pytest.mark.parametrize("arguments", [
    ["sessions"], ["sessions", "--json"], ["show", OTHER], ["show", OTHER, "--json"], ["show", OTHER, "--markdown"],
    ["search", "before"], ["search", "before", "--json"],
])
def test_nothing_of_a_session_commands_the_terminal(sample, arguments):
    assert UNSAFE.findall(sample.run(*arguments).out) == []
    seen = sample.on_terminal(*arguments)
    assert UNSAFE.findall(COLOURS.sub("", seen)) == []
    assert "before" in COLOURS.sub("", seen)


def test_nor_does_what_an_error_quotes(sample):
    seen = sample.on_terminal("show", "x\x1b]0;owned\x07", code=1)
    assert UNSAFE.findall(seen) == [] and "␛]0;owned␇" in seen


# findings

def test_the_same_secret_is_one_line(sample):
    secrets = as_json(sample, "findings")
    assert [(s["rule"], s["places"], s["sessions"]) for s in secrets] == [("jwt", 1, 1), ("aws-access-key", 2, 1)]
    out = sample.run("findings").out
    assert "Rotate them" in out and "40000000" in out


def test_places_do_not_advise_to_list_places(sample):
    assert "findings --places" in sample.run("findings").out
    assert "findings --places" not in sample.run("findings", "--places").out


def test_findings_are_counted_by_rule_project_session_and_day(sample):
    assert [(g["rule"], g["places"]) for g in as_json(sample, "findings", "--by", "rule")] == [
        ("jwt", 1), ("aws-access-key", 2)]
    assert [(g["project"], g["secrets"]) for g in as_json(sample, "findings", "--by", "project")] == [("web", 2)]
    assert [g["session"] for g in as_json(sample, "findings", "--by", "session")] == [SESSION]
    assert [g["day"] for g in as_json(sample, "findings", "--by", "day")] == ["2026-02-23", "2026-02-22"]


def test_findings_are_filtered(sample):
    assert len(as_json(sample, "findings", "--places")) == 3
    assert len(as_json(sample, "findings", "--places", "--rule", "aws*")) == 2
    assert len(as_json(sample, "findings", "--places", "--since", "2026-02-23")) == 1
    assert len(as_json(sample, "findings", "--places", "--session", "0199a1b2-b")) == 0
    assert len(as_json(sample, "findings", "--places", "--project", "tools")) == 0
    assert as_json(sample, "findings", "--places")[0]["field"] == "tool_result_events/0/0/content"


def test_findings_as_sarif(sample):
    sarif = json.loads(sample.run("findings", "--sarif").out)
    run = sarif["runs"][0]
    assert sarif["version"] == "2.1.0" and run["tool"]["driver"]["name"] == "scrubjay"
    assert [result["ruleId"] for result in run["results"]] == ["jwt", "aws-access-key", "aws-access-key"]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {"jwt", "aws-access-key"}
    assert run["results"][1]["partialFingerprints"] == {"scrubjayKeyed/v1": "4000000000000000"}
    assert run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith(SESSION)


# stats

def test_stats_count_by_week_agent_and_project(sample):
    sample.write("UPDATE sessions SET total_output_tokens = message_count * 100;\n")
    sample.run("findings", "ack", "4000")
    stats = as_json(sample, "stats")
    assert stats["total"] == {"sessions": 3, "messages": 3, "tokens": 300, "secrets": 2, "open": 1}
    assert [(row["week"], row["sessions"]) for row in stats["weeks"]] == [("2026-02-23", 1), ("2026-02-16", 2)]
    assert stats["agents"] == [
        {"agent": "codex", "sessions": 2, "messages": 1, "tokens": 100, "secrets": 0, "open": 0},
        {"agent": "claude", "sessions": 1, "messages": 2, "tokens": 200, "secrets": 2, "open": 1}]
    assert [(row["project"], row["sessions"], row["open"]) for row in stats["projects"]] == [("web", 2, 1), ("tools", 1, 0)]
    assert as_json(sample, "stats", "--by", "agent", "--limit", "1", "--project", "web") == {
        "total": {"sessions": 2, "messages": 3, "tokens": 300, "secrets": 2, "open": 1},
        "agents": [{"agent": "claude", "sessions": 1, "messages": 2, "tokens": 200, "secrets": 2, "open": 1}]}
    assert as_json(sample, "stats", "--since", "2026-02-23", "--agent", "cod*")["total"]["sessions"] == 1
    assert as_json(sample, "stats", "--project", "none") == {
        "total": {"sessions": 0, "messages": 0, "tokens": 0, "secrets": 0, "open": 0}, "weeks": [], "agents": [], "projects": []}


def test_stats_are_a_small_table(sample):
    out = sample.run("stats").out
    assert out.endswith("\n3 sessions, 3 messages, 0 tokens written, 2 secrets found, 2 open\n")
    assert re.search(r"^WEEK OF +SESSIONS +MESSAGES +TOKENS +SECRETS +OPEN$", out, re.MULTILINE)
    assert "… and 1 more (--by=project --limit=0)" in sample.run("stats", "--limit", "1").out
    assert sample.run("stats", "--project", "none").err == "No session matches.\n"


def test_a_week_begins_on_monday_where_one_is(sample):
    weeks = {row["week"] for row in json.loads(sample.run("stats", "--json", TZ="America/New_York").out)["weeks"]}
    assert weeks == {"2026-02-16"}


# search

def hits(sample, *arguments, code=0):
    return json.loads(sample.run("search", *arguments, "--json", code=code).out)["hits"]


def test_search_finds_and_keeps_up(sample):
    assert [(h["session_id"], h["ordinal"]) for h in hits(sample, "deployed")] == [(SESSION, 4)]
    index = sample.archive.parent / "search.db"
    assert stat.S_IMODE(index.stat().st_mode) == 0o600
    sample.write("UPDATE messages SET content = 'It is rolled back.', change_seq = 4 WHERE ordinal = 4;\n"
                 "UPDATE sessions SET change_seq = 4 WHERE id = :a;\n"
                 "UPDATE meta SET value = 4 WHERE key = 'change_seq';\n")
    assert hits(sample, "deployed", code=1) == []
    assert len(hits(sample, "rolled back")) == 1


def test_search_marks_hits(sample):
    seen = sample.on_terminal("search", "deployed")
    assert "\x1b[1;31mdeployed\x1b[0m" in seen
    hit = hits(sample, "deployed")[0]
    begin, end = hit["matches"][0]
    assert hit["snippet"].encode()[begin:end] == b"deployed"


@pytest.mark.parametrize("arguments, expected", [
    (["--project", "web"], [(SESSION, 4), (SESSION, 0)]),
    (["--project", "tools"], []),
    (["--session", "0199ff"], []),
    (["--limit", "1"], [(SESSION, 4)]),
    (["--agent", "codex"], []),
    (["--agent", "cla*"], [(SESSION, 4), (SESSION, 0)]),
    (["--role", "user"], [(SESSION, 0)]),
    (["--in", "tool"], [(SESSION, 4)]),
    (["--in", "text"], [(SESSION, 0)]),
    (["--in", "thinking"], []),
    (["--since", "2026-02-22T08:00:30Z"], [(SESSION, 4)]),
    (["--until", "2026-02-22T08:00:30Z"], [(SESSION, 0)]),
])
def test_search_is_filtered(sample, arguments, expected):
    found = hits(sample, "deploy", *arguments, code=0 if expected else 1)
    assert [(h["session_id"], h["ordinal"]) for h in found] == expected


def test_a_snippet_shows_a_word_that_was_searched(sample):
    """Of words that stand far apart in a long text at least one."""
    sample.write(f"UPDATE messages SET content = 'heron {'and more ' * 4000} osprey' WHERE session_id = :a AND ordinal = 0;\n")
    for words in (["heron", "osprey"], ["osprey", "heron"], ["osp*", "heron"]):
        hit, = json.loads(sample.run("search", *words, "--json").out)["hits"]
        assert [hit["snippet"].encode()[start:end].decode() for start, end in hit["matches"]] in (["heron"], ["osprey"])


def test_search_says_whether_there_is_more(sample):
    assert json.loads(sample.run("search", "deploy", "--limit", "1", "--json").out)["more"] is True
    assert json.loads(sample.run("search", "deploy", "--limit", "2", "--json").out)["more"] is False
    assert json.loads(sample.run("search", "nowhere", "--json", code=1).out) == {"hits": [], "more": False}
    assert "--limit shows more" in sample.on_terminal("search", "deploy", "--limit", "1")
    assert "--limit shows more" not in sample.on_terminal("search", "deploy", "--limit", "2")


def test_search_without_a_hit_exits_as_grep_does(sample):
    assert sample.run("search", "nowhere", code=1).err == "Nothing was found.\n"


def test_hits_are_grouped_by_session_with_what_opens_them(sample):
    sample.write("INSERT INTO messages (session_id, ordinal, role, content, timestamp, fingerprint, change_seq) VALUES "
                 "(:b, 1, 'user', 'deploy in between', '2026-02-22T08:00:30.000Z', 9, 4);\n"
                 "UPDATE sessions SET change_seq = 4 WHERE id = :b;\n"
                 "UPDATE meta SET value = 4 WHERE key = 'change_seq';\n")
    assert [h["ordinal"] for h in hits(sample, "deploy")] == [4, 1, 0]
    out = sample.run("search", "deploy").out
    assert out.count(SESSION) == 2 and out.count(OTHER) == 2
    opens = [line.strip() for line in out.splitlines() if line.strip().startswith("scrubjayctl show")]
    assert opens == [f"scrubjayctl show {SESSION} --message 4", f"scrubjayctl show {OTHER} --message 1"]
    assert "It is deployed." in sample.run(*opens[0].split()[1:]).out


def test_search_for_nothing_is_a_usage_error(sample):
    assert "no word" in sample.run("search", "*(", code=2).err


# export

def test_export_jsonl(sample, tmp_path):
    sample.run("export", "--jsonl", tmp_path / "out", "--project", "web")
    lines = (tmp_path / "out" / "sessions.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [OTHER, SESSION]
    assert stat.S_IMODE((tmp_path / "out" / "sessions.jsonl").stat().st_mode) == 0o600


def test_export_markdown(sample, tmp_path):
    sample.run("export", "--markdown", tmp_path / "out")
    assert sorted(os.listdir(tmp_path / "out")) == sorted([f"{SESSION}.md", f"{OTHER}.md", "codex_0199ffff.md"])


def test_ids_command_no_terminal_in_names_and_states(sample, tmp_path):
    """An id may contain anything: it becomes a file name in an export, and a key in JSON."""
    evil = "x\x9b31m\u202e\u061c\ufeff\U000e0041\x7f\x1b]0;y"
    with sqlite3.connect(sample.archive) as db:
        for table, column in (("sessions", "id"), ("cursors", "session_id")):
            db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (evil, OTHER))
        db.execute("UPDATE cursors SET file_hash = ? WHERE session_id = ?", (evil, evil))
    sample.run("export", "--markdown", tmp_path / "out")
    assert UNSAFE.findall("".join(os.listdir(tmp_path / "out"))) == []
    assert "x_31m______]0;y.md" in os.listdir(tmp_path / "out")
    for arguments in (["state", "export"], ["sessions", "--json"]):
        out = sample.run(*arguments).out
        assert UNSAFE.findall(out) == []
    state = json.loads(sample.run("state", "export").out)
    assert state["sessions"][evil]["file_hash"] == evil, "nothing is lost"
    assert evil in [session["id"] for session in as_json(sample, "sessions")]


def test_export_overwrites_nothing(sample, tmp_path):
    for form in ("--jsonl", "--markdown", "--agentsview"):
        folder = tmp_path / form.strip("-")
        sample.run("export", form, folder)
        before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        assert "already exists" in sample.run("export", form, folder, code=1).err
        assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_export_agentsview_has_its_shape(sample, tmp_path):
    import sqlite3
    out = sample.run("export", "--agentsview", tmp_path / "out").out
    assert "agentsview serve --no-sync" in out and f"HOME='{tmp_path / 'out' / 'home'}'" in out
    db = sqlite3.connect(tmp_path / "out" / "sessions.db")
    assert db.execute("PRAGMA user_version").fetchone() == (143,)
    assert db.execute("SELECT count(*), count(file_path) FROM sessions").fetchone() == (3, 0)
    assert db.execute("SELECT m.ordinal, c.tool_name FROM tool_calls c JOIN messages m ON m.id = c.message_id").fetchall() == [
        (4, "Bash")]
    assert db.execute("SELECT content FROM tool_result_events").fetchall() == [("token [REDACTED:jwt]",)]
    assert db.execute("SELECT session_id FROM starred_sessions").fetchall() == [(CODEX,)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


# reading only

def test_reading_changes_nothing(sample, tmp_path):
    before = sample.archive.read_bytes()
    for arguments in (["status"], ["sessions"], ["show", SESSION], ["findings"], ["search", "deploy"], ["state", "export"],
                      ["export", "--jsonl", tmp_path / "x"]):
        sample.run(*arguments)
    assert sample.archive.read_bytes() == before
