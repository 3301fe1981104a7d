"""agentsview does not notice scrubjay: its syncs take no longer, its swaps happen, its bytes stay its own"""

import hashlib
import os
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from planted import CLASSIC, one_of_each
from scrubjay_test import wait_for


def timed(call):
    began = time.monotonic()
    call()
    return time.monotonic() - began


def inode(path):
    return os.stat(path).st_ino


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def busy_desk(desk, n=30, rounds=30):
    """Enough sessions that a first sync still runs while agentsview works."""
    for i in range(n):
        desk.transcript(project=i % 2).rounds(rounds, one_of_each(seed=i, makers=CLASSIC) if i % 5 == 0 else []).save()
    desk.viewer.sync()
    return desk


KILLED_WRITER = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA wal_autocheckpoint = 0")
db.execute("UPDATE sessions SET display_name = 'in the wal', sync_marker = '2099-01-01T00:00:00.000Z'")
db.commit()
os.kill(os.getpid(), signal.SIGKILL)
"""


def resync_without_end(daemon, stop):
    while not stop.is_set():
        daemon.call("ForceResync")
        daemon.call("RunOnce")


def test_the_swap_always_happens(empty_desk):
    """`sync --full` gives up its swap if a reader holds on for 5 s: with an endless resync, none may be given up."""
    desk = busy_desk(empty_desk)
    alone = [timed(lambda: desk.viewer.sync(full=True)) for _ in range(3)]
    stop = threading.Event()
    beside, swaps = [], 0
    with desk.scrubjay.daemon() as daemon:
        worker = threading.Thread(target=resync_without_end, args=(daemon, stop))
        worker.start()
        try:
            for _ in range(6):
                before = inode(desk.viewer.database)
                beside.append(timed(lambda: desk.viewer.sync(full=True)))
                swaps += inode(desk.viewer.database) != before
        finally:
            stop.set()
            worker.join()
        assert swaps == 6, f"{6 - swaps} swaps were given up"
        # noise: two processes share the machine's cores; a swap that waits for a reader takes 5 s or more
        assert statistics.median(beside) < 2 * statistics.median(alone) + 2, (alone, beside)
        n = len(desk.viewer.query("SELECT id FROM sessions"))
        wait_for(lambda: desk.scrubjay.value("SELECT count(*) FROM sessions") == n, "all sessions")


def test_the_swap_happens_while_the_disk_is_slow(empty_desk):
    """While a commit takes long, no read transaction on the source stays open."""
    desk = busy_desk(empty_desk, n=4, rounds=4)
    for i in range(5):      # several batches of 8 MB: all but the last are written in the middle of reading
        transcript = desk.transcript(project=i % 2)
        transcript.user("many words " * 400000)
        transcript.save()
    desk.viewer.sync()
    library = Path(os.environ["SCRUBJAY_BUILD"]) / "tests" / "faults" / "faults.so"
    folder = os.path.dirname(desk.scrubjay.archive)
    wal = desk.scrubjay.archive + "-wal"
    desk.scrubjay.sync()
    desk.scrubjay.environ.update(LD_PRELOAD=str(library), FAULT_FOLDER=folder, FAULT_DO="slow")
    swaps = 0
    with desk.scrubjay.daemon() as daemon:
        wait_for(lambda: not daemon.status()["Syncing"], "the first cycle")
        daemon.call("ForceResync")
        wait_for(lambda: os.path.exists(wal) and os.path.getsize(wal) > 100000, "it writes what it read")
        for _ in range(2):
            before = inode(desk.viewer.database)
            desk.viewer.sync(full=True)
            swaps += inode(desk.viewer.database) != before
        assert daemon.status()["Syncing"], "it was at work all the time"
        daemon.process.kill()       # it would take minutes
    assert swaps == 2, f"{2 - swaps} swaps were given up"


def test_ordinary_syncs_take_no_longer(empty_desk):
    desk = busy_desk(empty_desk, n=10)
    transcript = desk.transcripts[0]

    def grow_and_sync():
        transcript.rounds(1, []).save()
        desk.viewer.sync()

    alone = [timed(grow_and_sync) for _ in range(5)]
    stop = threading.Event()
    with desk.scrubjay.daemon() as daemon:
        worker = threading.Thread(target=resync_without_end, args=(daemon, stop))
        worker.start()
        try:
            beside = [timed(grow_and_sync) for _ in range(10)]
        finally:
            stop.set()
            worker.join()
    assert statistics.median(beside) < 2 * statistics.median(alone) + 1, (alone, beside)


def test_its_bytes_are_its_own(empty_desk):
    """A cycle changes no byte of agentsview's file; SQLite's own -shm and an empty -wal may appear beside it."""
    desk = busy_desk(empty_desk, n=4, rounds=6)
    path = desk.viewer.database
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    before = digest(path)
    names = set(os.listdir(desk.viewer.folder))
    for arguments in ((), (), ("--archive", os.path.join(desk.home, "other.db"))):
        desk.scrubjay.sync(*arguments)
        assert digest(path) == before
    assert set(os.listdir(desk.viewer.folder)) - names <= {"sessions.db-shm", "sessions.db-wal"}
    assert not os.path.exists(path + "-wal") or os.path.getsize(path + "-wal") == 0
    with desk.scrubjay.daemon() as daemon:
        daemon.call("ForceResync")
        daemon.call("RunOnce")
        assert digest(path) == before
    assert digest(path) == before
    # with a -wal that a killed agentsview left: it is read, and stays, although nobody else has the file open
    subprocess.run([sys.executable, "-c", KILLED_WRITER, path], check=False)
    files = {name: digest(os.path.join(desk.viewer.folder, name)) for name in os.listdir(desk.viewer.folder)
             if name in ("sessions.db", "sessions.db-wal")}
    assert len(files) == 2
    desk.scrubjay.sync()
    assert desk.scrubjay.value("SELECT count(*) FROM sessions WHERE display_name = 'in the wal'") > 0
    assert all(digest(os.path.join(desk.viewer.folder, name)) == was for name, was in files.items())
