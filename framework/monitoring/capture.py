"""Reads what an endpoint's data capture wrote: JSON Lines, one invocation each."""

import base64
import binascii
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from framework.errors import ConfigurationError
from framework.monitoring.settings import MonitorSettings

MOST_RECORDS = 100_000
HOUR_FOLDER = re.compile(r"(\d{4})/(\d{2})/(\d{2})/(\d{2})(?:/|$)")
GOLDEN = "golden-"  # how releases call their own requests: ci/steps/golden.py
CONTENT_TYPES = {"CSV": "text/csv", "JSON": "application/json"}


@dataclass(frozen=True)
class Request:
    """The input of one invocation."""

    body: bytes
    content_type: str


@dataclass
class Capture:
    """The invocations of one time.

    Attributes:
        requests: those with an input; of more than 100,000 a fair sample.
        inputs: how many had one.
        outputs_only: how many held only the model's answer.
        outside: how many are of another time.
        golden: how many were sent by a release, to see whether the endpoint answers.
        damaged: lines that cannot be read, by what is wrong.
        example: where the first of those is.
    """

    requests: list[Request] = field(default_factory=list)
    inputs: int = 0
    outputs_only: int = 0
    outside: int = 0
    golden: int = 0
    damaged: Counter[str] = field(default_factory=Counter)
    example: str = ""


class _Damaged(Exception):
    """A line that is no record."""


def read_capture(settings: MonitorSettings) -> Capture:
    """Everything below ``settings.source`` that was invoked in the time of the run.

    Raises:
        ConfigurationError: there is no such directory.
    """
    if not settings.source.is_dir():
        present = sorted(p.name for p in settings.source.parent.glob("*"))
        raise ConfigurationError(
            f"There is no captured data at {settings.source} (its folder holds: "
            f"{', '.join(present) or 'nothing'}). Let an input of the processing job end there, "
            "or name its LocalPath as dataset_source."
        )
    capture = Capture()
    dice = random.Random(0)
    for path, number, line in _lines(settings.source):
        try:
            record = _record(line)
            request = _request(record)
            if not _within(settings, record, path):
                capture.outside += 1
            elif str(_metadata(record).get("inferenceId")).startswith(GOLDEN):
                capture.golden += 1
            elif request is None:
                capture.outputs_only += 1
            else:
                _keep(capture, request, dice)
        except _Damaged as damage:
            capture.damaged[str(damage)] += 1
            where = f"{path.relative_to(settings.source)}, line {number}"
            capture.example = capture.example or where
    return capture


def _lines(source: Path) -> Iterator[tuple[Path, int, bytes]]:
    for path in sorted(source.rglob("*.jsonl")):
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield path, number, line


def _keep(capture: Capture, request: Request, dice: random.Random) -> None:
    """Reservoir sampling: every request has the same chance to be among those that are kept."""
    capture.inputs += 1
    if len(capture.requests) < MOST_RECORDS:
        capture.requests.append(request)
    elif (place := dice.randrange(capture.inputs)) < MOST_RECORDS:
        capture.requests[place] = request


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        raise _Damaged("it is not valid JSON") from None
    if not isinstance(record, dict) or not isinstance(record.get("captureData"), dict):
        raise _Damaged("it has no captureData")
    return record


def _request(record: dict[str, Any]) -> Request | None:
    captured = record["captureData"].get("endpointInput")
    if captured is None:
        return None
    if not isinstance(captured, dict) or not isinstance(captured.get("data"), str):
        raise _Damaged("its endpointInput has no data")
    encoding = str(captured.get("encoding", "")).upper()
    content_type = captured.get("observedContentType") or CONTENT_TYPES.get(encoding, "")
    if encoding != "BASE64":
        return Request(captured["data"].encode(), str(content_type))
    try:
        return Request(base64.b64decode(captured["data"], validate=True), str(content_type))
    except binascii.Error:
        raise _Damaged("its data are not BASE64") from None


def _metadata(record: dict[str, Any]) -> dict[str, Any]:
    metadata = record.get("eventMetadata")
    return metadata if isinstance(metadata, dict) else {}


def _within(settings: MonitorSettings, record: dict[str, Any], path: Path) -> bool:
    """By inferenceTime, else by the hour that the folder names; what has neither counts."""
    told = _metadata(record).get("inferenceTime")
    if told is not None:
        moment = _moment(told)
        return not (
            (settings.start and moment < settings.start)
            or (settings.end and moment >= settings.end)
        )
    if not (hour := HOUR_FOLDER.search(path.parent.as_posix())):
        return True
    begins = datetime(*map(int, hour.groups()), tzinfo=UTC)
    ends = begins + timedelta(hours=1)
    return not (
        (settings.start and ends <= settings.start) or (settings.end and begins >= settings.end)
    )


def _moment(told: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        raise _Damaged("its inferenceTime is no time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
