"""The distribution of a numeric column, as a manifest holds it, and new values in its bins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.drift.report import Share
from framework.schema.histogram import counts_between

PSI_BINS = 10


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
        up_to = np.searchsorted(ordered, self.edges, side="right") / len(values)
        below = np.searchsorted(ordered, self.edges, side="left") / len(values)
        distance = float(max((self.up_to - up_to).max(), (below - self.below).max()))
        return max(0.0, distance if self.exact else distance - 1 / self.rows)

    def cells(self, values: np.ndarray) -> Cells:
        """Both samples in about ten bins, equally full in the reference."""
        inner = (self.up_to > 0) & (self.up_to < 1)
        edges, up_to = self.edges[inner], self.up_to[inner]
        if len(edges) >= PSI_BINS:
            wanted = np.arange(1, PSI_BINS) / PSI_BINS
            chosen = np.unique(np.abs(up_to[:, None] - wanted).argmin(axis=0))
            edges, up_to = edges[chosen], up_to[chosen]
        reference = np.diff(up_to, prepend=0.0, append=1.0) * self.rows
        return Cells(edges, reference, counts_between(values, edges))
