"""Reads answers out of replies."""

import csv
import io
import json
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
