"""Cost follows what changed: counted, not timed

SQLite tells for each statement what it read, how far it ran and what it wrote; the same work on a small database and on
one twenty times as large tells how that grows. Counts are the same on a busy machine; what depends on time (a batch ends
after 100 ms) has room to vary.
"""

import random
import sqlite3

import pytest

from lab import Lab
from planted import pick, value

SMALL, LARGE = 1000, 20000
COUNTS = ("rows_read", "vm_steps", "rows_written", "statements")
# What a change may read in addition in the larger one: its trees are deeper.
PAGES_MORE = 20


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.clean()


def run(lab, shape, size, steps, archive="archive.db"):
    """The cost of each step of one process, by its position."""
    return lab.steps(lab.source(shape, size), lab.path(f"{size}-{archive}"), *steps, count=True)


@pytest.fixture(scope="module")
def sizes(lab):
    """The same steps at both sizes, and the start of a second process: {step: (small, large)}."""
    steps = ("start", "idle=100", "append=1", "append=100", "audit")
    small, large = ([*run(lab, "tiny", n, steps), *run(lab, "tiny", n, ["start", "idle=100"])] for n in (SMALL, LARGE))
    names = ("first", "idle", "one", "hundred", "audit", "restart", "idle again")
    return dict(zip(names, zip(small, large)))


def assert_same(pair, room=1.02):
    small, large = pair
    for name in COUNTS:
        assert large[name] <= small[name] * room + 20, name
        assert small[name] <= large[name] * room + 20, name


def assert_linear(pair, names, room):
    """Each session of the larger one costs as much as one of the smaller; some work is done once."""
    small, large = pair
    for name in names:
        assert large[name] / LARGE <= small[name] / SMALL * room, name


def test_the_counters_count(sizes):
    for pair, n in zip(sizes["first"], (SMALL, LARGE)):
        assert pair["sessions"] == n
        assert pair["rows_read"] >= n
        assert pair["rows_written"] >= 2 * n
        assert pair["bytes_written"] > pair["text_bytes"]


@pytest.mark.parametrize("step", ["idle", "idle again"])
def test_no_change_reads_nothing_and_writes_nothing(sizes, step):
    small, large = sizes[step]
    assert_same((small, large), room=1)
    for cost in (small, large):
        assert cost["cycles"] == 100
        assert cost["allocations"] == 0
        assert cost["rows_written"] == 0 and cost["bytes_written"] == 0
        assert cost["fullscan_steps"] == 0
        assert cost["vm_steps"] <= 50 * 100, "asking whether somebody committed is some steps"
        assert cost["bytes_read"] < 4096, "of /proc, by the measuring itself"


def test_one_message_more_costs_the_same_at_any_size(sizes):
    small, large = sizes["one"]
    assert_same((small, large))
    assert (small["messages"], large["messages"]) == (1, 1)
    assert large["pages"] <= small["pages"] + PAGES_MORE
    assert large["fullscan_steps"] <= 10
    assert large["bytes_written"] <= 2 * small["bytes_written"], "deeper trees, not more rows"


def test_a_hundred_sessions_cost_a_hundred_times_one_at_most(sizes):
    assert_same(sizes["hundred"])
    for one, hundred in zip(sizes["one"], sizes["hundred"]):
        assert hundred["messages"] == 100
        assert hundred["rows_written"] <= 100 * one["rows_written"]
        assert hundred["vm_steps"] <= 100 * one["vm_steps"]
        assert hundred["bytes_written"] <= 100 * one["bytes_written"]


def test_an_audit_is_one_pass(sizes):
    assert_linear(sizes["audit"], ("rows_read", "vm_steps", "pages"), room=1.1)
    for cost, n in zip(sizes["audit"], (SMALL, LARGE)):
        # its time, and what was compared: two rows of one page, with the log's header where it begins again
        assert cost["rows_written"] == 2 and cost["bytes_written"] <= 8192 + 24 + 32
        assert cost["rows_read"] <= 2.2 * n + 100, "each session and its cursor, once"
        assert cost["statements"] <= 50 + n / 100, "no statement for each session"


def test_the_first_sync_is_linear(sizes):
    assert_linear(sizes["first"], COUNTS, room=1.1)
    assert_linear(sizes["first"], ("pages",), room=1.5)  # deeper trees
    # Ids are in no order: a batch touches more pages of a larger index. Batches end by time too, so this is coarse.
    assert_linear(sizes["first"], ("bytes_written",), room=8)
    small, large = sizes["first"]
    assert large["peak_kb"] <= small["peak_kb"] + 24 * 1024
    assert large["peak_kb"] <= 48 * 1024


def test_starting_costs_the_same_with_any_number_of_cursors(sizes):
    assert_same(sizes["restart"])
    small, large = sizes["restart"]
    # the sessions of the earlier steps are still within its window, and each is a page deeper in the tree
    assert large["pages"] <= small["pages"] + PAGES_MORE + 101
    for cost in (small, large):
        assert cost["sessions"] == 0
        assert cost["rows_written"] == 0
        assert cost["allocations"] <= 10000, "rules are compiled, and nothing is masked"


def test_a_long_session_is_linear(lab):
    small, large = 2000, 8000  # both have more text than is remembered in case a secret is learned later
    times = large / small
    for was, now in zip(*(run(lab, "long", n, ["start", "append-long"]) for n in (small, large))):
        for name in COUNTS:
            assert now[name] <= was[name] * times * 1.1 + 100, (now["step"], name)
        assert now["peak_kb"] <= 48 * 1024, now["step"]
    assert now["rows_written"] <= was["rows_written"] + 10, "one message more is one message written"
    assert now["bytes_written"] <= 2 * was["bytes_written"]


def test_damaged_sessions_are_linear(lab):
    """Every second session fails when most of it is written: what was done before it is repeated at most once."""
    costs = []
    for n in (300, 2400):
        source = lab.source("tiny", n)
        with sqlite3.connect(source) as db:
            db.execute("INSERT INTO tool_calls (message_id, session_id, tool_name, category) "
                       "SELECT -rowid, id, 'x', 'y' FROM sessions WHERE rowid % 2 = 0")
        db.close()
        costs += run(lab, "tiny", n, ["damaged"], archive="damaged.db")
        assert costs[-1]["sessions"] == n / 2
    for name in COUNTS:
        assert costs[1][name] <= costs[0][name] * 8 * 1.1, name


def test_a_huge_message_takes_a_few_times_its_size(lab):
    size = 10_000_000
    (cost,) = run(lab, "huge", size, ["start"])
    assert cost["messages"] == 1
    assert cost["peak_kb"] * 1024 <= 4 * size + (32 << 20)
    assert cost["bytes_written"] <= 4 * size


def cost_of(lab, name, fill, *steps):
    """The cost of the first cycle on such a source."""
    return lab.steps(lab.made(name, fill), lab.path(f"{name}-archive.db"), *(steps or ("start",)), count=True)[0]


def test_many_findings_in_one_session_are_linear(lab):
    """As in a log of failed logins: each message has its own passwords."""
    rng = random.Random("many findings")

    def with_passwords(n):
        return lambda source: source.add_session("s", [
            "\n".join(f'password = "{value(rng, 20)}"' for _ in range(10)) for _ in range(n // 10)])
    small, large = (cost_of(lab, f"findings-{n}", with_passwords(n)) for n in (500, 4000))
    for name in (*COUNTS, "fullscan_steps", "pages"):
        assert large[name] <= 8 * small[name] * 1.3 + 1000, (name, small[name], large[name])


def test_many_known_secrets_of_one_prefix_are_linear(lab):
    """Each is remembered and looked for in all that follows. Statements do not show this, so CPU time is compared, as a ratio."""
    rng = random.Random("one prefix")

    def with_tokens(n):
        def fill(source):
            source.add_session("s", ["\n".join("use gh" + "p_" + pick(rng, 36) for _ in range(n))]
                               + ["gh" + "p_ is how they begin, " * 100] * 20)
        return fill
    sizes = (1000, 8000)
    costs = {n: min(cost_of(lab, f"tokens-{n}", with_tokens(n))["cpu_usec"] for _ in range(3)) for n in (1, *sizes)}
    small, large = (max(costs[n] - costs[1], 1000) for n in sizes)  # without reading the rules and creating the archive
    assert large <= 8 * small * 2, costs
