"""From when on a difference is called drift."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Significance for the whole report, and for each test the smallest change that matters.

    Attributes:
        significance: probability of any false alarm among all tests of one report.
        psi: population stability index of a column's values; 0.1 is, by convention, where
            a change begins to be one, and about a third of a standard deviation.
        missing: change of the share of missing values.
        new_categories: share of the rows in categories that training never saw.
        far_dates: share of the dates outside the range of training, widened by half its length
            on both sides.
        rows: with fewer in either sample there is no verdict.
    """

    significance: float = 0.001
    psi: float = 0.1
    missing: float = 0.05
    new_categories: float = 0.01
    far_dates: float = 0.1
    rows: int = 100
