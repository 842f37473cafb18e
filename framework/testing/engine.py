"""Runs the image's commands on a staged base directory.

`Engine` is what the conformance suite and the bench need of anything that can run
`train` and `serve`. `ProcessEngine` runs them as plain processes of this machine; the
bench adds one that runs containers.
"""

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import framework
from framework.errors import ConfigurationError


@dataclass(frozen=True)
class Isolation:
    """What a run is kept from. Only an engine with ``isolates`` can do any of it."""

    network: bool = True
    read_only_root: bool = False
    user: int | None = None
    memory_bytes: int | None = None


OPEN = Isolation()


class Run(Protocol):
    """One started command."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port under which a served model can be reached from here."""
        ...

    @property
    def exit_code(self) -> int | None:
        """None while it runs. Ended by a signal: negative, as in subprocess."""
        ...

    def log(self) -> str:
        """Everything it has written to stdout and stderr so far."""
        ...

    def wait(self, seconds: float) -> int:
        """The exit code, as soon as it has ended. Raises TimeoutError."""
        ...

    def terminate(self) -> None:
        """Send SIGTERM to its first process, as `docker stop` does."""
        ...

    def kill(self) -> None:
        """End it and all its processes at once. Harmless when it has ended."""
        ...

    def changes(self) -> list[str]:
        """Files created, altered or removed so far outside of its base directory and /tmp.

        To be asked before ``kill``, which may remove them. An engine may take a second for it.
        """
        ...


class Engine(Protocol):
    """Anything that can run the image's commands."""

    @property
    def isolates(self) -> bool:
        """Whether an Isolation other than OPEN can be asked for."""
        ...

    def path_inside(self, base: Path) -> Path:
        """The base directory as a run sees it."""
        ...

    def start(
        self,
        command: Sequence[str],
        base: Path,
        environment: Mapping[str, str] | None = None,
        isolation: Isolation = OPEN,
    ) -> Run:
        """Start a command on a staged base directory.

        Args:
            command: ["train"], ["serve"], or ["python", …] for the image's interpreter.
            environment: added to what the image and the engine set.
        """
        ...


class ProcessEngine:
    """Runs an algorithm directory as processes of a Python interpreter.

    Every run gets a working directory, a home and a temporary directory of its own, so
    that what it leaves behind is seen and nothing of this machine is touched.

    Args:
        algorithm_dir: the directory with algorithm.toml.
        scratch: an existing directory for logs and working directories.
        python: the interpreter, with the algorithm's packages; None is this one.
    """

    isolates = False

    def __init__(self, algorithm_dir: Path, scratch: Path, python: Path | None = None):
        self.algorithm_dir = algorithm_dir.resolve()
        self._python = str(python or sys.executable)
        self._scratch = scratch
        self._runs = 0

    def path_inside(self, base: Path) -> Path:
        return base

    def start(
        self,
        command: Sequence[str],
        base: Path,
        environment: Mapping[str, str] | None = None,
        isolation: Isolation = OPEN,
    ) -> "ProcessRun":
        if isolation != OPEN:
            raise ConfigurationError(
                "The process engine cannot isolate a run. Use an engine that runs containers."
            )
        self._runs += 1
        room = self._scratch / f"run-{self._runs}"
        caches = self._scratch / "caches"
        for directory in (room / "cwd", room / "home", room / "tmp", caches):
            directory.mkdir(parents=True, exist_ok=True)
        port = _free_port()
        variables = {
            **_inherited_environment(),
            "ALGORITHM_DIR": str(self.algorithm_dir),
            "SAGEMAKER_BASE_DIR": str(base),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "HOME": str(room / "home"),
            "TMPDIR": str(room / "tmp"),
            "XDG_CACHE_HOME": str(caches),
            "MPLCONFIGDIR": str(caches),
            "PYTHONUNBUFFERED": "1",
            **(environment or {}),
        }
        libraries = [variables.get("PYTHONPATH"), str(Path(framework.__file__).parents[1])]
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, libraries))
        watched = [room / "cwd", room / "home", self.algorithm_dir]
        return ProcessRun(self._arguments(command), variables, room, watched, port)

    def _arguments(self, command: Sequence[str]) -> list[str]:
        if command[0] == "python":
            return [self._python, *command[1:]]
        return [self._python, "-m", "framework", *command]


class ProcessRun:
    """A command as a process group of its own."""

    def __init__(
        self,
        arguments: list[str],
        environment: Mapping[str, str],
        room: Path,
        watched: list[Path],
        port: int,
    ):
        self.address = ("127.0.0.1", port)
        self._watched = watched
        self._before = _snapshot(watched)
        self._log = room / "log.txt"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                arguments,
                env=dict(environment),
                cwd=room / "cwd",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait(self, seconds: float) -> int:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"still running after {seconds:g} s") from None

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        for process in (*reversed(_descendants(self._process.pid)), self._process.pid):
            _kill(process)
        _kill_group(self._process.pid)
        self._process.wait()

    def changes(self) -> list[str]:
        after = _snapshot(self._watched)
        paths = self._before.keys() | after.keys()
        return sorted(path for path in paths if self._before.get(path) != after.get(path))


def _inherited_environment() -> dict[str, str]:
    """This process' variables without those that belong to another job."""
    prefixes = ("SAGEMAKER_", "SERVING_", "TRAINING_", "SM_", "COV_CORE_", "PYTEST_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _snapshot(directories: Sequence[Path]) -> dict[str, str]:
    """Path → digest of every file, except Python's own byte code."""
    files = (path for directory in directories for path in directory.rglob("*"))
    return {str(path): digest(path) for path in files if _counts(path)}


def _counts(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts and ".git" not in path.parts


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _descendants(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        children = [int(c) for t in tasks for c in (t / "children").read_text().split()]
    except OSError:
        return []
    return [found for child in children for found in (child, *_descendants(child))]


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
