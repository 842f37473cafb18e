"""What a run found: drift, requests that do not fit, and Model Monitor's list of violations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from framework.drift import DriftReport, Thresholds, compare
from framework.errors import DataError
from framework.manifest import Manifest
from framework.monitoring.capture import Capture
from framework.monitoring.decoding import Decoded
from framework.monitoring.settings import MonitorSettings, window

REFUSED_SHARE = 0.05
FEWEST_REFUSED = 10
CHECKS = {
    "ks": "baseline_drift_check",
    "chi_square": "baseline_drift_check",
    "text_length": "baseline_drift_check",
    "date_range": "baseline_drift_check",
    "missing": "completeness_check",
    "new_categories": "categorical_values_check",
    "unreadable": "data_type_check",
}


@dataclass(frozen=True)
class Violation:
    """One entry of constraint_violations.json."""

    feature_name: str
    constraint_check_type: str
    description: str


@dataclass(frozen=True)
class Verdict:
    """All that one run has to say."""

    drift: DriftReport
    violations: list[Violation]
    capture: Capture
    decoded: Decoded

    @property
    def message(self) -> str:
        """The processing job's exit message, which decides the monitoring execution's status."""
        if self.violations:
            count = len(self.violations)
            status = f"CompletedWithViolations: Job completed successfully with {count} violations."
        else:
            status = "Completed: Job completed successfully with no violations."
        return status if self.drift.judged else f"{status} No verdict on drift: {self.drift.reason}"

    def as_dict(self) -> dict[str, Any]:
        """The content of drift.json: DriftReport's, and what was captured."""
        return self.drift.as_dict() | {
            "violations": len(self.violations),
            "requests": {
                "captured": self.capture.inputs,
                "decoded": self.decoded.requests,
                "refused": self.decoded.refused,
                "outputs_only": self.capture.outputs_only,
                "other_time": self.capture.outside,
                "golden": self.capture.golden,
                "damaged_lines": self.capture.damaged.total(),
            },
            "damage": [f"{count} lines: {what}" for what, count in self.capture.damaged.items()]
            + ([f"the first is {self.capture.example}"] if self.capture.example else []),
        }


def judge(
    settings: MonitorSettings, manifest: Manifest, capture: Capture, decoded: Decoded
) -> Verdict:
    """Compare the rows with the manifest's statistics, and count what does not fit."""
    drift = _drift(settings, manifest, capture, decoded)
    violations = [
        Violation(found.column, CHECKS[found.test], found.description)
        for found in drift.columns
        if found.drifted
    ]
    return Verdict(drift, violations + _refusals(decoded), capture, decoded)


def _drift(
    settings: MonitorSettings, manifest: Manifest, capture: Capture, decoded: Decoded
) -> DriftReport:
    if decoded.rows is None:
        return _no_verdict(manifest.statistics, _why_nothing(settings, capture, decoded))
    try:
        return compare(manifest.statistics, decoded.rows, settings.thresholds)
    except DataError as error:
        return _no_verdict(manifest.statistics, str(error))


def _no_verdict(statistics: Mapping[str, Mapping[str, Any]], reason: str) -> DriftReport:
    reference_rows = max(known["count"] for known in statistics.values())
    return DriftReport(False, (), reference_rows, 0, reason)


def _why_nothing(settings: MonitorSettings, capture: Capture, decoded: Decoded) -> str:
    time = window(settings) or "at any time"
    if decoded.refused:
        return f"None of the {decoded.refused} requests {time} could be decoded."
    if decoded.requests:
        return "The predictor's own decode returns no rows that could be compared."
    if capture.outputs_only:
        return (
            f"The {capture.outputs_only} records {time} hold the model's answers only. "
            "Capture the input, too: CaptureOptions [{CaptureMode: Input}]."
        )
    if capture.damaged:
        return f"All {capture.damaged.total()} lines are damaged; the first is {capture.example}."
    return f"There were no requests {time}."


def _refusals(decoded: Decoded) -> list[Violation]:
    """Faults that many requests share; a few bad callers are no violation."""
    requests = decoded.requests + decoded.refused
    return [
        Violation(
            fault.column,
            fault.check,
            f"{count} of {requests} requests do not fit the model's input: "
            f"{decoded.messages[fault]}",
        )
        for fault, count in decoded.faults.most_common()
        if count >= FEWEST_REFUSED and count >= REFUSED_SHARE * requests
    ]


def monitoring_config(thresholds: Thresholds) -> dict[str, Any]:
    """The thresholds in the words of constraints.json, and our own beside them."""
    return {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 1 - REFUSED_SHARE,
        "domain_content_threshold": 1 - thresholds.new_categories,
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": thresholds.psi,
            "comparison_method": "Robust",
        },
        "significance": thresholds.significance,
        "fewest_rows": thresholds.rows,
    }
