"""The helpers of tests/faults, on which this suite is based; the seed"""

import os
import random
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / name) for name in ("lib", "faults", "power")]

SEED = int(os.environ.get("SCRUBJAY_POWER_SEED") or random.SystemRandom().randrange(2**32))


def pytest_report_header():
    return f"SCRUBJAY_POWER_SEED={SEED}"
