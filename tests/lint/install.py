#!/usr/bin/env python3
"""
meson install puts every file where it belongs, and an uninstall leaves nothing

Usage: install.py BUILD STAGE. BUILD is a configured and built folder; STAGE is made anew. Exits 1 with what is wrong.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import sys


def files_below(folder):
    return {os.path.join(top, name) for top, _, names in os.walk(folder) for name in names}


def wanted(options):
    """Where a file of each kind must be, from the build's own options."""
    prefix = options["prefix"]

    def place(name, default):
        return os.path.join(prefix, options.get(name) or default)

    return {
        "the daemon": os.path.join(prefix, options["bindir"], "scrubjayd"),
        "the command": os.path.join(prefix, options["bindir"], "scrubjayctl"),
        "the user unit": os.path.join(place("systemduserunitdir", "lib/systemd/user"), "scrubjay.service"),
        "the D-Bus activation file": os.path.join(place("dbussessionservicedir", "share/dbus-1/services"),
                                                  "org.scrubjay.Sync1.service"),
        "the D-Bus interface": os.path.join(prefix, options["datadir"], "dbus-1/interfaces/org.scrubjay.Sync1.xml"),
        "the journal catalog": os.path.join(place("catalogdir", "lib/systemd/catalog"), "scrubjay.catalog"),
        "the settings": os.path.join(prefix, options["sysconfdir"], "scrubjay/scrubjay.conf"),
    }


def main():
    build, stage = (os.path.abspath(path) for path in sys.argv[1:3])
    wrong = []
    shutil.rmtree(stage, ignore_errors=True)
    introspect = subprocess.run(["meson", "introspect", "--buildoptions", build], check=True, capture_output=True)
    options = {option["name"]: option["value"] for option in json.loads(introspect.stdout)}

    environ = dict(os.environ, DESTDIR=stage)
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet"], check=True, env=environ)
    installed = {"/" + os.path.relpath(path, stage) for path in files_below(stage)}
    print("\n".join(sorted(installed)))

    for what, path in wanted(options).items():
        if path not in installed:
            wrong.append("%s is not at %s" % (what, path))
    rules = os.path.join(options["prefix"], options["datadir"], "scrubjay/rules/")
    if not any(path.startswith(rules) and path.endswith(".json") for path in installed):
        wrong.append("no rules in %s" % rules)
    for path in sorted(installed):
        mode = stat.S_IMODE(os.lstat(stage + path).st_mode)
        is_program = os.path.basename(os.path.dirname(path)) in ("bin", "sbin", "libexec", "scrubjay") and mode & 0o111
        if mode & 0o022 or (mode & 0o111 and not is_program):
            wrong.append("%s has mode %04o" % (path, mode))
        with open(stage + path, "rb") as f:
            data = f.read()
        if stage.encode() in data:
            wrong.append("%s holds the staging folder's path" % path)
        if path.endswith((".service", ".conf", ".xml")) and b"@" in data.replace(b"%", b""):
            left = [word for word in data.decode().split("@")[1::2] if word.isupper() or word.islower()]
            if any(word.replace("_", "").isalnum() and "\n" not in word for word in left):
                wrong.append("%s has a placeholder that nobody replaced" % path)

    pages = [path for path in installed if re.search(r"/man\d/[^/]+\.\d$", path)]
    if not pages:
        wrong.append("no manual page is installed")
    for path in pages:
        with open(stage + path) as f:
            text = re.sub(r"\\(?:f.|&)|\\(?=[-.])", "", f.read())
        wrong += ["%s names %s, which is not installed" % (path, name)
                  for name in sorted(set(re.findall(r"(?<![\w~.*/])/(?:[\w.+-]+/)+[\w.+-]*scrubjay[\w.-]*\.(?:conf|catalog|json|xml|service)\b(?!\.d)", text)))
                  if name not in installed]

    # messages, pages and settings name files of this installation, never of the checkout
    datadir = os.path.join(options["prefix"], options["datadir"])
    for path in sorted(path for path in installed if "/doc/" not in path):
        with open(stage + path, "rb") as f:
            data = f.read()
        if path in pages:
            data = re.sub(rb"\\(?:f.|&)|\\(?=[-.])", b"", data)
        names = {name.decode() for name in re.findall(re.escape(datadir.encode()) + rb"/[\w./+-]*[\w+-]", data)}
        wrong += ["%s names %s, which is not installed" % (path, name) for name in sorted(names)
                  if not any(other == name or other.startswith(name + "/") for other in installed)]
        wrong += ["%s names %s, which only a checkout has" % (path, name.decode())
                  for name in sorted(set(re.findall(rb"\bdocs/[\w-]+\.md", data)))]

    log = os.path.join(build, "meson-logs", "install-log.txt")
    with open(log) as f:
        listed = [line.rstrip("\n") for line in f if line.startswith("/")]
    if {path for path in listed if os.path.isfile(path)} != {stage + path for path in installed}:
        wrong.append("the install log, which an uninstall goes by, is not what was installed")
    subprocess.run(["ninja", "-C", build, "uninstall"], check=True, env=environ, stdout=subprocess.DEVNULL)
    left = files_below(stage)
    wrong += ["an uninstall leaves %s" % path for path in sorted(left)]

    for sentence in wrong:
        print("wrong: " + sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
