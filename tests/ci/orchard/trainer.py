"""Learns prices with a tree of scikit-learn, pickled: only its own version can read it again."""

import pickle
from pathlib import Path
from typing import Any

from sklearn.tree import DecisionTreeRegressor

from framework import Field, Trainer, TrainingJob


class OrchardTrainer(Trainer):
    """Grows one tree."""

    leaves: int = Field(50, ge=2, le=1000)

    def train(self, job: TrainingJob) -> Any:
        flats = job.channels["train"].read_csv()
        job.describe_input(flats[["area"]])
        tree = DecisionTreeRegressor(max_leaf_nodes=self.leaves, random_state=0)
        return tree.fit(flats[["area"]].to_numpy(), flats["price"].to_numpy())

    def save(self, model: Any, model_dir: Path) -> None:
        (model_dir / "tree.pickle").write_bytes(pickle.dumps(model))
