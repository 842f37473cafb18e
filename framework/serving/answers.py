"""What predict returns → plain Python values, one per row."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from framework.errors import RequestError

PLAIN = {str, int, float, bool, type(None)}


def row_count(value: Any) -> int | None:
    """How many rows ``value`` has (an array, frame, list or tuple), None when that has no meaning."""
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
    listed = _listed(answers)
    if listed is None:
        raise RequestError(
            500,
            f"The predictor returned a {type(answers).__name__}, not one answer per row. Return a "
            "list, an array or a DataFrame.",
        )
    return listed if set(map(type, listed)) <= PLAIN else [_plain(answer) for answer in listed]


def _listed(answers: Any) -> list[Any] | None:
    if row_count(answers) is None:
        return None
    if isinstance(answers, (list, tuple)):
        return list(answers)
    if hasattr(answers, "to_dict") and hasattr(answers, "columns"):
        names = [str(name) for name in answers.columns]
        by_column = [answers.iloc[:, position].tolist() for position in range(len(names))]
        return [dict(zip(names, row)) for row in zip(*by_column)]
    if not hasattr(answers, "__array__"):
        return None
    import numpy as np

    array = np.asarray(answers)
    if array.dtype.kind in "mM":
        return np.where(np.isnat(array), None, np.datetime_as_string(array)).tolist()
    return array.tolist()


def _plain(value: Any) -> Any:
    if type(value) in PLAIN:
        return value
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (str, bool, int, float)):
        return _builtin(value)
    if type(value).__module__ == "numpy" and hasattr(value, "item") and value.shape == ():
        return _plain(_listed(value.reshape(1))[0])
    listed = _listed(value)
    if listed is None:
        raise RequestError(
            500,
            f"An answer holds a {type(value).__name__}, which no answer format can carry. Return "
            "numbers, texts, lists or dictionaries.",
        )
    return [_plain(item) for item in listed]


def _builtin(value: Any) -> Any:
    """The plain value of a subclass such as numpy.float64, numpy.str_ or an enumeration."""
    for kind in (str, bool, int, float):
        if isinstance(value, kind):
            return kind.__new__(kind, value)
    return value
