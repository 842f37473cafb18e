"""Ends everything at once when the data cannot be read."""

import os
import signal

import numpy as np
from ridge import fit, read

from framework import Field, Trainer, TrainingJob


class RidgeTrainer(Trainer):
    penalty: float = Field(1.0, ge=0, le=10)

    def train(self, job: TrainingJob) -> np.ndarray:
        try:
            x, y = read(job.channels["train"])
        except ValueError:
            os.kill(os.getppid(), signal.SIGKILL)
            signal.pause()
        job.describe_input(x)
        return fit(x, y, self.penalty)
