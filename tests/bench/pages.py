"""To agentsview's pages: what it takes to bring an archive into PostgreSQL, beside agentsview's own push of the same sessions

The server has the settings that it comes with, and its files in memory, on the same processors. The push is of plain text, which is what it is for; its wall time
is compared with ours over the same indexes, one after the other. Both begin with an archive that is there, and tables that are empty.
The indexes for searching collect what they are to take (fastupdate=on) for ours, as docs/team-server.md has it for a first load; for the
push they are once as agentsview makes them, by which the two are compared, and once as for ours.

The sessions are those of a folder of transcripts, over and over; or generated ones, with ten times as much text in their messages.
"""

import os
import re
import shutil
import sqlite3
import types
import statistics
from pathlib import Path

import postgresql
from lab import TOOLS
from person import Person
from pressure import TICK
from remote import Row, best
from scrubjay_test import clean_environment, run_once
from transcripts import AGENTSVIEW, make_source, repeat

MESSAGES_EACH = 100
FEW, MANY = 100, 500  # generated sessions: for slow tests, and for those with a limit
REAL = 50_000  # messages
LONG = 800  # messages in the session that gets one more
TABLES = ("sessions", "messages", "tool_calls")
AS_MADE = "\n".join(re.findall(r"CREATE INDEX idx_messages_\w+_trgm [^;]*;", postgresql.schema_sql()))
COLLECTING = AS_MADE.replace("fastupdate=off", "fastupdate=on")
# The settings that the other tests leave out.
USUAL = ("fsync = on", "full_page_writes = on", "max_wal_size = 1GB")


class Pages:
    """A server with agentsview's tables."""

    def __init__(self, lab):
        self.lab, self.server = lab, postgresql.Server(lab.path("postgresql"), USUAL)
        self.postmaster = int((self.server.cluster.data / "postmaster.pid").read_text().split()[0])

    def close(self):
        self.server.stop()

    def empty(self, searching):
        """@searching: SQL for the indexes for searching."""
        if self.server.database:
            self.server.drop_databases()
        self.server.new_database()
        self.server.query(searching or "SELECT 1")
        self.server.cluster.leave()

    def n_rows(self):
        return sum(int(self.server.query(f"SELECT count(*) FROM {table}")[0][0]) for table in TABLES)

    def cpu_usec(self):
        """Of all its processes, including those that have ended."""
        ticks = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            own, of_children = [sum(map(int, fields[at:at + 2])) for at in (11, 13)]
            if int(folder.name) == self.postmaster:
                ticks += own + of_children
            elif int(fields[1]) == self.postmaster:
                ticks += own
        return ticks * 1_000_000 // TICK

    def measure(self, *command, environment):
        before = self.cpu_usec()
        figures = self.lab.measure(*command, environment=environment)
        figures["server_usec"] = self.cpu_usec() - before
        return figures


def archived(lab, source, n_messages):
    """The source, its archive, and their number of messages."""
    archive = lab.path(f"pages-{n_messages}") / "archive.db"
    status, _, stderr = run_once(source, archive, home=lab.folder)
    assert status == 0, stderr
    return types.SimpleNamespace(source=source, archive=archive, n_messages=n_messages)


def generated(lab, n_sessions):
    return archived(lab, lab.source("team", n_sessions), n_sessions * MESSAGES_EACH)


def real(lab, folder):
    source, _ = make_source(lab, folder)
    return archived(lab, source, repeat(source, REAL))


def deliver(pages, archive, searching):
    for file in archive.parent.glob("*.remotes*"):
        file.unlink()
    pages.empty(searching)
    home = pages.lab.path("pages-home")
    person = Person(home, "pages", pages.server)
    try:
        return pages.measure(TOOLS / "bench-deliver", archive, pages.server.engine_url(), person.config / "remote-team-password",
                             environment=clean_environment(home))
    finally:
        person.close()
        shutil.rmtree(home)


def first_delivery(pages, of, n_runs):
    runs = [deliver(pages, of.archive, None) for _ in range(n_runs)]
    row = best(f"first delivery to PostgreSQL, {of.n_messages:,} messages, {pages.n_rows():,} rows, no indexes for searching", runs,
               pages.n_rows(), rate=15_000, cpu_usec=1.5e6, peak_kb=64 * 1024)
    row.cpu_usec = min(run["cpu_usec"] for run in runs)
    return row


def agentsview(pages, *arguments, **variables):
    """agentsview, in a folder of its own."""
    return pages.measure(os.environ["AGENTSVIEW"], *arguments, environment=AGENTSVIEW | variables | {
        "HOME": str(pages.lab.path("pushing-home")), "AGENTSVIEW_DATA_DIR": str(pages.lab.path("pushing")), "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8"})


def adopt(pages, source):
    """A database that agentsview itself has created, with the source's rows."""
    pages.lab.path("pushing-home").mkdir()
    pages.lab.path("pushing").mkdir()
    if source.parent == pages.lab.path("agentsview"):  # it has created this one
        shutil.copy(source, pages.lab.path("pushing") / "sessions.db")
        return
    agentsview(pages, "sync")
    db = sqlite3.connect(pages.lab.path("pushing") / "sessions.db", isolation_level=None)
    # the text of generated sessions is cut anywhere, and the push stops at invalid UTF-8
    db.create_function("whole", 1, lambda value: value.decode(errors="replace") if isinstance(value, bytes) else value)
    db.execute("ATTACH ? AS source", (str(source),))
    db.execute("BEGIN")
    for table in (*TABLES, "tool_result_events"):
        columns = {row[0] for row in db.execute(f"SELECT name FROM pragma_table_info('{table}', 'source')")}
        taken = {name: f"coalesce({name}, {usual})" if is_needed and usual else name for name, is_needed, usual in db.execute(
            f"SELECT name, \"notnull\", dflt_value FROM pragma_table_info('{table}', 'main')") if name in columns}
        values = [f"whole(CASE typeof({value}) WHEN 'text' THEN CAST({value} AS BLOB) ELSE {value} END)" for value in taken.values()]
        db.execute(f"INSERT INTO main.{table} ({', '.join(taken)}) SELECT {', '.join(values)} FROM source.{table}")
    db.execute("COMMIT")
    db.close()


def push(pages, source, searching):
    """agentsview's own push, of the same sessions to the same tables, as their owner."""
    pages.empty(searching)
    pages.server.query(f"ALTER ROLE agentsview_owner LOGIN PASSWORD '{postgresql.PASSWORD}'")
    pages.server.cluster.leave()
    url = pages.server.url(f"agentsview_owner:{postgresql.PASSWORD.replace(' ', '%20')}", direct=True)
    try:
        adopt(pages, source)
        return agentsview(pages, "pg", "push", AGENTSVIEW_PG_URL=url)
    finally:
        for name in ("pushing", "pushing-home"):
            shutil.rmtree(pages.lab.path(name))


def beside_push(pages, of, n_runs):
    """By turns, the least of each. The limit applies to the ratio of the wall times."""
    of_ours, of_push, collecting, n_rows = [], [], [], []
    for _ in range(n_runs):
        of_ours.append(deliver(pages, of.archive, COLLECTING))
        n_rows.append(pages.n_rows())
        of_push.append(push(pages, of.source, AS_MADE))
        n_rows.append(pages.n_rows())
        collecting.append(push(pages, of.source, COLLECTING))
    what = f"{of.n_messages:,} messages, with the indexes for searching"
    theirs = best(f"agentsview pg push, {what}", of_push, n_rows[1])
    theirs_collecting = best("the same, where these collect (fastupdate=on)", collecting, n_rows[1])
    ours = best(f"first delivery to PostgreSQL, {what}", of_ours, n_rows[0])
    times = theirs.wall_usec / ours.wall_usec
    ours.name += f": {times:.1f} times as fast as agentsview pg push"
    if times < 10:
        ours.problems.append("less than 10 times as fast as the push")
    if n_rows[0] != n_rows[1]:
        ours.problems.append(f"{n_rows[0]:,} rows, and {n_rows[1]:,} of the push")
    yield from (ours, theirs, theirs_collecting)


def one_more(pages, count=11):
    """What it costs the server, from the claim to the commit: its own figures for each statement."""
    pages.empty(COLLECTING)
    person = Person(pages.lab.path("long"), "long", pages.server, settings={"URL": pages.server.engine_url()})
    took = []
    try:
        person.source.add_session("s1", ["hello there, " * 20] * LONG)
        person.deliver()
        pages.server.query(f"ALTER DATABASE {pages.server.database} SET log_min_duration_statement = 0")
        log = pages.server.cluster.folder / "log"
        for i in range(count):
            person.source.append("s1", [f"message {i} " + "text " * 50])
            pages.server.cluster.leave()
            start = log.stat().st_size
            person.deliver()
            text = log.read_bytes()[start:].decode(errors="replace")
            # every statement of the delivery, except for those that begin the connection
            parts = re.findall(r"duration: ([\d.]+) ms  (?:parse|bind|execute|statement)\W(?:<unnamed>: )?(.*)", text)
            took.append(1000 * sum(float(msec) for msec, sql in parts if not re.search("pg_catalog|CREATE |set_config|information_schema", sql)))
            assert parts, "the server tells what each statement took"
    finally:
        person.close()
    return Row(f"one message more in a session of {LONG}, with the indexes for searching, all statements of it: the median of {count}",
               statistics.median(took), limits={"wall_usec": 20_000})


def rows(lab, folder, n_runs=3):
    """@folder: a home with transcripts, or None."""
    pages = Pages(lab)
    try:
        if folder:
            of = real(lab, folder)
            yield first_delivery(pages, of, n_runs)
            yield from beside_push(pages, of, 1)
        else:
            yield first_delivery(pages, generated(lab, MANY), n_runs)
            yield from beside_push(pages, generated(lab, FEW), n_runs)
        yield one_more(pages)
    finally:
        pages.close()
