"""A metric's regex finds the metric's own lines, and the number in them."""

import math
import re

import pytest

from framework.errors import ConfigurationError
from framework.metrics import metric_line, metric_regex


@pytest.mark.parametrize(
    "value", [0, 1, 0.9312, -3.5, 1e-30, 1.7e308, 123456789.125, math.inf, -math.inf, math.nan]
)
@pytest.mark.parametrize("step", [None, 0, 12])
def test_what_is_printed_is_found(value: float, step: int | None) -> None:
    line = "2026-01-01 INFO " + metric_line("validation:accuracy", value, step)
    found = float(re.search(metric_regex("validation:accuracy"), line)[1])
    assert found == value or math.isnan(value)


@pytest.mark.parametrize("other", ["accuracy", "validation:accuracy_top5", "xvalidation:accuracy"])
def test_a_longer_or_shorter_name_is_another_metric(other: str) -> None:
    assert not re.search(metric_regex("validation:accuracy"), metric_line(other, 1.0))


def test_names_are_taken_literally() -> None:
    assert re.search(metric_regex("f1.5(macro)"), metric_line("f1.5(macro)", 0.5))[1] == "0.5"
    assert not re.search(metric_regex("a.b"), metric_line("acb", 1.0))


@pytest.mark.parametrize("name", ["", "two words", "a=b", "x" * 256, "(" * 250])
def test_names_that_cannot_work(name: str) -> None:
    with pytest.raises(ConfigurationError, match="Metric name"):
        metric_regex(name)
