"""Rows to ask a model with: the manifest's sample, and as many valid variations as needed."""

import csv
import io
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.manifest import Manifest
from framework.schema import InputSchema, SampleRequest

JSON = "application/json"
CSV = "text/csv"
JSON_LINES = "application/jsonlines"
NPY = "application/x-npy"


@dataclass(frozen=True)
class Rows:
    """Rows as JSON values: a list of cells each, or one text each.

    Attributes:
        columns: names of the cells, for a model trained on named columns.
        steady: names of columns whose numbers must not be interpolated.
        numeric: whether every cell is a number of one array, so that NPY can carry them.
    """

    values: Sequence[Any]
    columns: Sequence[str] | None = None
    steady: frozenset[str] = frozenset()
    numeric: bool = False

    @classmethod
    def of_sample(cls, manifest: Manifest) -> "Rows | None":
        """The sample request's rows; None when the trainer described no input."""
        if manifest.sample is None or manifest.input is None:
            return None
        schema = InputSchema.model_validate(manifest.input)
        sample = json.loads(SampleRequest.model_validate(manifest.sample).body)
        if schema.kind != "frame":
            return cls(sample["instances"], numeric=schema.kind == "array")
        steady = frozenset(str(c.name) for c in schema.columns if c.role != "number")
        return cls(sample["data"], sample["columns"], steady)

    @classmethod
    def of_model(cls, model_dir: Path) -> "Rows | None":
        """The same of an unpacked artifact; None when it has no manifest or no sample."""
        manifest = Manifest.read(model_dir)
        return cls.of_sample(manifest) if manifest else None

    def __len__(self) -> int:
        return len(self.values)

    def only(self, values: Sequence[Any]) -> "Rows":
        """The same kind of rows with other values."""
        return Rows(values, self.columns, self.steady, self.numeric)

    def row(self, index: int) -> "Rows":
        return self.only([self.values[index]])

    def cycled(self, count: int) -> "Rows":
        """``count`` rows, repeating these."""
        return self.only([self.values[index % len(self)] for index in range(count)])

    def distinct(self, count: int) -> "Rows":
        """These rows and new ones mixed from them: at most ``count``, each different.

        A new row takes each cell from one of two rows, or a number between the two, so every
        value stays within what the model was trained on.
        """
        chance = random.Random(20)
        found = {json.dumps(row): row for row in self.values}
        for _ in range(20 * count):
            if len(found) >= count:
                break
            row = self._mixed(*chance.choices(self.values, k=2), chance)
            found.setdefault(json.dumps(row), row)
        return self.only(list(found.values())[:count])

    def _mixed(self, one: Any, other: Any, chance: random.Random) -> Any:
        if isinstance(one, str) and isinstance(other, str):
            return _spliced(one, other, chance)
        if self.columns is None:
            return _blend(one, other, chance)
        return [
            chance.choice((a, b)) if name in self.steady else _blend(a, b, chance)
            for name, a, b in zip(self.columns, one, other, strict=True)
        ]

    def as_json(self) -> bytes:
        if self.columns is None:
            return _dump({"instances": self.values})
        return _dump({"columns": self.columns, "data": self.values})

    def as_records(self) -> bytes:
        """One JSON object per row, in a list. Only for named columns."""
        return _dump([dict(zip(self.columns or (), row, strict=True)) for row in self.values])

    def as_jsonlines(self) -> bytes:
        return b"\n".join(_dump(row) for row in self.values)

    def as_csv(self, header: bool = False) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if header:
            writer.writerow(self.columns or ())
        for row in self.values:
            writer.writerow([_cell(value) for value in (row if isinstance(row, list) else [row])])
        return text.getvalue().encode()

    def as_npy(self) -> bytes:
        import numpy

        file = io.BytesIO()
        numpy.save(file, numpy.array(self.values, dtype=float), allow_pickle=False)
        return file.getvalue()

    def is_flat(self) -> bool:
        """Whether a row is one line of cells, or one text: what CSV can say."""
        first = self.values[0]
        return not isinstance(first, list) or not any(isinstance(cell, list) for cell in first)


def _blend(one: Any, other: Any, chance: random.Random) -> Any:
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [_blend(a, b, chance) for a, b in zip(one, other, strict=True)]
    if isinstance(one, float) and isinstance(other, float) and chance.random() < 0.5:
        return one + (other - one) * chance.random()
    return chance.choice((one, other))


def _spliced(one: str, other: str, chance: random.Random) -> str:
    first, second = one.split(), other.split()
    if len(first) + len(second) < 3:
        return f"{one} {other}"
    start = first[: chance.randint(1, max(1, len(first)))]
    return " ".join(start + second[chance.randint(0, max(0, len(second) - 1)) :])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
