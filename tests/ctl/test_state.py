"""state export and import, with the real daemon before and after"""

import json

from scrubjay_test import archive_rows


def once(daemon):
    import subprocess
    done = subprocess.run([*daemon.command(), "--once"], env=daemon.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_export_is_what_the_archive_knows(sample):
    state = json.loads(sample.run("state", "export").out)
    assert state["version"] == 3
    assert (state["total_synced"], state["total_masked"]) == (9, 5)
    assert state["last_synced_at"] == "2026-03-01T10:00:00.000Z"
    assert state["last_session_created_at"] == "2026-02-22T08:00:00.000Z"
    assert len(state["sessions"]) == 3
    assert {"file_hash": "h1", "last_ordinal": 4} in state["sessions"].values()


def test_an_export_is_imported_and_nothing_is_synced_twice(ctl, daemon, source):
    source.add_session("one", ["hello", "world"])
    source.add_session("two", ["good", "bye"])
    assert daemon.run_once()[0] >= 0
    daemon.stop()
    file = ctl.home / "state.json"
    ctl.run("state", "export", file)
    assert "2 cursors imported." in ctl.run("state", "import", file).out
    result = once(daemon)
    assert (result["sessions_synced"], result["messages_written"]) == (0, 0)


def test_a_foreign_cursor_does_not_hide_a_missing_session(ctl, daemon, source):
    source.add_session("one", ["hello", "world"])
    daemon.run_once()
    daemon.stop()
    source.append("one", ["more"])
    state = {"version": 3, "total_synced": 40, "total_masked": 50, "sessions": {
        "one": {"file_hash": source.sql("SELECT file_hash FROM sessions")[0][0], "last_ordinal": 2},
        "never": {"file_hash": "x", "last_ordinal": 9}}}
    out = ctl.run("state", "import", stdin=json.dumps(state)).out
    assert "1 cursor imported, 1 left out" in out
    result = once(daemon)
    assert result["sessions_synced"] == 1
    assert archive_rows(ctl.archive, "SELECT count(*) FROM messages") == [(3,)]
    totals = dict(archive_rows(ctl.archive, "SELECT key, value FROM meta"))
    assert (totals["total_synced"], totals["total_masked"]) == (41, 50)


def test_import_waits_for_no_daemon(ctl, daemon):
    state = ctl.run("state", "export").out
    assert "Stop it first" in ctl.run("state", "import", stdin=state, code=1).err


def test_broken_states_are_refused(sample):
    before = json.loads(sample.run("state", "export").out)
    for text, says in [("", "line 1"), ("{", "not JSON"), ("[]", "not an object"), ('{"sessions": 3}', '"sessions"'),
                       ("{}", '"version"'), ('{"total_synced": 5}', '"version"'), ('{"version": 99}', "newer scrubjay")]:
        err = sample.run("state", "import", stdin=text, code=1).err
        assert says in err and "nothing was changed" in err
    assert "cannot be read" in sample.run("state", "import", "/nonexistent", code=1).err
    assert json.loads(sample.run("state", "export").out) == before


def test_an_older_state_brings_its_totals_only(sample):
    out = sample.run("state", "import", stdin='{"version": 2, "total_synced": 70, "sessions": {"x": {}}}').out
    assert "version 2" in out
    assert json.loads(sample.run("state", "export").out)["total_synced"] == 70
