"""What the tests of several folders begin with"""

import pytest

from scrubjay_test import PrivateBus, Source


@pytest.fixture
def bus(tmp_path):
    bus = PrivateBus(tmp_path / "bus")
    yield bus
    bus.stop()


@pytest.fixture
def source(tmp_path):
    """An empty one."""
    source = Source(tmp_path / "agentsview" / "sessions.db")
    yield source
    source.close()
