"""Rows as they came over the wire, before a schema gives them types."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any


@dataclass(frozen=True)
class Table:
    """Untyped rows of one request.

    Attributes:
        rows: one sequence of cells per row, or a numpy array with rows first. A row
            of an N-dimensional model may nest its cells in lists.
        names: the columns' names, in the order of the cells; None when none were sent.
        textual: every cell is text (CSV), so "1.5" is a number and "" is missing;
            otherwise cells have JSON's types and None is missing.
        checked: the rows are numbers, none of them missing or beyond what the schema allows.
    """

    rows: Sequence[Any]
    names: list[str] | None = None
    textual: bool = False
    checked: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, start: int, end: int) -> "Table":
        """Some of the rows."""
        return replace(self, rows=self.rows[start:end])

    @classmethod
    def join(cls, tables: Sequence["Table"]) -> "Table":
        """The rows of several tables that differ in nothing else."""
        parts = [table.rows for table in tables]
        if isinstance(parts[0], (list, tuple)):
            return replace(tables[0], rows=list(chain.from_iterable(parts)))
        import numpy as np

        return replace(tables[0], rows=np.concatenate(parts))
