"""What a remote may see, who owns it, and what a person learns about it"""

import json
from datetime import datetime, timedelta, timezone

import pytest

from scrubjay_test import wait_for
from test_delivery import add_call, delete_for_good, delete_message, touch


def ids(server, table="sessions"):
    key = "id" if table == "sessions" else "session_id"
    if table == "session_deletes" and server.kind == "postgresql":
        return []  # it has none: what is deleted is removed
    return [row[0] for row in server.query(f"SELECT DISTINCT {key} FROM {server.table(table)} ORDER BY 1")]


def nowhere(server):
    return f"{server.url().split('//')[0]}//writer@127.0.0.1:1/x"


def iso(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.fixture
def three(ann):
    """Sessions of three projects: open, closed, half."""
    for project in ("open", "closed", "half"):
        ann.source.add_session(f"s-{project}", [f"text of {project}", "answer"], project=project,
                               cwd=f"/src/{project}", display_name=f"name of {project}")
        add_call(ann.source, f"s-{project}", 1, input_json=json.dumps({"command": f"make {project}"}))
    return ann


def test_only_these_projects(three):
    three.set(Projects="open half")
    three.deliver()
    assert ids(three.server) == ids(three.server, "messages") == ids(three.server, "tool_calls") == ["s-half", "s-open"]


def test_not_these_projects(three):
    three.set(Exclude="closed")
    three.deliver()
    assert ids(three.server) == ["s-half", "s-open"]


def test_of_these_only_metadata(three):
    three.set(MetadataOnly="half")
    three.deliver()
    for table in ("sessions", "messages", "tool_calls"):
        key = "id" if table == "sessions" else "session_id"
        rows = three.server.query(f"SELECT * FROM {table} WHERE {key}='s-half'")
        assert rows and not [cell for row in rows for cell in row if cell and ("text of" in cell or "make" in cell or "name of" in cell)]
    assert three.server.query("SELECT role, content_length FROM messages WHERE session_id='s-half' ORDER BY ordinal") == [
        ["user", "12"], ["assistant", "6"]]
    assert three.server.query("SELECT tool_name FROM tool_calls WHERE session_id='s-half'") == [["Bash"]]
    assert "text of open" in three.server.query("SELECT content FROM messages WHERE session_id='s-open' AND ordinal=0")[0][0]


def test_sessions_that_a_filter_no_longer_allows_are_deleted(three):
    three.source.sql("INSERT INTO starred_sessions (session_id) SELECT id FROM sessions")
    three.deliver()
    three.set(Exclude="closed", MetadataOnly="half")
    three.deliver()
    assert ids(three.server) == ["s-half", "s-open"]
    assert ids(three.server, "session_stars") == ["s-half", "s-open"]
    assert ids(three.server, "session_deletes") == []
    for table in ("messages", "tool_calls", "sessions"):
        rows = three.server.stored(f"SELECT * FROM {table}")
        assert not [cell for row in rows for cell in row if cell and ("of closed" in cell or "of half" in cell or "make half" in cell)], \
            f"{table}, also without"
    three.set(Exclude="", MetadataOnly="")
    three.deliver()
    three.assert_equal()


def test_a_project_that_moves(three):
    three.set(Exclude="closed")
    three.deliver()
    three.source.sql("UPDATE sessions SET project='closed', cwd='/src/closed' WHERE id='s-open'")
    touch(three.source, "s-open")
    three.deliver()
    assert ids(three.server) == ids(three.server, "messages") == ["s-half"]


@pytest.mark.only("clickhouse")
def test_the_tombstone_of_an_unshared_session_is_not_shared(three):
    three.set(Exclude="closed")
    three.deliver()
    delete_for_good(three.source, "s-closed")
    delete_for_good(three.source, "s-open")
    three.deliver()
    assert ids(three.server, "session_deletes") == ["s-open"]


def test_hold_time(ann):
    now = datetime.now(timezone.utc)
    ann.set(HoldTime="1h")
    ann.source.add_session("old", ["x"], ended_at=iso(now - timedelta(hours=2)))
    ann.source.add_session("new", ["x"], ended_at=iso(now - timedelta(minutes=5)))
    ann.deliver()
    assert ids(ann.server) == ids(ann.server, "messages") == ["old"]
    ann.set(HoldTime="1min")
    ann.deliver()
    ann.assert_equal()


def test_a_held_session_is_sent_after_its_hold_time(ann, bus):
    ann.set(HoldTime="12s")
    ann.source.add_session("s1", ["x"], ended_at=iso(datetime.now(timezone.utc)))
    ann.source.add_session("s2", ["x"], ended_at="2026-01-01T00:00:00.000Z")
    ann.start(bus)
    ann.settle()
    assert ids(ann.server) == ["s2"]
    wait_for(lambda: ids(ann.server) == ["s1", "s2"], "the held one", 60)


# Several people

def test_two_people_on_one_server(make_person):
    ann, bob = make_person("ann"), make_person("bob")
    for person in (ann, bob):
        person.source.add_session(f"s-{person.identity['UserName']}", ["one", "two"])
        person.source.sql("INSERT INTO starred_sessions (session_id) SELECT id FROM sessions")
        person.deliver()
    delete_for_good(ann.source, "s-Ann")
    ann.source.add_session("s-Ann2", ["x"])
    ann.deliver()
    assert ids(ann.server) == ["s-Ann2", "s-Bob"]
    assert ids(ann.server, "messages") == ["s-Ann2", "s-Bob"]
    assert ids(ann.server, "session_stars") == ["s-Bob"]
    for file in ann.archive.parent.iterdir():
        file.unlink()
    ann.deliver()
    assert ids(ann.server, "messages") == ["s-Ann2", "s-Bob"]
    assert bob.ctl("remote", "check", "team")[0] == 0
    assert bob.deliver()["rows_sent"] == 0


def test_the_same_session_of_two_people(make_person):
    ann, bob = make_person("ann"), make_person("bob")
    ann.source.add_session("same", ["ann's"])
    bob.source.add_session("same", ["bob's", "two"])
    bob.source.add_session("other", ["bob's"])
    ann.deliver()
    error = bob.fail()
    assert "'same'" in error and "ann@example.org" in error
    assert ids(ann.server) == ["other", "same"]
    assert ann.server.rows_there("messages", "session_id='same'")[0][3] == "ann's"
    assert bob.ctl("remote", "check", "team")[0] == 0
    ann.source.append("same", ["more"])
    ann.deliver()
    ann.assert_equal(there="{}='same'")
    assert "'same'" in bob.fail()


def test_two_machines_of_one_person(make_person):
    here = make_person("here", machine="here", user_id="ann@example.org")
    there = make_person("there", machine="there", user_id="ann@example.org")
    here.source.add_session("only-here", ["x"])
    here.source.add_session("both", ["older", "longer", "x"])
    here.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('only-here')")
    here.deliver()
    there.source.add_session("only-there", ["x"])
    there.source.add_session("both", ["newer"])
    there.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('only-there')")
    there.deliver()
    assert ids(here.server) == ["both", "only-here", "only-there"]
    assert ids(here.server, "session_stars") == ["only-here", "only-there"]
    assert [row[3] for row in here.server.rows_there("messages", "session_id='both'")] == ["newer"]


def test_a_person_whose_name_changes(ann):
    ann.source.add_session("s1", ["x"])
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s1')")
    ann.deliver()
    ann.identity["UserId"] = "ann@new.example.org"
    ann.write_settings()
    ann.deliver()
    ann.assert_equal()


# scrubjayctl remote

def test_list(three):
    status, out, _ = three.ctl("remote", "list", "--json")
    assert (status, json.loads(out)[0]["behind"]) == (0, 0)  # no archive yet
    three.deliver()
    three.source.append("s-open", ["x"])
    three.password = "some other"
    three.write_settings()
    three.fail()
    entry, = json.loads(three.ctl("remote", "list", "--json")[1])
    assert entry["behind"] == 1 and "let the user" in entry["last_error"] and "@" not in entry["url"]
    assert "team" in three.ctl("remote", "list")[1]
    elsewhere, = json.loads(three.ctl("remote", "list", "--json", SCRUBJAY_REMOTE_TEAM_URL=nowhere(three.server))[1])
    assert (elsewhere["behind"], elsewhere["last_error"], elsewhere["last_delivery_at"]) == (3, "", None), "that one was never tried"


def test_what_a_remote_must_not_see_is_not_what_it_is_behind_by(three, bus):
    three.set(Projects="open")
    three.server.control("refuse")
    three.start(bus)
    wait_for(lambda: three.remote()[4] != "" and three.remote()[3] == 1, "one session waits")
    three.source.append("s-closed", ["more"])
    three.source.add_session("s-last", project="open")
    wait_for(lambda: three.remote()[3] >= 2, "the new one waits as well")
    assert three.remote()[3] == 2
    assert json.loads(three.ctl("remote", "list", "--json")[1])[0]["behind"] == 2
    three.server.clear_faults()
    assert three.daemon.call("Deliver") == [{}]
    assert three.remote()[3:] == [0, ""] and ids(three.server) == ["s-last", "s-open"]


def test_preview(three):
    three.set(Exclude="closed")
    three.once(SCRUBJAY_REMOTE_TEAM_URL=nowhere(three.server))
    steps = {entry["session"]: entry["step"] for entry in json.loads(three.ctl("remote", "preview", "team", "--json")[1])}
    assert steps == {"s-open": "send", "s-half": "send"}
    three.deliver()
    three.source.append("s-open", ["x"])
    three.server.control("refuse")
    three.fail()
    three.set(Exclude="half closed")
    steps = {entry["session"]: entry["step"] for entry in json.loads(three.ctl("remote", "preview", "team", "--json")[1])}
    assert steps["s-half"] in ("withdraw", "refuse") and "s-open" in steps


def test_check_names_differences_and_resend_repairs_them(three):
    three.deliver()
    assert three.ctl("remote", "check", "team")[0] == 0
    server = three.server
    server.query("DELETE FROM messages WHERE session_id='s-open' AND ordinal=1")
    server.query("DELETE FROM sessions WHERE id='s-half'")
    server.add_message("s-closed", 7, "extra")
    server.add_session("ghost")
    status, out, _ = three.ctl("remote", "check", "team", "--json")
    found = {(d["session"], d["table"], d["difference"]) for d in json.loads(out)}
    assert status == 1
    # with a session's row, all that belongs to it is removed, if tables refer to each other
    with_it = set() if server.kind == "clickhouse" else {("s-half", "messages", "missing"), ("s-half", "tool_calls", "missing")}
    assert found == {("s-open", "messages", "different"), ("s-half", "sessions", "missing"),
                     ("s-closed", "messages", "different"), ("ghost", "sessions", "stale")} | with_it
    assert three.ctl("remote", "resend", "team")[0] == 0
    three.deliver()
    three.assert_equal()
    assert three.ctl("remote", "check", "team")[0] == 0


def test_check_sees_a_changed_text(three):
    three.deliver()
    three.server.change("messages", "content = 'changed'", "session_id='s-open' AND ordinal=0")
    status, out, _ = three.ctl("remote", "check", "team", "--json")
    assert status == 1
    assert [(d["session"], d["difference"]) for d in json.loads(out)] == [("s-open", "different")]


def test_check_with_waiting_changes(three):
    three.deliver()
    delete_message(three.source, "s-open", 0)
    three.once(SCRUBJAY_REMOTE_TEAM_URL=nowhere(three.server))
    three.deliver()
    assert three.ctl("remote", "check", "team")[0] == 0


def test_resend_wakes_the_daemon(three, bus):
    daemon = three.start(bus)
    daemon.run_once()
    daemon.call("Deliver")
    three.server.query("TRUNCATE TABLE messages")
    done = three.ctl("remote", "resend", "team")
    assert done[0] == 0
    daemon.call("Deliver")
    three.assert_equal()


@pytest.mark.parametrize("arguments", [[], ["check"], ["frob", "x"], ["list", "x"]])
def test_usage(three, arguments):
    assert three.ctl("remote", *arguments)[0] == 2


def test_a_remote_that_is_not_there(three):
    status, _, stderr = three.ctl("remote", "check", "nobody")
    assert status == 1 and "nobody" in stderr
