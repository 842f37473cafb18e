"""How the numbers of a column are spread, small enough for a manifest and exact at its edges.

Edges lie between the values, never on one, so that ties and values of another precision (1/10 as
float32 and as float64) are counted the same on every side. A value that many rows share has an
edge close to it on both sides, so that it is seen to move by less than the next value is away.
"""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

MOST_BINS = 32
FEWEST_BINS = 10
BINS_OF_A_TABLE = 4000
NEARNESS = 0.0005


def bins_for(columns: int) -> int:
    """How many bins each column of a table gets: fewer in very wide tables."""
    return max(FEWEST_BINS, min(MOST_BINS, BINS_OF_A_TABLE // max(columns, 1)))


def histogram(values: "np.ndarray", bins: int) -> dict[str, list[Any]]:
    """{"edges", "counts"} of about equally full bins; bin i counts edges[i-1] < value <= edges[i].

    The first and the last bin are open, so there is one count more than edges.

    Args:
        values: finite numbers, one at least.
        bins: about so many; up to twice as many where all values are shared by many rows.
    """
    import numpy as np

    distinct, rows = np.unique(values, return_counts=True)
    after = np.cumsum(rows)
    wanted = len(values) * np.arange(1, bins) / bins
    cuts = np.unique(np.searchsorted(after, wanted)) if len(distinct) > bins else ()
    places: dict[float, int] = {}  # edge -> rows up to it
    for i in cuts:
        if i + 1 < len(distinct):
            places[_between(float(distinct[i]), float(distinct[i + 1]))] = int(after[i])
    for i in np.flatnonzero(rows >= len(values) / bins):
        low, high = _around(distinct, int(i))
        places |= {low: int(after[i] - rows[i]), high: int(after[i])}
    edges = sorted(edge for edge in places if math.isfinite(edge))
    up_to = [places[edge] for edge in edges]
    return {
        "edges": edges,
        "counts": np.diff(up_to, prepend=0, append=len(values)).tolist(),
    }


def counts_between(values: "np.ndarray", edges: Any) -> "np.ndarray":
    """Rows in each bin of these edges."""
    import numpy as np

    places = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="left")
    return np.bincount(places, minlength=len(edges) + 1)


def _around(distinct: "np.ndarray", i: int) -> tuple[float, float]:
    """An edge just below distinct[i] and one just above it, much nearer than its neighbours."""
    value = float(distinct[i])
    neighbours = [float(distinct[j]) for j in (i - 1, i + 1) if 0 <= j < len(distinct)]
    gaps = [abs(other - value) for other in neighbours] or [abs(value) or 1.0]
    aside = NEARNESS * min(gaps)
    return _between(value - 2 * aside, value), _between(value, value + 2 * aside)


def _between(low: float, high: float) -> float:
    """A number well between the two, as short as it can be written; low if there is none."""
    middle = low / 2 + high / 2
    margin = (high / 2 - low / 2) / 2
    for digits in (2, 3, 4, 6, 9):
        short = float(f"{middle:.{digits}g}")
        if abs(short - middle) < margin:
            return short
    return middle if low < middle < high else low
