"""The bench as a command, on a small algorithm that does what it is told."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
SCALE = Path(__file__).parent / "scale"


@dataclass(frozen=True)
class Finished:
    """A command of the bench that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def data(self) -> Any:
        return json.loads(self.stdout)


class Bench:
    """Runs `python -m local_test` with jobs in a directory of the test's own."""

    def __init__(self, jobs: Path):
        self.jobs = jobs

    def start(
        self, command: str, *arguments: Any, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "local_test",
                command,
                "--jobs",
                str(self.jobs),
                *map(str, arguments),
            ],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, command: str, *arguments: Any, environment: Mapping[str, str] | None = None
    ) -> Finished:
        process = self.start(command, *arguments, environment=environment)
        stdout, stderr = process.communicate(timeout=170)
        return Finished(process.returncode, stdout, stderr)

    def start_slow_training(self, *arguments: Any, engine: str) -> subprocess.Popen[str]:
        """A training job that takes its time and has taken its first step."""
        slow = ("-p", "steps=999", "-p", "pause=0.5")
        process = self.start("train", SCALE, "--engine", engine, *slow, *arguments)
        for line in process.stderr:
            if "[metric]" in line:
                return process
        raise AssertionError(f"no step was taken; exit code {process.wait()}")

    def train(self, *arguments: Any, engine: str = "process") -> Finished:
        return self.run("train", SCALE, "--engine", engine, "--json", *arguments)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "jobs")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model.tar.gz of the small algorithm."""
    finished = Bench(tmp_path_factory.mktemp("model")).train()
    assert finished.code == 0, finished.stderr
    return Path(finished.data["ModelArtifacts"])


@pytest.fixture
def leftovers() -> Callable[[Path], list[str]]:
    """What a command left in the jobs directory beside its jobs."""
    return lambda jobs: sorted(path.name for path in jobs.iterdir() if path.name.startswith("."))


def processes() -> dict[int, str]:
    """Every process of this machine: its command line and its environment, spaces between."""
    found = {}
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parts = [(directory / name).read_bytes() for name in ("cmdline", "environ")]
            found[int(directory.name)] = (
                b" ".join(parts).replace(b"\0", b" ").decode("utf-8", "replace")
            )
    return found
