#!/usr/bin/env python3
"""Trains the judge on labelled texts and writes data/judge/model.txt (its format: README.md).

    tools/judge/train.py DUMP OUTPUT RECORDS...        DUMP is the program judge-dump

The result's bytes depend only on the records, the program and the pinned requirements: every random number has a seed, and sums
are computed by one thread.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import base64
import hashlib
import json
import subprocess
import sys

import numpy as np
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from generate import as_tools_show
from label import label

FOLDS = 2
TREES, LEAVES = 200, 24
SCALE = 1024
QUOTES = b"\"'`\xc2\xe2\xe3"
# The weights of a source's candidates: (secret, not secret).
WEIGHTS = {"made": (1.0, 1.5), "fixture": (3.0, 1.0), "mined": (1.0, 1.0)}
# The share of harmless lines that may be masked, in training, at each caution.
BUDGET = {"low": 0.003, "normal": 0.012, "high": 0.02}
# No threshold is lower: otherwise forms that are rare in packages would always be taken for secrets.
LOWEST = {"low": SCALE, "normal": 0, "high": -SCALE // 2}
# After this many trees, a sum that hardly any secret has ends it.
EARLY_TREES, EARLY_LOST = 40, 0.001
# The share of secrets that may be lost to the gate.
GATE_LOST = 0.001


class Set:
    """Candidates with their features, labels and origin."""

    def __init__(self, dump, paths, train=False):
        self.about = json.loads(subprocess.run([dump, "--describe"], stdout=subprocess.PIPE, check=True).stdout)
        self.records, digest = [], hashlib.sha256()
        for path in paths:
            with open(path, "rb") as lines:
                for line in lines:
                    digest.update(line)
                    self.records.append(json.loads(line))
        self.digest = digest.hexdigest()
        for number, record in enumerate(self.records):
            if train and record["style"] == "mined":
                record["text"] = as_tools_show(number, record["text"])
        questions = "".join(json.dumps({"id": i, "text": r["text"]}, ensure_ascii=False) + "\n" for i, r in enumerate(self.records))
        answers = subprocess.run([dump], input=questions.encode(), stdout=subprocess.PIPE, check=True).stdout.splitlines()
        dense, labels, of, spans, forms, kinds, v, w = [], [], [], [], [], [], [], []
        for number, answer in enumerate(answers):
            answer = json.loads(answer)
            record = self.records[answer["id"]]
            text = record["text"].encode()
            for c in answer["candidates"]:
                start = c["value"][0]
                quoted = start > 0 and text[start - 1] in QUOTES
                dense.append(c["features"])
                labels.append(label(record, text, c, quoted))
                of.append(answer["id"])
                spans.append(tuple(c["value"]))
                forms.append(self.about["forms"].index(c["form"]))
                kinds.append(self.about["kinds"].index(c["kind"]))
                v.append(np.array(c["v"], "i4"))
                w.append(np.array(c["w"], "i4"))
            if number != answer["id"]:
                sys.exit("The answers are not those to the questions.")
        self.dense = np.array(dense, "i4")
        self.labels, self.of, self.spans = np.array(labels), np.array(of), spans
        self.forms, self.kinds = np.array(forms), np.array(kinds)
        self.v = counts(v, 1 << self.about["value_hashes"])
        self.w = counts(w, 1 << self.about["word_hashes"])
        self.source = np.array([self.records[i]["source"] for i in of])


def counts(lists, size):
    starts = np.cumsum([0] + [len(x) for x in lists])
    hashes = np.concatenate(lists) if lists else np.zeros(0, "i4")
    matrix = sparse.csr_matrix((np.ones(len(hashes)), hashes, starts), shape=(len(lists), size))
    matrix.sum_duplicates()
    return matrix


def folds_of(records, of):
    """A fold for each candidate; a package, or a made set's template, is never split."""
    keys = [r["source"] if r["style"] == "mined" else "%s/%s/%s" % (r["source"], r["context"], r["style"]) for r in records]
    by_record = np.array([int(hashlib.sha256(key.encode()).hexdigest(), 16) % FOLDS for key in keys])
    return by_record[of]


class Linear:
    """A logistic regression over counted hashes, its weights as signed bytes."""

    def __init__(self, matrix, y, weights, scale=None):
        fit = LogisticRegression(C=.2, solver="liblinear", tol=1e-2, random_state=1).fit(matrix, y, sample_weight=weights)
        w = fit.coef_[0]
        self.scale = scale or np.quantile(np.abs(w), .9995) / 127
        self.weights = np.clip(np.round(w / self.scale), -127, 127).astype("i8")
        self.bias = int(round(fit.intercept_[0] / self.scale))

    def score(self, matrix):
        return np.clip(self.bias + np.asarray(matrix @ self.weights).round(), -32000, 32000).astype("i8")


def out_of_fold(matrix, y, weights, folds):
    """Scores from models that have not seen what they score, and the model of everything."""
    final = Linear(matrix, y, weights)
    scores = np.zeros(len(y), "i8")
    for fold in range(FOLDS):
        there = folds != fold
        scores[~there] = Linear(matrix[there], y[there], weights[there], final.scale).score(matrix[~there])
    return scores, final


def boosted(X, y, weights):
    return HistGradientBoostingClassifier(max_iter=TREES, learning_rate=.1, max_leaf_nodes=LEAVES, min_samples_leaf=20, l2_regularization=1.0,
                                          max_bins=63, random_state=1, early_stopping=False).fit(X, y, sample_weight=weights)


class Forest:
    """The trees in integers, as C uses them."""

    def __init__(self, model):
        self.base = int(round(SCALE * float(np.ravel(model._baseline_prediction)[0])))
        self.trees = [self.tree(step[0].nodes) for step in model._predictors]

    @staticmethod
    def tree(nodes):
        out = []

        def mean(i):
            if nodes[i]["is_leaf"]:
                return float(nodes[i]["value"]), int(nodes[i]["count"])
            (a, n), (b, m) = mean(nodes[i]["left"]), mean(nodes[i]["right"])
            return (a * n + b * m) / (n + m), n + m

        def walk(i):
            if nodes[i]["is_leaf"]:
                out.append((-1, int(round(SCALE * float(nodes[i]["value"]))), 0, 0))
                return
            at = len(out)
            out.append(None)
            walk(nodes[i]["left"])
            out[at] = (int(nodes[i]["feature_idx"]), int(np.floor(nodes[i]["num_threshold"])), len(out), int(round(SCALE * mean(i)[0])))
            walk(nodes[i]["right"])

        walk(0)
        return out

    def score(self, X, trees=None):
        """Scores of @X; if given, the sums of the first @trees."""
        total = np.full(len(X), self.base, "i8")
        for tree in self.trees[:trees]:
            feature, threshold, right = (np.array([n[k] for n in tree]) for k in range(3))
            at = np.zeros(len(X), "i8")
            while True:
                inner = feature[at] >= 0
                if not inner.any():
                    break
                rows = np.nonzero(inner)[0]
                a = at[rows]
                at[rows] = np.where(X[rows, feature[a]] <= threshold[a], a + 1, right[a])
            total += threshold[at]
        return total


def crossed(X, y, weights, folds):
    """The score of each row, from trees that have not seen its fold."""
    scores = np.zeros(len(y), "i8")
    for fold in range(FOLDS):
        there = folds != fold
        scores[~there] = Forest(boosted(X[there], y[there], weights[there])).score(X[~there])
    return scores


def thresholds(scores, y, cost, forms, lines, about, budget, lowest):
    """A threshold for each form, such that a harmless line costs the same in all of them, and all together stay within @budget of @lines.

    @cost: how many harmless lines of packages a candidate stands for; 0 for secrets and for made texts.
    """
    allowed = budget * lines
    order = np.argsort(-scores[cost > 0])
    start = int(scores[cost > 0][order][np.searchsorted(np.cumsum(cost[cost > 0][order]), allowed)]) + 1
    start = max(start, lowest)
    choices = np.arange(max(lowest, start - 3 * SCALE), start + 2 * SCALE, 64)
    for price in np.geomspace(.5, 256, 91):
        table, used = [], 0
        for form in range(len(about["forms"])):
            here = forms == form
            good, bad = here & (y == 1), here & (cost > 0)
            threshold = start
            if good.sum() >= 60 and bad.sum() >= 60:
                kept = np.array([(scores[good] >= t).sum() for t in choices])
                wrong = np.array([cost[bad][scores[bad] >= t].sum() for t in choices])
                threshold = int(choices[np.argmax(kept - price * wrong)])
            table.append(threshold)
            used += cost[bad][scores[bad] >= threshold].sum()
        if used <= allowed:
            break
    else:
        table = [start] * len(about["forms"])
    return {kind: table for kind in about["kinds"]}


def gate_of(v_scores, w_scores, y, taken):
    """The gate, which rejects most harmless candidates by the two scores alone, before features are counted. A value with a digit passes it."""
    X = np.column_stack([v_scores, w_scores])
    fit = LogisticRegression(C=1.0, solver="liblinear", random_state=1).fit(X / 256, y)
    v, w = (int(round(c / np.abs(fit.coef_).max() * 64)) for c in fit.coef_[0])
    sums = v * X[:, 0] + w * X[:, 1]
    return v, w, int(np.quantile(sums[taken], GATE_LOST))


def write_table(out, data):
    text = base64.b64encode(np.array(data, "i1").tobytes()).decode()
    out.writelines(text[at:at + 76] + "\n" for at in range(0, len(text), 76))
    out.write("end\n")


def write_model(path, data, about, v, w, forest, early, gate, tables):
    with open(path, "w", encoding="ascii") as out:
        out.write("# The judge's model. Made by tools/judge/make, see tools/judge/README.md; not to be edited.\njudge-model 1\n")
        out.write("training %s\n" % data.digest)
        names = about["features"] + ["value_score", "word_score"]
        out.write("features %d\n%s\n" % (len(names), "\n".join(names)))
        for name, linear, bits in (("values", v, about["value_hashes"]), ("words", w, about["word_hashes"])):
            out.write("%s %d %d\n" % (name, bits, linear.bias))
            write_table(out, linear.weights)
        out.write("base %d\ntrees %d\n" % (forest.base, len(forest.trees)))
        for tree in forest.trees:
            out.write("tree %d\n" % len(tree))
            out.writelines("- %d\n" % t if f < 0 else "%d %d %d %d\n" % (f, t, r, m) for f, t, r, m in tree)
        out.write("early %d %d\ngate %d %d %d\n" % (early + gate))
        out.write("forms %s\nkinds %s\n" % (" ".join(about["forms"]), " ".join(about["kinds"])))
        for caution in ("low", "normal", "high"):
            for kind in about["kinds"]:
                out.write("threshold %s %s %s\n" % (caution, kind, " ".join(map(str, tables[caution][kind]))))


def main():
    parser = argparse.ArgumentParser(description="Trains the judge.")
    parser.add_argument("dump")
    parser.add_argument("output")
    parser.add_argument("records", nargs="+")
    options = parser.parse_args()

    data = Set(options.dump, options.records, train=True)
    about = data.about
    mined = ~np.char.startswith(data.source, "made")
    y = np.where(data.labels >= 1, 1, 0)
    weights = np.ones(len(y))
    for n, name in enumerate(("secret", "none")):
        of_kind = y == 1 if n == 0 else y == 0
        weights[of_kind & ~mined] = WEIGHTS["made"][n]
        weights[of_kind & mined] = WEIGHTS["fixture" if n == 0 else "mined"][n]
    folds = folds_of(data.records, data.of)
    use = data.labels >= 0
    print("%d records, %d candidates: %d made secrets, %d fixtures, %d none" % (
        len(data.records), len(y), (use & (data.labels == 1)).sum(), (data.labels == 2).sum(), (data.labels == 0).sum()))

    index = np.nonzero(use)[0]
    yy, ww, ff = y[index], weights[index], folds[index]
    v_scores, v = out_of_fold(data.v[index], yy, ww, ff)
    w_scores, w = out_of_fold(data.w[index], yy, ww, ff)
    X = np.column_stack([data.dense[index], v_scores, w_scores])

    scores = crossed(X, yy, ww, ff)
    # Mined lines that a model which has not seen them takes for certain secrets: nobody can tell.
    clear = ~((scores > 3 * SCALE) & (yy == 0) & mined[index])
    print("%d candidates are left out as doubtful" % (~clear).sum(), flush=True)

    forest = Forest(boosted(X[clear], yy[clear], ww[clear]))
    harmless = (yy == 0) & mined[index]
    cost = np.where(harmless, np.array([data.records[i].get("weight", 0) for i in data.of[index]]), 0)
    lines = sum(r.get("weight", 0) for r in data.records)
    tables = {c: thresholds(scores, yy, cost, data.forms[index], lines, about, b, LOWEST[c]) for c, b in BUDGET.items()}
    partial, whole = forest.score(X, EARLY_TREES), forest.score(X)
    high = np.array([tables["high"][about["kinds"][k]][f] for k, f in zip(data.kinds[index], data.forms[index])])
    taken = (yy == 1) & (whole >= high)
    early = (EARLY_TREES, int(np.quantile(partial[taken], EARLY_LOST)) - SCALE // 2)
    print("early: %.1f %% of what is none ends there" % (100 * (partial[yy == 0] < early[1]).mean()))
    normal = np.array([tables["normal"][about["kinds"][k]][f] for k, f in zip(data.kinds[index], data.forms[index])])
    digits = data.dense[index][:, about["features"].index("n-digits")] > 0
    gate = gate_of(v_scores, w_scores, yy, (yy == 1) & (whole >= normal) & ~digits)
    sums = gate[0] * v_scores + gate[1] * w_scores
    print("gate %d %d %d: %.1f %% of what is none ends there" % (gate + (100 * ((sums < gate[2]) & ~digits)[yy == 0].mean(),)))
    for caution in tables:
        t = np.array([tables[caution][about["kinds"][k]][f] for k, f in zip(data.kinds[index], data.forms[index])])
        made_secret = (yy == 1) & ~mined[index]
        print("%s, out of fold: made secrets %.1f %%, fixtures %.1f %%, harmless %.2f %% of %d lines; %s" % (
            caution, 100 * (scores >= t)[made_secret].mean(), 100 * (scores >= t)[(yy == 1) & mined[index]].mean(),
            100 * cost[scores >= t].sum() / lines, lines,
            " ".join("%s %d" % p for p in zip(about["forms"], tables[caution][about["kinds"][0]]))))
    write_model(options.output, data, about, v, w, forest, early, gate, tables)
    nodes = sum(map(len, forest.trees))
    print("%d nodes, %d bytes in memory without the dictionary" % (nodes, 8 * nodes + len(v.weights) + len(w.weights)))


if __name__ == "__main__":
    main()
