"""Is the model good enough, is it better than the live one, has the live one grown worse?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, FiniteFloat, PositiveInt

from framework.errors import DataError
from framework.evaluation.metrics import Measured

SIGNIFICANCE = 0.001
EQUAL = 1e-12


@dataclass(frozen=True)
class Verdict:
    """Whether a model may be released, and why, in sentences."""

    accepted: bool
    reasons: tuple[str, ...]


class EarlierMetric(BaseModel):
    """What is compared of an earlier evaluation's metric."""

    name: str
    value: FiniteFloat
    rows: PositiveInt
    standard_error: FiniteFloat


class Earlier(BaseModel):
    """What is read of an earlier evaluation.json."""

    metric: EarlierMetric
    interval: tuple[FiniteFloat, FiniteFloat]
    rows_hash: str


def judge(
    measured: Measured,
    minimum: float | None,
    margin: float,
    champion: Mapping[str, Any] | None,
    rows: str,
) -> Verdict:
    """Compare with the floor and with the champion on the same rows; equal is good enough.

    Args:
        minimum: the worst acceptable value: the least, or the most when less is better.
        margin: by which part of its value the champion must be beaten.
        champion: its evaluation.json.
        rows: the hash of the rows that were answered.

    Raises:
        DataError: the champion answered other rows, or was measured by another metric.
    """
    said = f"{measured.name} is {measured.value:.4g} over {measured.rows} held-out rows"
    reasons, accepted = [], True
    if minimum is not None:
        good = not _worse(measured.value, minimum, measured.greater_is_better)
        accepted &= good
        reasons.append(
            f"{said}, {'not worse' if good else 'worse'} than the limit of {minimum:.4g}."
        )
    if champion is not None:
        before = _champion_value(champion, measured, rows)
        step = margin * abs(before)
        wanted = before + step if measured.greater_is_better else before - step
        good = not _worse(measured.value, wanted, measured.greater_is_better)
        accepted &= good
        needed = f" (with the margin, {wanted:.4g} is needed)" if margin else ""
        reasons.append(
            f"The live model's {measured.name} on the same rows is {before:.4g}{needed}: the "
            f"challenger's {measured.value:.4g} is {'not worse' if good else 'worse'}."
        )
    return Verdict(accepted, tuple(reasons or [f"{said}. There is nothing to compare it with."]))


def concept_drift(measured: Measured, baseline: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Whether a model's metric is significantly worse than when it was released.

    A one-sided two-sample z test of the two values with their bootstrap standard errors, or with
    those that both would have if their rows were spread alike, whichever are larger: few rows that
    are all right or all wrong look as if they were sure.
    """
    if baseline is None or baseline["metric"]["name"] != measured.name:
        return None
    before = baseline["metric"]
    fall = before["value"] - measured.value
    fall = fall if measured.greater_is_better else -fall
    sizes = before["rows"], measured.rows
    errors = before["standard_error"], measured.standard_error
    squares = sum((n * error) ** 2 for n, error in zip(sizes, errors, strict=True))
    alike = math.sqrt(squares / sum(sizes) * sum(1 / n for n in sizes))
    least = math.hypot(*(1 / n for n in sizes)) * (abs(before["value"]) or 1.0)  # no errors at all
    z = fall / max(math.hypot(*errors), alike, least)
    p = math.erfc(z / math.sqrt(2)) / 2
    return {
        "drifted": p < SIGNIFICANCE,
        "before": before["value"],
        "now": measured.value,
        "p_value": p,
    }


def _champion_value(champion: Mapping[str, Any], measured: Measured, rows: str) -> float:
    if champion["rows_hash"] != rows:
        raise DataError(
            "The champion answered other rows than the challenger, so they cannot be compared. "
            "Evaluate both on the same held-out channel of the same run."
        )
    if champion["metric"]["name"] != measured.name:
        raise DataError(
            f"The champion was measured by {champion['metric']['name']}, the challenger by "
            f"{measured.name}. A change of the metric needs one release without comparison."
        )
    return champion["metric"]["value"]


def _worse(value: float, limit: float, greater_is_better: bool) -> bool:
    slack = EQUAL * max(1.0, abs(limit))
    return value < limit - slack if greater_is_better else value > limit + slack
