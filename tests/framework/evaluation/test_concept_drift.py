"""Concept drift: other labels of the same inputs are told, chance and few rows are not."""

from dataclasses import asdict

import numpy as np
import pytest

from framework.evaluation import metrics
from framework.evaluation.metrics import BUILT_IN, Measured, measure
from framework.evaluation.verdict import concept_drift

SEEDS = 200


def evaluation(measured):
    return {"metric": asdict(measured)}


def classified(dice, rows, right):
    truths = dice.choice(["a", "b", "c"], rows)
    return truths.tolist(), np.where(dice.random(rows) < right, truths, "b").tolist()


def regressed(dice, rows, error):
    truths = dice.normal(size=rows)
    return truths.tolist(), (truths + error * dice.standard_t(4, rows)).tolist()


def known(value, error, rows, greater_is_better=True, name="accuracy"):
    return Measured(name, value, greater_is_better, rows, (value, value), error)


@pytest.mark.parametrize(
    ("name", "draw", "quality", "rows"),
    [
        ("accuracy", classified, 0.9, (150, 150)),
        ("accuracy", classified, 0.5, (150, 5)),
        ("accuracy", classified, 0.98, (20, 20)),
        ("f1_macro", classified, 0.7, (100, 30)),
        ("rmse", regressed, 0.5, (100, 100)),
        ("mae", regressed, 0.5, (200, 10)),
    ],
)
def test_unchanged_data_hardly_ever_raise_an_alarm(monkeypatch, name, draw, quality, rows):
    monkeypatch.setattr(metrics, "RESAMPLES", 50)
    alarms = 0
    for seed in range(SEEDS):
        dice = np.random.default_rng(seed)
        before, now = (measure(BUILT_IN[name], *draw(dice, n, quality)) for n in rows)
        alarms += concept_drift(now, evaluation(before))["drifted"]
    assert alarms <= 0.02 * SEEDS


@pytest.mark.parametrize(
    ("name", "draw", "before", "now"),
    [
        ("accuracy", classified, 0.9, 0.5),
        ("accuracy", classified, 1.0, 0.7),
        ("f1_macro", classified, 0.9, 0.5),
        ("rmse", regressed, 0.5, 1.5),
        ("mae", regressed, 0.5, 1.5),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_fall_is_told(name, draw, before, now, seed):
    dice = np.random.default_rng(seed)
    first, second = (measure(BUILT_IN[name], *draw(dice, 300, one)) for one in (before, now))
    fallen = concept_drift(second, evaluation(first))
    assert fallen["drifted"]
    assert fallen["p_value"] < 1e-4
    assert (fallen["before"], fallen["now"]) == (first.value, second.value)
    assert not concept_drift(first, evaluation(second))["drifted"]  # it has grown better


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 10])
def test_one_error_in_few_rows_after_none_is_no_drift(rows):
    before = known(1.0, 0.0, rows)
    value = 1 - 1 / rows
    now = known(value, (value * (1 - value) / rows) ** 0.5, rows)
    assert not concept_drift(now, evaluation(before))["drifted"]


@pytest.mark.parametrize("greater_is_better", [True, False])
@pytest.mark.parametrize("value", [0.0, 1.0, 250.0])
def test_the_same_evaluation_again_is_no_drift(greater_is_better, value):
    same = known(value, 0.0, 10, greater_is_better)
    found = concept_drift(same, evaluation(same))
    assert not found["drifted"]
    assert found["p_value"] == pytest.approx(0.5)


def test_no_baseline_or_one_of_another_metric_says_nothing():
    assert concept_drift(known(1.0, 0.0, 9), None) is None
    assert concept_drift(known(1.0, 0.0, 9), evaluation(known(1.0, 0.1, 9, name="mae"))) is None


def test_other_labels_of_the_same_inputs_are_told_by_the_program(evaluation):
    answers = ["a", "b"] * 100
    evaluation.write_echo()
    evaluation.write_pairs(answers, answers)
    released = evaluation.judged()
    assert released["concept_drift"] is None
    evaluation.compare_with("baseline", released)
    assert not evaluation.judged()["concept_drift"]["drifted"]
    evaluation.write_pairs(["b", "b"] * 100, answers)
    drift = evaluation.judged()["concept_drift"]
    assert (drift["drifted"], drift["before"], drift["now"]) == (True, 1.0, 0.5)
    assert "This model has grown worse: 1 then, 0.5 now" in evaluation.page
