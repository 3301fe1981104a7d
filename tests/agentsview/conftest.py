"""Fixtures: a home folder with agentsview and scrubjay side by side in it"""

import os
import sys

import pytest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), folder) for folder in ("", "../lib")]

from clickhouse import Server               # noqa: E402
from desk import Desk                       # noqa: E402
from planted import EVERY, one_of_each      # noqa: E402
from postgresql import Server as PostgreSql     # noqa: E402


@pytest.fixture
def empty_desk(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return Desk(home)


@pytest.fixture
def desk(empty_desk):
    """Four sessions, every kind of secret in each of the first two, read by agentsview; scrubjay has not run yet."""
    for n in range(4):
        secrets = one_of_each(seed=n, makers=EVERY) if n < 2 else []
        empty_desk.transcript(project=n % 2).rounds(6, secrets).save()
    empty_desk.viewer.sync()
    return empty_desk


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A real ClickHouse."""
    server = Server(tmp_path_factory.mktemp("clickhouse"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgresql():
    """A real PostgreSQL, with agentsview's schema."""
    server = PostgreSql(None)
    yield server
    server.stop()
