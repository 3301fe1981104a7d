#!/usr/bin/env python3
"""Names in the code of fetched packages, put beside names of keys and passwords: none is a secret.

    tools/judge/identifiers.py PACKAGES SET OUTPUT N

"apiToken: sessionTokenProvider", "key = cache.user.name": a name of several words where a secret could be as well. A random value
in a source, in a test for example, hardly ever occurs twice; a name does.
"""

import collections
import json
import os
import random
import re
import sys

from generate import Generator
from packages import texts

CODE = {".py", ".go", ".js", ".mjs", ".ts", ".tsx", ".rs", ".java", ".c", ".h", ".rb", ".kt", ".cs", ".php"}
FILES = 300
CHARACTERS = 60000
MOST = 60               # of each package and form
SHAPES = {
    "camel": r"[a-z]+\d?(?:[A-Z]+[a-z]+\d?)+", "type": r"(?:[A-Z]+[a-z]+\d?){2,}", "snake": r"[a-z]+\d?(?:_[a-z\d]+)+", "upper": r"[A-Z]+\d?(?:_[A-Z\d]+)+",
    "dashes": r"[a-z]+\d?-[a-z\d]+", "dotted": r"[A-Za-z_]+(?:\.[A-Za-z_]+)+", "scope": r"[A-Za-z_]+(?:::[A-Za-z_]+)+", "path": r"[a-z_-]+(?:/[A-Za-z_.-]+)+",
    "file": r"[A-Za-z_-]+\.(?:py|go|js|ts|rs|json|yaml|yml|toml|md|txt|pem|key|html|css|sh|conf|ini|env)"}
# Four or more words that somebody may have joined could be a passphrase; beside the name of a password, so could two with a dash.
PHRASE = re.compile(r"[a-z]+(?:[._-][a-z]+){3,}")
PAIR = re.compile(r"[a-z]+-[a-z]+")
WORD = re.compile(r"(?<![\w.:/@$%+=-])[A-Za-z_][\w.:/-]{5,59}(?![\w:/@+=-])")
SHAPE = re.compile("|".join("(?P<%s>%s)" % item for item in SHAPES.items()))


def of_texts(files):
    """(shape, name), each once and in order, of what occurs at least twice in @files."""
    found = collections.Counter()
    for text in files:
        found.update(word.rstrip(".:/-") for word in WORD.findall(text[:CHARACTERS]))
    for word, n in sorted(found.items()):
        shape = SHAPE.fullmatch(word)
        if n >= 2 and shape and len(word) >= 6 and not PHRASE.fullmatch(word):
            yield shape.lastgroup, word


def of_packages(root, which):
    """(package, shape, name)"""
    by = collections.defaultdict(list)
    for package, name, text in texts(root, which, CODE, FILES):
        if ".min." not in name:
            by[package].append(text)
    r = random.Random(17)
    for package, files in sorted(by.items()):
        shapes = collections.defaultdict(list)
        for shape, word in of_texts(files):
            shapes[shape].append(word)
        for shape, words in sorted(shapes.items()):
            for word in r.sample(words, min(len(words), MOST)):
                yield package, shape, word


def of_python(seed, test, most):
    """Records with names of Python's own library, which is not a package."""
    folder = os.path.dirname(os.__file__)
    files = [open(os.path.join(folder, name), encoding="utf-8", errors="replace").read() for name in sorted(os.listdir(folder)) if name.endswith(".py")]
    found, g = list(of_texts(files)), Generator(seed, test)
    for number in range(most):
        shape, word = g.r.choice(found)
        yield g.identifier(number, word, not PAIR.fullmatch(word))


def main():
    root, which, output, most = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    found = list(of_packages(root, which))
    g = Generator(23, which != "train")
    with open(output, "w", encoding="utf-8") as out:
        for number in range(most):
            package, shape, word = g.r.choice(found)
            record = g.identifier(number, word, not PAIR.fullmatch(word))
            out.write(json.dumps(dict(record, package=package), ensure_ascii=False) + "\n")
    print("%s: %d names of %d packages" % (which, len(found), len({package for package, _, _ in found})))


if __name__ == "__main__":
    main()
