"""The running service beside the running agentsview: how soon a change arrives, and that everything does"""

import os
import sqlite3
import statistics
import threading
import time

from mirror import compare
from planted import CLASSIC, one_of_each
from scrubjay_test import wait_for

QUIET_MSEC = 500


def settled(desk):
    """Waits until the archive holds what agentsview holds."""
    def same():
        try:
            return compare(desk.viewer, desk.scrubjay, desk.planted) >= 0
        except (AssertionError, sqlite3.OperationalError):     # not yet, or the archive is just being created
            return False
    try:
        wait_for(same, "the archive to catch up")
    except AssertionError:
        compare(desk.viewer, desk.scrubjay, desk.planted)   # reports what differs
        raise


def test_first_sync_and_clean_end(desk):
    with desk.scrubjay.daemon() as daemon:
        settled(desk)
        status = daemon.status()
        assert status["Running"] is True
        assert status["TotalSessionsSynced"] == 4
        assert status["LastError"] == ""
        assert status["Source"] == desk.viewer.database
        assert status["Archive"] == desk.scrubjay.archive
    assert daemon.code == 0


def test_commits_arrive_within_quiet_time(desk, record_property, capsys):
    """Twelve commits of a running agentsview, each timed from before its request to when another reader sees it."""
    session = desk.transcripts[0].id
    delays = []
    with desk.viewer.serve() as server, desk.scrubjay.daemon() as daemon:
        settled(desk)
        for n in range(12):
            began = time.monotonic()
            server.rename(session, "name %d" % n)
            seen = daemon.wait_row("SELECT 1 FROM sessions WHERE id = ? AND display_name = ?", session, "name %d" % n)
            delays.append((seen - began) * 1000)
    median = statistics.median(delays)
    record_property("commit_to_archive_msec", [round(delay) for delay in delays])
    with capsys.disabled():
        print("\n  from a commit to the archive: median %.0f ms, most %.0f ms (QuietTime %d ms)"
              % (median, max(delays), QUIET_MSEC), flush=True)
    assert min(delays) <= QUIET_MSEC + 100  # on a busy machine, the others only measure the machine


def test_quiet_time_setting(desk):
    desk.scrubjay.configure("[Sync]\nQuietTime=50ms\n")
    session = desk.transcripts[0].id
    delays = []
    with desk.viewer.serve() as server, desk.scrubjay.daemon() as daemon:
        settled(desk)
        for n in range(5):
            began = time.monotonic()
            server.rename(session, "quick %d" % n)
            seen = daemon.wait_row("SELECT 1 FROM sessions WHERE id = ? AND display_name = ?", session, "quick %d" % n)
            delays.append((seen - began) * 1000)
    assert min(delays) < QUIET_MSEC


def test_a_steady_writer_cannot_starve_it(desk):
    """Commits that never leave a quiet time: changes still arrive within the maximum delay."""
    session = desk.transcripts[0].id
    with desk.viewer.serve() as server, desk.scrubjay.daemon() as daemon:
        settled(desk)
        stop = threading.Event()

        def write():
            n = 0
            while not stop.wait(0.05):
                n += 1
                server.rename(session, "steady %d" % n)
        writer = threading.Thread(target=write)
        began = time.monotonic()
        writer.start()
        try:
            seen = daemon.wait_row("SELECT 1 FROM sessions WHERE id = ? AND display_name LIKE 'steady %'", session)
        finally:
            stop.set()
            writer.join()
        assert seen - began <= 2.0 + 1.0
        settled(desk)


def test_everything_happens_while_it_runs(desk):
    first, second, third, fourth = desk.transcripts
    desk.scrubjay.configure("[Sync]\nQuietTime=50ms\nMaxDelay=500ms\n")
    with desk.scrubjay.daemon() as daemon:
        settled(desk)
        first.user(first.say(secret=one_of_each(7, CLASSIC)[0]))
        first.save()
        desk.viewer.sync()
        settled(desk)
        del second.entries[6:12]
        second.relink()
        second.save()
        desk.viewer.sync()
        settled(desk)
        desk.viewer.sync(full=True)
        settled(desk)
        with desk.viewer.serve() as server:
            server.star(third.id)
            server.pin(third.id, 0, "look")
            server.trash(second.id)
            settled(desk)
            server.delete_for_good(fourth.id)
            settled(desk)
        desk.transcript().rounds(2, one_of_each(8, CLASSIC[:4])).save()
        desk.viewer.sync(full=True)
        settled(desk)
        assert daemon.status()["LastError"] == ""
    assert daemon.code == 0
    for place, data in desk.scrubjay.everything():
        for secret in desk.planted:
            assert not any(part.encode() in data for part in secret.gone), (secret.kind, place)


def test_waits_for_a_source_that_does_not_exist_yet(empty_desk):
    desk = empty_desk
    assert not os.path.exists(desk.viewer.folder)
    with desk.scrubjay.daemon() as daemon:
        assert daemon.status()["Running"] is True
        desk.transcript().rounds(2).save()
        desk.viewer.sync()
        daemon.wait_row("SELECT 1 FROM sessions WHERE id = ?", desk.transcripts[0].id)
        settled(desk)


def test_it_does_not_disturb_a_rebuild(desk):
    """agentsview silently gives up its swap if somebody reads for long: each rebuild must get a new inode."""
    with desk.scrubjay.daemon():
        settled(desk)
        for _ in range(5):
            inode = os.stat(desk.viewer.database).st_ino
            desk.viewer.sync(full=True)
            assert os.stat(desk.viewer.database).st_ino != inode
        settled(desk)


def test_run_once_answers_with_the_numbers(desk):
    with desk.scrubjay.daemon() as daemon:
        settled(desk)
        desk.transcripts[0].user("One more.")
        desk.transcripts[0].save()
        desk.viewer.sync()
        synced, skipped, secrets, errors = daemon.call("RunOnce")
        compare(desk.viewer, desk.scrubjay, desk.planted)
        assert (skipped, errors) == (3, {})
        daemon.call("ForceResync")
        wait_for(lambda: daemon.status()["TotalSessionsSynced"] >= 8, "the resync")
        settled(desk)
