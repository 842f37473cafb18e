"""The whole input: an array, a frame of columns, or plain texts."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from framework.errors import RequestError, did_you_mean
from framework.schema.cells import FLOAT32_MAX, NUMBER, CellError, shown
from framework.schema.column import Column
from framework.table import Table

if TYPE_CHECKING:
    import numpy as np

LISTED_NAMES = 20
LONGEST_NAME = 100


class InputSchema(BaseModel):
    """What ``predict`` gets, and so what a request must carry.

    Attributes:
        kind: "array" (numpy, rows first), "frame" (DataFrame) or "texts" (one
            text per row).
        dtype: of an array.
        row_shape: of one row of an array: [30] for 30 columns, [28, 28] for images,
            [] for one plain number per row.
        missing: whether cells of an array may be missing (NaN).
        largest: magnitude that numbers of an array may have.
        columns: of a frame.
    """

    kind: Literal["array", "frame", "texts"]
    dtype: str | None = None
    row_shape: list[int] = []
    missing: bool = False
    largest: float = FLOAT32_MAX
    columns: list[Column] = []

    @classmethod
    def learn(
        cls, X: Any, free_text: Sequence[str] = (), allow_missing: Sequence[str] = ()
    ) -> "InputSchema":
        """The schema of ``X``, what the model was trained on.

        Args:
            X: numpy array (rows first), DataFrame, Series, or sequence of texts.
            free_text: text columns that take any text, not only the values seen.
            allow_missing: columns that may be missing although none is missing here;
                for an array any name allows all.

        Raises:
            DataError: a request could not carry such data; says what to change.
        """
        from framework.schema.learn import learn

        return cls(**learn(X, free_text, allow_missing))

    @property
    def names(self) -> list[str] | None:
        """Column names as requests write them; None when the columns have none."""
        return [str(column.name) for column in self.columns] if self.kind == "frame" else None

    @property
    def width(self) -> int:
        """Cells of one row."""
        return len(self.columns) if self.kind == "frame" else prod(self.row_shape)

    @cached_property
    def largest_float(self) -> float | None:
        """Magnitude of the numbers where all cells are floating-point numbers, else None.

        None also for a frame with a column whose name reads as a number: it may be a header.
        """
        if self.kind == "array":
            return self.largest if self.dtype[0] == "f" else None
        floats = self.columns and all(column.role == "number" for column in self.columns)
        if not floats or any(NUMBER.fullmatch(name) for name in self.names):
            return None
        return min(column.largest for column in self.columns)

    def conform(self, table: Table) -> "np.ndarray | Any":
        """The rows with the types of the training data: an array or a DataFrame.

        Raises:
            RequestError: 422, naming the row (from 1) and the column that does not fit.
        """
        import numpy as np

        if len(table) == 0:
            raise RequestError(422, "There are no rows. Send at least one.")
        with np.errstate(all="ignore"):  # the algorithm may have told numpy to raise
            return self._frame(table) if self.kind == "frame" else self._array(table)

    def _array(self, table: Table) -> "np.ndarray":
        import numpy as np

        if table.names is not None:
            raise RequestError(
                422,
                "The model was trained without column names. Send each row as a list of "
                f"{self.width} values.",
            )
        rows = table.rows
        if table.checked:
            return rows.astype(self.dtype, copy=False).reshape(len(rows), *self.row_shape)
        if isinstance(rows, np.ndarray):
            cells: Any = self._flat_array(rows)
        else:
            cells = self._flat_rows(rows, table.textual)
        try:
            values = self._cell_rule.convert(cells, table.textual)
        except CellError as error:
            raise self._located(error) from None
        return values.reshape(len(rows), *self.row_shape)

    @cached_property
    def _cell_rule(self) -> Column:
        if self.kind == "texts":
            return Column(name="", dtype="object", role="text")
        roles = {"f": "number", "i": "integer", "u": "integer", "b": "boolean"}
        return Column(
            name="",
            dtype=self.dtype,
            role=roles[self.dtype[0]],
            missing=self.missing,
            largest=self.largest,
        )

    def _flat_array(self, rows: "np.ndarray") -> "np.ndarray":
        if list(rows.shape[1:]) not in (self.row_shape, [self.width]):
            raise RequestError(
                422,
                f"The array has rows of shape {list(rows.shape[1:])}, but the model was trained "
                f"on rows of shape {self.row_shape}.",
            )
        return rows.reshape(-1)

    def _flat_rows(self, rows: Sequence[Any], textual: bool) -> list[Any]:
        if len(self.row_shape) < 2 or not isinstance(rows[0][0] if rows[0] else None, list):
            _check_widths(rows, self.width, textual)
            return list(chain.from_iterable(rows))
        cells: Sequence[Any] = rows
        for depth, length in enumerate(self.row_shape):
            for index, nested in enumerate(cells):
                if not isinstance(nested, list) or len(nested) != length:
                    row = index // prod(self.row_shape[:depth]) + 1
                    raise RequestError(
                        422, f"row {row} does not have the shape {self.row_shape} of the training."
                    )
            cells = list(chain.from_iterable(cells))
        return list(cells)

    def _located(self, error: CellError) -> RequestError:
        row, position = divmod(error.index, self.width)
        place = f"row {row + 1}"
        if len(self.row_shape) == 1:
            place += f", column {position + 1}"
        elif self.row_shape:
            import numpy as np

            place += f", position {[int(i) for i in np.unravel_index(position, self.row_shape)]}"
        return RequestError(422, f"{place}{error.problem}.")

    def _frame(self, table: Table) -> Any:
        import numpy as np
        import pandas as pd

        order = self._order(table.names)
        if isinstance(table.rows, np.ndarray):
            by_column: Sequence[Any] = self._flat_array(table.rows).reshape(-1, self.width).T
        else:
            _check_widths(table.rows, self.width, table.textual)
            by_column = list(zip(*table.rows, strict=True))
        values = {}
        for position, (column, source) in enumerate(zip(self.columns, order, strict=True)):
            try:
                converted = column.convert(by_column[source], table.textual)
            except CellError as error:
                place = f"row {error.index + 1}, column {shown(str(column.name))}"
                raise RequestError(422, f"{place}{error.problem}.") from None
            # Without a Series, pandas would infer another dtype for objects.
            plain = converted.dtype != object
            values[position] = converted if plain else pd.Series(converted, dtype=object)
        frame = pd.DataFrame(values)
        frame.columns = pd.Index([column.name for column in self.columns])
        return frame

    def _order(self, names: list[str] | None) -> Sequence[int]:
        """For each column of the training data, its position in the request."""
        expected = self.names or []
        if names is None or names == expected:
            return range(len(expected))
        positions = {name: position for position, name in enumerate(names)}
        known = set(expected)
        unknown = [name for name in names if name not in known]
        missing = [name for name in expected if name not in positions]
        if unknown:
            raise RequestError(
                422, f"Column {shown(unknown[0])} is unknown. {suggest(unknown[0], expected)}"
            )
        if missing:
            listed = ", ".join(map(shown, missing[:LISTED_NAMES]))
            more = len(missing) - LISTED_NAMES
            raise RequestError(
                422,
                f"Missing {'column' if len(missing) == 1 else 'columns'} {listed}"
                + (f" and {more} more." if more > 0 else "."),
            )
        if len(positions) < len(names):
            twice = Counter(names).most_common(1)[0][0]
            raise RequestError(422, f"Column {shown(twice)} comes more than once.")
        return [positions[name] for name in expected]


def _check_widths(rows: Sequence[Any], width: int, textual: bool) -> None:
    if set(map(len, rows)) == {width}:
        return
    index = next(index for index, row in enumerate(rows) if len(row) != width)
    found = f"{len(rows[index])} column{'' if len(rows[index]) == 1 else 's'}"
    hint = ""
    if textual and width == 1:
        hint = ' Quote a value that holds commas: "a, b".'
    raise RequestError(
        422, f"row {index + 1} has {found}, but the model was trained on {width}.{hint}"
    )


def suggest(name: str, expected: list[str]) -> str:
    """Help for a caller who sent the unknown column ``name``."""
    if len(expected) > LISTED_NAMES:
        return f"The model was trained on {len(expected)} columns, the first is '{expected[0]}'."
    return did_you_mean(name[:LONGEST_NAME], expected)
