"""Hostile sources and their surroundings: each test says what must still hold"""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lib"), str(TESTS / "faults")]

from fixtures import bus, source  # noqa: E402,F401
