"""What happened to an endpoint, in order: statuses, and who had which share of the traffic."""

import threading
from collections.abc import Sequence
from typing import Any

from local_test.aws.clock import Clock
from local_test.aws.sagemaker.endpoints.router import Share


class Story:
    """The history of one endpoint, for the status page and for tests."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def tell(self, happened: str, status: str, shares: Sequence[Share]) -> None:
        """Add an entry with the fleets as they are now."""
        fleets = [
            {
                "config": share.fleet.name,
                "part": round(share.part, 6),
                "instances": {group.name: len(group.ready) for group in share.fleet.all_groups},
            }
            for share in shares
        ]
        entry = {
            "time": self._clock.now().isoformat(),
            "status": status,
            "happened": happened,
            "fleets": fleets,
        }
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> list[dict[str, Any]]:
        """time, status, happened, and fleets with config, part of the traffic and instances."""
        with self._lock:
            return list(self._entries)
