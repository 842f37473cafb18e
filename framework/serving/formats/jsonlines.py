"""application/jsonlines: one row per line, as a list, a record, {"features": […]} or a value."""

from collections.abc import Iterator, Mapping
from typing import Any

from framework.schema import InputSchema
from framework.serving.formats import json
from framework.serving.formats.text import text_of
from framework.table import Table


def read(body: bytes, parameters: Mapping[str, str], schema: InputSchema | None) -> Table:
    """Parse every line that is not blank."""
    lines = text_of(body, parameters).split("\n")
    rows = [
        json.parsed(line, f"Line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if rows and not any(isinstance(row, (list, dict)) for row in rows):
        return Table([[row] for row in rows])
    return json.rows_table(rows, schema)


def write(answers: list[Any]) -> bytes:
    """One JSON value per line, no newline at the end."""
    return b"\n".join(map(json.dumps, answers))


def pieces(answers: Iterator[Any]) -> Iterator[bytes]:
    """The same, one piece per answer."""
    before = b""
    for answer in answers:
        yield before + json.dumps(answer)
        before = b"\n"
