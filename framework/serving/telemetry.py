"""What the server counts and times, for Prometheus: one page for all of its processes.

prometheus_client keeps numbers in files that processes share. Here a file belongs to a place among
the workers and not to a process, so a worker that replaces another counts on where that one ended.
The algorithm's own metrics, made with prometheus_client, are on the page, too.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from typing import Any

from framework.manifest import Manifest

MEMORY = "/dev/shm"  # noqa: S108  names in it are made by mkdtemp and mkstemp
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client looks
IDENTITY = ("framework", "commit", "image_digest", "training_job")
MASTER = "master"
SECONDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_place = MASTER


def prepare() -> None:
    """Let every process that is forked from this one count in shared files.

    To be called before anything imports prometheus_client, so before the algorithm is. The
    directory is always a new one, because ``forget`` removes it.
    """
    os.environ[DIRECTORY] = tempfile.mkdtemp(prefix="metrics-", dir=directory_in_memory())
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(lambda: _place)


def forget() -> None:
    """Remove the directory that ``prepare`` has made."""
    shutil.rmtree(os.environ[DIRECTORY], ignore_errors=True)


def directory_in_memory() -> str:
    """Where files cost no disk, which could make a worker wait."""
    return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else tempfile.gettempdir()


def take_place(number: int) -> None:
    """Count on from here in the place of worker ``number``."""
    global _place  # noqa: PLW0603  a process has one place
    _place = f"worker{number}"


def page() -> bytes:
    """All numbers of all processes, in Prometheus' text format."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)


class Telemetry:
    """The server's own metrics in this process."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        requests = Counter("serving_requests", "Invocations that were answered.", ["code"])
        stages = Histogram(
            "serving_stage_seconds",
            "Time in a stage: queue, decode, predict, encode.",
            ["stage"],
            buckets=SECONDS,
        )
        self._requests = requests
        self._codes: dict[int, Any] = {}
        self._stages = {
            name: stages.labels(name) for name in ("queue", "decode", "predict", "encode")
        }
        self._latency = Histogram(
            "serving_latency_seconds", "From the request to its answer.", buckets=SECONDS
        )
        self._batch_requests = Histogram(
            "serving_batch_requests", "Requests that one prediction answered.", buckets=SIZES
        )
        self._batch_rows = Histogram(
            "serving_batch_rows", "Rows that one prediction answered.", buckets=SIZES
        )
        self._depth = Gauge(
            "serving_queue_depth", "Invocations that wait.", multiprocess_mode="livesum"
        )
        self._in_flight = Gauge(
            "serving_in_flight", "Invocations without an answer.", multiprocess_mode="livesum"
        )
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
        """One invocation has its answer."""
        counter = self._codes.get(code)
        if counter is None:
            counter = self._codes[code] = self._requests.labels(str(code))
        counter.inc()
        self._latency.observe(seconds)

    def waited(self, seconds: Iterable[float]) -> None:
        """So long did the requests of a batch wait for their turn."""
        observe = self._stages["queue"].observe
        for one in seconds:
            observe(one)

    def took(self, stage: str, seconds: float) -> None:
        """A stage of one prediction took so long."""
        self._stages[stage].observe(seconds)

    def predicted(self, requests: int, rows: int) -> None:
        """One call of predict answered so much."""
        self._batch_requests.observe(requests)
        self._batch_rows.observe(rows)

    def holds(self, waiting: int, in_flight: int) -> None:
        """What this worker holds now."""
        self._depth.set(waiting)
        self._in_flight.set(in_flight)

    def serves(self, load_seconds: float, manifest: Manifest | None) -> None:
        """What is served, and how long it took to load."""
        self._load.set(load_seconds)
        known = [str(getattr(manifest, name, None) or "") for name in IDENTITY]
        self._identity.labels(*known).set(1)
