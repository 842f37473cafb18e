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
COMMA, NEWLINE = b",\n"
NEGATIVE_ZERO = re.compile(rb"-0(?![.0-9eE])")  # an integer in JSON, and so without its sign
INSTANCES = re.compile(rb'\s*\{\s*"instances"\s*:\s*(\[.*\])\s*\}\s*', re.DOTALL)


def of_lines(lines: bytes, width: int, largest: float) -> "np.ndarray | None":
    """CSV without header, quotes or missing cells as float64, rows first; None for other lines.

    Args:
        width: cells of one row.
        largest: magnitude that numbers may have.
    """
    text = lines.removesuffix(b"\n")
    if text.translate(None, NUMBERS + b",\n") or NEGATIVE_ZERO.search(text):
        return None
    rows = text.count(b"\n") + 1
    if text.count(b",") != rows * (width - 1) or not (rows == 1 or _are_even(text, rows, width)):
        return None
    return _parsed(b"[%b]" % text.replace(b"\n", b","), rows, width, largest)


def of_instances(body: bytes, width: int, largest: float) -> "np.ndarray | None":
    """JSON's {"instances": [[…], …]} as float64, rows first; None for other bodies."""
    match = INSTANCES.fullmatch(body)
    if not match:
        return None
    text = match[1]
    if text.translate(None, NUMBERS + b",[] \t\r\n") or NEGATIVE_ZERO.search(text):
        return None
    try:
        rows = simdjson.Parser().parse(text)
        flat = text.count(b"[") == len(rows) + 1
        even = flat and all(isinstance(row, simdjson.Array) and len(row) == width for row in rows)
    except UNREADABLE:
        return None
    return _parsed(text, len(rows), width, largest) if even else None


def _are_even(text: bytes, rows: int, width: int) -> bool:
    """Whether every line ends after its ``width``-th cell."""
    import numpy as np

    characters = np.frombuffer(text, dtype=np.uint8)
    ends = characters[(characters == COMMA) | (characters == NEWLINE)]
    return bool((ends[width - 1 :: width] == NEWLINE).all()) and len(ends) == rows * width - 1


def _parsed(text: bytes, rows: int, width: int, largest: float) -> "np.ndarray | None":
    import numpy as np

    try:
        values = np.frombuffer(simdjson.Parser().parse(text).as_buffer(of_type="d"))
    except UNREADABLE:
        return None
    if len(values) != rows * width or not rows or (np.abs(values) > largest).any():
        return None
    return values.reshape(rows, width)
