"""scrubjayd with faults preloaded: a system call that fails, is torn or is the last one, at a chosen moment"""

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scrubjay_test import BUILD, RULES, SCRUBJAYD, clean_environment

LIBRARY = BUILD / "tests" / "faults" / "faults.so"
# Each run should be fast: no git processes, and few rules, since loading all of them takes longer than the sync.
_rules = tempfile.TemporaryDirectory(prefix="scrubjay-rules-")
for name in ("databases.json", "generic.json"):
    shutil.copy(RULES / name, _rules.name)
IDENTITY = {"SCRUBJAY_IDENTITY_USERID": "ada@example.com", "SCRUBJAY_IDENTITY_USERNAME": "Ada",
            "SCRUBJAY_MASK_RULESDIR": _rules.name}


def environment(home, **faults):
    """Keys are those of faults.c, in lower case and without FAULT_."""
    assert LIBRARY.exists(), f"{LIBRARY} is not there: build first"
    given = {f"FAULT_{name.upper()}": str(value) for name, value in faults.items()}
    return clean_environment(home) | IDENTITY | {"LD_PRELOAD": str(LIBRARY)} | given


@dataclass
class Run:
    status: int
    errors: str
    n_calls: int
    n_allocations: int

    @property
    def killed(self):
        return self.status == -signal.SIGKILL


def run_once(source, archive, timeout=60, settings=None, **faults):
    """Runs --once, with faults below the archive's folder."""
    folder = Path(archive).parent
    count = folder.parent / "fault-count"
    count.unlink(missing_ok=True)
    done = subprocess.run(
        [SCRUBJAYD, "--once", "--source", source, "--archive", archive],
        env=environment(folder.parent, folder=folder, count=count, **faults) | (settings or {}),
        capture_output=True, text=True, timeout=timeout)
    counted = count.read_text().split() if count.exists() else (0, 0)
    return Run(done.returncode, done.stderr, *map(int, counted))


def copy_folder(origin, target):
    """Copies a folder as it is to another place."""
    shutil.rmtree(target, ignore_errors=True)
    if os.path.exists(origin):
        shutil.copytree(origin, target)
    return Path(target)
