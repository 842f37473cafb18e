"""What one commit means for an environment: the table of plan_cases.py, a process for each row."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_test.aws.server import LocalAws
from tests.ci.plan_cases import CASES, MORE, Case
from tests.ci.plan_shop import cloned, live_shop, told

CORES = 2
HERE = Path(__file__)


@pytest.fixture(scope="module")
def plans(
    local: LocalAws, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, Future[dict[str, Any]]]]:
    """The plan of each selected row, by its name; they are made side by side."""
    place = tmp_path_factory.mktemp("shop")
    shop = live_shop(local, place)

    def planned(case: Case) -> dict[str, Any]:
        mine = cloned(shop, place / case.name)
        mine.settings = place / f"{case.name}.toml"
        mine.write(*case.settings.items())
        for change in case.changes:
            change(mine)
        mine.git("add", "--all")
        mine.git("commit", "--quiet", "--allow-empty", "--message", case.name)
        return json.loads(mine.does("plan", "--json", *case.options))

    rows = [item.callspec.params["case"] for item in request.session.items if item.path == HERE]
    with ThreadPoolExecutor(CORES) as pool:
        yield {case.name: pool.submit(planned, case) for case in rows}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_a_push_does(case: Case, plans: Mapping[str, Future[dict[str, Any]]]) -> None:
    plan = plans[case.name].result()
    assert (plan["release"], plan["train"]) == case.decision, told(plan)
    assert plan["build"] == (plan["release"] == "image" or plan["train"])
    names = {reason["name"] for reason in plan["reasons"]}
    assert case.because - {MORE} <= names, told(plan)
    assert MORE in case.because or names == case.because, told(plan)
    assert case.says in told(plan)
