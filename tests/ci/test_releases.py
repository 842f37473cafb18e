"""How a release reaches the traffic, and how it comes back: through the whole loop."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from local_test.aws.server import LocalAws
from tests.ci.environment_of_shop import Shop, until

BAKE = timedelta(hours=1)
REQUESTS = 5000
LONG_BAKE = ("bake_seconds = 30", "bake_seconds = 3600")
CLOSED = ("[deployment]", '[endpoint.environment]\nSHOP_CLOSES_AFTER = "3"\n[deployment]')


@pytest.fixture(scope="module")
def shop(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(local, tmp_path_factory.mktemp("shop"))
    shop.deploy()
    shop.succeeds()
    return shop


def test_a_canary_gets_its_share_of_5000_requests(shop: Shop) -> None:
    shop.configure(LONG_BAKE, ("step_percent = 50", "step_percent = 20"))
    old = shop.ask()
    shop.upload("train", 4000, seed=3)
    execution = shop.start()
    until(lambda: "Verify" in shop.entered(execution) and shop.told("Baking"))
    with ThreadPoolExecutor(4) as pool:
        answers = Counter(pool.map(shop.ask, [100.0] * REQUESTS))
    shop.world.clock.advance(BAKE)
    assert shop.ended(execution)["status"] == "SUCCEEDED"
    assert answers.keys() == {old, shop.ask()}
    assert answers[shop.ask()] / REQUESTS == pytest.approx(0.20, abs=0.03)


@pytest.mark.parametrize("customers", [True, False], ids=["asked", "idle"])
def test_a_fleet_that_answers_5xx_is_rolled_back_by_its_alarm(shop: Shop, customers: bool) -> None:
    shop.configure(LONG_BAKE, CLOSED)
    before = shop.live()
    execution = shop.start()
    if customers:
        with shop.customer() as errors:
            ended = shop.ended(execution)
        assert errors
        assert not any("the shop is closed" in str(error) for error in errors)
    else:
        ended = shop.ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "Run.RolledBack")
    assert f"runs {before} and not" in ended["cause"]
    assert "-errors" in ended["cause"]
    assert shop.live() == before
    with shop.customer() as errors:
        for _ in range(50):
            shop.ask()
    assert errors == []


@pytest.mark.parametrize(
    ("policy", "parts"),
    [
        ("all-at-once", [1.0]),
        ("linear", [0.5, 1.0]),
        ("rolling", [0.5, 1.0]),
    ],
)
def test_each_policy_moves_the_traffic_in_its_steps(
    shop: Shop, policy: str, parts: list[float]
) -> None:
    shop.configure(('policy = "canary"', f'policy = "{policy}"'))
    with shop.customer() as errors:
        shop.succeeds()
    assert errors == []
    live = shop.live()
    seen = [
        fleet["part"]
        for told in shop.story()
        for fleet in told["fleets"]
        if fleet["config"] == live and fleet["part"]
    ]
    assert sorted(set(seen)) == parts
    assert seen == sorted(seen)
