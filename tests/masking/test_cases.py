#!/usr/bin/env python3
"""Runs the masker over the project's own cases.

    test_cases.py [--tap] SCRUBJAYCTL [ARGUMENT...]     (arguments instead of: mask --jsonl; --tap: a line for each case)

The rules are those of the sources, or of the folder in SCRUBJAY_MASK_RULESDIR. Fails with the ids of the cases that it
gets wrong and why, never with their text.
"""

import json
import os
import re
import subprocess
import sys

from cases import all_cases

CASES_MIN = 1500
RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "rules")
MARK = re.compile(r"\[REDACTED:[a-z0-9-]+\]")


def mask(command, cases):
    """The masked text of each case, by id."""
    stream = "".join(json.dumps({"id": c["id"], "text": c["text"]}) + "\n" for c in cases)
    environment = {"SCRUBJAY_MASK_RULESDIR": os.path.abspath(RULES), **os.environ}
    done = subprocess.run(command, input=stream.encode(), stdout=subprocess.PIPE, check=True, env=environment)
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return {a["id"]: a["text"] for a in answers}


def what_is_wrong(case, text):
    """A word for what is wrong with the masked text, or None."""
    if text is None:
        return "no answer"
    if case.get("stays"):
        return None if text == case["text"] else "masked, and is no secret"
    if "gone" in case:
        return "a piece is left" if any(piece in text for piece in case["gone"]) else None
    before, after = case["before"], case["after"]
    if text == case["text"]:
        return "not masked"
    if not (text.startswith(before) and text.endswith(after)):
        return "more than the secret is masked"
    middle = text[len(before) : len(text) - len(after)]
    return None if MARK.fullmatch(middle) else "a part of the secret is left"


def main(arguments):
    tap = arguments[0] == "--tap"
    arguments = arguments[tap:]
    command = arguments if len(arguments) > 1 else [arguments[0], "mask", "--jsonl"]
    cases = list(all_cases())
    assert len(cases) >= CASES_MIN and len({c["id"] for c in cases}) == len(cases)

    masked = mask(command, cases)
    wrong = [(c["id"], what_is_wrong(c, masked.get(c["id"]))) for c in cases]
    wrong = [(case_id, why) for case_id, why in wrong if why]

    again = mask(command, [{"id": case_id, "text": text} for case_id, text in masked.items()])
    wrong += [(case_id, "masking it again changes it") for case_id in again if again[case_id] != masked[case_id]]

    if tap:
        for n, case in enumerate(cases, 1):
            print("not ok" if case["id"] in dict(wrong) else "ok", n, "-", case["id"])
        print(f"1..{len(cases)}")
    for case_id, why in wrong:
        print(f"{case_id}: {why}", file=sys.stderr)
    print(f"{len(cases)} cases, {len(wrong)} wrong", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
