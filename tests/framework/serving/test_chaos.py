"""A minute of the chaos drill, and a wrong answer that it finds."""

from tests.drills.chaos import drill
from tests.drills.soak import GROWTH
from tests.framework.serving.batched import SUMS

BACKWARDS = SUMS.replace("return data.sum(axis=1)", "return data.sum(axis=1)[::-1]")


def test_a_minute_of_faults_costs_only_what_dead_workers_held() -> None:
    account = drill(60, seed=1)
    assert account.faults == []
    assert account.right > 10_000
    assert account.injected.total() >= 50
    assert account.growth < GROWTH


def test_answers_in_another_order_are_found() -> None:
    account = drill(8, seed=1, predictor=BACKWARDS)
    assert account.right > 0
    assert "expected" in account.faults[0]
