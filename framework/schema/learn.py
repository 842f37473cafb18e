"""The schema that training data imply, or a DataError that says why no request could carry them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from framework.errors import DataError, did_you_mean
from framework.schema.cells import FLOAT32_MAX
from framework.schema.column import Column

MOST_CATEGORIES = 64
LONGEST_CATEGORY = 64
ROWS_PER_CATEGORY = 10
LARGEST_FLOAT_BYTES = 8
ALWAYS_BELIEVED = 1e15
BELIEVED_TIMES = 1e6


def learn(X: Any, free_text: Sequence[str], allow_missing: Sequence[str]) -> dict[str, Any]:
    """The fields of InputSchema for ``X``."""
    free_text, allow_missing = _names(free_text), _names(allow_missing)
    kind, values = kind_of(X)
    if len(values) == 0:
        raise DataError("The training data have no rows, so there is nothing to learn from.")
    if kind == "frame":
        return {"kind": "frame", "columns": _columns(values, free_text, allow_missing)}
    needless = free_text or (allow_missing if kind == "texts" else [])
    if needless:
        raise DataError(
            f"'{needless[0]}' is named as a column, but the input is {kind} without named columns. "
            "Leave the option out, or use a DataFrame."
        )
    if kind == "texts":
        _check_texts(values)
        return {"kind": "texts"}
    return {"kind": "array", **_array(values, bool(allow_missing))}


def kind_of(X: Any) -> tuple[str, Any]:
    """("frame", DataFrame), ("array", ndarray) or ("texts", list).

    Raises:
        DataError: ``X`` is none of them.
    """
    import numpy as np

    if type(X).__module__.startswith("pandas"):
        import pandas as pd

        if isinstance(X, pd.DataFrame):
            return "frame", X
        if isinstance(X, pd.Series):
            textual = pd.api.types.is_string_dtype(X.dtype) or X.dtype == object
            return ("texts", X.tolist()) if textual else ("array", X.to_numpy())
    if isinstance(X, np.ndarray) and X.dtype.kind in "fiub":
        return "array", X
    if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind in "OUT":
        return "texts", X.tolist()
    if isinstance(X, (list, tuple)) and (not X or isinstance(X[0], str)):
        return "texts", list(X)
    found = f"an array of {X.dtype}" if isinstance(X, np.ndarray) else f"a {type(X).__name__}"
    raise DataError(
        f"The input is {found}, which has no schema. Use a numeric numpy array (rows first), a "
        "DataFrame for named or mixed columns, or a list of texts."
    )


def _array(values: Any, allow_missing: bool) -> dict[str, Any]:
    import numpy as np

    if values.dtype.kind not in "fiub" or values.dtype.itemsize > LARGEST_FLOAT_BYTES:
        raise DataError(
            f"The input has the dtype {values.dtype}, which a request cannot carry. Convert it, "
            "for example by astype('float64')."
        )
    if values.ndim == 0 or 0 in values.shape:
        raise DataError(f"The input has the shape {values.shape}; rows need at least one value.")
    if allow_missing and values.dtype.kind != "f":
        raise DataError(
            f"The input has the dtype {values.dtype}, which cannot hold missing values. Train on "
            "floats (astype('float64')) or leave out allow_missing."
        )
    rule = _number_rule(values, values.dtype, "The input") if values.dtype.kind == "f" else {}
    return {
        "dtype": values.dtype.name,
        "row_shape": list(values.shape[1:]),
        "missing": allow_missing or bool(rule and np.isnan(values).any()),
        **rule,
    }


def _check_texts(values: list[Any]) -> None:
    for row, value in enumerate(values, start=1):
        if not isinstance(value, str):
            raise DataError(
                f"Row {row} of the texts is {type(value).__name__} {value!r:.40}. Replace missing "
                "texts, for example by ''; for several columns use a DataFrame."
            )


def _columns(frame: Any, free_text: Sequence[str], allow_missing: Sequence[str]) -> list[Column]:
    names = [_name(name) for name in frame.columns]
    if not names:
        raise DataError("The input has no columns.")
    twice = [name for name, count in Counter(map(str, names)).items() if count > 1]
    if twice:
        raise DataError(
            f"The column name '{twice[0]}' occurs more than once; a request names each column "
            "once. Rename or drop the others."
        )
    known = [str(name) for name in names]
    for option, listed in (("free_text", free_text), ("allow_missing", allow_missing)):
        for name in listed:
            if name not in known:
                raise DataError(
                    f"{option} names '{name}', which is no column of the input. "
                    + did_you_mean(name, known)
                )
    columns = []
    for position, name in enumerate(names):
        column = _column(name, frame.iloc[:, position], str(name) in free_text)
        if str(name) in allow_missing:
            column = _allowing_missing(column)
        columns.append(column)
    return columns


def _name(name: Any) -> str | int:
    import numpy as np

    if isinstance(name, str):
        return str(name)
    if isinstance(name, (int, np.integer)) and not isinstance(name, bool):
        return int(name)
    raise DataError(
        f"The column name {name!r} is a {type(name).__name__}. Rename the columns to texts, for "
        "example by X.columns = X.columns.map(str)."
    )


def _column(name: str | int, series: Any, free_text: bool) -> Column:
    import pandas as pd

    dtype = series.dtype
    absent = series.isna()
    rule: dict[str, Any] = {"name": name, "dtype": str(dtype), "missing": bool(absent.any())}
    where = f"Column '{name}'"
    if isinstance(dtype, pd.CategoricalDtype):
        categories = _categories(dtype.categories.tolist(), where)
        return Column(
            **rule | {"dtype": "category"},
            role="category",
            categories=categories,
            ordered=bool(dtype.ordered),
        )
    if isinstance(dtype, pd.SparseDtype) or str(dtype).endswith("[pyarrow]"):
        raise _unusable(where, dtype, "Convert it to a plain numpy or pandas dtype")
    if dtype.kind == "M":
        return Column(**rule, role="datetime")
    if dtype.kind == "f" and dtype.itemsize <= LARGEST_FLOAT_BYTES:
        values = series.to_numpy(dtype="float64", na_value=float("nan"))
        return Column(**rule, role="number", **_number_rule(values, dtype, where))
    if dtype.kind in "iu":
        return Column(**rule, role="integer")
    if dtype.kind == "b":
        return Column(**rule, role="boolean")
    return _object_column(rule, series, absent, free_text)


def _object_column(rule: dict[str, Any], series: Any, absent: Any, free_text: bool) -> Column:
    import pandas as pd

    where = f"Column '{rule['name']}'"
    content = pd.api.types.infer_dtype(series, skipna=True)
    if rule["missing"] and series.dtype == object:
        rule["none"] = series[absent].iloc[0] is None
    if content == "boolean":
        return Column(**rule, role="boolean")
    if content not in ("string", "empty"):
        raise _unusable(
            where,
            f"{series.dtype} holding {content} values",
            "Use numbers, booleans, texts or datetime64, for example by pd.to_numeric or "
            "pd.to_datetime",
        )
    known = None if free_text else closed_set(series[~absent].tolist())
    return Column(**rule, role="category" if known else "text", categories=known)


def closed_set(values: list[str]) -> list[str] | None:
    """The distinct values, sorted, when they look like labels that repeat; None for free text."""
    distinct = sorted(set(values))
    closed = (
        0 < len(distinct) <= MOST_CATEGORIES
        and max(map(len, distinct)) <= LONGEST_CATEGORY
        and len(values) >= ROWS_PER_CATEGORY * len(distinct)
    )
    return distinct if closed else None


def _categories(values: list[Any], where: str) -> list[Any]:
    kinds = {type(value) for value in values}
    if kinds <= {int, float} or kinds in ({str}, {bool}):
        return values
    named = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise _unusable(where, f"categories of type {named}", "Use texts or numbers as categories")


def _number_rule(values: Any, dtype: Any, where: str) -> dict[str, Any]:
    import numpy as np

    if np.isinf(values).any():
        raise DataError(
            f"{where} holds infinity in {int(np.isinf(values).sum())} places, which JSON cannot "
            "carry. Replace it by NaN or by a bound before describe_input."
        )
    return {"largest": _largest(values, dtype)}


def _largest(values: Any, dtype: Any) -> float:
    """The magnitude up to which a request's numbers are believed.

    Far beyond the training data lie typing errors, and numbers that models overflow on: scaling
    divides by small deviations, and trees hold float32.
    """
    import numpy as np

    seen = float(np.nanmax(np.abs(values.astype(np.float64)), initial=0.0))
    held = float(np.finfo(f"f{dtype.itemsize}").max)
    widest = held if seen > FLOAT32_MAX else min(held, FLOAT32_MAX)
    return min(max(ALWAYS_BELIEVED, BELIEVED_TIMES * seen), widest)


def _allowing_missing(column: Column) -> Column:
    """The column where a cell may be missing; plain integers and booleans cannot hold that."""
    roomier = {"integer": "float64", "boolean": "object"}
    dtype = column.dtype
    if column.role in roomier and dtype[0].islower() and dtype != "boolean":
        dtype = roomier[column.role]
    return column.model_copy(update={"missing": True, "dtype": dtype})


def _unusable(where: str, found: Any, advice: str) -> DataError:
    return DataError(f"{where} is {found}, which a request cannot carry. {advice}.")


def _names(names: Iterable[Any]) -> list[str]:
    return [names] if isinstance(names, str) else [str(name) for name in names]
