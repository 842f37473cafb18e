"""Spreads connections over the workers, which all listen on one socket.

The kernel wakes them all and the fastest takes what it finds, often everything. A client keeps its
connection, so the others would idle for as long.
"""

import mmap

PLACES = 1024
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

    def has_fewest(self, place: int, workers: int) -> bool:
        """Whether no other of so many workers has fewer connections."""
        held = self._held[:workers].tolist()
        return place >= len(held) or held[place] <= min(filter(None, held), default=0)
