"""Says how two sets of answers differ."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """Where two sets of answers differ first, and what each has there."""

    where: str
    expected: str
    seen: str

    def __str__(self) -> str:
        return f"{self.where}: {self.expected} against {self.seen}"


def difference(expected: Any, seen: Any, tolerance: float) -> str:
    """Empty when both are the same; else where they differ first, and how."""
    return str(first_difference(expected, seen, tolerance) or "")


def first_difference(
    expected: Any, seen: Any, tolerance: float, where: str = "answer"
) -> Difference | None:
    """Where they differ first, None when both are the same.

    Labels, integers and texts must be equal. Floats may differ by ``tolerance`` times the
    largest magnitude among the answers, because a sum's rounding depends on its terms.
    """
    magnitudes = [abs(value) for value in _floats(expected) if abs(value) != float("inf")]
    return _first_difference(expected, seen, tolerance * max(magnitudes, default=0.0), where)


def _first_difference(expected: Any, seen: Any, allowed: float, where: str) -> Difference | None:
    if isinstance(expected, list) and isinstance(seen, list):
        if len(expected) != len(seen):
            return Difference(where, f"{len(expected)} values", f"{len(seen)} values")
        pairs = ((f"{where} {i + 1}", a, b) for i, (a, b) in enumerate(zip(expected, seen)))  # noqa: B905
        found = (_first_difference(a, b, allowed, place) for place, a, b in pairs)
        return next(filter(None, found), None)
    if isinstance(expected, dict) and isinstance(seen, dict) and expected.keys() == seen.keys():
        triples = ((f"{where} '{key}'", expected[key], seen[key]) for key in expected)
        found = (_first_difference(a, b, allowed, place) for place, a, b in triples)
        return next(filter(None, found), None)
    if _is_number(expected) and _is_number(seen) and float in (type(expected), type(seen)):
        same = expected == seen or abs(expected - seen) <= allowed
    else:
        same = type(expected) is type(seen) and expected == seen
    return None if same else Difference(where, _shown(expected), _shown(seen))


def _floats(answers: Any) -> list[float]:
    if isinstance(answers, list):
        return [value for answer in answers for value in _floats(answer)]
    if isinstance(answers, dict):
        return _floats(list(answers.values()))
    return [answers] if isinstance(answers, float) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"
