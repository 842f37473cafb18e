"""The machines of one job: an engine per host, as processes or as containers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from framework.testing import Engine, ProcessEngine

Kind = Literal["docker", "process"]


class Cluster(Protocol):
    """Rents hosts for one job and gives everything back when closed."""

    kind: Kind

    def connect(self) -> None:
        """Let the hosts of one job reach each other by name, where that is possible."""
        ...

    def engine(
        self,
        host: str,
        checkpoints: Path | None = None,
        read_only: Sequence[Path] = (),
    ) -> Engine:
        """The engine that runs commands on ``host``.

        Args:
            host: its name, under which the job's other hosts reach it.
            checkpoints: a directory that all hosts of the job share.
            read_only: directories below the run's base that it must not write to.
        """
        ...

    def checkpoint_path(self, checkpoints: Path) -> str:
        """Where a run sees the shared checkpoint directory."""
        ...

    def close(self) -> None:
        """Remove networks and other things that outlive a run."""
        ...


class ProcessCluster:
    """All hosts are processes of this machine.

    They cannot reach each other by name, and as root they could write what is
    read-only: ``local_test.guard`` notices that afterwards.
    """

    kind: Kind = "process"

    def __init__(self, algorithm_dir: Path, scratch: Path, python: Path | None = None):
        self._algorithm_dir = algorithm_dir
        self._python = python
        self._scratch = scratch
        self._hosts = 0

    def connect(self) -> None:
        """Processes of one machine share its network already."""

    def engine(
        self,
        host: str,
        checkpoints: Path | None = None,
        read_only: Sequence[Path] = (),
    ) -> Engine:
        self._hosts += 1
        room = self._scratch / f"{host}-{self._hosts}"
        room.mkdir(parents=True)
        return ProcessEngine(self._algorithm_dir, room, self._python)

    def checkpoint_path(self, checkpoints: Path) -> str:
        return str(checkpoints)

    def close(self) -> None:
        """Processes end with their runs; nothing else is left."""
