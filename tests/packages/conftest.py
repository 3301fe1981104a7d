"""Fixtures: the built packages, and a fresh Debian in which they are installed"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "lib")]

from fresh_root import TOP, FreshRoot, build_packages, make_base, run  # noqa: E402


@pytest.fixture(scope="session")
def made():
    """(the .changes file, a base system): made in parallel, since one computes and the other downloads."""
    assert os.geteuid() == 0, "these tests make a root and namespaces: run them as root"
    with tempfile.TemporaryDirectory(prefix="scrubjay-packages-", dir="/var/tmp") as folder:
        folder = Path(folder)
        folder.chmod(0o755)
        with ThreadPoolExecutor() as pool:
            base = pool.submit(make_base, folder)
            changes = pool.submit(build_packages, folder / "build")
            yield changes.result(), base.result()


@pytest.fixture(scope="session")
def changes(made):
    return made[0]


@pytest.fixture(scope="session")
def package(changes):
    found, = changes.parent.glob("scrubjay_*.deb")
    return found


@pytest.fixture(scope="session")
def debian(made, package):
    """A fresh Debian with the package, and a logged-in person."""
    fresh = FreshRoot(made[1], made[1].parent / "root")
    try:
        fresh.install(package)
        fresh.log_in()
        sample = made[1].parent / "sample.db"
        run(sys.executable, TOP / "tools" / "make-sample", sample)
        fresh.sample = sample.read_bytes()
        yield fresh
    finally:
        fresh.log_out()
