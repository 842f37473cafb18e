"""The distribution of a numeric column, as a manifest holds it, and new values in its bins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.drift.report import Share
from framework.schema.histogram import counts_between

PSI_BINS = 11  # three of the 32 that a manifest has are one
SHARED = 0.6  # a bin so full, in terms of such a part, holds one value that many rows share


@dataclass(frozen=True)
class Cells:
    """Counts of both samples in the same few bins; bin i ends at edges[i], the last one is open."""

    edges: np.ndarray
    reference: np.ndarray
    current: np.ndarray

    def shares(self) -> list[Share]:
        """For plots: each bin with its part of the rows."""
        ends = [f"≤ {edge:.4g}" for edge in self.edges] + [
            f"> {self.edges[-1]:.4g}" if len(self.edges) else "all"
        ]
        parts = [counts / counts.sum() for counts in (self.reference, self.current)]
        return [Share(*found) for found in zip(ends, *(p.tolist() for p in parts), strict=True)]


@dataclass(frozen=True)
class BinnedNumbers:
    """What is known of the reference at each of some points.

    Attributes:
        rows: present values of the reference.
        edges: the points, ascending.
        up_to: the part of the rows up to each point, the point included; it may be more.
        below: the part of the rows below each point; it may be less.
        exact: ``up_to`` is exact, and no value lies on a point.
    """

    rows: int
    edges: np.ndarray
    up_to: np.ndarray
    below: np.ndarray
    exact: bool

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> "BinnedNumbers | None":
        """From a column's statistics; None when all its values were missing."""
        rows = known["count"] - known["missing"]
        binned = known.get("histogram") or known.get("length_histogram")
        deciles = known.get("deciles") or known.get("length_deciles")
        if binned:
            up_to = np.cumsum(binned["counts"])[:-1] / rows
            return cls(rows, np.array(binned["edges"], dtype=np.float64), up_to, up_to, True)
        if not deciles or None in deciles:
            return None
        return cls._from_deciles(rows, deciles)

    @classmethod
    def _from_deciles(cls, rows: int, deciles: Sequence[float]) -> "BinnedNumbers":
        """Of older manifests: of equal deciles the first bounds below, the last up_to."""
        edges, first, times = np.unique(deciles, return_index=True, return_counts=True)
        steps = len(deciles) - 1
        return cls(rows, edges, (first + times - 1) / steps, first / steps, False)

    def distance(self, values: np.ndarray) -> float:
        """KS distance at the points; where the reference is known by bounds, the least it can be.

        Interpolated deciles may be one row off.
        """
        if len(self.edges) == 0:
            return 0.0
        ordered = np.sort(values)
        up_to, below = (
            np.searchsorted(ordered, self.edges, side=side) / len(values)
            for side in ("right", "left")
        )
        if self.exact:
            return float(np.abs(self.up_to - up_to).max())
        least = max((self.up_to - up_to).max(), (below - self.below).max()) - 1 / self.rows
        return max(0.0, float(least))

    def cells(self, values: np.ndarray) -> Cells:
        """Both samples in bins of about a tenth of the reference; more where values are shared."""
        reference = np.diff(self.up_to, prepend=0.0, append=1.0) * self.rows
        current = counts_between(values, self.edges)
        ends = _ends(reference, self.rows / PSI_BINS)
        sums = [np.add.reduceat(counts, [0, *(ends[:-1] + 1)]) for counts in (reference, current)]
        return Cells(self.edges[ends[:-1]], *sums)


def _ends(counts: np.ndarray, full: float) -> np.ndarray:
    """The last bin of each group: small neighbours are joined until they are full together."""
    ends = []
    gathered = 0.0
    for i, rows in enumerate(counts):
        gathered += rows
        shared = max(rows, counts[i + 1] if i + 1 < len(counts) else full) >= SHARED * full
        if gathered >= full or shared:
            ends.append(i)
            gathered = 0.0
    return np.array(ends)
