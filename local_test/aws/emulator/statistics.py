"""GetMetricStatistics as CloudWatch does it.

moto also counts data that have further dimensions, lets periods begin at the first datum, and
looks through all data of a region for every question; alarms ask at every tick of the clock.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from moto.cloudwatch.models import CloudWatchBackend, Statistics

from local_test.aws.world import World

COMPUTED = "AWS/S3"  # the namespace whose data moto makes when it is asked
MOTO_S = CloudWatchBackend.get_metric_statistics

Metric = tuple[str, str, frozenset[tuple[str, str]]]  # namespace, name, dimensions

_series: WeakKeyDictionary[CloudWatchBackend, "Series"] = WeakKeyDictionary()


def install(world: World) -> None:
    """Replace moto's."""
    CloudWatchBackend.get_metric_statistics = get_metric_statistics


def reset() -> None:
    """Give moto back its own."""
    CloudWatchBackend.get_metric_statistics = MOTO_S


def get_metric_statistics(  # noqa: PLR0913, PLR0917 (moto's own parameters)
    backend: CloudWatchBackend,
    namespace: str,
    metric_name: str,
    start_time: datetime,
    end_time: datetime,
    period: int,
    stats: list[str],
    dimensions: list[dict[str, str]],
    unit: str | None = None,
) -> list[Statistics]:
    """One entry for each period with data, of the metric with exactly these dimensions."""
    wanted = frozenset((dimension["Name"], dimension["Value"]) for dimension in dimensions or [])
    periods: dict[int, Statistics] = {}
    begin = start_time.replace(second=0, microsecond=0)
    for datum in _data(backend, (namespace, metric_name, wanted)):
        if begin <= datum.timestamp < end_time and unit in (None, datum.unit):
            number = int((datum.timestamp - begin).total_seconds() // period)
            at = begin + timedelta(seconds=number * period)
            periods.setdefault(number, Statistics(stats, at, datum.unit)).metric_data.append(datum)
    return [periods[number] for number in sorted(periods)]


class Series:
    """A list of moto's data, to which it only appends, by the metric that they belong to."""

    def __init__(self, data: list[Any]):
        self.data = data
        self._lock = threading.Lock()
        self._read = 0
        self._by_metric: defaultdict[Metric, list[Any]] = defaultdict(list)

    def of(self, metric: Metric) -> Sequence[Any]:
        """The data of one metric."""
        with self._lock:
            new = self.data[self._read :]
            self._read += len(new)
            for datum in new:
                self._by_metric[_metric(datum)].append(datum)
            return tuple(self._by_metric.get(metric, ()))


def _data(backend: CloudWatchBackend, metric: Metric) -> Sequence[Any]:
    if metric[0] == COMPUTED:
        return [datum for datum in backend.aws_metric_data if _metric(datum) == metric]
    series = _series.get(backend)
    if series is None or series.data is not backend.metric_data:
        series = _series[backend] = Series(backend.metric_data)
    return series.of(metric)


def _metric(datum: Any) -> Metric:
    dimensions = frozenset((dimension.name, dimension.value) for dimension in datum.dimensions)
    return datum.namespace, datum.name, dimensions
