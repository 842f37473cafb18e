"""A training job on disk, run by the real program in real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

PREDICTOR = """
from framework import Predictor

class SumPredictor(Predictor):
    def predict(self, data):
        return [self.model["offset"] + float(row.sum()) for row in data]
"""

TRAINER = """
import numpy as np
from framework import Field, Metric, Trainer

class SumTrainer(Trainer):
    metrics = (Metric("train:offset", "Minimize"),)
    epochs: int = Field(3, ge=1, le=100)
    rate: float = Field(0.1, gt=0, lt=1)
    optimizer: str = "adam"

    def train(self, job):
        X = job.channels["train"].read_csv(header=None).to_numpy()
        job.describe_input(X)
        job.log_metric("train:offset", X.sum(), step=self.epochs)
        return {"offset": float(X.sum())}
"""


@dataclass(frozen=True)
class Run:
    """How a run of the program ended."""

    code: int
    log: str
    failure: str

    @property
    def first_line(self) -> str:
        return self.failure.splitlines()[0] if self.failure else ""


class Job:
    """A training job below ``directory``; change its files, then run it."""

    def __init__(self, directory: Path):
        self.base = directory / "ml"
        self.algorithm = directory / "algorithm"
        self.environment: dict[str, str] = {}
        self.config = self.base / "input" / "config"
        self.model = self.base / "model"
        self.checkpoints = self.base / "checkpoints"
        self.config.mkdir(parents=True)
        self.algorithm.mkdir()
        (self.algorithm / "algorithm.toml").write_text(
            'trainer = "trainer:SumTrainer"\npredictor = "predictor:SumPredictor"\n'
        )
        self.write_code("trainer.py", TRAINER)
        self.write_code("predictor.py", PREDICTOR)
        self.configure("hyperparameters", {})
        self.configure("inputdataconfig", {"train": {"TrainingInputMode": "File"}})
        self.configure("resourceconfig", {"current_host": "algo-1", "hosts": ["algo-1"]})
        self.write_data("train", "data.csv", "1,2,3\n4,5,6\n7,8,9\n")

    def configure(self, name: str, content: Any) -> None:
        (self.config / f"{name}.json").write_text(json.dumps(content))

    def write_code(self, name: str, text: str) -> None:
        (self.algorithm / name).write_text(dedent(text))

    def write_train(self, body: str, fields: str = "") -> None:
        """Let the trainer's train method be ``body``."""
        indented = "\n".join(f"        {line}" for line in dedent(body).strip().splitlines())
        declared = "\n".join(f"    {line}" for line in dedent(fields).strip().splitlines())
        self.write_code(
            "trainer.py",
            "import os, signal, sys, time\nfrom framework import *\n\n"
            f"class SumTrainer(Trainer):\n{declared}\n    def train(self, job):\n{indented}\n",
        )

    def write_data(self, channel: str, name: str, text: str) -> None:
        path = self.base / "input" / "data" / channel / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self, **options: Any) -> "subprocess.Popen[bytes]":
        environment = os.environ | {
            "SAGEMAKER_BASE_DIR": str(self.base),
            "ALGORITHM_DIR": str(self.algorithm),
            "PYTHONPATH": str(ROOT),
            **self.environment,
        }
        with (self.base.parent / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "framework", "train"],
                env=environment,
                cwd=self.base.parent,
                stdout=log,
                stderr=log,
                **options,
            )

    def finish(self, process: "subprocess.Popen[bytes]", seconds: float = 60) -> Run:
        code = process.wait(timeout=seconds)
        failure = self.base / "output" / "failure"
        return Run(code, self.log(), failure.read_text() if failure.exists() else "")

    def run(self, **options: Any) -> Run:
        return self.finish(self.start(**options))

    def log(self) -> str:
        path = self.base.parent / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for(self, text: str, seconds: float = 30) -> None:
        """Wait until the log holds ``text``."""
        deadline = time.monotonic() + seconds
        while text not in self.log():
            assert time.monotonic() < deadline, f"no {text!r} in the log:\n{self.log()}"
            time.sleep(0.02)

    def manifest(self) -> Mapping[str, Any]:
        return json.loads((self.model / "manifest.json").read_text())


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


@pytest.fixture
def started(job: Job) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start the job; what still runs at the end of the test is killed."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(**options: Any) -> "subprocess.Popen[bytes]":
        processes.append(job.start(**options))
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
