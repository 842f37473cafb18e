"""One column of the input: its rule, and how cells become the dtype of the training data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from framework.schema import cells as wire
from framework.schema.cells import CellError

if TYPE_CHECKING:
    import numpy as np

Role = Literal["number", "integer", "boolean", "category", "text", "datetime"]


class Column(BaseModel):
    """What the cells of one column must be.

    Attributes:
        name: as in the training data; requests name it as text.
        dtype: the dtype of the values, as pandas (for an array, numpy) says it.
        role: the kind of cell that the wire must carry.
        missing: whether a cell may be missing.
        none: missing values of an object column are None, not NaN.
        categories: all values that may occur, None when any may.
        ordered: the categories of a pandas categorical have an order.
        largest: magnitude that numbers may have.
    """

    name: str | int
    dtype: str
    role: Role
    missing: bool = False
    none: bool = False
    categories: list[str | bool | int | float] | None = None
    ordered: bool = False
    largest: float = wire.FLOAT32_MAX

    def convert(self, cells: Sequence[Any], textual: bool) -> Any:
        """The column's values: a numpy array or a pandas extension array of ``dtype``.

        Raises:
            CellError: a cell has the wrong type, is out of range, unknown or missing.
        """
        match self.role:
            case "number":
                return self._numbers(cells, textual)
            case "integer":
                return self._integers(cells, textual)
            case "boolean":
                return self._booleans(cells, textual)
            case "category":
                return self._categories(cells, textual)
            case "text":
                values = wire.texts(cells, textual, self.missing)
                return self._strings(values, cells)
            case "datetime":
                return self._moments(cells, textual)

    def _numbers(self, cells: Sequence[Any], textual: bool) -> Any:
        import numpy as np

        values = wire.numbers(cells, textual, self.largest)
        self._refuse_missing(np.isnan(values), cells)
        if self._numpy():
            return values.astype(self.dtype, copy=False)
        return _pandas_array(values, self.dtype)

    def _integers(self, cells: Sequence[Any], textual: bool) -> Any:
        import numpy as np

        # An integer column that may miss a value arrives as float64, as pandas itself has it.
        bounds = np.iinfo("int64" if self.dtype.startswith("float") else self.dtype.lower())
        values, missing = wire.integers(cells, textual, int(bounds.min), int(bounds.max))
        self._refuse_missing(missing, cells)
        if self.dtype.startswith("float"):
            return np.where(missing, np.nan, values.astype(self.dtype))
        values = values.astype(self.dtype.lower())
        if self._numpy():
            return values
        import pandas as pd

        return pd.arrays.IntegerArray(values, missing)

    def _booleans(self, cells: Sequence[Any], textual: bool) -> Any:
        values, missing = wire.booleans(cells, textual)
        self._refuse_missing(missing, cells)
        if self.dtype == "bool":
            return values
        if self.dtype == "boolean":
            import pandas as pd

            return pd.arrays.BooleanArray(values, missing)
        objects = values.astype(object)
        objects[missing] = None if self.none else float("nan")
        return objects

    def _categories(self, cells: Sequence[Any], textual: bool) -> Any:
        import numpy as np

        known = self.categories or []
        codes = np.array(wire.members(cells, textual, known), dtype=np.int64)
        self._refuse_missing(codes < 0, cells)
        if self.dtype == "category":
            import pandas as pd

            kind = pd.CategoricalDtype(known, ordered=self.ordered)
            return pd.Categorical.from_codes(codes, dtype=kind)
        return self._strings([known[code] if code >= 0 else None for code in codes], cells)

    def _strings(self, values: list[Any], cells: Sequence[Any]) -> Any:
        import numpy as np

        missing = np.array([value is None for value in values], dtype=bool)
        self._refuse_missing(missing, cells)
        if self.dtype != "object":
            return _pandas_array(values, self.dtype)
        objects = np.empty(len(values), dtype=object)
        objects[:] = values
        objects[missing] = None if self.none else float("nan")
        return objects

    def _moments(self, cells: Sequence[Any], textual: bool) -> Any:
        import numpy as np
        import pandas as pd

        zoned = "," in self.dtype
        values = wire.moments(cells, textual, zoned)
        self._refuse_missing(np.array([value is None for value in values], dtype=bool), cells)

        def parse(some: list[str | None]) -> Any:
            parsed = pd.to_datetime(pd.Series(some, dtype=object), format="ISO8601", utc=zoned)
            return parsed.astype(self.dtype).array

        try:
            return parse(values)
        except (ValueError, OverflowError):
            for index, value in enumerate(values):
                try:
                    parse([value])
                except (ValueError, OverflowError):
                    problem = f": {wire.shown(value)} is not a date that {self.dtype} can hold"
                    raise CellError(index, problem) from None
            raise

    def _numpy(self) -> bool:
        return self.dtype[0].islower()

    def _refuse_missing(self, missing: "np.ndarray", cells: Sequence[Any]) -> None:
        if not self.missing and missing.any():
            problem = " is missing, and no row of the training data missed it"
            raise CellError(int(missing.argmax()), problem)


def _pandas_array(values: Any, dtype: str) -> Any:
    import pandas as pd

    return pd.array(values, dtype=dtype)
