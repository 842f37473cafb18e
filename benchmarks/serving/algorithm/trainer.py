"""Trains whatever the benchmark serves."""

from typing import Any, Literal

import data
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from framework import Field, Trainer, TrainingJob

ROWS = 2000
CLASSES = 50
BYTES_PER_ENTRY = 345  # of the lookup table
BYTES_PER_ROW = 49_000  # of the large forest: 100 trees, a leaf for most rows, 50 values each


class BenchTrainer(Trainer):
    """Fits the asked kind of model; the rows are invented here, so there is no channel."""

    kind: Literal["linear", "forest", "mixed", "large", "lookup"] = "linear"
    gigabytes: float = Field(1.0, gt=0, le=16, description="size of the large and lookup models")

    def train(self, job: TrainingJob) -> Any:
        rows, fit = getattr(self, f"_{self.kind}")()
        job.describe_input(rows)
        return fit()

    def _linear(self) -> tuple[np.ndarray, Any]:
        rows = data.numbers(ROWS, seed=0)
        return rows, lambda: LogisticRegression().fit(rows, labels(rows))

    def _forest(self) -> tuple[np.ndarray, Any]:
        rows = data.numbers(ROWS, seed=0)
        return rows, lambda: RandomForestClassifier(100, random_state=0).fit(rows, labels(rows))

    def _mixed(self) -> tuple[pd.DataFrame, Any]:
        rows = data.frame(ROWS, seed=0)
        dear = rows["rent"] > rows["area"] * (1 + (rows["district"] == "south"))
        columns = ColumnTransformer(
            [
                ("numbers", StandardScaler(), data.FLOATS),
                ("words", OneHotEncoder(handle_unknown="ignore"), list(data.TEXTS)),
            ]
        )
        pipeline = make_pipeline(columns, LogisticRegression(max_iter=1000))
        return rows, lambda: pipeline.fit(rows, dear.astype(int))

    def _large(self) -> tuple[np.ndarray, Any]:
        rows = data.numbers(int(self.gigabytes * 1e9 / BYTES_PER_ROW), seed=0)
        noise = np.random.default_rng(1).integers(0, CLASSES, len(rows))
        return rows, lambda: RandomForestClassifier(100, random_state=0).fit(rows, noise)

    def _lookup(self) -> tuple[list[str], Any]:
        count = int(self.gigabytes * 1e9 / BYTES_PER_ENTRY)
        return data.keys(ROWS, seed=0), lambda: dict(data.entries(count))


def labels(rows: np.ndarray) -> np.ndarray:
    return (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0).astype(int)
