"""What a comparison found: one entry per column and test, and the verdict over all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Test = Literal[
    "ks", "chi_square", "missing", "new_categories", "text_length", "date_range", "unreadable"
]


@dataclass(frozen=True)
class Share:
    """The part of the rows that falls into one bin, then and now; for plots."""

    label: str
    reference: float
    current: float


@dataclass(frozen=True)
class ColumnDrift:
    """One test on one column.

    Attributes:
        statistic: KS distance, chi-square, share of rows in new categories, share of dates far
            outside the range; None where there was nothing to compute.
        p_value: of this test alone; None where the finding is certain.
        adjusted_p_value: after Holm's correction for all tests of the report.
        psi: population stability index, None where it means nothing.
        relevant: the change is large enough to matter.
        drifted: it is relevant, and significant after the correction.
        description: the finding in one sentence.
        shares: the distribution then and now.
    """

    column: str
    test: Test
    statistic: float | None
    p_value: float | None
    psi: float | None
    relevant: bool
    description: str
    adjusted_p_value: float | None = None
    drifted: bool = False
    shares: Sequence[Share] = field(default=(), repr=False)

    def as_dict(self) -> dict[str, Any]:
        """JSON's types; without the shares."""
        return {
            "column": self.column,
            "test": self.test,
            "statistic": self.statistic,
            "p_value": self.p_value,
            "adjusted_p_value": self.adjusted_p_value,
            "psi": self.psi,
            "drifted": self.drifted,
            "description": self.description,
        }


@dataclass(frozen=True)
class DriftReport:
    """New data against the statistics of the training data.

    Attributes:
        drifted: at least one column did.
        columns: one entry per column and test.
        reference_rows, rows: rows of the training data, and of the new data.
        reason: why there is no verdict; empty when there is one.
    """

    drifted: bool
    columns: Sequence[ColumnDrift]
    reference_rows: int
    rows: int
    reason: str = ""

    @property
    def judged(self) -> bool:
        """Whether there were enough rows for a verdict."""
        return not self.reason

    @property
    def drifted_columns(self) -> list[str]:
        """The names of the columns that drifted, each once."""
        return list(dict.fromkeys(found.column for found in self.columns if found.drifted))

    def as_dict(self) -> dict[str, Any]:
        """JSON's types: drifted, judged, reason, rows {reference, current}, columns [...]."""
        return {
            "drifted": self.drifted,
            "judged": self.judged,
            "reason": self.reason,
            "rows": {"reference": self.reference_rows, "current": self.rows},
            "columns": [found.as_dict() for found in self.columns],
        }


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values, adjusted so that any false alarm among them has the nominal probability.

    Source: Holm, A simple sequentially rejective multiple test procedure (1979).
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
