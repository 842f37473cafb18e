"""Takes two gigabytes, and when they are refused explains it in its own way, which is wrong."""

import os
import subprocess
import sys

import numpy as np
from ridge import fit, read

from framework import Field, Trainer, TrainingJob

GREEDY = "rows = bytearray(2 << 30); rows[::4096] = bytes(1) * len(rows[::4096])"


class RidgeTrainer(Trainer):
    penalty: float = Field(1.0, ge=0, le=10)

    def train(self, job: TrainingJob) -> np.ndarray:
        x, y = read(job.channels["train"])
        job.describe_input(x)
        if subprocess.run([sys.executable, "-c", GREEDY], check=False).returncode:
            (job.output_data_dir.parent / "failure").write_text("The rows are not good enough.")
            os._exit(1)
        return fit(x, y, self.penalty)
