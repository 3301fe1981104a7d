"""agentsview's own pages on PostgreSQL: the real `agentsview pg serve`, as a reader, of what scrubjay delivered there

The same database served from SQLite (the snapshot of `scrubjayctl export --agentsview`, whose text is masked as well) says what
each answer has to be. DIFFERENCES is the table of what is another one, with the reason.
"""

import contextlib
import json
import os
import re
import sqlite3
import time
import urllib.error

import pytest
from fixtures import rng  # noqa: F401
from planted import github
from viewer import Server, Viewer
from scrubjay_test import wait_for

# What differs, and why: a pattern for a path in an answer -> the reason. Each must occur, or it is out of date.
DIFFERENCES = {
    r"(^|\.)transcript_revision$": "counts other things: what was delivered",
    r"(^|\.)(message_)?id$": "numbers of rows; there a message's is its ordinal",
    r"(^|\.)project_key$": "a hash of more than the name; links to a project differ",
    r"\.pl1:sha256:": "the key of a project is a hash of more than its name",
    r"(^|\.)result_events\[": "a tool's result is one text there",
    r"^machine_(labels|aliases)\.": "the same machine under its own name",
    r"^pricing\.": "which copy of the same prices is used",
    r"^buckets\[": "PostgreSQL rounds a moment to a second, SQLite cuts it off: a bucket begins a second later",
    r"^evidence_source$": "SQLite or PostgreSQL",
    r"^results\[\d+\]\.(ordinal|rank|snippet)$": "PostgreSQL ranks by the number of hits, SQLite by bm25, and each shows a session's best one",
}


class Pages(Server):
    """`agentsview pg serve` with a role's rights."""

    name = "pg serve"
    options = ("--no-browser",)
    starts_within = 60
    says = r"(http://127\.0\.0\.1:\d+)"

    def __init__(self, viewer, url):
        super().__init__(viewer, AGENTSVIEW_PG_URL=url)


@pytest.fixture
def shared(desk, postgresql):
    desk.share(postgresql)
    desk.scrubjay.once()
    return desk


def reader_url(server):
    return "postgresql://reader:pw-of-reader@127.0.0.1:%d/%s" % (server.cluster.port, server.database)


def pages(desk):
    home = os.path.join(desk.home, "pages")
    os.makedirs(home, exist_ok=True)
    return Pages(Viewer(home, os.path.join(home, "data")), reader_url(desk.server))


def snapshot(desk):
    folder = os.path.join(desk.home, "shared")
    outcome = desk.scrubjay.run("export", "--agentsview", folder, program="scrubjayctl")
    assert outcome.code == 0, outcome.said
    return Viewer(os.path.join(folder, "home"), folder).serve()


def in_order(name, part):
    """Hits in the order of their sessions, since each database ranks them in its own way."""
    hits = name == "results" and isinstance(part, list) and all("rank" in hit for hit in part)
    return sorted(part, key=lambda hit: hit["session_id"]) if hits else part


def leaves(value, path=""):
    """path -> value for everything in an answer; lists keep their order."""
    if isinstance(value, dict):
        value = {name: in_order(name, part) for name, part in value.items()}
        return {k: v for name, part in value.items() for k, v in leaves(part, path + "." + name if path else name).items()}
    if isinstance(value, list):
        return {k: v for i, part in enumerate(value) for k, v in leaves(part, "%s[%d]" % (path, i)).items()}
    return {path: value}


def is_nothing(value):
    return value in (None, "", 0, False)


def as_told(value):
    """PostgreSQL omits the zeros at the end of a time's fraction."""
    return re.sub(r"^(\d{4}-\d\d-\d\dT[\d:]{8})(?:\.(\d*?)0*)?Z$", r"\1.\2Z", value) if isinstance(value, str) else value


def differences(one, other, met=None):
    """The paths that differ without a reason in DIFFERENCES; those with a reason are added to `met`."""
    one, other = leaves(one), leaves(other)
    for path in sorted(set(one) | set(other)):
        a, b = as_told(one.get(path)), as_told(other.get(path))
        if a == b or (is_nothing(a) and is_nothing(b)):
            continue
        reasons = {pattern for pattern in DIFFERENCES if re.search(pattern, path)}
        if not reasons:
            yield path
        elif met is not None:
            met |= reasons


def calls(sessions):
    """What the pages request, for some sessions."""
    yield from ("sessions?limit=100", "sessions?limit=100&include_one_shot=true", "projects", "agents", "machines", "stats", "starred", "pins",
                "usage/summary", "usage/summary?from=2020-01-01&to=2030-01-01", "analytics/summary?from=2020-01-01&to=2030-01-01",
                "analytics/activity?from=2020-01-01&to=2030-01-01", "analytics/heatmap?from=2020-01-01&to=2030-01-01",
                "analytics/hour-of-week?from=2020-01-01&to=2030-01-01", "analytics/projects?from=2020-01-01&to=2030-01-01",
                "analytics/tools?from=2020-01-01&to=2030-01-01", "analytics/skills?from=2020-01-01&to=2030-01-01",
                "analytics/velocity?from=2020-01-01&to=2030-01-01", "analytics/top-sessions?from=2020-01-01&to=2030-01-01",
                "analytics/sessions?from=2020-01-01&to=2030-01-01", "analytics/signals?from=2020-01-01&to=2030-01-01",
                "sessions/sidebar-index", "branches", "search?q=the&limit=50", "trash")
    for session in sessions:
        for what in ("", "/messages", "/messages?limit=500&direction=asc", "/children", "/timing", "/activity", "/search?q=the", "/pins"):
            yield "sessions/%s%s" % (session, what)


def ask(server, call):
    """The answer, or its status if there is no answer."""
    try:
        return server.get(call)
    except urllib.error.HTTPError as error:
        return {"status": error.code}
    except ValueError:
        return {"status": "no JSON"}


def test_the_answers_are_those_of_sqlite(shared):
    wrong, met, n_asked, n_answered = [], set(), 0, 0
    with snapshot(shared) as here, pages(shared) as there:
        ids = [s["id"] for s in here.get("sessions?limit=100")["sessions"]]
        for call in calls(ids):
            one, other = ask(here, call), ask(there, call)
            n_asked += 1
            n_answered += "status" not in one
            if "status" in one or one == other:
                continue
            wrong += ["%s: %s" % (call, path) for path in differences(one, other, met)]
    assert n_answered >= 50, "%d of %d calls are answered" % (n_answered, n_asked)
    assert wrong == [], "%d differences:\n%s" % (len(wrong), "\n".join(wrong[:40]))
    assert set(DIFFERENCES) - met == set(), "these are met no longer"


def test_the_costs_are_those_of_the_original(desk, postgresql):
    """If a transcript repeats entries, tokens count once: the provider's ids distinguish them."""
    usage = json.dumps({"input_tokens": 1234, "output_tokens": 567, "cache_creation_input_tokens": 89, "cache_read_input_tokens": 10111})
    with contextlib.closing(sqlite3.connect(desk.viewer.database)) as db:
        db.execute("UPDATE messages SET model = 'claude-sonnet-4-20250514', token_usage = ?, output_tokens = 567, has_output_tokens = 1,"
                   " claude_message_id = 'msg_' || (ordinal / 4), claude_request_id = 'req_' || (ordinal / 4) WHERE role = 'assistant'", (usage,))
        (session,), = db.execute("SELECT session_id FROM messages GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        # what an agent reports beside its messages: known costs, and tokens that have a price
        db.execute("INSERT INTO usage_events (session_id, source, model, input_tokens, output_tokens, cost_microdollars, cost_status, cost_source,"
                   " occurred_at, dedup_key) VALUES (?, 'shutdown', 'gpt-5', 4321, 765, 12345678901, 'exact', 'agent-reported',"
                   " '2026-02-03T04:05:06.789Z', 'one'), (?, 'turn', 'claude-sonnet-4-20250514', 98765, 4321, NULL, '', '',"
                   " '2026-02-03T05:05:06.789Z', '')", (session, session))
        db.commit()
    desk.share(postgresql)
    desk.scrubjay.once()
    with desk.viewer.serve() as here, pages(desk) as there:
        assert "12345" in json.dumps(here.get("usage/summary?from=2020-01-01&to=2030-01-01")), "the cost that the agent told counts"
        for call in ("usage/summary?from=2020-01-01&to=2030-01-01", "analytics/top-sessions?from=2020-01-01&to=2030-01-01"):
            one, other = here.get(call), there.get(call)
            assert [path for path in differences(one, other) if not path.endswith("first_message")] == [], "all but masked text"
        costs = {path: value for path, value in leaves(there.get("usage/summary?from=2020-01-01&to=2030-01-01")).items()
                 if re.search(r"cost", path, re.IGNORECASE) and isinstance(value, (int, float)) and value > 0}
    assert costs, "there is a cost to compare"


def test_no_planted_secret_is_there(shared):
    everything = shared.server.cluster.run("pg_dump", "-h", shared.server.cluster.folder, "-p", str(shared.server.cluster.port), "-U", "postgres",
                                           "-a", shared.server.database)
    assert "[REDACTED:" in everything
    assert [planted.kind for planted in shared.planted for text in planted.gone if text in everything] == []


def test_a_reader_changes_nothing(shared):
    session = shared.scrubjay.query("SELECT id FROM sessions LIMIT 1")[0]["id"]
    with pages(shared) as server:
        for change in (lambda: server.rename(session, "x"), lambda: server.star(session), lambda: server.trash(session)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                change()
            assert refused.value.code in (500, 501)
    assert shared.server.query("SELECT count(*) FROM starred_sessions") == [["0"]]


def test_a_change_reaches_the_pages_by_the_service(shared):
    """Without anybody asking for it; the time is printed, and has no limit on a busy machine."""
    with shared.scrubjay.daemon(), pages(shared) as server:
        ids = [row["id"] for row in shared.scrubjay.query("SELECT id FROM sessions ORDER BY id")]
        before = {i: server.get("sessions/%s" % i)["message_count"] for i in ids}
        shared.transcripts[0].rounds(1).save()
        shared.viewer.sync()
        began = time.monotonic()
        wait_for(lambda: any(server.get("sessions/%s" % i)["message_count"] > before[i] for i in ids), "the pages to show it")
        print("it was there after %.1f s" % (time.monotonic() - began))


def test_labels_come_and_go(desk, postgresql, rng):
    """Without a change of their session; masked, and in agentsview's order."""
    session, other = desk.transcripts[0].id, desk.transcripts[1].id
    secret = github("github-pat", "ghp" + "_")(rng)
    desk.viewer.run("session", "label", session, "zebra", "for " + secret.text, "Alpha")
    desk.share(postgresql)
    desk.scrubjay.once()
    with pages(desk) as server:
        def labels(which):
            return server.get("sessions/%s" % which).get("labels") or []

        assert labels(session) == ["Alpha", "for [REDACTED:github-pat]", "zebra"] and labels(other) == []
        found = server.get("sessions?limit=100&include_one_shot=true&label=zebra")["sessions"]
        assert [row["id"] for row in found] == [session]
        desk.viewer.run("session", "label", other, "new")
        desk.viewer.run("session", "label", session, "--clear")
        desk.viewer.run("session", "label", session, "zebra")
        desk.scrubjay.once()
        assert labels(session) == ["zebra"] and labels(other) == ["new"]
        desk.viewer.run("session", "label", session, "--clear")
        desk.scrubjay.once()
        assert labels(session) == [] and labels(other) == ["new"]
        moved = desk.server.query("SELECT max(updated_at)::text FROM sessions")
        desk.scrubjay.once()
        assert desk.server.query("SELECT max(updated_at)::text FROM sessions") == moved, "nothing happened, and something was written"
