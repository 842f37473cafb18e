"""A seeded sample of the conformance drill: good algorithms with odd habits pass every check."""

import random
from pathlib import Path

import pytest

from tests.drills.conformance import BROKEN, false_alarms, good_algorithms

SEED = 1
SAMPLE = 2
QUICK = {path.parent.name for path in (BROKEN / "harmless").glob("*/*")} - {"slow"}


@pytest.mark.parametrize("name", random.Random(SEED).sample(sorted(QUICK), SAMPLE))
def test_a_good_algorithm_raises_no_alarm(name: str, tmp_path: Path) -> None:
    assert false_alarms(good_algorithms()[name], tmp_path) == []
