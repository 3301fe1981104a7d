"""No real value is refused: a thousand fresh random ones of each form of each rule that knows a form or is judged

The forms are the positive examples of the rules; what stands between << and >> in one is the secret. Each value is drawn
as an issuer draws it, each character by itself. A value stands in its example, and, where the form is known by itself, alone
in a sentence: each of them must go.
"""

import json
import os
import re
import string
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SCRUBJAY_BUILD", ROOT / "build"))
sys.path[:0] = [str(ROOT / "tests" / "lib")]

from fixtures import rng  # noqa: E402,F401
from planted import ALNUM, HEX, base62_crc  # noqa: E402

N = 1000        # values for each form
N_JUDGED = 300  # for each judged form, since there are more of them
N_FIRST = 20    # to find out whether a form is recognised by itself
N_AGAIN = 3000
B58 = "".join(c for c in ALNUM if c not in "0OIl")
ALPHABETS = {
    "digit": string.digits, "lower": string.ascii_lowercase, "upper": string.ascii_uppercase,
    "alpha": string.ascii_letters, "alnum": ALNUM, "lalnum": string.digits + string.ascii_lowercase,
    "ualnum": string.digits + string.ascii_uppercase, "hex": HEX, "HEX": HEX.upper(),
    "base32": string.ascii_uppercase + "234567", "base58": B58, "base64": ALNUM + "+/", "base64url": ALNUM + "-_",
    "bech32": "qpzry9x8gf2tvdw0s3jn54khce6mua7l",
}


def pick(rng, n, alphabet=ALNUM):
    return "".join(rng.choices(alphabet, k=n))


def luhn(rng, n):
    body = "45" + pick(rng, n - 3, string.digits)
    total = sum(sum(divmod(2 * int(c), 10)) if i % 2 == 0 else int(c) for i, c in enumerate(reversed(body)))
    return body + str(-total % 10)


def draw(rng, kind, argument):
    if kind == "uuid":
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))
    if kind == "crc32":
        body = pick(rng, 30)
        return body + base62_crc(body)
    if kind == "luhn":
        return luhn(rng, int(argument))
    return pick(rng, int(argument), ALPHABETS[kind])


def fill(rng, template):
    return re.sub(r"\{(\w+):(\w+)\}", lambda m: draw(rng, m[1], m[2]), template)


def forms():
    """(rule, example, is it judged) for each form: of each rule with a pattern that is not only judged (rank 2), and of the judge."""
    for path in sorted((ROOT / "data" / "rules").glob("*.json")):
        for rule in json.loads(path.read_text())["rules"]:
            kind = rule.get("type", "pattern")
            if kind == "judge" or (kind == "pattern" and rule.get("rank", 0) < 2):
                for example in rule["examples"]["positive"]:
                    yield rule["id"], example, kind == "judge" or rule.get("guards", {}).get("judged", False)


def parts(text):
    """The text without its marks, and its secrets."""
    return re.sub("<<|>>", "", text), re.findall("<<(.*?)>>", text, re.S)


def stays(texts):
    """For each (text, secrets): is any byte of a secret left?"""
    lines = "".join(json.dumps({"id": n, "text": text}) + "\n" for n, (text, _) in enumerate(texts))
    done = subprocess.run([BUILD / "src" / "ctl" / "scrubjayctl", "mask", "--jsonl"], input=lines.encode(),
                          stdout=subprocess.PIPE, check=True,
                          env={**os.environ, "SCRUBJAY_MASK_RULESDIR": str(ROOT / "data" / "rules")})
    answers = done.stdout.splitlines()
    assert len(answers) == len(texts)
    return [not all(is_covered(text.encode(), secret.encode(), json.loads(line)["findings"]) for secret in secrets)
            for (text, secrets), line in zip(texts, answers)]


def is_covered(text, secret, findings):
    at, end = text.index(secret), text.index(secret) + len(secret)
    for finding in findings:
        if finding["start"] <= at < finding["end"]:
            at = finding["end"]
    return at >= end


def alone(case):
    _, (secret,) = case
    return f"See {secret} there.", [secret]


def count(rng, cases):
    """How many fresh values stay, for each (example, is it known alone, how many values)."""
    texts = [parts(fill(rng, example)) for example, _, n in cases for _ in range(n)]
    own = [known for _, known, n in cases for _ in range(n)]
    left = iter(stays([alone(text) if known else text for text, known in zip(texts, own)]))
    return [sum(next(left) for _ in range(n)) for _, _, n in cases]


def test_no_random_value_is_refused(rng):
    each = list(forms())
    first = [[parts(fill(rng, example)) for _ in range(0 if judged else N_FIRST)] for _, example, judged in each]
    left = iter(stays([alone(case) for cases in first if cases and len(cases[0][1]) == 1 for case in cases]))
    # otherwise it needs the words around it, as judged values do
    own = [bool(cases) and len(cases[0][1]) == 1 and sum(next(left) for _ in cases) <= N_FIRST / 2 for cases in first]
    cases = [(example, known, N_JUDGED if judged else N) for (_, example, judged), known in zip(each, own)]
    stay = count(rng, cases)
    print("\n".join("%s: %d of %d stay%s: %s" % (each[n][0], k, cases[n][2], " alone" if own[n] else "", cases[n][0])
                    for n, k in enumerate(stay) if k))
    # Of a form hardly ever: of some hundred values one stays by luck, of thousands not six (of what is judged: not thirty).
    doubtful = [n for n, k in enumerate(stay) if k * 1000 > cases[n][2]]
    again = count(rng, [(cases[n][0], own[n], N_AGAIN) for n in doubtful])
    often = ["%s: %d of %d stay: %s" % (each[n][0], k, N_AGAIN, cases[n][0]) for n, k in zip(doubtful, again)
             if k * (100 if each[n][2] else 500) > N_AGAIN]
    assert not often, "\n".join(often)
    # Nor 0.01 % of everything known by a form, or of everything judged. Chance is checked twice here as well.
    for judged in (False, True):
        group = [n for n, (_, _, is_judged) in enumerate(each) if is_judged == judged]
        total, of = sum(stay[n] for n in group), sum(cases[n][2] for n in group)
        if total * 10_000 > of:
            total += sum(count(rng, [(cases[n][0], own[n], 3 * cases[n][2]) for n in group]))
            of *= 4
        assert total * 10_000 <= of, "%d of %d stay" % (total, of)


def test_the_key_of_an_issuer_goes(rng):
    names = {name for rule in json.loads((ROOT / "data" / "rules" / "providers.json").read_text())["rules"]
             for name in rule.get("names", [])}
    assert len(names) > 100
    values = ("{uuid:1}", "{hex:32}", "{alnum:32}", "{alnum:20}")
    lines = ('"%s_key": "<<%s>>"', "%s_KEY=<<%s>>", '%s_key = "<<%s>>"', '%sKey: "<<%s>>"')
    cases = [(line % (name.upper() if line.startswith("%s_KEY") else name, value)) for name in sorted(names)
             for line in lines for value in values]
    left = [case for case, stay in zip(cases, stays([parts(fill(rng, case)) for case in cases])) if stay]
    print("\n".join(left))
    assert len(left) * 500 <= len(cases)
