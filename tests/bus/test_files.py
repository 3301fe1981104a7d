"""Who owns these files: checked before anything is touched, and closed to others once they are known to be ours"""

import os
import sqlite3

import pytest
from scrubjay_test import archive_rows, run_once


def state(folder):
    """Mode and content of everything in it, and its own mode; SQLite's -shm is memory, not content."""
    return {path.name: (path.stat().st_mode, None if path.suffix.endswith("-shm") else path.read_bytes())
            for path in sorted(folder.iterdir())} | {".": folder.stat().st_mode}


def mode(path):
    return path.stat().st_mode & 0o777


def test_a_source_in_the_place_of_the_archive_is_not_touched(source, tmp_path):
    source.add_session("one")
    source.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    source.path.chmod(0o644)
    source.path.parent.chmod(0o755)
    before = state(source.path.parent)
    status, result, errors = run_once(source.path, source.path, home=tmp_path)
    assert (status, result) == (2, None) and "not a scrubjay archive" in errors
    assert state(source.path.parent) == before


def test_a_second_name_of_a_source_that_is_in_its_log_is_not_touched(tmp_path):
    """By that name, SQLite does not find the log, so the file looks empty."""
    folder = tmp_path / "agentsview"
    folder.mkdir()
    path = folder / "sessions.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA wal_autocheckpoint=0")
    db.execute("CREATE TABLE sessions (id TEXT PRIMARY KEY, project TEXT)")
    db.execute("INSERT INTO sessions VALUES ('one', 'p')")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.link(path, elsewhere / "archive.db")
    before, there = state(folder), state(elsewhere)
    status, result, errors = run_once(path, elsewhere / "archive.db", home=tmp_path)
    assert (status, result) == (2, None) and "another name" in errors and str(elsewhere / "archive.db") in errors
    assert state(folder) == before and state(elsewhere)["archive.db"] == there["archive.db"]
    assert set(state(elsewhere)) - {"archive.db-shm", "archive.db-wal"} == set(there)
    assert db.execute("SELECT id FROM sessions").fetchall() == [("one",)]
    db.close()


@pytest.mark.parametrize("name, bad, good", [(".", 0o755, 0o700), (".", 0o777, 0o700), ("archive.db", 0o644, 0o600),
                                             ("archive.db", 0o666, 0o600), ("fingerprint.key", 0o644, 0o600)])
def test_files_open_to_others_are_made_private_and_reported(source, tmp_path, name, bad, good):
    source.add_session("one")
    archive = tmp_path / "new" / "archive.db"
    assert run_once(source.path, archive, home=tmp_path)[::2] == (0, "")
    path = archive.parent / name
    path.chmod(bad)
    status, _, errors = run_once(source.path, archive, home=tmp_path)
    assert status == 0 and mode(path) == good
    assert errors.count("Others had access to") == 1 and str(path) in errors
    assert run_once(source.path, archive, home=tmp_path)[::2] == (0, ""), "told once"


def test_a_log_beside_it_is_closed_too(source, tmp_path):
    source.add_session("one")
    archive = tmp_path / "new" / "archive.db"
    assert run_once(source.path, archive, home=tmp_path)[0] == 0
    reader = sqlite3.connect(archive)  # keeps its log
    reader.execute("SELECT * FROM meta").fetchall()
    files = [path for path in archive.parent.iterdir() if path.name.startswith("archive.db")]
    for path in files:
        path.chmod(0o644)
    source.append("one", ["more"])
    assert run_once(source.path, archive, home=tmp_path)[0] == 0
    assert {path.name: mode(path) for path in archive.parent.iterdir() if path.name.endswith(("-wal", "-shm", ".db"))} == {
        path.name: 0o600 for path in files if not path.name.endswith(".lock")}
    reader.close()


def test_everybodys_folder_is_refused(source, tmp_path):
    folder = tmp_path / "everybodys"
    folder.mkdir()
    folder.chmod(0o1777)
    source.add_session("one")
    status, result, errors = run_once(source.path, folder / "archive.db", home=tmp_path)
    assert (status, result) == (2, None) and "folder of its own" in errors
    assert list(folder.iterdir()) == [] and folder.stat().st_mode & 0o7777 == 0o1777


def test_an_archive_with_a_second_name_is_ours(source, tmp_path):
    """As some backups make them."""
    source.add_session("one")
    archive = tmp_path / "new" / "archive.db"
    assert run_once(source.path, archive, home=tmp_path)[0] == 0
    os.link(archive, archive.with_name("backup.db"))
    source.add_session("two")
    assert run_once(source.path, archive, home=tmp_path)[::2] == (0, "")
    assert archive_rows(archive, "SELECT id FROM sessions ORDER BY id") == [("one",), ("two",)]
