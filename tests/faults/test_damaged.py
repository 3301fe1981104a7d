"""A damaged archive is noticed, reported, moved aside and rebuilt, and never in a loop"""

import random
import sqlite3

import pytest
from archive_state import differences, problems, whole
from faulty import IDENTITY, run_once
from scrubjay_test import Daemon, wait_for

PAGE = 16384


def damaged_files(archive):
    return sorted(path for path in archive.parent.glob("archive.db.damaged-*") if not path.name.endswith("-wal"))


def spoil(path, page, rng):
    with open(path, "r+b") as f:
        f.seek(page * PAGE)
        f.write(rng.randbytes(PAGE))


def leave_unclean(archive):
    """As after a kill: the lock file still names its owner."""
    (archive.parent / "archive.db.lock").write_text("1")


def test_each_page_of_an_archive(source, tmp_path):
    """Whichever page is overwritten: the next run builds a new archive, or nothing needs the page."""
    archive = tmp_path / "home" / "archive.db"
    assert run_once(source.path, archive).status == 0
    good, expected = archive.read_bytes(), whole(archive)
    n_found = 0
    for page in range(1, len(good) // PAGE):    # without its first page it is not an archive; see below
        archive.write_bytes(good)
        spoil(archive, page, random.Random(page))
        spoiled = archive.read_bytes()
        leave_unclean(archive)
        done = run_once(source.path, archive)
        assert done.status == 0, f"page {page}: {done.errors}"
        aside = damaged_files(archive)
        if aside:
            n_found += 1
            assert aside[0].read_bytes() == spoiled, f"page {page}"
            assert aside[0].name in done.errors and "damaged" in done.errors
            aside[0].unlink()
        assert problems(archive) == [], f"page {page}"
        assert differences(whole(archive), expected) == [], f"page {page}"
    assert n_found > len(good) // PAGE // 2


def test_damage_met_in_mid_cycle(source, tmp_path, bus):
    """The daemon has the archive open while its file is damaged: the next try moves it aside."""
    daemon = Daemon(tmp_path / "home", bus, source=source.path,
                    environment=IDENTITY | {"SCRUBJAY_SYNC_QUIETTIME": "10ms"}).start()
    try:
        daemon.wait_idle()
        db = sqlite3.connect(daemon.archive)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        with open(daemon.archive, "r+b") as f:
            size = f.seek(0, 2)
            for offset in range(PAGE, size, PAGE):
                f.seek(offset)
                f.write(b"\xa5" * PAGE)
        n = 0

        def moved():
            nonlocal n
            n += 1
            source.add_session(f"new-{n}", ["hello"])
            return damaged_files(daemon.archive)

        aside = wait_for(moved, "the damaged archive is moved aside", 30)
        wait_for(lambda: len(daemon.rows("SELECT id FROM sessions")) == 6 + n, "all sessions are there", 20)
        wait_for(lambda: "damaged" in daemon.status()["LastError"], "the status tells")
        assert aside[0].name in daemon.status()["LastError"]
        assert daemon.log.count("was damaged and was moved") == 1
        assert len(damaged_files(daemon.archive)) == 1
        daemon.signal(1)        # a reload changes nothing about that
        daemon.run_once()
        assert "damaged" in daemon.status()["LastError"]
        aside[0].unlink()
        source.append("session-0", ["more"])
        wait_for(lambda: daemon.status()["LastError"] == "", "a person has looked")
    finally:
        assert daemon.stop() == 0


def test_a_disk_that_damages_everything_ends_the_trying(source, tmp_path, bus):
    archive = tmp_path / "home" / "archive" / "archive.db"
    for _ in range(3):
        assert run_once(source.path, archive).status == 0
        spoil(archive, 0, random.Random(1))
        leave_unclean(archive)
        with open(archive, "r+b") as f:     # random bytes are nobody's archive; these are ours
            f.seek(68)
            f.write(b"SJAY")
    assert run_once(source.path, archive).status == 0
    spoil(archive, 1, random.Random(2))
    leave_unclean(archive)
    spoiled = archive.read_bytes()
    done = run_once(source.path, archive)
    assert done.status == 2
    assert "Check the disk" in done.errors and len(done.errors.splitlines()) == 1
    assert archive.read_bytes() == spoiled
    assert len(damaged_files(archive)) == 3
    daemon = Daemon(tmp_path / "home", bus, source=source.path, archive=archive, environment=IDENTITY).start()
    try:
        wait_for(lambda: "Check the disk" in daemon.status()["LastError"], "the status tells")
        assert len(damaged_files(archive)) == 3 and archive.read_bytes() == spoiled
    finally:
        assert daemon.stop() == 0


@pytest.mark.parametrize("content", [b"a person's notes\n" * 4000, b"SQLite format 3\0" + b"x" * 8000])
def test_a_file_that_is_not_an_archive_is_left_alone(source, tmp_path, content):
    archive = tmp_path / "home" / "archive.db"
    archive.parent.mkdir()
    archive.write_bytes(content)
    for _ in range(2):
        done = run_once(source.path, archive)
        assert archive.read_bytes() == content or (damaged_files(archive) and content.startswith(b"SQLite"))
    if not content.startswith(b"SQLite"):
        assert done.status == 2 and "not a scrubjay archive" in done.errors
        assert damaged_files(archive) == []
