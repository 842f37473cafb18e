"""Spreads connections over the workers, which all listen on one socket.

The kernel wakes them all and the fastest takes what it finds, often everything. A client keeps its
connection, so the others would idle for as long.
"""

import mmap

PLACES = 256  # workers beyond so many take what they find
NUMBER_BYTES = 4


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
