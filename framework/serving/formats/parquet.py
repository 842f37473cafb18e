"""Apache Parquet, when pyarrow is in the image."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from framework.errors import RequestError
from framework.schema import InputSchema
from framework.table import Table

MOST_CELLS = 100_000_000


def read(body: bytes, parameters: Mapping[str, str], schema: InputSchema | None) -> Table:
    """Read all row groups; a model without column names takes the columns by position."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise RequestError(
            415,
            "This image cannot read Parquet, because pyarrow is not installed. Send text/csv "
            "or application/json, or add pyarrow to the algorithm's requirements.",
        ) from None
    try:
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(body))
        cells = file.metadata.num_rows * file.metadata.num_columns
        if cells > MOST_CELLS:
            raise RequestError(413, f"The Parquet file has {cells} cells, over {MOST_CELLS}.")
        table = file.read(use_threads=False)
        columns = [_cells(column.to_pylist()) for column in table.columns]
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RequestError(400, f"The body is no Parquet file: {reason:.200}.") from None
    named = schema is None or schema.kind == "frame"
    return Table(list(zip(*columns, strict=True)), table.column_names if named else None)


def _cells(values: list[Any]) -> list[Any]:
    """Cells with JSON's types: dates as ISO 8601 texts, NaN as missing."""
    kinds = set(map(type, values))
    if any(issubclass(kind, date) for kind in kinds):
        return [v.isoformat() if isinstance(v, (date, datetime)) else v for v in values]
    if float in kinds:
        return [None if value is None or math.isnan(value) else value for value in values]
    return values
