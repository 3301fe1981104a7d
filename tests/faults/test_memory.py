"""No memory, at the n-th allocation or for what is large: no crash, a reason, nothing lost"""

import json
import os
import pty
import random
import sqlite3
import string
import subprocess

import pytest
from archive_state import differences, problems, whole
from busy_source import change
from faulty import copy_folder, environment, run_once
from scrubjay_test import BUILD, SCRUBJAYD


def samples(total, n):
    """From 1 to the total: close together at the start, where each allocation differs from the next."""
    step = total ** (1 / n)
    return sorted({max(1, round(step ** k)) for k in range(n + 1)} | set(range(1, total, max(1, total // n))))


@pytest.mark.parametrize("last", ["once", "from then on"])
def test_an_allocation_fails(source, tmp_path, rounds, last):
    before, home = tmp_path / "before", tmp_path / "run"
    assert run_once(source.path, before / "archive.db").status == 0
    change(source)

    def run(**faults):
        copy_folder(before, home / "archive")
        return run_once(source.path, home / "archive" / "archive.db", **faults)

    undisturbed = run()
    assert undisturbed.n_allocations > 500, "allocations are counted"
    expected = whole(home / "archive" / "archive.db")
    n_failed = n_ended = 0
    for n in samples(undisturbed.n_allocations, 2 * rounds):
        where = f"allocation {n}, {last}"
        done = run(malloc_at=n, malloc_last=n if last == "once" else 0)
        assert done.status in (0, 1, 2), f"{where}: {done.status} {done.errors[-2000:]}"
        n_failed += done.status != 0
        n_ended += "There is no memory left; the program ends." in done.errors
        archive = home / "archive" / "archive.db"
        assert problems(archive) == [], where
        healed = run_once(source.path, archive)
        assert healed.status == 0, f"{where}: {healed.errors}"
        assert differences(whole(archive), expected) == [], where
    assert n_failed > 10, "allocations matter"
    if last != "once":  # nearly all allocations are SQLite's; but then there is none for the error message
        assert n_ended > 5, "what is small ends the program, with a sentence"


def read(archive, sql):
    db = sqlite3.connect(archive)
    try:
        return {row[0] for row in db.execute(sql)}
    finally:
        db.close()


def archived(archive):
    return read(archive, "SELECT id FROM sessions")


def in_source(source):
    return {row[0] for row in source.sql("SELECT id FROM sessions")}


def names_in(note):
    """Of the sessions in a note beside the archive: TIMES FINGERPRINT POLICY CAUSE ID."""
    lines = [line.split(" ", 4) for line in note.read_text().splitlines()]
    assert {line[3] for line in lines} <= {"memory"}
    return [line[4] for line in lines]


def test_the_session_that_memory_ran_out_in_is_noted_and_synced_last(source, tmp_path):
    archive = tmp_path / "run" / "archive" / "archive.db"
    note = archive.with_name("archive.db.stuck")
    undisturbed = run_once(source.path, archive)
    noted = 0
    for n in range(1, undisturbed.n_allocations, undisturbed.n_allocations // 16):
        for path in archive.parent.iterdir():
            path.unlink()
        ended = run_once(source.path, archive, malloc_at=n, malloc_last=0)
        if "There is no memory left; the program ends." not in ended.errors or not note.exists():
            continue
        noted += 1
        name, = names_in(note)
        assert note.stat().st_mode & 0o777 == 0o600
        healed = run_once(source.path, archive)
        assert healed.status == 0, healed.errors
        assert f"There was no memory left for the session '{name}', and the service ended." in healed.errors
        assert not note.exists()
        assert archived(archive) == in_source(source)
    assert noted > 0, "no run ended in a session"


def test_a_session_that_memory_runs_out_in_again_and_again_is_left_out(source, tmp_path):
    """The service manager restarts the service each time: this ends, and all other sessions are archived."""
    folder = tmp_path / "run" / "archive"
    archive, note = folder / "archive.db", folder / "archive.db.stuck"
    undisturbed = run_once(source.path, archive)
    for n in range(undisturbed.n_allocations // 2, undisturbed.n_allocations, undisturbed.n_allocations // 50):
        for path in folder.iterdir():
            path.unlink()
        run_once(source.path, archive, malloc_at=n, malloc_last=0)
        if note.exists():
            break
    name, = names_in(note)
    with note.open("a") as f:
        f.writelines(note.read_text() * 2)
    last = run_once(source.path, archive)
    assert last.status == 1
    assert f"'{name}' could not be synced: It ended the service 3 times: there was no memory for it." in last.errors
    assert archived(archive) == in_source(source) - {name}


def test_no_memory_for_the_findings_of_a_huge_message_fails_only_its_session(source, tmp_path):
    word = "".join(random.choices(string.ascii_letters + string.digits, k=14))
    text = f"postgres://u:{word}@h/d\n" * 12000
    source.add_session("huge", ["small", "many calls"])
    message = source.sql("SELECT id FROM messages WHERE session_id='huge' AND ordinal=1")[0][0]
    for i in range(15):
        source.sql("INSERT INTO tool_calls (message_id, session_id, tool_name, category, tool_use_id, input_json,"
                   " result_content, call_index) VALUES (?,'huge','Bash','Bash',?,'{}',?,?)", (message, f"u{i}", text, i))
    archive = tmp_path / "run" / "archive" / "archive.db"
    done = run_once(source.path, archive, malloc_above=4 << 20)
    assert done.status == 1, done.errors[-2000:]
    assert "'huge' could not be synced: There is no memory for its message 1 and the findings in it." in done.errors
    assert word not in done.errors
    assert archived(archive) == in_source(source) - {"huge"}
    assert run_once(source.path, archive).status == 0, "with memory it is archived"
    assert read(archive, "SELECT count(*) FROM findings WHERE session_id='huge'") == {15 * 12000}


def test_failed_masking_is_tried_until_it_succeeds(source, tmp_path):
    """A session that only the archive has, without memory for it when the policy changes; the others have the new policy."""
    source.add_session("huge", ["a", ("ZZTOP-123456 " + "word " * (1 << 20) + '"é\\n\\t" ') * 6, "b"])
    archive = tmp_path / "run" / "archive" / "archive.db"
    assert run_once(source.path, archive).status == 0
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "more.json").write_text(json.dumps({"version": 1, "rules": [{
        "id": "zztop", "description": "Made up", "literals": ["ZZTOP-"], "pattern": "ZZTOP-[0-9]{6}",
        "examples": {"positive": ["ZZTOP-123456"], "negative": ["ZZTOP-12345"]}}]}))
    for table, key in (("messages", "session_id"), ("sessions", "id")):
        source.sql(f"DELETE FROM {table} WHERE {key} = 'huge'")

    def once(megabytes=1 << 20):
        """With a different policy than before."""
        return subprocess.run(["prlimit", f"--as={megabytes << 20}", SCRUBJAYD, "--once", "--source", source.path, "--archive", archive],
                              env=environment(tmp_path / "run") | {"SCRUBJAY_MASK_RULESDIR": str(rules)}, capture_output=True, text=True)

    def under_another_policy():
        policy, = read(archive, "SELECT value FROM meta WHERE key = 'policy'")
        return read(archive, f"SELECT session_id FROM cursors WHERE policy <> {policy}")

    for megabytes in range(60, 400, 5):  # enough for all others
        done = once(megabytes)
        if done.returncode != 2 and "'huge' could not be synced" in done.stderr:
            break
    assert done.returncode == 1, done.stderr[-2000:]
    assert under_another_policy() == {"huge"}
    assert once(megabytes).returncode == 1, "it is tried again"
    assert under_another_policy() == {"huge"}
    assert once().returncode == 0 and under_another_policy() == set()


def conversation(source, word, huge):
    """A child session whose huge message has a password that nothing there reveals, and its parent."""
    source.add_session("parent", ["a"])
    source.add_session("huge", ["so " + word, huge, "b"])
    source.add_session("zz-small", ["and " + word])
    source.sql("UPDATE sessions SET parent_session_id = 'parent', relationship_type = 'subagent' WHERE id IN ('huge', 'zz-small')")


def texts_with(archive, word):
    return read(archive, f"SELECT session_id FROM messages WHERE instr(content, '{word}') > 0")


def test_failed_sharing_with_a_huge_session_is_tried_until_it_succeeds(source, tmp_path):
    """A relative reveals a password, and there is no memory for the session that has it too; everything else arrives."""
    word = "".join(random.choices(string.ascii_letters + string.digits, k=14)) + "4x"
    conversation(source, word, "word " * (1 << 20))
    source.add_session("zz-other", ["so " + word[::-1]])
    source.add_session("zz-teller", ["a"])
    source.sql("UPDATE sessions SET parent_session_id = 'zz-teller' WHERE id = 'zz-other'")
    archive = tmp_path / "run" / "archive" / "archive.db"
    assert run_once(source.path, archive).status == 0
    assert texts_with(archive, word) == {"huge", "zz-small"} and texts_with(archive, word[::-1]) == {"zz-other"}
    source.append("parent", [f'password = "{word}"'])
    source.append("zz-teller", [f'password = "{word[::-1]}"'])
    source.add_session("new", ["hello"])
    for _ in range(2):
        done = run_once(source.path, archive, malloc_above=4 << 20)
        assert done.status == 1, done.errors[-2000:]
        assert "'huge' could not be synced: There is no memory for its message 1 and the findings in it." in done.errors
        assert word not in done.errors
        assert archived(archive) == in_source(source), "all others arrive"
        assert texts_with(archive, word) == {"huge"} and texts_with(archive, word[::-1]) == set()
    assert run_once(source.path, archive).status == 0
    assert texts_with(archive, word) == set() and problems(archive) == []
    assert read(archive, "SELECT conversation FROM conversations_due") == set()


def test_the_session_that_ran_out_of_memory_while_masking_a_relatives_secret_is_noted(source, tmp_path):
    """It is unchanged in the source: only its conversation requires that it is masked again."""
    word = "".join(random.choices(string.ascii_letters + string.digits, k=14)) + "4x"
    conversation(source, word, "word " * 1000)
    before, folder = tmp_path / "before", tmp_path / "run" / "archive"
    archive, note = folder / "archive.db", folder / "archive.db.stuck"
    assert run_once(source.path, before / "archive.db").status == 0
    source.append("parent", [f'password = "{word}"'])
    copy_folder(before, folder)
    undisturbed = run_once(source.path, archive)
    assert texts_with(archive, word) == set()
    noted = 0
    for n in range(undisturbed.n_allocations, 1, -max(1, undisturbed.n_allocations // 200)):
        copy_folder(before, folder)
        ended = run_once(source.path, archive, malloc_at=n, malloc_last=0)
        if "There is no memory left; the program ends." not in ended.errors or not note.exists():
            continue
        name, = names_in(note)
        if name == "parent":
            continue
        healed = run_once(source.path, archive)
        assert healed.status == 0, healed.errors
        assert f"There was no memory left for the session '{name}', and the service ended." in healed.errors
        assert texts_with(archive, word) == set() and not note.exists()
        noted += 1
        if noted == 2:
            return
    assert noted > 0, "no run ended in a session that its conversation has masked again"


@pytest.mark.parametrize("of_the_journal", [True, False])
def test_the_last_sentence_has_a_priority_in_the_journal(source, tmp_path, of_the_journal):
    archive = tmp_path / "run" / "archive" / "archive.db"
    undisturbed = run_once(source.path, archive)
    with (tmp_path / "errors").open("w+") as errors:
        stat = os.fstat(errors.fileno())
        given = {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"} if of_the_journal else {}
        given |= environment(tmp_path / "run", folder=archive.parent, malloc_at=undisturbed.n_allocations // 2, malloc_last=0)
        archive.unlink()
        subprocess.run([SCRUBJAYD, "--once", "--source", source.path, "--archive", archive], env=given, stderr=errors,
                       stdout=subprocess.DEVNULL, timeout=60)
        errors.seek(0)
        prefix = "<3>" if of_the_journal else ""
        assert errors.read().splitlines()[-1] == prefix + "scrubjayd: There is no memory left; the program ends."


def test_the_pager_is_waited_for_when_memory_ends(source, tmp_path):
    """Otherwise the pager and the shell's prompt share the terminal."""
    archive = tmp_path / "run" / "archive" / "archive.db"
    run_once(source.path, archive)
    given = {"PAGER": "cat; sleep 0.3; echo the pager is left", "TERM": "xterm", "SCRUBJAY_ARCHIVE_PATH": str(archive)}
    errors = tmp_path / "errors"
    command = [BUILD / "src" / "ctl" / "scrubjayctl", "show", "session-0"]

    def output(**faults):
        mine, theirs = pty.openpty()
        with errors.open("w") as f:  # not a pipe: the pager would have it too, and the test must not wait for the pager
            subprocess.run(command, env=environment(tmp_path / "run", folder=archive.parent, **faults) | given, stdin=theirs,
                           stdout=theirs, stderr=f, timeout=60)
        os.write(theirs, b"$ ")  # the shell's prompt
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(mine, 1 << 20):  # piece by piece
                shown += piece
        except OSError:  # nobody has the other side open any more
            pass
        os.close(mine)
        return errors.read_text(), shown.decode().partition("$ ")[0]

    count = tmp_path / "run" / "count"
    assert "the pager is left" in output(count=count)[1]
    n = int(count.read_text().split()[1])
    ended = [output(malloc_at=at, malloc_last=0) for at in range(n, 1, -max(1, n // 20))]
    ended = [shown for said, shown in ended if "There is no memory left" in said and shown]
    assert ended and all("the pager is left" in shown for shown in ended)
