"""Drift from end to end: what requests and labels do to the endpoint with no hand on it."""

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from local_test.aws.server import LocalAws
from tests.ci.environment_of_shop import Shop, until

CALM_HOURS, SHIFTED_HOURS = 3, 21
ROWS = 400


@pytest.fixture(scope="module")
def shop(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(local, tmp_path_factory.mktemp("shop"))
    shop.deploy()
    shop.configure(("on_drift = false", "on_drift = true"))
    shop.upload("train", 4000, seed=3)
    shop.succeeds()
    return shop


def test_a_shift_of_the_requests_ends_in_one_run_and_a_new_config(shop: Shop) -> None:
    before = shop.live()
    an_hour_passes(shop)
    requests = looked_at(shop)
    assert requests["golden"] > 0, "the release asked the endpoint itself"
    assert requests["captured"] == 0, "which is no traffic"
    for hour in range(CALM_HOURS):
        assert not an_hour_has_drifted(shop, hour, mean=100)
    assert len(shop.executions()) == 1
    for hour in range(SHIFTED_HOURS):
        assert an_hour_has_drifted(shop, hour, mean=130)
    newest, *others = shop.executions()
    assert len(others) == 1
    ended = shop.ended(newest["executionArn"])
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["input"])["cause"] == "drift of the live requests"
    assert shop.live() == json.loads(ended["output"])["model"] != before


def test_other_labels_of_the_same_inputs_are_concept_drift(shop: Shop) -> None:
    shop.upload("train", 4000, seed=5, base=60)
    shop.upload("test", 60, seed=6, base=60)
    ended = shop.succeeds()
    output = json.loads(ended["output"])
    assert output["concept_drift"]["drifted"]
    assert output["concept_drift"]["now"] > 3 * output["concept_drift"]["before"]
    assert not output["drift"]["drifted"]
    live = json.loads(shop.ci("history", "--json").stdout)[0]
    assert live["concept_drift"] == output["concept_drift"]


def an_hour_has_drifted(shop: Shop, seed: int, mean: float) -> bool:
    """Customers ask, the hour passes, and the monitor has looked at it."""
    shop.ask_all(np.random.default_rng(seed).normal(mean, 20, ROWS))
    return json.loads(an_hour_passes(shop)["output"])["drifted"]


def looked_at(shop: Shop) -> dict[str, int]:
    """What the newest look at the requests has counted."""
    s3 = shop.client("s3")
    found = s3.list_objects_v2(Bucket=shop.bucket)["Contents"]
    reports = [one for one in found if one["Key"].endswith("/drift.json")]
    newest = max(reports, key=lambda one: one["LastModified"])["Key"]
    body = s3.get_object(Bucket=shop.bucket, Key=newest)["Body"].read()
    return json.loads(body)["requests"]


def an_hour_passes(shop: Shop) -> dict[str, Any]:
    """Until twenty past the next, when the monitor has looked at it; the monitor's execution."""
    known, clock = len(shop.executions("monitoring")), shop.world.clock
    next_hour = clock.now().replace(minute=0, second=0) + timedelta(hours=1)
    clock.advance(next_hour + timedelta(minutes=20) - clock.now())
    until(lambda: len(shop.executions("monitoring")) > known)
    return shop.ended(shop.executions("monitoring")[0]["executionArn"])
