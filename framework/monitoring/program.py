"""The `monitor` program: one processing job over the captured requests of one time."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from framework.errors import EXIT_OK, ConfigurationError, DataError, FrameworkError
from framework.layout import Layout
from framework.manifest import Manifest
from framework.monitoring.baseline import watched_model
from framework.monitoring.capture import read_capture
from framework.monitoring.decoding import decode
from framework.monitoring.documents import (
    constraints_document,
    metric_lines,
    statistics_document,
)
from framework.monitoring.page import report_page
from framework.monitoring.settings import MonitorSettings, as_json
from framework.monitoring.verdict import Verdict, judge

MESSAGE_BYTES = 1024


def main(options: list[str]) -> int:
    """Watch once and return the exit code: 0 with or without violations, 1 when it cannot."""
    layout = Layout.from_environment()
    try:
        if options:
            raise ConfigurationError(
                f"monitor takes no arguments, but got: {' '.join(options)}. "
                "Its settings are the environment variables of Model Monitor's contract."
            )
        message = _watch(MonitorSettings.from_environment(layout), layout)
    except FrameworkError as error:
        _say(layout, f"{type(error).__name__}: {error}")
        raise
    _say(layout, message)
    print(f"[monitor] {message}", flush=True)
    return EXIT_OK


def _watch(settings: MonitorSettings, layout: Layout) -> str:
    capture = read_capture(settings)
    with watched_model(settings, layout) as (model, manifest):
        decoded = decode(model, capture.requests, manifest.input)
    verdict = judge(settings, manifest, capture, decoded)
    statistics = _write_reports(settings, manifest, verdict)
    if settings.publish_metrics:
        _write_metrics(layout, settings, verdict, statistics)
    return verdict.message


def _write_reports(
    settings: MonitorSettings, manifest: Manifest, verdict: Verdict
) -> dict[str, Any]:
    try:
        statistics = statistics_document(verdict.decoded.rows)
    except DataError:  # rows of an own decode that are no table
        statistics = statistics_document(None)
    documents = {
        "statistics.json": statistics,
        "constraints.json": constraints_document(manifest.statistics, settings.thresholds),
        "constraint_violations.json": {"violations": [asdict(v) for v in verdict.violations]},
        "drift.json": verdict.as_dict() | as_json(settings),
    }
    settings.output.mkdir(parents=True, exist_ok=True)
    for name, content in documents.items():
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (settings.output / name).write_text(text, encoding="utf-8")
    page = report_page(settings, verdict)
    (settings.output / "report.html").write_text(page, encoding="utf-8")
    return statistics


def _write_metrics(
    layout: Layout, settings: MonitorSettings, verdict: Verdict, statistics: dict[str, Any]
) -> None:
    folder = layout.output / "metrics" / "cloudwatch"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "cloudwatch_metrics.jsonl").open("a", encoding="utf-8") as file:
        for line in metric_lines(settings, verdict, statistics):
            file.write(json.dumps(line) + "\n")


def _say(layout: Layout, message: str) -> None:
    """The exit message of the processing job, which shows the first 1 KB of it."""
    path: Path = layout.output / "message"
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = message.encode()[:MESSAGE_BYTES].decode(errors="ignore")
    path.write_text(shown, encoding="utf-8")
