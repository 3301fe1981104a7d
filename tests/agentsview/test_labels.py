"""Labels and the launcher's links (agentsview 0.46): they arrive, are masked, and are exported"""

import json
import os
import random
import sqlite3

from mirror import compare
from planted import github

LABELS = "SELECT session_id, label FROM session_labels ORDER BY label"
PARENTS = "SELECT session_id, parent_session_id FROM session_external_parents"


def test_labels_and_parents_come_and_go(desk):
    worker, manager = desk.transcripts[0].id, desk.transcripts[1].id
    seed = random.randrange(2**32)
    print("seed %d" % seed)
    secret = github("github-pat", "ghp" + "_")(random.Random(seed))
    desk.viewer.run("session", "label", worker, "role=reviewer", "for " + secret.text)
    desk.viewer.run("session", "label", "not-here-yet", "waits")
    desk.viewer.run("session", "parent", worker, manager)
    desk.scrubjay.sync()
    assert desk.scrubjay.query(LABELS) == [{"session_id": worker, "label": "for [REDACTED:github-pat]"},
                                          {"session_id": worker, "label": "role=reviewer"}]
    assert desk.scrubjay.query(PARENTS) == [{"session_id": worker, "parent_session_id": manager}]
    assert all(secret.text.encode() not in data for data in desk.scrubjay.files().values())
    seq = desk.scrubjay.change_seq()
    desk.scrubjay.sync()
    assert desk.scrubjay.change_seq() == seq, "nothing happened, and something was written"

    folder = os.path.join(desk.home, "out")
    outcome = desk.scrubjay.run("export", "--agentsview", folder, program="scrubjayctl")
    assert outcome.code == 0, outcome.said
    db = sqlite3.connect(os.path.join(folder, "sessions.db"))
    assert {row[0] for row in db.execute("SELECT label FROM session_labels")} == {
        "for [REDACTED:github-pat]", "role=reviewer"}
    assert db.execute(PARENTS).fetchall() == [(worker, manager)]
    db.close()
    shown = json.loads(desk.scrubjay.run("show", "--json", worker, program="scrubjayctl").stdout)
    assert [row["label"] for row in shown["labels"]] == ["for [REDACTED:github-pat]", "role=reviewer"]
    assert [row["parent_session_id"] for row in shown["external_parents"]] == [manager]

    desk.viewer.run("session", "label", worker, "--clear")
    desk.viewer.run("session", "parent", worker, "--clear")
    desk.scrubjay.sync()
    assert desk.scrubjay.query(LABELS) == [] and desk.scrubjay.query(PARENTS) == []


def test_labels_are_text(desk):
    """A session with only metadata has none, and a permanently deleted session's are removed."""
    for transcript in desk.transcripts:
        desk.viewer.run("session", "label", transcript.id, "word")
    desk.scrubjay.configure("[Privacy]\nMetadataOnly=alpha\n")
    desk.scrubjay.sync()
    kept = {row["session_id"] for row in desk.scrubjay.query(LABELS)}
    assert kept == {desk.transcripts[1].id, desk.transcripts[3].id}
    with desk.viewer.serve() as server:
        server.delete_for_good(desk.transcripts[1].id)
    desk.scrubjay.sync()
    assert {row["session_id"] for row in desk.scrubjay.query(LABELS)} == {desk.transcripts[3].id}
    desk.scrubjay.configure("")
    desk.scrubjay.sync()
    compare(desk.viewer, desk.scrubjay, desk.planted)
