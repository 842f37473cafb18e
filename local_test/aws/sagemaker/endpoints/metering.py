"""CloudWatch metrics of invocations, counted by the second and put in few calls.

Namespace AWS/SageMaker; dimensions EndpointName and VariantName, and the same once more with
EndpointConfigName, by which an alarm can look at the new fleet of a deployment alone (developer
guide, "Auto-Rollback Configuration and Monitoring"). ModelLatency is put value by value, so that
alarms on percentiles work; everything else as sums.
"""

import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_test.aws.sagemaker.endpoints.invocations import Invocation
from local_test.aws.world import World

NAMESPACE = "AWS/SageMaker"
MOST_DATA = 500
MOST_VALUES = 150

Dimensions = tuple[tuple[str, str], ...]


@dataclass
class Second:
    """What happened to one variant in one second."""

    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


class Metering:
    """Counts the invocations of one world."""

    def __init__(self, world: World):
        self._world = world
        self._lock = threading.Lock()
        self._seconds: dict[tuple[str, Dimensions, int], Second] = defaultdict(Second)

    def count(self, invocation: Invocation) -> None:
        """Note one invocation."""
        place, endpoint = invocation.place, invocation.endpoint
        variant = (("EndpointName", endpoint.name), ("VariantName", place.group.name))
        values = {
            "Invocations": 1.0,
            "Invocation4XXErrors": float(400 <= invocation.status < 500),
            "Invocation5XXErrors": float(not 200 <= invocation.status < 500),
            "ModelLatency": invocation.model_seconds * 1e6,
            "OverheadLatency": invocation.overhead_seconds * 1e6,
        }
        share = {"InvocationsPerInstance": 1.0 / max(place.group.desired, 1)}
        second = int(invocation.began)
        with self._lock:
            for dimensions, counted in (
                (variant, values | share),
                ((*variant, ("EndpointConfigName", place.fleet.name)), values),
            ):
                for name, value in counted.items():
                    key = (endpoint.region, dimensions, second)
                    self._seconds[key].values[name].append(value)

    def flush(self) -> None:
        """Put what was counted since the last time."""
        with self._lock:
            seconds, self._seconds = self._seconds, defaultdict(Second)
        data: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for (region, dimensions, second), counted in seconds.items():
            for name, values in counted.values.items():
                data[region] += _data(name, dimensions, second, values)
        for region, items in data.items():
            for begin in range(0, len(items), MOST_DATA):
                with suppress(ClientError, BotoCoreError):  # the local AWS ends
                    self._world.client("cloudwatch", region).put_metric_data(
                        Namespace=NAMESPACE, MetricData=items[begin : begin + MOST_DATA]
                    )


def _data(
    name: str, dimensions: Dimensions, second: int, values: list[float]
) -> list[dict[str, Any]]:
    """MetricData of one metric and second."""
    latency = name.endswith("Latency")
    datum = {
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
        "Timestamp": datetime.fromtimestamp(second, UTC),
        "Unit": "Microseconds" if latency else "None",
    }
    if name == "ModelLatency":
        parts = [values[n : n + MOST_VALUES] for n in range(0, len(values), MOST_VALUES)]
        return [{**datum, "Values": part} for part in parts]
    statistics = {
        "SampleCount": len(values),
        "Sum": sum(values),
        "Minimum": min(values),
        "Maximum": max(values),
    }
    return [{**datum, "StatisticValues": statistics}]
