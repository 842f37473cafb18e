"""Metrics of answers against the truth, and how sure they are."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from framework.algorithm import Algorithm, EvaluationDeclaration
from framework.errors import ConfigurationError, DataError

RESAMPLES = 300
MOST_RESAMPLED = 20_000
SEED = 20
CONFIDENCE = 0.95

Score = Callable[[Sequence[Any], Sequence[Any]], float]


@dataclass(frozen=True)
class Metric:
    """A score of answers.

    Attributes:
        of_numbers: whether truths and answers are numbers; else they are compared as labels.
    """

    name: str
    score: Score
    greater_is_better: bool
    of_numbers: bool = False


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

    if metric.of_numbers:
        truths, answers = numbers(truths, "the truth"), numbers(answers, "an answer")
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
    """The values as floats.

    Raises:
        DataError: one is no number.
    """
    found = []
    for row, value in enumerate(values):
        try:
            found.append(float(value))
        except (TypeError, ValueError):
            raise DataError(
                f"Row {row}: {what}, {value!r}, is no number, which this metric needs. Choose "
                "another metric, or mend the held-out rows."
            ) from None
    return found


def label(value: Any) -> str:
    """How a label is compared: 1, 1.0 and "1" are one label, as CSV cannot tell them apart."""
    if isinstance(value, bool):
        return str(value).lower()
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return str(int(number)) if number.is_integer() else repr(number)


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


def accuracy(truths: Sequence[Any], answers: Sequence[Any]) -> float:
    """Share of rows with the right label."""
    right = sum(label(t) == label(a) for t, a in zip(truths, answers, strict=True))
    return right / len(truths)


def f1_macro(truths: Sequence[Any], answers: Sequence[Any]) -> float:
    """Mean over labels of the harmonic mean of precision and recall."""
    pairs = [(label(t), label(a)) for t, a in zip(truths, answers, strict=True)]
    labels = {one for pair in pairs for one in pair}
    return sum(_f1(pairs, one) for one in labels) / len(labels)


def _f1(pairs: Sequence[tuple[str, str]], one: str) -> float:
    hits = sum(truth == answer == one for truth, answer in pairs)
    told = sum((truth == one) + (answer == one) for truth, answer in pairs)
    return 2 * hits / told


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
    "accuracy": Metric("accuracy", accuracy, greater_is_better=True),
    "f1_macro": Metric("f1_macro", f1_macro, greater_is_better=True),
    "mae": Metric("mae", mae, greater_is_better=False, of_numbers=True),
    "rmse": Metric("rmse", rmse, greater_is_better=False, of_numbers=True),
    "r2": Metric("r2", r2, greater_is_better=True, of_numbers=True),
}
