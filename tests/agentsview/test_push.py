"""Somebody else's `agentsview pg push` into the same schema: before, after and at the same time, no plain text replaces ours

For what happens at the same time one of the two is held before one of its statements, until the other one has ended or waits for it.
"""

import contextlib
import threading

import pytest
from postgresql import Proxy
from pushing import push
from scrubjay_test import wait_for

TEXTS = ("sessions", "messages", "tool_calls", "tool_result_events", "usage_events")


def ids(desk, whose):
    """Sessions there that scrubjay sent, or that it did not."""
    return sorted(row[0] for row in desk.server.query("SELECT id FROM sessions WHERE owner_marker %s 'scrubjay:%%'" % whose))


def plain_rows(desk, sessions):
    """Those of these sessions that contain a planted secret anywhere."""
    found = set()
    for table in TEXTS:
        key = "id" if table == "sessions" else "session_id"
        for session, row in desk.server.query("SELECT %s, to_json(t)::text FROM %s t" % (key, table)):
            text = row.replace("\\n", "\n")
            found |= {session for planted in desk.planted for gone in planted.gone if gone in text}
    return found & set(sessions)


def check(desk):
    """Each session belongs to one side alone: ours as the archive has it, the other's as agentsview has it."""
    ours, theirs = ids(desk, "LIKE"), ids(desk, "NOT LIKE")
    assert plain_rows(desk, ours) == set()
    desk.server.assert_equal(desk.scrubjay.archive, here="id IN ('%s')" % "', '".join(ours), there="{} IN ('%s')" % "', '".join(ours))
    there = desk.server.query("SELECT session_id, ordinal, content FROM messages ORDER BY 1, 2")
    here = desk.viewer.query("SELECT session_id, ordinal, content FROM messages ORDER BY 1, 2")
    assert [row for row in there if row[0] in theirs] == [[row["session_id"], str(row["ordinal"]), row["content"]] for row in here
                                                         if row["session_id"] in theirs]
    return ours, theirs


def test_a_push_afterwards_replaces_nothing(desk, postgresql):
    desk.share(postgresql)
    desk.scrubjay.once()
    before = desk.server.query("SELECT id, owner_marker FROM sessions ORDER BY 1")
    done = push(desk)
    assert done.returncode == 0, done.stderr
    assert desk.server.query("SELECT id, owner_marker FROM sessions ORDER BY 1") == before
    assert len(before) == 4
    assert check(desk)[1] == []
    desk.transcripts[0].rounds(1).save()  # what it has in addition is not pushed either
    desk.viewer.sync()
    assert push(desk).returncode == 0
    assert check(desk)[1] == []


def test_sessions_pushed_earlier_are_left_alone_and_reported(desk, postgresql):
    desk.share(postgresql)
    done = push(desk)
    assert done.returncode == 0, done.stderr
    before = desk.server.query("SELECT id, owner_marker FROM sessions ORDER BY 1")
    assert len(before) == 4
    outcome = desk.scrubjay.run("--once")
    assert "did not come from scrubjay" in outcome.said or "is not delivered" in outcome.said
    assert desk.server.query("SELECT id, owner_marker FROM sessions ORDER BY 1") == before
    assert check(desk) == ([], [row[0] for row in before])


class Running(threading.Thread):
    """Something that runs in parallel to the test; its result is in `result`."""

    def __init__(self, do):
        super().__init__(daemon=True)
        self.do, self.result = do, None
        self.start()

    def run(self):
        self.result = self.do()


@contextlib.contextmanager
def held(proxy, statement, skip):
    """Whoever comes through the proxy waits before that statement, from when the yielded event is set until the end."""
    fault = {"kind": "delay", "match": statement, "count": 1, "skip": skip, "seconds": 200}
    proxy.faults.append(fault)
    try:
        yield lambda: fault["count"] == 0
    finally:
        proxy.faults.clear()


def n_waiting(desk):
    (n,), = desk.server.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '%s'" % desk.server.database)
    return int(n)


@pytest.fixture
def line(postgresql):
    """What a push goes through."""
    proxy = Proxy(postgresql.cluster)
    yield proxy
    proxy.close()


# Who is held, before which statement (after this many of its kind), and who then owns the sessions.
MOMENTS = [
    ("push", "SELECT machine, owner_marker", 0, "ours"),  # it checks who owns the session ...
    ("push", "WITH candidate", 0, "ours"),  # ... and has seen that nobody does
    ("push", r"WHERE id = \$1\s+FOR UPDATE", 0, "theirs"),  # its row is there, but not visible yet
    ("push", "INSERT INTO messages", 0, "theirs"),
    ("push", "(?i)^commit", 2, "theirs"),  # the first two are about prices
    ("ours", "CASE WHEN owner_marker", 0, "theirs"),  # the same from the other side
    ("ours", "FOR UPDATE", 0, "theirs"),
    ("ours", r"INSERT INTO \S+sessions", 0, "theirs"),
    ("ours", r"INSERT INTO \S+messages", 0, "ours"),
    ("ours", "COMMIT", 1, "ours"),  # the first is for the claim
]


@pytest.mark.parametrize("who, statement, skip, owner", MOMENTS, ids=["%s held before %s" % moment[:2] for moment in MOMENTS])
def test_a_push_at_the_same_time(desk, postgresql, line, who, statement, skip, owner):
    desk.share(postgresql)
    sides = {"push": (line, lambda: push(desk, port=line.port)), "ours": (postgresql.proxy, lambda: desk.scrubjay.run("--once"))}
    (proxy, first), (_, second) = sides.pop(who), *sides.values()
    with held(proxy, statement, skip) as is_held:
        one = Running(first)
        wait_for(lambda: is_held() or not one.is_alive(), "it comes to that statement", 120)
        assert is_held(), "it never came to that statement"
        other = Running(second)
        wait_for(lambda: not other.is_alive() or n_waiting(desk) > 0, "the other one has ended or waits", 120)
        assert one.is_alive(), "it is still held"
    one.join()
    other.join()
    ours, theirs = check(desk)
    assert len(ours) + len(theirs) == 4
    assert not (theirs if owner == "ours" else ours)
    desk.scrubjay.run("--once")  # once more, undisturbed
    assert check(desk) == (ours, theirs)
