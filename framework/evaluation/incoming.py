"""Can the data of a run be used, and how does it differ from what the live model learned?"""

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.algorithm import Algorithm
from framework.drift import DriftReport, compare
from framework.errors import DataError, FrameworkError, HyperparameterError
from framework.evaluation.candidate import ARCHIVE, unpacked
from framework.evaluation.held_out import files_of, read_batches, read_rows
from framework.evaluation.typed import NUMBERS, is_missing, is_number, typed
from framework.manifest import Manifest
from framework.schema import Column, InputSchema
from framework.serving.model import with_place

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
    problems += _held_out_problems(algorithm, channels, {one["channel"] for one in problems})
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
    known = {str(column.name): column for column in schema.columns} if schema else {}
    for file in files_of(path):
        names, rows = read_rows(file, header=True)
        for name in dict.fromkeys((target, *known)):
            if name not in names:
                has = ", ".join(names) or "no columns"
                yield _problem(channel, name, f"{file.name} lacks this column. It has {has}.")
                continue
            cells = [row[names.index(name)] for row in rows]
            if wrong := _wrong(cells, known.get(name)):
                yield _problem(channel, name, f"{file.name} {wrong}")


def _wrong(cells: Sequence[Any], column: Column | None) -> str:
    """What makes all cells of a column useless; empty when some are of use."""
    present = [cell for cell in cells if not is_missing(cell)]
    if cells and not present:
        return f"holds nothing in all {len(cells)} rows."
    if column and column.role in NUMBERS and present and not any(map(is_number, present)):
        return f"holds no number in all {len(cells)} rows, but for example {present[0]!r:.40}."
    return ""


def _held_out_problems(
    algorithm: Algorithm, channels: Mapping[str, Path], known: Collection[str]
) -> Iterator[Problem]:
    """What would keep a model from being judged, once it is trained."""
    declared = algorithm.file.evaluation
    name = declared.channel
    if name in known or not (declared.rows or declared.target):
        return
    if name not in channels:
        has = ", ".join(channels)
        yield _problem(name, "", f"There is no such channel of held-out rows. There is {has}.")
        return
    try:
        read_batches(algorithm, channels[name], None)
    except DataError as error:
        yield _problem(name, "", str(error))


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
            job.channels.require(trainer.channels)
            trainer.validate_data(job)
        except FrameworkError as error:
            yield _problem("training", "", str(error))
        except Exception as error:
            found = f"{type(trainer).__name__}.validate_data failed: {with_place(error)}."
            yield _problem("training", "", found)


def _drift(
    algorithm: Algorithm, channels: Mapping[str, Path], champion: Manifest
) -> DriftReport | None:
    """The training channel against the live model's statistics; tables only."""
    held_out = algorithm.file.evaluation.channel
    trained = [name for name in channels if name != held_out]
    name = "train" if "train" in trained else next(iter(trained), None)
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
        parts.append(pd.DataFrame(rows, columns=names, dtype=object))
    frame = pd.concat(parts, ignore_index=True)
    known = {str(column.name): column for column in schema.columns}
    return pd.DataFrame(
        {name: typed(column, frame[name]) for name, column in known.items() if name in frame}
    )


def _problem(channel: str, column: str, problem: str) -> Problem:
    return {"channel": channel, "column": column, "problem": problem}
