"""What the server counts and times, for Prometheus: one page for all of its processes.

What every request changes is kept by ``tally``. The rest, and the algorithm's own metrics, are made
with prometheus_client, which keeps numbers in files that processes share; here a file belongs to a
place among the workers and not to a process, as a row of the tally does.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from framework.manifest import Manifest
from framework.serving.tally import Histogram, Sheet

MEMORY = "/dev/shm"  # noqa: S108  names in it are made by mkdtemp and mkstemp
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client looks
IDENTITY = ("framework", "commit", "image_digest", "training_job")
MASTER = -1
SECONDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
CODES = range(100, 600)
STAGES = ("queue", "decode", "predict", "encode")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Family:
    """Histograms of one name, one for each value of its label."""

    name: str
    told: str
    bounds: Sequence[float]
    label: str = ""
    values: Sequence[str] = ("",)


HISTOGRAMS = (
    Family(
        "serving_stage_seconds",
        "Time in a stage: queue, decode, predict, encode.",
        SECONDS,
        "stage",
        STAGES,
    ),
    Family("serving_latency_seconds", "From the request to its answer.", SECONDS),
    Family("serving_batch_requests", "Requests that one prediction answered.", SIZES),
    Family("serving_batch_rows", "Rows that one prediction answered.", SIZES),
)
GAUGES = {
    "serving_queue_depth": "Invocations that wait.",
    "serving_in_flight": "Invocations without an answer.",
}


def _columns() -> dict[str, slice]:
    """Where in a row the numbers of each metric are."""
    widths = {"serving_requests": len(CODES), **dict.fromkeys(GAUGES, 1)}
    for family in HISTOGRAMS:
        width = Histogram.width(family.bounds)
        widths |= {f"{family.name} {value}": width for value in family.values}
    ends = accumulate(widths.values())
    return {name: slice(end - widths[name], end) for name, end in zip(widths, ends, strict=True)}


COLUMNS = _columns()

_place = MASTER
_sheet = Sheet(0)


def prepare() -> None:
    """Let every process that is forked from this one count in shared memory and files.

    To be called before anything imports prometheus_client, so before the algorithm is. The
    directory is always a new one, because ``forget`` removes it.
    """
    global _sheet  # noqa: PLW0603  a server has one sheet
    _sheet = Sheet(max(part.stop for part in COLUMNS.values()))
    os.environ[DIRECTORY] = tempfile.mkdtemp(prefix="metrics-", dir=directory_in_memory())
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(
        lambda: "master" if _place == MASTER else f"worker{_place}"
    )


def forget() -> None:
    """Remove the directory that ``prepare`` has made."""
    shutil.rmtree(os.environ[DIRECTORY], ignore_errors=True)


def directory_in_memory() -> str:
    """Where files cost no disk, which could make a worker wait."""
    return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else tempfile.gettempdir()


def take_place(number: int) -> None:
    """Count on from here in the place of worker ``number``."""
    global _place  # noqa: PLW0603  a process has one place
    _place = number


def page() -> bytes:
    """All numbers of all processes, in Prometheus' text format."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(Tallied())
    return generate_latest(registry)


class Tallied:
    """What the sheet holds, as prometheus_client collects it."""

    def collect(self) -> Iterator[Any]:
        """Each metric with its samples."""
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        sums = _sheet.sums()
        told = "Invocations that were answered."
        requests = CounterMetricFamily("serving_requests", told, labels=["code"])
        for code, count in zip(CODES, sums[COLUMNS["serving_requests"]], strict=True):
            if count:
                requests.add_metric([str(code)], count)
        yield requests
        for family in HISTOGRAMS:
            names = [family.label] if family.label else []
            metric = HistogramMetricFamily(family.name, family.told, labels=names)
            for value in family.values:
                *counts, total = sums[COLUMNS[f"{family.name} {value}"]]
                bounds = [*(str(float(bound)) for bound in family.bounds), "+Inf"]
                buckets = list(zip(bounds, accumulate(counts), strict=True))
                metric.add_metric([value] if names else [], buckets, total)
            yield metric
        for name, told in GAUGES.items():
            yield GaugeMetricFamily(name, told, value=sums[COLUMNS[name]][0])


class Telemetry:
    """The server's own metrics in this process."""

    def __init__(self) -> None:
        from prometheus_client import Gauge

        row = _sheet.row(_place)
        self._lock = threading.Lock()
        self._codes = row[COLUMNS["serving_requests"]]
        self._depth, self._in_flight = (row[COLUMNS[name]] for name in GAUGES)
        histograms = {
            (family.name, value): Histogram(row[COLUMNS[f"{family.name} {value}"]], family.bounds)
            for family in HISTOGRAMS
            for value in family.values
        }
        self._stages = {stage: histograms["serving_stage_seconds", stage] for stage in STAGES}
        self._latency = histograms["serving_latency_seconds", ""]
        self._batch_requests = histograms["serving_batch_requests", ""]
        self._batch_rows = histograms["serving_batch_rows", ""]
        self._load = Gauge(
            "serving_model_load_seconds", "Time to load the model.", multiprocess_mode="max"
        )
        self._identity = Gauge(
            "serving_info",
            "1, for what is served.",
            IDENTITY,
            multiprocess_mode="max",
        )

    def answered(self, code: int, seconds: float) -> None:
        """One invocation has its answer; any thread may say so."""
        with self._lock:
            if code in CODES:
                self._codes[code - CODES.start] += 1
            self._latency.observe(seconds)

    def waited(self, seconds: Iterable[float]) -> None:
        """So long did the requests of a batch wait for their turn."""
        queue = self._stages["queue"]
        for one in seconds:
            queue.observe(one)

    def took(self, stage: str, seconds: float) -> None:
        """A stage of one prediction took so long; the pipeline's thread says so."""
        self._stages[stage].observe(seconds)

    def predicted(self, requests: int, rows: int) -> None:
        """One call of predict answered so much."""
        self._batch_requests.observe(requests)
        self._batch_rows.observe(rows)

    def holds(self, waiting: int, in_flight: int) -> None:
        """What this worker holds now."""
        self._depth[0] = waiting
        self._in_flight[0] = in_flight

    def serves(self, load_seconds: float, manifest: Manifest | None) -> None:
        """What is served, and how long it took to load."""
        self._load.set(load_seconds)
        known = [str(getattr(manifest, name, None) or "") for name in IDENTITY]
        self._identity.labels(*known).set(1)
