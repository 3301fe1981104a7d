"""A source that uses every table; how many rounds the random tests run"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from busy_source import fill  # noqa: E402
from fixtures import bus  # noqa: E402,F401
from scrubjay_test import Source  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=int(os.environ.get("SCRUBJAY_FAULT_ROUNDS", "40")),
                     help="how many random kills (the nightly form: 500)")


@pytest.fixture
def rounds(request):
    return request.config.getoption("--rounds")


@pytest.fixture
def source(tmp_path):
    source = Source(tmp_path / "agentsview" / "sessions.db")
    fill(source)
    yield source
    source.close()
