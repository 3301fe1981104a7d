"""The rows of the table: each runs one kind of work, and reports its cost and its limit"""

import statistics
from dataclasses import dataclass, field

MB = 1e6


@dataclass
class Row:
    """The cost of one kind of work. A figure that was not measured, or means nothing, is None."""
    name: str
    cpu_usec: float
    wall_usec: float = None
    text_bytes: int = None
    peak_kb: int = None
    bytes_written: int = None
    baselines: dict = field(default_factory=dict)  # name: CPU of something else that moves the same bytes
    limits: dict = field(default_factory=dict)  # field, or "xNAME" for a ratio: the most it may be
    problems: list = field(default_factory=list)  # what else is wrong, in words

    def ratio(self, name):
        return self.cpu_usec / self.baselines[name]

    def value(self, name):
        return self.ratio(name[1:]) if name.startswith("x") else getattr(self, name)

    def failures(self):
        return [name for name, limit in self.limits.items() if self.value(name) > limit]


def best(runs, name="cpu_usec"):
    return min(run[name] for run in runs)


def row(name, runs, limits=None, **more):
    """A row from several runs: their least CPU and wall time (the rest is other programs'), and the maximum of everything else."""
    return Row(name, best(runs), best(runs, "wall_usec"), peak_kb=max(run["peak_kb"] for run in runs),
               bytes_written=max(run["bytes_written"] for run in runs), limits=limits or {}, **more)


def full_sync(lab, n_sessions, n_runs=3):
    """scrubjayd --once on a new archive, and VACUUM INTO and cp of the same file, by turns."""
    source = lab.source("real", n_sessions)
    text = lab.text_bytes(source)
    name = f"{n_sessions:,} sessions, {text / MB:,.0f} MB of text"
    return full_sync_of(lab, source, name, text, {"xvacuum": 3, "peak_kb": 48 * 1024}, n_runs)


def full_sync_of(lab, source, name, text, limits, n_runs=3):
    archive, copy = lab.path("archive.db"), lab.path("copy.db")
    runs = {"vacuum": [], "cp": [], "once": []}
    for _ in range(n_runs):
        lab.remove(copy)
        runs["vacuum"].append(lab.measure("sqlite3", source, f"VACUUM INTO '{copy}'"))
        lab.remove(copy)
        runs["cp"].append(lab.measure("cp", source, copy))
        lab.remove(copy)
        lab.remove(archive)
        runs["once"].append(lab.once(source, archive))
    synced = row(f"full sync, {name}", runs["once"], limits, text_bytes=text,
                 baselines={name: best(runs[name]) for name in ("vacuum", "cp")})
    beside = [row(f"  {other} of the same file", runs[key], text_bytes=text)
              for key, other in (("vacuum", "VACUUM INTO"), ("cp", "cp"))]
    return [synced, *beside]


def each(runs, step):
    return [run for run in runs if run["step"] == step]


def middle(name, runs, limits):
    """A row from small steps: their median."""
    return Row(name, statistics.median(run["cpu_usec"] for run in runs),
               statistics.median(run["wall_usec"] for run in runs), peak_kb=max(run["peak_kb"] for run in runs),
               bytes_written=int(statistics.median(run["bytes_written"] for run in runs)), limits=limits)


def idle(run):
    """A run of many cycles as one cycle."""
    return run | {name: run[name] / run["cycles"] for name in ("cpu_usec", "wall_usec", "bytes_written")}


STEPS = ("idle=5000", *["append=1"] * 11, *["append=100"] * 5)


def changes(runs, where):
    """What a daemon does all day, from the steps of one process."""
    return [
        middle(f"no change, {where}", [idle(run) for run in each(runs, "idle=5000")],
               {"cpu_usec": 50, "bytes_written": 0}),
        middle(f"1 message more in 1 session, {where}", each(runs, "append=1"),
               {"cpu_usec": 2000, "bytes_written": 64 * 1024}),
        middle(f"1 message more in 100 sessions, {where}", each(runs, "append=100"), {"cpu_usec": 15000}),
    ]


def real_changes(lab, n_sessions):
    """On the archive that full_sync() left."""
    source = lab.source("real", n_sessions)
    runs = lab.steps(source, lab.path("archive.db"), "start", *STEPS)
    return changes(runs, f"{n_sessions:,} real sessions")


def growth(lab, n_sessions):
    """First sync, changes, audit and start on tiny sessions: {kind: row}."""
    source, archive = lab.source("tiny", n_sessions), lab.path("tiny.db")
    lab.remove(archive)
    where = f"{n_sessions:,} tiny sessions"
    runs = lab.steps(source, archive, "start", *STEPS)
    again = [run for _ in range(3) for run in lab.steps(source, archive, "start", "audit")]
    text = lab.text_bytes(source)
    lab.remove(source)
    lab.remove(archive)
    none, one, hundred = changes(runs, where)
    share = max(n_sessions / 50_000, 1)
    return {
        "first sync": row(f"first sync, {where}", runs[:1], {"cpu_usec": 700_000 * share, "peak_kb": 48 * 1024},
                          text_bytes=text),
        "audit": row(f"audit, {where}", each(again, "audit"), {"cpu_usec": 700_000, "peak_kb": 32 * 1024}),
        "1 more in 100 sessions": hundred,
        "start": row(f"start, {where}", each(again, "start"), {"cpu_usec": 50_000}),
        "1 message more": one,
        "no change": none,
    }


def long_session(lab, n_messages):
    source, archive = lab.source("long", n_messages), lab.path("long-archive.db")
    lab.remove(archive)
    first, *more = lab.steps(source, archive, "start", *["append-long"] * 3)
    text = lab.text_bytes(source)
    lab.remove(source)
    lab.remove(archive)
    name = f"a session of {n_messages:,} messages"
    return [row(f"{name}, first sync", [first], {"peak_kb": 64 * 1024}, text_bytes=text),
            middle(f"{name}, 1 message more", more, {"bytes_written": 256 * 1024})]


def huge_message(lab, n_bytes):
    source, archive = lab.source("huge", n_bytes), lab.path("huge-archive.db")
    lab.remove(archive)
    first, more = lab.steps(source, archive, "start", "append-long")
    lab.remove(source)
    lab.remove(archive)
    name = f"a message of {n_bytes / MB:.0f} MB"
    return [row(f"{name}, first sync", [first], {"peak_kb": (7 * n_bytes // 2 + (32 << 20)) // 1024}, text_bytes=n_bytes),
            row(f"{name}, and a small one more", [more])]
