"""To a team's server: what it takes to bring an archive to a real ClickHouse, beside the server's own work

75,000 messages and 25,000 tool calls of 1,000 bytes, which other writers were measured with. The server is on the same
two cores, so its CPU counts as much as ours: both are told.
"""

import json
import shutil
import statistics
import time
from dataclasses import dataclass, field

from clickhouse import Server
from lab import TOOLS
from person import Person
from pressure import Process
from scrubjay_test import SCRUBJAYD, PrivateBus, clean_environment, run_once, wait_for

SESSIONS, MESSAGES_EACH = 750, 100
QUIET_MSEC = 100


@dataclass
class Row:
    name: str
    wall_usec: float
    n_rows: int = None
    cpu_usec: float = None
    server_usec: float = None
    peak_kb: int = None
    limits: dict = field(default_factory=dict)  # field: the most it may be; "rate": the least
    problems: list = field(default_factory=list)

    @property
    def rate(self):
        return self.n_rows / self.wall_usec * 1e6

    def failures(self):
        return [name for name, limit in self.limits.items()
                if (self.rate < limit if name == "rate" else getattr(self, name) > limit)]


HEAD = ("work", "rows/s", "wall", "CPU", "the server's CPU", "RSS", "")
LIMITS = {"rate": lambda n: f"{n:,} rows/s", "wall_usec": lambda usec: f"{usec / 1000:.0f} ms",
          "cpu_usec": lambda usec: f"{usec / 1e6:.1f} s of CPU", "peak_kb": lambda kb: f"{kb / 1024:.0f} MiB"}


def verdict(row):
    failed = row.failures()
    words = row.problems or (["over " if failed else "within "] if row.limits else [])
    return "".join(words) + ("" if row.problems else ", ".join(LIMITS[name](row.limits[name]) for name in failed or row.limits))


def cells(row):
    seconds = [("" if usec is None else f"{usec / 1e6:.2f} s" if usec >= 1e6 else f"{usec / 1e3:.0f} ms")
               for usec in (row.wall_usec, row.cpu_usec, row.server_usec)]
    return (row.name, f"{row.rate:,.0f}" if row.n_rows else "", *seconds,
            f"{row.peak_kb / 1024:.1f} MiB" if row.peak_kb else "", verdict(row))


class Team:
    """A server, and a person with the sessions."""

    def __init__(self, lab):
        self.lab, self.source = lab, lab.source("team", SESSIONS)
        self.server = Server(lab.path("clickhouse"))
        self.server.port = self.server.ports["engine_http"]  # past the proxy, which only makes faults
        self.engine = Process(self.server.ports["engine_pid"])
        self.n_rows = 0

    def person(self, name):
        """Nothing is delivered yet."""
        self.server.new_database()
        return Person(self.lab.path(name), name, self.server)

    def close(self):
        self.server.stop()

    def measure(self, person, *command):
        """A command's figures, and its output; the person is removed afterwards."""
        self.settle()
        before = self.engine.cpu_usec()
        try:
            figures = self.lab.measure(*command, environment=clean_environment(person.home))
        finally:
            person.close()
            shutil.rmtree(person.home)
        figures["server_usec"] = self.engine.cpu_usec() - before
        return figures, json.loads(figures.pop("stdout"))

    def settle(self):
        """What the server still does with earlier rows is not counted."""
        wait_for(lambda: self.server.query("SELECT count() FROM system.merges", database="system") == [["0"]],
                 "the server has merged", 60)


def best(name, runs, n_rows, **limits):
    """The run with the least wall time, and its CPU."""
    run = min(runs, key=lambda run: run["wall_usec"])
    return Row(name, run["wall_usec"], n_rows, run["cpu_usec"], run["server_usec"], max(r["peak_kb"] for r in runs),
               limits=limits)


def first_delivery(team, archive, n_runs):
    """Sends an existing archive to an empty server."""
    runs, n_rows = [], 0
    for _ in range(n_runs):
        for file in archive.parent.glob("*.remotes*"):
            file.unlink()
        person = team.person("first")
        figures, result = team.measure(person, TOOLS / "bench-deliver", archive, team.server.url(),
                                       person.config / "remote-team-password")
        n_rows = result["rows"]
        runs.append(figures)
    return best(f"first delivery of an archive, {n_rows:,} rows", runs, n_rows, rate=100_000, peak_kb=64 * 1024)


def in_one_go(team, n_runs):
    """scrubjayd --once without an archive and without tables."""
    runs, n_rows = [], 0
    for _ in range(n_runs):
        person = team.person("whole")
        figures, result = team.measure(person, SCRUBJAYD, "--once", "--source", team.source, "--archive", person.archive)
        assert result["remotes"]["team"]["error"] == "", result
        n_rows = result["remotes"]["team"]["rows_sent"]
        runs.append(figures)
    return best(f"source to server in one go, masked and archived, {n_rows:,} rows", runs, n_rows, rate=50_000,
                peak_kb=64 * 1024)


def until_visible(team, archive, count=21):
    """From agentsview's commit to a row that a reader sees, with an up-to-date daemon."""
    person = team.person("soon")
    bus = PrivateBus(team.lab.path("soon-bus"))
    try:
        for i in range(200):
            person.source.add_session(f"s{i}", ["hello", "there"])
        daemon = person.start(bus, SCRUBJAY_SYNC_QUIETTIME=f"{QUIET_MSEC}ms")
        daemon.wait_idle()
        daemon.call("Deliver")
        team.settle()
        found = [visible_after(person, team.server, i) for i in range(count)]
    finally:
        person.close()
        bus.stop()
    return Row(f"from commit to visible row, QuietTime={QUIET_MSEC}ms: the median of {count}", statistics.median(found),
               limits={"wall_usec": (QUIET_MSEC + 200) * 1000})


def visible_after(person, server, number):
    marker = f"marker {number}"
    person.source.append(f"s{number}", [marker])
    began = time.monotonic()
    wait_for(lambda: server.query(f"SELECT 1 FROM messages WHERE content='{marker}'"), marker)
    return (time.monotonic() - began) * 1e6


def rows(lab, n_runs=5):
    team = Team(lab)
    try:
        archive = lab.path("team") / "archive.db"
        status, _, stderr = run_once(team.source, archive, home=lab.folder)
        assert status == 0, stderr
        yield first_delivery(team, archive, n_runs)
        yield in_one_go(team, n_runs)
        yield until_visible(team, archive)
    finally:
        team.close()
