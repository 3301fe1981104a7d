#!/usr/bin/env python3
"""How fast an archive gets to a real ClickHouse: 75,000 messages and 25,000 tool calls of about 1 KB

    tests/bench/remote.py [--runs N] [--check]

Prints, each as the best of N runs: a first delivery from the archive; source to server in one go (scrubjayd --once, the
archive included); and how long a change takes from agentsview's commit until it is visible there, beside QuietTime=. With
--check it exits 1 where the project's own limits are missed.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from clickhouse import Server  # noqa: E402
from person import Person  # noqa: E402
from scrubjay_test import BUILD, SCRUBJAYD, PrivateBus, clean_environment, run_once, wait_for  # noqa: E402

SESSIONS, MESSAGES, CALLS = 750, 75000, 25000
WORDS = "the build of module takes a look at file and says that test passes when line is read from cache again ".split()
QUIET_MSEC = 100


def text(seed, size):
    words, n = [], 0
    while n < size:
        seed = (seed * 1103515245 + 12345) % 2**31
        words.append(WORDS[seed % len(WORDS)] + str(seed % 97))
        n += len(words[-1]) + 1
    return " ".join(words)[:size]


def fill(source):
    """Sessions as they are, in one transaction."""
    # as agentsview has them
    source.db.executescript("CREATE INDEX calls_by_message ON tool_calls (message_id);"
                            "CREATE INDEX events_by_message ON tool_result_events (session_id, tool_call_message_ordinal);")
    source.db.execute("BEGIN")
    per_session, every = MESSAGES // SESSIONS, MESSAGES // CALLS
    texts = [text(i, 1000) for i in range(500)]
    for s in range(SESSIONS):
        source.db.execute("INSERT INTO sessions (id, project, first_message, message_count, file_hash, started_at, ended_at,"
                          " sync_marker) VALUES (?, 'bench', 'begin', ?, hex(randomblob(16)), '2026-01-01T00:00:00.000Z',"
                          " '2026-01-01T01:00:00.000Z', ?)", (f"session-{s:05}", per_session, f"2026-01-01T00:00:{s:05}"))
        for m in range(per_session):
            n = s * per_session + m
            cursor = source.db.execute(
                "INSERT INTO messages (session_id, ordinal, role, content, content_length, timestamp, model) VALUES"
                " (?, ?, ?, ?, 1000, '2026-01-01T00:00:00.000Z', 'model')",
                (f"session-{s:05}", m, "user" if m % 2 == 0 else "assistant", texts[n % 500]))
            if n % every == 0:
                source.db.execute(
                    "INSERT INTO tool_calls (message_id, session_id, tool_name, category, tool_use_id, input_json,"
                    " result_content, result_content_length, call_index) VALUES (?, ?, 'Bash', 'Bash', ?, ?, ?, 800, 0)",
                    (cursor.lastrowid, f"session-{s:05}", f"toolu_{n}", json.dumps({"command": texts[n % 500][:200]}),
                     texts[(n + 7) % 500][:800]))
    source.db.execute("COMMIT")


def deliver(ann):
    done = subprocess.run([BUILD / "tests" / "bench" / "bench-deliver", ann.archive, ann.server.url(),
                           ann.config / "remote-team-password"], capture_output=True, text=True,
                          env=clean_environment(ann.home))
    result = json.loads(done.stdout)
    assert result["error"] == "", result
    return result


def in_one_go(ann, archive):
    """Wall time, CPU and memory of scrubjayd --once with an archive that is not there yet."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    status = os.wait4(subprocess.Popen([SCRUBJAYD, "--once", "--source", ann.source.path, "--archive", archive],
                                       env=clean_environment(ann.home), stdout=subprocess.DEVNULL).pid, 0)
    assert status[1] == 0
    elapsed = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return elapsed, cpu, status[2].ru_maxrss


def latencies(ann, bus, count=10):
    """Milliseconds from the source's commit to the row."""
    daemon = ann.start(bus, SCRUBJAY_SYNC_QUIETTIME=f"{QUIET_MSEC}ms")
    daemon.wait_idle()
    daemon.call("Deliver")
    found = []
    for i in range(count):
        marker = f"marker {i}"
        ann.source.append("session-00000", [marker])
        began = time.monotonic()
        wait_for(lambda: ann.server.query(f"SELECT 1 FROM messages WHERE content='{marker}'"), marker)
        found.append((time.monotonic() - began) * 1000)
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory(prefix="scrubjay-bench-") as folder:
        server = Server(folder)
        server.new_database()
        ann = Person(Path(folder) / "ann", "ann", server)
        fill(ann.source)
        remotes, ann.remotes = ann.remotes, {}
        ann.write_settings()
        # what is delivered need not be masked for this; that is measured below
        assert run_once(ann.source.path, ann.archive, environment={"SCRUBJAY_MASK_DISABLE": "*"}, home=ann.home)[0] == 0
        runs = []
        for _ in range(options.runs):
            server.new_database()
            for file in ann.archive.parent.glob("*.remotes*"):
                file.unlink()
            runs.append(deliver(ann))
        best = min(runs, key=lambda run: run["elapsed_usec"])
        first = best["rows"] / best["elapsed_usec"] * 1e6
        print(f"first delivery: {best['rows']} rows in {best['elapsed_usec'] / 1e6:.2f} s = {first:,.0f} rows/s,"
              f" {best['cpu_usec'] / 1e6:.2f} s CPU, {best['max_rss_kb'] / 1024:.0f} MB")

        whole = []
        for number in range(options.runs):
            server.new_database()
            ann.remotes = {"team": remotes["team"] | {"URL": server.url()}}
            ann.write_settings()
            whole.append(in_one_go(ann, ann.home / f"archive{number}" / "archive.db"))
        elapsed, cpu, rss = min(whole)
        rate = best["rows"] / elapsed
        print(f"source to server: {elapsed:.2f} s = {rate:,.0f} rows/s, {cpu:.2f} s CPU, {rss / 1024:.0f} MB")

        ann.archive = ann.home / "archive0" / "archive.db"
        bus = PrivateBus(Path(folder) / "bus")
        times = latencies(ann, bus)
        ann.close()
        bus.stop()
        print(f"from commit to visible row (QuietTime={QUIET_MSEC}ms): median {times[len(times) // 2]:.0f} ms,"
              f" slowest {times[-1]:.0f} ms")
        server.stop()
    if options.check and (first < 100000 or rate < 50000 or rss > 64 * 1024 or times[len(times) // 2] > QUIET_MSEC + 200):
        sys.exit("a limit is missed")


if __name__ == "__main__":
    main()
