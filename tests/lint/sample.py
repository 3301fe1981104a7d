#!/usr/bin/env python3
"""
tools/quickstart on its sample: what it shows and makes contains markers and no planted secret, and the commands that it prints work

Usage: sample.py BUILD. BUILD is the folder that it builds in. Exits 1 with what is wrong.
"""

import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))


def planted_secrets():
    """Every secret that is made for the sample, including those that it no longer holds at the end."""
    import planted
    loader = importlib.machinery.SourceFileLoader("make_sample", os.path.join(TOP, "tools", "make-sample"))
    spec = importlib.util.spec_from_loader("make_sample", loader)
    module = importlib.util.module_from_spec(spec)
    made = []
    makers = planted.EVERY

    def remembering(make):
        def remember(rng):
            made.append(make(rng))
            return made[-1]
        return remember
    planted.EVERY = tuple(remembering(make) for make in makers)
    loader.exec_module(module)
    with tempfile.TemporaryDirectory() as folder:
        sys.argv[1:] = [os.path.join(folder, "sessions.db")]
        assert module.main() == 0
    return made


def typed(build, output):
    """What is wrong with the commands that it prints at its end."""
    lines = output.splitlines()
    shown = lines[lines.index("Look at it:") + 1:]
    commands = [line.strip() for line in shown[:3]]
    wrong = []
    path = os.path.join(build, "root", "bin") + ":" + os.environ["PATH"]
    for command, word in zip(commands, ("sessions", "robot", "github-pat")):
        done = subprocess.run(["sh", "-c", command], env=dict(os.environ, PATH=path), capture_output=True, text=True)
        if done.returncode != 0 or word not in done.stdout:
            wrong.append("'%s' does not find the sample: %s" % (command, done.stderr.strip()))
    removal = [n for n, line in enumerate(shown) if line.startswith("To uninstall")]
    if not removal or not all(line.startswith("    ") for line in shown[removal[-1] + 1:]):
        wrong.append("how to remove all of it is not the last thing that it says")
    elif not any("uninstall" in line for line in shown[removal[-1] + 1:]):
        wrong.append("it does not say how to remove what it installed")
    return wrong


def main():
    build = sys.argv[1]
    root, sample = (os.path.join(build, folder) for folder in ("root", "sample"))
    for folder in (root, sample):
        shutil.rmtree(folder, ignore_errors=True)
    command = [os.path.join(TOP, "tools", "quickstart"), "--build", build, "--prefix", root, "--sample"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(output)

    wrong = []
    if "systemctl --user enable --now scrubjay" not in output:
        wrong.append("it does not say how to start the service")
    texts = {"its output": output.encode()}
    with open(os.path.join(sample, "archive", "archive.db"), "rb") as f:
        texts["the archive"] = f.read()
    with open(os.path.join(sample, "sessions.db"), "rb") as f:
        source = f.read()
    used = [secret for secret in planted_secrets() if all(part.encode() in source for part in secret.gone)]
    if len(used) < 8:
        wrong.append("the sample holds %d planted secrets only" % len(used))
    for what, data in texts.items():
        if len(re.findall(rb"\[REDACTED:[a-z0-9-]+\]", data)) < 5:
            wrong.append("%s shows no masked places" % what)
        wrong += ["%s holds a secret (%s)" % (what, secret.kind) for secret in used
                  if any(part.encode() in data for part in secret.gone)]
    wrong += typed(build, output)
    for sentence in wrong:
        print("wrong: " + sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
