"""Metrics over time, as the page draws them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local_test.aws.world import World

PERIODS = (1, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)
MOST_POINTS = 240


@dataclass(frozen=True)
class Metric:
    """What to draw.

    Attributes:
        statistic: a sum is 0 where nothing was put; other statistics have no value there.
        factor: what values are multiplied with, to be in ``unit``.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str = "Average"
    unit: str = ""
    factor: float = 1.0


@dataclass(frozen=True)
class Window:
    """A stretch of time, in periods that are few enough to draw."""

    begin: datetime
    end: datetime
    period: int

    @classmethod
    def between(cls, begin: datetime, end: datetime, finest: int = 60) -> "Window":
        """The finest periods, of ``finest`` seconds or more, of which MOST_POINTS are enough."""
        seconds = (end - begin).total_seconds()
        periods = [one for one in PERIODS if one >= finest]
        period = next((one for one in periods if seconds / one <= MOST_POINTS), periods[-1])
        first = begin - timedelta(seconds=begin.timestamp() % period)
        return cls(first, end, period)

    def as_dict(self) -> dict[str, float]:
        """As JSON has it, in seconds since the epoch."""
        return {
            "from": self.begin.timestamp(),
            "to": self.end.timestamp(),
            "period": self.period,
        }


def drawn(world: World, region: str, metric: Metric, window: Window) -> dict[str, Any]:
    """Name, unit and points [seconds since the epoch, value]."""
    found = world.client("cloudwatch", region).get_metric_statistics(
        Namespace=metric.namespace,
        MetricName=metric.name,
        Dimensions=[{"Name": name, "Value": value} for name, value in metric.dimensions],
        StartTime=window.begin,
        EndTime=window.end + timedelta(seconds=1),
        Period=window.period,
        Statistics=[metric.statistic],
    )["Datapoints"]
    points = {
        point["Timestamp"].timestamp(): point[metric.statistic] * metric.factor for point in found
    }
    if points and metric.statistic == "Sum":
        steps = range(int(window.begin.timestamp()), int(window.end.timestamp()), window.period)
        points = {float(step): 0.0 for step in steps} | points
    return {
        "name": metric.name,
        "unit": metric.unit,
        "statistic": metric.statistic,
        "points": sorted(points.items()),
    }
