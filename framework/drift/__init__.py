"""New data against the statistics that a model's manifest holds.

    report = compare(manifest.statistics, X)
    report.drifted, report.drifted_columns, report.as_dict()

A column has drifted when the change is significant, after a correction for all tests of the
report, and large enough to matter. docs/contract.md, "Drift", names the tests and thresholds.
"""

from framework.drift.comparison import Thresholds, compare
from framework.drift.page import drift_section
from framework.drift.report import ColumnDrift, DriftReport, Share

__all__ = ["ColumnDrift", "DriftReport", "Share", "Thresholds", "compare", "drift_section"]
