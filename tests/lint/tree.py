"""The project's tracked files, for the checks in this folder"""

import os
import subprocess

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def tracked(*endings):
    """Paths of tracked and new files, relative to the top; those with one of the endings, or all."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    out = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout
    found = sorted(path for path in set(out.split("\0")) if path and os.path.isfile(os.path.join(TOP, path)))
    assert found, "no tracked files: this needs a git checkout"
    return [path for path in found if not endings or path.endswith(endings)]


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as f:
        return f.read()
