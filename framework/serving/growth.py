"""Notices a worker whose memory grows, before the kernel does."""

import os
import random

from framework.cgroup import memory_limit
from framework.serving.settings import MEGABYTE, Settings

USABLE = 0.85  # of the container's memory; the rest is for the master and for peaks
LEAST_BYTES = 64 * MEGABYTE
JITTER = 0.2  # workers that grow alike are not replaced at the same moment
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Growth:
    """How much a worker has grown since it was ready.

    Args:
        allowed: bytes by which it may grow.
    """

    def __init__(self, allowed: int):
        self._before = resident()
        self._allowed = allowed * random.uniform(1 - JITTER, 1)

    @classmethod
    def within(cls, settings: Settings) -> "Growth":
        """What the container's memory leaves to each worker beside the model; a setting goes first.

        The model is counted once where the workers share it.
        """
        if settings.growth is not None:
            return cls(settings.growth)
        copies = 1 if settings.preload else settings.workers
        free = USABLE * memory_limit() - copies * resident()
        return cls(max(LEAST_BYTES, int(free / settings.workers)))

    def excess(self) -> int:
        """Bytes by which it has grown, once these are too many; 0 before."""
        grown = resident() - self._before
        return grown if grown > self._allowed else 0


def resident() -> int:
    """Bytes of this process that are in memory, shared or not."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * PAGE_BYTES
