"""Spreads connections over the workers, which all listen on one socket.

The kernel wakes them all and the fastest takes what it finds, often everything. A client keeps its
connection, so the others would idle for as long.
"""

import mmap
import time
from collections.abc import Callable

PLACES = 256  # workers beyond so many take what they find
NUMBER_BYTES = 4
LEAVE_SECONDS = 0.001
MOST_LEFT = 20
FORGIVING_SECONDS = 1.0


class Balance:
    """How many connections each worker has, in memory that they share.

    A worker's place is the lowest number that no other living one has.
    """

    def __init__(self) -> None:
        self._held = memoryview(mmap.mmap(-1, PLACES * NUMBER_BYTES)).cast("I")

    def note(self, place: int, connections: int) -> None:
        """Tell the others what this worker holds."""
        if place < PLACES:
            self._held[place] = connections + 1

    def forget(self, place: int) -> None:
        """The worker of this place has ended."""
        if place < PLACES:
            self._held[place] = 0

    def has_fewest(self, place: int) -> bool:
        """Whether no other worker has fewer connections."""
        return place >= PLACES or self._held[place] == min(filter(None, self._held))


class Manners:
    """Whether one worker leaves a connection to who has fewer; not if nobody takes it for long.

    Attributes:
        looks_away: it does not look at the listening socket for a moment.

    Args:
        is_next: whether no other worker has fewer connections.
    """

    def __init__(self, is_next: Callable[[], bool]):
        self.looks_away = False
        self._is_next = is_next
        self._left = 0
        self._until = 0.0

    def leaves_it(self) -> bool:
        """Whether another worker is to take the connection that waits."""
        now = time.monotonic()
        if self._is_next():
            self._left = 0
            return False
        if now > self._until + FORGIVING_SECONDS:
            self._left = 0
        if self._left == MOST_LEFT:
            return False
        self._left += 1
        self._until = now + LEAVE_SECONDS
        self.looks_away = True
        return True

    def still_looks_away(self) -> bool:
        """Whether the moment is not over."""
        return self.looks_away and time.monotonic() < self._until
