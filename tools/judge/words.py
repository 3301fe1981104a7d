#!/usr/bin/env python3
"""Makes data/judge/words.txt: which words occur in texts, and which characters follow each other in them.

    tools/judge/words.py PACKAGES OUTPUT

A word counts if it is in one of Debian's word lists or frequent in the training packages; a word of a list in another language
than English counts if the packages' translations use it. Only the set "train" is read.
"""

import base64
import collections
import math
import re
import sys

from packages import texts

BITS, HASHES = 393216, 3
FILES, CHARACTERS = 150, 8000          # read of each package; read of each file
DICT = "/usr/share/dict/"
LISTS = {"american-english": 17000, "ngerman": 5000, "french": 3000, "spanish": 2500, "portuguese": 2500}
FREQUENT = 4000
TEXT = {".md", ".rst", ".txt", ".py", ".go", ".js", ".ts", ".json", ".po", ".html", ".yaml", ".yml", ".rs", ".toml", ".sh"}
PLAIN = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "ê": "e", "à": "a", "á": "a", "í": "i", "ó": "o",
         "ú": "u", "ñ": "n", "ç": "c", "ã": "a", "õ": "o", "â": "a", "ô": "o", "î": "i", "û": "u", "ë": "e", "ï": "i"}


def hash32(data, start):
    h = start
    for byte in data:
        h = ((h ^ byte) * 16777619) & 0xffffffff
    h ^= h >> 15
    h = (h * 2246822519) & 0xffffffff
    return h ^ h >> 13


def plain(word):
    return "".join(PLAIN.get(c, c) for c in word.lower())


def character_class(c):
    if 97 <= c <= 122:
        return c - 97
    if 65 <= c <= 90:
        return c - 65
    if 48 <= c <= 57:
        return 26
    if c == 0:
        return 27
    return {95: 28, 45: 28, 32: 29, 46: 30, 47: 31, 58: 31}.get(c, 33 if c >= 127 else 32)


def count(root):
    """Counts how often each word occurs in the packages, and each class of characters after each other one."""
    words, pairs = collections.Counter(), [[0.5] * 40 for _ in range(40)]
    for number, (_, _, text) in enumerate(texts(root, "train", TEXT, FILES)):
        text = text[:CHARACTERS]
        words.update(plain(w) for w in re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])", text))
        if number % 8:
            continue
        for token in re.findall(r"[\w./:-]{4,60}", text):
            before = 27
            for c in token.encode("ascii", "replace") + b"\0":
                now = character_class(c)
                pairs[before][now] += 1
                before = now
    return words, pairs


def choose(words):
    chosen = set()
    for name, most in LISTS.items():
        with open(DICT + name, encoding="utf-8") as lines:
            known = {plain(line.strip()) for line in lines}
        known = sorted((w for w in known if w.isascii() and w.isalpha() and 3 <= len(w) <= 12),
                       key=lambda w: (-words[w], hash32(w.encode(), 1)))
        if name != "american-english":
            known = [w for w in known if len(w) >= 4]
        chosen.update(known[:most])
    frequent = [w for w, n in sorted(words.items(), key=lambda p: (-p[1], p[0])) if w.isascii() and w.isalpha() and 3 <= len(w) <= 12]
    chosen.update(frequent[:FREQUENT])
    return chosen


def write_table(out, data):
    text = base64.b64encode(bytes(data)).decode()
    for at in range(0, len(text), 76):
        out.write(text[at:at + 76] + "\n")
    out.write("end\n")


def main():
    root, output = sys.argv[1:]
    words, pairs = count(root)
    chosen = choose(words)
    table = bytearray(BITS // 8)
    for word in chosen:
        for k in range(HASHES):
            bit = hash32(word.encode(), 2166136261 + 7919 * k) % BITS
            table[bit // 8] |= 1 << bit % 8
    with open(output, "w", encoding="ascii") as out:
        out.write("judge-words 1\ndictionary %d %d\n" % (BITS, HASHES))
        write_table(out, table)
        out.write("bigrams 40\n")
        write_table(out, [max(-127, round(8 * math.log2(n / total))) & 0xff for row, total in ((r, sum(r)) for r in pairs) for n in row])
    print("%d words" % len(chosen))


if __name__ == "__main__":
    main()
