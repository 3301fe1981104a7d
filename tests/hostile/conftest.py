"""Hostile sources and what stands beside them: each test says what must still hold"""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lib"), str(TESTS / "common"), str(TESTS / "faults")]

from scrubjay_test import PrivateBus, Source      # noqa: E402


@pytest.fixture
def source(tmp_path):
    source = Source(tmp_path / "agentsview" / "sessions.db")
    yield source
    source.close()


@pytest.fixture
def bus(tmp_path):
    bus = PrivateBus(tmp_path / "bus")
    yield bus
    bus.stop()
