"""Compares data with the statistics of a manifest, column by column."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from framework.drift.columns import findings
from framework.drift.report import ColumnDrift, DriftReport, holm
from framework.drift.thresholds import Thresholds
from framework.schema.statistics import columns_of

DEFAULTS = Thresholds()


def compare(
    statistics: Mapping[str, Mapping[str, Any]], X: Any, thresholds: Thresholds = DEFAULTS
) -> DriftReport:
    """Whether ``X`` looks like the data that the statistics were learned from.

    Args:
        statistics: of a manifest; those of older manifests, with deciles only, do too.
        X: what ``predict`` gets: an array (rows first), a DataFrame or texts. Columns that the
            statistics do not know are ignored.

    Raises:
        DataError: ``X`` is something else.
    """
    columns = columns_of(X)
    rows = len(next(iter(columns.values()), ()))
    reference_rows = max((known["count"] for known in statistics.values()), default=0)
    fewest = min(rows, reference_rows)
    if fewest < thresholds.rows:
        return DriftReport(False, (), reference_rows, rows, _too_few(fewest, rows, thresholds))
    found = [
        finding
        for name, known in statistics.items()
        for finding in findings(name, known, columns.get(name), thresholds)
    ]
    judged = _judge(found, thresholds)
    return DriftReport(any(f.drifted for f in judged), judged, reference_rows, rows)


def _judge(found: list[ColumnDrift], thresholds: Thresholds) -> list[ColumnDrift]:
    adjusted = iter(holm([f.p_value for f in found if f.p_value is not None]))
    judged = []
    for finding in found:
        p_value = None if finding.p_value is None else next(adjusted)
        significant = p_value is None or p_value <= thresholds.significance
        judged.append(
            replace(
                finding,
                adjusted_p_value=p_value,
                drifted=bool(finding.relevant and significant),
            )
        )
    return judged


def _too_few(fewest: int, rows: int, thresholds: Thresholds) -> str:
    whose = "new data have" if fewest == rows else "statistics were learned from"
    return (
        f"The {whose} {fewest} rows; a verdict needs {thresholds.rows}. "
        "Compare a longer time, or more of the requests."
    )
