"""A user manager, once for root and once for an unprivileged user; a clean one for each test."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from scrubjay_test import wait_for  # noqa: E402
from user_session import Session  # noqa: E402


@pytest.fixture(scope="session", params=[0, 1000], ids=["root", "unprivileged"])
def manager(request):
    assert os.geteuid() == 0, "these tests make namespaces: run them as root"
    session = Session(request.param)
    yield session
    session.close()


@pytest.fixture
def session(manager):
    manager.clean()
    manager.began = manager.run("date", "+%Y-%m-%d %H:%M:%S.%6N").stdout.strip()
    yield manager


@pytest.fixture
def started(session):
    """Enabled and started, with an empty source at its default path."""
    source = session.source()
    session.systemctl("enable", "--now", "scrubjay.service")
    session.db = source
    wait_for(lambda: session.status()["LastSyncAt"] > 0, "the first cycle")
    yield session
    source.close()
