"""Reads answers out of replies and says how two sets of them differ."""

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from framework.manifest import Manifest
from framework.testing.client import Reply
from framework.testing.rows import CSV, JSON_LINES

FLOAT64_TOLERANCE = 1e-9


def tolerance_of(manifest: Manifest) -> float:
    """The relative difference at which two floats still count as equal.

    The proof of the training job found it; a model that it refused has none.
    """
    return manifest.golden.tolerance if manifest.golden else FLOAT64_TOLERANCE


def answers_in(reply: Reply) -> Any:
    """One answer per row where the reply has the usual form, else its whole content."""
    media_type = reply.content_type.partition(";")[0]
    if media_type == JSON_LINES:
        return [json.loads(line) for line in reply.text.splitlines()]
    if media_type == CSV:
        return [row[0] if len(row) == 1 else row for row in csv.reader(io.StringIO(reply.text))]
    try:
        content = reply.json()
    except ValueError:
        return reply.text
    return (
        content["predictions"]
        if isinstance(content, dict) and "predictions" in content
        else (content)
    )


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


def read_cells(cells: Any, like: Any) -> Any:
    """Cells of a CSV reply as the types that the JSON answers have."""
    if isinstance(like, list) and isinstance(cells, list) and len(like) == len(cells):
        return [read_cells(cell, answer) for cell, answer in zip(cells, like, strict=True)]
    if like is None:
        return cells or None
    if isinstance(like, bool) and isinstance(cells, str):
        return {"true": True, "false": False}.get(cells.lower(), cells)
    if _is_number(like) and isinstance(cells, str):
        try:
            return type(like)(cells)
        except ValueError:
            return cells
    return cells


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
