"""Checkpoints: the training loop's state, so that a killed job continues where it was.

    <LocalPath>/<host>/<fingerprint>/fingerprint.json
    <LocalPath>/<host>/<fingerprint>/step-120.checkpoint

SageMaker copies the directory to S3 while the job runs and back before it starts again, drops
its own marker files into it, and shares it between hosts and between jobs; hence the folders.
"""

import hashlib
import json
import os
import pickle
import re
from dataclasses import asdict, dataclass
from operator import index
from pathlib import Path
from typing import Any, BinaryIO, SupportsIndex

from framework.errors import ArtifactError, ConfigurationError
from framework.training.fingerprint import Fingerprint
from framework.training.job import say

NAME = re.compile(r"step-(\d+)\.checkpoint")
UNFINISHED = ".unfinished"
FINGERPRINT_FILE = "fingerprint.json"
CHECKSUM_BYTES = hashlib.sha256().digest_size
KEEP = 3


@dataclass(frozen=True)
class Checkpoint:
    """A saved state and the step at which it was saved."""

    step: int
    state: Any


class Checkpoints:
    """The checkpoints of this run on this host.

    Args:
        directory: the LocalPath of the job's CheckpointConfig.
        host: the name of this host.
        fingerprint: what the run depends on.
        keep: how many checkpoints stay; older ones are removed.
    """

    def __init__(self, directory: Path, host: str, fingerprint: Fingerprint, keep: int = KEEP):
        self.directory = directory / host / fingerprint.digest
        self.keep = keep
        self._fingerprint = fingerprint

    def save(self, step: SupportsIndex, state: Any) -> None:
        """Save ``state`` as the checkpoint of ``step``, which is complete or not there at all.

        Args:
            step: counts upwards, from 0; also the order in which checkpoints are restored.
            state: anything that can be pickled, and all that the loop needs to continue,
                random generators included.

        Raises:
            ArtifactError: the state cannot be pickled.
            ConfigurationError: ``step`` is not a whole number from 0.
        """
        if not isinstance(step, SupportsIndex) or index(step) < 0:
            raise ConfigurationError(
                f"checkpoints.save takes a whole number from 0 as step, not {step!r}."
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        self._write_fingerprint()
        path = self.directory / f"step-{index(step)}.checkpoint"
        _write_complete(path, lambda file: _write_checked(file, state, path))
        for _, older in self._saved()[self.keep :]:
            older.unlink(missing_ok=True)

    def restore(self) -> Checkpoint | None:
        """The newest checkpoint that can be read, None when the run starts from the beginning.

        A damaged checkpoint is reported and set aside, and the one before is used. Checkpoints
        of a run with other hyperparameters, code or data are reported and left alone.
        """
        for unfinished in self.directory.glob(f"*{UNFINISHED}"):
            unfinished.unlink(missing_ok=True)
        for step, path in self._saved():
            try:
                state = _read_checked(path)
            except Exception as error:  # unpickling may raise anything
                path.rename(path.with_suffix(".damaged"))
                say(f"Checkpoint {path} is damaged ({error}); the one before is used.")
                continue
            say(f"Continuing from the checkpoint of step {step} ({path}).")
            return Checkpoint(step, state)
        self._report_other_runs()
        return None

    def _saved(self) -> list[tuple[int, Path]]:
        """Steps and files, the newest first."""
        if not self.directory.is_dir():
            return []
        found = [(NAME.fullmatch(path.name), path) for path in self.directory.iterdir()]
        return sorted(((int(name[1]), path) for name, path in found if name), reverse=True)

    def _write_fingerprint(self) -> None:
        path = self.directory / FINGERPRINT_FILE
        if not path.exists():
            content = json.dumps(asdict(self._fingerprint), indent=2, sort_keys=True).encode()
            _write_complete(path, lambda file: file.write(content))

    def _report_other_runs(self) -> None:
        for path in sorted(self.directory.parent.glob(f"*/{FINGERPRINT_FILE}")):
            try:
                other = Fingerprint(**json.loads(path.read_text(encoding="utf-8")))
                difference = self._fingerprint.differences(other)
            except (OSError, ValueError, TypeError, AttributeError):
                difference = f"unknown, since {FINGERPRINT_FILE} cannot be read"
            if path.parent != self.directory:
                say(
                    f"The checkpoints in {path.parent} belong to another run and are not used. "
                    f"What differs: {difference}."
                )


class _Checksum:
    """A file that also sums up what is written to it."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._sum = hashlib.sha256()

    def write(self, block: Any) -> int:
        self._sum.update(block)
        return self._file.write(block)

    def digest(self) -> bytes:
        return self._sum.digest()


def _write_checked(file: BinaryIO, state: Any, path: Path) -> None:
    """Pickle ``state`` into ``file`` and append the checksum."""
    checked = _Checksum(file)
    try:
        pickle.dump(state, checked, protocol=5)
    except OSError:
        raise
    except Exception as error:
        raise ArtifactError(
            f"The state for {path.name} ({type(state).__name__}) cannot be pickled: {error}. "
            "Save plain data, arrays and models, without open files, locks or generators."
        ) from error
    file.write(checked.digest())


def _read_checked(path: Path) -> Any:
    size = path.stat().st_size - CHECKSUM_BYTES
    checksum = hashlib.sha256()
    with path.open("rb") as file:
        remaining = size
        while remaining > 0 and (block := file.read(min(remaining, 1 << 20))):
            checksum.update(block)
            remaining -= len(block)
        if size <= 0 or file.read() != checksum.digest():
            raise ValueError("its checksum does not fit its content")
        file.seek(0)
        return pickle.load(file)


def _write_complete(path: Path, write: Any) -> None:
    """Let ``write`` fill a file that appears under its name only when it is on disk."""
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
