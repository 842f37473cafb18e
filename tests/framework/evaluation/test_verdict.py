"""The verdict: the floor, the margin over the live model, and which way is better."""

import pytest

from framework.evaluation.metrics import Measured
from framework.evaluation.verdict import judge

TRUTHS = ["a", "b"] * 20
ANSWERS = ["a", "b"] * 16 + ["b", "a"] * 4  # 80 % are right
HIGHER, LOWER = True, False


def measured(value, greater_is_better):
    return Measured("score", value, greater_is_better, 100, (value, value), 0.0)


def champion(value, name="score", rows="r"):
    return {"metric": {"name": name, "value": value}, "rows_hash": rows}


@pytest.mark.parametrize(
    ("value", "greater", "minimum", "accepted"),
    [
        (0.8, HIGHER, 0.7, True),
        (0.8, HIGHER, 0.8, True),
        (0.8, HIGHER, 0.81, False),
        (0.8, HIGHER, None, True),
        (3.0, LOWER, 4.0, True),
        (3.0, LOWER, 3.0, True),
        (3.0, LOWER, 2.9, False),
        (-0.5, HIGHER, -1.0, True),
        (-0.5, HIGHER, 0.0, False),
        (0.1 + 0.2, LOWER, 0.3, True),  # rounding is no difference
    ],
)
def test_the_floor(value, greater, minimum, accepted):
    verdict = judge(measured(value, greater), minimum, 0.0, None, "r")
    assert verdict.accepted == accepted
    assert verdict.reasons


@pytest.mark.parametrize(
    ("value", "greater", "before", "margin", "accepted"),
    [
        (0.8, HIGHER, 0.8, 0.0, True),
        (0.79, HIGHER, 0.8, 0.0, False),
        (0.84, HIGHER, 0.8, 0.05, True),
        (0.83, HIGHER, 0.8, 0.05, False),
        (3.0, LOWER, 3.0, 0.0, True),
        (3.1, LOWER, 3.0, 0.0, False),
        (2.7, LOWER, 3.0, 0.1, True),
        (2.8, LOWER, 3.0, 0.1, False),
        (-0.9, HIGHER, -1.0, 0.1, True),
        (-1.0, HIGHER, -1.0, 0.1, False),
        (0.0, LOWER, 0.0, 0.5, True),  # nothing beats no error
    ],
)
def test_the_margin_is_a_part_of_the_live_models_value(value, greater, before, margin, accepted):
    verdict = judge(measured(value, greater), None, margin, champion(before), "r")
    assert verdict.accepted == accepted


def test_a_model_must_pass_the_floor_and_beat_the_live_model():
    for before, accepted in ((0.7, False), (0.9, False)):
        verdict = judge(measured(0.8, HIGHER), 0.85, 0.0, champion(before), "r")
        assert verdict.accepted == accepted
        assert len(verdict.reasons) == 2
    assert judge(measured(0.8, HIGHER), 0.8, 0.0, champion(0.8), "r").accepted


def test_a_model_that_equals_the_live_one_is_accepted_and_the_options_say_otherwise(evaluation):
    evaluation.write_echo()
    evaluation.write_pairs(TRUTHS, ANSWERS)
    first = evaluation.judged()
    assert first["verdict"]["accepted"]
    assert first["champion"] is None
    evaluation.compare_with("champion", first)
    again = evaluation.judged()
    assert again["verdict"]["accepted"]
    assert again["champion"] == {**first["metric"], "interval": first["interval"]}
    outcome = evaluation.run("model", "--minimum", "0.9", "--margin", "0.01")
    assert outcome.code == 0
    assert outcome.message.startswith("Rejected. accuracy is 0.8 over 40 held-out rows, worse than")
    assert "with the margin, 0.808 is needed" in outcome.message
    assert not evaluation.read("evaluation.json")["verdict"]["accepted"]


def test_the_options_override_what_algorithm_toml_says(evaluation):
    evaluation.declared |= {"minimum": 0.9, "margin": 0.5}
    evaluation.write_echo()
    evaluation.write_pairs(TRUTHS, ANSWERS)
    rejected = evaluation.judged()
    assert not rejected["verdict"]["accepted"]
    evaluation.compare_with("champion", rejected)
    assert evaluation.judged("--minimum", "0.8", "--margin", "0")["verdict"]["accepted"]
