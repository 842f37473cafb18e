"""Health checks while more connections ask than a server can answer."""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.serving import load
from benchmarks.serving.server import Server

CONNECTIONS = 256
LONGEST_SECONDS = 10
PAUSE_SECONDS = 0.01
SETTLE_SECONDS = 0.5
TIMES = 3  # as long as other loads, because only one check is under way at a time


def measure(server: Server, form: str, seconds: float, scratch: Path) -> dict[str, float]:
    """Milliseconds of health checks, each on a connection of its own, beside the load.

    Raises:
        LoadFailed: nothing was answered under this load.
    """
    rows = server.model.rows(64).split()
    requests = [server.peer.request(one, form) for one in rows]
    files = load.bodies(requests, scratch / f"probes-{time.monotonic_ns()}")
    taken, failed = [], 0
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(
            load.put_on, server.port, requests[0], files, CONNECTIONS, TIMES * seconds
        )
        time.sleep(SETTLE_SECONDS)
        while not running.done():
            began = time.monotonic()
            failed += not server.is_healthy(LONGEST_SECONDS)
            taken.append((time.monotonic() - began) * 1000)
            time.sleep(PAUSE_SECONDS)
    seen = running.result()
    taken.sort()
    return {
        "ping p99": taken[math.ceil(0.99 * len(taken)) - 1],
        "slowest": taken[-1],
        "probes": len(taken),
        "failed": failed,
        "rate": seen.rate,
        "p50": seen.p50,
        "refused": seen.refused,
        "broken": seen.broken,
    }
