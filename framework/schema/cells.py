"""Cells from the wire → values of one kind.

Every function takes the cells of one column: a list of JSON's types, a list of texts
(``textual``, from CSV), or a one-dimensional numpy array (from npy). It raises
CellError for the first cell that does not fit.
"""

import math
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

LONGEST_SHOWN = 40
CELLS_AT_A_TIME = 100_000  # in between, other threads of the server get their turn
FLOAT32_MAX = 3.4028234663852886e38
MISSING_WORDS = frozenset({"", "NA", "NaN", "nan", "null", "None", "N/A"})
INFINITE_WORDS = frozenset({"inf", "infinity"})
TRUTH_WORDS = {"true": True, "false": False, "1": True, "0": False}
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
WIRE_TYPES = {
    bool: "true or false",
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a number",
    float: "a number",
    bytes: "binary",
    Decimal: "a decimal",
}


class CellError(Exception):
    """One cell does not fit.

    Args:
        index: position of the cell in its column.
        problem: continues "row 3, column 'age'", for example ": 'x' is not a number".
    """

    def __init__(self, index: int, problem: str):
        super().__init__(problem)
        self.index = index
        self.problem = problem


def numbers(cells: Sequence[Any], textual: bool, largest: float) -> "np.ndarray":
    """Float64 with NaN where missing; no cell is infinite or exceeds ±``largest``."""
    import numpy as np

    if isinstance(cells, np.ndarray):
        values = _numbers_of_array(cells)
    elif textual:
        values = _numbers_of_text(cells)
    else:
        values = _numbers_of_json(cells)
    too_large = np.abs(values) > largest
    if too_large.any():
        index = int(too_large.argmax())
        raise CellError(index, f": {shown(cells[index])} is beyond ±{largest:.3g}")
    return values


def integers(
    cells: Sequence[Any], textual: bool, lowest: int, highest: int
) -> tuple["np.ndarray", "np.ndarray"]:
    """(whole numbers, 0 where missing; which are missing), all within the bounds."""
    import numpy as np

    values = _plain_integers(cells, textual)
    missing = np.zeros(len(cells), dtype=bool)
    if values is None:
        read = _integer_of_text if textual else _integer_of_json
        listed = cells.tolist() if isinstance(cells, np.ndarray) else cells
        found = [read(cell, index) for index, cell in enumerate(listed)]
        missing = np.array([value is None for value in found], dtype=bool)
        values = [0 if value is None else value for value in found]
    smallest, largest = _extremes(values)
    if smallest < lowest or largest > highest:
        index = next(i for i, value in enumerate(values) if not lowest <= value <= highest)
        raise CellError(index, f": {shown(cells[index])} is not within {lowest} to {highest}")
    return np.array(values, dtype=np.uint64 if lowest == 0 else np.int64), missing


def booleans(cells: Sequence[Any], textual: bool) -> tuple["np.ndarray", "np.ndarray"]:
    """(truth values, False where missing; which are missing)."""
    import numpy as np

    if isinstance(cells, np.ndarray):
        cells = cells.tolist()
    read = _truth_of_text if textual else _truth_of_json
    values = [read(cell, index) for index, cell in enumerate(cells)]
    missing = np.array([value is None for value in values], dtype=bool)
    return np.array([bool(value) for value in values], dtype=bool), missing


def texts(cells: Sequence[Any], textual: bool, may_miss: bool) -> list[str | None]:
    """Texts, None where missing. An empty CSV cell is "" where nothing may be missing."""
    if textual:
        return [None if may_miss and not cell else cell for cell in cells]
    for index, cell in enumerate(cells):
        if cell is not None and type(cell) is not str:
            raise CellError(index, f": {shown(cell)} is not text")
    return list(cells)


def members(cells: Sequence[Any], textual: bool, known: Sequence[Any]) -> list[int]:
    """Positions in ``known``, which are all texts, all numbers or all truth values; -1: missing."""
    values = _like(known[0] if known else "", cells, textual)
    positions = {value: position for position, value in enumerate(known)}
    found = []
    for index, value in enumerate(values):
        position = positions.get(value)
        if position is None:
            if not (value is None or (textual and value in MISSING_WORDS)):
                raise CellError(index, f": {shown(cells[index])} is not one of {_listed(known)}")
            position = -1
        found.append(position)
    return found


def moments(cells: Sequence[Any], textual: bool, zoned: bool) -> list[str | None]:
    """ISO 8601 texts, None where missing, all with an offset from UTC or all without."""
    example = "2024-05-31T12:00:00" + ("Z" if zoned else "")
    for index, cell in enumerate(cells):
        if cell is None or (textual and cell in MISSING_WORDS):
            continue
        match = MOMENT.fullmatch(cell) if type(cell) is str else None
        if not match:
            raise CellError(index, f": {shown(cell)} is not a date like {example}")
        if bool(match[1]) != zoned:
            fault = "lacks an offset from UTC" if zoned else "has an offset from UTC"
            raise CellError(index, f": {shown(cell)} {fault}; send a date like {example}")
    return [None if textual and cell in MISSING_WORDS else cell for cell in cells]


def shown(cell: Any) -> str:
    """The cell as an error message quotes it: short, on one line."""
    if isinstance(cell, (list, dict, bytes)):
        return WIRE_TYPES[type(cell)]
    if cell is None or isinstance(cell, bool):
        return {None: "null", True: "true", False: "false"}[cell]
    if hasattr(cell, "item"):
        cell = cell.item()
    if isinstance(cell, datetime):
        cell = cell.isoformat()
    written = repr(cell[:LONGEST_SHOWN] if isinstance(cell, str) else cell)
    return written if len(written) < LONGEST_SHOWN else f"{written[: LONGEST_SHOWN - 3]}…'"


def _numbers_of_array(cells: "np.ndarray") -> "np.ndarray":
    import numpy as np

    if cells.dtype.kind not in "fiu":
        raise CellError(0, f": {cells.dtype.name} values are not numbers")
    return cells.astype(np.float64)


def _numbers_of_text(cells: Sequence[str]) -> "np.ndarray":
    import numpy as np

    values = np.empty(len(cells), dtype=np.float64)
    for start in range(0, len(cells), CELLS_AT_A_TIME):
        part = cells[start : start + CELLS_AT_A_TIME]
        values[start : start + len(part)] = _plain_floats(part) or [
            _number_of_text(cell, index) for index, cell in enumerate(part, start)
        ]
    return values


def _plain_floats(cells: Sequence[str]) -> list[float] | None:
    """The cells as numbers when each is nothing else, else None."""
    if _consists_of(cells, b"0123456789+-.eE"):
        try:
            return list(map(float, cells))
        except ValueError:
            pass
    return None


def _number_of_text(cell: str, index: int) -> float:
    stripped = cell.strip()
    if NUMBER.fullmatch(stripped):
        return float(stripped)
    if stripped in MISSING_WORDS:
        return math.nan
    if stripped.lstrip("+-").lower() in INFINITE_WORDS:
        raise CellError(index, f": {shown(cell)} is infinite")
    raise CellError(index, f": {shown(cell)} is not a number")


def _numbers_of_json(cells: Sequence[Any]) -> "np.ndarray":
    import numpy as np

    if not set(map(type, cells)) <= {int, float, type(None)}:
        for index, cell in enumerate(cells):
            if cell is not None and type(cell) not in (int, float):
                raise CellError(index, f": {shown(cell)} is not a number")
    return np.array(cells, dtype=np.float64)


def _plain_integers(cells: Sequence[Any], textual: bool) -> "Sequence[int] | np.ndarray | None":
    """The cells as integers when each is one already, else None."""
    import numpy as np

    if isinstance(cells, np.ndarray):
        if cells.dtype.kind not in "fiu":
            raise CellError(0, f": {cells.dtype.name} values are not whole numbers")
        return cells if cells.dtype.kind in "iu" else None
    if not textual:
        return list(cells) if set(map(type, cells)) == {int} else None
    if _consists_of(cells, b"0123456789+-"):
        try:
            return list(map(int, cells))
        except ValueError:
            pass
    return None


def _extremes(values: "Sequence[int] | np.ndarray") -> tuple[int, int]:
    if isinstance(values, (list, tuple)):
        return min(values), max(values)
    return int(values.min()), int(values.max())


def _integer_of_text(cell: str, index: int) -> int | None:
    stripped = cell.strip()
    if stripped in MISSING_WORDS:
        return None
    if WHOLE.fullmatch(stripped):
        return int(stripped)
    return _whole(_number_of_text(cell, index), cell, index)


def _integer_of_json(cell: Any, index: int) -> int | None:
    if cell is None or type(cell) is int:
        return cell
    if type(cell) is float:
        return _whole(cell, cell, index)
    raise CellError(index, f": {shown(cell)} is not a whole number")


def _whole(number: float, cell: Any, index: int) -> int | None:
    if math.isnan(number):
        return None
    if not number.is_integer():
        raise CellError(index, f": {shown(cell)} is not a whole number")
    return int(number)


def _truth_of_text(cell: str, index: int) -> bool | None:
    stripped = cell.strip()
    if stripped in MISSING_WORDS:
        return None
    if stripped.lower() not in TRUTH_WORDS:
        raise CellError(index, f": {shown(cell)} is not true or false")
    return TRUTH_WORDS[stripped.lower()]


def _truth_of_json(cell: Any, index: int) -> bool | None:
    if cell is not None and type(cell) is not bool:
        raise CellError(index, f": {shown(cell)} is not true or false")
    return cell


def _consists_of(cells: Sequence[str], characters: bytes) -> bool:
    joined = "".join(cells)
    return joined.isascii() and not joined.encode().translate(None, characters)


def _like(example: Any, cells: Sequence[Any], textual: bool) -> list[Any]:
    """The cells as values of the example's kind, None where missing."""
    if isinstance(example, str):
        return texts(cells, textual, may_miss=False)
    if isinstance(example, bool):
        values, missing = booleans(cells, textual)
        return [
            None if gone else value for value, gone in zip(values.tolist(), missing, strict=True)
        ]
    values = numbers(cells, textual, math.inf).tolist()
    return [None if math.isnan(value) else value for value in values]


def _listed(known: Sequence[Any]) -> str:
    listed = ", ".join(shown(value) for value in known[:10])
    return listed + (f" and {len(known) - 10} more" if len(known) > 10 else "") or "no value at all"
