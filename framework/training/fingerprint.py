"""What a training run depends on: hyperparameters, the algorithm's code, and the data.

A checkpoint is only continued by a run that has the same three.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from framework.manifest import DataVersion
from framework.training.job import Channel

BLOCK = 64 * 1024
FILES_READ = 200  # of larger channels evenly spread files; all names and sizes count anyway


@dataclass(frozen=True)
class Fingerprint:
    """The parts that a run depends on, each as a mapping of names to values."""

    hyperparameters: Mapping[str, Any]
    code: Mapping[str, str]
    data: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Sixteen characters that are equal for equal runs."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def differences(self, other: "Fingerprint") -> str:
        """What differs in ``other``, such as "hyperparameters (epochs), data (train)"."""
        mine, others = asdict(self), asdict(other)
        parts = []
        for part in mine:
            names = [
                name
                for name in sorted(mine[part].keys() | others[part].keys())
                if mine[part].get(name) != others[part].get(name)
            ]
            if names:
                parts.append(f"{part} ({', '.join(names)})")
        return ", ".join(parts)


def code_hashes(directory: Path) -> dict[str, str]:
    """SHA-256 of each file of the algorithm, by its path inside ``directory``."""
    hashes = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory)
        if path.is_file() and not any(p.startswith(".") or p == "__pycache__" for p in name.parts):
            with path.open("rb") as file:
                hashes[name.as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def data_version(channel: Channel) -> DataVersion:
    """Count and fingerprint a channel from names, sizes, and the first and last block of files.

    Whole files are not read: a FastFile channel would stream them all from S3.
    """
    files = [(path, path.stat().st_size) for path in channel.all_files()]
    stride = max(1, len(files) // FILES_READ)
    digest = hashlib.sha256()
    for number, (path, size) in enumerate(files):
        digest.update(f"{path.relative_to(channel.path).as_posix()}\0{size}\0".encode())
        if number % stride == 0:
            with path.open("rb") as file:
                digest.update(_ends(file, size))
    return DataVersion(
        files=len(files), bytes=sum(size for _, size in files), fingerprint=digest.hexdigest()
    )


def _ends(file: BinaryIO, size: int) -> bytes:
    head = file.read(BLOCK)
    file.seek(max(len(head), size - BLOCK))
    return head + file.read(BLOCK)
