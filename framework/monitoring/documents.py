"""statistics.json, constraints.json and metrics, as Model Monitor's own container writes them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from framework.drift import Thresholds
from framework.monitoring.settings import MonitorSettings
from framework.monitoring.verdict import Verdict, monitoring_config
from framework.schema import learn_statistics
from framework.schema.statistics import columns_of, numbers_of

Statistics = Mapping[str, Mapping[str, Any]]
BUCKETS = 10


def statistics_document(rows: Any) -> dict[str, Any]:
    """The content of statistics.json for these rows; None means that there are none."""
    columns = {} if rows is None else columns_of(rows)
    count = len(next(iter(columns.values()), ()))
    known = {} if rows is None else learn_statistics(rows)
    features = [_feature(name, known[name], column) for name, column in columns.items()]
    return {"version": 0, "dataset": {"item_count": count}, "features": features}


def constraints_document(baseline: Statistics, thresholds: Thresholds) -> dict[str, Any]:
    """The content of constraints.json: what the training data say that requests must be."""
    features = []
    for name, known in baseline.items():
        kind = inferred_type(known)
        feature = {"name": name, "inferred_type": kind, "completeness": _completeness(known)}
        if kind in ("Integral", "Fractional") and known["deciles"]:
            feature["num_constraints"] = {"is_non_negative": known["deciles"][0] >= 0}
        if "values" in known:
            feature["string_constraints"] = {"domains": list(known["values"])}
        features.append(feature)
    return {
        "version": 0,
        "features": features,
        "monitoring_config": monitoring_config(thresholds),
    }


def metric_lines(
    settings: MonitorSettings, verdict: Verdict, statistics: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """One metric a line, for /opt/ml/output/metrics/cloudwatch."""
    moment = settings.end or datetime.now(UTC)
    shared = {
        "Timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Dimensions": [
            {"Name": name, "Value": value}
            for name, value in (
                ("Endpoint", settings.endpoint),
                ("MonitoringSchedule", settings.schedule),
            )
            if value
        ],
    }
    yield {"MetricName": "violations", "Value": float(len(verdict.violations))} | shared
    drifted = len(verdict.drift.drifted_columns)
    yield {"MetricName": "drifted_columns", "Value": float(drifted)} | shared
    for found in verdict.drift.columns:
        if found.psi is not None and found.test != "missing":
            name = f"feature_baseline_drift_{found.column}"
            yield {"MetricName": name, "Value": found.psi} | shared
    for feature in statistics["features"]:
        yield from (line | shared for line in _feature_metrics(feature))


def inferred_type(known: Mapping[str, Any]) -> str:
    """Model Monitor's word for a column, from its statistics."""
    if "deciles" not in known:
        return "Unknown" if "range" in known else "String"
    if not known["deciles"]:
        return "Unknown"
    whole = all(number is not None and number.is_integer() for number in known["deciles"])
    return "Integral" if whole else "Fractional"


def _feature(name: str, known: Mapping[str, Any], column: Any) -> dict[str, Any]:
    feature = {"name": name, "inferred_type": inferred_type(known)}
    present = known["count"] - known["missing"]
    common = {"num_present": present, "num_missing": known["missing"]}
    if "deciles" not in known:
        return feature | {"string_statistics": {"common": common} | _text_statistics(known)}
    numbers = {"common": common}
    if present:
        values = numbers_of(column)
        counts, edges = np.histogram(values, BUCKETS)
        numbers |= {
            "mean": float(values.mean()),
            "sum": float(values.sum()),
            "std_dev": float(values.std()),
            "min": float(values.min()),
            "max": float(values.max()),
            "distribution": {
                "kll": {
                    "buckets": [
                        {"lower_bound": low, "upper_bound": high, "count": count}
                        for low, high, count in zip(
                            edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True
                        )
                    ]
                }
            },
        }
    return feature | {"numerical_statistics": numbers}


def _text_statistics(known: Mapping[str, Any]) -> dict[str, Any]:
    if "values" not in known:
        return {"distinct_count": known["distinct"]} if "distinct" in known else {}
    buckets = [{"value": value, "count": count} for value, count in known["values"].items()]
    return {
        "distinct_count": len(buckets),
        "distribution": {"categorical": {"buckets": buckets}},
    }


def _feature_metrics(feature: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    name = feature["name"]
    found = feature.get("numerical_statistics") or feature["string_statistics"]
    present, missing = found["common"]["num_present"], found["common"]["num_missing"]
    yield {
        "MetricName": f"feature_non_null_{name}",
        "Value": present / (present + missing),
    }
    if "mean" in found:
        yield {
            "MetricName": f"feature_data_{name}",
            "StatisticValues": {
                "SampleCount": float(present),
                "Sum": found["sum"],
                "Minimum": found["min"],
                "Maximum": found["max"],
            },
        }


def _completeness(known: Mapping[str, Any]) -> float:
    return 1 - known["missing"] / known["count"]
