"""A snapshot of the archive in the real agentsview: what it lists, what it shows, what it cannot"""

import json
import os

from viewer import Viewer


def export(desk):
    folder = os.path.join(desk.home, "shared")
    desk.scrubjay.sync()
    outcome = desk.scrubjay.run("export", "--agentsview", folder, program="scrubjayctl")
    assert outcome.code == 0, outcome.said
    assert "agentsview serve --no-sync" in outcome.stdout
    viewer = Viewer(os.path.join(folder, "home"))
    viewer.folder = viewer.environ["AGENTSVIEW_DATA_DIR"] = folder
    viewer.database = os.path.join(folder, "sessions.db")
    return viewer


def test_the_snapshot_is_shown_masked(desk):
    viewer = export(desk)
    with viewer.serve() as server:
        listed = server.get("sessions?limit=100")
        archived = desk.scrubjay.query("SELECT id FROM sessions")
        assert sorted(s["id"] for s in listed["sessions"]) == sorted(row["id"] for row in archived)
        shown = ""
        for session in listed["sessions"]:
            messages = server.get("sessions/%s/messages" % session["id"])
            expected = desk.scrubjay.query("SELECT count(*) AS n FROM messages WHERE session_id = ?", session["id"])
            assert messages["count"] == expected[0]["n"]
            shown += json.dumps(session) + json.dumps(messages)
    assert "[REDACTED:" in shown


def test_no_planted_secret_is_in_the_snapshot(desk):
    viewer = export(desk)
    with viewer.serve():
        pass
    found = []
    for folder, _, files in os.walk(viewer.folder):
        for name in files:
            with open(os.path.join(folder, name), "rb") as f:
                data = f.read()
            found += [(name, planted.kind) for planted in desk.planted for text in planted.gone if text.encode() in data]
    assert found == []
