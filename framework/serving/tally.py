"""Numbers that every request changes, in memory that all processes of the server share.

A request changes fifteen. prometheus_client takes 0.6 µs for each, which is more than a small
request has to spare. Here each place among the workers has a row of its own, so no process waits
for another, and a worker that replaces one counts on where that one ended.
"""

import mmap
from bisect import bisect_left
from collections.abc import Sequence

PLACES = 1024
NUMBER_BYTES = 8


class Sheet:
    """A row of numbers for each place among the workers. To be made before the first fork.

    Args:
        columns: numbers of a row.
    """

    def __init__(self, columns: int):
        shared = mmap.mmap(-1, (PLACES + PLACES * columns) * NUMBER_BYTES)
        cells = memoryview(shared).cast("d")
        self._taken, self._rows = cells[:PLACES], cells[PLACES:]
        self._columns = columns

    def row(self, place: int) -> memoryview:
        """The row of a place, to be written by one process at a time."""
        self._taken[place] = 1
        return self._rows[place * self._columns : (place + 1) * self._columns]

    def sums(self) -> list[float]:
        """Each column's sum over all places."""
        rows = [self.row(place) for place, taken in enumerate(self._taken) if taken]
        return [sum(column) for column in zip(*rows, strict=True)]


class Histogram:
    """Counts values by size in a part of a row: a number for each bound, one beyond, their sum.

    Args:
        cells: ``width(bounds)`` numbers, to be written by one thread at a time.
        bounds: the largest value of each bucket but the last, which has none.
    """

    def __init__(self, cells: memoryview, bounds: Sequence[float]):
        self._cells = cells
        self._bounds = bounds

    @staticmethod
    def width(bounds: Sequence[float]) -> int:
        """Numbers that it takes."""
        return len(bounds) + 2

    def observe(self, value: float) -> None:
        """Count one value."""
        cells = self._cells
        cells[bisect_left(self._bounds, value)] += 1
        cells[-1] += value
