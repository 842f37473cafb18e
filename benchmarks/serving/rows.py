"""Rows as any server can be asked about them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Cells, rows first; named when the model was trained on a DataFrame."""

    cells: Sequence[Sequence[Any]]
    names: Sequence[str] | None = None

    def csv(self, header: bool = False) -> bytes:
        """A line per row. A header for unnamed columns counts them."""
        names = (
            [self.names or [str(index) for index in range(len(self.cells[0]))]] if header else []
        )
        return "".join(",".join(map(str, row)) + "\n" for row in [*names, *self.cells]).encode()

    def npy(self) -> bytes:
        file = io.BytesIO()
        np.save(file, np.array(self.cells))
        return file.getvalue()

    def records(self) -> list[dict[str, Any]]:
        """Named rows only."""
        return [dict(zip(self.names or (), row, strict=True)) for row in self.cells]

    def split(self) -> "list[Rows]":
        """Each row by itself."""
        return [Rows([row], self.names) for row in self.cells]
