"""The service yields to the person at work: it has a low priority and a memory limit."""

import ctypes
import os
import re
import time
from pathlib import Path

import pytest
from scrubjay_test import SOURCES, github_token, wait_for
from user_session import MESSAGES

IOPRIO_WHO_PROCESS, IOPRIO_CLASS_SHIFT, IOPRIO_CLASS_BEST_EFFORT = 1, 13, 2
SYS_IOPRIO_GET = {"x86_64": 252, "aarch64": 31}
MB = 1_000_000


def io_priority(pid):
    """(class, level) as the kernel reports it."""
    value = ctypes.CDLL(None, use_errno=True).syscall(SYS_IOPRIO_GET[os.uname().machine], IOPRIO_WHO_PROCESS, pid)
    assert value >= 0, os.strerror(ctypes.get_errno())
    return value >> IOPRIO_CLASS_SHIFT, value & ((1 << IOPRIO_CLASS_SHIFT) - 1)


def peak(pid):
    """The most memory that it ever used, in bytes."""
    return int(re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]) * 1024


def memory_limit(session, name):
    return int(session.show(name))


def wait_for_messages(session, n):
    wait_for(lambda: session.rows("SELECT count(*) FROM messages") == [(n,)], f"{n} messages", 100)


@pytest.fixture
def behind(session):
    """With the unit's nice level, which the other tests do without."""
    unit = (SOURCES / "units/scrubjay.service.in").read_text()
    session.drop_in(f"[Service]\nNice={re.search(r'^Nice=([0-9]+)$', unit, re.MULTILINE)[1]}\n")


def test_it_stands_behind_other_programs(behind, started):
    pid = started.pid()
    threads = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    assert len(threads) > 1, "the worker's is one of them"
    for thread in threads:
        assert os.getpriority(os.PRIO_PROCESS, thread) == 10
        assert io_priority(thread) == (IOPRIO_CLASS_BEST_EFFORT, 7)
    assert started.show("Slice") == "background.slice"
    assert started.show("CPUWeight") == started.show("IOWeight") == "20"
    slice_weight, usual = (int(started.show("CPUWeight", f"{name}.slice")) for name in ("background", "app"))
    assert slice_weight < usual


def test_a_status_is_quick_while_others_need_the_processor(behind, started):
    """A low priority is not out of reach: on a busy machine it still answers a person."""
    busy = [os.fork() for _ in range(2 * os.cpu_count())]
    if 0 in busy:
        while os.getppid() != 1:  # as long as the test lives
            pass
        os._exit(0)
    try:
        began = time.monotonic()
        for _ in range(5):
            started.status()
        assert time.monotonic() - began < 10
    finally:
        for pid in busy:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def add_session(source, session_id, content, *values):
    """A session with two messages, the first with @content, an SQL expression."""
    source.add_session(session_id, ["first", "second"])
    source.sql("BEGIN")
    source.sql(f"UPDATE messages SET content = {content} WHERE session_id = '{session_id}' AND ordinal = 0", values)
    source.sql("UPDATE sessions SET transcript_revision = transcript_revision + 1 WHERE id = ?", (session_id,))
    source.sql("COMMIT")


def content(session, session_id):
    return session.rows("SELECT content FROM messages WHERE ordinal = 0 AND session_id = ?", (session_id,))


def test_a_message_of_100_mb_stays_within_its_memory(started):
    secret = f"token {github_token()}"
    add_session(started.db, "huge", "?", "a line of a log that somebody pasted, as long as lines are there\n" * 1_500_000 + secret)
    masked = "SELECT length(content) FROM messages WHERE content GLOB '*?REDACTED:github-pat?'"
    wait_for(lambda: started.rows(masked), "the message", 100)
    assert started.rows(masked)[0][0] > 97 * MB
    assert peak(started.pid()) < memory_limit(started, "MemoryHigh") < memory_limit(started, "MemoryMax")
    assert started.show("NRestarts") == "0"


@pytest.mark.parametrize("kind", ["bytes", "secrets"])
def test_bytes_that_are_not_text_stay_within_the_memory_limits(started, kind):
    """A file of bytes, and a list of secrets: each place to repair or to mask needs memory of its own."""
    if kind == "bytes":
        add_session(started.db, "odd", "CAST(? AS TEXT)", b"\xff" * 60 * MB)
    else:
        add_session(started.db, "odd", "?", "".join(f"token {github_token()}\n" for _ in range(100_000)))
    wait_for(lambda: content(started, "odd") == [("[REDACTED:unscannable]",)], "it is masked whole", 100)
    assert peak(started.pid()) < memory_limit(started, "MemoryHigh")
    assert started.show("NRestarts") == "0"


def test_a_session_without_memory_has_failed_and_the_service_lives_on(started):
    """The kernel does not end it, which would leave no message and happen again after each restart."""
    assert memory_limit(started, "MemoryHigh") < memory_limit(started, "LimitDATA") < memory_limit(started, "MemoryMax")
    started.drop_in("[Service]\nLimitDATA=100M\n")
    started.systemctl("restart", "scrubjay.service")
    add_session(started.db, "huge", "?", "a line of a log that somebody pasted, as long as lines are there\n" * 1_000_000)
    started.db.add_session("other", ["hello"])
    wait_for(lambda: content(started, "other") == [("hello",)], "the other session", 100)
    said = "The session 'huge' could not be synced: There is no memory for its message 0 and the findings in it."
    wait_for(lambda: any(said in entry["MESSAGE"] for entry in started.journal("--since", started.began)), "a sentence", 100)
    assert content(started, "huge") in ([], [("first",)]), "as it was before it grew, if the service met it then"
    assert started.show("NRestarts") == "0" and started.show("ActiveState") == "active"
    started.drop_in("[Service]\nLimitDATA=896M\n")
    started.systemctl("restart", "scrubjay.service")
    masked = "SELECT count(*) FROM messages WHERE session_id = 'huge' AND length(content) > 60000000"
    wait_for(lambda: started.rows(masked) == [(1,)], "it, with memory", 100)


def test_a_text_of_1_gb_is_left_out(started):
    add_session(started.db, "huge", "CAST(zeroblob(999000000) AS TEXT)")
    started.db.add_session("healthy", ["hello"])
    left_out = [("[left out: a text of 999.0 MB, more than MaxMessageSize= takes]",)]
    wait_for(lambda: content(started, "huge") == left_out, "a sentence in the place of the text", 100)
    wait_for(lambda: started.rows("SELECT count(*) FROM messages") == [(3,)], "the other session", 20)
    assert peak(started.pid()) < 100 * MB, "it was not read"
    assert started.status()["LastError"] == ""
    assert started.show("NRestarts") == "0"
    entries = started.journal("--since", started.began, "MESSAGE_ID=" + MESSAGES["TEXT_LEFT_OUT"])
    assert len(entries) == 1 and entries[0]["SCRUBJAY_SESSION"] == "huge"
