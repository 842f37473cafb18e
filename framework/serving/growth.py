"""Notices a worker whose memory grows, before the kernel does."""

import os
import random
import resource
import time

from framework.cgroup import memory_limit
from framework.serving import log
from framework.serving.settings import MEGABYTE, Settings

USABLE = 0.85  # of the container's memory; the rest is for the master and for peaks
LEAST_BYTES = 64 * MEGABYTE
LASTING_SECONDS = 3
JITTER = 0.2  # workers that grow alike are not replaced at the same moment
KILOBYTE = 1024
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Growth:
    """How much a worker has grown since it was ready.

    Args:
        allowed: bytes by which it may grow.
    """

    def __init__(self, allowed: int):
        self._before = resident()
        self._since = time.monotonic()
        self._allowed = allowed * random.uniform(1 - JITTER, 1)

    @classmethod
    def within(cls, settings: Settings, workers: int) -> "Growth":
        """What the container's memory leaves to each worker beside the model; a setting goes first.

        The model is counted once where the workers share it.
        """
        if settings.growth is not None:
            return cls(settings.growth)
        copies = 1 if settings.preload else workers
        free = USABLE * memory_limit() - copies * resident()
        return cls(max(LEAST_BYTES, int(free / workers)))

    def excess(self) -> int:
        """Bytes by which it has grown, once these are too many for a while; 0 before.

        What one large request needs is soon given back.
        """
        grown, now = resident() - self._before, time.monotonic()
        if grown <= self._allowed:
            self._since = now
        return grown if now - self._since > LASTING_SECONDS else 0


def workers_that_fit(most: int, shared: bool) -> int:
    """How many workers there is memory for, measured in the process that has loaded the model.

    Args:
        shared: whether the others share the model, and do not load one each.
    """
    each = LEAST_BYTES if shared else resident()
    free = int(USABLE * memory_limit()) - (resident() if shared else most_resident())
    fitting = max(1, min(most, free // each + (not shared)))
    if fitting < most:
        log.warning(
            "fewer workers than CPUs, because there is no memory for more",
            workers=fitting,
            cpus=most,
            each_mb=each // MEGABYTE,
            memory_limit_mb=memory_limit() // MEGABYTE,
        )
    return fitting


def most_resident() -> int:
    """The most bytes that this process has had in memory at a time: loading may need many."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILOBYTE


def resident() -> int:
    """Bytes of this process that are in memory, shared or not."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * PAGE_BYTES
