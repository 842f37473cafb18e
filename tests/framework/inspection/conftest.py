"""Writes small algorithms, and runs `describe` on them as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from framework.algorithm import Algorithm

PROJECT = Path(__file__).parents[3]
TRAINER = """
from framework import Trainer
class T(Trainer):
    def train(self, job): ...
"""
PREDICTOR = """
from framework import Predictor
class P(Predictor):
    def predict(self, data): ...
"""
TOML = 'trainer = "trainer:T"\npredictor = "predictor:P"\n'


@pytest.fixture
def algorithm(tmp_path: Path) -> Callable[..., Algorithm]:
    """Makes an algorithm of file name → text; trainer, predictor and algorithm.toml have defaults.

    Text given for ``trainer.py`` and ``predictor.py`` goes before the default class.
    """

    def write(files: Mapping[str, str] = {}, code: str = "", toml: str = TOML) -> Algorithm:
        directory = tmp_path / "algorithm"
        contents = {
            **files,
            "trainer.py": files.get("trainer.py", "") + TRAINER,
            "predictor.py": files.get("predictor.py", "") + PREDICTOR,
            "algorithm.toml": toml + (f"[code]\n{code}" if code else ""),
        }
        for name, text in contents.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Algorithm.load(directory)

    return write


@pytest.fixture
def describe() -> Callable[..., dict[str, Any]]:
    """Runs `python -m framework describe`, which must succeed, and returns its JSON."""

    def run(directory: Path, *import_path: Path) -> dict[str, Any]:
        done = describe_process(directory, *import_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def describe_process(directory: Path, *import_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "framework", "describe"],
        cwd=PROJECT,
        env={
            **os.environ,
            "ALGORITHM_DIR": str(directory),
            "PYTHONPATH": os.pathsep.join(map(str, import_path)),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
