"""What predict returns → plain Python values, one per row."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from framework.errors import RequestError

PLAIN = {str, int, float, bool, type(None)}
LARGEST_ITEM = 8  # bytes; Python has no longer floats
CONVERSIONS = (
    (bool, bool),
    (str, str.__str__),
    (int, int),
    (float, float),
    (Decimal, float),
)


def row_count(value: Any) -> int | None:
    """Rows of an array, frame, list or tuple; None for anything else."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return int(shape[0]) if shape else None
    return len(value) if isinstance(value, (list, tuple)) else None


def plain(answers: Any) -> list[Any]:
    """The answers as a list of None, bool, int, float, str, lists and objects of these.

    Rows of a DataFrame become objects; dates become ISO 8601; NaT and NA become None.

    Raises:
        RequestError: 500, when ``answers`` has no rows or holds what no format can carry.
    """
    if _is_plain_array(answers):
        return answers.tolist()
    listed = _listed(answers)
    if listed is None:
        raise RequestError(
            500,
            f"The predictor returned a {type(answers).__name__}, not one answer per row. Return a "
            "list, an array or a DataFrame.",
        )
    return _plain(listed)


def _is_plain_array(value: Any) -> bool:
    """Whether it is an array of numbers of which Python has the type."""
    if type(value).__module__ != "numpy" or row_count(value) is None:
        return False
    return value.dtype.kind in "biuf" and value.dtype.itemsize <= LARGEST_ITEM


def _listed(value: Any) -> list[Any] | None:
    """The rows of a list, tuple, frame, series, array or tensor; None for anything else."""
    if row_count(value) is None:
        return None
    if isinstance(value, (list, tuple)):
        return list(value)
    if hasattr(value, "iloc") and hasattr(value, "columns"):
        return _records(value)
    return _elements(value)


def _records(frame: Any) -> list[dict[str, Any]]:
    names = [str(name) for name in frame.columns]
    columns = [frame.iloc[:, position].tolist() for position in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _elements(value: Any) -> list[Any] | None:
    if type(value).__module__ == "numpy" and value.dtype.kind == "M":
        import numpy as np

        return np.where(np.isnat(value), None, np.datetime_as_string(value)).tolist()
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "__array__"):
        return _elements(value.__array__())
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        already = type(value) is list and PLAIN.issuperset(map(type, value))
        return value if already else [_plain(item) for item in value]
    listed = _listed(value)
    return _plain_one(value) if listed is None else _plain(listed)


def _plain_one(value: Any) -> Any:
    if getattr(value, "shape", None) == () and hasattr(value, "reshape"):
        return _plain(value.reshape(1))[0]
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    for kind, convert in CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    raise RequestError(
        500,
        f"An answer holds a {type(value).__name__}, which no answer format can carry. Return "
        "numbers, texts, lists or dictionaries.",
    )
