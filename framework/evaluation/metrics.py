"""Metrics of answers against the truth, and how sure they are."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from framework.algorithm import Algorithm, EvaluationDeclaration
from framework.errors import ConfigurationError, DataError

RESAMPLES = 300
MOST_RESAMPLED = 20_000
SEED = 20
CONFIDENCE = 0.95
TRUTH_VALUES = {"true": "1", "false": "0"}

Score = Callable[[Sequence[Any], Sequence[Any]], float]
Read = Callable[[Sequence[Any], str], Sequence[Any]]


@dataclass(frozen=True)
class Metric:
    """A score of answers.

    Attributes:
        read: makes numbers or labels of truths and answers; None leaves them as they are.
    """

    name: str
    score: Score
    greater_is_better: bool
    read: Read | None = None


@dataclass(frozen=True)
class Measured:
    """A metric's value with its 95 % interval and standard error, by a seeded bootstrap."""

    name: str
    value: float
    greater_is_better: bool
    rows: int
    interval: tuple[float, float]
    standard_error: float


def metric_of(algorithm: Algorithm, declared: EvaluationDeclaration) -> Metric:
    """The metric that algorithm.toml names.

    Raises:
        ConfigurationError: there is none of that name, or nobody says which way is better.
        AlgorithmNotFound: the algorithm has no such function.
    """
    if declared.metric in BUILT_IN:
        return BUILT_IN[declared.metric]
    if ":" not in declared.metric:
        raise ConfigurationError(
            f"[evaluation] metric = '{declared.metric}' is none of {', '.join(BUILT_IN)}. Name "
            'one of these, or a function of yours as "module:function".'
        )
    if declared.greater_is_better is None:
        raise ConfigurationError(
            f"[evaluation] does not say whether more of '{declared.metric}' is better. Set "
            "greater_is_better = true or false."
        )
    score = algorithm.named_function("evaluation.metric", declared.metric)
    return Metric(declared.metric.partition(":")[2], score, declared.greater_is_better)


def measure(metric: Metric, truths: Sequence[Any], answers: Sequence[Any]) -> Measured:
    """The metric over all rows.

    Raises:
        DataError: it is no finite number, or fails.
    """
    import numpy as np

    if metric.read:
        truths, answers = metric.read(truths, "the truth"), metric.read(answers, "the answer")
    value = _scored(metric, truths, answers)
    dice = np.random.default_rng(SEED)
    size = min(len(truths), MOST_RESAMPLED)
    draws = (dice.integers(0, len(truths), size) for _ in range(RESAMPLES))
    found = [_resampled(metric, truths, answers, chosen) for chosen in draws]
    known = [one for one in found if math.isfinite(one)] or [value]
    spread = float(np.std(known)) * math.sqrt(size / len(truths))
    edge = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [edge, 1 - edge])
    shrink = math.sqrt(size / len(truths))
    center = float(np.mean(known))
    return Measured(
        name=metric.name,
        value=value,
        greater_is_better=metric.greater_is_better,
        rows=len(truths),
        interval=(
            value + (float(low) - center) * shrink,
            value + (float(high) - center) * shrink,
        ),
        standard_error=spread,
    )


def numbers(values: Sequence[Any], what: str) -> list[float]:
    """The values as finite floats.

    Raises:
        DataError: one is none.
    """
    found = [_number(value) for value in values]
    for row, number in enumerate(found, start=1):
        if not math.isfinite(number):
            raise DataError(
                f"Row {row}: {what}, {values[row - 1]!r}, is no finite number, which this metric "
                "needs. Mend the held-out rows or the model, or choose another metric."
            )
    return found


def labels(values: Sequence[Any], what: str) -> list[str]:
    """The values as they are compared.

    Raises:
        DataError: one is a list or an object.
    """
    for row, value in enumerate(values, start=1):
        if isinstance(value, dict | list):
            raise DataError(
                f"Row {row}: {what}, {value!r:.100}, is no label, which this metric needs. Let "
                "[evaluation] target be its name in the answer, or name a metric of your own."
            )
    return [label(value) for value in values]


def label(value: Any) -> str:
    """How a label is compared: 1, 1.0, "1" and true are one, as CSV cannot tell them apart."""
    text = str(value)
    if text.lower() in TRUTH_VALUES:
        return TRUTH_VALUES[text.lower()]
    try:
        return str(int(text))
    except ValueError:
        number = _number(text)
    if math.isfinite(number):
        return str(int(number)) if number.is_integer() else repr(number)
    return text


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _scored(metric: Metric, truths: Sequence[Any], answers: Sequence[Any]) -> float:
    try:
        value = float(metric.score(truths, answers))
    except Exception as error:
        raise DataError(
            f"The metric '{metric.name}' failed: {type(error).__name__}: {error}."
        ) from error
    if not math.isfinite(value):
        raise DataError(f"The metric '{metric.name}' is {value}, so nothing can be judged by it.")
    return value


def _resampled(metric: Metric, truths: Sequence[Any], answers: Sequence[Any], chosen: Any) -> float:
    try:
        picked = chosen.tolist()
        return float(metric.score([truths[i] for i in picked], [answers[i] for i in picked]))
    except Exception:  # a sample without one of the classes, for example
        return math.nan


def accuracy(truths: Sequence[str], answers: Sequence[str]) -> float:
    """Share of rows with the right label."""
    return sum(t == a for t, a in zip(truths, answers, strict=True)) / len(truths)


def f1_macro(truths: Sequence[str], answers: Sequence[str]) -> float:
    """Mean over labels of the harmonic mean of precision and recall."""
    hits = Counter(t for t, a in zip(truths, answers, strict=True) if t == a)
    told = Counter(truths) + Counter(answers)
    return sum(2 * hits[one] / times for one, times in told.items()) / len(told)


def mae(truths: Sequence[float], answers: Sequence[float]) -> float:
    """Mean absolute error."""
    return sum(abs(t - a) for t, a in zip(truths, answers, strict=True)) / len(truths)


def rmse(truths: Sequence[float], answers: Sequence[float]) -> float:
    """Root of the mean squared error."""
    squares = sum((t - a) ** 2 for t, a in zip(truths, answers, strict=True))
    return math.sqrt(squares / len(truths))


def r2(truths: Sequence[float], answers: Sequence[float]) -> float:
    """Share of the truths' variance that the answers explain."""
    mean = sum(truths) / len(truths)
    total = sum((t - mean) ** 2 for t in truths)
    left = sum((t - a) ** 2 for t, a in zip(truths, answers, strict=True))
    return 1 - left / total if total else math.nan


BUILT_IN = {
    "accuracy": Metric("accuracy", accuracy, greater_is_better=True, read=labels),
    "f1_macro": Metric("f1_macro", f1_macro, greater_is_better=True, read=labels),
    "mae": Metric("mae", mae, greater_is_better=False, read=numbers),
    "rmse": Metric("rmse", rmse, greater_is_better=False, read=numbers),
    "r2": Metric("r2", r2, greater_is_better=True, read=numbers),
}
