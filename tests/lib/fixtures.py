"""What the tests of several folders start from"""

import os
import random
import string

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


def seeded():
    """Different values in each run; SCRUBJAY_TEST_SEED repeats those of an earlier one."""
    seed = int(os.environ.get("SCRUBJAY_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"SCRUBJAY_TEST_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def rng():
    return seeded()


def value(rng, n=18):
    """A password that is neither a word nor a number."""
    return "".join(rng.choices(string.ascii_letters + string.digits, k=n - 2)) + "7x"
