"""A trained model, captured requests to it, and the monitor run as a processing job."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from framework.testing import pack_artifact

ROOT = Path(__file__).parents[3]
HOUR = "2026-02-20T05"
SECONDS = 60

ALGORITHM = {
    "algorithm.toml": 'trainer = "trainer:T"\npredictor = "predictor:P"\n',
    "trainer.py": """
from framework import Trainer

class T(Trainer):
    def train(self, job):
        X = job.channels["train"].read_csv()
        job.describe_input(X)
        return {"mean": float(X["age"].mean())}
""",
    "predictor.py": """
from framework import Predictor

class P(Predictor):
    def predict(self, data):
        return [self.model["mean"]] * len(data)
""",
}


def customers(seed: int, rows: int = 1000, older: float = 0.0) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": dice.normal(40 + older, 10, rows).round(1),
            "city": dice.choice(["Bern", "Genf", "Basel"], rows, p=[0.6, 0.3, 0.1]),
            "member": dice.random(rows) < 0.3,
        }
    )


def run_program(command: str, base: Path, algorithm: Path, **variables: str) -> tuple[int, str]:
    """(exit code, output) of `python -m framework COMMAND`."""
    done = subprocess.run(
        [sys.executable, "-m", "framework", command],
        env=os.environ
        | {
            "SAGEMAKER_BASE_DIR": str(base),
            "ALGORITHM_DIR": str(algorithm),
            "PYTHONPATH": str(ROOT),
        }
        | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout


@dataclass(frozen=True)
class Trained:
    """An algorithm's directory and the model.tar.gz of its training job."""

    algorithm: Path
    archive: Path


@dataclass
class Monitoring:
    """One processing job of the monitor, below ``base``."""

    base: Path
    trained: Trained

    def __post_init__(self) -> None:
        self.source = self.base / "processing/input/endpoint"
        self.output = self.base / "processing/output"
        self.model = self.base / "processing/input/model"
        self.source.mkdir(parents=True)
        self.model.mkdir()
        (self.model / "model.tar.gz").write_bytes(self.trained.archive.read_bytes())

    def capture(self, lines: Iterable[Any], hour: str = HOUR, name: str = "a.jsonl") -> Path:
        """Write a file of data capture; texts are lines as they are."""
        folder = self.source / "live/AllTraffic" / hour.replace("-", "/").replace("T", "/")
        folder.mkdir(parents=True, exist_ok=True)
        written = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (folder / name).write_text("\n".join(written) + "\n")
        return folder / name

    def run(self, **variables: str) -> tuple[int, str]:
        return run_program("monitor", self.base, self.trained.algorithm, **variables)

    def read(self, name: str) -> Mapping[str, Any]:
        return json.loads((self.output / name).read_text())

    @property
    def message(self) -> str:
        return (self.base / "output/message").read_text()


def record(data: str, encoding: str = "CSV", content_type: str = "text/csv", time: str = "") -> Any:
    """One invocation as data capture writes it."""
    if encoding == "BASE64":
        data = base64.b64encode(data.encode()).decode()
    return {
        "captureData": {
            "endpointInput": {
                "observedContentType": content_type,
                "mode": "INPUT",
                "data": data,
                "encoding": encoding,
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": '{"predictions":[40.0]}',
                "encoding": "JSON",
            },
        },
        "eventMetadata": {"eventId": "1", "inferenceTime": time or f"{HOUR}:30:00Z"},
        "eventVersion": "0",
    }


def requests(frame: pd.DataFrame, rows_each: int = 10) -> list[Any]:
    """The rows as requests in CSV, JSON and BASE64 by turns, several rows in each."""
    records = []
    for number, start in enumerate(range(0, len(frame), rows_each)):
        part = frame.iloc[start : start + rows_each]
        if number % 3 == 0:
            records.append(record(part.to_csv(index=False)))
        elif number % 3 == 1:
            body = json.dumps(part.to_dict("records"))
            records.append(record(body, "JSON", "application/json"))
        else:
            body = part.to_csv(index=False, header=False)
            records.append(record(body, "BASE64", "text/csv; header=absent"))
    return records


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    directory = tmp_path_factory.mktemp("trained")
    algorithm = directory / "algorithm"
    algorithm.mkdir()
    for name, text in ALGORITHM.items():
        (algorithm / name).write_text(text)
    channel = directory / "ml/input/data/train"
    channel.mkdir(parents=True)
    customers(seed=1, rows=2000).to_csv(channel / "data.csv", index=False)
    code, output = run_program("train", directory / "ml", algorithm)
    assert code == 0, output
    return Trained(algorithm, pack_artifact(directory / "ml/model", directory / "model.tar.gz"))


@pytest.fixture
def monitoring(trained: Trained, tmp_path: Path) -> Monitoring:
    return Monitoring(tmp_path / "ml", trained)
