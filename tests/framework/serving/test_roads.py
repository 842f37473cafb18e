"""The short way and Flask's give the same answers: a sample; `make drill-roads` compares more."""

from pathlib import Path

import pytest

from tests.algorithms.workshop import ALGORITHMS, CONTAINER
from tests.drills.roads import drill

REQUESTS = 1500


@pytest.mark.parametrize("algorithm", [CONTAINER, ALGORITHMS / "linear_npz"], ids=lambda p: p.name)
def test_both_ways_give_the_same_answers(algorithm: Path) -> None:
    roads = drill(algorithm, REQUESTS, seed=3)
    assert roads.faults == []
    assert roads.statuses[200] > REQUESTS / 20
    assert roads.statuses[400] > 0 < roads.statuses[422]
    assert roads.batched > roads.statuses[200] / 4, "what is valid in a crowd is predicted together"
