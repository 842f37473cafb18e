"""Which instance gets the next request.

Each request takes the next point of the golden-ratio sequence in [0, 1) and goes to the instance
whose part of that line it falls into. So after n requests every fleet has had its share to within
about log(n) requests, and, as with the random choice of real endpoints, no pattern in what a
client sends meets a pattern here.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

from local_test.aws.sagemaker.endpoints.fleet import Fleet
from local_test.aws.sagemaker.endpoints.group import Group
from local_test.aws.sagemaker.endpoints.instance import Instance

GOLDEN_RATIO = 0.6180339887498949


class NobodyAnswers(Exception):
    """There is no healthy instance to send a request to."""


class NoSuchVariant(Exception):
    """A request names a variant that the endpoint does not have."""


@dataclass(frozen=True)
class Share:
    """A fleet's part of the traffic.

    Attributes:
        part: 0 to 1.
        open_instances: variant name → how many of its instances take part; all by default.
    """

    fleet: Fleet
    part: float
    open_instances: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Place:
    """Where one request goes."""

    fleet: Fleet
    group: Group
    instance: Instance


class Router:
    """Sends requests to the instances of one endpoint's fleets."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shares: Sequence[Share] = ()
        self._point = 0.0

    @property
    def shares(self) -> Sequence[Share]:
        """Who gets what now."""
        return self._shares

    def direct(self, *shares: Share) -> None:
        """Send the traffic by these shares from now on."""
        self._shares = shares

    @contextmanager
    def place(self, variant: str | None = None) -> Iterator[Place]:
        """The instance for one request, which counts as on its way until the end.

        Raises:
            NoSuchVariant: ``variant`` is none of the endpoint's.
            NobodyAnswers: no instance is healthy.
        """
        while not (place := self._next(variant)).instance.admit():
            pass  # it has just begun to end
        try:
            yield place
        finally:
            place.instance.release()

    def _next(self, variant: str | None) -> Place:
        shares = self._shares
        places = [found for share in shares for found in _places(share, variant)]
        if variant and not any(variant in share.fleet.groups for share in shares):
            raise NoSuchVariant(variant)
        bounds = list(accumulate(weight for _, weight in places))
        if not bounds or bounds[-1] <= 0:
            raise NobodyAnswers()
        with self._lock:
            self._point = (self._point + GOLDEN_RATIO) % 1.0
            target = self._point * bounds[-1]
        return next(
            place for (place, _), bound in zip(places, bounds, strict=True) if target < bound
        )


def _places(share: Share, variant: str | None) -> Iterator[tuple[Place, float]]:
    """The instances of a fleet with their parts of the traffic."""
    groups = [group for group in share.fleet.all_groups if variant in (None, group.name)]
    opened = [(group, _open(share, group)) for group in groups]
    total = sum(group.weight for group, ready in opened if ready)
    for group, ready in opened:
        for instance in ready:
            part = group.weight / total if total else 0.0
            yield Place(share.fleet, group, instance), share.part * part / len(ready)


def _open(share: Share, group: Group) -> list[Instance]:
    ready = group.ready
    return ready if share.open_instances is None else ready[: share.open_instances[group.name]]
