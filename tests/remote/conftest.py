"""Real servers for all tests here, with a database for each test. Tests that apply to every server run with each kind."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import clickhouse  # noqa: E402
import postgresql  # noqa: E402
from person import Person  # noqa: E402
from fixtures import bus  # noqa: E402,F401

KINDS = {"clickhouse": clickhouse.Server, "postgresql": postgresql.Server}


def pytest_configure(config):
    config.addinivalue_line("markers", "only(kind): it is about this kind of server alone")


def pytest_collection_modifyitems(items):
    """A test for one kind does not run with the others."""
    def is_meant(item):
        only = item.get_closest_marker("only")
        kind = getattr(item, "callspec", None) and item.callspec.params.get("running_server")
        return not only or not kind or kind == only.args[0]

    items[:] = [item for item in items if is_meant(item)]


@pytest.fixture(scope="session", params=sorted(KINDS))
def running_server(request, tmp_path_factory):
    server = KINDS[request.param](tmp_path_factory.mktemp(request.param))
    yield server
    server.stop()


@pytest.fixture
def server(running_server):
    """The server, with an empty database and no faults."""
    running_server.new_database()
    yield running_server
    running_server.clear_faults()
    running_server.drop_databases()


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
