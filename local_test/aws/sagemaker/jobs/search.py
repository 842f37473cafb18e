"""Which hyperparameters a tuning job tries next.

A point is a number from 0 to 1 for each range. Random draws points, Grid takes every
combination of choices in order, Bayesian asks a Gaussian process where an improvement is to
be expected, as SageMaker's does; its choices are its own.
"""

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from local_test.aws.sagemaker.errors import Refused

FIRST = 3  # random points before the Gaussian process has anything to say
CANDIDATES = 500
LENGTH = 0.25
NOISE = 1e-6
KINDS = ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")
WHOLE, _, CHOICE = KINDS

Point = tuple[float, ...]


@dataclass(frozen=True)
class Range:
    """One hyperparameter that is searched.

    Attributes:
        kind: the list of ParameterRanges that it stands in.
        given: its entry there.
    """

    kind: str
    given: dict[str, Any]

    @property
    def name(self) -> str:
        return self.given["Name"]

    def value(self, position: float) -> str:
        """The hyperparameter's text at a position from 0 to 1."""
        if self.kind == CHOICE:
            choices = self.given["Values"]
            return choices[min(int(position * len(choices)), len(choices) - 1)]
        low, high = float(self.given["MinValue"]), float(self.given["MaxValue"])
        scale = self.given.get("ScalingType", "Auto")
        if scale == "Logarithmic":
            number = low * (high / low) ** position
        elif scale == "ReverseLogarithmic":
            number = 1 - (1 - low) * ((1 - high) / (1 - low)) ** position
        else:
            number = low + (high - low) * position
        if self.kind == WHOLE:
            return str(min(round(number), int(high)))
        return repr(min(max(number, low), high))


def ranges_of(config: dict[str, Any]) -> list[Range]:
    """The ranges of HyperParameterTuningJobConfig.

    Raises:
        Refused: there is none, one is empty, or the strategy cannot search it.
    """
    given = config.get("ParameterRanges", {})
    found = [Range(kind, one) for kind in KINDS for one in given.get(kind, [])]
    if not found:
        raise Refused("ValidationException", "ParameterRanges names no hyperparameter.")
    for one in found:
        if one.kind != CHOICE and float(one.given["MinValue"]) > float(one.given["MaxValue"]):
            raise Refused("ValidationException", f"MinValue of '{one.name}' is above its MaxValue.")
        if one.kind != CHOICE and config["Strategy"] == "Grid":
            raise Refused(
                "ValidationException",
                f"Grid searches choices only; '{one.name}' is in {one.kind}.",
            )
        scale = one.given.get("ScalingType", "Auto")
        if scale == "Logarithmic" and float(one.given["MinValue"]) <= 0:
            raise Refused(
                "ValidationException",
                f"Logarithmic scaling of '{one.name}' needs a MinValue above 0.",
            )
    return found


class Search(Protocol):
    """A strategy."""

    def next(self, seen: Sequence[tuple[Point, float]]) -> Point | None:
        """The next point, given points with their scores (less is better); None: no more."""


class RandomSearch:
    """Points drawn anywhere."""

    def __init__(self, size: int, dice: random.Random):
        self._size = size
        self._dice = dice

    def next(self, seen: Sequence[tuple[Point, float]]) -> Point | None:
        """One more."""
        return tuple(self._dice.random() for _ in range(self._size))


class GridSearch:
    """Every combination of choices, once."""

    def __init__(self, ranges: Sequence[Range]):
        self._rest = itertools.product(*(_middles(one) for one in ranges))

    def next(self, seen: Sequence[tuple[Point, float]]) -> Point | None:
        """The next one in order."""
        return next(self._rest, None)


class BayesianSearch:
    """Where a Gaussian process over what was seen expects the largest improvement."""

    def __init__(self, size: int, dice: random.Random):
        self._random = RandomSearch(size, dice)

    def next(self, seen: Sequence[tuple[Point, float]]) -> Point | None:
        """Random at first, then the best of many candidates."""
        if len(seen) < FIRST:
            return self._random.next(seen)
        candidates = [self._random.next(seen) for _ in range(CANDIDATES)]
        return candidates[int(np.argmax(_expected_improvement(seen, candidates)))]


STRATEGIES: dict[str, Callable[[Sequence[Range], random.Random], Search]] = {
    "Bayesian": lambda ranges, dice: BayesianSearch(len(ranges), dice),
    "Random": lambda ranges, dice: RandomSearch(len(ranges), dice),
    "Grid": lambda ranges, dice: GridSearch(ranges),
}


def _middles(one: Range) -> list[float]:
    count = len(one.given["Values"])
    return [(number + 0.5) / count for number in range(count)]


def _expected_improvement(
    seen: Sequence[tuple[Point, float]], candidates: Sequence[Point]
) -> np.ndarray:
    """Of each candidate, in standard deviations of the scores."""
    points = np.array([point for point, _ in seen])
    scores = np.array([score for _, score in seen])
    scores = (scores - scores.mean()) / (scores.std() or 1.0)
    among = _likeness(points, points) + NOISE * np.eye(len(points))
    towards = _likeness(np.array(candidates), points)
    mean = towards @ np.linalg.solve(among, scores)
    variance = 1 - np.einsum("ij,ji->i", towards, np.linalg.solve(among, towards.T))
    spread = np.sqrt(np.maximum(variance, 1e-12))
    better = (scores.min() - mean) / spread
    below = np.array([0.5 * (1 + math.erf(z / math.sqrt(2))) for z in better])
    density = np.exp(-(better**2) / 2) / math.sqrt(2 * math.pi)
    return spread * (better * below + density)


def _likeness(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    distance = ((left[:, None, :] - right[None, :, :]) ** 2).sum(axis=2)
    return np.exp(-distance / (2 * LENGTH**2))
