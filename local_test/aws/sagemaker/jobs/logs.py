"""What a job writes, into CloudWatch Logs; and the metrics that are in it."""

import re
import time
from contextlib import suppress
from typing import Any

from local_test.aws.sagemaker.jobs.running import Job

BATCH = 500


class LogStream:
    """One host's log, sent in batches.

    Args:
        group: for example /aws/sagemaker/TrainingJobs.
        definitions: MetricDefinitions: each has Name and Regex with one group.
    """

    def __init__(self, job: Job, group: str, host: str = "algo-1", definitions: Any = ()) -> None:
        self._job = job
        self._logs = job.client("logs")
        self._where = {
            "logGroupName": group,
            "logStreamName": f"{job.name}/{host}-{int(time.time())}",
        }
        self._definitions = [(one["Name"], re.compile(one["Regex"])) for one in definitions]
        self._lines: list[dict[str, Any]] = []
        self._values: list[dict[str, Any]] = []
        self.last_values: dict[str, tuple[float, Any]] = {}
        self._open()

    def write(self, line: str) -> None:
        """Keep one line, and the metrics in it."""
        now = self._job.world.clock.now()
        self._lines.append({"timestamp": int(now.timestamp() * 1000), "message": line or " "})
        for name, regex in self._definitions:
            for text in regex.findall(line):
                value = _number(text)
                if value is not None:
                    self.last_values[name] = (value, now)
                    self._job.metrics.setdefault(name, []).append(value)
                    self._values.append(self._datum(name, value, now))

    def flush(self) -> None:
        """Send what was written."""
        while self._lines:
            batch, self._lines = self._lines[:BATCH], self._lines[BATCH:]
            self._logs.put_log_events(**self._where, logEvents=batch)
        if self._values and self._job.kind == "training-job":
            values, self._values = self._values, []
            for start in range(0, len(values), BATCH):
                self._job.client("cloudwatch").put_metric_data(
                    Namespace="/aws/sagemaker/TrainingJobs",
                    MetricData=values[start : start + BATCH],
                )

    def _open(self) -> None:
        for create in (
            lambda: self._logs.create_log_group(logGroupName=self._where["logGroupName"]),
            lambda: self._logs.create_log_stream(**self._where),
        ):
            with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
                create()

    def _datum(self, name: str, value: float, now: Any) -> dict[str, Any]:
        dimensions = [{"Name": "TrainingJobName", "Value": self._job.name}]
        return {"MetricName": name, "Value": value, "Timestamp": now, "Dimensions": dimensions}


def _number(text: str) -> float | None:
    """A finite number; CloudWatch refuses others."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e300 else None
