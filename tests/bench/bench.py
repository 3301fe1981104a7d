"""What scrubjay costs: makes databases, runs each kind of work on them, prints a table and draws how it grows

Started by tools/bench, which builds first and says how to use it.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from lab import SOURCES, Lab, machine  # first: it puts tests/lib in the path
import curves
import pages
import peers
import pressure
import remote
import report
import rows
import transcripts

DOCUMENT = SOURCES / "docs" / "performance.md"
PICTURE = SOURCES / "docs" / "performance.svg"
MARKS = {"figures": ("<!-- figures: tools/bench --write -->\n", "<!-- end of figures -->\n"),
         "remote": ("<!-- remote figures: tools/bench --write remote -->\n", "<!-- end of remote figures -->\n"),
         "pages": ("<!-- pages figures: tools/bench --write pages -->\n", "<!-- end of pages figures -->\n"),
         "transcripts": ("<!-- real figures: tools/bench --write --transcripts FOLDER -->\n", "<!-- end of real figures -->\n"),
         "peers": ("<!-- peers: tools/bench --write --transcripts FOLDER peers -->\n", "<!-- end of peers -->\n")}


def full(lab, options):
    yield from rows.full_sync(lab, options.sessions)
    yield from rows.real_changes(lab, options.sessions)


def grow(lab, options):
    """Rows of the largest size; the picture is drawn along the way."""
    series = {}
    for n in (10 ** power for power in range(3, options.power + 1)):
        grown = rows.growth(lab, n)
        for name, row in grown.items():
            series.setdefault(name, []).append((n, row.cpu_usec))
        print(f"    {n:,} sessions done", file=sys.stderr)
    options.picture.write_text(curves.svg("CPU time, tiny sessions", series))
    yield from rows.growth(lab, 50_000).values() if options.power > 4 else ()
    yield from grown.values()


def under_pressure(lab, options):
    yield from rows.long_session(lab, options.long)
    yield from rows.huge_message(lab, options.huge)
    yield from pressure.idle(lab, options.sessions, 30)
    yield pressure.steady_writer(lab, options.sessions, options.seconds)
    yield pressure.slow_disk(lab, 200)


def large(lab, _options):
    """Years of one person's sessions: 10,000 of them, about 1 GB of text."""
    yield from rows.full_sync(lab, 10_000)
    yield from rows.real_changes(lab, 10_000)


def real_sessions(lab, options):
    """On a person's transcripts, and on generated sessions of about the same number of bytes."""
    yield from transcripts.all_rows(lab, options.transcripts, options.sessions // 4)


def beside_peers(lab, options):
    """On the transcripts if they are given, otherwise on generated sessions."""
    if options.transcripts:
        source, _ = transcripts.make_source(lab, options.transcripts)
    else:
        source = lab.source("real", options.sessions // 10)
    yield from peers.all_rows(lab, transcripts.Text(lab, "peers", source).plain)


def to_a_server(lab, options):
    yield from remote.rows(lab)


def to_the_pages(lab, options):
    yield from pages.rows(lab, options.transcripts)


PARTS = {"full": full, "growth": grow, "pressure": under_pressure, "remote": to_a_server, "pages": to_the_pages, "large": large,
         "transcripts": real_sessions, "peers": beside_peers}
USUAL = ("full", "growth", "pressure", "remote")


def document(name, lines):
    """Writes a table between its marks in docs/performance.md."""
    begin, end = MARKS[name]
    head, rest = DOCUMENT.read_text().split(begin)
    _, tail = rest.split(end)
    commit = subprocess.run(["git", "-C", SOURCES, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    note = f"Commit {commit.stdout.strip()}; {machine()}; tmpfs.\n\n"
    DOCUMENT.write_text(head + begin + note + "\n".join(lines) + "\n" + end + tail)


def arguments():
    parser = argparse.ArgumentParser(prog="tools/bench", description="Measures what scrubjay costs.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to run: {', '.join(PARTS)} (without any: {', '.join(USUAL)})")
    parser.add_argument("--transcripts", metavar="FOLDER", help="a home folder with transcripts of agents, for the parts "
                        "transcripts (which runs if no part is named), pages and peers")
    parser.add_argument("--folder", default="/dev/shm/scrubjay-bench", help="folder for the databases (tmpfs)")
    parser.add_argument("--sessions", type=int, default=2500, help="real sessions; 10000 are 1 GB (%(default)s)")
    parser.add_argument("--power", type=int, default=6, help="curves from 10^3 to 10^POWER sessions (%(default)s)")
    parser.add_argument("--long", type=int, default=200_000, help="messages of the long session (%(default)s)")
    parser.add_argument("--huge", type=int, default=100_000_000, help="bytes of the huge message (%(default)s)")
    parser.add_argument("--seconds", type=int, default=60, help="how long the steady writer writes (%(default)s)")
    parser.add_argument("--picture", type=Path, default=None, help="file for the curves (build-bench/performance.svg)")
    parser.add_argument("--check", action="store_true", help="only count, which takes seconds: fails if a cost grows faster than it did")
    parser.add_argument("--write", action="store_true", help="write the table and the picture to docs/")
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"no such part '{part}'")
    if options.transcripts and not options.parts:
        options.parts = ["transcripts"]
    if "transcripts" in options.parts and not options.transcripts:
        parser.error("transcripts needs --transcripts FOLDER")
    options.picture = options.picture or (PICTURE if options.write else SOURCES / "build-bench" / "performance.svg")
    return options


def main():
    options = arguments()
    lab, done, status = Lab(options.folder), {name: [] for name in MARKS}, 0
    shape = {name: () for name in MARKS} | {name: (remote.HEAD, remote.cells) for name in ("remote", "pages")}
    print(machine())
    try:
        for part in options.parts or USUAL:
            table, rows_here = part if part in MARKS else "figures", []
            for row in PARTS[part](lab, options):
                rows_here.append(row)
                print(f"    {row.name.strip()}: {report.time_text(row.cpu_usec)}", flush=True)
            print("\n".join(report.plain(rows_here, *shape[table])), flush=True)
            done[table] += rows_here
    finally:
        lab.clean()
    for table, rows_here in done.items():
        if options.write and rows_here:
            document(table, report.markdown(rows_here, *shape[table]))
        for row in rows_here:
            status |= bool((row.problems and table != "peers") or row.failures())
    return status


if __name__ == "__main__":
    sys.exit(main())
