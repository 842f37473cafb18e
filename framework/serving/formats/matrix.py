"""Bodies of plain numbers only, read at once into one array: most of what models are asked.

Whatever else a body may hold is left to the readers of its format, cell by cell. Both give the same
bits: simdjson rounds as ``float`` does, and what JSON would read otherwise than ``float`` is left.
"""

import re
from typing import TYPE_CHECKING

import simdjson

if TYPE_CHECKING:
    import numpy as np

NUMBERS = b"0123456789+-.eE"
UNREADABLE = (ValueError, TypeError, RuntimeError)  # what simdjson raises
NEGATIVE_ZERO = re.compile(rb"-0(?![.0-9eE])")  # an integer in JSON, and so without its sign
INSTANCES = re.compile(rb'\s*\{\s*"instances"\s*:\s*(\[.*\])\s*\}\s*', re.DOTALL)


def of_lines(lines: bytes, width: int, largest: float) -> "np.ndarray | None":
    """CSV without header, quotes or missing cells as float64, rows first; None for other lines.

    Args:
        width: cells of one row.
        largest: magnitude that numbers may have.
    """
    between = lines.translate(None, NUMBERS)
    line = b"," * (width - 1) + b"\n"
    rows = len(between) // width + (not lines.endswith(b"\n"))
    ended = len(between) == rows * width
    if between != (line * rows if ended else (line * rows)[:-1]):
        return None
    cells = memoryview(lines.replace(b"\n", b","))
    values = _parsed(b"[%b]" % (cells[:-1] if ended else cells), rows, width, largest)
    return None if values is None or _has_negative_zero(values, lines) else values


def of_instances(body: bytes, width: int, largest: float) -> "np.ndarray | None":
    """JSON's {"instances": [[…], …]} as float64, rows first; None for other bodies."""
    match = INSTANCES.fullmatch(body)
    if not match:
        return None
    text = match[1]
    if text.translate(None, NUMBERS + b",[] \t\r\n"):
        return None
    try:
        rows = simdjson.Parser().parse(text)
        flat = text.count(b"[") == len(rows) + 1
        even = flat and all(isinstance(row, simdjson.Array) and len(row) == width for row in rows)
    except UNREADABLE:
        return None
    values = _parsed(text, len(rows), width, largest) if even else None
    return None if values is None or _has_negative_zero(values, text) else values


def _has_negative_zero(values: "np.ndarray", text: bytes) -> bool:
    """Whether a zero was read without its sign."""
    return not values.all() and NEGATIVE_ZERO.search(text) is not None


def _parsed(text: bytes, rows: int, width: int, largest: float) -> "np.ndarray | None":
    import numpy as np

    try:
        values = np.frombuffer(simdjson.Parser().parse(text).as_buffer(of_type="d"))
    except UNREADABLE:
        return None
    if len(values) != rows * width or not rows or (np.abs(values) > largest).any():
        return None
    return values.reshape(rows, width)
