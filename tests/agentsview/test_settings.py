"""Settings: what they keep out, and that changing them affects what is already archived"""

import json
import os
import shutil
import sqlite3

import pytest

from mirror import TABLES, compare, source_tables

TEXT = {
    "sessions": "first_message display_name session_name project_path cwd git_branch pr_links",
    "messages": "content thinking_text dialogue_text",
    "tool_calls": "input_json result_content file_path",
    "tool_result_events": "content",
    "message_pins": "note",
}


def query(path, sql):
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def texts(scrubjay, sessions):
    """Every piece of session text that the archive holds of these sessions."""
    for table, columns in TEXT.items():
        key = "id" if table == "sessions" else "session_id"
        for row in scrubjay.query("SELECT %s AS session, %s FROM %s" % (key, columns.replace(" ", ", "), table)):
            if row.pop("session") in sessions:
                yield from (value for value in row.values() if value)


def sessions_of(desk, project):
    rows = desk.viewer.query("SELECT id FROM sessions WHERE project = ?", project)
    assert len(rows) == 2
    return {row["id"] for row in rows}


def whole_archive(desk):
    """All rows, without what changes by itself: change numbers and the times of this run."""
    volatile = {"change_seq", "shrunk_seq", "found_at", "id", "detected_at", "created_at"}
    rows = []
    for table in list(TABLES) + ["findings", "git_links", "session_deletes"]:
        for row in desk.scrubjay.query("SELECT * FROM " + table):
            keep = {k: v for k, v in row.items() if k not in volatile or (k == "id" and table == "sessions")}
            rows.append((table, json.dumps(keep, sort_keys=True, default=str)))
    return sorted(rows)


def test_excluded_project_never_arrives(desk):
    desk.scrubjay.configure("[Privacy]\nExclude=alp*\n")
    out = sessions_of(desk, "alpha")
    desk.scrubjay.sync()
    compare(desk.viewer, desk.scrubjay, desk.planted, leave_out=out)
    assert desk.scrubjay.sync()["sessions_synced"] == 0


def test_exclude_applies_to_archived_sessions_and_can_be_undone(desk):
    marked = desk.transcripts[0]
    marked.user("The word is zebrafinch.")
    marked.save()
    desk.viewer.sync()
    desk.scrubjay.sync()
    before = whole_archive(desk)
    out = sessions_of(desk, "alpha")

    desk.scrubjay.configure("[Privacy]\nExclude=beta-old alpha\n")
    desk.scrubjay.sync()
    compare(desk.viewer, desk.scrubjay, desk.planted, leave_out=out)
    for table in ("findings", "git_links", "cursors"):
        rows = desk.scrubjay.query("SELECT session_id FROM " + table)
        assert not out & {row["session_id"] for row in rows}, table
    causes = desk.scrubjay.query("SELECT session_id, cause FROM session_deletes")
    assert {(row["session_id"], row["cause"]) for row in causes} == {(session, "excluded") for session in out}
    assert all(b"zebrafinch" not in data for data in desk.scrubjay.files().values())
    assert desk.scrubjay.sync()["sessions_synced"] == 0

    desk.scrubjay.configure("")
    desk.scrubjay.sync()
    assert whole_archive(desk) == before


def test_metadata_only_brings_no_text(desk):
    marked = sessions_of(desk, "beta")
    with desk.viewer.serve() as server:
        session = sorted(marked)[0]
        server.rename(session, "a name that says much")
        server.pin(session, 0, "a note that says much")
    desk.scrubjay.configure("[Privacy]\nMetadataOnly=bet?\n")
    desk.scrubjay.sync()
    assert list(texts(desk.scrubjay, marked)) == []
    archived, source = desk.scrubjay.query("SELECT * FROM messages"), source_tables(desk.viewer)["messages"]
    assert {(row["session_id"], row["ordinal"]) for row in archived} == set(source)
    for row in archived:
        origin = source[row["session_id"], row["ordinal"]]
        assert (row["role"], row["content_length"]) == (origin["role"], len(row["content"].encode()))
    flags = {row["id"]: row["metadata_only"] for row in desk.scrubjay.query("SELECT id, metadata_only FROM sessions")}
    assert {session for session, flag in flags.items() if flag} == marked
    assert desk.scrubjay.sync()["sessions_synced"] == 0


def test_metadata_only_applies_to_archived_sessions_and_can_be_undone(desk):
    marked = desk.transcripts[1]
    marked.user("The word is zebrafinch.")
    marked.save()
    desk.viewer.sync()
    desk.scrubjay.sync()
    before = whole_archive(desk)

    desk.scrubjay.configure("[Privacy]\nMetadataOnly=beta\n")
    desk.scrubjay.sync()
    assert list(texts(desk.scrubjay, sessions_of(desk, "beta"))) == []
    assert list(texts(desk.scrubjay, sessions_of(desk, "alpha"))) != []
    assert all(b"zebrafinch" not in data for data in desk.scrubjay.files().values())

    desk.scrubjay.configure("")
    desk.scrubjay.sync()
    assert whole_archive(desk) == before


def test_mask_home_applies_to_archived_sessions(desk):
    desk.scrubjay.configure("[Privacy]\nMaskHome=no\n")
    desk.scrubjay.sync()
    compare(desk.viewer, desk.scrubjay, desk.planted)
    everyone = {transcript.id for transcript in desk.transcripts}
    assert any(desk.home in text for text in texts(desk.scrubjay, everyone))

    desk.scrubjay.configure("[Privacy]\nMaskHome=yes\n")
    desk.scrubjay.sync()
    compare(desk.viewer, desk.scrubjay, desk.planted, home=desk.home)
    assert not any(desk.home in text for text in texts(desk.scrubjay, everyone))
    assert any("~/src/alpha" in text for text in texts(desk.scrubjay, everyone))


def test_who_and_where_one_is_rewrites_nothing(desk):
    """With another HOME, another git identity, or the same rules elsewhere, what is archived stays; new sessions get the new values."""
    desk.scrubjay.sync()
    seq, before = desk.scrubjay.change_seq(), whole_archive(desk)
    other = os.path.join(desk.home, "elsewhere")
    rules = os.path.join(other, "the-rules")
    shutil.copytree(os.path.join(os.environ["SCRUBJAY_PREFIX"], "share", "scrubjay", "rules"), rules)
    with open(os.path.join(other, ".gitconfig"), "w") as f:
        f.write("[user]\n\temail = eve@example.org\n\tname = Eve\n")
    desk.scrubjay.configure("[Mask]\nRulesDir=\nRulesDir=%s\n[Identity]\nMachine=another\n" % rules)
    places = ("--config", desk.scrubjay.settings, "--archive", desk.scrubjay.archive, "--source", desk.viewer.database)
    desk.scrubjay.environ["HOME"] = other
    result = desk.scrubjay.sync(*places)
    assert (result["sessions_synced"], result["messages_written"]) == (0, 0)
    assert desk.scrubjay.change_seq() == seq and whole_archive(desk) == before

    # new sessions get today's values; an earlier session keeps its owner
    new = desk.transcript()
    new.rounds(1).save()
    desk.transcripts[0].user("More of it.")
    desk.transcripts[0].save()
    desk.viewer.sync()
    desk.scrubjay.sync(*places)
    who = "SELECT id, user_id, user_name, machine = 'another' AS elsewhere FROM sessions"
    found = {row.pop("id"): tuple(row.values()) for row in desk.scrubjay.query(who)}
    eve, ada = ("eve@example.org", "Eve", 1), ("ada@example.com", "Ada", 0)
    assert found == {t.id: eve if t is new else ada for t in desk.transcripts}

    # a person may want it differently
    with desk.scrubjay.daemon(*places) as daemon:
        daemon.call("ResyncIdentity")
        assert daemon.call("RunOnce")[3] == {}
    found = {row.pop("id"): tuple(row.values()) for row in desk.scrubjay.query(who)}
    assert set(found.values()) == {eve}
    desk.scrubjay.environ["HOME"] = desk.home
    desk.scrubjay.configure("[Mask]\nDisable=github-*\n")
    assert desk.scrubjay.sync()["sessions_synced"] == 5
    assert {row["user_id"] for row in desk.scrubjay.query(who)} == {"eve@example.org"}, "a change of rules is not a wish"


def test_a_home_that_was_masked_stays_masked(empty_desk):
    desk = empty_desk
    desk.scrubjay.configure("[Privacy]\nMaskHome=yes\n")
    told = desk.transcript()
    told.user("Look into %s/notes." % desk.home)
    told.save()
    desk.viewer.sync()
    desk.scrubjay.sync()
    seq, first = desk.scrubjay.change_seq(), desk.home
    other = os.path.join(os.path.dirname(desk.home), "other")
    os.mkdir(other)
    places = ("--config", desk.scrubjay.settings, "--archive", desk.scrubjay.archive, "--source", desk.viewer.database)
    desk.scrubjay.environ["HOME"] = other
    assert desk.scrubjay.sync(*places)["sessions_synced"] == 0
    assert desk.scrubjay.change_seq() == seq
    told.user("And into %s/notes and %s/notes." % (first, other))
    told.save()
    desk.viewer.sync()
    desk.scrubjay.sync(*places)
    contents = [row["content"] for row in desk.scrubjay.query("SELECT content FROM messages ORDER BY ordinal")]
    assert contents == ["Look into ~/notes.", "And into ~/notes and ~/notes."]


def test_mask_home_leaves_other_homes(empty_desk):
    desk = empty_desk
    told = desk.transcript()
    told.user("Look into %s/notes, %s-old/notes and %sx." % (desk.home, desk.home, desk.home))
    told.assistant("%s" % desk.home)
    told.save()
    desk.viewer.sync()
    desk.scrubjay.configure("[Privacy]\nMaskHome=yes\n")
    desk.scrubjay.sync()
    first, second = desk.scrubjay.query("SELECT content FROM messages ORDER BY ordinal")
    assert first["content"] == "Look into ~/notes, %s-old/notes and %sx." % (desk.home, desk.home)
    assert second["content"] == "~"


def test_disabling_and_enabling_a_rule_masks_everything_again(desk):
    """Changing the rules changes their digest, so every session is masked again, automatically."""
    desk.scrubjay.sync()
    before = whole_archive(desk)
    rule = desk.scrubjay.value("SELECT min(rule) FROM findings")
    desk.scrubjay.configure("[Mask]\nDisable=%s\n" % rule)
    assert desk.scrubjay.sync()["sessions_synced"] == 4
    assert desk.scrubjay.value("SELECT count(*) FROM findings WHERE rule = ?", rule) == 0
    desk.scrubjay.configure("")
    assert desk.scrubjay.sync()["sessions_synced"] == 4
    assert whole_archive(desk) == before
    assert desk.scrubjay.sync()["sessions_synced"] == 0


def test_new_rules_mask_what_the_source_no_longer_has(desk):
    """The source forgets a session (kept by a setting); a later rule still masks its archived text."""
    word = "Quokka" + "Gate7731"
    told = desk.transcript()
    told.user("The door opens with %s today." % word)
    told.assistant("Thank you.")
    told.save()
    desk.viewer.sync()
    desk.scrubjay.configure("[Privacy]\nDeletedSessions=keep\n")
    desk.scrubjay.sync()
    with desk.viewer.serve() as server:
        server.delete_for_good(told.id)
    desk.scrubjay.sync()
    held = "SELECT content FROM messages WHERE session_id = ? AND ordinal = 0"
    assert word in desk.scrubjay.value(held, told.id)

    folder = os.path.join(desk.home, "rules")
    os.makedirs(folder)
    rule = {"id": "door-word", "description": "words of our doors", "literals": ["QuokkaGate"],
            "pattern": "QuokkaGate[0-9]{4}"}
    with open(os.path.join(folder, "door.json"), "w") as f:
        json.dump([rule], f)
    desk.scrubjay.configure("[Privacy]\nDeletedSessions=keep\n[Mask]\nRulesDir=%s\n" % folder)
    desk.scrubjay.sync()
    assert desk.scrubjay.value(held, told.id) == "The door opens with [REDACTED:door-word] today."
    assert all(word.encode() not in data for data in desk.scrubjay.files().values())


def test_identity_from_git_and_from_settings(desk):
    desk.scrubjay.sync()
    people = {(row["user_id"], row["user_name"]) for row in desk.scrubjay.query("SELECT * FROM sessions")}
    assert people == {("ada@example.com", "Ada")}
    desk.scrubjay.configure("[Identity]\nUserId=lovelace\nUserName=Ada L.\nMachine=engine\n")
    desk.scrubjay.sync()
    rows = desk.scrubjay.query("SELECT user_id, user_name FROM sessions")
    assert {tuple(row.values()) for row in rows} == {("ada@example.com", "Ada")}, "what is archived keeps whose it is"
    desk.scrubjay.sync("--archive", os.path.join(desk.home, "fresh", "archive.db"))
    rows = query(os.path.join(desk.home, "fresh", "archive.db"), "SELECT user_id, user_name, machine FROM sessions")
    assert set(rows) == {("lovelace", "Ada L.", "engine")}


@pytest.mark.parametrize("way", ["settings", "drop-in", "environment", "option"])
def test_where_the_source_and_archive_are_said(desk, way):
    elsewhere = os.path.join(desk.home, "elsewhere", "archive.db")
    del desk.scrubjay.environ["AGENTSVIEW_DATA_DIR"]
    moved = os.path.join(desk.home, "moved.db")
    os.rename(desk.viewer.database, moved)
    text = "[Source]\nPath=%s\n[Archive]\nPath=%s\n" % (moved, elsewhere)
    options = []
    if way == "settings":
        desk.scrubjay.configure(text)
    elif way == "drop-in":
        desk.scrubjay.configure("[Source]\nPath=/nonexistent/one.db\n")
        folder = desk.scrubjay.settings + ".d"
        os.makedirs(folder)
        with open(os.path.join(folder, "50-mine.conf"), "w") as f:
            f.write(text)
    elif way == "environment":
        desk.scrubjay.configure("[Source]\nPath=/nonexistent/one.db\n")
        desk.scrubjay.environ.update(SCRUBJAY_SOURCE_PATH=moved, SCRUBJAY_ARCHIVE_PATH=elsewhere)
    else:
        desk.scrubjay.environ.update(SCRUBJAY_SOURCE_PATH="/nonexistent/one.db")
        options = ["--source", moved, "--archive", elsewhere]
    assert desk.scrubjay.sync(*options)["sessions_synced"] == 4
    assert os.path.exists(elsewhere) and not os.path.exists(desk.scrubjay.archive)


def test_archive_is_private(desk):
    os.umask(0o022)
    desk.scrubjay.sync()
    folder = os.path.dirname(desk.scrubjay.archive)
    assert os.stat(folder).st_mode & 0o777 == 0o700
    for name in os.listdir(folder):
        assert os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0, name


def test_the_old_place_of_the_source(empty_desk):
    """If ~/.agentsview has none, ~/.claude/agentsview/sessions.db is the source."""
    desk = empty_desk
    desk.transcript().rounds(1).save()
    desk.viewer.sync()
    old = os.path.join(desk.home, ".claude", "agentsview")
    os.makedirs(old)
    os.rename(desk.viewer.database, os.path.join(old, "sessions.db"))
    del desk.scrubjay.environ["AGENTSVIEW_DATA_DIR"]
    assert desk.scrubjay.sync()["sessions_synced"] == 1
