"""What is on the road between archive and server: locks, other archives, other clocks, names, and who listens"""

import json
import shutil
import signal
import sqlite3
import threading
import time

import pytest

from clickhouse import rows_here
from scrubjay_test import wait_for
from test_delivery import add_call, delete_for_good, touch

FOREVER = {"count": -1}


# No lock is held while anybody waits for a network

def test_a_slow_server_does_not_lock_a_healthy_one_out(ann):
    """The ledger is one file for all remotes; SQLite gives up after five seconds."""
    ann.source.add_session("s1", ["one", "two"])
    ann.deliver()
    ann.set("slow", URL=ann.server.url())
    ann.server.new_database()
    ann.set(URL=ann.server.engine_url())
    for place in ("digests", "messages"):
        ann.server.disturb("delay", place, seconds=7, **FOREVER)
    began = time.monotonic()
    status, result, stderr = ann.once()
    assert (status, result["remotes"]["team"]["error"]) == (0, ""), (result, stderr)
    assert time.monotonic() - began > 6, "the slow one was slow"
    ann.assert_equal()


def test_a_survey_keeps_nothing_open(ann):
    """While we wait for the server, the archive's log can be emptied, so that what was purged leaves the disk."""
    ann.source.add_session("s1", ["one", "two"])
    ann.deliver()
    ann.server.disturb("delay", "digests", seconds=4, **FOREVER)
    check = threading.Thread(target=ann.ctl, args=("remote", "check", "team"))
    check.start()
    db = sqlite3.connect(ann.archive)
    emptied = tries = 0
    while check.is_alive():
        db.execute("UPDATE meta SET value = value WHERE key = 'change_seq'")
        db.commit()
        busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        emptied += busy == 0
        tries += 1
        time.sleep(0.1)
    db.close()
    assert tries > 20 and emptied > tries * 0.9


def test_a_reload_does_not_wait_on_the_loop(ann, bus):
    ann.source.add_session("s1")
    ann.server.fault("hang", seconds=60, match=".", **FOREVER)
    daemon = ann.start(bus)
    wait_for(lambda: ann.remote()[3] == 1, "it hangs", 60)
    for _ in range(5):
        n = daemon.notified("RELOADING=1")
        daemon.signal(signal.SIGHUP)
        wait_for(lambda n=n: daemon.notified("RELOADING=1") > n, "the reload")
        assert ann.remote()[0] == "team"
    ann.server.clear_faults()
    daemon.signal(signal.SIGHUP)
    assert daemon.call("Deliver") == [{}]
    ann.assert_equal()


# The archive

@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_couriers_continue_with_a_rebuilt_archive(ann, bus, how):
    for i in (1, 2, 3):
        ann.source.add_session(f"s{i}", ["one", "two"])
    daemon = ann.start(bus)
    ann.settle()
    for _ in range(3):
        if how == "moved":
            shutil.move(ann.archive.parent, ann.home / f"aside-{time.monotonic_ns()}")
        else:
            shutil.rmtree(ann.archive.parent)
        ann.source.append("s1", ["more"])
        wait_for(lambda: ann.archive.exists() and len(rows_here(ann.archive, "sessions")) == 3, "it is built anew", 30)
        daemon.run_once()
        assert daemon.call("Deliver") == [{}]
        ann.assert_equal()
        status, out, _ = ann.ctl("remote", "check", "team")
        assert (status, out) == (0, "The remote 'team' has what the archive has.\n")


def test_unchanged_sessions_are_not_sent_again(ann):
    for i in range(5):
        ann.source.add_session(f"s{i}", ["one", "two"])
    add_call(ann.source, "s1", 1)
    ann.deliver()
    for file in ann.archive.parent.iterdir():
        file.unlink()
    assert ann.deliver()["rows_sent"] == 0
    assert ann.server.stored("SELECT count(*) FROM messages") == [["10"]], "also without FINAL"
    ann.source.append("s1", ["three"])
    assert ann.deliver()["rows_sent"] == 2
    ann.assert_equal()


def test_check_separates_waiting_changes_from_differences(ann):
    ann.source.add_session("s1", ["one", "two"])
    ann.deliver()
    ann.source.append("s1", ["three"])
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s1')")
    url = ann.remotes["team"]["URL"]
    ann.server.disturb("reset_before", **FOREVER)
    ann.fail()
    ann.server.clear_faults()
    status, out, _ = ann.ctl("remote", "check", "team")
    assert status == 0 and "waits to be delivered" in out and "has what the archive has" not in out
    assert "everything else there is as in the archive." in out and url.split("@")[0] not in out
    assert {d["difference"] for d in json.loads(ann.ctl("remote", "check", "team", "--json")[1])} == {"waiting"}


def test_check_changes_nothing(ann):
    """Neither there nor here: missing tables stay missing."""
    ann.source.add_session("s1")
    ann.server.fault("reset_before", match=".", **FOREVER)
    ann.fail()
    ann.server.clear_faults()
    files = {file.name: file.read_bytes() for file in ann.archive.parent.glob("archive.db.remotes")}
    status, _, stderr = ann.ctl("remote", "check", "team")
    if ann.server.kind == "clickhouse":
        assert status == 1 and "there is nothing to compare" in stderr
    assert ann.server.tables_there() == []
    assert files == {file.name: file.read_bytes() for file in ann.archive.parent.glob("archive.db.remotes")}
    ann.deliver()
    ann.assert_equal()


def test_the_second_archive_of_one_machine_is_reported(make_person):
    here = make_person("here", machine="same", user_id="ann@example.org")
    there = make_person("there", machine="same", user_id="ann@example.org")
    here.source.add_session("only-here")
    there.source.add_session("only-there")
    here.deliver()
    error = there.fail()
    assert "Another archive of the same person and machine" in error and "scrubjayctl remote resend team" in error
    here.assert_equal()
    assert there.ctl("remote", "check", "team")[0] == 1
    assert here.ctl("remote", "check", "team")[0] == 0
    assert there.ctl("remote", "resend", "team")[0] == 0
    there.deliver()
    there.assert_equal()
    here.source.append("only-here", ["more"])
    assert "Another archive" in here.fail()
    there.assert_equal()
    assert str(here.archive.parent) not in str(here.server.query(f"SELECT * FROM {here.server.table('scrubjay_archives')}"))


# Versions

@pytest.mark.only("clickhouse")
@pytest.mark.parametrize("version", [2**64 - 1, 2**63, "toUnixTimestamp64Milli(now64(3)) + 2 * 86400000"])
@pytest.mark.parametrize("restarted", [False, True])
def test_an_impossible_version_is_replaced(ann, version, restarted):
    for i in (1, 2, 3):
        ann.source.add_session(f"s{i}", ["one", "two"])
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s1')")
    ann.deliver()
    for table, column in (("sessions", "first_message"), ("messages", "content")):
        key = "id" if table == "sessions" else "session_id"
        ann.server.query(f"INSERT INTO {table} SELECT * REPLACE('stale' AS {column}, toUInt64({version}) AS _version)"
                         f" FROM {table} WHERE {key} = 's2'")
    if restarted:
        (ann.archive.parent / "archive.db.remotes").unlink()
    _, result, stderr = ann.once()
    assert result["remotes"]["team"]["error"] == "" and "had a version that no clock can have given" in stderr
    ann.assert_equal()
    assert ann.server.stored("SELECT count(*) FROM messages WHERE content = 'stale'") == [["0"]], "also without FINAL"
    assert ann.deliver()["rows_sent"] == 0, "once, and not at each delivery"
    ann.source.append("s2", ["three"])
    assert ann.deliver()["rows_sent"] == 2
    ann.assert_equal()


@pytest.mark.only("clickhouse")
def test_a_ledger_that_took_such_a_version(ann):
    """An earlier version of this program trusted any number that a server had."""
    ann.source.add_session("s1", ["one", "two"])
    ann.deliver()
    db = sqlite3.connect(ann.archive.parent / "archive.db.remotes")
    db.execute("UPDATE remotes SET version = -1")  # 2^64 - 1
    db.commit()
    db.close()
    ann.source.append("s1", ["three"])
    ann.deliver()
    ann.assert_equal()
    (newest,), = ann.server.query("SELECT max(_version) FROM messages")
    assert int(newest) < (time.time() + 60) * 1000


# The organisation

@pytest.mark.only("clickhouse")
def test_without_an_organisation_the_column_is_empty(ann):
    del ann.identity["OrgId"]
    ann.write_settings()
    ann.source.add_session("s1", ["one", "two"])
    ann.deliver()
    for table in ("sessions", "messages"):
        assert ann.server.query(f"SELECT DISTINCT org_id FROM {table}") == [[""]]


@pytest.mark.only("clickhouse")
def test_rows_under_default_are_moved(ann):
    """As the version before this one delivered them, with its ledger."""
    ann.identity["OrgId"] = "default"
    ann.write_settings()
    for i in (1, 2):
        ann.source.add_session(f"s{i}", ["one", "two"])
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s1')")
    delete_for_good(ann.source, "s2")
    ann.deliver()
    ann.server.query("INSERT INTO sessions (org_id, id, user_id, origin) VALUES ('default', 'theirs', 'bob', 'another')")
    del ann.identity["OrgId"]
    ann.write_settings()
    ann.deliver()
    ann.server.assert_equal(ann.archive, there="org_id = ''")
    for table in ("messages", "session_stars", "session_deletes"):
        assert ann.server.query(f"SELECT count(*) FROM {table} WHERE org_id = 'default'") == [["0"]], table
    assert ann.server.query("SELECT id FROM sessions WHERE org_id = 'default'") == [["theirs"]]
    assert ann.deliver()["rows_sent"] == 0


# What a person reads beforehand

PLAIN = "clickhouse+http://writer@192.0.2.1:8123/x"


@pytest.mark.only("clickhouse")
def test_plain_http_to_another_host_is_reported(ann, bus):
    ann.source.add_session("s1")
    ann.deliver()
    sentence = "Password and archive are sent to 192.0.2.1:8123 in plain text"
    assert sentence not in ann.ctl("remote", "list")[2]
    ann.set(URL=PLAIN)
    assert sentence in ann.ctl("remote", "list")[2]
    assert sentence in json.loads(ann.ctl("remote", "list", "--json")[1])[0]["caution"]
    doctor = json.loads(ann.ctl("doctor", "--json", SCRUBJAY_SOURCE_PATH=str(ann.source.path))[1])
    assert [f["verdict"] for f in doctor if sentence in f["text"]] == ["look"]
    daemon = ann.start(bus)
    wait_for(lambda: sentence in daemon.log, "the journal says it")


def test_sessions_without_an_owner_are_reported(ann):
    ann.source.add_session("s1")
    ann.set(URL="clickhouse+http://writer@127.0.0.1:1/x")
    ann.once()
    environment = {"SCRUBJAY_SOURCE_PATH": str(ann.source.path)}

    def told():
        doctor = json.loads(ann.ctl("doctor", "--json", **environment)[1])
        return ("do not say whose they are" in ann.ctl("remote", "preview", "team")[2],
                [f["verdict"] for f in doctor if f["check"] == "remote-owner"])

    assert told() == (False, [])
    del ann.identity["UserId"]
    ann.write_settings()
    shutil.rmtree(ann.archive.parent)
    touch(ann.source, "s1")
    ann.once(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
    assert told() == (True, ["look"])
