"""Real sessions: a folder of transcripts, read into a database by the real agentsview, and what scrubjay costs on them

Beside them the generated sessions of the other parts, and how alike the two are: how long texts and lines are, how much of
it is what tools said, how often a literal of the rules stands in a MB, which is what the masker's cost follows.
"""

import json
import os
import re
import sqlite3
import statistics
import subprocess
from pathlib import Path

import rows
from lab import BUILD, RULES, TOOLS
from rows import MB

AGENTSVIEW = {"AGENTSVIEW_NO_DAEMON": "1", "AGENTSVIEW_TELEMETRY_ENABLED": "0", "AGENTSVIEW_DISABLE_UPDATE_CHECK": "1"}
# What people and models wrote, and the input and output of tools.
TALK = "SELECT content FROM messages WHERE content<>'' UNION ALL SELECT thinking_text FROM messages WHERE thinking_text<>''"
TOOLS_SAID = ("SELECT input_json FROM tool_calls WHERE input_json<>'' UNION ALL"
              " SELECT result_content FROM tool_calls WHERE result_content<>'' UNION ALL"
              " SELECT content FROM tool_result_events WHERE content<>''")
# How real and generated sessions compare is for people to read; only these are limits.
LIMITS = {"xvacuum": 3, "peak_kb": 48 * 1024}


def make_source(lab, folder):
    """agentsview's database of the transcripts in a folder like a home folder (.claude, .codex, ...)."""
    data = lab.path("agentsview")
    data.mkdir(exist_ok=True)
    subprocess.run([os.environ["AGENTSVIEW"], "sync"], check=True, capture_output=True,
                   env=AGENTSVIEW | {"HOME": str(Path(folder).resolve()), "AGENTSVIEW_DATA_DIR": str(data),
                                     "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
    source = data / "sessions.db"
    db = sqlite3.connect(source)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    n_sessions, = db.execute("SELECT count(*) FROM sessions").fetchone()
    if n_sessions == 0:
        raise SystemExit(f"bench: agentsview found no sessions below '{folder}': it has to hold .claude, .codex or the like")
    db.close()
    return source, n_sessions


# What belongs to a session in agentsview's database, and its columns that are session ids. A call refers to its message by number.
HANGING = {"messages": ("session_id",), "tool_calls": ("session_id", "subagent_session_id"),
           "tool_result_events": ("session_id", "subagent_session_id"), "usage_events": ("session_id",)}


def repeat(source, n_messages):
    """Copies sessions under new ids until there are this many messages, completing the last session. Returns how many there are."""
    db = sqlite3.connect(source, isolation_level=None)

    def values(table, renamed):
        names = [row[0] for row in db.execute(f"SELECT name FROM pragma_table_info('{table}')") if table == "sessions" or row[0] != "id"]
        return ", ".join(names), ", ".join(f"CASE WHEN r.{name} <> '' THEN r.{name} || :copy ELSE r.{name} END" if name in renamed
                                           else "n.id" if name == "message_id" else f"r.{name}" for name in names)

    def count():
        return db.execute("SELECT count(*) FROM messages").fetchone()[0]

    sums = db.execute("SELECT s.rowid, sum(count(m.id)) OVER (ORDER BY s.rowid) FROM sessions s LEFT JOIN messages m ON m.session_id = s.id"
                      " GROUP BY s.rowid").fetchall()
    n = 0
    while count() < n_messages:
        n, lacking = n + 1, n_messages - count()
        last = next((rowid for rowid, so_many in sums if so_many >= lacking), sums[-1][0])
        copy = {"copy": f"-{n}", "last": last}
        db.execute("BEGIN")
        names, taken = values("sessions", ("id", "parent_session_id", "parser_parent_session_id"))
        db.execute(f"INSERT INTO sessions ({names}) SELECT {taken} FROM sessions r WHERE r.rowid <= :last", copy)
        for table, renamed in HANGING.items():
            names, taken = values(table, renamed)
            message = (" JOIN messages m ON m.id = r.message_id JOIN messages n ON n.session_id = r.session_id || :copy AND n.ordinal = m.ordinal"
                       if table == "tool_calls" else "")
            db.execute(f"INSERT INTO {table} ({names}) SELECT {taken} FROM {table} r JOIN sessions s ON s.id = r.session_id{message}"
                       " WHERE s.rowid <= :last", copy)
        db.execute("COMMIT")
    n_messages = count()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return n_messages


def texts(source, query):
    db = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    try:
        yield from (row[0] for row in db.execute(query) if isinstance(row[0], str))
    finally:
        db.close()


class Text:
    """All text of a database in files: as it is, and as JSON lines with a record for each text."""

    def __init__(self, lab, name, source):
        self.plain, self.jsonl = lab.path(f"{name}.txt"), lab.path(f"{name}.jsonl")
        sizes, lines, self.said = [], [], 0
        with open(self.plain, "wb") as plain, open(self.jsonl, "w", encoding="ascii") as jsonl:
            for query in (TALK, TOOLS_SAID):
                for n, text in enumerate(texts(source, query)):
                    raw = text.encode("utf-8", "replace")
                    plain.write(raw + b"\n")
                    jsonl.write(json.dumps({"id": n, "text": text}) + "\n")
                    sizes.append(len(raw))
                    lines += map(len, raw.splitlines())
                    self.said += len(raw) if query == TOOLS_SAID else 0
        self.sizes, self.lines, self.bytes = sorted(sizes), sorted(lines), sum(sizes)

    def alike(self, name):
        """One line by which two texts can be compared."""
        done = subprocess.run([TOOLS / "bench-mask", "--rules", RULES, "--hits", self.plain], capture_output=True, text=True,
                              check=True)
        hits = float(re.search(r"([\d.]+) hits of literals a MB", done.stdout).group(1))
        return (f"{name}: {self.bytes / MB:.0f} MB in {len(self.sizes):,} texts; half of them under "
                f"{statistics.median(self.sizes):,.0f} bytes, 1 in 100 over {self.sizes[len(self.sizes) * 99 // 100]:,}; "
                f"half of the lines under {statistics.median(self.lines):.0f}, 1 in 100 over "
                f"{self.lines[len(self.lines) * 99 // 100]:,}; {100 * self.said / self.bytes:.0f} % from tools; "
                f"{hits:,.0f} literals a MB")


def mask_rows(lab, text, name, n_runs=3):
    """scrubjayctl mask, on one text and on records."""
    ctl = BUILD / "src" / "ctl" / "scrubjayctl"
    environment = lab.environment | {"SCRUBJAY_MASK_RULESDIR": str(RULES)}
    for what, command, path in (("mask", [ctl, "mask"], text.plain), ("mask --jsonl", [ctl, "mask", "--jsonl"], text.jsonl)):
        runs = [lab.measure(*command, environment=environment, given=path) for _ in range(n_runs)]
        yield rows.row(f"{what}, {name}", runs, text_bytes=text.bytes)


def all_rows(lab, folder, n_generated):
    """Real and generated sessions, the same work on both."""
    real, n_sessions = make_source(lab, folder)
    for name, source, n in (("real", real, n_sessions), ("generated", lab.source("real", n_generated), n_generated)):
        text = Text(lab, name, source)
        print("    " + text.alike(f"{name} sessions"))
        yield from rows.full_sync_of(lab, source, f"{n:,} {name} sessions", text.bytes, LIMITS)
        yield rows.row(f"--once without a change, {n:,} {name} sessions", [lab.once(source, lab.path("archive.db"))
                                                                         for _ in range(5)])
        yield from mask_rows(lab, text, f"{name} sessions")
        lab.remove(lab.path("archive.db"))
        text.plain.unlink()
        text.jsonl.unlink()
