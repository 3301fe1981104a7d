#!/usr/bin/env python3
"""What the judge learns from and what it is tested on share nothing, and are the same each time they are made.

    test_sets.py        ends with 1 and says what is wrong
"""

import hashlib
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "judge"))

import contexts
import generate
import harmless
import names
import values
from packages import read_sources
from read import read_labels

def digest(seed, test):
    return hashlib.sha256("".join(json.dumps(r) for r in generate.made(seed, test, 300, 150, 80, 80, 40)).encode()).hexdigest()


def plain(template):
    return re.sub(r"[\W\d_]+", " ", template.lower()).strip()


def wrong():
    """A sentence for each thing that is wrong."""
    for test in (False, True):
        if digest(7, test) != digest(7, test):
            yield "the same seed makes other texts"
        if digest(7, test) == digest(8, test):
            yield "another seed makes the same texts"
    for name in ("TRAIN", "TEST"):
        for use, quoting, _, template in contexts.parse(getattr(contexts, name)):
            if template.count("¤") != 1 or quoting not in contexts.FITS or use not in "PTAI":
                yield "a template of %s is not well formed: %s" % (name, template)
    train = {t[3] for t in contexts.parse(contexts.TRAIN)}
    both = train & {t[3] for t in contexts.parse(contexts.TEST)}
    if both:
        yield "templates are in both parts: %s" % sorted(both)
    both = ({plain(line) for line in harmless.lines(harmless.CHATTER_TRAIN) + harmless.lines(harmless.RANDOM_TRAIN)}
            & {plain(line) for line in harmless.lines(harmless.CHATTER_TEST) + harmless.lines(harmless.RANDOM_TEST)})
    if both:
        yield "lines of talk are in both parts: %s" % sorted(both)
    if set(names.OTHER_TRAIN) & set(names.OTHER_TEST) or set(names.THINGS_TRAIN) & set(names.THINGS_TEST):
        yield "names of other things are in both parts"
    styles = [{style for use in part.values() for style, _ in use} for part in (values.TRAIN, values.TEST)]
    if styles[0] & styles[1]:
        yield "styles of values are in both parts"
    if set(values.word_list("american-english", 0)) & set(values.word_list("american-english", 1)):
        yield "words are in both halves"
    packages = {}
    for source in read_sources():
        if isinstance(source, str):
            continue
        which, registry, name, version, digest_ = source
        if packages.setdefault((registry, name), which) != which:
            yield "%s of %s is in two sets" % (name, registry)
        if not re.fullmatch("[0-9a-f]{64}", digest_) or version == "-":
            yield "%s of %s has no version or no sum" % (name, registry)
    for package, files in read_labels().items():
        if packages.get(tuple(package.split(":", 1))) not in ("train", "more"):
            yield "labels.txt knows %s, which is no package of the sets that are learned from" % package
        for label, start, length in (one for places in files.values() for one in places):
            if label not in ("none", "secret") or start < 0 or length <= 0:
                yield "a label of %s is not well formed" % package
    for which in ("train", "test", "confirm"):
        if list(packages.values()).count(which) < 15:
            yield "the set %s has too few packages" % which


def main():
    found = list(wrong())
    for sentence in found:
        print(sentence)
    print("%d wrong" % len(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
