"""A real ClickHouse for all tests here, a database of its own for each."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from clickhouse import Server  # noqa: E402
from person import Person  # noqa: E402
from fixtures import bus  # noqa: E402,F401


@pytest.fixture(scope="session")
def running_server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("clickhouse"))
    yield server
    server.stop()


@pytest.fixture
def server(running_server):
    """The server with an empty database, and nothing wrong with it."""
    running_server.new_database()
    yield running_server
    running_server.clear_faults()


@pytest.fixture
def make_person(tmp_path, server):
    """People with a home, a source and a remote; their daemons are stopped at the end."""
    made = []

    def make(name="ann", **options):
        person = Person(tmp_path / name, name, server, **options)
        made.append(person)
        return person

    yield make
    for person in made:
        person.close()


@pytest.fixture
def ann(make_person):
    return make_person("ann")
