#!/usr/bin/env python3
"""Reports what a model takes for secrets in labelled sets, as the scanner would with the model alone.

    tools/judge/evaluate.py DUMP MODEL RECORDS... [--misses N]

For development: it may show lines of the sets "train" and "test"; "confirm" is for the final figures, without --misses.
"""

import argparse
import base64
import collections
import random

import numpy as np

from train import Forest, Set


class Model:
    """data/judge/model.txt, read back."""

    def __init__(self, path):
        self.tables, self.thresholds, self.forest = {}, {}, Forest.__new__(Forest)
        self.forest.trees = []
        with open(path, encoding="ascii") as file:
            lines = iter([line.split() for line in file if line.strip() and line[0] != "#"])
        for name, *words in lines:
            if name == "features":
                self.features = [next(lines)[0] for _ in range(int(words[0]))]
            elif name in ("values", "words"):
                text = ""
                for line in lines:
                    if line == ["end"]:
                        break
                    text += line[0]
                self.tables[name] = (int(words[1]), np.frombuffer(base64.b64decode(text), "i1").astype("i8"))
            elif name == "base":
                self.forest.base = int(words[0])
            elif name == "tree":
                nodes = []
                for _ in range(int(words[0])):
                    node = next(lines)
                    nodes.append((-1, int(node[1]), 0, 0) if node[0] == "-" else tuple(map(int, node)))
                self.forest.trees.append(nodes)
            elif name == "early":
                self.early = tuple(map(int, words))
            elif name == "gate":
                self.gate = tuple(map(int, words))
            elif name == "forms":
                self.forms = words
            elif name == "kinds":
                self.kinds = words
            elif name == "threshold":
                self.thresholds[words[0], words[1]] = np.array(list(map(int, words[2:])))

    def hashed(self, name, matrix):
        bias, weights = self.tables[name]
        return np.clip(bias + np.asarray(matrix @ weights).round(), -32000, 32000).astype("i8")

    def score(self, data):
        X = np.column_stack([data.dense, self.hashed("values", data.v), self.hashed("words", data.w)])
        scores = self.forest.score(X)
        scores[self.forest.score(X, self.early[0]) < self.early[1]] = -32768
        digits = X[:, self.features.index("n-digits")] > 0
        scores[~digits & (self.gate[0] * X[:, -2] + self.gate[1] * X[:, -1] < self.gate[2])] = -32768
        return scores

    def taken(self, data, scores, caution):
        table = np.stack([self.thresholds[caution, kind] for kind in self.kinds])
        return scores >= table[data.kinds, data.forms]


def main():
    parser = argparse.ArgumentParser(description="Says what a model takes of labelled sets.")
    parser.add_argument("dump")
    parser.add_argument("model")
    parser.add_argument("records", nargs="+")
    parser.add_argument("--misses", type=int, default=0)
    options = parser.parse_args()

    data, model = Set(options.dump, options.records), Model(options.model)
    scores = model.score(data)
    for caution in ("low", "normal", "high"):
        taken = model.taken(data, scores, caution)
        gone, masked, either = set(data.of[taken & (data.labels == 1)]), set(data.of[taken & (data.labels == 0)]), set(data.of[data.labels == 2])
        read = set(data.of[data.labels == 1])
        groups = collections.defaultdict(list)
        for i, record in enumerate(data.records):
            if record["kind"] == "tp":
                groups["secret", record["context"]].append(i in gone)
                groups["secret", "all"].append(i in gone)
                groups["style", record["style"]].append(i in gone)
                if i in read:
                    groups["secret", "all that is read"].append(i in gone)
            elif i in either:
                groups["fixture", "all"].append(bool(taken[(data.of == i) & (data.labels == 2)].any()))
            else:
                groups["harmless", record["style"]].append(i in masked)
                if record["style"] == "mined":
                    groups["mined", record["context"]].append(i in masked)
        for (kind, group), values in sorted(groups.items()):
            if caution == "normal" or group in ("all", "mined"):
                print("%-7s %-9s %-20s %5.2f %% of %d" % (caution, kind, group, 100 * np.mean(values), len(values)))
        if caution == "normal" and options.misses:
            r = random.Random(3)
            wrong = [i for i in range(len(scores)) if data.labels[i] == 0 and taken[i]]
            missed = [i for i in range(len(scores)) if data.labels[i] == 1 and not taken[i] and data.of[i] not in gone]
            for title, rows in (("taken, and none", wrong), ("left", missed)):
                for i in r.sample(rows, min(options.misses, len(rows))):
                    record, (start, end) = data.records[data.of[i]], data.spans[i]
                    text = record["text"].encode()
                    print(title, scores[i], model.forms[data.forms[i]], record["context"], record["source"], repr(text[start:end].decode("utf-8", "replace")),
                          "|", repr(text[max(0, start - 60):end + 30].decode("utf-8", "replace")))


if __name__ == "__main__":
    main()
