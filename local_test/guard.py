"""A directory that SageMaker would mount read-only."""

import os
import stat
from pathlib import Path

WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class Guard:
    """Takes the write permission off a tree, and tells what changed in spite of it.

    Root ignores permissions, so ``changes`` compares what is there.
    """

    def __init__(self, directory: Path):
        self.directory = directory
        for path in (directory, *directory.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~WRITE_BITS)
        self._before = self._state()

    def changes(self) -> list[str]:
        """Names below the directory that were created, altered or removed since."""
        after = self._state()
        names = self._before.keys() | after.keys()
        return sorted(name for name in names if self._before.get(name) != after.get(name))

    def release(self) -> None:
        """Give the owner the write permission back, so that the tree can be removed."""
        self.directory.chmod(self.directory.stat().st_mode | stat.S_IWUSR)
        for path in self.directory.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(path.stat().st_mode | stat.S_IWUSR)

    def _state(self) -> dict[str, tuple[int, int, int]]:
        return {
            path.relative_to(self.directory).as_posix(): _fingerprint(path.lstat())
            for path in self.directory.rglob("*")
        }


def _fingerprint(status: os.stat_result) -> tuple[int, int, int]:
    kind = stat.S_IFMT(status.st_mode)
    return (kind, status.st_size, status.st_mtime_ns) if kind == stat.S_IFREG else (kind, 0, 0)
