"""Held-out rows: what is asked, and what is true."""

import csv
import hashlib
import io
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.algorithm import Algorithm
from framework.errors import ConfigurationError, DataError, FrameworkError
from framework.schema import InputSchema
from framework.serving.answers import plain
from framework.serving.model import with_place

CSV, JSON_LINES = "text/csv", "application/jsonlines"
JSON_SUFFIXES = (".jsonl", ".json")
CHUNK = 500


@dataclass(frozen=True)
class Batch:
    """One request, and the truth of each of its rows.

    Attributes:
        place: where the rows are, for messages.
    """

    body: bytes
    content_type: str
    truths: Sequence[Any]
    place: str


@dataclass(frozen=True)
class Records:
    """A table with the truth taken out of it.

    Attributes:
        place: the file, for messages.
        textual: the cells are those of CSV.
        names: of the columns that are asked; None when the file has no header.
    """

    place: str
    textual: bool
    names: list[str] | None
    rows: list[list[Any]]
    truths: list[Any]


def read_batches(algorithm: Algorithm, channel: Path, schema: InputSchema | None) -> list[Batch]:
    """The rows of the held-out channel as requests.

    Args:
        schema: of the model; columns that it does not know are not sent.

    Raises:
        DataError: the channel is empty, or lacks truths.
        ConfigurationError: algorithm.toml does not say what is true.
    """
    declared = algorithm.file.evaluation
    if declared.rows:
        batches = _own_batches(algorithm, channel)
    elif declared.target:
        tables = [_table(path, declared.target, channel.name) for path in files_of(channel)]
        batches = [batch for table in tables for batch in _batches(table, schema)]
    else:
        raise ConfigurationError(
            f"{algorithm.directory / 'algorithm.toml'} does not say what is true of the held-out "
            'rows. Name the column: [evaluation] target = "…", or a function that yields '
            '(body, content_type, truths): rows = "module:function".'
        )
    if not any(batch.truths for batch in batches):
        raise DataError(f"Channel '{channel.name}' has no held-out rows to judge a model on.")
    return batches


def identity(channel: Path, truths: Sequence[Any]) -> str:
    """A hash of the held-out files and of what is true of them.

    What a model is asked is no part of it: two models may know other columns of the same rows.
    """
    digest = hashlib.sha256(repr(list(truths)).encode())
    for path in files_of(channel):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        digest.update(content + path.relative_to(channel).as_posix().encode() + b"\0")
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

    Every row has as many cells as there are names, or as the first row.

    Raises:
        DataError: it is none of these, or damaged.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return _parquet(path)
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() in JSON_SUFFIXES:
            return _json_lines(text)
        return _csv(text, header)
    except (ValueError, OSError, csv.Error, ImportError, FrameworkError) as error:
        reason = str(error).rstrip(".")
        raise DataError(f"{path.name} cannot be read as a table: {reason}.") from None


def _own_batches(algorithm: Algorithm, channel: Path) -> list[Batch]:
    """What the algorithm's own function makes of the channel."""
    named = algorithm.file.evaluation.rows
    rows = algorithm.named_function("evaluation.rows", named)
    try:
        return [
            Batch(bytes(body), kind, list(truths), f"batch {number} of '{named}'")
            for number, (body, kind, truths) in enumerate(rows(channel), start=1)
        ]
    except FrameworkError:
        raise
    except Exception as error:
        raise DataError(
            f"'{named}' cannot read channel '{channel.name}': {with_place(error)}. It must yield "
            "(body, content_type, truths)."
        ) from error


def _table(path: Path, target: str, channel: str) -> Records:
    by_position, where = target.isdigit(), f"{channel}/{path.name}"
    names, rows = read_rows(path, header=not by_position)
    width = len(rows[0]) if rows else 0
    if by_position:
        place = int(target)
        if rows and place >= width:
            raise DataError(
                f"{where} has {width} columns, so none at position {target}, "
                "where [evaluation] target has the truth."
            )
    elif target not in names:
        raise DataError(
            f"{where} lacks the column '{target}', which [evaluation] target names "
            f"as the truth. It has {', '.join(names) or 'no columns'}."
        )
    else:
        place = names.index(target)
    truths = [row[place] for row in rows]
    gone = [number for number, truth in enumerate(truths, start=1) if _is_unknown(truth)]
    if gone:
        raise DataError(
            f"{where}: {len(gone)} of {len(rows)} rows have no truth in the column '{target}', the "
            f"first is row {gone[0]}. Remove them, or fill them in."
        )
    return Records(
        place=where,
        textual=path.suffix.lower() not in (*JSON_SUFFIXES, ".parquet"),
        names=[*names[:place], *names[place + 1 :]] if names is not None else None,
        rows=[[*row[:place], *row[place + 1 :]] for row in rows],
        truths=truths,
    )


def _batches(table: Records, schema: InputSchema | None) -> Iterator[Batch]:
    names, rows = table.names, table.rows
    if schema and schema.kind != "frame":
        names = None
    elif schema and names:
        kept = [number for number, name in enumerate(names) if name in schema.names]
        names = [names[number] for number in kept]
        rows = [[row[number] for number in kept] for row in rows]
    write = _as_csv if table.textual else _as_json_lines
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        body, content_type = write(names, part)
        place = f"{table.place}, rows {start + 1} to {start + len(part)}"
        yield Batch(body, content_type, table.truths[start : start + CHUNK], place)


def _as_csv(names: list[str] | None, rows: list[list[Any]]) -> tuple[bytes, str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if names is not None:
        writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue().encode(), f"{CSV}; header={'absent' if names is None else 'present'}"


def _as_json_lines(names: list[str] | None, rows: list[list[Any]]) -> tuple[bytes, str]:
    records = rows if names is None else [dict(zip(names, row, strict=True)) for row in rows]
    return "".join(json.dumps(record) + "\n" for record in records).encode(), JSON_LINES


def _csv(text: str, header: bool) -> tuple[list[str] | None, list[list[str]]]:
    csv.field_size_limit(sys.maxsize)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise ValueError(f"line {number} has {len(row)} cells, the first has {len(rows[0])}")
    if not header:
        return None, rows
    return (rows[0], rows[1:]) if rows else ([], [])


def _json_lines(text: str) -> tuple[list[str], list[list[Any]]]:
    lines = enumerate(text.split("\n"), start=1)
    records = [_record(line, number) for number, line in lines if line.strip()]
    names = list(dict.fromkeys(name for record in records for name in record))
    return names, [[record.get(name) for name in names] for record in records]


def _record(line: str, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise ValueError(f"line {number} is no JSON: {error}") from None
    if not isinstance(record, dict):
        raise ValueError(f"line {number} is no JSON object, as every line must be")
    return record


def _parquet(path: Path) -> tuple[list[str], list[list[Any]]]:
    import pandas as pd

    frame = pd.read_parquet(path)
    rows = [[_or_none(cell) for cell in record.values()] for record in plain(frame)]
    return [str(name) for name in frame.columns], rows


def _or_none(cell: Any) -> Any:
    return None if _is_nan(cell) else cell


def _is_unknown(truth: Any) -> bool:
    return truth is None or _is_nan(truth) or (isinstance(truth, str) and not truth.strip())


def _is_nan(cell: Any) -> bool:
    return isinstance(cell, float) and math.isnan(cell)
