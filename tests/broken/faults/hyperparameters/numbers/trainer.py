"""Reads the configuration itself, where every value is a string."""

import json

import numpy as np
from ridge import fit, read

from framework import Field, Trainer, TrainingJob


class RidgeTrainer(Trainer):
    penalty: float = Field(1.0, ge=0, le=10)

    def train(self, job: TrainingJob) -> np.ndarray:
        x, y = read(job.channels["train"])
        job.describe_input(x)
        config = job.channels["train"].path.parents[1] / "config" / "hyperparameters.json"
        penalty = json.loads(config.read_text()).get("penalty", 1.0)
        return fit(x, y, penalty)
