"""A person labels what tests/masking/wrong finds, and the labels are found again at another path and for another model's answers"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SCRUBJAY_BUILD", ROOT / "build"))
sys.path[:0] = [str(ROOT / "tests" / "lib")]

from fixtures import rng  # noqa: E402,F401
from planted import ALNUM  # noqa: E402


def wrong(*arguments):
    done = subprocess.run([sys.executable, ROOT / "tests" / "masking" / "wrong", "--scrubjayctl", BUILD / "src" / "ctl" / "scrubjayctl", *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_labels_that_a_person_gave_are_counted(tmp_path, rng):
    passwords = ["".join(rng.choices(ALNUM, k=40)) for _ in range(3)]
    folder = tmp_path / "texts"
    (folder / "a").mkdir(parents=True)
    for n, password in enumerate(passwords):
        (folder / "a" / f"{n}.env").write_text(f"NAME=app{n}\nDB_PASSWORD={password}\nHOST=localhost\n")
    unread, labels = tmp_path / "unread", tmp_path / "labels"

    assert "read: right 0, wrong 0, unread 3;" in wrong(folder, "--unread", unread)
    lines = unread.read_text().splitlines()
    assert len(lines) == 3 and all(f"[{p}]" in unread.read_text() for p in passwords)
    # Label and hash are enough; the findings' texts need not be stored with them.
    labels.write_text("".join(f"{label} {re.match('[?] ([0-9a-f]+) ', line)[1]}\n" for label, line in zip(("right", "wrong"), lines)))

    (folder / "a").rename(folder / "b")
    told = wrong(folder, "--labels", labels, "--unread", unread)
    assert "read: right 1, wrong 1, unread 1;" in told
    assert len(unread.read_text().splitlines()) == 1
