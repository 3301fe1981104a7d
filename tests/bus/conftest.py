"""A private bus, and a daemon for each test."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from fixtures import bus  # noqa: E402,F401
from scrubjay_test import Daemon, Source  # noqa: E402


@pytest.fixture
def source(tmp_path):
    source = Source(tmp_path / "home" / "agentsview" / "sessions.db")
    yield source
    source.close()


@pytest.fixture
def make_daemon(tmp_path, bus):
    """Makes daemons, which are stopped at the end of the test; each must exit cleanly."""
    made = []

    def make(*arguments, start=True, **options):
        daemon = Daemon(tmp_path / "home", bus, arguments, **options)
        made.append(daemon)
        return daemon.start() if start else daemon

    yield make
    for daemon in made:
        was_running = daemon.process is not None and daemon.process.poll() is None
        status = daemon.stop()
        if was_running:
            assert status == 0, daemon.log


@pytest.fixture
def daemon(make_daemon, source):
    """Started, with an empty source, and its first cycle done."""
    daemon = make_daemon()
    daemon.wait_idle()
    return daemon
