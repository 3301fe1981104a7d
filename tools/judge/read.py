"""Texts of packages around what a model took for secrets, and a person has read and labelled (labels.txt).

    tools/judge/read.py PACKAGES OUTPUT

A line of labels.txt: "none" or "secret", the package, the start and the length of the value in the file (bytes), the file.
"""

import json
import os
import re
import sys

from generate import Generator
from mine import CONTEXTS
from packages import files_of, packages

LABELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "labels.txt")
INSTEAD = 3             # texts with a secret instead, for each value
FITS = re.compile(r"[A-Za-z0-9!@#%^*_+=.~-]+")
NEAR = 300              # bytes of the lines before and after


def read_labels():
    """package -> file -> [(label, start, length)]"""
    by = {}
    with open(LABELS, encoding="utf-8") as lines:
        for line in lines:
            if line[0] != "#":
                label, package, start, length, name = line.rstrip("\n").split(" ", 4)
                by.setdefault(package, {}).setdefault(name, []).append((label, int(start), int(length)))
    return by


def block(raw, start, end):
    """Where the lines around a value begin and end: its own and one more on each side, if they are short."""
    first, last = raw.rfind(b"\n", 0, start) + 1, raw.find(b"\n", end)
    last = len(raw) if last < 0 else last
    before = raw.rfind(b"\n", 0, max(0, first - 1)) + 1
    after = raw.find(b"\n", last + 1)
    after = len(raw) if after < 0 else after
    first = max(before if first - before < NEAR else first, start - NEAR)
    last = min(after if after - last < NEAR else last, end + NEAR)
    while first < start and raw[first] & 0xC0 == 0x80:
        first += 1
    while end < last < len(raw) and raw[last] & 0xC0 == 0x80:
        last -= 1
    return first, last


def instead(g, record, before, after, number):
    """The same text with a secret in place of the harmless value; nothing around it speaks against a secret."""
    style, value = g.secret_for(FITS.fullmatch)
    start = len(before.encode())
    return dict(record, id="%s-%d" % (record["id"], number), text=before + value + after, secret=[start, start + len(value.encode())], kind="tp",
                style=style, source="made-more")


def main():
    root, output = sys.argv[1:]
    labels, count, g = read_labels(), 0, Generator(29, False)
    with open(output, "w", encoding="utf-8") as out:
        for package, registry, path in [*packages(root, "train"), *packages(root, "more")]:
            wanted = labels.pop(package, {})
            for name, read in files_of(path, registry) if wanted else ():
                for label, start, length in wanted.pop(name, ()):
                    raw = read()
                    first, last = block(raw, start, start + length)
                    count += 1
                    record = {"id": "read-%d" % count, "text": raw[first:last].decode(), "secret": None, "kind": "fp", "use": "", "style": "read",
                              "context": CONTEXTS.get(os.path.splitext(name)[1].lower(), "text"), "source": package, "path": name, "read": label,
                              "value": raw[start:start + length].decode()}
                    out.write(json.dumps(record, ensure_ascii=False) + "\n")
                    for number in range(INSTEAD if label == "none" else 0):
                        out.write(json.dumps(instead(g, record, raw[first:start].decode(), raw[start + length:last].decode(), number),
                                             ensure_ascii=False) + "\n")
            if wanted:
                sys.exit("%s has no %s" % (package, ", ".join(sorted(wanted))))
    if labels:
        sys.exit("No such packages: %s" % ", ".join(sorted(labels)))
    print("%d values that were read" % count)


if __name__ == "__main__":
    main()
