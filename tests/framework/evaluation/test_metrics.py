"""The metrics against scikit-learn's own, and their intervals."""

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn

from framework.errors import DataError
from framework.evaluation.metrics import BUILT_IN, Metric, label, measure

LABELS = {
    "accuracy": sklearn.accuracy_score,
    "f1_macro": lambda t, a: sklearn.f1_score(t, a, average="macro"),
}
NUMBERS = {
    "mae": sklearn.mean_absolute_error,
    "rmse": sklearn.root_mean_squared_error,
    "r2": sklearn.r2_score,
}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", LABELS)
def test_of_labels_as_scikit_learn(name, seed):
    dice = np.random.default_rng(seed)
    truths = dice.choice(["a", "b", "c", "d"], 200, p=[0.6, 0.3, 0.09, 0.01]).tolist()
    answers = np.where(dice.random(200) < 0.7, truths, dice.choice(["a", "b", "x"], 200)).tolist()
    found = measure(BUILT_IN[name], truths, answers)
    assert found.value == pytest.approx(LABELS[name](truths, answers), abs=1e-12)
    assert found.rows == 200
    assert found.greater_is_better


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", NUMBERS)
def test_of_numbers_as_scikit_learn(name, seed):
    dice = np.random.default_rng(seed)
    truths = dice.normal(10.0 ** dice.integers(-3, 6), 5, 200)
    answers = truths + dice.normal(0.1, 1, 200)
    found = measure(BUILT_IN[name], list(map(repr, truths.tolist())), answers.tolist())
    assert found.value == pytest.approx(NUMBERS[name](truths, answers), rel=1e-9)
    assert found.greater_is_better == (name == "r2")


@pytest.mark.parametrize(
    "alike",
    [
        (1, 1.0, "1", "1.0", "01", True, "True", "TRUE", "true"),
        (0, 0.0, -0.0, "0", False, "False", "false"),
        (2.5, "2.5", "2.50"),
        (12345678901234567890, "12345678901234567890"),
        ("Gentoo",),
        ("", ""),
    ],
)
def test_labels_that_csv_cannot_tell_apart_are_one(alike):
    assert len(set(map(label, alike))) == 1


def test_other_labels_are_not():
    others = ["a", "A", "", 2**53, 2**53 + 1, 1, 2, 2.5, 0, "nan", "inf", "-inf", None, "1 a"]
    assert len(set(map(label, others))) == len(others)


@pytest.mark.parametrize("name", ["accuracy", "rmse"])
def test_the_interval_holds_the_true_value_about_as_often_as_it_says(name):
    score, inside, runs = BUILT_IN[name], 0, 60
    for seed in range(runs):
        dice = np.random.default_rng(seed)
        truths = dice.integers(0, 2, 150)
        wrong = dice.random(150) < 0.2
        answers = np.where(wrong, 1 - truths, truths)
        low, high = measure(score, truths.tolist(), answers.tolist()).interval
        inside += low <= (0.8 if name == "accuracy" else math.sqrt(0.2)) <= high
    assert inside >= 0.85 * runs


def test_a_large_table_is_measured_from_a_sample_of_it_with_the_same_certainty():
    dice = np.random.default_rng(0)
    truths = dice.normal(size=60_000)
    answers = truths + dice.normal(size=60_000)
    mean = Metric("bias", lambda t, a: float(np.mean(np.array(a) - np.array(t))), True)
    found = measure(mean, truths.tolist(), answers.tolist())
    assert found.standard_error == pytest.approx(1 / math.sqrt(60_000), rel=0.2)
    assert found.interval[0] < found.value < found.interval[1]


def test_one_row_and_equal_truths_have_a_value():
    assert measure(BUILT_IN["accuracy"], ["a"], ["a"]).interval == (1.0, 1.0)
    assert measure(BUILT_IN["mae"], [2.0], [3.0]).standard_error == 0
    with pytest.raises(DataError, match="'r2' is nan, so nothing can be judged"):
        measure(BUILT_IN["r2"], [2.0, 2.0], [3.0, 3.0])


@pytest.mark.parametrize("answer", [math.nan, math.inf, -math.inf, None, "", "a", [1.0], {"x": 1}])
@pytest.mark.parametrize("name", NUMBERS)
def test_an_answer_that_is_no_finite_number_is_named_with_its_row(name, answer):
    with pytest.raises(DataError, match=r"^Row 3: the answer, .* is no finite number"):
        measure(BUILT_IN[name], [1, 2, 3], [1, 2, answer])


@pytest.mark.parametrize("name", LABELS)
def test_a_label_that_is_nan_is_wrong_and_a_list_is_refused(name):
    assert measure(BUILT_IN[name], ["1", "2"], [1, math.nan]).value < 1
    with pytest.raises(DataError, match=r"Row 2: the answer, \[0.1, 0.9\], is no label"):
        measure(BUILT_IN[name], ["1", "2"], [1, [0.1, 0.9]])
