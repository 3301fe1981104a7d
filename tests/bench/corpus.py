"""The text that the sessions of the benchmarks are made of: code, shell output and prose of this very machine

Nothing of it is kept in the tree: headers and Python modules are on every machine that can build scrubjay. Files are
taken in the order of their names, so the same machine gives the same text every time.
"""

import os
import subprocess
from pathlib import Path

CODE = ("/usr/include", "/usr/lib/python3", "/usr/lib/python3.11", "/usr/lib/python3.10", "/usr/lib/python3.12",
        "/usr/lib/python3.13")
ENDINGS = (".h", ".py", ".hpp")
CODE_BYTES = 24 << 20
PROSE = ("/usr/share/common-licenses", "/usr/share/perl", "/usr/share/doc")
PROSE_NAMES = (".pod", "README", "README.Debian", "NEWS", "GPL-3", "GPL-2", "LGPL-2.1", "MPL-2.0", "Apache-2.0")
PROSE_BYTES = 4 << 20
COMMANDS = (
    ["ls", "-lR", "--time-style=+%F %T", "/usr/include"],
    ["find", "/usr/lib/python3", "-name", "*.py", "-size", "+8k", "-ls"],
    ["grep", "-rnE", "(define|struct) [a-z_]*(size|open|read)", "/usr/include/linux"],
    ["dpkg", "-l"],
    ["sh", "-c", "cd /usr/include && wc -l *.h && sha256sum *.h"],
    ["apt-cache", "policy"],
    ["env", "-i", "git", "--help", "--all"],
)
SHELL_BYTES = 6 << 20


def files_below(folders, endings):
    for folder in folders:
        for path, names, files in os.walk(folder):
            names.sort()
            yield from (Path(path, name) for name in sorted(files) if name.endswith(endings))


def collect(folders, endings, limit):
    """Text of every file, but not too much of any one, until there is enough."""
    size = 0
    for path in files_below(folders, endings):
        try:
            text = path.read_bytes()[:60000].decode("utf-8", "replace").replace("\0", "")
        except OSError:
            continue
        size += len(text)
        yield text
        if size >= limit:
            return


def shell_output():
    for command in COMMANDS:
        try:
            done = subprocess.run(command, capture_output=True, check=False,
                                  env={"LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/"})
        except FileNotFoundError:
            continue
        text = done.stdout.decode("utf-8", "replace").replace("\0", "")
        yield f"$ {' '.join(command)}\n{text[:SHELL_BYTES // 4]}"


def write(folder):
    """Writes code, shell and prose to the folder, unless they are there; returns their paths."""
    paths = [Path(folder, name) for name in ("code", "shell", "prose")]
    if all(path.exists() for path in paths):
        return paths
    texts = (collect(CODE, ENDINGS, CODE_BYTES), shell_output(), collect(PROSE, PROSE_NAMES, PROSE_BYTES))
    for path, text in zip(paths, texts):
        data = "\n".join(text).encode()
        if len(data) < 100_000:
            raise RuntimeError(f"this machine has too little text for '{path.name}': {len(data)} bytes")
        path.write_bytes(data)
    return paths
