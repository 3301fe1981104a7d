#!/usr/bin/env python3
"""Prints how much of each folder the tests ran, from gcovr's summary; exits 1 if a folder has fewer lines than required

    coverage.py SUMMARY.json LIMIT FOLDER...
"""

import json
import sys
from collections import Counter
from pathlib import Path


def percent(part, whole):
    return 100 * part / whole if whole else 100


def main():
    path, limit, *folders = sys.argv[1:]
    total = {}
    for entry in json.loads(Path(path).read_text())["files"]:
        name = Path(entry["filename"]).parent.name
        counted = total.setdefault(name, Counter())
        for key in ("line_covered", "line_total", "branch_covered", "branch_total"):
            counted[key] += entry[key]
    total["all"] = sum(total.values(), Counter())
    low = []
    for name, n in total.items():
        lines = percent(n["line_covered"], n["line_total"])
        print(f"{name:10} {lines:5.1f} % of {n['line_total']:5} lines,"
              f" {percent(n['branch_covered'], n['branch_total']):5.1f} % of {n['branch_total']:5} branches")
        if name in folders and lines < float(limit):
            low.append(name)
    missing = set(folders) - set(total)
    if low or missing:
        sys.exit(f"below {limit} % of the lines: {', '.join(low)} {', '.join(missing)}")


if __name__ == "__main__":
    main()
