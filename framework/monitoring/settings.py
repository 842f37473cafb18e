"""What Model Monitor's contract says about one run, from the environment."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from framework.drift import Thresholds
from framework.errors import ConfigurationError
from framework.layout import Layout

CONTAINER_BASE = PurePosixPath("/opt/ml")
CAPTURE_FORMAT = "sagemakerCaptureJson"
SWITCH = {"enabled": True, "disabled": False, "": False}


@dataclass(frozen=True)
class MonitorSettings:
    """One run of the monitor.

    Attributes:
        source: directory with captured data, ENDPOINT/VARIANT/yyyy/mm/dd/hh/*.jsonl or any part.
        output: directory for the reports.
        start, end: the requests from start up to before end count; None leaves that side open.
        baseline: manifest.json that the caller named; None means the model's own.
        thresholds: when a difference is drift.
        publish_metrics: write metrics for CloudWatch.
        endpoint, schedule: names, for reports and metrics; "" where unknown.
    """

    source: Path
    output: Path
    start: datetime | None
    end: datetime | None
    baseline: Path | None
    thresholds: Thresholds
    publish_metrics: bool
    endpoint: str
    schedule: str

    @classmethod
    def from_environment(
        cls, layout: Layout, environment: Mapping[str, str] = os.environ
    ) -> "MonitorSettings":
        """Read the variables of docs/contract.md, "Monitoring".

        Raises:
            ConfigurationError: one cannot be understood; names it and what it may be.
        """
        read = _Reader(layout, environment)
        read.require_capture_format("dataset_format")
        return cls(
            source=read.path("dataset_source") or layout.base / "processing/input/endpoint",
            output=read.path("output_path") or layout.base / "processing/output",
            start=read.moment("start_time"),
            end=read.moment("end_time"),
            baseline=read.path("baseline_statistics"),
            thresholds=read.thresholds("baseline_constraints"),
            publish_metrics=read.switch("publish_cloudwatch_metrics"),
            endpoint=read.text("sagemaker_endpoint_name"),
            schedule=read.text("sagemaker_monitoring_schedule_name"),
        )


class _Reader:
    """Reads one variable at a time; unset and empty are the same."""

    def __init__(self, layout: Layout, environment: Mapping[str, str]):
        self._layout = layout
        self._environment = environment

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def path(self, name: str) -> Path | None:
        """A path of the container: what is said to be below /opt/ml is below the base directory."""
        if not (text := self.text(name)):
            return None
        path = PurePosixPath(text)
        inside = path.is_relative_to(CONTAINER_BASE)
        return self._layout.base / path.relative_to(CONTAINER_BASE) if inside else Path(path)

    def moment(self, name: str) -> datetime | None:
        if not (text := self.text(name).replace(" ", "")):
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ConfigurationError(
                f"{name} is '{text}'; it must be a time like 2026-02-20T05:00:00Z."
            ) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def switch(self, name: str) -> bool:
        text = self.text(name)
        if text.lower() not in SWITCH:
            raise ConfigurationError(f"{name} is '{text}'; it must be Enabled or Disabled.")
        return SWITCH[text.lower()]

    def require_capture_format(self, name: str) -> None:
        text = self.text(name)
        try:
            named = json.loads(text) if text else {CAPTURE_FORMAT: {}}
        except json.JSONDecodeError:
            named = {}
        if not isinstance(named, dict) or CAPTURE_FORMAT not in named:
            raise ConfigurationError(
                f"{name} is '{text:.80}', but only data captured by an endpoint can be read. Write "
                f'{{"{CAPTURE_FORMAT}": {{"captureIndexNames": ["endpointInput"]}}}}.'
            )

    def thresholds(self, name: str) -> Thresholds:
        """The defaults, but for what a constraints.json says otherwise."""
        path = self.path(name)
        if path is None:
            return Thresholds()
        try:
            config = json.loads(path.read_bytes())["monitoring_config"]
            compared = config.get("distribution_constraints", {})
            limit = float(compared.get("comparison_threshold", Thresholds.psi))
            rows = int(config.get("fewest_rows", Thresholds.rows))
            level = float(config.get("significance", Thresholds.significance))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{name} names {path}, which cannot be read as constraints "
                f"({type(error).__name__}: {error}). Give a constraints.json with a "
                "monitoring_config, or none."
            ) from None
        return replace(Thresholds(), psi=limit, rows=rows, significance=level)


def window(settings: MonitorSettings) -> str:
    """The time that a run looks at, in words."""
    return " ".join(
        f"{word} {moment:%Y-%m-%d %H:%M:%S} UTC"
        for word, moment in (("from", settings.start), ("to", settings.end))
        if moment is not None
    )


def as_json(settings: MonitorSettings) -> dict[str, Any]:
    """Endpoint, schedule and time, as reports say them."""
    return {
        "endpoint": settings.endpoint,
        "schedule": settings.schedule,
        "start_time": settings.start and settings.start.isoformat(),
        "end_time": settings.end and settings.end.isoformat(),
    }
