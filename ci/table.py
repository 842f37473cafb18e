"""Rows of words, so that columns stand below each other."""

from collections.abc import Iterable, Iterator, Sequence


def columns(rows: Iterable[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """A line a row; what is empty at a line's end is left out."""
    lines = [list(map(str, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for row in lines:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"{indent}{'  '.join(cells)}".rstrip()
