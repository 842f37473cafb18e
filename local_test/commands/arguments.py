"""What several commands make of their arguments."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local_test.errors import BenchError


def pairs(arguments: Sequence[str], option: str) -> dict[str, str]:
    """NAME=VALUE arguments as a mapping."""
    parsed = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not (name and equals):
            raise BenchError(f"{option} {argument}: write NAME=VALUE.")
        parsed[name] = value
    return parsed


@contextmanager
def scratch(jobs_directory: Path) -> Iterator[Path]:
    """A directory that is gone afterwards; beside the jobs, where a container engine can see it."""
    jobs_directory.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=".scratch-", dir=jobs_directory.resolve()))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
