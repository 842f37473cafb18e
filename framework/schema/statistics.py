"""What the training data look like, column by column, to compare later data with."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from framework.schema.learn import closed_set, kind_of

if TYPE_CHECKING:
    import numpy as np

DECILES = 11


def learn_statistics(X: Any) -> dict[str, dict[str, Any]]:
    """Statistics by column name; all values are JSON's, None where there is nothing to say.

    Each column has ``count`` (rows) and ``missing`` (rows). Numbers add mean, std and
    deciles (11 values, minimum to maximum); booleans, categories and texts that repeat add
    ``values`` {value: rows}; free texts ``distinct`` and deciles of their lengths, never
    the texts themselves; dates their ``range`` [first, last]. A cell of a one-dimensional
    row of an array is a column ("0", "1", …); the cells of images and of plain numbers are
    one column, "values"; plain texts are the column "text".
    """
    kind, values = kind_of(X)
    if kind == "texts":
        return {"text": _of_texts(values, 0)}
    if kind == "array":
        if values.ndim == 2:
            return {str(i): _of_numbers(values[:, i]) for i in range(values.shape[1])}
        return {"values": _of_numbers(values.reshape(-1))}
    return {str(name): _of_series(series) for name, series in values.items()}


def _of_numbers(values: "np.ndarray") -> dict[str, Any]:
    import numpy as np

    values = values.astype(np.float64)
    present = values[~np.isnan(values)]
    counts = {"count": len(values), "missing": len(values) - len(present)}
    if len(present) == 0:
        return counts | {"mean": None, "std": None, "deciles": None}
    return counts | {
        "mean": _finite(present.mean()),
        "std": _finite(present.std()),
        "deciles": _deciles(present),
    }


def _of_texts(values: list[str], missing: int) -> dict[str, Any]:
    if closed_set(values) is not None:
        return _of_labels(values, missing)
    return {
        "count": len(values) + missing,
        "missing": missing,
        "distinct": len(set(values)),
        "length_deciles": _deciles([len(value) for value in values]) if values else None,
    }


def _of_labels(values: list[str], missing: int) -> dict[str, Any]:
    frequency = dict(sorted(Counter(values).items()))
    return {"count": len(values) + missing, "missing": missing, "values": frequency}


def _of_series(series: Any) -> dict[str, Any]:
    import pandas as pd

    present = series.dropna()
    missing = len(series) - len(present)
    labels = [_label(value) for value in present.tolist()]
    if isinstance(series.dtype, pd.CategoricalDtype) or series.dtype.kind == "b":
        return _of_labels(labels, missing)
    if series.dtype.kind in "iuf":
        return _of_numbers(series.to_numpy(dtype="float64", na_value=float("nan")))
    if series.dtype.kind == "M":
        ends = [present.min().isoformat(), present.max().isoformat()] if len(present) else None
        return {"count": len(series), "missing": missing, "range": ends}
    return _of_texts(labels, missing)


def _label(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _deciles(values: Any) -> list[float | None]:
    import numpy as np

    return [_finite(value) for value in np.quantile(values, np.linspace(0, 1, DECILES))]


def _finite(value: Any) -> float | None:
    import numpy as np

    return float(value) if np.isfinite(value) else None
