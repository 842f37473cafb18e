"""Tests of two samples that are known by their counts in the same cells."""

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.drift.tails import chi_square_tail, kolmogorov_tail

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LEAST_EXPECTED = 5.0
PSEUDO_COUNT = 0.5


def kolmogorov_smirnov(distance: float, reference: int, current: int) -> float:
    """The p value of the two-sample test; too large, never too small, for ties and few bins.

    Args:
        distance: the largest difference of the two distribution functions at the points where it
            was looked at. Between those it can only be larger.
        reference, current: sizes of the samples.
    """
    return kolmogorov_tail(distance * math.sqrt(reference * current / (reference + current)))


def chi_square(reference: "ArrayLike", current: "ArrayLike") -> tuple[float, float]:
    """(statistic, p value) of the test that two samples come from one distribution.

    Cells in which the smaller sample expects fewer than 5 rows belong together first: see
    ``pooled``. Of two cells the statistic has Yates' correction.
    """
    a, b = (np.asarray(counts, dtype=np.float64) for counts in (reference, current))
    n, m = a.sum(), b.sum()
    if len(a) < 2:
        return 0.0, 1.0
    if len(a) == 2:
        apart = max(0.0, abs(a[0] * b[1] - a[1] * b[0]) - (n + m) / 2)
        statistic = (n + m) * apart**2 / (n * m * (a + b).prod())
    else:
        statistic = ((math.sqrt(m / n) * a - math.sqrt(n / m) * b) ** 2 / (a + b)).sum()
    return float(statistic), chi_square_tail(float(statistic), len(a) - 1)


def pooled(reference: "ArrayLike", current: "ArrayLike") -> list[list[int]]:
    """Which cells to count together: each group expects at least 5 rows in the smaller sample.

    Only the cells' totals over both samples decide, so that the choice favours neither sample.
    The small cells are one group; the others are groups of their own.
    """
    a, b = (np.asarray(counts, dtype=np.float64) for counts in (reference, current))
    total = a + b
    expected = total * min(a.sum(), b.sum()) / total.sum()
    order = np.argsort(total, kind="stable").tolist()
    small = [i for i in order if expected[i] < LEAST_EXPECTED]
    large = [i for i in order if expected[i] >= LEAST_EXPECTED]
    while small and large and expected[small].sum() < LEAST_EXPECTED:
        small.append(large.pop(0))
    return [[i] for i in large] + ([small] if small else [])


def stability_index(reference: "ArrayLike", current: "ArrayLike") -> float:
    """PSI: the sum of (q - p) ln(q / p) over the cells that are not empty in both samples.

    Each cell counts half a row more, so that no share is 0.
    """
    p, q = (np.asarray(counts, dtype=np.float64) for counts in (reference, current))
    p, q = p[p + q > 0] + PSEUDO_COUNT, q[p + q > 0] + PSEUDO_COUNT
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())
