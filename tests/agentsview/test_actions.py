"""Everything that a person, an agent or agentsview itself does to a session arrives in the archive and in ClickHouse"""

import json
import os

import pytest

from clickhouse import assert_equal
from mirror import changed_messages, compare, source_tables


@pytest.fixture
def step(desk, server):
    """
    Returns a function that lets something happen and runs one cycle. Every time it checks that the archive holds what
    agentsview holds, that exactly the messages which became different were written, and that a ClickHouse which is fed
    from the archive holds the same.
    """
    viewer, scrubjay = desk.viewer, desk.scrubjay
    desk.share(server)
    first = scrubjay.sync()
    assert first["sessions_synced"] == 4
    assert first["messages_written"] == len(source_tables(viewer)["messages"])
    assert_equal(server, scrubjay.archive)

    def step(action, leave_out=()):
        before, seq = source_tables(viewer), scrubjay.change_seq()
        action()
        after = source_tables(viewer)
        result = scrubjay.sync()
        assert compare(viewer, scrubjay, desk.planted, leave_out) > 0
        assert_equal(server, scrubjay.archive)

        changed = changed_messages(before, after)
        rows = scrubjay.query("SELECT session_id, ordinal FROM messages WHERE change_seq > ?", seq)
        assert {(row["session_id"], row["ordinal"]) for row in rows} == changed
        assert result["messages_written"] == len(changed)

        again = scrubjay.sync()
        assert (again["sessions_synced"], again["messages_written"]) == (0, 0)
        assert again["remotes"] == {"team": {"rows_sent": 0, "error": ""}}
        return result

    return step


def changed_sessions(desk, seq):
    return {row["id"] for row in desk.scrubjay.query("SELECT id FROM sessions WHERE change_seq > ?", seq)}


def saved(desk, transcript):
    """An action: the transcript is written again, and agentsview reads it."""
    def action():
        transcript.save()
        desk.viewer.sync()
    return action


def clicked(desk, what):
    """An action: something done in agentsview's own web interface."""
    def action():
        with desk.viewer.serve() as server:
            what(server)
    return action


def test_first_sync_holds_everything(desk):
    result = desk.scrubjay.sync()
    assert (result["sessions_synced"], result["sessions_skipped"]) == (4, 0)
    n_markers = compare(desk.viewer, desk.scrubjay, desk.planted)
    assert n_markers >= len(desk.planted)
    assert result["secrets_detected"] == n_markers
    assert desk.scrubjay.value("SELECT count(*) FROM findings") == n_markers


def test_nothing(desk, step):
    seq = desk.scrubjay.change_seq()
    result = step(desk.viewer.sync)
    assert result["sessions_synced"] == 0
    assert desk.scrubjay.change_seq() == seq


def test_transcript_grows(desk, step):
    seq = desk.scrubjay.change_seq()
    grown = desk.transcripts[0]
    grown.user("One question more.")
    grown.assistant("One answer more.")
    result = step(saved(desk, grown))
    assert (result["sessions_synced"], result["messages_written"]) == (1, 2)
    assert changed_sessions(desk, seq) == {grown.id}


def test_late_tool_result_on_an_old_row(desk, step):
    waiting = desk.transcripts[2]
    tool = waiting.call("Bash", {"command": "make check", "description": "long"})
    step(saved(desk, waiting))
    waiting.user("While it runs: what is next?")
    waiting.assistant("The release.")
    step(saved(desk, waiting))
    waiting.result(tool, "All is well at last.")
    result = step(saved(desk, waiting))
    assert result["messages_written"] == 1
    events = desk.scrubjay.query("SELECT content FROM tool_result_events WHERE tool_use_id = ?", tool)
    assert [row["content"] for row in events] == ["All is well at last."]


def test_touch(desk, step):
    def touch():
        desk.transcripts[1].touch()
        desk.viewer.sync()
    assert step(touch)["messages_written"] == 0


def test_edit_in_the_middle(desk, step):
    edited = desk.transcripts[1]
    edited.entries[6]["message"]["content"] = "What was asked here is now another question."
    result = step(saved(desk, edited))
    assert (result["sessions_synced"], result["messages_written"]) == (1, 1)


def test_edit_that_keeps_the_length(desk, step):
    edited = desk.transcripts[2]
    content = edited.entries[0]["message"]["content"]
    edited.entries[0]["message"]["content"] = content[::-1]
    assert step(saved(desk, edited))["messages_written"] == 1


def test_secret_edited_in(desk, step):
    from planted import anthropic
    edited = desk.transcripts[3]
    secret = anthropic(edited.rng)
    edited.planted.append(secret)
    # Shorter than before: agentsview takes a file that grew for one with something appended.
    edited.entries[0]["message"]["content"] = "Now " + secret.text
    result = step(saved(desk, edited))
    assert result["messages_written"] == 1
    assert result["secrets_detected"] >= 1
    assert all(secret.text.encode() not in data for _, data in desk.scrubjay.everything())


def test_entries_removed_in_the_middle(desk, step):
    cut = desk.transcripts[2]
    del cut.entries[6:12]
    cut.relink()
    result = step(saved(desk, cut))
    assert result["sessions_synced"] == 1
    assert result["messages_written"] > 1


def test_truncated(desk, step):
    cut = desk.transcripts[0]
    before = desk.scrubjay.value("SELECT max(ordinal) FROM messages WHERE session_id = ?", cut.id)
    seq = desk.scrubjay.change_seq()
    del cut.entries[12:]
    step(saved(desk, cut))
    after = desk.scrubjay.query("SELECT max(m.ordinal) AS last, s.shrunk_seq FROM sessions s JOIN messages m "
                                "ON m.session_id = s.id WHERE s.id = ?", cut.id)[0]
    assert after["last"] < before
    assert after["shrunk_seq"] > seq
    orphans = desk.scrubjay.value("SELECT count(*) FROM findings f WHERE ordinal IS NOT NULL AND NOT EXISTS (SELECT 1 "
                                  "FROM messages m WHERE m.session_id = f.session_id AND m.ordinal = f.ordinal)")
    assert orphans == 0


def test_transcript_deleted(desk, step):
    def delete():
        os.unlink(desk.transcripts[1].path)
        desk.viewer.sync()
    assert step(delete)["messages_written"] == 0
    assert desk.scrubjay.value("SELECT count(*) FROM sessions") == 4


def test_rename(desk, step):
    session = desk.transcripts[1].id
    result = step(clicked(desk, lambda server: server.rename(session, "The night of the long build")))
    assert (result["sessions_synced"], result["messages_written"]) == (1, 0)
    name = desk.scrubjay.value("SELECT display_name FROM sessions WHERE id = ?", session)
    assert name == "The night of the long build"


def test_rename_to_a_secret(desk, step):
    from planted import github
    renamed = desk.transcripts[3]
    secret = github("github-pat", "ghp" + "_")(renamed.rng)
    renamed.planted.append(secret)
    step(clicked(desk, lambda server: server.rename(renamed.id, "use " + secret.text)))
    name = desk.scrubjay.value("SELECT display_name FROM sessions WHERE id = ?", renamed.id)
    assert name.startswith("use [REDACTED:")


def test_star_and_unstar(desk, step):
    session = desk.transcripts[2].id
    step(clicked(desk, lambda server: server.star(session)))
    assert desk.scrubjay.query("SELECT session_id, user_id FROM session_stars") == [
        {"session_id": session, "user_id": "ada@example.com"}]
    step(clicked(desk, lambda server: server.unstar(session)))
    assert desk.scrubjay.query("SELECT * FROM session_stars") == []


def test_pin_and_unpin(desk, step):
    from planted import slack
    pinned = desk.transcripts[2]
    secret = slack(pinned.rng)
    pinned.planted.append(secret)
    step(clicked(desk, lambda server: server.pin(pinned.id, 0, "rotate %s today" % secret.text)))
    (pin,) = desk.scrubjay.query("SELECT * FROM message_pins")
    assert (pin["session_id"], pin["message_ordinal"], pin["user_id"]) == (pinned.id, 0, "ada@example.com")
    assert pin["note"].startswith("rotate [REDACTED:") and pin["note"].endswith("] today")
    step(clicked(desk, lambda server: server.unpin(pinned.id, 0)))
    assert desk.scrubjay.query("SELECT * FROM message_pins") == []


def test_trash_and_restore(desk, step):
    session = desk.transcripts[0].id
    step(clicked(desk, lambda server: server.trash(session)))
    assert desk.scrubjay.value("SELECT deleted_at FROM sessions WHERE id = ?", session)
    assert desk.scrubjay.value("SELECT cause FROM session_deletes WHERE session_id = ?", session) == "trash"
    step(clicked(desk, lambda server: server.restore(session)))
    assert not desk.scrubjay.value("SELECT deleted_at FROM sessions WHERE id = ?", session)
    assert desk.scrubjay.query("SELECT * FROM session_deletes") == []


def test_permanent_delete(desk, step):
    gone = desk.transcripts[1]
    gone.user("The quokka sleeps beside the zebrafinch.")
    step(saved(desk, gone))
    step(clicked(desk, lambda server: server.delete_for_good(gone.id)))
    assert desk.scrubjay.value("SELECT cause FROM session_deletes WHERE session_id = ?", gone.id) == "deleted"
    for table in ("messages", "tool_calls", "tool_result_events", "findings", "git_links", "message_pins"):
        assert desk.scrubjay.value("SELECT count(*) FROM %s WHERE session_id = ?" % table, gone.id) == 0
    assert all(b"zebrafinch" not in data for _, data in desk.scrubjay.files().items())


def test_permanent_delete_kept_by_setting(desk):
    desk.scrubjay.configure("[Privacy]\nDeletedSessions=keep\n")
    desk.scrubjay.sync()
    gone = desk.transcripts[1].id
    n_messages = desk.scrubjay.value("SELECT count(*) FROM messages WHERE session_id = ?", gone)
    clicked(desk, lambda server: server.delete_for_good(gone))()
    desk.scrubjay.sync()
    assert desk.scrubjay.value("SELECT cause FROM session_deletes WHERE session_id = ?", gone) == "deleted"
    assert desk.scrubjay.value("SELECT count(*) FROM messages WHERE session_id = ?", gone) == n_messages > 0
    assert desk.scrubjay.sync()["sessions_synced"] == 0


def test_sync_full_with_its_new_inode(desk, step):
    inode = os.stat(desk.viewer.database).st_ino

    def full():
        desk.viewer.sync(full=True)
    assert step(full)["messages_written"] == 0
    assert os.stat(desk.viewer.database).st_ino != inode


def test_sync_full_together_with_changes(desk, step):
    grown, cut = desk.transcripts[0], desk.transcripts[2]

    def full():
        grown.user("Asked before the rebuild.")
        grown.save()
        del cut.entries[3:6]
        cut.relink()
        cut.save()
        desk.viewer.sync(full=True)
    result = step(full)
    assert result["messages_written"] > 1


def test_new_session(desk, step):
    def new():
        desk.transcript().rounds(2).save()
        desk.viewer.sync()
    assert step(new)["sessions_synced"] == 1


def test_many_things_at_once(desk, step):
    first, second, third, fourth = desk.transcripts

    def action():
        first.user("Growing.")
        second.entries[12]["message"]["content"] = "Edited."
        del third.entries[20:]
        for transcript in (first, second, third):
            transcript.save()
        desk.viewer.sync()
        with desk.viewer.serve() as server:
            server.rename(first.id, "renamed")
            server.star(second.id)
            server.pin(third.id, 0, "look here")
            server.delete_for_good(fourth.id)
    step(action)


def test_another_archive_is_filled_from_the_start(desk, step):
    n_messages = desk.scrubjay.value("SELECT count(*) FROM messages")
    other = os.path.join(desk.home, "elsewhere", "archive.db")
    result = json.loads(desk.scrubjay.once("--archive", other, code=1).stdout)
    assert result["messages_written"] == n_messages
    # two archives of one person and machine would remove each other's sessions from the server
    assert "Another archive" in result["remotes"]["team"]["error"]
    assert os.stat(other).st_mode & 0o777 == 0o600
    assert os.stat(os.path.dirname(other)).st_mode & 0o777 == 0o700


def test_all_of_them_one_after_the_other_with_the_daemon(desk, server):
    """What agentsview is known to do to its tables, with the service as people run it, sent to ClickHouse."""
    grown, edited, cut, gone = desk.transcripts
    viewer, scrubjay = desk.viewer, desk.scrubjay

    def asks():
        grown.user("One question more.")
        grown.tool = grown.call("Bash", {"command": "git commit -m fix", "description": "commit"})

    def answers():
        grown.user("Meanwhile: what is next?")
        grown.result(grown.tool, "[main 1a2b3c4] fix\n 1 file changed, 2 insertions(+)")

    def edits():
        edited.entries[6]["message"]["content"] = "Another question."

    def removes():
        del cut.entries[6:12]
        cut.relink()

    def truncates():
        del grown.entries[12:]

    def adds():
        desk.transcript().rounds(2).save()

    def written(transcript, change):
        return lambda: (change(), saved(desk, transcript)())

    actions = {
        "nothing": viewer.sync,
        "transcript grows": written(grown, asks),
        "a result arrives later on an old row": written(grown, answers),
        "touch": lambda: (edited.touch(), viewer.sync()),
        "edit in the middle": written(edited, edits),
        "entries removed in the middle": written(cut, removes),
        "truncated": written(grown, truncates),
        "rename": clicked(desk, lambda http: http.rename(edited.id, "The long build")),
        "star": clicked(desk, lambda http: http.star(cut.id)),
        "pin": clicked(desk, lambda http: http.pin(cut.id, 0, "look here")),
        "trash": clicked(desk, lambda http: http.trash(edited.id)),
        "restore": clicked(desk, lambda http: http.restore(edited.id)),
        "unpin": clicked(desk, lambda http: http.unpin(cut.id, 0)),
        "unstar": clicked(desk, lambda http: http.unstar(cut.id)),
        "permanent delete": clicked(desk, lambda http: http.delete_for_good(gone.id)),
        "new session": lambda: (adds(), viewer.sync()),
        "transcript deleted": lambda: (os.unlink(cut.path), viewer.sync()),
        "sync --full": lambda: viewer.sync(full=True),
    }
    desk.share(server)
    with scrubjay.daemon() as daemon:
        for name, action in actions.items():
            action()
            assert daemon.call("RunOnce")[3] == {}, name
            assert daemon.call("Deliver") == [{}], name
            compare(viewer, scrubjay, desk.planted)
            try:
                assert_equal(server, scrubjay.archive)
            except AssertionError as error:
                raise AssertionError(name) from error
    assert server.query("SELECT count() FROM sessions FINAL") == [["4"]]
    assert server.query("SELECT session_id FROM session_deletes FINAL") == [[gone.id]]
