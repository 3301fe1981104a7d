"""A snapshot of the archive in the real agentsview: what it lists, what it shows, what it cannot show"""

import json
import os

from browser import Browser
from viewer import Viewer


def export(desk):
    folder = os.path.join(desk.home, "shared")
    desk.scrubjay.sync()
    outcome = desk.scrubjay.run("export", "--agentsview", folder, program="scrubjayctl")
    assert outcome.code == 0, outcome.said
    assert "agentsview serve --no-sync" in outcome.stdout
    return Viewer(os.path.join(folder, "home"), folder)


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


def test_a_browser_shows_it(desk):
    """What a person sees: the web interface's own scripts have run, and the page shows the masked places."""
    with export(desk).serve() as server, Browser() as browser:
        session = desk.scrubjay.query("SELECT session_id AS id FROM findings WHERE field = 'content' LIMIT 1")[0]["id"]
        page = browser.page("%s/sessions/%s" % (server.url, session))
    assert "[REDACTED:" in page
    assert [planted.kind for planted in desk.planted for text in planted.gone if text in page] == []


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
