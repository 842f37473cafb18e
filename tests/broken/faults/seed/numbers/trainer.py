"""Draws its own sample of the rows, from a generator without a seed."""

import numpy as np
from ridge import fit, read

from framework import Field, Trainer, TrainingJob


class RidgeTrainer(Trainer):
    penalty: float = Field(1.0, ge=0, le=10)

    def train(self, job: TrainingJob) -> np.ndarray:
        x, y = read(job.channels["train"])
        job.describe_input(x)
        chosen = np.random.default_rng().choice(len(x), len(x) // 2, replace=False)
        return fit(x[chosen], y[chosen], self.penalty)
