"""What the training data look like, column by column, to compare later data with."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zlib import crc32

from framework.schema.histogram import bins_for, histogram
from framework.schema.learn import closed_set, kind_of

if TYPE_CHECKING:
    import numpy as np

DECILES = 11
MOST_VALUES = 256
BUCKETS = 64


def learn_statistics(X: Any) -> dict[str, dict[str, Any]]:
    """Statistics by column name; all values are JSON's, None where there is nothing to say.

    Each column has ``count`` (rows) and ``missing`` (rows). Numbers add mean, std,
    deciles (11 values, minimum to maximum) and a ``histogram``; booleans, categories and texts
    that repeat add ``values`` {value: rows}, or, of more than 256 values, ``distinct`` and the
    rows in each of 64 ``buckets`` (by CRC-32); free texts ``distinct``, deciles and a histogram
    of their lengths, never the texts themselves; dates their ``range`` [first, last].
    """
    columns = columns_of(X)
    bins = bins_for(len(columns))
    return {name: _of_column(column, bins) for name, column in columns.items()}


def columns_of(X: Any) -> dict[str, Any]:
    """The columns of ``X`` by name: arrays, or the Series of a DataFrame.

    A cell of a one-dimensional row of an array is a column ("0", "1", …); the cells of images and
    of plain numbers are one column, "values"; plain texts are the column "text".

    Raises:
        DataError: ``X`` is no array, DataFrame or list of texts.
    """
    import numpy as np

    kind, values = kind_of(X)
    if kind == "texts":
        return {"text": np.array(values, dtype=object)}
    if kind == "array":
        if values.ndim == 2:
            return {str(i): values[:, i] for i in range(values.shape[1])}
        return {"values": values.reshape(-1)}
    return {str(name): series for name, series in values.items()}


def numbers_of(column: Any) -> "np.ndarray":
    """The values of a numeric column as float64, without the missing ones.

    Raises:
        TypeError, ValueError: they are no numbers.
    """
    import numpy as np

    if column.dtype.kind not in "fiub":
        raise TypeError(f"{column.dtype} is not numeric")
    if not isinstance(column, np.ndarray):
        column = column.to_numpy(dtype="float64", na_value=float("nan"))
    values = column.astype(np.float64)
    return values[~np.isnan(values)]


def labels_of(column: Any) -> Counter[str]:
    """How many rows have each value, written as text; missing ones are left out."""
    if hasattr(column, "value_counts"):
        counted = column.value_counts(dropna=True).items()
        return Counter({_label(value): int(rows) for value, rows in counted if rows})
    return Counter(_label(value) for value in column.tolist())


def lengths_of(column: Any) -> "np.ndarray":
    """The lengths of a column's texts in characters; missing ones are left out."""
    import numpy as np

    present = column.dropna() if hasattr(column, "dropna") else column
    return np.array([len(str(text)) for text in present.tolist()], dtype=np.float64)


def buckets_of(labels: Mapping[str, int]) -> list[int]:
    """The rows in each of 64 groups of labels, which are the same for any data."""
    buckets = [0] * BUCKETS
    for label, rows in labels.items():
        buckets[crc32(label.encode("utf-8", "surrogatepass")) % BUCKETS] += rows
    return buckets


def _of_column(column: Any, bins: int) -> dict[str, Any]:
    kind = column.dtype.kind
    if type(column.dtype).__name__ == "CategoricalDtype" or (
        kind == "b" and hasattr(column, "dropna")
    ):
        return _of_labels(labels_of(column), len(column))
    if kind in "iufb":
        return _of_numbers(numbers_of(column), len(column), bins)
    if kind == "M":
        return _of_dates(column)
    labels = labels_of(column)
    if closed_set(list(labels.elements())) is not None:
        return _of_labels(labels, len(column))
    return _of_texts(column, labels, bins)


def _of_numbers(present: "np.ndarray", count: int, bins: int) -> dict[str, Any]:
    counts = {"count": count, "missing": count - len(present)}
    if len(present) == 0:
        return counts | {"mean": None, "std": None, "deciles": None, "histogram": None}
    return counts | {
        "mean": _finite(present.mean()),
        "std": _finite(present.std()),
        "deciles": _deciles(present),
        "histogram": histogram(present, bins),
    }


def _of_labels(labels: Counter[str], count: int) -> dict[str, Any]:
    counts = {"count": count, "missing": count - labels.total()}
    if len(labels) > MOST_VALUES:
        return counts | {"distinct": len(labels), "buckets": buckets_of(labels)}
    return counts | {"values": dict(sorted(labels.items()))}


def _of_texts(column: Any, labels: Counter[str], bins: int) -> dict[str, Any]:
    lengths = lengths_of(column)
    return {
        "count": len(column),
        "missing": len(column) - len(lengths),
        "distinct": len(labels),
        "length_deciles": _deciles(lengths) if len(lengths) else None,
        "length_histogram": histogram(lengths, bins) if len(lengths) else None,
    }


def _of_dates(series: Any) -> dict[str, Any]:
    present = series.dropna()
    ends = [present.min().isoformat(), present.max().isoformat()] if len(present) else None
    return {"count": len(series), "missing": len(series) - len(present), "range": ends}


def _label(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _deciles(values: "np.ndarray") -> list[float | None]:
    import numpy as np

    return [_finite(value) for value in np.quantile(values, np.linspace(0, 1, DECILES))]


def _finite(value: Any) -> float | None:
    import numpy as np

    return float(value) if np.isfinite(value) else None
