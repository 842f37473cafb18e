"""Rows for a model whose artifact has no schema: types are guessed, request by request."""

from collections.abc import Sequence
from typing import Any

from framework.errors import RequestError
from framework.schema.cells import CellError, numbers
from framework.table import Table


def conform(table: Table) -> Any:
    """A float64 array with rows first when all cells are numbers, else a DataFrame.

    Without pandas it is an object array instead of a DataFrame.

    Raises:
        RequestError: 422, when there are no rows or their widths differ.
    """
    import numpy as np

    if len(table) == 0:
        raise RequestError(422, "There are no rows. Send at least one.")
    if isinstance(table.rows, np.ndarray):
        return table.rows.copy()
    if not isinstance(table.rows[0][0] if table.rows[0] else None, list):
        return _frame_or_array(table)
    try:
        return np.array(table.rows, dtype=np.float64)
    except (TypeError, ValueError):
        raise RequestError(422, "The rows are nested lists, but no array of numbers.") from None


def _frame_or_array(table: Table) -> Any:
    import numpy as np

    width = len(table.rows[0])
    if width == 0:
        raise RequestError(422, "row 1 has no values.")
    for index, row in enumerate(table.rows):
        if len(row) != width:
            raise RequestError(
                422, f"row {index + 1} has {len(row)} columns, but row 1 has {width}."
            )
    columns = [_numbers_or_texts(cells, table.textual) for cells in zip(*table.rows, strict=True)]
    if columns and all(isinstance(column, np.ndarray) for column in columns):
        return np.column_stack(columns)
    try:
        import pandas as pd
    except ImportError:
        return np.array([list(row) for row in table.rows], dtype=object)
    frame = pd.DataFrame(dict(enumerate(columns)))
    frame.columns = pd.Index(table.names or range(width))
    return frame


def _numbers_or_texts(cells: Sequence[Any], textual: bool) -> Any:
    try:
        return numbers(cells, textual, float("inf"))
    except CellError:
        return list(cells)
