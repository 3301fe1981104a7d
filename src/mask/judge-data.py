#!/usr/bin/env python3
"""Turns the judge's data (data/judge/*.txt; tools/judge/README.md has their form) into C.

    judge-data.py OUTPUT.c OUTPUT.h judge.h FILE...
    judge-data.py --blank judge.h MODEL       writes a model that has learned nothing, for a build to train with
"""

import base64
import re
import sys


class Data:
    """The lines of a data file, without comments and empty ones."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="ascii") as file:
            lines = [line.strip() for line in file]
        self.lines = [line for line in lines if line and not line.startswith("#")]
        self.at = 0

    def fail(self, reason):
        sys.exit("%s: %s" % (self.path, reason))

    def more(self):
        return self.at < len(self.lines)

    def next(self):
        if not self.more():
            self.fail("it ends in the midst of a section")
        self.at += 1
        return self.lines[self.at - 1].split()

    def table(self, size):
        """The bytes of a table up to its "end"."""
        text = ""
        while (words := self.next()) != ["end"]:
            text += words[0]
        table = base64.b64decode(text, validate=True)
        if len(table) != size:
            self.fail("a table has %d bytes, not %d" % (len(table), size))
        return table


def read(path, sections):
    data = Data(path)
    data.next()
    while data.more():
        name, *words = data.next()
        if name == "dictionary":
            sections[name] = (int(words[0]), data.table(int(words[0]) // 8))
            if int(words[1]) != 3:
                data.fail("the dictionary must have 3 hashes")
        elif name == "bigrams":
            sections[name] = data.table(int(words[0]) ** 2)
        elif name in ("values", "words"):
            sections[name] = (int(words[0]), int(words[1]), data.table(1 << int(words[0])))
        elif name == "features":
            sections[name] = [data.next()[0] for _ in range(int(words[0]))]
        elif name == "trees":
            sections[name] = [read_tree(data) for _ in range(int(words[0]))]
        elif name == "threshold":
            sections.setdefault(name, {})[(words[0], words[1])] = [int(word) for word in words[2:]]
        else:
            sections[name] = words


def read_tree(data):
    name, n = data.next()
    if name != "tree":
        data.fail("a tree is missing")
    return [[None if word == "-" else int(word) for word in data.next()] for _ in range(int(n))]


def rows(numbers, width=24):
    numbers = list(numbers)
    return "".join("\t" + "".join("%d," % n for n in numbers[i:i + width]) + "\n"
                   for i in range(0, len(numbers), width))


def signed(table):
    return [byte - 256 if byte > 127 else byte for byte in table]


def names_in(path, macro):
    """The names that a list of judge.h gives."""
    with open(path, encoding="ascii") as file:
        text = file.read()
    body = text[text.index("#define %s(X)" % macro):]
    body = re.split(r"\n(?=\n|#|typedef)", body, maxsplit=1)[0]
    return re.findall(r"X\(\w+,\s*\"([^\"]+)\"\)", body)


def expected(header):
    """The features, forms and kinds of judge.h, as a model has them."""
    return {"features": names_in(header, "JUDGE_FEATURES") + ["value_score", "word_score"],
            "forms": names_in(header, "JUDGE_FORMS"), "kinds": names_in(header, "JUDGE_KINDS")}


def write_blank(header, path):
    with open(header, encoding="ascii") as file:
        bits = dict(re.findall(r"#define JUDGE_(VALUE|WORD)_BITS\s+(\d+)", file.read()))
    names = expected(header)
    with open(path, "w", encoding="ascii") as out:
        out.write("judge-model 1\ntraining none\nfeatures %d\n%s\n" % (len(names["features"]), "\n".join(names["features"])))
        for name in ("VALUE", "WORD"):
            table = base64.b64encode(bytes(1 << int(bits[name]))).decode()
            out.write("%ss %s 0\n" % (name.lower(), bits[name]))
            out.writelines(table[at:at + 76] + "\n" for at in range(0, len(table), 76))
            out.write("end\n")
        out.write("base 0\ntrees 1\ntree 1\n- 0\nforms %s\nkinds %s\n" % (" ".join(names["forms"]), " ".join(names["kinds"])))
        for caution in ("low", "normal", "high"):
            for kind in names["kinds"]:
                out.write("threshold %s %s%s\n" % (caution, kind, " 1" * len(names["forms"])))


def check(sections, header):
    """The model must have been trained on what the reader counts today."""
    for section, wanted in expected(header).items():
        if sections[section] != wanted:
            sys.exit("data/judge/model.txt: its %s are not those of src/mask/judge.h; train it anew (tools/judge/make): %s"
                     % (section, sorted(set(sections[section]) ^ set(wanted)) or "another order"))


def write_trees(file, trees):
    file.write("const JudgeNode judge_nodes[] = {\n")
    roots, at = [], 0
    for tree in trees:
        roots.append(at)
        at += len(tree)
        for feature, *rest in tree:
            if feature is None:
                file.write("{65535,0,0,%d}," % rest[0])
            else:
                file.write("{%d,%d,%d,%d}," % (feature, rest[0], rest[1], rest[2]))
        file.write("\n")
    file.write("};\nconst uint32_t judge_roots[] = {\n%s};\n" % rows(roots))
    file.write("const size_t judge_n_trees = %d;\n" % len(trees))


def write_thresholds(file, sections):
    file.write("const int judge_thresholds[JUDGE_CAUTIONS_N][JUDGE_KINDS_N][JUDGE_FORMS_N] = {\n")
    for caution in ("low", "normal", "high"):
        file.write("{\n")
        for kind in sections["kinds"]:
            file.write("{%s},\n" % ",".join(map(str, sections["threshold"][(caution, kind)])))
        file.write("},\n")
    file.write("};\n")


def main():
    if sys.argv[1] == "--blank":
        write_blank(*sys.argv[2:])
        return
    source, sizes, header, *paths = sys.argv[1:]
    sections = {}
    for path in paths:
        read(path, sections)
    check(sections, header)
    bits, dictionary = sections["dictionary"]
    with open(sizes, "w", encoding="ascii") as file:
        file.write("/* Made by src/mask/judge-data.py. */\n#pragma once\n\n#define JUDGE_DICTIONARY_BITS %dU\n"
                   "#define JUDGE_MODEL_FEATURES %d\n" % (bits, len(sections["features"])))
    with open(source, "w", encoding="ascii") as file:
        file.write("/* Made by src/mask/judge-data.py. */\n#include \"mask/judge-data.h\"\n\n")
        file.write("const uint8_t judge_dictionary[] = {\n%s};\n" % rows(dictionary))
        file.write("const int8_t judge_bigrams[] = {\n%s};\n" % rows(signed(sections["bigrams"])))
        for name, section in (("value", "values"), ("word", "words")):
            bits, bias, table = sections[section]
            file.write("const int judge_%s_bias = %d;\n" % (name, bias))
            file.write("const int8_t judge_%s_weights[] = {\n%s};\n" % (name, rows(signed(table))))
        write_trees(file, sections["trees"])
        file.write("const char judge_training[] = \"%s\";\n" % sections.get("training", ["none"])[0])
        file.write("const int judge_base = %s;\n" % sections["base"][0])
        early = sections.get("early", ["0", "0"])
        file.write("const size_t judge_early_trees = %s;\nconst int judge_early_score = %s;\n" % tuple(early))
        file.write("const int judge_gate[3] = {%s};\n" % ", ".join(sections.get("gate", ["0", "0", "0"])))
        write_thresholds(file, sections)


main()
