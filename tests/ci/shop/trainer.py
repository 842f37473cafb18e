"""Learns a straight line: the price of a flat by its area."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

from framework import DataError, Field, Metric, Trainer, TrainingJob

EPOCH_SECONDS = 0.05


class PriceTrainer(Trainer):
    """What tests ask of it: to be wrong, to take long, to fail."""

    error: float = Field(0.0, ge=-50, le=50, description="added to every price")
    epochs: int = Field(1, ge=1, description="how often the metric is told")
    seconds: float = Field(0.0, ge=0, description="how long training takes")
    explode: bool = Field(False, description="fail")
    killed: bool = Field(False, description="be killed, as a system without memory does it")
    greed_mb: int = Field(0, ge=0, description="how much memory it takes for nothing")

    metrics = (Metric("train:rmse", objective="Minimize"),)

    def validate_data(self, job: TrainingJob) -> None:
        if len(job.channels["train"].read_csv()) < 10:
            raise DataError("Ten flats are the least to learn from.")

    def train(self, job: TrainingJob) -> Any:
        until = time.monotonic() + self.seconds
        while time.monotonic() < until and not job.should_stop:
            time.sleep(0.05)
        if self.killed:
            os.kill(os.getpid(), signal.SIGKILL)
        hoard = [b"x" * (1 << 20) for _ in range(self.greed_mb)]
        hoard.clear()
        if self.explode:
            raise RuntimeError("the flux capacitor is empty")
        flats = job.channels["train"].read_csv()
        job.describe_input(flats[["area"]])
        slope, base = np.polyfit(flats["area"], flats["price"], 1)
        residual = flats["price"] - slope * flats["area"] - base - self.error
        for _ in range(self.epochs):
            job.log_metric("train:rmse", float(np.sqrt((residual**2).mean())))
            time.sleep(EPOCH_SECONDS)
            if job.should_stop:
                break
        return {"slope": float(slope), "base": float(base) + self.error}

    def save(self, model: Any, model_dir: Path) -> None:
        (model_dir / "line.json").write_text(json.dumps(model))
