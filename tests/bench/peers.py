"""Other scanners on the same text, in the same run: MB a second of CPU, and how many findings

They mask nothing: each reads a file and reports. Ours masks and writes the text. betterleaks and gitleaks come as Go
modules, kingfisher and CredSweeper from PyPI; what cannot be had is said by name.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import rows
from lab import BUILD, RULES, SOURCES, TookTooLong

MOST_SECONDS = 120  # of CPU, for some MB: whatever takes longer is so far behind the others that it does not matter how far
HOME = SOURCES / "build-bench" / "peers"
GO = {"betterleaks": "github.com/betterleaks/betterleaks@v1.1.1", "gitleaks": "github.com/zricethezav/gitleaks/v8@v8.30.1"}
PYPI = {"kingfisher": "kingfisher-bin", "credsweeper": "credsweeper"}


def leaks_report(path):
    return len(json.loads(path.read_text() or "[]") or [])


def kingfisher_report(path):
    """JSON lines, or one document, depending on the version."""
    text = path.read_text()
    try:
        document = json.loads(text)
    except ValueError:
        return sum(line.startswith("{") for line in text.splitlines())
    return len(document.get("findings", document) if isinstance(document, dict) else document)


# name: (command on FILE with a report, how to count the findings in it)
COMMANDS = {
    "betterleaks": (["dir", "FILE", "--no-banner", "--exit-code", "0", "--report-format", "json", "--report-path", "REPORT"],
                    leaks_report),
    "gitleaks": (["dir", "FILE", "--no-banner", "--exit-code", "0", "--report-format", "json", "--report-path", "REPORT"],
                 leaks_report),
    "kingfisher": (["scan", "FILE", "--no-validate", "--no-update-check", "--format", "json", "--output", "REPORT"],
                   kingfisher_report),
    "credsweeper": (["--path", "FILE", "--save-json", "REPORT", "--log", "silence"], leaks_report),
}


def install(name):
    """The program's path. Raises RuntimeError with a reason if it cannot be installed."""
    found = shutil.which(name)
    if found:
        return found
    path = HOME / "bin" / name if name in GO else HOME / name / "bin" / name
    if path.exists():
        return str(path)
    HOME.mkdir(parents=True, exist_ok=True)
    if name in GO:
        if not shutil.which("go"):
            raise RuntimeError("there is no Go here to build it with")
        # not `go install`, which asks the proxy for the list of versions: some proxies have only the versions themselves
        done = subprocess.run(["go", "mod", "download", "-json", GO[name]], capture_output=True, text=True, cwd=HOME)
        said = json.loads(done.stdout or "{}")
        if "Dir" not in said:
            raise RuntimeError((said.get("Error") or done.stderr.strip() or "it cannot be downloaded").splitlines()[0])
        commands = [["go", "build", "-C", said["Dir"], "-o", path, "."]]
    else:
        commands = [[sys.executable, "-m", "venv", HOME / name],
                    [HOME / name / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", PYPI[name]]]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError((done.stderr.strip().splitlines() or ["it cannot be installed"])[0])
    if not path.exists():
        raise RuntimeError(f"its package brings no '{name}'")
    return str(path)


def version_of(name, program):
    """A program that was built from a module does not know its version."""
    if name in GO and Path(program).is_relative_to(HOME):
        return GO[name].rpartition("@v")[2]
    done = subprocess.run([program, "version" if name in GO else "--version"], capture_output=True, text=True)
    return (done.stdout.split() or [""])[-1]


def peer(lab, name, path, n_bytes, n_runs):
    program = install(name)
    arguments, count = COMMANDS[name]
    report = lab.path(f"{name}.json")
    command = [{"FILE": str(path), "REPORT": str(report)}.get(word, word) for word in arguments]
    told = f"  {name} {version_of(name, program)}"
    runs = []
    try:
        for _ in range(n_runs):
            report.unlink(missing_ok=True)
            runs.append(lab.measure(program, *command, fine=(0, 1, 200, 205), most_seconds=MOST_SECONDS))
            if runs[-1]["cpu_usec"] > 20e6:     # a run of this length varies little
                break
    except TookTooLong as error:
        return rows.Row(f"{told}: stopped, {error}", MOST_SECONDS * 1e6, text_bytes=n_bytes)
    return rows.row(f"{told}: {count(report):,} findings", runs, text_bytes=n_bytes)


def all_rows(lab, path, n_runs=3):
    """Ours first; for the others, with their default settings, how many times our CPU they take."""
    n_bytes = Path(path).stat().st_size
    runs = [lab.measure(BUILD / "src" / "ctl" / "scrubjayctl", "mask", given=path,
                        environment=lab.environment | {"SCRUBJAY_MASK_RULESDIR": str(RULES)}) for _ in range(n_runs)]
    n_masked = runs[0]["stdout"].count("[REDACTED:")
    ours = rows.row(f"scrubjayctl mask: {n_masked:,} places masked", runs, text_bytes=n_bytes)
    yield ours
    for name in COMMANDS:
        try:
            other = peer(lab, name, path, n_bytes, n_runs)
        except RuntimeError as error:
            print(f"    {name} is left out: {error}", flush=True)
            continue
        other.problems.append(f"{other.cpu_usec / ours.cpu_usec:.1f} times our CPU")
        yield other
