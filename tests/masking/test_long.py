"""A value that is longer than its issuer's are today is masked to its end

The forms are those of test_random: those that are known by themselves, and those that the judge takes. A run of random
characters that may be some longer may be of any length: then the form says no length, whatever upper bound the rule's pattern
has for the work of one try.
"""

import json
import re

from test_random import ALPHABETS, N_FIRST, ROOT, alone, fill, forms, parts, rng, stays  # noqa: F401

N_LENGTHS = 4
LONGEST = 40_000  # a part of a token, and a value in quotes, are read this far
OWN_MIN, WORK_MIN = 5, 1000  # see src/mask/scanner-pattern.c, src/mask/pattern-bounds.h
RUN = re.compile(r"\{(%s):(\d+)\}" % "|".join(ALPHABETS))


def with_length(example, run, n):
    return f"{example[:run.start()]}{{{run[1]}:{n}}}{example[run.end():]}"


def has_bounds(rule):
    """Has its pattern upper bounds? What follows a short literal stands in any long run of base64: there only those that limit
    work count; a lower one is a part of the form."""
    bounds = [int(high) for low, high in re.findall(r"\{(\d+),(\d+)\}", rule.get("pattern", "")) if low != high]
    own = all(len(literal) >= OWN_MIN for literal in rule.get("literals", ()))
    return any(own or bound >= WORK_MIN for bound in bounds)


def rules():
    for path in sorted((ROOT / "data" / "rules").glob("*.json")):
        yield from json.loads(path.read_text())["rules"]


def runs(rng):
    """(rule, form, run) for each run of random characters in the one secret of a form."""
    bounded = {rule["id"] for rule in rules() if has_bounds(rule)}
    judge = {rule["id"] for rule in rules() if rule.get("type") == "judge"}
    each = [(rule, example) for rule, example, _ in forms()
            if rule in bounded | judge and example.count("<<") == 1 and "\n" not in example]
    cases = [alone(parts(fill(rng, example))) for _, example in each for _ in range(N_FIRST)]
    left = iter(stays(cases))
    for rule, example in each:
        known = not sum(next(left) for _ in range(N_FIRST))
        if known or rule in judge:
            form = "See <<%s>> there." % re.search("<<(.*?)>>", example, re.S)[1] if known else example
            for run in RUN.finditer(form, form.index("<<"), form.index(">>")):
                yield rule, form, run


def lengths(rng, n):
    """Any lengths, each magnitude equally often."""
    return [int(n * (LONGEST / n) ** rng.uniform(0.1, 1)) for _ in range(N_LENGTHS)]


def test_nothing_of_a_long_value_stays(rng):  # noqa: F811
    each = list(runs(rng))
    near = [parts(fill(rng, with_length(form, run, int(run[2]) + more))) for _, form, run in each for more in range(6)]
    left = iter(stays(near))
    open_ended = [case for case in each if not sum([next(left) for _ in range(6)])]
    print(len(each), "runs,", len(open_ended), "of them may be longer")
    assert len(open_ended) > 200
    long = [(rule, form, n, parts(fill(rng, with_length(form, run, n)))) for rule, form, run in open_ended
            for n in lengths(rng, int(run[2]))]
    left = stays([text for _, _, _, text in long])
    failed = [f"{rule}: a run of {n} stays: {form}" for (rule, form, n, _), stay in zip(long, left) if stay]
    assert not failed, "\n".join(failed)
