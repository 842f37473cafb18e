"""Held-out rows: what is asked, and what is true."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.algorithm import Algorithm
from framework.errors import ConfigurationError, DataError

CSV, JSON_LINES = "text/csv", "application/jsonlines"
CHUNK = 500


@dataclass(frozen=True)
class Batch:
    """One request, and the truth of each of its rows."""

    body: bytes
    content_type: str
    truths: Sequence[Any]


@dataclass(frozen=True)
class Records:
    """A table with the truth taken out of it.

    Attributes:
        names: of the columns that are asked; None when the file has no header.
    """

    names: list[str] | None
    rows: list[list[Any]]
    truths: list[Any]


def read_batches(algorithm: Algorithm, channel: Path, columns: Sequence[str]) -> list[Batch]:
    """The rows of the held-out channel as requests.

    Args:
        columns: those that the model knows by name; others are not sent. Empty sends all.

    Raises:
        DataError: the channel is empty, or has no such truth.
        ConfigurationError: algorithm.toml does not say what is true.
    """
    declared = algorithm.file.evaluation
    if declared.rows:
        rows = algorithm.named_function("evaluation.rows", declared.rows)
        batches = [Batch(bytes(body), kind, list(truths)) for body, kind, truths in rows(channel)]
    elif declared.target:
        tables = [_table(path, declared.target, channel.name) for path in files_of(channel)]
        batches = [batch for table in tables for batch in _batches(table, columns)]
    else:
        raise ConfigurationError(
            f"{algorithm.directory / 'algorithm.toml'} does not say what is true of the held-out "
            'rows. Name the column: [evaluation] target = "…", or a function that yields '
            '(body, content_type, truths): rows = "module:function".'
        )
    if not any(batch.truths for batch in batches):
        raise DataError(f"Channel '{channel.name}' has no held-out rows to judge a model on.")
    return batches


def identity(batches: Iterable[Batch]) -> str:
    """A hash of what is asked and what is true: equal rows have equal hashes."""
    digest = hashlib.sha256()
    for batch in batches:
        for part in (batch.content_type.encode(), batch.body, repr(list(batch.truths)).encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def files_of(channel: Path) -> list[Path]:
    """The channel's files, in order; hidden ones and markers are left out.

    Raises:
        DataError: there is none.
    """
    found = sorted(
        path for path in channel.rglob("*") if path.is_file() and path.name[0] not in "._"
    )
    if not found:
        raise DataError(f"Channel '{channel.name}' has no files.")
    return found


def read_rows(path: Path, header: bool) -> tuple[list[str] | None, list[list[Any]]]:
    """The names and rows of a CSV, JSON Lines or Parquet file, cells as they are written.

    Raises:
        DataError: it is none of these, or damaged.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return _parquet(path)
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() in (".jsonl", ".json"):
            return _json_lines(text)
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except (ValueError, csv.Error, ImportError) as error:
        raise DataError(f"{path.name} cannot be read as a table: {error}.") from None
    if not header:
        return None, rows
    return (rows[0], rows[1:]) if rows else ([], [])


def _table(path: Path, target: str, channel: str) -> Records:
    by_position = target.isdigit()
    names, rows = read_rows(path, header=not by_position)
    if by_position:
        place = int(target)
        if rows and place >= len(rows[0]):
            raise DataError(
                f"{channel}/{path.name} has {len(rows[0])} columns, so none at position {target}, "
                "where [evaluation] target has the truth."
            )
    elif target not in names:
        raise DataError(
            f"{channel}/{path.name} lacks the column '{target}', which [evaluation] target names "
            f"as the truth. It has {', '.join(names) or 'no columns'}."
        )
    else:
        place = names.index(target)
    kept = [number for number in range(len(names or rows[0] if rows else [])) if number != place]
    return Records(
        names=[names[number] for number in kept] if names is not None else None,
        rows=[[row[number] for number in kept if number < len(row)] for row in rows],
        truths=[row[place] for row in rows],
    )


def _batches(table: Records, columns: Sequence[str]) -> Iterator[Batch]:
    names, rows = table.names, table.rows
    if names is not None and columns:
        kept = [number for number, name in enumerate(names) if name in columns]
        names = [names[number] for number in kept]
        rows = [[row[number] for number in kept] for row in rows]
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        truths = table.truths[start : start + CHUNK]
        if all(isinstance(cell, str) for row in part for cell in row):
            yield Batch(_as_csv(names, part), CSV, truths)
        else:
            yield Batch(_as_json_lines(names, part), JSON_LINES, truths)


def _as_csv(names: list[str] | None, rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if names is not None:
        writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue().encode()


def _as_json_lines(names: list[str] | None, rows: list[list[Any]]) -> bytes:
    records = rows if names is None else [dict(zip(names, row, strict=True)) for row in rows]
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def _json_lines(text: str) -> tuple[list[str], list[list[Any]]]:
    records = [json.loads(line) for line in text.splitlines() if line.strip()]
    names = list(dict.fromkeys(name for record in records for name in record))
    return names, [[record.get(name) for name in names] for record in records]


def _parquet(path: Path) -> tuple[list[str], list[list[Any]]]:
    import pandas as pd

    frame = pd.read_parquet(path)
    records = json.loads(frame.to_json(orient="split", date_format="iso", index=False))
    return [str(name) for name in records["columns"]], records["data"]
