"""Bodies of plain numbers only, read at once into one array: most of what models are asked.

Formats that can, make lines of such a body, with numbers between commas. Those of several bodies
are read as if they were one. Whatever else a body may hold is left to the reader of its format,
cell by cell. Both give the same bits: simdjson rounds as ``float`` does, and what JSON would read
otherwise than ``float`` is left.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import simdjson

if TYPE_CHECKING:
    import numpy as np

NUMBERS = b"0123456789+-.eE"
UNREADABLE = (ValueError, TypeError, RuntimeError)  # what simdjson raises
NEGATIVE_ZERO = re.compile(rb"-0(?![.0-9eE])")  # an integer in JSON, and so without its sign
PART_BYTES = 65_536  # what the processor's caches hold, with all that is made of it


def of_lines(lines: bytes, width: int, largest: float) -> "np.ndarray | None":
    """The numbers as float64, rows first; None where the lines hold anything else.

    Args:
        lines: the last one may have an end, too.
        width: numbers of one line.
        largest: magnitude that numbers may have.
    """
    import numpy as np

    parser, parts = simdjson.Parser(), []
    for part in _parts(lines):
        values = _parsed(parser, part, width)
        if values is None or np.abs(values).max() > largest or _has_negative_zero(values, part):
            return None
        parts.append(values)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def joined(several: Sequence[bytes]) -> bytes:
    """The lines of several bodies, each line with an end."""
    return b"".join([lines.removesuffix(b"\n") + b"\n" for lines in several])


def line_count(lines: bytes) -> int:
    """How many there are."""
    return lines.count(b"\n") + (not lines.endswith(b"\n"))


def _parts(lines: bytes) -> Iterator[bytes]:
    """Some lines at a time, the last one without its end. A longer line than a part is one."""
    start, end = 0, len(lines) - lines.endswith(b"\n")
    while start <= end:
        stop = end
        if end - start > PART_BYTES:
            stop = lines.rfind(b"\n", start, start + PART_BYTES)
            if stop < 0:
                stop = lines.find(b"\n", start, end)
        stop = end if stop < 0 else stop
        yield lines[start:stop]
        start = stop + 1


def _parsed(parser: simdjson.Parser, lines: bytes, width: int) -> "np.ndarray | None":
    import numpy as np

    between = lines.translate(None, NUMBERS)
    rows = (len(between) + 1) // width
    if not rows or between != ((b"," * (width - 1) + b"\n") * rows)[:-1]:
        return None
    try:
        numbers = parser.parse(b"[%b]" % lines.replace(b"\n", b",")).as_buffer(of_type="d")
    except UNREADABLE:
        return None
    values = np.frombuffer(numbers)
    return values.reshape(rows, width) if len(values) == rows * width else None


def _has_negative_zero(values: "np.ndarray", lines: bytes) -> bool:
    """Whether a zero was read without its sign."""
    return not values.all() and NEGATIVE_ZERO.search(lines) is not None
