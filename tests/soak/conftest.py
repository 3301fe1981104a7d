"""The length of the soak: a minute, or what --minutes says"""

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lib"), str(TESTS / "faults")]

from fixtures import bus, source  # noqa: E402,F401


def pytest_addoption(parser):
    parser.addoption("--minutes", type=float, default=float(os.environ.get("SCRUBJAY_SOAK_MINUTES", "1")),
                     help="how long the soak goes on (the long form: 60)")


@pytest.fixture
def minutes(request):
    return request.config.getoption("--minutes")
