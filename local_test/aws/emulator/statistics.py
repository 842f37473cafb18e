"""GetMetricStatistics as CloudWatch does it.

moto also counts data that have further dimensions, and lets periods begin at the first datum.
"""

from datetime import datetime, timedelta
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, Statistics

from local_test.aws.world import World

MOTO_S = CloudWatchBackend.get_metric_statistics


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
    wanted = {(dimension["Name"], dimension["Value"]) for dimension in dimensions or []}
    periods: dict[int, Statistics] = {}
    begin = start_time.replace(second=0, microsecond=0)
    for datum in backend.get_all_metrics():
        if (
            datum.namespace == namespace
            and datum.name == metric_name
            and begin <= datum.timestamp < end_time
            and unit in (None, datum.unit)
            and _dimensions(datum) == wanted
        ):
            number = int((datum.timestamp - begin).total_seconds() // period)
            at = begin + timedelta(seconds=number * period)
            periods.setdefault(number, Statistics(stats, at, datum.unit)).metric_data.append(datum)
    return [periods[number] for number in sorted(periods)]


def _dimensions(datum: Any) -> set[tuple[str, str]]:
    return {(dimension.name, dimension.value) for dimension in datum.dimensions}
