"""A minute of the chaos drill, and what it finds: wrong answers, and those that are lost."""

from tests.drills.chaos import drill
from tests.drills.soak import GROWTH
from tests.framework.serving.batched import SUMS

BACKWARDS = SUMS.replace("return data.sum(axis=1)", "return data.sum(axis=1)[::-1]")
LOSING = SUMS.replace("return data", "if data[0, 0] % 997 == 0: os.abort()\n        return data")


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


def test_answers_that_are_lost_without_a_reason_are_found() -> None:
    account = drill(8, seed=1, predictor=LOSING)
    assert account.right > 0
    assert any(fault.startswith("no answer") for fault in account.faults)
