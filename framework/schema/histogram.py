"""How the numbers of a column are spread, small enough for a manifest and exact at its edges.

Edges lie between the values, never on one, so that ties and values of another precision (1/10 as
float32 and as float64) are counted the same on every side.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

MOST_BINS = 32
FEWEST_BINS = 10
BINS_OF_A_TABLE = 4000


def bins_for(columns: int) -> int:
    """How many bins each column of a table gets: fewer in very wide tables."""
    return max(FEWEST_BINS, min(MOST_BINS, BINS_OF_A_TABLE // max(columns, 1)))


def histogram(values: "np.ndarray", bins: int) -> dict[str, list[Any]]:
    """{"edges", "counts"} of about equally full bins; bin i counts edges[i-1] < value <= edges[i].

    The first and the last bin are open, so there is one count more than edges. A column of few
    distinct values gets a bin for each.

    Args:
        values: finite numbers, one at least.
        bins: at most so many.
    """
    import numpy as np

    ordered = np.sort(values)
    last_of_each = np.flatnonzero(ordered[:-1] < ordered[1:])  # where an edge could follow
    if len(last_of_each) >= bins:
        wanted = len(ordered) * np.arange(1, bins) / bins - 1
        nearest = np.searchsorted(last_of_each, wanted).clip(max=len(last_of_each) - 1)
        last_of_each = last_of_each[np.unique(nearest)]
    return {
        "edges": [_between(float(ordered[i]), float(ordered[i + 1])) for i in last_of_each],
        "counts": np.diff(last_of_each + 1, prepend=0, append=len(ordered)).tolist(),
    }


def counts_between(values: "np.ndarray", edges: Any) -> "np.ndarray":
    """Rows in each bin of these edges."""
    import numpy as np

    places = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="left")
    return np.bincount(places, minlength=len(edges) + 1)


def _between(low: float, high: float) -> float:
    """A number from low up to below high, as short as it can be written."""
    middle = low + (high - low) / 2
    for digits in (2, 3, 4, 6, 9):
        short = float(f"{middle:.{digits}g}")
        if low < short < high:
            return short
    return middle if low <= middle < high else low
