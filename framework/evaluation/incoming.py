"""Can the data of a run be used, and how does it differ from what the live model learned?"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from framework.algorithm import Algorithm
from framework.drift import DriftReport, compare
from framework.errors import DataError, FrameworkError, HyperparameterError
from framework.evaluation.candidate import ARCHIVE, unpacked
from framework.evaluation.held_out import files_of, read_rows
from framework.manifest import Manifest
from framework.schema import InputSchema

MISSING_CELLS = ("", "na", "nan", "null", "none", "n/a")
Problem = dict[str, str]


def champion_manifest(place: Path) -> Manifest | None:
    """What the live model's training wrote down; None when there is no live model."""
    archive = place / ARCHIVE
    if not archive.is_file():
        return None
    with tempfile.TemporaryDirectory() as scratch:
        unpacked(archive, Path(scratch))
        return Manifest.read(Path(scratch))


def examine(
    algorithm: Algorithm, channels: Mapping[str, Path], champion: Manifest | None
) -> tuple[dict[str, Any], DriftReport | None]:
    """data.json, and the comparison that is in it."""
    problems: list[Problem] = []
    rows: dict[str, int] = {}
    for name, path in channels.items():
        try:
            rows[name] = _count(path, algorithm)
            problems += _column_problems(name, path, algorithm, champion)
        except DataError as error:
            problems.append({"channel": name, "column": "", "problem": str(error)})
    if not problems:
        problems += _trainer_problems(algorithm, channels)
    drift = _drift(algorithm, channels, champion) if champion and not problems else None
    found = {
        "usable": not problems,
        "problems": problems,
        "rows": rows,
        "drift": drift.as_dict() if drift else None,
    }
    return found, drift


def _count(path: Path, algorithm: Algorithm) -> int:
    if algorithm.file.evaluation.rows or not algorithm.file.evaluation.target:
        return len(files_of(path))  # no tables: files are all that can be counted
    header = not algorithm.file.evaluation.target.isdigit()
    count = sum(len(read_rows(file, header)[1]) for file in files_of(path))
    if not count:
        raise DataError(f"Channel '{path.name}' has no rows.")
    return count


def _column_problems(
    channel: str, path: Path, algorithm: Algorithm, champion: Manifest | None
) -> Iterator[Problem]:
    """Columns that are gone or hold nothing, by what the live model and the target know."""
    target = algorithm.file.evaluation.target
    if algorithm.file.evaluation.rows or not target or target.isdigit():
        return
    schema = champion.input if champion else None
    wanted = [target, *(column.name for column in schema.columns)] if schema else [target]
    for file in files_of(path):
        names, rows = read_rows(file, header=True)
        for name in wanted:
            if name not in names:
                has = ", ".join(names)
                yield _problem(channel, name, f"{file.name} lacks this column. It has {has}.")
            elif all(_is_missing(row[names.index(name)]) for row in rows):
                yield _problem(channel, name, f"holds nothing in all {len(rows)} rows.")


def _trainer_problems(algorithm: Algorithm, channels: Mapping[str, Path]) -> Iterator[Problem]:
    """What Trainer.validate_data says of the channels, seen as a training job sees them."""
    if not algorithm.file.trainer:
        return
    from framework.training.preview import preview

    held_out = algorithm.file.evaluation.channel
    seen = {name: path for name, path in channels.items() if name != held_out}
    with tempfile.TemporaryDirectory() as scratch:
        try:
            trainer, job = preview(algorithm, seen, Path(scratch))
        except HyperparameterError:  # it needs some that only the job knows
            return
        try:
            trainer.validate_data(job)
        except FrameworkError as error:
            yield _problem("training", "", str(error))


def _drift(
    algorithm: Algorithm, channels: Mapping[str, Path], champion: Manifest
) -> DriftReport | None:
    """The first training channel against the live model's statistics; tables only."""
    held_out = algorithm.file.evaluation.channel
    name = next((n for n in channels if n != held_out), None)
    table = name and champion.input and champion.input.columns and champion.statistics
    if not table or algorithm.file.evaluation.rows:
        return None
    frame = _frame(champion.input, channels[name])
    return compare(champion.statistics, frame) if frame is not None else None


def _frame(schema: InputSchema, channel: Path) -> Any:
    try:
        import pandas as pd
    except ImportError:
        return None
    parts = []
    for file in files_of(channel):
        names, rows = read_rows(file, header=True)
        parts.append(pd.DataFrame(rows, columns=names))
    frame = pd.concat(parts, ignore_index=True)
    frame = frame[[column.name for column in schema.columns if column.name in frame]]
    frame = frame.mask(frame.map(_is_missing))
    for column in schema.columns:
        if column.name in frame and column.role in ("integer", "number"):
            frame[column.name] = pd.to_numeric(frame[column.name], errors="coerce")
    return frame


def _is_missing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING_CELLS)


def _problem(channel: str, column: str, problem: str) -> Problem:
    return {"channel": channel, "column": column, "problem": problem}
