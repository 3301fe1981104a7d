"""Random rounds: a person works, the connection fails in every way, daemon and server are killed; the rows are right

Somebody else's, in the same tables, stay as they were.

Each round follows from its seed, which is in the name of the test; SCRUBJAY_REMOTE_SEED=17 SCRUBJAY_REMOTE_ROUNDS=1 repeats
that of seed17. tools/test --nightly has 100 rounds, others each time.
"""

import contextlib
import os
import random
import signal
import time

import pytest

from clickhouse import restart_when_killed
from scrubjay_test import BusError, github_token
from test_delivery import add_call, delete_for_good, delete_message, ledger, touch

ROUNDS = int(os.environ.get("SCRUBJAY_REMOTE_ROUNDS", "4"))
FIRST = int(os.environ.get("SCRUBJAY_REMOTE_SEED", "1"))
STEPS = 5

class Work:
    """What people do in agentsview, at random."""

    def __init__(self, person, dice):
        self.person, self.source, self.dice, self.made = person, person.source, dice, 0

    def session(self):
        found = self.source.sql("SELECT id FROM sessions ORDER BY id")
        return self.dice.choice(found)[0] if found else self.new()

    def ordinal(self, session):
        found = self.source.sql("SELECT ordinal FROM messages WHERE session_id=? ORDER BY ordinal", (session,))
        return self.dice.choice(found)[0] if found else None

    def texts(self):
        return [f"text {self.dice.random()} " + "x" * self.dice.randrange(200) for _ in range(self.dice.randrange(1, 40))]

    def new(self):
        self.made += 1
        self.source.add_session(f"s{self.made}", self.texts())
        return f"s{self.made}"

    def grow(self):
        self.source.append(self.session(), self.texts())

    def on_a_message(self, do):
        session = self.session()
        ordinal = self.ordinal(session)
        if ordinal is not None:
            do(session, ordinal)
            touch(self.source, session)

    def edit(self):
        self.on_a_message(lambda session, ordinal: self.source.sql(
            "UPDATE messages SET content=? WHERE session_id=? AND ordinal=?", (f"edited {self.dice.random()}", session, ordinal)))

    def paste(self):
        self.on_a_message(lambda session, ordinal: self.source.sql(
            "UPDATE messages SET content=content || ? WHERE session_id=? AND ordinal=?",
            (" " + github_token(self.dice.random()), session, ordinal)))

    def shorten(self):
        self.on_a_message(lambda session, ordinal: delete_message(self.source, session, ordinal))

    def truncate(self):
        self.on_a_message(lambda session, ordinal: self.source.sql(
            "DELETE FROM messages WHERE session_id=? AND ordinal>=?", (session, ordinal)))

    def call(self):
        self.on_a_message(lambda session, ordinal: add_call(self.source, session, ordinal, tool_use_id=f"toolu_{self.dice.random()}"))

    def lose_calls(self):
        session = self.session()
        self.source.sql("DELETE FROM tool_calls WHERE session_id=?", (session,))
        touch(self.source, session)

    def star(self):
        self.source.sql("INSERT OR IGNORE INTO starred_sessions (session_id) VALUES (?)", (self.session(),))

    def unstar(self):
        self.source.sql("DELETE FROM starred_sessions WHERE session_id=?", (self.session(),))

    def label(self):
        self.source.sql("INSERT OR IGNORE INTO session_labels (session_id, label) VALUES (?, ?)", (self.session(), f"label {self.dice.randrange(5)}"))

    def unlabel(self):
        self.source.sql("DELETE FROM session_labels WHERE session_id=?", (self.session(),))

    def rename(self):
        session = self.session()
        self.source.sql("UPDATE sessions SET display_name=? WHERE id=?", (f"name {self.dice.random()}", session))
        touch(self.source, session)

    def trash(self):
        session = self.session()
        self.source.sql("UPDATE sessions SET deleted_at=CASE WHEN deleted_at IS NULL THEN '2026-02-01T00:00:00.000Z' END"
                        " WHERE id=?", (session,))
        touch(self.source, session)

    def remove(self):
        """Removes a session that others have seen: nobody else's tombstone matters."""
        session = self.session()
        if session not in sessions_there(self.person.server):
            return
        for table in ("starred_sessions", "tool_calls"):
            self.source.sql(f"DELETE FROM {table} WHERE session_id=?", (session,))
        delete_for_good(self.source, session)

    def something(self):
        self.dice.choice([self.new, self.new, self.grow, self.grow, self.edit, self.paste, self.shorten, self.truncate, self.call,
                          self.lose_calls, self.star, self.unstar, self.label, self.unlabel, self.rename, self.trash, self.remove])()


def sessions_there(server):
    """None while it is down, or has no tables yet."""
    with contextlib.suppress(*server.gone):
        return [row[0] for row in server.query("SELECT id FROM sessions")]
    return []


def disturb(server, dice):
    for kind in dice.sample(sorted(server.faults), 3):
        server.disturb(kind.split()[0], dice.choice(sorted(server.places)), count=dice.randrange(1, 4), skip=dice.randrange(3),
                       **server.faults[kind])


def deliver(daemon):
    """Somebody asks for it; the result is checked at the end."""
    with contextlib.suppress(BusError):
        daemon.call("Deliver", timeout=20)


def step(ann, work, dice, bus):
    daemon = ann.daemon or ann.start(bus)
    disturb(ann.server, dice)
    for _ in range(dice.randrange(1, 5)):
        work.something()
        time.sleep(dice.random() * 0.3)  # the next event may come at any moment of a cycle or a delivery
    if dice.random() < 0.5:
        deliver(daemon)
    if dice.random() < 0.3:
        with contextlib.suppress(*ann.server.gone):
            ann.server.control("restart", how="kill")
    if dice.random() < 0.6:
        daemon.signal(signal.SIGKILL)
        daemon.wait()
        daemon.socket.close()
        ann.daemon = None


def finish(ann):
    """Until all is there, and nothing can come any more: a request that was under way at a kill may come late, which is looked for
    after a while. The faults are over: what does not answer now is a busy machine's, and gets twice the time."""
    end, seconds = time.monotonic() + 900, 1
    while True:
        if ann.once()[0] != 0:
            seconds = min(2 * seconds, 60)
            ann.set(Timeout=f"{seconds}s")
        elif ledger(ann, "look_again_at") == 0:
            return
        assert time.monotonic() < end, "it never came to an end"
        time.sleep(0.2)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + ROUNDS), ids=lambda seed: f"seed{seed}-")
def test_round(make_person, bus, seed):
    dice = random.Random(seed)
    bob = make_person("bob")  # his rows are in the same tables
    bob.source.add_session("b1", ["one", "two"])
    bob.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('b1')")
    bob.deliver()
    ann = make_person("ann", settings={"Timeout": "1s"})
    work = Work(ann, dice)
    work.new()
    stop = restart_when_killed(ann.server)
    try:
        for _ in range(STEPS):
            step(ann, work, dice, bus)
        if ann.daemon:
            ann.daemon.stop()
            ann.daemon = None
        ann.server.clear_faults()
        finish(ann)
    finally:
        stop()
    ann.set(Timeout="1min")  # there are no more faults, and a busy machine is not one
    for person, whose in ((ann, "s%"), (bob, "b%")):
        ann.server.assert_equal(person.archive, there=f"{{}} LIKE '{whose}'")
        status, out, stderr = person.ctl("remote", "check", "team")
        assert status == 0, out + stderr
