"""agentsview versions, old and new, from PyPI, each in its own folder below build-test"""

import os
import subprocess
import sys
import tempfile

# One for each form that its database had; all other tests run the newest.
VERSIONS = ("0.16.1", "0.20.0", "0.24.0", "0.30.1", "0.35.2", "0.40.1", "0.44.0", "0.45.0", "0.46.0", "0.46.1")

FOLDER = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "build-test", "agentsview"))


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def program(version):
    """The binary of that version; installs it if necessary."""
    folder = os.path.join(FOLDER, version)
    pip = os.path.join(FOLDER, "pip", "bin", "pip")
    if not os.path.isdir(folder):
        if not os.path.exists(pip):
            _run(sys.executable, "-m", "venv", os.path.join(FOLDER, "pip"))
        with tempfile.TemporaryDirectory(dir=FOLDER) as made:
            _run(pip, "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile", "--target",
                 os.path.join(made, version), "agentsview==" + version)
            os.rename(os.path.join(made, version), folder)
    return os.path.join(folder, "agentsview", "bin", "agentsview")
