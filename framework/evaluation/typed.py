"""Cells of a file as the live model's training saw them: numbers, truth values, dates."""

from typing import TYPE_CHECKING, Any

from framework.schema import Column

if TYPE_CHECKING:
    import pandas as pd

MISSING_CELLS = ("", "na", "nan", "null", "none", "n/a")
NUMBERS = ("integer", "number")
TRUTH_VALUES = {"true": True, "false": False, "1": True, "0": False}


def is_missing(cell: Any) -> bool:
    """Whether a cell holds nothing, as pandas reads it."""
    return str(cell).strip().lower() in MISSING_CELLS


def is_number(cell: Any) -> bool:
    """Whether a cell is a number, or a text that is one."""
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def typed(column: Column, cells: "pd.Series") -> "pd.Series":
    """The cells with the column's type; those of another type are missing."""
    import pandas as pd

    present = cells.mask(cells.map(is_missing))
    match _kind(column):
        case "number":
            return pd.to_numeric(present, errors="coerce")
        case "boolean":
            return present.map(lambda cell: TRUTH_VALUES.get(str(cell).strip().lower()))
        case "datetime":
            zoned = "," in column.dtype
            return pd.to_datetime(present, errors="coerce", format="mixed", utc=zoned)
    return present


def _kind(column: Column) -> str:
    """The column's role; of categories that are no texts, the kind of their values."""
    first = column.categories[0] if column.categories else ""
    if isinstance(first, str):
        return "number" if column.role in NUMBERS else column.role
    return "boolean" if isinstance(first, bool) else "number"
