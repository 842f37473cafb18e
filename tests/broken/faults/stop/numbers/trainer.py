"""Refuses to be interrupted."""

import signal
import time

import numpy as np
from ridge import fit, read

from framework import Field, Trainer, TrainingJob


class RidgeTrainer(Trainer):
    penalty: float = Field(1.0, ge=0, le=10)

    def train(self, job: TrainingJob) -> np.ndarray:
        x, y = read(job.channels["train"])
        job.describe_input(x)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for _ in range(80):
            time.sleep(0.1)
        return fit(x, y, self.penalty)
