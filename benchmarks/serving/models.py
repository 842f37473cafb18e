"""What is served: trained by a real training job, staged as SageMaker would stage it."""

import pickle
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.serving.algorithm import data
from benchmarks.serving.rows import Rows
from framework.testing import JobDescription, ProcessEngine, stage_serving, stage_training

ALGORITHM = Path(__file__).parent / "algorithm"
TRAIN_SECONDS = 1200


@dataclass(frozen=True)
class Model:
    """A model and the rows to ask it about.

    Attributes:
        base: directory in which ``model/`` is, as /opt/ml.
        framework: directory of the tree whose `framework` is measured.
    """

    name: str
    base: Path
    framework: Path

    @property
    def file(self) -> Path:
        return self.base / "model" / "model.pickle"

    @property
    def named(self) -> bool:
        """Whether it takes a DataFrame with named columns."""
        return self.name == "mixed"

    def rows(self, count: int, seed: int = 1) -> Rows:
        if self.name == "mixed":
            frame = data.frame(count, seed)
            return Rows(frame.to_numpy().tolist(), list(frame.columns))
        if self.name == "lookup":
            return Rows([[key] for key in data.keys(count, seed)])
        return Rows(data.numbers(count, seed).tolist())

    def answers(self, rows: Rows) -> list[float]:
        """What predict says in this process."""
        if self.name == "lookup":
            return [data.mean_of(key) for (key,) in rows.cells]
        named = pd.DataFrame(rows.cells, columns=rows.names) if rows.names else None
        return self._estimator.predict(np.array(rows.cells) if named is None else named).tolist()

    @cached_property
    def _estimator(self):
        return pickle.loads(self.file.read_bytes())


def trained(name: str, framework: Path, scratch: Path, gigabytes: float = 1.0) -> Model:
    """Train the model of this name; raises SystemExit with the job's log."""
    scratch.mkdir()
    engine = ProcessEngine(ALGORITHM, scratch)
    job = JobDescription(hyperparameters={"kind": name, "gigabytes": gigabytes})
    staged = stage_training(scratch / "training", job)
    training = engine.start(["train"], staged.base, {"PYTHONPATH": str(framework)})
    if training.wait(TRAIN_SECONDS) != 0:
        raise SystemExit(training.log())
    return Model(name, stage_serving(scratch / "serving", staged.model).base, framework)
