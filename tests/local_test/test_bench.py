"""`bench`: the figures are those of a server whose pace is known."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.local_test.conftest import SCALE, Bench, Finished

PACE = 0.03


def measured(bench: Bench, model: Path, *arguments: Any, env: str = f"PACE={PACE}") -> Finished:
    given = ("--engine", "process", "--model", model, "--env", env, "--seconds", 0.3)
    return bench.run("bench", SCALE, *given, *arguments)


def test_the_figures_are_those_of_the_server(bench: Bench, model: Path) -> None:
    finished = measured(bench, model, "--p99", 2000, "--json")
    assert finished.code == 0, finished.stderr
    told = finished.data
    cases = {(one["form"], one["rows"], one["connections"]): one for one in told["cases"]}
    assert {form for form, _, _ in cases} == {"text/csv", "application/json", "application/x-npy"}
    assert {rows for _, rows, _ in cases} == {1, 1000}
    assert {one["failed"] for one in cases.values() if one["connections"] < 128} == {0}
    for one in cases.values():
        assert PACE * 1000 <= one["p50"] <= one["p99"]
    for form, rows in itertools.product(("text/csv", "application/json"), (1, 1000)):
        assert cases[form, rows, 1]["rate"] <= 1 / PACE
    assert cases["text/csv", 1, 64]["rate"] > 4 / PACE, "they are answered together"
    single = [
        one["rate"]
        for (form, rows, _), one in cases.items()
        if (form, rows, one["failed"]) == ("text/csv", 1, 0)
    ]
    assert told["requests_per_second"] == pytest.approx(max(single), abs=0.1)
    assert told["invocations_per_minute"] == pytest.approx(max(single) * 30, abs=1)


def test_what_is_refused_is_no_capacity(bench: Bench, model: Path) -> None:
    finished = measured(bench, model, "--env", "SERVING_QUEUE=0", "--p99", 5000, "--json")
    assert finished.code == 0, finished.stderr
    cases = [one for one in finished.data["cases"] if (one["form"], one["rows"]) == ("text/csv", 1)]
    refused = [one for one in cases if one["failed"]]
    assert {one["failure"] for one in refused} == {"status 503"}
    assert refused[-1]["connections"] == 128
    kept = [one["rate"] for one in cases if not one["failed"]]
    assert finished.data["requests_per_second"] == pytest.approx(max(kept), abs=0.1)


def test_a_p99_that_no_load_keeps_fails(bench: Bench, model: Path) -> None:
    finished = measured(bench, model, "--p99", PACE * 500)
    assert finished.code == 1
    assert "not even one connection keeps the p99 within 15 ms" in finished.stdout


def test_nothing_is_measured_of_what_fails(bench: Bench, model: Path, tmp_path: Path) -> None:
    trouble = tmp_path / "trouble.csv"
    trouble.write_text("-1,2,3\n")
    finished = measured(bench, model, "--file", trouble, "--content-type", "text/csv")
    assert finished.code == 1
    assert "text/csv is answered with" in finished.stderr
    assert "so there is nothing to measure" in finished.stderr


def test_who_does_not_answer_is_said(bench: Bench, model: Path) -> None:
    finished = measured(bench, model, "--env", "SERVING_WARM_UP=off", env="ABORTS=1")
    assert finished.code == 1
    assert "is not answered, so there is nothing to measure" in finished.stderr
    assert "Traceback" not in finished.stderr
